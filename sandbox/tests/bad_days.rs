//! Bad days: the real wallet, its real transport and the gateway, and something goes wrong. Every time the error is
//! clear, the books balance, nothing is charged twice, and history still shows everything.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::string_slice,
    reason = "test code"
)]

mod common;

use common::phone::{At, PATIENCE, PIN, Phone, address, tells};
use common::{Sandbox, network};
use jigap::app::{Change, Checkout, Observer, PaymentView, Status};
use jigap::error::{Code, Error, NextAction};
use jigap::gateway::Address;
use jigap::payment::{Proof, ProofMethod};
use jigap::vault::VaultError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

fn yen_code(sandbox: &Sandbox) -> String {
    sandbox.code("kuromon", "alipayplus", Some("1280"))
}

/// What a payment tells: its status, and what is wrong with it.
fn problem(payment: &PaymentView) -> (Status, Code, NextAction) {
    let (code, next) = tells(payment.problem.as_ref().expect("a problem"));
    (payment.status, code, next)
}

fn paid(payment: &PaymentView) {
    assert_eq!((payment.status, &payment.problem), (Status::Paid, &None));
    assert!(payment.reference.is_some() && payment.paid_at.is_some());
}

/// The books balance, so many charges are in them, and this is what history shows, newest first.
fn ends(sandbox: &Sandbox, phone: &Phone, charges: usize, statuses: &[Status]) {
    assert_eq!(sandbox.sound_audit().charges.len(), charges);
    assert_eq!(phone.history().iter().map(|payment| payment.status).collect::<Vec<_>>(), statuses);
}

#[test]
fn a_wrong_pin_proves_nothing_and_too_many_lock() {
    let sandbox = Sandbox::start();
    let phone = Phone::ready(&sandbox);
    let preview = phone.prepare(&yen_code(&sandbox)).unwrap();
    let wrong = |pin: &[u8]| phone.pin.sign(pin, &preview.challenge).unwrap_err();
    let error = wrong(b"111111");
    assert_eq!(tells(&error), (Code::PinWrong, NextAction::Authenticate));
    assert_eq!(error.field("tries_left"), Some(2i64.into()));
    paid(&phone.settled(phone.commit(&preview).unwrap().id));
    // The right PIN has set the count back.
    let codes: Vec<_> = (0..3).map(|_| wrong(b"222222").code()).collect();
    assert_eq!(codes, [Code::PinWrong, Code::PinWrong, Code::PinLocked]);
    assert_eq!(tells(&wrong(PIN)), (Code::PinLocked, NextAction::ContactSupport));
    ends(&sandbox, &phone, 1, &[Status::Paid]);
}

#[test]
fn a_proof_for_another_preview_pays_nothing() {
    let sandbox = Sandbox::start();
    let phone = Phone::ready(&sandbox);
    let dear = phone.prepare(&sandbox.code("kuromon", "unionpay", Some("90000"))).unwrap();
    let cheap = phone.prepare(&yen_code(&sandbox)).unwrap();
    // The same order, quoted twice: even these two are not the same promise.
    let again = phone.prepare(&sandbox.code("kuromon", "unionpay", Some("90000"))).unwrap();
    for other in [&cheap, &again] {
        let error = phone.wallet().pay(dear.id, phone.proof(other)).wait().unwrap_err();
        assert_eq!(tells(&error), (Code::ProofInvalid, NextAction::Authenticate));
    }
    let mut unsigned = phone.proof(&dear);
    unsigned.signature.0.0.clear();
    assert_eq!(phone.wallet().pay(dear.id, unsigned).wait().unwrap_err().code(), Code::ProofInvalid);
    // The device's own key is not the user's.
    let device = jigap::vault::Vault::sign(phone.vault.as_ref(), &dear.challenge).unwrap();
    let forged = Proof { method: ProofMethod::Biometric, signature: device };
    assert_eq!(phone.wallet().pay(dear.id, forged).wait().unwrap_err().code(), Code::ProofInvalid);
    assert_eq!(phone.wire.sent("POST", "/v1/payments"), 0);
    ends(&sandbox, &phone, 0, &[]);
    paid(&phone.settled(phone.commit(&cheap).unwrap().id));
    ends(&sandbox, &phone, 1, &[Status::Paid]);
}

