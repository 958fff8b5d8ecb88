//! The store: what was written is read back, and what was not written by this wallet is never believed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "test code"
)]

mod full;
mod sample;

use full::{Full, Home, after, audited, paid, put, refused, scanned};
use jigap::crypto::{PublicKey, Signature, SystemRandom};
use jigap::error::{Code, Error, Result};
use jigap::id::Id;
use jigap::payment::{Event, Origin, Record, State, UnsentReason};
use jigap::present::{Code as ShownCode, CodeState};
use jigap::store::{Cursor, Store, TaskKind};
use jigap::time::{ServerAnchor, ServerMs};
use jigap::vault::{FileVault, Vault, VaultError};
use rusqlite::Connection;
use sample::{NOW, START, terms};
use std::fs;
use std::sync::Arc;
use zeroize::Zeroizing;

fn code<T: std::fmt::Debug>(result: Result<T>) -> Code {
    result.unwrap_err().code()
}

/// R2: the bytes that were committed are the ones that are read to be sent again.
#[test]
fn a_payment_is_read_back_as_it_was_written() {
    let home = Home::new();
    let store = home.open().unwrap();
    let first = scanned(1, 1);
    put(&store, &first, Some(b"the exact bytes")).unwrap();
    let check = |store: &Store, record: &Record| {
        store
            .read(|view| {
                let (key, preview) = (record.payment.key, Id([1; 16]));
                assert_eq!(view.payment(key)?.as_ref(), Some(record));
                assert_eq!(view.payment_of_preview(preview)?.as_ref(), Some(record));
                assert_eq!(view.payment_of_order(terms(1).order)?.as_ref(), Some(record));
                assert_eq!(view.request(key)?, b"the exact bytes");
                assert_eq!(view.payment(Id([2; 16]))?, None);
                assert_eq!(code(view.request(Id([2; 16]))), Code::PaymentUnknown);
                Ok(())
            })
            .unwrap();
    };
    check(&store, &first);
    // Written again, with other bytes even: the first ones stay (R2).
    let lost = after(&first, &Event::Lost);
    put(&store, &lost, Some(b"other bytes")).unwrap();
    check(&store, &lost);
    drop(store);
    let store = home.open().unwrap();
    check(&store, &lost);
    let paid = paid(&lost);
    put(&store, &paid, None).unwrap();
    check(&store, &paid);
    assert_eq!(store.read(|view| view.unended_payments()).unwrap(), []);
}

/// R8: all of a change or nothing of it.
#[test]
fn what_fails_inside_a_change_leaves_nothing_of_it() {
    let home = Home::new();
    let store = home.open().unwrap();
    let failed = store.write(|tx| {
        tx.put_payment(&scanned(1, 1), Some(b"bytes"))?;
        tx.owe(TaskKind::Send, &[1; 16], START)?;
        Err::<(), Error>(Code::Internal.into())
    });
    assert_eq!(code(failed), Code::Internal);
    store
        .read(|view| {
            assert_eq!((view.payment(Id([1; 16]))?, view.tasks()?), (None, vec![]));
            Ok(())
        })
        .unwrap();
}

/// R6: one open intent an order.
#[test]
fn one_order_and_one_preview_are_one_payment() {
    let home = Home::new();
    let store = home.open().unwrap();
    let first = scanned(1, 1);
    put(&store, &first, Some(b"1")).unwrap();
    assert_eq!(code(put(&store, &scanned(2, 1), Some(b"2"))), Code::StoreFailed, "the same order");
    let mut same_preview = scanned(3, 3);
    if let Origin::Scanned { preview, .. } = &mut same_preview.origin {
        *preview = Id([1; 16]);
    }
    assert_eq!(code(put(&store, &same_preview, Some(b"3"))), Code::StoreFailed, "the same preview");
    assert_eq!(store.read(|view| view.history(None, 10)).unwrap().len(), 1);
    // In doubt and when charged, the order stays taken; when surely not charged, it is free (R7).
    for taken in [after(&first, &Event::Lost), paid(&first)] {
        put(&store, &taken, None).unwrap();
        assert_eq!(code(put(&store, &scanned(2, 1), Some(b"2"))), Code::StoreFailed);
    }
}

