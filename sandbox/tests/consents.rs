//! The journeys of a consent, against a running gateway.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "test code"
)]

mod common;

use common::phone::{At, PIN, Phone, tells};
use common::{Sandbox, network};
use jigap::app::{ConsentAnswer, ConsentRequest, KeptReason, LogStatus, Status};
use jigap::consent::{Basis, LogFault, Shown, Signed};
use jigap::crypto::Digest;
use jigap::error::{Code, Error, NextAction};
use jigap::payment::{Proof, ProofMethod};
use serde_json::Value;

fn asked(phone: &Phone, name: &str) -> ConsentRequest {
    phone.wallet().consent_request(network(name), "en".to_owned()).wait().unwrap()
}

fn answer(request: &ConsentRequest, agreed: bool, choices: Vec<(Digest, bool)>) -> ConsentAnswer {
    let shown =
        Shown { locale: "en".to_owned(), font_pt: 14, scrolled_to_end: true, dwell_ms: 5_000, ..Shown::default() };
    let document = request.main.document;
    ConsentAnswer { network: request.network, document, agreed, choices, shown, proof: None, guardian: None }
}

fn give(phone: &Phone, answer: ConsentAnswer) -> Result<(), Error> {
    phone.wallet().answer_consent(answer).wait()
}

/// The kinds of the events so far, with network and purpose, but for the log's acknowledgements, which come when they come.
fn history(phone: &Phone) -> Vec<String> {
    let export: Value = serde_json::from_str(&phone.wallet().export_consents().wait().unwrap().json).unwrap();
    let mut events: Vec<(usize, String)> = Vec::new();
    let order: Vec<Digest> = export["content"]["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| {
            let bytes: jigap::crypto::Blob = serde_json::from_value(e["bytes"].clone()).unwrap();
            Digest::of(&bytes.0)
        })
        .collect();
    for record in export["content"]["records"].as_array().unwrap() {
        let purpose = &record["pii_processing"]["purposes"][0];
        for event in record["event"].as_array().unwrap() {
            let digest = Digest::parse(event["digest"].as_str().unwrap()).unwrap();
            let at = order.iter().position(|d| *d == digest).unwrap();
            let words =
                [&purpose["services"][0], &purpose["purpose_type"], &event["kind"]].map(|w| w.as_str().unwrap());
            events.push((at, words.join(" ")));
        }
    }
    events.sort();
    events.into_iter().map(|(_, text)| text).filter(|text| !text.ends_with("acknowledged")).collect()
}

fn needed(error: &Error, name: &str) {
    assert_eq!(tells(error), (Code::ConsentNeeded, NextAction::AskConsent));
    assert_eq!(error.field("network"), Some(network(name).into()));
}

#[test]
fn the_first_payment_abroad_asks_first_and_keeps_the_optional_apart() {
    let sandbox = Sandbox::start();
    let phone = Phone::enrolled(&sandbox, "demo");
    let code = sandbox.code("kuromon", "alipayplus", Some("1280"));
    needed(&phone.prepare(&code).unwrap_err(), "alipayplus");
    let request = asked(&phone, "alipayplus");
    let main = &request.main;
    assert_eq!((main.required, main.basis, main.purpose.as_str()), (true, Basis::Transfer, "payment"));
    assert_eq!(
        main.sections.iter().map(|s| s.name).collect::<Vec<_>>(),
        ["items", "transfer", "recipient", "purpose", "refusal"]
    );
    let marked: Vec<_> = main.sections.iter().filter(|s| s.emphasised).map(|s| s.name).collect();
    assert_eq!(marked, ["items", "recipient", "purpose"]);
    let [coupons] = request.optional.as_slice() else { panic!("{:?}", request.optional) };
    assert_eq!((coupons.required, coupons.basis, coupons.purpose.as_str()), (false, Basis::Provision, "coupons"));
    // Nothing is ticked beforehand.
    assert!(!main.granted && !coupons.granted && !request.guardian);
    // Saying nothing about the optional one is not agreeing to it.
    give(&phone, answer(&request, true, vec![])).unwrap();
    assert_eq!(phone.pay(&code).status, Status::Paid);
    let request = asked(&phone, "alipayplus");
    assert!(request.main.granted && !request.optional[0].granted);
    give(&phone, answer(&request, true, vec![(coupons.document, true)])).unwrap();
    assert!(asked(&phone, "alipayplus").optional[0].granted);
    // And taken back alone, while paying goes on.
    phone.wallet().withdraw_purpose(network("alipayplus"), "coupons".to_owned()).wait().unwrap();
    let request = asked(&phone, "alipayplus");
    assert!(request.main.granted && !request.optional[0].granted);
    assert_eq!(
        history(&phone),
        [
            "alipayplus payment presented",
            "alipayplus coupons presented",
            "alipayplus payment granted",
            "alipayplus coupons granted",
            "alipayplus coupons withdrawn",
            "alipayplus coupons presented",
        ]
    );
}

