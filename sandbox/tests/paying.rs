//! Scanned codes: one charge for one key and one order, and a clear no in every other case.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "test code")]

mod common;

use common::{Device, Sandbox, declined, network, new_id, receipt, yen};
use jigap::crypto::{Blob, Digest};
use jigap::gateway::wire::PayRequest;
use jigap::money::{Currency, Money};
use jigap::payment::{Answer, DeclineReason, Outcome};
use jigap::time::ServerMs;

#[test]
fn a_scanned_code_is_paid_once_and_the_receipt_says_so() {
    let sandbox = Sandbox::start();
    let device = Device::ready(&sandbox, "demo");
    for (name, code_start, end) in
        [("alipayplus", "https://alipay.com/28100204", 988_322), ("unionpay", "000201", 976_644)]
    {
        let code = sandbox.code("kuromon", name, Some("1280"));
        assert!(code.starts_with(code_start));
        let terms = device.terms(name, &code, None);
        assert_eq!(terms.check(), Ok(()));
        assert_eq!((terms.amount, terms.home.minor()), (yen(1_280), 11_678));
        assert_eq!(terms.code, Digest::of(code.as_bytes()));
        assert_eq!(terms.merchant.local_name.as_deref(), Some("黒門たこ焼き"));
        let request = device.pay_request(&terms);
        let answer = device.pay(&request);
        assert_eq!(answer.key, request.key);
        assert_eq!(receipt(&answer).home, terms.home);
        assert_eq!(receipt(&answer).network, network(name));
        assert_eq!(device.get(&format!("/v1/payments/{}", request.key)).json::<Answer>(), answer);
        assert_eq!(device.balance(), end);
    }
    assert_eq!(sandbox.sound_audit().charges.len(), 2);
}

#[test]
fn a_printed_code_needs_an_amount_and_makes_a_new_order_every_time() {
    let sandbox = Sandbox::start();
    let device = Device::ready(&sandbox, "demo");
    let code = sandbox.code("hefang", "unionpay", None);
    let refused = |amount| device.checkout("unionpay", &code, amount).refused();
    assert_eq!(refused(None), (422, "AMOUNT_NEEDED".to_owned()));
    assert_eq!(refused(Some(yen(100))), (422, "AMOUNT_INVALID".to_owned()));
    let yuan = |minor| Some(Money::from_minor(Currency::from_alpha("CNY").unwrap(), minor));
    assert_eq!(refused(yuan(0)), (422, "AMOUNT_INVALID".to_owned()));
    let (first, second) = (device.terms("unionpay", &code, yuan(2_850)), device.terms("unionpay", &code, yuan(2_850)));
    assert_ne!(first.order, second.order);
    assert_eq!(first.home.minor(), 5_486);
    receipt(&device.pay(&device.pay_request(&first)));
    receipt(&device.pay(&device.pay_request(&second)));
    sandbox.sound_audit();
}

#[test]
fn codes_are_resolved_or_refused_with_a_word() {
    let sandbox = Sandbox::start();
    let device = Device::ready(&sandbox, "demo");
    let code = sandbox.code("kuromon", "alipayplus", Some("1280"));
    let refused = |name: &str, code: &str, amount| device.checkout(name, code, amount).refused();
    assert_eq!(refused("alipayplus", "https://alipay.com/281002049999", None), (404, "CODE_UNKNOWN".to_owned()));
    assert_eq!(refused("unionpay", &code, None), (404, "CODE_UNKNOWN".to_owned()));
    assert_eq!(refused("wechat", &code, None), (404, "NETWORK_UNKNOWN".to_owned()));
    assert_eq!(refused("alipayplus", &code, Some(yen(1))), (422, "AMOUNT_FIXED".to_owned()));
    let terms = device.terms("alipayplus", &code, Some(yen(1_280)));
    assert_eq!(device.terms("alipayplus", &code, None).order, terms.order);
    receipt(&device.pay(&device.pay_request(&terms)));
    assert_eq!(refused("alipayplus", &code, None), (410, "ORDER_CLOSED".to_owned()));
}

