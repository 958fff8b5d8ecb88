//! Every fault switch of the sandbox, through the real transport: the real wallet meets it, ends by knowing the truth,
//! and nothing is charged twice.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "test code"
)]

mod common;

use common::phone::{At, Phone, address};
use common::{Device, Sandbox, declined};
use jigap::app::{PaymentView, Status};
use jigap::error::Code;
use jigap::gateway::{Address, HttpsTransport, MAX_BODY, Request, SendError, Transport};
use jigap::payment::{Answer, DeclineReason, Outcome};
use std::time::{Duration, Instant};

const PAY: &str = r#""method":"POST","path":"/v1/payments""#;

fn yen_code(sandbox: &Sandbox) -> String {
    sandbox.code("kuromon", "alipayplus", Some("1280"))
}

/// What the wire does to a payment: so many requests to pay and at least so many questions; at the end it is paid once.
fn paid_in_spite_of(fault: &str, sends: usize, asks: usize) -> (Sandbox, Phone, PaymentView) {
    let sandbox = Sandbox::start();
    let phone = Phone::ready(&sandbox);
    let preview = phone.prepare(&yen_code(&sandbox)).unwrap();
    sandbox.fault(&format!(r#"{{"kind":{fault},{PAY}}}"#));
    let payment = phone.settled(phone.commit(&preview).unwrap().id);
    assert_eq!(payment.status, Status::Paid, "{fault}: {:?}", payment.problem);
    let (sent, asked) = (phone.wire.sent("POST", "/v1/payments"), phone.wire.sent("GET", "/v1/payments"));
    assert!(sent == sends && asked >= asks, "{fault}: sent {sent}, asked {asked}");
    let audit = sandbox.sound_audit();
    assert_eq!((audit.charges.len(), phone.history().len()), (1, 1), "{fault}");
    (sandbox, phone, payment)
}

#[test]
fn a_dropped_request_goes_again() {
    paid_in_spite_of(r#""drop_request""#, 2, 1);
}

#[test]
fn a_dropped_answer_is_asked_for() {
    paid_in_spite_of(r#""drop_answer""#, 1, 1);
}

#[test]
fn a_delayed_request_and_a_delayed_answer_are_waited_for() {
    paid_in_spite_of(r#""delay_ms","value":300"#, 1, 0);
    paid_in_spite_of(r#""delay_answer_ms","value":300"#, 1, 0);
}

#[test]
fn an_answer_later_than_patience_is_asked_for() {
    let sandbox = Sandbox::start();
    let phone = Phone::ready(&sandbox);
    let preview = phone.prepare(&yen_code(&sandbox)).unwrap();
    phone.wire.turn_to(&Address { timeout: Duration::from_millis(400), ..address(&sandbox) });
    sandbox.fault(&format!(r#"{{"kind":"delay_answer_ms","value":1500,{PAY}}}"#));
    let payment = phone.settled(phone.commit(&preview).unwrap().id);
    assert_eq!((payment.status, phone.wire.sent("POST", "/v1/payments")), (Status::Paid, 1));
    assert_eq!(sandbox.sound_audit().charges.len(), 1);
}

#[test]
fn an_answer_that_comes_twice_is_one_and_the_next_request_gets_its_own() {
    let (sandbox, phone, payment) = paid_in_spite_of(r#""answer_twice""#, 1, 0);
    // The second copy must not be taken for the answer to what is asked next on this connection.
    phone.wallet().refresh().wait().unwrap();
    assert_eq!(phone.wallet().balance().unwrap().amount.minor(), 1_000_000 - payment.home.unwrap().minor());
    assert_eq!(phone.pay(&yen_code(&sandbox)).status, Status::Paid);
}

#[test]
fn a_request_that_arrives_twice_is_charged_once() {
    paid_in_spite_of(r#""repeat_request""#, 1, 0);
}

#[test]
fn different_answers_are_a_conflict_and_nothing_is_sent_again() {
    let sandbox = Sandbox::start();
    let phone = Phone::ready(&sandbox);
    sandbox.fault(&format!(r#"{{"kind":"contradict_answer",{PAY}}}"#));
    let payment = phone.pay(&yen_code(&sandbox));
    assert_eq!(payment.status, Status::Declined, "the one answer it heard");
    // A push makes it look at the history, which says otherwise.
    phone.wallet().pushed().unwrap();
    let conflict = phone.wait_for(payment.id, |view| view.status == Status::Conflict);
    assert_eq!(conflict.problem.unwrap().code(), Code::PaymentConflict);
    assert_eq!(phone.wire.sent("POST", "/v1/payments"), 1);
    assert_eq!(sandbox.sound_audit().charges.len(), 1);
}

#[test]
fn five_hundred_and_then_success() {
    // Not looked at: it goes again. Carried out: it is only asked about.
    paid_in_spite_of(r#""status_500""#, 2, 1);
    paid_in_spite_of(r#""answer_500""#, 1, 1);
}

#[test]
fn a_busy_gateway_is_left_alone_as_long_as_it_asks() {
    let began = Instant::now();
    // Three seconds: more than the wallet's own second, so it is the gateway's word that is followed.
    paid_in_spite_of(r#""status_429","value":3"#, 2, 1);
    assert!(began.elapsed() > Duration::from_millis(2_250), "{:?}", began.elapsed());
}

#[test]
fn a_reset_in_the_middle_of_the_body_is_not_an_answer() {
    paid_in_spite_of(r#""cut_answer""#, 1, 1);
}

#[test]
fn a_body_that_comes_a_byte_at_a_time_is_waited_for_or_given_up() {
    paid_in_spite_of(r#""slow_answer","value":1"#, 1, 0);
    let sandbox = Sandbox::start();
    let phone = Phone::ready(&sandbox);
    let preview = phone.prepare(&yen_code(&sandbox)).unwrap();
    phone.wire.turn_to(&Address { timeout: Duration::from_millis(500), ..address(&sandbox) });
    sandbox.fault(&format!(r#"{{"kind":"slow_answer","value":20,{PAY}}}"#));
    let payment = phone.settled(phone.commit(&preview).unwrap().id);
    assert_eq!((payment.status, phone.wire.sent("POST", "/v1/payments")), (Status::Paid, 1));
    assert!(phone.wire.sent("GET", "/v1/payments") >= 1);
    assert_eq!(sandbox.sound_audit().charges.len(), 1);
}

#[test]
fn an_answer_under_another_key_is_no_answer() {
    paid_in_spite_of(r#""other_key""#, 1, 1);
}

#[test]
fn an_answer_that_is_no_json_and_one_that_is_too_long_are_no_answers() {
    paid_in_spite_of(r#""garble_answer""#, 1, 1);
    let (sandbox, ..) = paid_in_spite_of(r#""huge_answer""#, 1, 1);
    // The transport itself refuses to read it to its end.
    sandbox.fault(r#"{"kind":"huge_answer","path":"/sandbox/trust"}"#);
    let transport = HttpsTransport::new(&address(&sandbox)).unwrap();
    let request =
        Request { method: "GET", path: "/sandbox/trust".to_owned(), headers: vec![], body: vec![], patience_ms: None };
    assert_eq!(transport.send(&request).unwrap_err(), SendError::Unknown);
    assert!(transport.send(&request).unwrap().body.len() < MAX_BODY);
}

#[test]
fn pending_is_asked_about_until_it_is_done() {
    paid_in_spite_of(r#""answer_pending""#, 1, 1);
    let sandbox = Sandbox::start();
    let phone = Phone::ready(&sandbox);
    sandbox.fault(r#"{"kind":"hold"}"#);
    let payment = phone.commit(&phone.prepare(&yen_code(&sandbox)).unwrap()).unwrap();
    phone.wire.wait_held(0);
    while phone.wire.sent("GET", "/v1/payments") == 0 {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(phone.wallet().payment(payment.id).unwrap().status, Status::Checking);
    assert_eq!(sandbox.sound_audit().charges.len(), 0);
    sandbox.fault(r#"{"kind":"release"}"#);
    assert_eq!(phone.settled(payment.id).status, Status::Paid);
    assert_eq!((sandbox.sound_audit().charges.len(), phone.wire.sent("POST", "/v1/payments")), (1, 1));
}

/// A gateway that restarts and has lost what it was working on: the wallet was told "pending" and then "never seen". It
/// never sends again; when the order is over it has the key put to death, and only then says that nothing was charged.
#[test]
fn a_restart_that_loses_work_ends_by_a_tombstone() {
    let sandbox = Sandbox::start();
    let phone = Phone::ready(&sandbox);
    sandbox.fault(r#"{"kind":"hold"}"#);
    let code = yen_code(&sandbox);
    let payment = phone.commit(&phone.prepare(&code).unwrap()).unwrap();
    while phone.wire.sent("GET", "/v1/payments") == 0 {
        std::thread::sleep(Duration::from_millis(10));
    }
    sandbox.fault(r#"{"kind":"restart"}"#);
    // Quote and skew pass at once: five minutes and a little, on the gateway's clock.
    sandbox.fault(r#"{"kind":"clock_offset","value":301000}"#);
    let end = phone.settled(payment.id);
    assert_eq!((end.status, end.problem), (Status::Cancelled, None));
    assert_eq!(phone.wire.sent("POST", &format!("/v1/payments/{}/cancel", payment.id)), 1);
    assert_eq!(phone.wire.sent("POST", "/v1/payments"), 2, "the request once, and the cancel");
    assert_eq!(phone.pay(&code).status, Status::Paid, "the order is free");
    assert_eq!(sandbox.sound_audit().charges.len(), 1);
}

/// After a gateway has forgotten its keys, the same bytes would be a new request: the payment itself is remembered, the
/// wallet asks and never sends.
#[test]
fn forgotten_keys_charge_nothing_twice() {
    let sandbox = Sandbox::start();
    let mut phone = Phone::ready(&sandbox);
    sandbox.fault(&format!(r#"{{"kind":"drop_answer",{PAY}}}"#));
    phone.wire.hold("GET", "/v1/payments", At::Leaving);
    let payment = phone.commit(&phone.prepare(&yen_code(&sandbox)).unwrap()).unwrap();
    phone.wire.wait_held(1);
    sandbox.fault(r#"{"kind":"forget_keys"}"#);
    let old = phone.new_wire(&sandbox);
    phone.open().unwrap();
    assert_eq!(phone.settled(payment.id).status, Status::Paid);
    assert_eq!(phone.wire.sent("POST", "/v1/payments"), 0);
    old.release();
    // What a wallet without a horizon would do: the order's record outlives the key.
    let device = Device::ready(&sandbox, "user:other");
    let request = device.pay_request(&device.terms("alipayplus", &yen_code(&sandbox), None));
    assert!(matches!(device.pay(&request).outcome, Outcome::Succeeded { .. }));
    sandbox.fault(r#"{"kind":"forget_keys"}"#);
    assert_eq!(declined(&device.pay(&request)), DeclineReason::OrderClosed);
    let told: Answer = device.get(&format!("/v1/payments/{}", request.key)).json();
    assert!(matches!(told.outcome, Outcome::Succeeded { .. }), "what was charged is told as charged");
    assert_eq!(sandbox.sound_audit().charges.len(), 2);
}

/// The gateway's clock counts, not the phone's: a quote that ended there is not sent for, and one that began there holds.
#[test]
fn a_clock_that_is_off_moves_the_quotes_with_it() {
    let sandbox = Sandbox::start();
    let phone = Phone::ready(&sandbox);
    for offset in [24 * 3_600_000, -24 * 3_600_000] {
        sandbox.fault(&format!(r#"{{"kind":"clock_offset","value":{offset}}}"#));
        let preview = phone.prepare(&yen_code(&sandbox)).unwrap();
        assert!((100_000..=180_000).contains(&preview.expires_in_ms), "{}", preview.expires_in_ms);
        assert_eq!(phone.settled(phone.commit(&preview).unwrap().id).status, Status::Paid);
    }
    let preview = phone.prepare(&yen_code(&sandbox)).unwrap();
    sandbox.fault(r#"{"kind":"clock_offset","value":0}"#);
    phone.wallet().refresh().wait().unwrap();
    assert_eq!(phone.commit(&preview).unwrap_err().code(), Code::QuoteExpired, "a day has passed there");
    assert_eq!(sandbox.sound_audit().charges.len(), 2);
}

#[test]
fn a_request_that_the_gateway_refuses_is_sent_once_and_then_only_asked_about() {
    let sandbox = Sandbox::start_with(|options| options.quote_ms = 10_000);
    let phone = Phone::ready(&sandbox);
    sandbox.fault(&format!(r#"{{"kind":"status_500","value":400,"times":9,{PAY}}}"#));
    let payment = phone.commit(&phone.prepare(&yen_code(&sandbox)).unwrap()).unwrap();
    while phone.wire.sent("GET", "/v1/payments") < 2 {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(phone.wallet().payment(payment.id).unwrap().status, Status::Checking);
    // Order and skew pass, on the gateway's clock.
    sandbox.fault(r#"{"kind":"clock_offset","value":140000}"#);
    let end = phone.settled(payment.id);
    assert_eq!((end.status, end.problem.unwrap().code()), (Status::NotSent, Code::GatewayRefused));
    assert_eq!(phone.wire.sent("POST", "/v1/payments"), 1);
    assert_eq!(sandbox.sound_audit().charges.len(), 0);
}