#[test]
fn a_quote_that_the_gateway_ended_is_declined_and_can_be_asked_for_anew() {
    let sandbox = Sandbox::start();
    let phone = Phone::ready(&sandbox);
    let code = yen_code(&sandbox);
    let preview = phone.prepare(&code).unwrap();
    sandbox.fault(r#"{"kind":"expire_quotes"}"#);
    let late = phone.settled(phone.commit(&preview).unwrap().id);
    assert_eq!(problem(&late), (Status::Declined, Code::QuoteExpired, NextAction::PrepareAgain));
    ends(&sandbox, &phone, 0, &[Status::Declined]);
    paid(&phone.pay(&code));
    ends(&sandbox, &phone, 1, &[Status::Paid, Status::Declined]);
}

/// R9: nothing is sent in the last two seconds of a quote.
#[test]
fn a_quote_that_ended_while_the_user_thought_is_not_even_sent() {
    // Nothing is sent in the last two seconds: this quote is good for six, and a busy machine may need some of them.
    let sandbox = Sandbox::start_with(|options| options.quote_ms = 8_000);
    let phone = Phone::ready(&sandbox);
    let preview = phone.prepare(&yen_code(&sandbox)).unwrap();
    assert!(preview.expires_in_ms <= 8_000);
    std::thread::sleep(Duration::from_millis(6_100));
    let error = phone.commit(&preview).unwrap_err();
    assert_eq!(tells(&error), (Code::QuoteExpired, NextAction::PrepareAgain));
    assert_eq!(phone.wire.sent("POST", "/v1/payments"), 0);
    ends(&sandbox, &phone, 0, &[]);
    paid(&phone.pay(&yen_code(&sandbox)));
    ends(&sandbox, &phone, 1, &[Status::Paid]);
}

#[test]
fn too_little_money_is_said_and_nothing_is_charged() {
    let sandbox = Sandbox::start();
    let phone = Phone::ready(&sandbox);
    sandbox.fault(r#"{"kind":"set_balance","user":"demo","value":11677}"#);
    let code = yen_code(&sandbox);
    let poor = phone.pay(&code);
    assert_eq!(problem(&poor), (Status::Declined, Code::BalanceInsufficient, NextAction::TopUp));
    sandbox.fault(r#"{"kind":"set_balance","user":"demo","value":11678}"#);
    paid(&phone.pay(&code));
    phone.wallet().refresh().wait().unwrap();
    assert_eq!(phone.wallet().balance().unwrap().amount.minor(), 0);
    ends(&sandbox, &phone, 1, &[Status::Paid, Status::Declined]);
}

#[test]
fn a_code_that_nobody_here_carries_is_refused_before_anything_leaves() {
    let sandbox = Sandbox::start();
    let phone = Phone::ready(&sandbox);
    // A shop's QRIS code of Indonesia, from the public vectors of the core.
    let foreign = "00020101021126670016COM.NOBUBANK.WWW01189360050300000879140214107456374359710303UMI51440014ID.CO.QRIS.WWW\
                   0215ID20232494105490303UMI5204511153033605802ID5912YANAMIKUBOTZ6005TEGAL61055211162070703A016304F0A6";
    let error = phone.prepare(foreign).unwrap_err();
    assert_eq!(tells(&error), (Code::CodeUnsupported, NextAction::ChooseNetwork));
    // A network of this wallet that does not carry this code, and one that this wallet does not have.
    for name in ["unionpay", "somebody"] {
        let chosen = Checkout { code: yen_code(&sandbox), network: Some(network(name)), amount: None };
        assert_eq!(phone.wallet().prepare(chosen).wait().unwrap_err().code(), Code::CodeUnsupported);
    }
    assert_eq!(
        phone.wallet().consent_request(network("somebody"), "ko".to_owned()).wait().unwrap_err().code(),
        Code::NetworkUnknown
    );
    // One that looks right, but that the network has never heard of.
    let unheard = phone.prepare("https://alipay.com/281002049999999999999999").unwrap_err();
    assert_eq!(tells(&unheard), (Code::CodeUnsupported, NextAction::ChooseNetwork));
    assert_eq!(phone.wire.sent("POST", "/v1/checkouts"), 1);
    ends(&sandbox, &phone, 0, &[]);
}

#[test]
fn a_damaged_code_is_refused_before_anything_leaves() {
    let sandbox = Sandbox::start();
    let phone = Phone::ready(&sandbox);
    let code = sandbox.code("kuromon", "unionpay", Some("1280"));
    let (body, crc) = code.split_at(code.len() - 4);
    let other: String = crc.chars().map(|c| if c == '0' { '1' } else { '0' }).collect();
    let dearer = code.replacen("54041280", "54049280", 1);
    assert_ne!(dearer, code);
    for damaged in [format!("{body}{other}"), dearer, body.to_owned(), code[..40].to_owned()] {
        let error = phone.prepare(&damaged).unwrap_err();
        assert_eq!(tells(&error), (Code::CodeMalformed, NextAction::ScanAgain), "{damaged}");
    }
    assert_eq!(phone.wire.sent("POST", "/v1/checkouts"), 0);
    paid(&phone.pay(&code));
    ends(&sandbox, &phone, 1, &[Status::Paid]);
}

#[test]
fn an_unreachable_gateway_was_surely_not_sent_to_and_may_be_paid_again() {
    let mut sandbox = Sandbox::start();
    let phone = Phone::ready(&sandbox);
    let code = yen_code(&sandbox);
    let preview = phone.prepare(&code).unwrap();
    sandbox.stop();
    // Uses up the connection that was kept open: from here on there is none.
    assert_eq!(phone.wallet().refresh().wait().unwrap_err().code(), Code::GatewayUnreachable);
    let payment = phone.settled(phone.commit(&preview).unwrap().id);
    assert_eq!(problem(&payment), (Status::NotSent, Code::NotSent, NextAction::CheckConnection));
    assert!(Code::NotSent.retryable());
    let error = phone.prepare(&code).unwrap_err();
    assert_eq!(tells(&error), (Code::GatewayUnreachable, NextAction::CheckConnection));
    sandbox.back();
    // The same preview is the same payment, and that one has ended.
    assert_eq!(phone.commit(&preview).unwrap().status, Status::NotSent);
    paid(&phone.pay(&code));
    ends(&sandbox, &phone, 1, &[Status::Paid, Status::NotSent]);
}

#[test]
fn a_lost_answer_is_checked_until_it_is_known_and_charged_once() {
    let sandbox = Sandbox::start();
    let phone = Phone::ready(&sandbox);
    sandbox.fault(r#"{"kind":"drop_answer","method":"POST","path":"/v1/payments"}"#);
    phone.wire.hold("GET", "/v1/payments", At::Leaving);
    let payment = phone.commit(&phone.prepare(&yen_code(&sandbox)).unwrap()).unwrap();
    phone.wire.wait_held(1);
    // It was charged, and the wallet does not know: it does not say that it failed.
    let checking = phone.wallet().payment(payment.id).unwrap();
    assert_eq!(problem(&checking), (Status::Checking, Code::Checking, NextAction::Wait));
    let impatient = phone.wallet().settled(payment.id, Duration::from_millis(50)).wait().unwrap();
    assert_eq!(impatient.status, Status::Checking);
    ends(&sandbox, &phone, 1, &[Status::Checking]);
    phone.wire.release();
    paid(&phone.settled(payment.id));
    assert_eq!(phone.wire.sent("POST", "/v1/payments"), 1);
    ends(&sandbox, &phone, 1, &[Status::Paid]);
}

/// R2: the same bytes under the same key.
#[test]
fn a_request_that_never_arrived_goes_again_with_the_same_key() {
    let sandbox = Sandbox::start();
    let phone = Phone::ready(&sandbox);
    sandbox.fault(r#"{"kind":"drop_request","method":"POST","path":"/v1/payments","times":2}"#);
    paid(&phone.pay(&yen_code(&sandbox)));
    assert_eq!(phone.wire.sent("POST", "/v1/payments"), 3);
    ends(&sandbox, &phone, 1, &[Status::Paid]);
}

/// The wallet is opened again while an answer is on its way to its former self: both hear of the same payment.
fn heard_twice(fault: &str) -> (Sandbox, Phone, PaymentView) {
    let sandbox = Sandbox::start();
    let mut phone = Phone::ready(&sandbox);
    phone.wire.hold("POST", "/v1/payments", At::Returning);
    let payment = phone.commit(&phone.prepare(&yen_code(&sandbox)).unwrap()).unwrap();
    phone.wire.wait_held(1);
    if !fault.is_empty() {
        sandbox.fault(fault);
    }
    let old = phone.new_wire(&sandbox);
    phone.open().unwrap();
    let first = phone.settled(payment.id);
    assert_eq!(sandbox.sound_audit().charges.len(), 1);
    old.release();
    (sandbox, phone, first)
}

#[test]
fn the_same_answer_twice_is_one() {
    let (sandbox, phone, first) = heard_twice("");
    paid(&first);
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(phone.wallet().payment(first.id).unwrap(), first);
    ends(&sandbox, &phone, 1, &[Status::Paid]);
}

#[test]
fn answers_that_contradict_each_other_are_for_people_to_look_at() {
    let fault = r#"{"kind":"contradict_answer","method":"GET","path":"/v1/payments/*"}"#;
    // Whichever came first, the question's answer or the history's.
    let (sandbox, phone, first) = heard_twice(fault);
    let conflict = phone.wait_for(first.id, |view| view.status == Status::Conflict);
    assert_eq!(problem(&conflict), (Status::Conflict, Code::PaymentConflict, NextAction::ContactSupport));
    ends(&sandbox, &phone, 1, &[Status::Conflict]);
}

#[test]
fn a_wrong_certificate_gets_nothing() {
    let sandbox = Sandbox::start();
    let phone = Phone::ready(&sandbox);
    let code = yen_code(&sandbox);
    let preview = phone.prepare(&code).unwrap();
    let (right, impostor) = (address(&sandbox), Sandbox::start());
    // The gateway's own address, but who answers there cannot show a certificate of the authority we trust.
    let wrong = Address { roots_pem: address(&impostor).roots_pem, ..right.clone() };
    phone.wire.turn_to(&wrong);
    let payment = phone.settled(phone.commit(&preview).unwrap().id);
    assert_eq!(problem(&payment), (Status::NotSent, Code::GatewayUntrusted, NextAction::CheckConnection));
    let error = phone.prepare(&code).unwrap_err();
    assert_eq!(tells(&error), (Code::GatewayUntrusted, NextAction::CheckConnection));
    ends(&sandbox, &phone, 0, &[Status::NotSent]);
    // An impostor with a certificate of its own, who would have taken the money.
    phone.wire.turn_to(&Address { url: address(&impostor).url, ..right.clone() });
    assert_eq!(phone.prepare(&code).unwrap_err().code(), Code::GatewayUntrusted);
    assert!(impostor.sound_audit().orders.iter().all(|order| order.charges == 0));
    phone.wire.turn_to(&right);
    paid(&phone.pay(&code));
    ends(&sandbox, &phone, 1, &[Status::Paid, Status::NotSent]);
}

/// R6: eight taps are one intent.
#[test]
fn one_preview_paid_eight_times_at_once_is_one_payment() {
    let sandbox = Sandbox::start();
    let phone = Phone::ready(&sandbox);
    let preview = phone.prepare(&yen_code(&sandbox)).unwrap();
    let tickets: Vec<_> = (0..8).map(|_| phone.wallet().pay(preview.id, phone.proof(&preview))).collect();
    let payments: Vec<PaymentView> = tickets.into_iter().map(|ticket| ticket.wait().unwrap()).collect();
    assert!(payments.iter().all(|payment| payment.id == payments[0].id));
    paid(&phone.settled(payments[0].id));
    // And once more after it is paid.
    paid(&phone.commit(&preview).unwrap());
    assert_eq!(phone.wire.sent("POST", "/v1/payments"), 1);
    ends(&sandbox, &phone, 1, &[Status::Paid]);
}

#[test]
fn two_previews_of_one_order_are_one_payment() {
    let sandbox = Sandbox::start();
    let phone = Phone::ready(&sandbox);
    let code = yen_code(&sandbox);
    let previews = [phone.prepare(&code).unwrap(), phone.prepare(&code).unwrap(), phone.prepare(&code).unwrap()];
    assert_ne!(previews[0].id, previews[1].id);
    let tickets: Vec<_> = previews[..2].iter().map(|one| phone.wallet().pay(one.id, phone.proof(one))).collect();
    let ids: Vec<_> = tickets.into_iter().map(|ticket| ticket.wait().unwrap().id).collect();
    assert_eq!(ids[0], ids[1]);
    paid(&phone.settled(ids[0]));
    assert_eq!(phone.commit(&previews[2]).unwrap().id, ids[0], "it is paid already");
    assert_eq!(phone.wire.sent("POST", "/v1/payments"), 1);
    let closed = phone.prepare(&code).unwrap_err();
    assert_eq!(tells(&closed), (Code::OrderClosed, NextAction::ScanAgain));
    ends(&sandbox, &phone, 1, &[Status::Paid]);
}

#[test]
fn a_wallet_closed_before_the_request_left_finishes_after_it_is_opened() {
    let sandbox = Sandbox::start();
    let mut phone = Phone::ready(&sandbox);
    phone.wire.hold("POST", "/v1/payments", At::Leaving);
    let payment = phone.commit(&phone.prepare(&yen_code(&sandbox)).unwrap()).unwrap();
    phone.wire.wait_held(1);
    let old = phone.new_wire(&sandbox);
    phone.open().unwrap();
    paid(&phone.settled(payment.id));
    // The former self wakes up and sends after all: the same key, so nothing more happens.
    old.release();
    std::thread::sleep(Duration::from_millis(300));
    paid(&phone.wallet().payment(payment.id).unwrap());
    ends(&sandbox, &phone, 1, &[Status::Paid]);
}

/// R12: asked about first.
#[test]
fn a_wallet_closed_between_request_and_lost_answer_finishes_after_it_is_opened() {
    let sandbox = Sandbox::start();
    let mut phone = Phone::ready(&sandbox);
    sandbox.fault(r#"{"kind":"drop_answer","method":"POST","path":"/v1/payments"}"#);
    phone.wire.hold("GET", "/v1/payments", At::Leaving);
    let payment = phone.commit(&phone.prepare(&yen_code(&sandbox)).unwrap()).unwrap();
    phone.wire.wait_held(1);
    phone.new_wire(&sandbox);
    phone.close();
    phone.open().unwrap();
    paid(&phone.settled(payment.id));
    assert_eq!(phone.wire.sent("POST", "/v1/payments"), 0, "asked first, and that was enough");
    ends(&sandbox, &phone, 1, &[Status::Paid]);
}

/// The database in one file, and no thread of a closed wallet that still writes to it.
fn settle_file(phone: &Phone) -> std::path::PathBuf {
    let file = phone.wallet_folder().join("wallet.db");
    let until = Instant::now() + PATIENCE;
    loop {
        let raw = rusqlite::Connection::open(&file).unwrap();
        let busy: i64 = raw.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).unwrap();
        drop(raw);
        if busy == 0 && std::fs::metadata(file.with_extension("db-wal")).map_or(0, |log| log.len()) == 0 {
            return file;
        }
        assert!(Instant::now() < until, "the log stays");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_flipped_byte_in_the_database_is_said_and_the_file_is_kept() {
    let sandbox = Sandbox::start();
    let mut phone = Phone::ready(&sandbox);
    paid(&phone.pay(&yen_code(&sandbox)));
    phone.close();
    std::thread::sleep(Duration::from_millis(300));
    let file = settle_file(&phone);
    let whole = std::fs::read(&file).unwrap();
    let state = whole.windows(9).rposition(|bytes| bytes == b"succeeded").unwrap();
    for at in [state, 0, whole.len() / 2] {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x20;
        std::fs::write(&file, &flipped).unwrap();
        match phone.open().and_then(|()| phone.wallet().history(None, 10).map(|_| ())) {
            Err(error) => assert_eq!(tells(&error), (Code::StoreDamaged, NextAction::ContactSupport), "byte {at}"),
            // A byte that nothing uses.
            Ok(()) => assert_eq!(at, whole.len() / 2),
        }
        phone.close();
        std::thread::sleep(Duration::from_millis(300));
        if at == state {
            assert!(std::fs::read(&file).unwrap() == flipped, "it is kept as it is");
        }
    }
    std::fs::write(&file, &whole).unwrap();
    phone.open().unwrap();
    ends(&sandbox, &phone, 1, &[Status::Paid]);
}

#[test]
fn a_vault_that_does_not_open_is_said_and_the_wallet_is_kept() {
    let sandbox = Sandbox::start();
    let mut phone = Phone::ready(&sandbox);
    paid(&phone.pay(&yen_code(&sandbox)));
    phone.close();
    for (mood, code, next) in [
        (VaultError::Refused, Code::VaultRefused, NextAction::UnlockDevice),
        (VaultError::Unavailable, Code::VaultUnavailable, NextAction::UnlockDevice),
        (VaultError::KeyLost, Code::VaultKeyLost, NextAction::Enrol),
    ] {
        phone.vault.set(Some(mood));
        assert_eq!(tells(&phone.open().unwrap_err()), (code, next));
    }
    phone.vault.set(None);
    phone.open().unwrap();
    paid(&phone.pay(&yen_code(&sandbox)));
    ends(&sandbox, &phone, 2, &[Status::Paid, Status::Paid]);
}

#[test]
fn a_vault_that_falls_asleep_before_paying_has_sent_nothing() {
    let sandbox = Sandbox::start();
    let phone = Phone::ready(&sandbox);
    let code = yen_code(&sandbox);
    let preview = phone.prepare(&code).unwrap();
    phone.vault.set(Some(VaultError::Unavailable));
    let payment = phone.settled(phone.commit(&preview).unwrap().id);
    assert_eq!(problem(&payment), (Status::NotSent, Code::VaultUnavailable, NextAction::UnlockDevice));
    assert_eq!(phone.wire.sent("POST", "/v1/payments"), 0);
    // What needs the device's key says so; what does not goes on.
    assert_eq!(phone.prepare(&code).unwrap_err().code(), Code::VaultUnavailable);
    assert_eq!(phone.wallet().withdraw_consent(network("unionpay")).wait().unwrap_err().code(), Code::VaultUnavailable);
    ends(&sandbox, &phone, 0, &[Status::NotSent]);
    phone.vault.set(None);
    paid(&phone.pay(&code));
    ends(&sandbox, &phone, 1, &[Status::Paid, Status::NotSent]);
}

#[test]
fn a_vault_that_falls_asleep_while_an_answer_is_missing_delays_and_loses_nothing() {
    let sandbox = Sandbox::start();
    let phone = Phone::ready(&sandbox);
    sandbox.fault(r#"{"kind":"drop_answer","method":"POST","path":"/v1/payments"}"#);
    phone.wire.hold("POST", "/v1/payments", At::Returning);
    let payment = phone.commit(&phone.prepare(&yen_code(&sandbox)).unwrap()).unwrap();
    phone.wire.wait_held(1);
    phone.vault.set(Some(VaultError::Refused));
    phone.wire.release();
    let checking = phone.wallet().settled(payment.id, Duration::from_millis(1_500)).wait().unwrap();
    assert_eq!(problem(&checking), (Status::Checking, Code::Checking, NextAction::Wait));
    phone.vault.set(None);
    paid(&phone.settled(payment.id));
    ends(&sandbox, &phone, 1, &[Status::Paid]);
}

fn consent_needed(error: &Error) {
    assert_eq!(tells(error), (Code::ConsentNeeded, NextAction::AskConsent));
    assert_eq!(error.field("network"), Some(network("alipayplus").into()));
}

#[test]
fn a_consent_withdrawn_before_paying_stops_the_payment() {
    let sandbox = Sandbox::start();
    let phone = Phone::ready(&sandbox);
    let preview = phone.prepare(&yen_code(&sandbox)).unwrap();
    phone.wallet().withdraw_consent(network("alipayplus")).wait().unwrap();
    consent_needed(&phone.commit(&preview).unwrap_err());
    assert_eq!(phone.wire.sent("POST", "/v1/payments"), 0);
    ends(&sandbox, &phone, 0, &[]);
    // Agreed again: the terms are the same, and the new record is the one that counts.
    phone.answer("alipayplus", true);
    paid(&phone.settled(phone.commit(&preview).unwrap().id));
    ends(&sandbox, &phone, 1, &[Status::Paid]);
}

#[test]
fn a_consent_withdrawn_after_the_commit_and_before_the_sending_stops_the_sending() {
    let sandbox = Sandbox::start();
    let phone = Phone::ready(&sandbox);
    let preview = phone.prepare(&yen_code(&sandbox)).unwrap();
    // Both of the engine's threads are kept busy by questions about two shown codes.
    phone.wire.hold("GET", "/v1/codes/", At::Leaving);
    for _ in 0..2 {
        phone.wallet().show(network("alipayplus"), "JP".to_owned()).wait().unwrap();
    }
    phone.wire.wait_held(2);
    let payment = phone.commit(&preview).unwrap();
    assert_eq!(payment.status, Status::Checking);
    phone.wallet().withdraw_consent(network("alipayplus")).wait().unwrap();
    phone.wire.release();
    let stopped = phone.settled(payment.id);
    assert_eq!(stopped.status, Status::NotSent);
    consent_needed(stopped.problem.as_ref().unwrap());
    assert_eq!(phone.wire.sent("POST", "/v1/payments"), 0);
    ends(&sandbox, &phone, 0, &[Status::NotSent]);
}

struct Faint(AtomicUsize);

impl Observer for Faint {
    fn changed(&self, _: &[Change]) {
        self.0.fetch_add(1, Ordering::SeqCst);
        panic!("an observer of the app's own");
    }
}

#[derive(Default)]
struct Diary(Mutex<Vec<Change>>);

impl Observer for Diary {
    fn changed(&self, changes: &[Change]) {
        self.0.lock().unwrap().extend(changes);
    }
}

#[test]
fn an_observer_that_panics_harms_nobody() {
    let sandbox = Sandbox::start();
    let phone = Phone::ready(&sandbox);
    let (faint, diary) = (Arc::new(Faint(AtomicUsize::new(0))), Arc::new(Diary::default()));
    let _first = phone.wallet().observe(Arc::clone(&faint) as Arc<dyn Observer>);
    let second = phone.wallet().observe(Arc::clone(&diary) as Arc<dyn Observer>);
    let payment = phone.pay(&yen_code(&sandbox));
    paid(&payment);
    paid(&phone.pay(&yen_code(&sandbox)));
    assert!(faint.0.load(Ordering::SeqCst) > 1, "it is told again");
    assert!(diary.0.lock().unwrap().contains(&Change::Payment(payment.id)));
    drop(second);
    // The round that was under way may still have told it.
    std::thread::sleep(Duration::from_millis(300));
    let before = diary.0.lock().unwrap().len();
    paid(&phone.pay(&yen_code(&sandbox)));
    assert_eq!(diary.0.lock().unwrap().len(), before, "who unsubscribed hears no more");
    ends(&sandbox, &phone, 3, &[Status::Paid; 3]);
}

/// Everything that was returned, as a careless app would log it.
#[derive(Default)]
struct Log(String);

impl Log {
    fn put<T: std::fmt::Debug>(&mut self, returned: T) -> T {
        self.0.push_str(&format!("{returned:?}\n{returned:#?}\n"));
        returned
    }

    fn error<T: std::fmt::Debug>(&mut self, result: Result<T, Error>) {
        let error = self.put(result).unwrap_err();
        self.0.push_str(&format!("{error} {:?}\n", error.fields()));
    }
}

#[test]
fn nothing_that_is_returned_says_a_secret_in_a_log() {
    let sandbox = Sandbox::start();
    let token = "user:planted-user-token";
    let phone = Phone::enrolled(&sandbox, token);
    let mut log = Log::default();
    let wallet = phone.wallet();
    let code = yen_code(&sandbox);
    let merchant_code = sandbox.code("kuromon", "unionpay", Some("1280"));
    let checkout = |code: &str| Checkout { code: code.to_owned(), network: None, amount: None };
    log.put(wallet);
    log.put(wallet.read(&code).unwrap());
    log.put(wallet.read(&merchant_code).unwrap());
    let first = log.put(checkout(&code));
    log.error(wallet.prepare(first).wait());
    log.error(
        Phone::enrolled(&sandbox, token)
            .wallet()
            .enrol("refused-planted".to_owned(), phone.pin.public().unwrap())
            .wait(),
    );
    log.put(wallet.networks().unwrap());
    phone.answer("alipayplus", true);
    phone.answer("unionpay", true);
    log.error(phone.pin.sign(b"000000", b"challenge"));
    log.error(wallet.prepare(checkout(&merchant_code[..60])).wait());
    let preview = log.put(phone.prepare(&code).unwrap());
    log.put(phone.proof(&preview));
    let ticket = log.put(wallet.pay(preview.id, phone.proof(&preview)));
    let payment = log.put(ticket.wait().unwrap());
    let payment = log.put(phone.settled(payment.id));
    paid(&payment);
    sandbox.fault(r#"{"kind":"set_balance","user":"planted-user-token","value":1}"#);
    log.put(phone.pay(&merchant_code));
    let small = phone.prepare(&sandbox.code("kuromon", "unionpay", Some("5"))).unwrap();
    log.error(wallet.pay(small.id, phone.proof(&preview)).wait());
    log.put(wallet.history(None, 10).unwrap());
    let shown = log.put(wallet.show(network("unionpay"), "CN".to_owned()).wait().unwrap());
    sandbox.scan(&shown.digits, "28.50");
    log.put(wallet.shown_result(shown.id, PATIENCE).wait().unwrap());
    log.put(&phone.pin);
    log.put(wallet.balance().unwrap());
    let secrets = [
        "planted",
        "907541",
        "Kuromon",
        "黒門",
        "Osaka",
        "West Lake",
        &code,
        code.rsplit('/').next().unwrap(),
        &merchant_code,
        &shown.digits,
        &shown.masked,
        payment.reference.as_deref().unwrap(),
        "11678",
    ];
    for secret in secrets {
        assert!(!log.0.contains(secret), "{secret} in\n{}", log.0);
    }
    assert!(log.0.contains("PROOF_INVALID") && log.0.contains("PaymentView"), "what is returned was logged");
}