#[test]
fn the_same_checkout_again_is_the_same_answer() {
    let sandbox = Sandbox::start();
    let device = Device::ready(&sandbox, "demo");
    let code = sandbox.code("dotonbori", "alipayplus", None);
    let mut request = device.checkout_request("alipayplus", &code, Some(yen(500)));
    let first = device.post("/v1/checkouts", &request);
    assert_eq!(first.status, 200);
    assert_eq!(device.post("/v1/checkouts", &request).body, first.body);
    request.amount = Some(yen(501));
    assert_eq!(device.post("/v1/checkouts", &request).refused(), (409, "KEY_REUSED".to_owned()));
    assert_eq!(sandbox.audit().orders.len(), 1);
}

#[test]
fn the_same_key_again_is_the_same_answer_byte_by_byte() {
    let sandbox = Sandbox::start();
    let device = Device::ready(&sandbox, "demo");
    let terms = device.terms("unionpay", &sandbox.code("westlake", "unionpay", Some("28.50")), None);
    let mut request = device.pay_request(&terms);
    let first = device.post("/v1/payments", &request);
    receipt(&first.json());
    sandbox.fault(r#"{"kind":"expire_quotes"}"#);
    assert_eq!(device.post("/v1/payments", &request).body, first.body);
    assert_eq!(device.get(&format!("/v1/payments/{}", request.key)).body, first.body);
    request.nonce = Blob(vec![7; 16]);
    assert_eq!(device.post("/v1/payments", &request).refused(), (409, "KEY_REUSED".to_owned()));
    assert_eq!(sandbox.sound_audit().charges.len(), 1);
}

#[test]
fn another_key_does_not_pay_an_order_twice() {
    let sandbox = Sandbox::start();
    let device = Device::ready(&sandbox, "demo");
    let code = sandbox.code("kuromon", "unionpay", Some("300"));
    // Two quotes for one order, got before it was paid.
    let (one, two) = (device.terms("unionpay", &code, None), device.terms("unionpay", &code, None));
    receipt(&device.pay(&device.pay_request(&one)));
    for terms in [&one, &two] {
        assert_eq!(declined(&device.pay(&device.pay_request(terms))), DeclineReason::OrderClosed);
    }
    assert_eq!(sandbox.sound_audit().charges.len(), 1);
}

#[test]
fn eight_threads_with_one_key_make_one_charge() {
    let sandbox = Sandbox::start();
    let device = Device::ready(&sandbox, "demo");
    let terms = device.terms("alipayplus", &sandbox.code("kuromon", "alipayplus", Some("999")), None);
    let request = device.pay_request(&terms);
    let answers: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| device.post("/v1/payments", &request).body)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    receipt(&serde_json::from_slice(&answers[0]).unwrap());
    assert_eq!(sandbox.sound_audit().charges.len(), 1);
}