#[test]
fn a_refusal_is_kept_and_nothing_goes() {
    let sandbox = Sandbox::start();
    let phone = Phone::enrolled(&sandbox, "demo");
    let request = asked(&phone, "unionpay");
    // Looking again is one presentation.
    asked(&phone, "unionpay");
    give(&phone, answer(&request, false, vec![])).unwrap();
    let code = sandbox.code("westlake", "unionpay", Some("15"));
    needed(&phone.prepare(&code).unwrap_err(), "unionpay");
    needed(&phone.wallet().show(network("unionpay"), "CN".to_owned()).wait().unwrap_err(), "unionpay");
    assert_eq!(
        history(&phone),
        ["unionpay payment presented", "unionpay statistics presented", "unionpay payment declined"]
    );
    assert_eq!(sandbox.admin("GET", "/admin/transfers", "").1, Value::Array(vec![]));
    // The other network is untouched by it.
    phone.answer("alipayplus", true);
    assert_eq!(phone.pay(&sandbox.code("kuromon", "alipayplus", Some("1280"))).status, Status::Paid);
    needed(&phone.prepare(&code).unwrap_err(), "unionpay");
}

#[test]
fn a_withdrawal_in_mid_payment_stops_what_comes_and_finishes_what_left() {
    let sandbox = Sandbox::start();
    let mut phone = Phone::ready(&sandbox);
    let code = sandbox.code("kuromon", "alipayplus", Some("1280"));
    let next = sandbox.code("kuromon", "alipayplus", Some("500"));
    // Codes are fetched ahead: one was on screen, two never were.
    let on_screen = phone.wallet().show(network("alipayplus"), "JP".to_owned()).wait().unwrap();
    let prepared = phone.prepare(&next).unwrap();
    let preview = phone.prepare(&code).unwrap();
    phone.wire.hold("POST", "/v1/payments", At::Returning);
    let payment = phone.commit(&preview).unwrap();
    phone.wire.wait_held(1);
    phone.wallet().withdraw_consent(network("alipayplus")).wait().unwrap();
    // In force at once, for codes that were fetched before too, and although the gateway cannot know it yet.
    needed(&phone.prepare(&code).unwrap_err(), "alipayplus");
    needed(&phone.commit(&prepared).unwrap_err(), "alipayplus");
    needed(&phone.wallet().show(network("alipayplus"), "JP".to_owned()).wait().unwrap_err(), "alipayplus");
    phone.wire.release();
    assert_eq!(phone.settled(payment.id).status, Status::Paid);
    // And over a restart.
    phone.open().unwrap();
    assert_eq!(phone.history().len(), 1);
    needed(&phone.prepare(&code).unwrap_err(), "alipayplus");
    // The shop that held the code on screen gets nothing once the gateway has heard.
    phone.prepare(&sandbox.code("westlake", "unionpay", Some("15"))).unwrap();
    let (_, scanned) = sandbox.scan(&on_screen.digits, "300");
    assert_eq!(scanned["answer"]["reason"], "CONSENT_MISSING");
    sandbox.sound_audit();
}

