//! Shown codes: fetched ahead, scanned once, polled for their result; refunds.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "test code"
)]

mod common;

use common::{Device, Sandbox, declined, network, new_id, receipt};
use jigap::gateway::wire::{CodeStatus, CodesRequest, IssuedCode};
use jigap::payment::{Answer, DeclineReason};

fn status(device: &Device, code: &IssuedCode) -> CodeStatus {
    device.get(&format!("/v1/codes/{}", code.id)).json()
}

fn used(status: CodeStatus) -> (Answer, String) {
    match status {
        CodeStatus::Used { answer, merchant } => (*answer, merchant.unwrap().name),
        other => panic!("not used: {other:?}"),
    }
}

#[test]
fn a_shown_code_is_scanned_once_and_its_payment_has_its_key() {
    let sandbox = Sandbox::start();
    let device = Device::ready(&sandbox, "demo");
    let code = device.codes("unionpay", "CN", 1).codes.remove(0);
    assert!(code.digits.len() == 19 && code.digits.starts_with("62"));
    assert_eq!(status(&device, &code), CodeStatus::Waiting);
    let (http, _) = sandbox.scan(&code.digits, "28.50");
    assert_eq!(http, 200);
    let (answer, shop) = used(status(&device, &code));
    assert_eq!((answer.key, shop.as_str()), (code.id, "West Lake Tea House"));
    assert_eq!(receipt(&answer).home.minor(), 5_486);
    assert_eq!(device.get(&format!("/v1/payments/{}", code.id)).json::<Answer>(), answer);
    let (http, word) = sandbox.scan(&code.digits, "28.50");
    assert_eq!((http, word["error"].as_str().unwrap()), (409, "CODE_USED"));
    assert_eq!(device.balance(), 1_000_000 - 5_486);
    assert_eq!(sandbox.sound_audit().charges.len(), 1);
}

#[test]
fn eight_shops_that_scan_one_code_make_one_charge() {
    let sandbox = Sandbox::start();
    let device = Device::ready(&sandbox, "demo");
    let code = device.codes("alipayplus", "JP", 1).codes.remove(0);
    let answers: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| sandbox.scan(&code.digits, "1280").0)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1);
    assert_eq!(sandbox.sound_audit().charges.len(), 1);
}

#[test]
fn the_same_fetch_again_gives_the_same_codes() {
    let sandbox = Sandbox::start();
    let device = Device::ready(&sandbox, "demo");
    let mut request = CodesRequest {
        nonce: new_id(),
        network: network("alipayplus"),
        region: "JP".to_owned(),
        quantity: 3,
        consent: device.consent("alipayplus"),
    };
    let first = device.post("/v1/codes", &request);
    assert_eq!(device.post("/v1/codes", &request).body, first.body);
    let codes: jigap::gateway::wire::CodesResponse = first.json();
    assert_eq!(codes.codes.len(), 3);
    assert!(codes.codes.iter().all(|code| code.digits.len() == 24 && code.digits.starts_with("28")));
    let life = codes.codes[0].expires.0 - first.time.unwrap();
    assert!((55_000..=60_000).contains(&life), "{life}");

    request.quantity = 2;
    assert_eq!(device.post("/v1/codes", &request).refused(), (409, "KEY_REUSED".to_owned()));
    for (region, quantity, word) in
        [("KR", 1, "REGION_UNSUPPORTED"), ("JP", 0, "QUANTITY_INVALID"), ("JP", 11, "QUANTITY_INVALID")]
    {
        let other = CodesRequest { nonce: new_id(), region: region.to_owned(), quantity, ..request.clone() };
        assert_eq!(device.post("/v1/codes", &other).refused(), (422, word.to_owned()));
    }
}

#[test]
fn a_scan_that_cannot_be_paid_is_refused_or_declined() {
    let sandbox = Sandbox::start();
    let mut device = Device::ready(&sandbox, "demo");
    let codes = device.codes("alipayplus", "JP", 4).codes;
    let word = |(status, answer): (u16, serde_json::Value)| (status, answer["error"].as_str().unwrap_or("").to_owned());
    assert_eq!(word(sandbox.scan("280000029900000000000000", "1")), (404, "CODE_UNKNOWN".to_owned()));
    assert_eq!(word(sandbox.scan(&codes[0].digits, "12.5")), (422, "AMOUNT_INVALID".to_owned()));
    assert_eq!(word(sandbox.scan(&codes[0].digits, "0")), (422, "AMOUNT_INVALID".to_owned()));
    assert_eq!(status(&device, &codes[0]), CodeStatus::Waiting);

    sandbox.fault(r#"{"kind":"set_balance","user":"demo","value":5}"#);
    assert_eq!(sandbox.scan(&codes[0].digits, "1280").0, 200);
    assert_eq!(declined(&used(status(&device, &codes[0])).0), DeclineReason::BalanceInsufficient);
    sandbox.fault(r#"{"kind":"set_balance","user":"demo","value":1000000}"#);
    device.withdraw("alipayplus");
    assert_eq!(sandbox.scan(&codes[1].digits, "1280").0, 200);
    assert_eq!(declined(&used(status(&device, &codes[1])).0), DeclineReason::ConsentMissing);
    sandbox.fault(r#"{"kind":"expire_codes"}"#);
    assert_eq!(word(sandbox.scan(&codes[2].digits, "1280")), (410, "CODE_EXPIRED".to_owned()));
    assert_eq!(status(&device, &codes[2]), CodeStatus::Expired);
    // Another user's code is nobody's.
    let other = Device::ready(&sandbox, "user:other");
    assert_eq!(other.get(&format!("/v1/codes/{}", codes[3].id)).refused(), (404, "CODE_UNKNOWN".to_owned()));
    assert!(sandbox.sound_audit().charges.is_empty());
}

#[test]
fn refunds_add_up_to_the_payment_and_no_further() {
    let sandbox = Sandbox::start();
    let device = Device::ready(&sandbox, "demo");
    let code = device.codes("alipayplus", "JP", 1).codes.remove(0);
    sandbox.scan(&code.digits, "1000");
    let refund = |amount: Option<&str>| {
        let request = serde_json::json!({ "key": code.id, "amount": amount });
        sandbox.admin("POST", "/admin/refunds", &request.to_string()).0
    };
    assert_eq!(refund(Some("1001")), 422);
    for _ in 0..3 {
        assert_eq!(refund(Some("333")), 200);
    }
    assert_eq!(refund(None), 200);
    assert_eq!(refund(None), 422);
    assert_eq!(device.balance(), 1_000_000);
    assert_eq!(sandbox.sound_audit().refunds.len(), 4);
}
