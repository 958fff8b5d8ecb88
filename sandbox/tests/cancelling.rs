//! After the payment: cancels, refunds, late cancels, the history and the statement, by the real wallet and transport.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "test code"
)]

mod common;

use common::phone::{At, Phone};
use common::{Device, Sandbox, new_id};
use jigap::app::{Finding, Moved, PaymentView, RefundRequest, Status};
use jigap::error::Code;
use jigap::gateway::wire::{CancelRequest, HistoryResponse, Statement};
use jigap::id::Id;
use jigap::payment::{Answer, CancelBy, Outcome, late_cancel_ends};
use jigap::time::ServerMs;
use serde_json::json;
use std::time::{Duration, Instant};

fn yen_code(sandbox: &Sandbox) -> String {
    sandbox.code("kuromon", "alipayplus", Some("1280"))
}

fn committed(sandbox: &Sandbox, phone: &Phone) -> PaymentView {
    phone.commit(&phone.prepare(&yen_code(sandbox)).unwrap()).unwrap()
}

fn admin(sandbox: &Sandbox, path: &str, body: serde_json::Value) -> (u16, serde_json::Value) {
    sandbox.admin("POST", path, &body.to_string())
}

/// Which way a cancel and its payment met, and what the books say.
fn ends(sandbox: &Sandbox, charges: usize, refunds: usize, reversals: usize) {
    let audit = sandbox.sound_audit();
    assert_eq!((audit.charges.len(), audit.refunds.len(), audit.reversals.len()), (charges, refunds, reversals));
}