#[test]
fn eight_threads_with_eight_keys_make_one_charge() {
    let sandbox = Sandbox::start();
    let device = Device::ready(&sandbox, "demo");
    let terms = device.terms("alipayplus", &sandbox.code("kuromon", "alipayplus", Some("999")), None);
    let requests: Vec<PayRequest> = (0..8).map(|_| device.pay_request(&terms)).collect();
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let device = &device;
        let threads: Vec<_> = requests.iter().map(|request| scope.spawn(move || device.pay(request))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let closed = answers.iter().filter(|a| a.outcome.is_declined_as(DeclineReason::OrderClosed)).count();
    assert_eq!(closed, 7);
    assert_eq!(sandbox.sound_audit().charges.len(), 1);
}

trait DeclinedAs {
    fn is_declined_as(&self, reason: DeclineReason) -> bool;
}

impl DeclinedAs for jigap::payment::Outcome {
    fn is_declined_as(&self, wanted: DeclineReason) -> bool {
        matches!(self, Self::Declined { reason } if *reason == wanted)
    }
}

#[test]
fn what_is_not_right_is_declined_for_good_and_costs_nothing() {
    let sandbox = Sandbox::start();
    let mut device = Device::ready(&sandbox, "demo");
    let terms = device.terms("unionpay", &sandbox.code("kuromon", "unionpay", Some("1280")), None);
    let good = device.pay_request(&terms);
    let other = Device::ready(&sandbox, "user:other");

    let mut cheaper = terms.clone();
    cheaper.home = Money::from_minor(cheaper.home.currency(), 1);
    let mut longer = terms.clone();
    longer.expires = ServerMs(i64::MAX);
    let mut unknown = terms.clone();
    unknown.quote = new_id();
    let mut wrong_nonce = device.pay_request(&terms);
    wrong_nonce.nonce = Blob(vec![1; 16]);
    let mut short_nonce = device.pay_request(&terms);
    short_nonce.nonce = Blob(vec![1; 3]);
    let mut wrong_digest = device.pay_request(&terms);
    wrong_digest.digest = Digest([9; 32]);
    let mut wrong_consent = device.pay_request(&terms);
    wrong_consent.consent = device.consent("alipayplus");
    let mut others_proof = device.pay_request(&terms);
    others_proof.proof = other.pay_request(&terms).proof;
    let cases = [
        (device.pay_request(&cheaper), DeclineReason::TermsDiffer),
        (device.pay_request(&longer), DeclineReason::TermsDiffer),
        (device.pay_request(&unknown), DeclineReason::TermsDiffer),
        (wrong_digest, DeclineReason::TermsDiffer),
        (wrong_nonce, DeclineReason::ProofInvalid),
        (short_nonce, DeclineReason::ProofInvalid),
        (others_proof, DeclineReason::ProofInvalid),
        (wrong_consent, DeclineReason::ConsentMissing),
    ];
    for (request, reason) in cases {
        let first = device.post("/v1/payments", &request);
        assert_eq!(declined(&first.json()), reason);
        assert_eq!(device.post("/v1/payments", &request).body, first.body);
    }
    // A quote is good for the device that asked for it, and for no other.
    assert_eq!(declined(&other.pay(&other.pay_request(&terms))), DeclineReason::TermsDiffer);
    device.withdraw("unionpay");
    assert_eq!(declined(&device.pay(&good)), DeclineReason::ConsentMissing);
    assert_eq!(device.balance(), 1_000_000);
    assert!(sandbox.sound_audit().charges.is_empty());
}

#[test]
fn quote_balance_and_limit_are_checked_by_the_gateway() {
    let sandbox = Sandbox::start();
    let device = Device::ready(&sandbox, "user:poor");
    let terms = |amount: &str| device.terms("alipayplus", &sandbox.code("kuromon", "alipayplus", Some(amount)), None);
    let late = terms("100");
    sandbox.fault(r#"{"kind":"expire_quotes"}"#);
    assert_eq!(declined(&device.pay(&device.pay_request(&late))), DeclineReason::QuoteExpired);
    sandbox.fault(r#"{"kind":"set_balance","user":"poor","value":11677}"#);
    let dear = terms("1280");
    assert_eq!(declined(&device.pay(&device.pay_request(&dear))), DeclineReason::BalanceInsufficient);
    sandbox.fault(r#"{"kind":"set_balance","user":"poor","value":11678}"#);
    receipt(&device.pay(&device.pay_request(&dear)));
    assert_eq!(device.balance(), 0);
    sandbox.fault(r#"{"kind":"set_balance","user":"poor","value":9000000}"#);
    assert_eq!(declined(&device.pay(&device.pay_request(&terms("300000")))), DeclineReason::LimitExceeded);
    assert_eq!(sandbox.sound_audit().charges.len(), 1);
}

#[test]
fn a_key_that_never_came_is_not_seen() {
    let sandbox = Sandbox::start();
    let device = Device::ready(&sandbox, "demo");
    assert_eq!(device.get(&format!("/v1/payments/{}", new_id())).refused(), (404, "NOT_SEEN".to_owned()));
    // Nor is somebody else's.
    let terms = device.terms("alipayplus", &sandbox.code("kuromon", "alipayplus", Some("10")), None);
    let request = device.pay_request(&terms);
    device.pay(&request);
    let other = Device::ready(&sandbox, "user:other");
    assert_eq!(other.get(&format!("/v1/payments/{}", request.key)).refused(), (404, "NOT_SEEN".to_owned()));
}

#[test]
fn a_lost_answer_is_found_again_and_a_lost_request_was_never_seen() {
    let sandbox = Sandbox::start();
    let device = Device::ready(&sandbox, "demo");
    let terms = device.terms("alipayplus", &sandbox.code("kuromon", "alipayplus", Some("1280")), None);
    let request = device.pay_request(&terms);
    let body = serde_json::to_vec(&request).unwrap();
    let asked = format!("/v1/payments/{}", request.key);

    sandbox.fault(r#"{"kind":"drop_request","path":"/v1/payments"}"#);
    device.try_send("POST", "/v1/payments", &body).unwrap_err();
    assert_eq!(device.get(&asked).refused().0, 404);
    sandbox.fault(r#"{"kind":"status_500","path":"/v1/payments","value":503}"#);
    assert_eq!(device.send("POST", "/v1/payments", &body).status, 503);
    assert_eq!(device.get(&asked).refused().0, 404);
    sandbox.fault(r#"{"kind":"drop_answer","path":"/v1/payments"}"#);
    device.try_send("POST", "/v1/payments", &body).unwrap_err();
    receipt(&device.get(&asked).json());
    sandbox.fault(r#"{"kind":"garble_answer","path":"/v1/payments"}"#);
    assert_eq!(device.send("POST", "/v1/payments", &body).body, b"no JSON");
    receipt(&device.send("POST", "/v1/payments", &body).json());
    assert_eq!(sandbox.sound_audit().charges.len(), 1);
}

#[test]
fn an_answer_can_be_pending_first_or_contradict_itself() {
    let sandbox = Sandbox::start();
    let device = Device::ready(&sandbox, "demo");
    let terms = device.terms("alipayplus", &sandbox.code("kuromon", "alipayplus", Some("1280")), None);
    let request = device.pay_request(&terms);
    let asked = format!("/v1/payments/{}", request.key);
    sandbox.fault(r#"{"kind":"answer_pending","path":"/v1/payments*","times":2}"#);
    let pending = device.pay(&request);
    assert_eq!((&pending.outcome, pending.key), (&Outcome::Pending, request.key));
    assert_eq!(device.get(&asked).json::<Answer>(), pending);
    let last: Answer = device.get(&asked).json();
    receipt(&last);
    assert!(last.seq > pending.seq);
    sandbox.fault(r#"{"kind":"contradict_answer","path":"/v1/payments*"}"#);
    assert_eq!(declined(&device.get(&asked).json()), DeclineReason::Other);
    sandbox.fault(r#"{"kind":"answer_pending"}"#);
    assert_eq!(device.balance(), 1_000_000 - 11_678);
    sandbox.sound_audit();
}

#[test]
fn a_restart_keeps_everything() {
    let mut sandbox = Sandbox::start();
    let mut device = Device::ready(&sandbox, "demo");
    let paid = device.terms("alipayplus", &sandbox.code("kuromon", "alipayplus", Some("1280")), None);
    let open = device.terms("unionpay", &sandbox.code("westlake", "unionpay", Some("28.50")), None);
    let request = device.pay_request(&paid);
    let first = device.post("/v1/payments", &request);
    let ca = std::fs::read(&sandbox.addresses.ca).unwrap();
    sandbox.restart();
    assert_eq!(std::fs::read(&sandbox.addresses.ca).unwrap(), ca);
    assert_eq!(sandbox.addresses.config_key, device.addresses.config_key);
    device.addresses = sandbox.addresses.clone();
    assert_eq!(device.post("/v1/payments", &request).body, first.body);
    receipt(&device.pay(&device.pay_request(&open)));
    assert_eq!(device.balance(), 1_000_000 - 11_678 - 5_486);
    assert_eq!(sandbox.sound_audit().charges.len(), 2);
}