#[test]
fn another_document_is_asked_anew() {
    let sandbox = Sandbox::start();
    let phone = Phone::ready(&sandbox);
    let code = sandbox.code("kuromon", "alipayplus", Some("1280"));
    let before = asked(&phone, "alipayplus");
    sandbox.fault(r#"{"kind":"revise_document","network":"alipayplus"}"#);
    // The wallet does not know yet: the gateway refuses, and from then on it does.
    needed(&phone.prepare(&code).unwrap_err(), "alipayplus");
    assert!(phone.wallet().networks().unwrap().iter().all(|n| n.consented == (n.network == network("unionpay"))));
    assert_eq!(give(&phone, answer(&before, true, vec![])).unwrap_err().code(), Code::ConsentDocumentChanged);
    let request = asked(&phone, "alipayplus");
    assert_ne!(request.main.document, before.main.document);
    assert!(!request.main.granted);
    give(&phone, answer(&request, true, vec![])).unwrap();
    assert_eq!(phone.pay(&code).status, Status::Paid);
    let events = history(&phone);
    let ours: Vec<&str> = events.iter().filter_map(|e| e.strip_prefix("alipayplus payment ")).collect();
    assert_eq!(ours, ["presented", "granted", "superseded", "presented", "granted"]);
}

#[test]
fn a_regulators_order_stops_everything_at_once_and_its_end_lets_it_go_on() {
    let sandbox = Sandbox::start();
    let phone = Phone::ready(&sandbox);
    let code = sandbox.code("kuromon", "alipayplus", Some("1280"));
    phone.wallet().show(network("alipayplus"), "JP".to_owned()).wait().unwrap();
    let preview = phone.prepare(&code).unwrap();
    sandbox.fault(r#"{"kind":"suspend","network":"alipayplus"}"#);
    let suspended = |error: &Error| assert_eq!(tells(error), (Code::TransfersSuspended, NextAction::ChooseNetwork));
    // The gateway is the first to know, and tells.
    suspended(&phone.prepare(&code).unwrap_err());
    // From here on the wallet knows by itself: nothing is asked, no prefetched code is shown, no preview is paid.
    let sent = phone.wire.recorded().len();
    suspended(&phone.prepare(&code).unwrap_err());
    suspended(&phone.commit(&preview).unwrap_err());
    suspended(&phone.wallet().show(network("alipayplus"), "JP".to_owned()).wait().unwrap_err());
    suspended(&phone.wallet().consent_request(network("alipayplus"), "en".to_owned()).wait().unwrap_err());
    let later = phone.wire.recorded();
    assert!(later[sent..].iter().all(|r| r.method == "GET"), "{:?}", &later[sent..]);
    let networks = phone.wallet().networks().unwrap();
    assert!(networks.iter().all(|n| n.suspended == (n.network == network("alipayplus"))));
    assert_eq!(phone.pay(&sandbox.code("westlake", "unionpay", Some("15"))).status, Status::Paid);
    sandbox.fault(r#"{"kind":"resume","network":"alipayplus"}"#);
    phone.wallet().refresh().wait().unwrap();
    // What was agreed is still agreed.
    assert_eq!(phone.pay(&code).status, Status::Paid);
}

#[test]
fn a_child_needs_the_guardian() {
    let sandbox = Sandbox::start();
    let phone = Phone::enrolled(&sandbox, "user:child-minsu");
    let request = asked(&phone, "unionpay");
    assert!(request.guardian);
    let yes = answer(&request, true, vec![]);
    assert_eq!(tells(&give(&phone, yes.clone()).unwrap_err()), (Code::GuardianNeeded, NextAction::ContactSupport));
    let confirmed = |device: String| -> Signed {
        let body = serde_json::json!({ "device": device, "network": "unionpay" });
        let (status, signed) = sandbox.admin("POST", "/admin/guardian", &body.to_string());
        assert_eq!(status, 200);
        serde_json::from_value(signed).unwrap()
    };
    let foreign = ConsentAnswer { guardian: Some(confirmed("00".repeat(16))), ..yes.clone() };
    let refused = give(&phone, foreign).unwrap_err();
    assert_eq!((refused.code(), refused.field("part")), (Code::GuardianNeeded, Some("device".into())));
    let mut forged = confirmed(request.device.to_string());
    forged.bytes.0.push(b' ');
    let refused = give(&phone, ConsentAnswer { guardian: Some(forged), ..yes.clone() }).unwrap_err();
    assert_eq!(refused.field("part"), Some("signature".into()));
    // Refusing needs nobody.
    give(&phone, answer(&request, false, vec![])).unwrap();
    give(&phone, ConsentAnswer { guardian: Some(confirmed(request.device.to_string())), ..yes }).unwrap();
    assert_eq!(phone.pay(&sandbox.code("westlake", "unionpay", Some("15"))).status, Status::Paid);
    assert!(phone.wallet().export_consents().wait().unwrap().json.contains("\"guardian\":true"));
}

#[test]
fn nobody_agrees_to_what_could_not_be_read() {
    let sandbox = Sandbox::start();
    let phone = Phone::enrolled(&sandbox, "demo");
    let unseen = phone.wallet();
    let request = asked(&phone, "unionpay");
    let shown = |change: fn(&mut Shown)| {
        let mut answer = answer(&request, true, vec![]);
        change(&mut answer.shown);
        let error = give(&phone, answer).unwrap_err();
        assert_eq!(tells(&error), (Code::ConsentUnread, NextAction::AskConsent));
        error.field("part").unwrap().to_string()
    };
    assert_eq!(shown(|s| s.font_pt = 8), "font_pt");
    assert_eq!(shown(|s| s.scrolled_to_end = false), "scrolled_to_end");
    assert_eq!(shown(|s| s.order = vec!["items".to_owned()]), "order");
    assert_eq!(shown(|s| s.emphasised = vec!["items".to_owned()]), "emphasised");
    // Another text on screen than the one that was given, and another document than was ever shown.
    let mut other = answer(&request, true, vec![]);
    other.shown.rendered = Digest([9; 32]);
    assert_eq!(give(&phone, other).unwrap_err().code(), Code::ConsentDocumentChanged);
    let strange = answer(&request, true, vec![(Digest([9; 32]), true)]);
    assert_eq!(give(&phone, strange).unwrap_err().code(), Code::ConsentDocumentChanged);
    needed(&phone.prepare(&sandbox.code("westlake", "unionpay", Some("15"))).unwrap_err(), "unionpay");
    assert!(unseen.consents_kept().unwrap().iter().all(|kept| kept.reason == KeptReason::PaymentRecords));
}

#[test]
fn the_users_own_signature_fits_one_answer_once() {
    let sandbox = Sandbox::start();
    let phone = Phone::enrolled(&sandbox, "demo");
    let request = asked(&phone, "alipayplus");
    let beside = request.optional[0].document;
    let proof =
        |challenge: &[u8]| Some(Proof { method: ProofMethod::Pin, signature: phone.pin.sign(PIN, challenge).unwrap() });
    let said = answer(&request, true, vec![(beside, false)]);
    for other in [request.challenge(false, &[(beside, false)]), request.challenge(true, &[(beside, true)]), vec![1]] {
        let refused = give(&phone, ConsentAnswer { proof: proof(&other), ..said.clone() }).unwrap_err();
        assert_eq!(tells(&refused), (Code::ProofInvalid, NextAction::Authenticate));
    }
    let signed = ConsentAnswer { proof: proof(&request.challenge(true, &[(beside, false)])), ..said };
    give(&phone, signed.clone()).unwrap();
    phone.wallet().withdraw_consent(network("alipayplus")).wait().unwrap();
    // The same signature again, after the user took it back.
    assert_eq!(give(&phone, signed).unwrap_err().code(), Code::ProofInvalid);
    needed(&phone.prepare(&sandbox.code("kuromon", "alipayplus", Some("1280"))).unwrap_err(), "alipayplus");
}

#[test]
fn a_log_that_forgets_or_forks_is_caught_and_shown() {
    for (fault, expected) in [("forget_log", LogFault::Shrunk), ("fork_log", LogFault::Forked)] {
        let sandbox = Sandbox::start();
        let mut phone = Phone::enrolled(&sandbox, "demo");
        assert_eq!(phone.wallet().consent_log().unwrap(), LogStatus::Unseen);
        phone.answer("alipayplus", true);
        let code = sandbox.code("kuromon", "alipayplus", Some("1280"));
        assert_eq!(phone.pay(&code).status, Status::Paid);
        let LogStatus::Sound { size, .. } = phone.wallet().consent_log().unwrap() else { panic!("not sound") };
        assert!(size >= 3, "{size}");
        // A log that loses one and takes another in is as long as before: that is a fork.
        for _ in 0..3 {
            sandbox.fault(&format!(r#"{{"kind":"{fault}"}}"#));
        }
        phone.wallet().consent_request(network("unionpay"), "en".to_owned()).wait().unwrap();
        let next = sandbox.code("kuromon", "alipayplus", Some("500"));
        let caught = phone.prepare(&next).unwrap_err();
        assert_eq!(tells(&caught), (Code::ConsentLogBroken, NextAction::ContactSupport));
        assert_eq!(phone.wallet().consent_log().unwrap(), LogStatus::Broken { fault: expected });
        // It stays known over a restart, and so does the head that was proven.
        phone.open().unwrap();
        assert_eq!(phone.wallet().consent_log().unwrap(), LogStatus::Broken { fault: expected });
        assert_eq!(phone.history().len(), 1);
    }
}

#[test]
fn what_is_kept_when_the_user_asks_to_be_erased_says_why() {
    let sandbox = Sandbox::start();
    let phone = Phone::enrolled(&sandbox, "demo");
    assert_eq!(phone.wallet().consents_kept().unwrap(), []);
    phone.answer("unionpay", true);
    phone.pay(&sandbox.code("westlake", "unionpay", Some("15")));
    let of = |purpose: &str| {
        phone.wallet().consents_kept().unwrap().into_iter().find(|kept| kept.purpose == purpose).unwrap()
    };
    assert_eq!((of("payment").reason, of("payment").until), (KeptReason::InForce, None));
    phone.wallet().withdraw_consent(network("unionpay")).wait().unwrap();
    let kept = of("payment");
    assert_eq!((kept.reason, kept.reason.as_str()), (KeptReason::PaymentRecords, "payment_records"));
    assert!(kept.until.unwrap().0 > 5 * 365 * 24 * 3_600_000 && kept.events >= 3);
}
