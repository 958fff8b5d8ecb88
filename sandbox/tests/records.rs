//! The wallet's own records on bad days: an older copy put back, a key store that lost its key, damage, an app that is
//! suspended. Nothing is charged twice, nothing is lost, nothing is deleted; and no secret lies in any byte.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::string_slice,
    reason = "test code"
)]

mod common;

use common::phone::{At, PATIENCE, PIN, Phone};
use common::{Sandbox, network};
use jigap::app::{Condition, Status};
use jigap::error::Code;
use jigap::vault::VaultError;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

fn yen_code(sandbox: &Sandbox) -> String {
    sandbox.code("kuromon", "alipayplus", Some("1280"))
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn condition(phone: &Phone) -> Condition {
    phone.wallet().condition().unwrap()
}

/// Every file of a folder, and below.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.path().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.extend(fs::read(entry.path()).map(|bytes| (entry.path(), bytes)));
        }
    }
    found
}

fn put_back(folder: &Path, kept: &BTreeMap<PathBuf, Vec<u8>>) {
    for path in files(folder).keys() {
        fs::remove_file(path).unwrap();
    }
    for (path, bytes) in kept {
        fs::write(path, bytes).unwrap();
    }
}

/// I11: the older copy has forgotten a payment whose request it still holds. It is told before it sends anything.
#[test]
fn an_older_copy_sends_nothing_before_it_has_caught_up() {
    let sandbox = Sandbox::start();
    let mut phone = Phone::ready(&sandbox);
    let preview = phone.prepare(&yen_code(&sandbox)).unwrap();
    phone.wallet().suspend();
    let old = files(&phone.wallet_folder());
    phone.wallet().resumed();
    let paid = phone.settled(phone.commit(&preview).unwrap().id);
    assert_eq!(paid.status, Status::Paid);
    // The gateway hears how far the chain has come when nothing else is to be done.
    let told = phone.wire.sent("POST", "/v1/chain");
    phone.pay(&yen_code(&sandbox));
    until("told", || phone.wire.sent("POST", "/v1/chain") > told);
    std::thread::sleep(Duration::from_millis(200));
    phone.close();
    std::thread::sleep(Duration::from_millis(300));
    put_back(&phone.wallet_folder(), &old);

    phone.new_wire(&sandbox);
    // The gateway is slow to say what it has seen: the user is faster.
    phone.wire.hold("POST", "/v1/chain", At::Leaving);
    phone.open().unwrap();
    assert_eq!(phone.history().len(), 0, "the copy knows of nothing");
    let again = phone.commit(&preview);
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(phone.wire.sent("POST", "/v1/payments"), 0, "nothing is sent before the gateway was heard");
    phone.wire.release();
    until("caught up", || !condition(&phone).behind && phone.history().len() >= 2);
    assert_eq!(sandbox.sound_audit().charges.len(), 2, "nothing was charged again");
    if let Ok(again) = again {
        assert_ne!(phone.settled(again.id).status, Status::Paid);
    }
    // And then it pays like any other.
    assert_eq!(phone.pay(&yen_code(&sandbox)).status, Status::Paid);
    assert_eq!(sandbox.sound_audit().charges.len(), 3);
    let shown = phone.history().iter().filter(|payment| payment.status == Status::Paid).count();
    assert_eq!(shown, 3, "every charge is in the history");
}

