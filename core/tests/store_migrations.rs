//! Databases of every schema that ever landed open, whole, in this version.
//!
//! A fixture is a folder with a real database and the file vault it belongs to, made by the code of its time with
//! `cargo test -p jigap --test store_migrations -- --ignored --exact write_the_fixture_of_this_version`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "test code"
)]

mod sample;

use jigap::consent::EventKind;
use jigap::crypto::{Digest, HostKey, SystemRandom};
use jigap::id::Id;
use jigap::payment::{Answer, DeclineReason, Event, Origin, Payment, Preview, Record};
use jigap::present::{Code as ShownCode, CodeState};
use jigap::store::{Enrolment, Store, TaskKind};
use jigap::time::ServerAnchor;
use jigap::vault::FileVault;
use jigap::wallet::Balance;
use sample::{LIMITS, NOW, ORDER_ENDS, START, answer, declined, money, network, succeeded, terms};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const SCHEMA: &str = "0001";

fn fixture(schema: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(format!("store-{schema}"))
}

fn open(home: &Path) -> Store {
    let vault = FileVault::open(&home.join("vault")).unwrap();
    Store::open(&home.join("wallet"), &vault, Arc::new(SystemRandom)).unwrap()
}

fn device(home: &Path) -> HostKey {
    HostKey::from_pkcs8(&fs::read(home.join("vault/device.p8")).unwrap()).unwrap()
}

fn scanned(key: u8) -> Record {
    let origin = Origin::Scanned { preview: Id([key; 16]), terms: Box::new(terms(key)), consent: Digest([1; 32]) };
    Record { payment: Payment::begin(Id([key; 16]), ORDER_ENDS, START).0, origin, created: START }
}

fn after(record: &Record, event: &Event) -> Record {
    Record { payment: record.payment.step(event, START, &LIMITS).0, ..record.clone() }
}

/// Twelve payments: of each four one is in doubt, one sending, one paid, one declined.
fn payment(key: u8) -> Record {
    let begun = scanned(key);
    let told = |outcome| Event::Answered(Answer { key: begun.payment.key, ..answer(4, outcome) });
    match key % 4 {
        0 => after(&begun, &Event::Lost),
        1 => begun,
        2 => after(&begun, &told(succeeded("A-1"))),
        _ => after(&begun, &told(declined(DeclineReason::LimitExceeded))),
    }
}

fn shown(id: u8, state: CodeState) -> ShownCode {
    let digits = if matches!(state, CodeState::Fresh | CodeState::Shown) {
        format!("62123456789012345{id}")
    } else {
        String::new()
    };
    ShownCode {
        id: Id([id; 16]),
        network: network("unionpay"),
        region: "CN".to_owned(),
        digits,
        expires: ORDER_ENDS,
        state,
        offline: false,
    }
}

const CODES: [(u8, CodeState); 3] = [(51, CodeState::Fresh), (52, CodeState::Shown), (53, CodeState::Used)];

fn enrolment(home: &Path) -> Enrolment {
    let key = device(home).public();
    Enrolment { device: Id([5; 16]), device_key: key.clone(), user_key: key }
}

const ANCHOR: ServerAnchor = ServerAnchor { server: START, at: NOW };

fn balance() -> Balance {
    Balance { amount: money("KRW", 988_322), version: 3 }
}

#[test]
#[ignore = "writes the fixture; only for a new schema"]
fn write_the_fixture_of_this_version() {
    let home = fixture(SCHEMA);
    let store = open(&home);
    jigap::vault::Vault::device_key(&FileVault::open(&home.join("vault")).unwrap()).unwrap();
    let device = device(&home);
    let (document, signed) = sample::document("alipayplus", 1, &device);
    let granted = sample::consent(&document, EventKind::Granted, None, &device);
    let withdrawn = sample::withdrawal(&granted, &granted, &device);
    store
        .write(|tx| {
            tx.set(&enrolment(&home))?;
            tx.set(&ANCHOR)?;
            tx.set(&balance())?;
            tx.keep_document(&document, &signed)?;
            tx.keep_preview(&Preview { id: Id([42; 16]), terms: terms(99), nonce: [6; 16] }, START)?;
            for (id, state) in CODES {
                tx.put_code(&shown(id, CodeState::Fresh))?;
                tx.put_code(&shown(id, state))?;
            }
            tx.append_consent(&granted)?;
            tx.append_consent(&withdrawn)?;
            tx.owe(TaskKind::FetchBalance, &[], START)
        })
        .unwrap();
    for key in 1..=12 {
        store.write(|tx| tx.put_payment(&scanned(key), Some(&[key]))).unwrap();
        store
            .write(|tx| {
                tx.put_payment(&payment(key), None)?;
                tx.owe(TaskKind::Ask, &[key; 16], START)
            })
            .unwrap();
    }
    drop(store);
    let raw = rusqlite::Connection::open(home.join("wallet/wallet.db")).unwrap();
    raw.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(raw);
    let left: Vec<_> = fs::read_dir(home.join("wallet")).unwrap().map(|f| f.unwrap().file_name()).collect();
    assert_eq!(left, ["wallet.db"], "closed, everything is in one file");
}

fn copied(schema: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    for part in ["vault", "wallet"] {
        fs::create_dir(home.path().join(part)).unwrap();
        for file in fs::read_dir(fixture(schema).join(part)).unwrap().map(Result::unwrap) {
            fs::copy(file.path(), home.path().join(part).join(file.file_name())).unwrap();
        }
    }
    home
}

#[test]
fn a_database_of_the_first_schema_opens_with_everything_in_it() {
    let home = copied("0001");
    // The first opening migrates, the second finds it migrated.
    for opening in 1..=2 {
        let store = open(home.path());
        let device = device(home.path());
        store
            .read(|view| {
                let mut history = view.history(None, 50)?;
                history.retain(|(_, record)| record.payment.key.0[0] <= 12);
                let keys: Vec<u8> = history.iter().map(|(_, record)| record.payment.key.0[0]).collect();
                assert_eq!(keys, (1..=12).rev().collect::<Vec<u8>>());
                for (_, record) in &history {
                    let key = record.payment.key;
                    assert_eq!(record, &payment(key.0[0]));
                    assert_eq!(view.request(key)?, [key.0[0]]);
                    assert_eq!(view.payment(key)?.as_ref(), Some(record));
                    let holder = view.payment_of_order(key)?;
                    assert_eq!(holder.is_some(), !record.payment.state.frees_order());
                }
                assert_eq!(view.unended_payments()?.len(), 5 + usize::from(opening));
                for (id, state) in CODES {
                    assert_eq!(view.code(Id([id; 16]))?, Some(shown(id, state)));
                }
                assert_eq!(view.ledger(&device.public())?.events().len(), 2);
                assert_eq!(view.setting()?, Some(enrolment(home.path())));
                assert_eq!(view.setting()?, Some(ANCHOR));
                assert_eq!(view.setting()?, Some(balance()));
                assert_eq!(view.tasks()?.len(), 13);
                Ok(())
            })
            .unwrap();
        // And it is written to like any other.
        let new = 100 + opening;
        store.write(|tx| tx.put_payment(&scanned(new), Some(b"new"))).unwrap();
        assert_eq!(store.read(|view| view.payment(Id([new; 16]))).unwrap(), Some(scanned(new)));
        store.write(|tx| tx.put_payment(&after(&scanned(new), &Event::Lost), None)).unwrap();
    }
}