/// R7: a new key for an order only after an end without a charge.
#[test]
fn an_order_that_was_freed_can_be_paid_by_another_payment() {
    for end in [refused, |r: &Record| after(r, &Event::NotSent(UnsentReason::Unreachable))] {
        let home = Home::new();
        let store = home.open().unwrap();
        let first = scanned(1, 1);
        put(&store, &first, Some(b"1")).unwrap();
        let first = end(&first);
        put(&store, &first, None).unwrap();
        let second = scanned(2, 1);
        put(&store, &second, Some(b"2")).unwrap();
        let holder = || store.read(|view| view.payment_of_order(terms(1).order)).unwrap();
        assert_eq!(holder().unwrap().payment.key, second.payment.key);
        // The first one turns out to be contradictory after all: that is kept, and the second keeps the order.
        let conflict = paid(&first);
        assert_eq!(conflict.payment.state, State::Conflict);
        put(&store, &conflict, None).unwrap();
        assert_eq!(store.read(|view| view.payment(first.payment.key)).unwrap(), Some(conflict.clone()));
        assert_eq!(holder().unwrap().payment.key, second.payment.key);
        // The second one is refused: nothing may be charged for this order again while the first is unclear.
        put(&store, &refused(&second), None).unwrap();
        put(&store, &conflict, None).unwrap();
        assert_eq!(holder(), Some(conflict));
    }
}

#[test]
fn history_pages_from_the_newest_to_the_oldest_and_never_twice() {
    let home = Home::new();
    let store = home.open().unwrap();
    for n in 1..=23 {
        put(&store, &scanned(n, n), Some(&[n])).unwrap();
    }
    // A change does not move a payment.
    put(&store, &paid(&scanned(4, 4)), None).unwrap();
    let (mut seen, mut before): (Vec<u8>, Option<Cursor>) = (Vec::new(), None);
    loop {
        let page = store.read(|view| view.history(before, 5)).unwrap();
        assert!(page.len() <= 5);
        let Some((last, _)) = page.last() else { break };
        before = Some(*last);
        seen.extend(page.iter().map(|(_, record)| record.payment.key.0[0]));
        // What comes in while somebody turns the pages does not disturb them.
        if seen.len() == 10 {
            put(&store, &scanned(99, 99), Some(b"new")).unwrap();
        }
    }
    assert_eq!(seen, (1..=23).rev().collect::<Vec<u8>>());
    assert_eq!(store.read(|view| view.history(None, 1)).unwrap()[0].1.payment.key, Id([99; 16]));
}

/// A vault with a will of its own.
struct Moody(VaultError);

impl Vault for Moody {
    fn wrap(&self, _: &[u8]) -> Result<Vec<u8>, VaultError> {
        Err(self.0)
    }

    fn unwrap(&self, _: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        Err(self.0)
    }

    fn device_key(&self) -> Result<PublicKey, VaultError> {
        Err(self.0)
    }

    fn sign(&self, _: &[u8]) -> Result<Signature, VaultError> {
        Err(self.0)
    }
}

const MOODS: [(VaultError, Code); 3] = [
    (VaultError::Unavailable, Code::VaultUnavailable),
    (VaultError::Refused, Code::VaultRefused),
    (VaultError::KeyLost, Code::VaultKeyLost),
];

#[test]
fn a_vault_that_does_not_open_leaves_the_database_as_it_is() {
    let home = Home::new();
    put(&home.open().unwrap(), &scanned(1, 1), Some(b"1")).unwrap();
    home.checkpoint();
    let before = home.files();
    for (mood, expected) in MOODS {
        assert_eq!(code(home.open_with(&Moody(mood))), expected);
        assert_eq!(home.files(), before);
    }
    assert!(home.open().unwrap().read(|view| view.payment(Id([1; 16]))).unwrap().is_some());
}

#[test]
fn a_vault_that_does_not_wrap_leaves_no_half_made_database() {
    let home = Home::new();
    for (mood, expected) in MOODS {
        assert_eq!(code(home.open_with(&Moody(mood))), expected);
    }
    put(&home.open().unwrap(), &scanned(1, 1), Some(b"1")).unwrap();
}