/// The key store lost everything while a payment was under way.
#[test]
fn a_lost_key_loses_no_payment() {
    let sandbox = Sandbox::start();
    let mut phone = Phone::ready(&sandbox);
    let preview = phone.prepare(&yen_code(&sandbox)).unwrap();
    phone.wire.hold("POST", "/v1/payments", At::Returning);
    let payment = phone.commit(&preview).unwrap();
    phone.wire.wait_held(1);
    phone.vault.set(Some(VaultError::KeyLost));
    assert_eq!(phone.open().unwrap_err().code(), Code::VaultKeyLost);
    assert_eq!(phone.open().unwrap_err().code(), Code::VaultKeyLost, "opening decides nothing");
    let before = files(&phone.wallet_folder());
    assert!(before.keys().any(|path| path.ends_with("wallet.db")));
    // The user decides. The key store works again, with new keys.
    fs::remove_dir_all(phone.wallet_folder().parent().unwrap().join("vault")).unwrap();
    fs::create_dir(phone.wallet_folder().parent().unwrap().join("vault")).unwrap();
    phone.vault.set(None);
    assert_eq!(phone.set_aside().unwrap(), 1);
    phone.new_wire(&sandbox);
    phone.open().unwrap();
    assert_eq!(condition(&phone).set_aside, 1);
    assert!(condition(&phone).salvaging == 1 && condition(&phone).behind);
    assert!(!phone.wallet().enrolled());
    let user_key = phone.pin.public().unwrap();
    phone.wallet().enrol("demo".to_owned(), user_key).wait().unwrap();
    until("found again", || phone.wallet().payment(payment.id).is_ok_and(|found| found.status == Status::Paid));
    until("caught up", || !condition(&phone).behind && condition(&phone).salvaging == 0);
    assert_eq!(sandbox.sound_audit().charges.len(), 1);
    phone.answer("alipayplus", true);
    assert_eq!(phone.pay(&yen_code(&sandbox)).status, Status::Paid);
    let left: Vec<_> = files(&phone.wallet_folder()).into_keys().collect();
    assert!(left.iter().any(|path| path.to_string_lossy().ends_with("wallet.db.quarantine-1")), "{left:?}");
}

