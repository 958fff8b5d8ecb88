//! The core itself, through its own HTTPS transport, against the gateway: both read one contract the same way.
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, reason = "test code")]

mod common;

use common::phone::{PATIENCE, Phone};
use common::{Sandbox, network};
use jigap::app::{Checkout, Status};
use jigap::error::Code;
use jigap::present::CodeState;

#[test]
fn the_core_scans_and_pays_on_both_networks() {
    let sandbox = Sandbox::start();
    let phone = Phone::enrolled(&sandbox, "demo");
    for (name, shop, amount) in [("alipayplus", "kuromon", "1280"), ("unionpay", "westlake", "28.50")] {
        let code = sandbox.code(shop, name, Some(amount));
        let unasked = phone.wallet().prepare(Checkout { code: code.clone(), network: None, amount: None }).wait();
        assert_eq!(unasked.unwrap_err().code(), Code::ConsentNeeded);
        phone.answer(name, true);
        let paid = phone.pay(&code);
        assert_eq!((paid.status, paid.problem), (Status::Paid, None));
    }
    assert_eq!(sandbox.sound_audit().charges.len(), 2);
    assert_eq!(phone.wallet().history(None, 10).unwrap().payments.len(), 2);
}

#[test]
fn an_answer_that_is_lost_is_found_and_charged_once() {
    let sandbox = Sandbox::start();
    let phone = Phone::enrolled(&sandbox, "demo");
    phone.answer("alipayplus", true);
    for fault in ["drop_answer", "drop_request", "answer_500", "status_500", "garble_answer", "answer_pending"] {
        sandbox.fault(&format!(r#"{{"kind":"{fault}","method":"POST","path":"/v1/payments"}}"#));
        let paid = phone.pay(&sandbox.code("kuromon", "alipayplus", Some("500")));
        assert_eq!(paid.status, Status::Paid, "{fault}");
    }
    assert_eq!(sandbox.sound_audit().charges.len(), 6);
}

#[test]
fn the_core_shows_a_code_that_a_shop_scans() {
    let sandbox = Sandbox::start();
    let phone = Phone::enrolled(&sandbox, "demo");
    phone.answer("unionpay", true);
    let shown = phone.wallet().show(network("unionpay"), "CN".to_owned()).wait().unwrap();
    assert_eq!(sandbox.scan(&shown.digits, "28.50").0, 200);
    let result = phone.wallet().shown_result(shown.id, PATIENCE).wait().unwrap();
    assert_eq!(result.state, CodeState::Used);
    let payment = result.payment.unwrap();
    assert_eq!((payment.status, payment.merchant.unwrap().name.as_str()), (Status::Paid, "West Lake Tea House"));
    assert_eq!(sandbox.sound_audit().charges.len(), 1);
}

#[test]
fn the_core_tells_why_the_gateway_said_no() {
    let sandbox = Sandbox::start();
    let phone = Phone::enrolled(&sandbox, "demo");
    phone.answer("unionpay", true);
    sandbox.fault(r#"{"kind":"set_balance","user":"demo","value":10}"#);
    let refused = phone.pay(&sandbox.code("kuromon", "unionpay", Some("1280")));
    assert_eq!((refused.status, refused.problem.unwrap().code()), (Status::Declined, Code::BalanceInsufficient));
    let printed = Checkout { code: sandbox.code("hefang", "unionpay", None), network: None, amount: None };
    assert_eq!(phone.wallet().prepare(printed).wait().unwrap_err().code(), Code::AmountNeeded);
    phone.wallet().withdraw_consent(network("unionpay")).wait().unwrap();
    let code = sandbox.code("kuromon", "unionpay", Some("1"));
    let unasked = phone.wallet().prepare(Checkout { code, network: None, amount: None }).wait();
    assert_eq!(unasked.unwrap_err().code(), Code::ConsentNeeded);
    assert!(sandbox.sound_audit().charges.is_empty());
}

/// Every record is another consent: a second tap must not leave prefetched codes naming an old one.
#[test]
fn agreeing_twice_is_agreeing_once_and_codes_stay_good() {
    let sandbox = Sandbox::start();
    let phone = Phone::ready(&sandbox);
    let first = phone.wallet().show(network("unionpay"), "CN".to_owned()).wait().unwrap();
    phone.answer("unionpay", true);
    let second = phone.wallet().show(network("unionpay"), "CN".to_owned()).wait().unwrap();
    assert_ne!(first.digits, second.digits);
    let (_, scanned) = sandbox.scan(&second.digits, "28.50");
    assert_eq!(scanned["answer"]["outcome"], "succeeded", "{scanned}");
}