#[test]
fn the_database_of_another_vault_is_not_opened() {
    let home = Home::new();
    put(&home.open().unwrap(), &scanned(1, 1), Some(b"1")).unwrap();
    home.checkpoint();
    let before = home.files();
    let stranger = FileVault::open(&home.0.path().join("stranger")).unwrap();
    assert_eq!(code(home.open_with(&stranger)), Code::VaultKeyLost);
    assert_eq!(home.files(), before);
}

#[test]
fn the_database_of_a_newer_version_is_left_alone() {
    let home = Home::new();
    drop(home.open().unwrap());
    home.raw().pragma_update(None, "user_version", 99).unwrap();
    home.checkpoint();
    let before = home.files();
    let error = home.open().unwrap_err();
    assert_eq!((error.code(), error.field("schema")), (Code::StoreTooNew, Some(99i64.into())));
    assert_eq!(home.files(), before);
}

/// Two payments, three codes and a consent that was taken back; then `tamper` is let at the file.
fn tampered(tamper: impl FnOnce(&Connection)) -> (Home, Full, Result<Store>) {
    let home = Home::new();
    let full = Full::new();
    full.fill(&home.open().unwrap());
    let raw = home.raw();
    raw.execute_batch("DROP TRIGGER consent_is_never_deleted; DROP TRIGGER consent_is_never_changed").unwrap();
    tamper(&raw);
    drop(raw);
    let store = home.open();
    (home, full, store)
}

#[test]
fn every_doctored_row_is_noticed() {
    let cases = [
        "UPDATE payment SET state = 'declined' WHERE n = 1",
        "UPDATE payment SET version = version + 1 WHERE n = 1",
        "UPDATE payment SET key = randomblob(16) WHERE n = 1",
        "UPDATE payment SET preview = randomblob(16) WHERE n = 1",
        "UPDATE payment SET preview = NULL WHERE n = 1",
        "UPDATE payment SET open_order = NULL WHERE n = 1",
        "UPDATE payment SET open_order = randomblob(16) WHERE n = 1",
        "UPDATE payment SET s_body = (SELECT s_body FROM payment WHERE key = x'02020202020202020202020202020202')
             WHERE n = 1",
        "UPDATE payment SET s_request = (SELECT s_request FROM payment WHERE key = x'02020202020202020202020202020202')
             WHERE n = 1",
        "UPDATE payment SET s_request = NULL WHERE n = 1",
        "UPDATE payment SET s_body = zeroblob(8) WHERE n = 1",
        "UPDATE payment SET mac = randomblob(32) WHERE n = 1",
        "UPDATE payment SET mac = x'' WHERE n = 1",
        "DELETE FROM payment WHERE n = 1",
        "UPDATE code SET expires = expires + 3600000",
        "UPDATE code SET state = 'fresh'",
        "UPDATE code SET s_body = (SELECT other.s_body FROM code AS other WHERE other.id != code.id)",
        "DELETE FROM code",
        "UPDATE consent SET s_event = (SELECT s_event FROM consent WHERE seq = 1) WHERE seq = 2",
        "UPDATE consent SET seq = 9 WHERE seq = 1",
        // A new key over an old database would only hide that the old one is gone.
        "DELETE FROM keyring",
        "DELETE FROM consent WHERE seq = 1",
        // The withdrawal: without it the consent would be in force again.
        "DELETE FROM consent WHERE seq = (SELECT max(seq) FROM consent)",
        "UPDATE setting SET s_value = (SELECT s_value FROM setting WHERE name = 'anchor') WHERE name = 'balance'",
        "UPDATE setting SET version = version + 1",
        "UPDATE keyring SET canary = randomblob(32)",
        "UPDATE keyring SET name = randomblob(16)",
        "UPDATE journal SET state = 'declined' WHERE seq = 2",
        "UPDATE journal SET subject = randomblob(16) WHERE seq = 3",
        "UPDATE journal SET version = 7 WHERE seq = 3",
        "UPDATE journal SET link = randomblob(32) WHERE seq = 3",
        "UPDATE journal SET seq = seq + 100",
        "DELETE FROM journal WHERE seq = 1",
        "DELETE FROM journal WHERE seq = 3",
        "DELETE FROM journal WHERE seq = (SELECT max(seq) FROM journal)",
        "DELETE FROM journal",
        "UPDATE preview SET s_value = randomblob(100)",
        "UPDATE document SET s_value = randomblob(100)",
        "UPDATE preview SET expires = expires + 1",
        "UPDATE task SET kind = 'dance'",
        "UPDATE task SET due = due + 1",
        "UPDATE task SET subject = randomblob(16)",
        "UPDATE task SET mac = x''",
        "INSERT INTO task (kind, subject, due, mac) VALUES ('send', randomblob(16), 0, randomblob(32))",
        "UPDATE payment SET n = n + 10",
        "UPDATE head SET seq = seq + 1",
        "UPDATE head SET link = randomblob(32)",
        "UPDATE head SET payments = payments - 1",
        "UPDATE head SET unended = 0",
        "UPDATE head SET codes = 0",
        "UPDATE head SET consents = consents - 1",
        "UPDATE head SET gone = gone + 1",
        "DELETE FROM head",
    ];
    let mut unnoticed = Vec::new();
    for sql in cases {
        let (_home, full, store) = tampered(|raw| assert!(raw.execute(sql, []).unwrap() > 0, "{sql}"));
        match store.and_then(|store| full.read(&store).and_then(|()| audited(&store))) {
            Ok(()) => unnoticed.push(sql),
            Err(error) => assert_eq!(error.code(), Code::StoreDamaged, "{sql}"),
        }
    }
    assert_eq!(unnoticed, Vec::<&str>::new());
}

