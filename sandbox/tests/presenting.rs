//! Showing a code on a real wallet, with and without network, against the sandbox: what a till, a thief and a bad day get.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::string_slice,
    reason = "test code"
)]

mod common;

use common::phone::{PATIENCE, Phone};
use common::{Sandbox, network};
use jigap::app::{ShownView, Status};
use jigap::error::Code;
use jigap::present::CodeState;
use jigap::present::offline::damm;
use serde_json::Value;
use std::time::{Duration, Instant};

fn show(phone: &Phone, name: &str, region: &str) -> ShownView {
    phone.wallet().show(network(name), region.to_owned()).wait().unwrap()
}

/// The gateway does not answer questions about codes: as in a basement, but for what the till says to it.
fn basement(sandbox: &Sandbox) {
    sandbox.fault(r#"{"kind":"status_500","path":"/v1/codes*","times":100000,"value":503}"#);
}

fn daylight(sandbox: &Sandbox) {
    sandbox.fault(r#"{"kind":"clear"}"#);
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Enrolled, agreed, and with keys for codes without network.
fn ready(sandbox: &Sandbox) -> Phone {
    let phone = Phone::ready(sandbox);
    until("no keys came", || phone.wire.sent("POST", "/v1/offline-keys/kept") == 1);
    // What is on its way after the consents is heard before anything is closed.
    std::thread::sleep(Duration::from_millis(400));
    phone
}

fn scan(sandbox: &Sandbox, digits: &str, amount: &str, shop: &str, request: Option<&str>) -> (u16, Value) {
    let mut body = serde_json::json!({ "digits": digits, "amount": amount, "shop": shop });
    if let Some(request) = request {
        body["request"] = request.into();
    }
    sandbox.admin("POST", "/admin/scan", &body.to_string())
}

fn word((status, answer): &(u16, Value)) -> (u16, &str) {
    (*status, answer["error"].as_str().unwrap_or_default())
}

#[test]
fn a_code_made_without_network_is_paid_and_settled_later() {
    let sandbox = Sandbox::start();
    let phone = ready(&sandbox);
    basement(&sandbox);
    let code = show(&phone, "alipayplus", "CN");
    let offline = code.offline.unwrap();
    assert_eq!((offline.limit.to_string(), offline.per_day, offline.sure_of_time), ("KRW 50,000".to_owned(), 3, true));
    assert!(code.digits.len() == 24 && code.digits.starts_with("2810") && code.bars.is_some() && code.sensitive);
    assert!(code.masked.starts_with("•••• ") && !code.masked.contains(&code.digits[..8]));
    let scanned = scan(&sandbox, &code.digits, "28.50", "westlake", None);
    assert_eq!(scanned.0, 200, "{scanned:?}");
    let waiting = phone.wallet().shown_result(code.id, Duration::from_millis(50)).wait().unwrap();
    assert_eq!((waiting.state, waiting.payment), (CodeState::Shown, None));
    daylight(&sandbox);
    phone.wallet().pushed().unwrap();
    let result = phone.wallet().shown_result(code.id, PATIENCE).wait().unwrap();
    let payment = result.payment.unwrap();
    assert_eq!((result.state, payment.status, payment.id), (CodeState::Used, Status::Paid, code.id));
    assert_eq!(phone.history().len(), 1);
    assert_eq!(sandbox.sound_audit().charges.len(), 1);
}

#[test]
fn a_code_made_without_network_pays_once_however_often_it_is_scanned() {
    let sandbox = Sandbox::start();
    let phone = ready(&sandbox);
    basement(&sandbox);
    let code = show(&phone, "unionpay", "CN");
    let first = scan(&sandbox, &code.digits, "10.00", "westlake", Some("t1"));
    assert_eq!(first.0, 200);
    assert_eq!(scan(&sandbox, &code.digits, "10.00", "westlake", Some("t1")), first, "the same question");
    assert_eq!(word(&scan(&sandbox, &code.digits, "10.00", "westlake", Some("t2"))), (409, "CODE_USED"));
    assert_eq!(word(&scan(&sandbox, &code.digits, "10.00", "kuromon", None)), (409, "CODE_USED"));
    assert_eq!(sandbox.sound_audit().charges.len(), 1);
}

#[test]
fn every_session_takes_another_key_also_after_a_kill() {
    let sandbox = Sandbox::start();
    let mut phone = ready(&sandbox);
    basement(&sandbox);
    let handle = |code: &ShownView| code.digits[5..14].to_owned();
    let first = show(&phone, "alipayplus", "CN");
    // The scan failed: the next key, not the next step of the same.
    let second = phone.wallet().new_code().wait().unwrap().unwrap();
    assert_eq!((first.offline.unwrap().keys_left, second.offline.unwrap().keys_left), (15, 14));
    // The process ends with the code on screen; what it showed is never shown again.
    phone.open().unwrap();
    let third = show(&phone, "alipayplus", "CN");
    let handles = [handle(&first), handle(&second), handle(&third)];
    assert!(handles[0] != handles[1] && handles[1] != handles[2] && handles[0] != handles[2]);
    assert_eq!(third.offline.unwrap().keys_left, 13);
    // A glance at another app: the same session goes on with its key.
    phone.wallet().cover().wait().unwrap();
    let back = phone.wallet().uncover().wait().unwrap().unwrap();
    assert_eq!(handle(&back), handles[2]);
    // Five minutes later the key has been on screen for as long as it may.
    phone.clock.pass(300_000);
    let fourth = phone.wallet().renew().wait().unwrap().unwrap();
    assert_ne!(handle(&fourth), handles[2]);
}

#[test]
fn what_is_over_a_limit_is_declined_and_the_key_is_gone() {
    let sandbox = Sandbox::start();
    let phone = ready(&sandbox);
    basement(&sandbox);
    let too_much = show(&phone, "alipayplus", "CN");
    let scanned = scan(&sandbox, &too_much.digits, "300.00", "westlake", None);
    assert_eq!((scanned.0, scanned.1["answer"]["reason"].as_str()), (200, Some("LIMIT_EXCEEDED")));
    assert_eq!(word(&scan(&sandbox, &too_much.digits, "1.00", "westlake", None)), (409, "CODE_USED"));
    for n in 0..4 {
        let code = phone.wallet().new_code().wait().unwrap().unwrap();
        let scanned = scan(&sandbox, &code.digits, "10.00", "westlake", None);
        let expected = if n < 3 { "succeeded" } else { "declined" };
        assert_eq!(scanned.1["answer"]["outcome"], expected, "{n}");
    }
    assert_eq!(sandbox.sound_audit().charges.len(), 3);
}

/// The code with another one-time password: well formed, and wrong.
fn forged(code: &str, n: u32) -> String {
    let body = format!("{}{:09}", &code[..14], (code[14..23].parse::<u32>().unwrap() + n + 1) % 1_000_000_000);
    format!("{body}{}", damm(&body).unwrap())
}

#[test]
fn guessing_locks_the_handle_and_then_the_terminal() {
    let sandbox = Sandbox::start();
    let phone = ready(&sandbox);
    basement(&sandbox);
    let code = show(&phone, "alipayplus", "CN");
    for n in 0..5 {
        assert_eq!(word(&scan(&sandbox, &forged(&code.digits, n), "1.00", "hefang", None)), (404, "CODE_UNKNOWN"));
    }
    assert_eq!(word(&scan(&sandbox, &code.digits, "1.00", "westlake", None)), (404, "CODE_UNKNOWN"), "locked");
    let next = phone.wallet().new_code().wait().unwrap().unwrap();
    for n in 0..15 {
        let guess = format!("28101{:09}{:09}", 7 * n, 11 * n);
        let guess = format!("{guess}{}", damm(&guess).unwrap());
        assert_eq!(word(&scan(&sandbox, &guess, "1.00", "hefang", None)), (404, "CODE_UNKNOWN"));
    }
    assert_eq!(word(&scan(&sandbox, &next.digits, "1.00", "hefang", None)), (429, "TERMINAL_LOCKED"));
    assert_eq!(scan(&sandbox, &next.digits, "1.00", "westlake", None).0, 200, "another terminal is not locked");
}

#[test]
fn the_password_holds_two_steps_and_no_longer_and_a_wrong_wall_clock_moves_nothing() {
    let sandbox = Sandbox::start();
    let phone = ready(&sandbox);
    basement(&sandbox);
    for day in [-1, 1] {
        phone.clock.set_wall(day * 86_400_000);
        let code = show(&phone, "alipayplus", "CN");
        assert!(code.offline.unwrap().sure_of_time);
        assert_eq!(scan(&sandbox, &code.digits, "1.00", "westlake", None).0, 200, "{day}");
    }
    phone.clock.set_wall(0);
    // A phone whose time runs two minutes ahead makes codes that are not taken yet.
    phone.clock.pass(120_000);
    let early = show(&phone, "alipayplus", "CN");
    assert_eq!(word(&scan(&sandbox, &early.digits, "1.00", "westlake", None)), (404, "CODE_UNKNOWN"));
}

#[test]
fn after_a_restart_without_network_the_limit_is_lower() {
    let sandbox = Sandbox::start();
    let mut phone = ready(&sandbox);
    basement(&sandbox);
    // Nothing else may bring the time: no answer at all.
    sandbox.fault(r#"{"kind":"drop_request","path":"*","times":100000}"#);
    phone.close();
    phone.clock.reboot();
    phone.open().unwrap();
    let code = show(&phone, "alipayplus", "CN");
    let offline = code.offline.unwrap();
    assert_eq!((offline.sure_of_time, offline.limit.to_string()), (false, "KRW 20,000".to_owned()));
    assert_eq!(scan(&sandbox, &code.digits, "1.00", "westlake", None).0, 200);
}

/// Shows codes without network until so few unused keys are left that new ones are due.
fn use_up(sandbox: &Sandbox, phone: &Phone) {
    basement(sandbox);
    drop(show(phone, "alipayplus", "CN"));
    while phone.wallet().new_code().wait().unwrap().unwrap().offline.unwrap().keys_left >= 4 {}
    daylight(sandbox);
}

#[test]
fn a_restored_backup_is_noticed_its_keys_go_and_new_ones_come() {
    let sandbox = Sandbox::start();
    let mut phone = ready(&sandbox);
    phone.close();
    let backup = tempfile::tempdir().unwrap();
    let copy = |from: &std::path::Path, to: &std::path::Path| {
        for entry in std::fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    };
    copy(&phone.wallet_folder(), backup.path());
    phone.open().unwrap();
    use_up(&sandbox, &phone);
    phone.wallet().refresh().wait().unwrap();
    until("no second batch", || phone.wire.sent("POST", "/v1/offline-keys/kept") == 2);
    std::thread::sleep(Duration::from_millis(200));
    phone.close();
    std::fs::remove_dir_all(phone.wallet_folder()).unwrap();
    std::fs::create_dir(phone.wallet_folder()).unwrap();
    copy(backup.path(), &phone.wallet_folder());
    phone.open().unwrap();
    // Its keys may have been on a screen since: none of them is shown before the gateway's records were taken in.
    let refused = phone.wallet().show(network("alipayplus"), "CN".to_owned()).wait().unwrap_err();
    assert_eq!(refused.code(), Code::WalletBehind);
    until("no third batch", || {
        phone.wallet().refresh().wait().unwrap();
        phone.wire.sent("POST", "/v1/offline-keys/kept") == 3 && !phone.wallet().condition().unwrap().behind
    });
    basement(&sandbox);
    let fresh = show(&phone, "alipayplus", "CN");
    assert!(fresh.offline.is_some());
    assert_eq!(scan(&sandbox, &fresh.digits, "1.00", "westlake", None).0, 200);
    assert!(sandbox.sound_audit().charges.len() == 1);
}

#[test]
fn another_country_voids_the_old_codes_at_once_and_the_till_hears_of_it() {
    let sandbox = Sandbox::start();
    let phone = ready(&sandbox);
    let china = show(&phone, "unionpay", "CN");
    assert!(china.digits.starts_with("62") && china.digits.len() == 19 && china.offline.is_none());
    let japan = show(&phone, "unionpay", "JP");
    assert!(japan.digits.starts_with("hQVDUFY") && japan.bars.is_none(), "an EMV code, as it was issued");
    until("the gateway was not told", || {
        word(&scan(&sandbox, &china.digits, "1.00", "westlake", None)).1 == "CODE_EXPIRED"
    });
    let over = phone.wallet().shown_result(china.id, PATIENCE).wait().unwrap();
    assert_eq!((over.state, over.payment), (CodeState::Expired, None));
    assert_eq!(scan(&sandbox, &japan.digits, "500", "kuromon", None).0, 200);
    let other = show(&phone, "alipayplus", "JP");
    assert_eq!(other.digits.len(), 24);
    assert_eq!(phone.wallet().chosen_network("CN").unwrap(), Some(network("unionpay")));
    assert_eq!(phone.wallet().chosen_network("JP").unwrap(), Some(network("alipayplus")));
    let used = phone.wallet().shown_result(japan.id, PATIENCE).wait().unwrap();
    assert_eq!(used.state, CodeState::Used, "a scan that came first stands");
}

#[test]
fn the_next_code_is_there_when_the_one_on_screen_goes_and_none_is_wasted() {
    let sandbox = Sandbox::start_with(|options| options.code_ms = 12_000);
    let phone = ready(&sandbox);
    let begun = Instant::now();
    let first = show(&phone, "alipayplus", "JP");
    assert!((6_000..=7_000).contains(&first.renew_in_ms), "{}", first.renew_in_ms);
    assert_eq!(phone.wallet().renew().wait().unwrap(), None, "nothing is due yet");
    assert_eq!(phone.wire.sent("POST", "/v1/codes"), 1);
    std::thread::sleep(Duration::from_millis(2_500).saturating_sub(begun.elapsed()));
    assert_eq!(phone.wallet().renew().wait().unwrap(), None);
    until("nothing was fetched ahead", || phone.wire.sent("POST", "/v1/codes") == 2);
    std::thread::sleep(Duration::from_millis(7_200).saturating_sub(begun.elapsed()));
    let second = phone.wallet().renew().wait().unwrap().unwrap();
    assert_ne!(second.id, first.id);
    assert_eq!(phone.wire.sent("POST", "/v1/codes"), 2, "it was there already");
    phone.wallet().leave_page().wait().unwrap();
    assert_eq!(phone.wallet().renew().wait().unwrap(), None);
}

#[test]
fn a_withdrawn_consent_empties_the_queue_and_the_screen() {
    let sandbox = Sandbox::start();
    let phone = ready(&sandbox);
    drop(show(&phone, "unionpay", "CN"));
    basement(&sandbox);
    phone.wallet().withdraw_consent(network("unionpay")).wait().unwrap();
    assert_eq!(phone.wallet().renew().wait().unwrap(), None);
    let refused = phone.wallet().show(network("unionpay"), "CN".to_owned()).wait().unwrap_err();
    assert_eq!(refused.code(), Code::ConsentNeeded, "not without network either");
    assert!(sandbox.sound_audit().charges.is_empty());
}

#[test]
fn a_refusal_is_not_a_dead_line() {
    let sandbox = Sandbox::start();
    let phone = ready(&sandbox);
    sandbox.fault(r#"{"kind":"status_500","path":"/v1/codes","times":1,"value":400}"#);
    let refused = phone.wallet().show(network("alipayplus"), "CN".to_owned()).wait().unwrap_err();
    assert_eq!(refused.code(), Code::GatewayRefused);
}

/// Nothing of a code that was on screen stays in the database in the clear, nor in what the wallet tells of itself.
#[test]
fn nothing_of_a_code_is_left_in_files_or_debug_texts() {
    let sandbox = Sandbox::start();
    let mut phone = ready(&sandbox);
    let online = show(&phone, "alipayplus", "CN");
    basement(&sandbox);
    let offline = phone.wallet().new_code().wait().unwrap().unwrap();
    assert!(offline.offline.is_some());
    let told = format!("{online:?} {offline:?} {:?}", phone.history());
    phone.close();
    let mut bytes = told.into_bytes();
    for entry in std::fs::read_dir(phone.wallet_folder()).unwrap() {
        bytes.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    for secret in [&online.digits[8..], &offline.digits[5..14], &offline.digits[14..]] {
        assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()), "found in the clear");
    }
}