/// A key store that says no or takes its time holds nothing up for good.
#[test]
fn a_payment_ends_when_the_key_store_is_well_again() {
    let sandbox = Sandbox::start();
    for mood in [VaultError::Unavailable, VaultError::Refused] {
        let phone = Phone::ready(&sandbox);
        let preview = phone.prepare(&yen_code(&sandbox)).unwrap();
        sandbox.fault(r#"{"kind":"drop_answer","path":"/v1/payments"}"#);
        phone.wire.hold("GET", "/v1/payments", At::Leaving);
        let payment = phone.commit(&preview).unwrap();
        phone.wire.wait_held(1);
        phone.vault.set(Some(mood));
        phone.wire.release();
        std::thread::sleep(Duration::from_millis(300));
        phone.vault.set(None);
        phone.wallet().resumed();
        assert_eq!(phone.settled(payment.id).status, Status::Paid);
    }
    sandbox.sound_audit();
}

/// Something deep in the history is damaged: the audit finds it, nothing new is paid, and what is under way still ends.
#[test]
fn damage_stops_new_payments_and_no_unended_one() {
    let sandbox = Sandbox::start();
    let mut phone = Phone::ready(&sandbox);
    for _ in 0..40 {
        phone.pay(&yen_code(&sandbox));
    }
    let preview = phone.prepare(&yen_code(&sandbox)).unwrap();
    let spare = phone.prepare(&yen_code(&sandbox)).unwrap();
    phone.wire.hold("POST", "/v1/payments", At::Returning);
    let payment = phone.commit(&preview).unwrap();
    phone.wire.wait_held(1);
    phone.close();
    let old = phone.new_wire(&sandbox);
    old.release();
    std::thread::sleep(Duration::from_millis(300));
    let raw = rusqlite::Connection::open(phone.wallet_folder().join("wallet.db")).unwrap();
    raw.execute("UPDATE payment SET s_body = zeroblob(length(s_body)) WHERE n = 1", []).unwrap();
    // It was looked through a moment ago: the next look comes by itself a day later, so it is made due.
    raw.execute("DELETE FROM setting WHERE name = 'audit'", []).unwrap();
    drop(raw);
    phone.open().unwrap();
    until("found", || condition(&phone).damaged);
    assert_eq!(phone.commit(&spare).unwrap_err().code(), Code::StoreDamaged);
    assert_eq!(phone.settled(payment.id).status, Status::Paid);
    assert_eq!(sandbox.sound_audit().charges.len(), 41);
    phone.close();
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(phone.set_aside().unwrap(), 1);
}

#[test]
fn a_suspended_wallet_sends_nothing_and_goes_on_when_it_is_back() {
    let sandbox = Sandbox::start();
    let phone = Phone::ready(&sandbox);
    let preview = phone.prepare(&yen_code(&sandbox)).unwrap();
    until("told", || phone.wire.sent("POST", "/v1/chain") > 0);
    phone.wallet().suspend();
    let payment = phone.commit(&preview).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(phone.wire.sent("POST", "/v1/payments"), 0);
    assert_eq!(phone.wallet().payment(payment.id).unwrap().status, Status::Checking);
    let names: Vec<_> = files(&phone.wallet_folder()).into_keys().collect();
    assert_eq!(names, [phone.wallet_folder().join("wallet.db")], "no log, no lock file");
    phone.wallet().resumed();
    assert_eq!(phone.settled(payment.id).status, Status::Paid);
}

/// Forty words that must not lie in any byte of the wallet's folder: after journeys, after erasing, while open and closed.
#[test]
fn forty_planted_secrets_are_in_no_byte() {
    let sandbox = Sandbox::start();
    let mut phone = Phone::ready(&sandbox);
    let mut secrets: Vec<Vec<u8>> = Vec::new();
    let mut plant = |secret: &[u8]| {
        if secret.len() >= 4 && !secrets.iter().any(|known| known == secret) {
            secrets.push(secret.to_vec());
        }
    };
    plant(b"demo");
    plant(PIN);
    for (shop, name, amount) in
        [("kuromon", "alipayplus", "1280"), ("kuromon", "alipayplus", "3456"), ("kuromon", "unionpay", "7891")]
    {
        let code = sandbox.code(shop, name, Some(amount));
        plant(code.as_bytes());
        let preview = phone.prepare(&code).unwrap();
        plant(&preview.challenge);
        plant(&phone.proof(&preview).signature.0.0);
        let payment = phone.settled(phone.commit(&preview).unwrap().id);
        assert_eq!(payment.status, Status::Paid);
        plant(payment.reference.as_deref().unwrap_or_default().as_bytes());
        plant(payment.home.unwrap().minor().to_string().as_bytes());
        plant(payment.amount.unwrap().minor().to_string().as_bytes());
        if let Some(shop) = &payment.merchant {
            plant(shop.name.as_bytes());
            plant(shop.local_name.as_deref().unwrap_or_default().as_bytes());
            plant(shop.city.as_deref().unwrap_or_default().as_bytes());
        }
    }
    for _ in 0..2 {
        let shown = phone.wallet().show(network("unionpay"), "CN".to_owned()).wait().unwrap();
        plant(shown.digits.as_bytes());
        let (status, _) = sandbox.scan(&shown.digits, "45.60");
        assert_eq!(status, 200);
        phone.wallet().shown_result(shown.id, PATIENCE).wait().unwrap();
    }
    for name in ["alipayplus", "unionpay"] {
        let request = phone.wallet().consent_request(network(name), "ko-KR".to_owned()).wait().unwrap();
        plant(request.main.title.as_bytes());
        plant(request.controller.as_bytes());
        plant(request.network_name.as_bytes());
        for recipient in &request.main.recipients {
            plant(recipient.name.as_bytes());
            plant(recipient.contact.as_bytes());
        }
        request.main.sections.iter().take(2).for_each(|section| plant(section.text.as_bytes()));
    }
    plant(phone.wallet().balance().unwrap().amount.minor().to_string().as_bytes());
    plant(phone.pin.public().unwrap().as_point());
    plant(jigap::vault::Vault::device_key(phone.vault.as_ref()).unwrap().as_point());
    let keys = phone.wallet_folder().parent().unwrap().join("vault");
    plant(&fs::read(keys.join("kek.key")).unwrap());
    plant(&fs::read(keys.join("device.p8")).unwrap());
    assert!(secrets.len() >= 40, "{} secrets", secrets.len());
    let look = |phone: &Phone, when: &str| {
        for (path, bytes) in files(&phone.wallet_folder()) {
            for secret in &secrets {
                let found = bytes.windows(secret.len()).any(|window| window == secret);
                assert!(!found, "{when}: {} in {}", String::from_utf8_lossy(secret), path.display());
            }
        }
    };
    look(&phone, "open");
    phone.wallet().change_keys().wait().unwrap();
    until("changed", || !condition(&phone).changing_keys);
    look(&phone, "under new keys");
    let erased = phone.wallet().erase().wait().unwrap();
    assert_eq!((erased.payments, erased.kept), (0, 5), "the law keeps them");
    look(&phone, "erased");
    phone.wallet().suspend();
    look(&phone, "suspended");
    phone.wallet().resumed();
    assert_eq!(phone.history().len(), 5);
    phone.close();
    std::thread::sleep(Duration::from_millis(300));
    look(&phone, "closed");
}