/// An old row is genuine in itself: its seals open and its code is right. The journal knows that there is a newer one.
#[test]
fn an_old_row_put_back_is_noticed() {
    let home = Home::new();
    let store = home.open().unwrap();
    put(&store, &scanned(1, 1), Some(b"1")).unwrap();
    let raw = home.raw();
    raw.execute_batch("CREATE TABLE kept AS SELECT * FROM payment").unwrap();
    put(&store, &paid(&scanned(1, 1)), None).unwrap();
    drop(store);
    raw.execute_batch("DELETE FROM payment; INSERT INTO payment SELECT * FROM kept; DROP TABLE kept").unwrap();
    assert_eq!(code(home.open()), Code::StoreDamaged);
}

#[test]
fn everything_kept_is_read_back_after_reopening() {
    let home = Home::new();
    let full = Full::new();
    let store = home.open().unwrap();
    full.fill(&store);
    let check = |store: &Store| {
        full.read(store).unwrap();
        store
            .read(|view| {
                assert_eq!(view.setting()?, Some(full.enrolment.clone()));
                assert_eq!(view.setting()?, Some(full.anchor));
                assert_eq!(view.setting()?, Some(full.balance));
                assert_eq!(view.setting()?, Some(full.document.1.clone()));
                assert_eq!(view.preview(full.preview.id)?, Some(full.preview.clone()));
                let document = view.document(full.document.0.digest(), &full.controller.public())?;
                assert_eq!(document, Some(full.document.0.clone()));
                Ok(())
            })
            .unwrap();
    };
    check(&store);
    drop(store);
    check(&home.open().unwrap());
    home.checkpoint();
    check(&home.open().unwrap());
}

#[test]
fn no_secret_is_on_disk_in_the_clear() {
    let home = Home::new();
    let full = Full::new();
    let store = home.open().unwrap();
    full.fill(&store);
    let mut request = b"request of code https://alipay.com/281002041234567".to_vec();
    request.extend_from_slice(b" for the planted reader");
    put(&store, &scanned(70, 70), Some(&request)).unwrap();
    put(&store, &paid(&scanned(70, 70)), None).unwrap();
    let ended = ShownCode { state: CodeState::Used, ..full.codes[0].clone() };
    store.write(|tx| tx.put_code(&ended)).unwrap();
    assert_eq!(store.read(|view| view.code(ended.id)).unwrap().unwrap().digits, "", "nobody needs them again");
    let device_point = full.device.public().as_point().to_vec();
    let secrets: [&[u8]; 12] = [
        "Kuromon".as_bytes(),
        "黒門".as_bytes(),
        b"Osaka",
        b"A-1",
        b"6212345678901234511",
        b"62123456789012345",
        b"281002041234567",
        b"planted",
        b"1280",
        b"988322",
        b"Example Network",
        &device_point,
    ];
    let check = || {
        let files = home.files();
        let holds = |bytes: &[u8], word: &[u8]| bytes.windows(word.len()).any(|window| window == word);
        assert!(files.iter().any(|(_, bytes)| holds(bytes, b"succeeded")), "what is in the clear would be found");
        for (path, bytes) in &files {
            for secret in secrets {
                assert!(!holds(bytes, secret), "{} in {}", String::from_utf8_lossy(secret), path.display());
            }
        }
    };
    check();
    home.checkpoint();
    check();
    drop(store);
    check();
}