#[test]
fn what_is_pending_is_cancelled_and_its_order_is_free() {
    let sandbox = Sandbox::start();
    let phone = Phone::ready(&sandbox);
    sandbox.fault(r#"{"kind":"hold"}"#);
    let code = yen_code(&sandbox);
    let payment = phone.commit(&phone.prepare(&code).unwrap()).unwrap();
    while phone.wire.sent("GET", "/v1/payments") == 0 {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(phone.wallet().cancel(payment.id).wait().unwrap().status, Status::Cancelling);
    let end = phone.settled(payment.id);
    assert_eq!((end.status, end.problem), (Status::Cancelled, None));
    // What the gateway still had in hand is dead: releasing it charges nothing.
    sandbox.fault(r#"{"kind":"release"}"#);
    ends(&sandbox, 0, 0, 0);
    assert_eq!(phone.pay(&code).status, Status::Paid);
    ends(&sandbox, 1, 0, 0);
}

/// The cancel overtakes the request: the tombstone stands when the request arrives.
#[test]
fn a_cancel_that_is_there_first_is_a_tombstone() {
    let sandbox = Sandbox::start();
    let phone = Phone::ready(&sandbox);
    // The request waits at the gateway's door while the cancel goes past it.
    sandbox.fault(r#"{"kind":"delay_ms","value":1500,"method":"POST","path":"/v1/payments"}"#);
    let payment = committed(&sandbox, &phone);
    while phone.wire.sent("POST", "/v1/payments") == 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(100));
    phone.wallet().cancel(payment.id).wait().unwrap();
    assert_eq!(phone.settled(payment.id).status, Status::Cancelled);
    std::thread::sleep(Duration::from_millis(1_800));
    // The request has arrived by now, and its answer was the same.
    assert_eq!(phone.wallet().payment(payment.id).unwrap().status, Status::Cancelled);
    ends(&sandbox, 0, 0, 0);
}

/// "Already paid": the user, who had asked, gets the money back instead.
#[test]
fn a_cancel_that_comes_too_late_becomes_a_request_for_the_money() {
    let sandbox = Sandbox::start();
    let phone = Phone::ready(&sandbox);
    phone.wire.hold("POST", "/v1/payments", At::Returning);
    let payment = committed(&sandbox, &phone);
    phone.wire.wait_held(1);
    assert_eq!(phone.wallet().cancel(payment.id).wait().unwrap().status, Status::Cancelling);
    phone.wire.release();
    assert_eq!(phone.settled(payment.id).status, Status::Paid);
    let back = phone.wait_for(payment.id, |view| view.refunded.is_some());
    assert_eq!((back.status, back.refund_request), (Status::Paid, RefundRequest::Granted));
    assert!(back.refunded.unwrap().whole && back.problem.is_none());
    ends(&sandbox, 1, 1, 0);
    assert_eq!(sandbox.audit().refunds[0].user_minor, back.home.unwrap().minor());
}

#[test]
fn a_lost_cancel_goes_again_and_a_killed_one_is_taken_up() {
    let sandbox = Sandbox::start();
    let mut phone = Phone::ready(&sandbox);
    sandbox.fault(r#"{"kind":"hold"}"#);
    sandbox.fault(r#"{"kind":"drop_answer","method":"POST","path":"/v1/payments/*"}"#);
    let first = committed(&sandbox, &phone);
    phone.wallet().cancel(first.id).wait().unwrap();
    assert_eq!(phone.settled(first.id).status, Status::Cancelled);
    // Closed after the wish was on disk and before anything of it left.
    let second = committed(&sandbox, &phone);
    phone.wire.hold("POST", "/v1/payments/", At::Leaving);
    phone.wallet().cancel(second.id).wait().unwrap();
    phone.wire.wait_held(1);
    let old = phone.new_wire(&sandbox);
    phone.open().unwrap();
    assert_eq!(phone.wallet().recovered().payments, [second.id]);
    assert_eq!(phone.settled(second.id).status, Status::Cancelled);
    old.release();
    sandbox.fault(r#"{"kind":"release"}"#);
    ends(&sandbox, 0, 0, 0);
}

#[test]
fn a_payment_that_has_ended_cannot_be_cancelled() {
    let sandbox = Sandbox::start();
    let phone = Phone::ready(&sandbox);
    sandbox.fault(r#"{"kind":"set_balance","user":"demo","value":0}"#);
    let poor = phone.pay(&yen_code(&sandbox));
    assert_eq!(phone.wallet().cancel(poor.id).wait().unwrap(), poor);
    assert_eq!(phone.wallet().request_refund(poor.id).wait().unwrap(), poor);
    assert_eq!(phone.wallet().cancel(new_id()).wait().unwrap_err().code(), Code::PaymentUnknown);
    ends(&sandbox, 0, 0, 0);
}

/// At the bridge a person decides, about the cancel and about the money.
#[test]
fn at_the_bridge_a_person_decides() {
    let sandbox = Sandbox::start();
    let phone = Phone::ready(&sandbox);
    sandbox.fault(r#"{"kind":"hold"}"#);
    sandbox.fault(r#"{"kind":"by_hand","value":1}"#);
    let asked = |path: &str| phone.wire.sent("POST", path);
    let cancelling = || {
        let payment = committed(&sandbox, &phone);
        phone.wallet().cancel(payment.id).wait().unwrap();
        // The wish is told once, and from then on only asked about.
        let before = phone.wire.sent("GET", "/v1/payments");
        while phone.wire.sent("GET", "/v1/payments") < before + 2 {
            std::thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(phone.wallet().payment(payment.id).unwrap().status, Status::Cancelling);
        assert_eq!(asked(&format!("/v1/payments/{}/cancel", payment.id)), 1);
        payment.id
    };
    let decide = |id: Id, wish: &str, grant: bool| {
        let (status, answer) =
            admin(&sandbox, "/admin/decisions", json!({ "key": id.to_string(), "wish": wish, "grant": grant }));
        assert_eq!(status, 200, "{answer}");
        phone.wallet().pushed().unwrap();
    };
    let granted = cancelling();
    decide(granted, "cancel", true);
    assert_eq!(phone.settled(granted).status, Status::Cancelled);

    let refused = cancelling();
    decide(refused, "cancel", false);
    phone.wait_for(refused, |view| view.status == Status::Checking);
    sandbox.fault(r#"{"kind":"release"}"#);
    phone.wallet().pushed().unwrap();
    let paid = phone.settled(refused);
    assert_eq!((paid.status, paid.refund_request), (Status::Paid, RefundRequest::None), "a person said no already");
    ends(&sandbox, 1, 0, 0);

    phone.wallet().request_refund(refused).wait().unwrap();
    phone.wait_for(refused, |view| view.refund_request == RefundRequest::Open);
    decide(refused, "refund", true);
    let back = phone.wait_for(refused, |view| view.refunded.is_some());
    assert_eq!((back.status, back.refund_request), (Status::Paid, RefundRequest::Granted));
    assert_eq!(asked(&format!("/v1/payments/{refused}/refund")), 1);
    ends(&sandbox, 1, 1, 0);
}

/// Parts come back at the day's rate; the payment stays paid, and the sums are those of the books.
#[test]
fn parts_come_back_at_their_own_rates_and_the_payment_stays_paid() {
    let sandbox = Sandbox::start();
    let phone = Phone::ready(&sandbox);
    let payment = phone.pay(&yen_code(&sandbox));
    let key = payment.id.to_string();
    for (amount, rate) in [(Some("280"), Some("9.5")), (Some("333"), None), (None, Some("8.75"))] {
        assert_eq!(admin(&sandbox, "/admin/refunds", json!({ "key": key, "amount": amount, "rate": rate })).0, 200);
    }
    // A push that says nothing true: it only makes the wallet look.
    phone.wallet().pushed().unwrap();
    let back = phone.wait_for(payment.id, |view| view.refunded.is_some_and(|refunded| refunded.whole));
    assert_eq!((back.status, &back.problem, back.reference), (Status::Paid, &None, payment.reference));
    let books: i64 = sandbox.audit().refunds.iter().map(|line| line.user_minor).sum();
    // 280 × 9.5, 333 × 9.1234 and 667 × 8.75, each rounded by itself.
    assert_eq!((back.refunded.unwrap().home.minor(), books), (2_660 + 3_038 + 5_836, 2_660 + 3_038 + 5_836));
    ends(&sandbox, 1, 3, 0);
}

#[test]
fn the_network_may_cancel_late_until_half_past_midnight_at_utc_8() {
    let sandbox = Sandbox::start();
    let phone = Phone::ready(&sandbox);
    let code = yen_code(&sandbox);
    let payment = phone.pay(&code);
    let key = json!({ "key": payment.id.to_string() });
    let left = late_cancel_ends(payment.paid_at.unwrap()).since(payment.paid_at.unwrap());
    sandbox.fault(&format!(r#"{{"kind":"clock_offset","value":{}}}"#, left + 10_000));
    assert_eq!(admin(&sandbox, "/admin/cancels", key.clone()).1, json!({ "error": "CANCEL_TOO_LATE" }));
    sandbox.fault(&format!(r#"{{"kind":"clock_offset","value":{}}}"#, left - 60_000));
    assert_eq!(admin(&sandbox, "/admin/cancels", key.clone()).0, 200);
    assert_eq!(admin(&sandbox, "/admin/cancels", key.clone()).0, 200, "twice is once");
    phone.wallet().pushed().unwrap();
    let reversed = phone.wait_for(payment.id, |view| view.status == Status::Reversed);
    assert!(reversed.reversed_at.is_some() && reversed.reference == payment.reference && reversed.problem.is_none());
    assert_eq!(admin(&sandbox, "/admin/refunds", key).0, 422, "nothing is left");
    ends(&sandbox, 1, 0, 1);
    phone.wallet().refresh().wait().unwrap();
    assert_eq!(phone.wallet().balance().unwrap().amount.minor(), 1_000_000);
}

/// Another phone of the same user, or the same one after the app was installed anew: the history brings what was paid,
/// also by a shown code.
#[test]
fn a_new_phone_of_the_same_user_hears_of_what_was_paid() {
    let sandbox = Sandbox::start();
    let old = Phone::ready(&sandbox);
    let scanned = old.pay(&yen_code(&sandbox));
    let shown = old.wallet().show(common::network("unionpay"), "CN".to_owned()).wait().unwrap();
    assert_eq!(sandbox.scan(&shown.digits, "28.50").0, 200);
    let by_code = old.wallet().shown_result(shown.id, Duration::from_secs(10)).wait().unwrap().payment.unwrap();

    let new = Phone::enrolled(&sandbox, "demo");
    let begun = Instant::now();
    while new.history().len() < 2 {
        assert!(begun.elapsed() < Duration::from_secs(10), "{} payments", new.history().len());
        std::thread::sleep(Duration::from_millis(10));
    }
    for told in [&scanned, &by_code] {
        let here = new.wallet().payment(told.id).unwrap();
        let facts = |p: &PaymentView| (p.status, p.network, p.scanned, p.merchant.clone(), p.home, p.reference.clone());
        assert_eq!(facts(&here), facts(told));
    }
    // And somebody else's phone hears nothing of it.
    let other = Phone::enrolled(&sandbox, "user:other");
    other.wallet().pushed().unwrap();
    while other.wire.sent("GET", "/v1/history") == 0 {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(other.history(), []);
}

#[test]
fn the_history_is_numbered_without_gaps_and_the_statement_is_what_the_books_say() {
    let sandbox = Sandbox::start();
    let device = Device::ready(&sandbox, "user:a");
    let other = Device::ready(&sandbox, "user:b");
    let mut keys = Vec::new();
    for device in [&device, &other, &device] {
        let request = device.pay_request(&device.terms("alipayplus", &yen_code(&sandbox), None));
        device.pay(&request);
        keys.push(request.key);
    }
    let refund = json!({ "key": keys[0].to_string(), "amount": "100" });
    assert_eq!(admin(&sandbox, "/admin/refunds", refund).0, 200);
    assert_eq!(admin(&sandbox, "/admin/cancels", json!({ "key": keys[2].to_string() })).0, 200);
    let history: HistoryResponse = device.get("/v1/history?since=0").json();
    assert_eq!(history.lines.iter().map(|line| line.n).collect::<Vec<_>>(), [1, 2, 3, 4]);
    let told: Vec<Id> = history.lines.iter().map(|line| line.answer.key).collect();
    assert_eq!((told, history.more), (vec![keys[0], keys[2], keys[0], keys[2]], false));
    let later: HistoryResponse = device.get("/v1/history?since=3").json();
    assert_eq!(later.lines, history.lines[3..]);
    assert!(later.lines[0].answer.beside.reversed.is_some());
    // The answer to the request itself stays the same bytes; what is asked for later says what stands beside it.
    let asked: Answer = device.get(&format!("/v1/payments/{}", keys[0])).json();
    assert_eq!(asked.beside.refunds.len(), 1);

    let all: Statement = device.get(&format!("/v1/statement?from=0&until={}", i64::MAX)).json();
    let minor = |sums: &[jigap::money::Money]| sums.iter().map(|sum| sum.minor()).collect::<Vec<_>>();
    assert_eq!(
        (minor(&all.charged), minor(&all.refunded), minor(&all.reversed)),
        (vec![23_356], vec![912], vec![11_678])
    );
    let none: Statement = device.get("/v1/statement?from=0&until=1").json();
    assert_eq!((none.charged, none.refunded, none.reversed), (vec![], vec![], vec![]));
}

#[test]
fn a_cancel_has_its_own_key_and_belongs_to_its_user() {
    let sandbox = Sandbox::start();
    let (device, other) = (Device::ready(&sandbox, "user:a"), Device::ready(&sandbox, "user:b"));
    let request = device.pay_request(&device.terms("alipayplus", &yen_code(&sandbox), None));
    let path = format!("/v1/payments/{}/cancel", request.key);
    let mut cancel = CancelRequest::of(request.key, CancelBy::User).unwrap();
    let tombstone: Answer = device.post(&path, &cancel).json();
    assert_eq!((tombstone.key, &tombstone.outcome), (request.key, &Outcome::Cancelled));
    assert_eq!(device.post(&path, &cancel).json::<Answer>(), tombstone, "twice is once");
    assert_eq!(device.pay(&request), tombstone, "whatever arrives finds it");
    assert_eq!(other.post(&path, &cancel).refused().1, "NOT_SEEN");
    cancel.key = new_id();
    assert_eq!(device.post(&path, &cancel).refused().1, "BODY_INVALID");
    ends(&sandbox, 0, 0, 0);
}

/// The day's sums are held against the gateway's statement when the day has closed. A gateway whose books and answers
/// differ is found, and the finding is shown; when they agree again it is gone.
#[test]
fn a_day_whose_sums_differ_is_a_finding() {
    let sandbox = Sandbox::start();
    let phone = Phone::ready(&sandbox);
    let payment = phone.pay(&yen_code(&sandbox));
    let paid_at = payment.paid_at.unwrap();
    // A charge that the wallet is never told of: the history leaves it out.
    let request = rusqlite::Connection::open(sandbox.folder.path().join("gateway.db")).unwrap();
    request.busy_timeout(Duration::from_secs(5)).unwrap();
    let device = Device::ready(&sandbox, "demo");
    let secret = device.pay_request(&device.terms("alipayplus", &yen_code(&sandbox), None));
    device.pay(&secret);
    request.execute("DELETE FROM changes WHERE line LIKE ?1", [format!("%{}%", secret.key)]).unwrap();

    // The day closes: half an hour into the next one, at UTC+8, on the gateway's clock.
    let left = late_cancel_ends(paid_at).since(paid_at);
    sandbox.fault(&format!(r#"{{"kind":"clock_offset","value":{}}}"#, left + 60_000));
    phone.wallet().refresh().wait().unwrap();
    phone.wallet().resumed();
    let begun = Instant::now();
    while phone.wallet().findings().unwrap().is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(10), "no finding");
        std::thread::sleep(Duration::from_millis(10));
    }
    let findings = phone.wallet().findings().unwrap();
    let Finding { day, moved, here, there } = &findings[0];
    let minor = |sums: &[jigap::money::Money]| sums.iter().map(|sum| sum.minor()).collect::<Vec<_>>();
    assert_eq!((*moved, minor(here), minor(there)), (Moved::Charged, vec![11_678], vec![23_356]));
    assert_eq!((late_cancel_ends(*day), findings.len()), (late_cancel_ends(paid_at), 1));
    assert_eq!(day.plus(8 * 3_600_000).0 % 86_400_000, 0, "midnight at UTC+8");
    assert!(*day <= paid_at && paid_at < ServerMs(day.0 + 86_400_000));
}