#[test]
fn time_that_is_estimated_survives_reopening() {
    let home = Home::new();
    let anchor = ServerAnchor { server: ServerMs(9), at: NOW };
    home.open().unwrap().write(|tx| tx.set(&anchor)).unwrap();
    let newer = ServerAnchor { server: ServerMs(10), ..anchor };
    let store = home.open().unwrap();
    store.write(|tx| tx.set(&newer)).unwrap();
    assert_eq!(store.read(|view| view.setting()).unwrap(), Some(newer));
}

/// A file vault that can be told to forget what it wrapped first: the old root key is gone for good.
struct Forgetful {
    vault: FileVault,
    forgotten: std::sync::Mutex<Vec<Vec<u8>>>,
    wrapped: std::sync::Mutex<Vec<Vec<u8>>>,
}

impl Forgetful {
    fn new(home: &Home) -> Self {
        Self { vault: home.vault(), forgotten: std::sync::Mutex::default(), wrapped: std::sync::Mutex::default() }
    }

    fn forget_all_but_the_last(&self) {
        let wrapped = self.wrapped.lock().unwrap();
        *self.forgotten.lock().unwrap() = wrapped[..wrapped.len() - 1].to_vec();
    }
}

impl Vault for Forgetful {
    fn wrap(&self, key: &[u8]) -> Result<Vec<u8>, VaultError> {
        let wrapped = self.vault.wrap(key)?;
        self.wrapped.lock().unwrap().push(wrapped.clone());
        Ok(wrapped)
    }

    fn unwrap(&self, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        if self.forgotten.lock().unwrap().iter().any(|gone| gone == wrapped) {
            return Err(VaultError::KeyLost);
        }
        self.vault.unwrap(wrapped)
    }

    fn device_key(&self) -> Result<PublicKey, VaultError> {
        self.vault.device_key()
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, VaultError> {
        self.vault.sign(message)
    }
}

/// Killed after every single step: what is there is whole, is written to, and the change goes on where it stopped.
#[test]
fn a_change_of_the_root_key_survives_a_kill_at_every_step() {
    let home = Home::new();
    let (vault, full) = (Forgetful::new(&home), Full::new());
    full.fill(&home.open_with(&vault).unwrap());
    for round in 0..2u8 {
        home.open_with(&vault).unwrap().begin_rotation(&vault).unwrap();
        let mut steps = 0;
        loop {
            let store = home.open_with(&vault).unwrap();
            full.read(&store).unwrap();
            audited(&store).unwrap();
            // Written to in the middle: under the new key, and chained on.
            store.write(|tx| tx.owe(TaskKind::Ask, &[1; 16], START)).unwrap();
            store.write(|tx| tx.put_code(&full.codes[1])).unwrap();
            // A second beginning is none.
            store.begin_rotation(&vault).unwrap();
            let more = store.rotate().unwrap();
            full.read(&store).unwrap();
            steps += 1;
            if !more {
                break;
            }
        }
        assert!(steps >= 8, "{steps}");
        // The old key is of no use any more, not even for the chain's old lines.
        vault.forget_all_but_the_last();
        let store = home.open_with(&vault).unwrap();
        assert!(!store.rotating(), "round {round}");
        full.read(&store).unwrap();
        audited(&store).unwrap();
        store.write(|tx| tx.put_payment(&full.payments[0], None)).unwrap();
        audited(&home.open_with(&vault).unwrap()).unwrap();
    }
}

#[test]
fn a_change_of_the_root_key_that_the_vault_refuses_changes_nothing() {
    let home = Home::new();
    let full = Full::new();
    let store = home.open().unwrap();
    full.fill(&store);
    for (mood, expected) in MOODS {
        assert_eq!(code(store.begin_rotation(&Moody(mood))), expected);
        assert!(!store.rotating());
    }
    full.read(&home.open().unwrap()).unwrap();
}

#[test]
fn a_large_history_is_sealed_anew_in_many_steps() {
    let home = Home::new();
    let store = home.open().unwrap();
    for n in 1..=200 {
        put(&store, &scanned(n, n), Some(&[n])).unwrap();
    }
    store.begin_rotation(&home.vault()).unwrap();
    let mut steps = 0;
    while store.rotate().unwrap() {
        steps += 1;
        assert_eq!(
            code(put(&store, &scanned(201, 7), None)),
            Code::StoreFailed,
            "an order stays taken, under either key"
        );
        assert!(store.read(|view| view.payment_of_order(terms(200).order)).unwrap().is_some());
    }
    assert!(steps > 9, "{steps}");
    assert_eq!(store.read(|view| view.history(None, 250)).unwrap().len(), 200);
    audited(&store).unwrap();
}

/// The locks that other processes hold on a file of this folder, by the system's own word.
#[cfg(target_os = "linux")]
fn locks(home: &Home) -> usize {
    use std::os::unix::fs::MetadataExt;
    let inodes: Vec<String> = fs::read_dir(home.folder())
        .unwrap()
        .map(|file| format!(":{} ", file.unwrap().metadata().unwrap().ino()))
        .collect();
    let locks = fs::read_to_string("/proc/locks").unwrap();
    locks.lines().filter(|line| inodes.iter().any(|inode| line.contains(inode))).count()
}

/// iOS ends an app that is suspended while it holds a lock on a file (0xdead10cc).
#[cfg(target_os = "linux")]
#[test]
fn a_suspended_store_holds_no_lock_and_no_file_and_still_works() {
    let home = Home::new();
    let store = home.open().unwrap();
    put(&store, &scanned(1, 1), Some(b"1")).unwrap();
    let look = || store.read(|view| view.payment(Id([1; 16]))).unwrap();
    look();
    let held = || {
        let open = fs::read_dir("/proc/self/fd").unwrap().filter_map(|fd| fs::read_link(fd.unwrap().path()).ok());
        open.filter(|path| path.starts_with(home.folder())).count()
    };
    assert!(locks(&home) > 0 && held() > 0, "an open store would be seen");
    for _ in 0..2 {
        store.suspend();
        assert_eq!((locks(&home), held()), (0, 0));
        // An answer that comes in now is still kept, and a screen still reads.
        put(&store, &paid(&scanned(1, 1)), None).unwrap();
        assert_eq!(look(), Some(paid(&scanned(1, 1))));
        assert_eq!((locks(&home), held()), (0, 0));
        let left: Vec<_> = home.files().into_iter().map(|(path, _)| path.file_name().unwrap().to_owned()).collect();
        assert_eq!(left, ["wallet.db"], "the log is written back");
        store.resume();
        look();
        assert!(held() > 0);
    }
}

#[test]
fn a_file_that_was_swapped_while_the_store_was_suspended_is_not_believed() {
    let home = Home::new();
    let store = home.open().unwrap();
    put(&store, &scanned(1, 1), Some(b"1")).unwrap();
    store.suspend();
    let old = fs::read(home.file()).unwrap();
    put(&store, &paid(&scanned(1, 1)), None).unwrap();
    fs::write(home.file(), old).unwrap();
    assert_eq!(code(store.read(|view| view.payment(Id([1; 16])))), Code::StoreDamaged);
    fs::remove_file(home.file()).unwrap();
    assert_eq!(code(put(&store, &scanned(2, 2), None)), Code::StoreFailed, "and no new one is begun");
}

#[test]
fn an_older_copy_is_told_from_the_one_the_vault_has_seen() {
    let home = Home::new();
    let store = home.open().unwrap();
    put(&store, &scanned(1, 1), Some(b"1")).unwrap();
    store.suspend();
    let old = fs::read(home.file()).unwrap();
    put(&store, &paid(&scanned(1, 1)), None).unwrap();
    store.bear_witness(&home.vault()).unwrap();
    put(&store, &scanned(2, 2), Some(b"2")).unwrap();
    drop(store);
    assert!(!home.open().unwrap().behind(), "further on than the witness is well");
    fs::write(home.file(), old).unwrap();
    let store = home.open().unwrap();
    assert!(store.behind());
    // A chain of its own, longer than the one that was seen, is still another one.
    for n in 5..15 {
        put(&store, &scanned(n, n), Some(&[n])).unwrap();
    }
    drop(store);
    assert!(home.open().unwrap().behind());
}

#[test]
fn what_cannot_be_opened_is_set_aside_only_when_told_and_its_unended_payments_are_known_without_the_key() {
    let home = Home::new();
    let full = Full::new();
    let store = home.open().unwrap();
    full.fill(&store);
    let aside = |vault: &dyn Vault| jigap::store::set_aside(&home.folder(), vault, Arc::new(SystemRandom));
    assert_eq!(code(aside(&home.vault())), Code::StoreInUse);
    for (mood, expected) in &MOODS[..2] {
        assert_eq!(code(aside(&Moody(*mood))), *expected, "it may open later");
    }
    // A log that was not written back belongs to it.
    let log = fs::read(home.folder().join("wallet.db-wal")).unwrap();
    let file = fs::read(home.file()).unwrap();
    drop(store);
    fs::write(home.file(), &file).unwrap();
    fs::write(home.folder().join("wallet.db-wal"), &log).unwrap();
    let stranger = FileVault::open(&home.0.path().join("stranger")).unwrap();
    for _ in 0..2 {
        assert_eq!(code(home.open_with(&stranger)), Code::VaultKeyLost, "opening alone decides nothing");
    }
    assert_eq!(aside(&stranger).unwrap(), 1);
    assert!(!home.file().exists());
    let store = home.open_with(&stranger).unwrap();
    let (tasks, salvage) = store.read(|view| Ok((view.tasks()?, view.setting::<jigap::store::Salvage>()?))).unwrap();
    assert_eq!(tasks.len(), 1);
    assert_eq!((tasks[0].kind, tasks[0].subject.as_slice()), (TaskKind::AskSalvaged, &[1u8; 16][..]));
    assert_eq!(salvage.map(|s| (s.databases, s.payments)), Some((1, 1)));
    assert!(store.read(|view| view.setting::<jigap::store::Behind>()).unwrap().is_some());
    drop(store);
    // Nothing of it was changed: with its own key it opens.
    let back = Home::new();
    fs::create_dir_all(back.folder()).unwrap();
    for part in ["", "-wal"] {
        let from = home.folder().join(format!("wallet.db.quarantine-1{part}"));
        if from.exists() {
            fs::copy(from, back.folder().join(format!("wallet.db{part}"))).unwrap();
        }
    }
    full.read(&back.open_with(&home.vault()).unwrap()).unwrap();
}

/// Killed between any two renamings, the next opening finishes them before it looks at anything.
#[test]
fn a_setting_aside_that_was_cut_short_is_finished() {
    for done in 0..=3 {
        let home = Home::new();
        put(&home.open().unwrap(), &scanned(1, 1), Some(b"1")).unwrap();
        for part in ["-wal", "-shm"] {
            fs::write(home.folder().join(format!("wallet.db{part}")), b"log").unwrap();
        }
        fs::write(home.folder().join("wallet.db.aside"), b"7").unwrap();
        for part in ["-wal", "-shm", ""].into_iter().take(done) {
            let name = |name: &str| home.folder().join(format!("{name}{part}"));
            fs::rename(name("wallet.db"), name("wallet.db.quarantine-7")).unwrap();
        }
        let store = home.open().unwrap();
        assert!(store.read(|view| view.payment(Id([1; 16]))).unwrap().is_none(), "a new one");
        assert!(!home.folder().join("wallet.db.aside").exists());
        assert!(home.folder().join("wallet.db.quarantine-7").exists());
        assert_eq!(fs::read(home.folder().join("wallet.db.quarantine-7-wal")).unwrap(), b"log");
    }
}

#[test]
fn what_the_law_keeps_is_kept_and_the_rest_is_in_no_byte_any_more() {
    const DAY: i64 = 24 * 60 * 60 * 1000;
    let home = Home::new();
    let full = Full::new();
    let store = home.open().unwrap();
    full.fill(&store);
    let used = ShownCode { state: CodeState::Used, ..full.codes[0].clone() };
    store.write(|tx| tx.put_code(&used)).unwrap();
    let body = |key: u8| -> Vec<u8> {
        home.raw().query_row("SELECT s_body FROM payment WHERE key = ?1", [[key; 16]], |row| row.get(0)).unwrap()
    };
    // 11,678 won are kept five years; what was declined, one.
    let (unended, large, declined) = (body(1), body(2), body(3));
    let holds = |sealed: &[u8]| home.files().iter().any(|(_, bytes)| bytes.windows(64).any(|w| w == &sealed[..64]));
    let now = ServerMs(START.0 + 30 * DAY);
    let erased = store.erase(now).unwrap();
    assert_eq!((erased.payments, erased.codes, erased.kept), (0, 1, 3));
    assert_eq!(erased.kept_until, None, "one has not ended");
    assert!(holds(&large) && holds(&declined) && holds(&unended));
    assert!(store.read(|view| view.preview(full.preview.id)).unwrap().is_none());
    let erased = store.erase_old(ServerMs(START.0 + 367 * DAY)).unwrap();
    assert_eq!((erased.payments, erased.kept), (1, 2));
    assert!(holds(&large) && !holds(&declined) && holds(&unended));
    put(&store, &refused(&full.payments[0]), None).unwrap();
    let erased = store.erase_old(ServerMs(START.0 + 368 * DAY)).unwrap();
    assert_eq!((erased.payments, erased.kept, erased.kept_until), (1, 1, Some(ServerMs(START.0 + 1827 * DAY))));
    assert!(holds(&large) && !holds(&unended));
    // What is left is one history without a gap, and the audit knows of what is gone.
    let history = store.read(|view| view.history(None, 10)).unwrap();
    assert_eq!(history.len(), 1);
    audited(&store).unwrap();
    audited(&home.open().unwrap()).unwrap();
    // Told of again, it stays erased.
    put(&store, &full.payments[2], None).unwrap();
    assert_eq!(store.read(|view| view.payment(Id([3; 16]))).unwrap(), None);
    assert_eq!(store.erase_old(ServerMs(START.0 + 1828 * DAY)).unwrap().payments, 1);
    assert!(!holds(&large));
    let ledger = store.read(|view| view.ledger(&full.device.public())).unwrap();
    assert_eq!(ledger.events(), full.events, "the proof of what was allowed stays");
}

/// A vault whose own key was replaced opens what the old one wrapped, and is asked to wrap it anew.
#[test]
fn a_root_key_is_wrapped_anew_when_the_vault_asks() {
    struct Replaced(FileVault, std::sync::atomic::AtomicU32);
    impl Vault for Replaced {
        fn wrap(&self, key: &[u8]) -> Result<Vec<u8>, VaultError> {
            self.1.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            Ok([b"new".as_slice(), &self.0.wrap(key)?].concat())
        }
        fn unwrap(&self, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
            self.0.unwrap(wrapped.strip_prefix(b"new").unwrap_or(wrapped))
        }
        fn device_key(&self) -> Result<PublicKey, VaultError> {
            self.0.device_key()
        }
        fn sign(&self, message: &[u8]) -> Result<Signature, VaultError> {
            self.0.sign(message)
        }
        fn is_stale(&self, wrapped: &[u8]) -> bool {
            !wrapped.starts_with(b"new")
        }
    }
    let home = Home::new();
    put(&home.open().unwrap(), &scanned(1, 1), Some(b"1")).unwrap();
    let vault = Replaced(home.vault(), Default::default());
    for _ in 0..2 {
        assert!(home.open_with(&vault).unwrap().read(|view| view.payment(Id([1; 16]))).unwrap().is_some());
        assert_eq!(vault.1.load(std::sync::atomic::Ordering::SeqCst), 1);
    }
}
