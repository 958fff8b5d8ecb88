//! Who is believed: enrolment, signed requests, consent, and the contract's words.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "test code")]

mod common;

use base64::{Engine, engine::general_purpose::STANDARD};
use common::{Device, Sandbox, network, new_id};
use jigap::config::Config;
use jigap::consent::{EventKind, Signed};
use jigap::crypto::{Blob, Digest, HostKey};
use jigap::gateway::wire::{CodesRequest, ConsentReceived, ConsentUpload, EnrolResponse, request_to_sign};
use jigap::id::Id;

#[test]
fn enrolment_gives_a_device_a_config_and_a_balance() {
    let sandbox = Sandbox::start();
    let device = Device::new(&sandbox);
    let first: EnrolResponse = device.enrol("demo").json();
    let config = Config::open(&first.config, &sandbox.addresses.config_key).unwrap();
    assert_eq!(config.home().alpha(), "KRW");
    assert_eq!(first.balance.amount.minor(), 1_000_000);
    // The answer was lost: the same keys are the same device.
    assert_eq!(device.enrol("demo").json::<EnrolResponse>().device, first.device);
    assert_eq!(device.enrol("user:other").refused(), (409, "KEY_REUSED".to_owned()));
    for token in ["refused", "", "user:", "user:a b"] {
        assert_eq!(Device::new(&sandbox).enrol(token).refused(), (403, "ENROLMENT_REFUSED".to_owned()), "{token}");
    }
    let mut forged = Device::new(&sandbox);
    forged.id = Id([1; 16]);
    assert_eq!(forged.enrol("demo").refused(), (400, "REQUEST_INVALID".to_owned()));
}

#[test]
fn only_a_signed_request_is_answered() {
    let sandbox = Sandbox::start();
    let device = Device::enrolled(&sandbox, "demo");
    let send = |path: &str, id: Id, signature: &[u8], body: &[u8]| {
        let headers = [("jigap-device", id.to_string()), ("jigap-signature", STANDARD.encode(signature))];
        common::request(&sandbox.addresses, "GET", path, &headers, body).unwrap().refused()
    };
    let sign = |key: &HostKey, method: &str, path: &str, id: Id, body: &[u8]| {
        key.sign(&request_to_sign(method, path, id, body)).unwrap().0.0
    };
    let invalid = (401, "SIGNATURE_INVALID".to_owned());
    let stranger = HostKey::generate().unwrap();
    let path = "/v1/balance";
    assert_eq!(send(path, device.id, &sign(&stranger, "GET", path, device.id, b""), b""), invalid);
    assert_eq!(send(path, device.id, &sign(&device.key, "POST", path, device.id, b""), b""), invalid);
    assert_eq!(send(path, device.id, &sign(&device.key, "GET", "/v1/config", device.id, b""), b""), invalid);
    assert_eq!(send(path, device.id, &sign(&device.key, "GET", path, Id([0; 16]), b""), b""), invalid);
    assert_eq!(send(path, device.id, &sign(&device.key, "GET", path, device.id, b""), b"x"), invalid);
    assert_eq!(send("/v1/balance?a=1", device.id, &sign(&device.key, "GET", path, device.id, b""), b""), invalid);
    assert_eq!(send(path, device.id, b"no DER", b""), invalid);
    let nobody = new_id();
    let unknown = (401, "DEVICE_UNKNOWN".to_owned());
    assert_eq!(send(path, nobody, &sign(&device.key, "GET", path, nobody, b""), b""), unknown);
    let bare = common::request(&sandbox.addresses, "GET", path, &[], b"").unwrap();
    assert_eq!(bare.refused(), invalid);
    assert!(bare.time.is_some(), "every answer tells the time");
    assert_eq!(device.get("/v1/balance?a=1").status, 200);
}

#[test]
fn what_is_not_in_the_contract_has_its_word_too() {
    let sandbox = Sandbox::start();
    let device = Device::enrolled(&sandbox, "demo");
    assert_eq!(device.get("/v1/nothing").refused(), (404, "PATH_UNKNOWN".to_owned()));
    assert_eq!(device.send("POST", "/v1/balance", b"").refused(), (405, "METHOD_UNKNOWN".to_owned()));
    assert_eq!(device.send("POST", "/v1/payments", b"{}").refused(), (400, "BODY_INVALID".to_owned()));
    assert_eq!(device.send("POST", "/v1/payments", &vec![b' '; 70_000]).refused(), (413, "BODY_TOO_LARGE".to_owned()));
    assert_eq!(device.get("/v1/payments/xyz").refused(), (400, "REQUEST_INVALID".to_owned()));
    assert_eq!(device.get("/v1/consent-documents/wechat/payment").refused(), (404, "NETWORK_UNKNOWN".to_owned()));
}

#[test]
fn consent_is_a_chain_of_signed_events() {
    let sandbox = Sandbox::start();
    let mut device = Device::enrolled(&sandbox, "demo");
    let first = device.event("alipayplus", EventKind::Granted);
    let record: ConsentReceived = device.upload(&first).json();
    assert_eq!(record.record, first.hash());
    assert_eq!(device.upload(&first).json::<ConsentReceived>().record, first.hash());
    // Another first event: the place is taken.
    let fork = device.event("unionpay", EventKind::Granted);
    assert_eq!(device.upload(&fork).refused(), (409, "CONSENT_OUT_OF_ORDER".to_owned()));
    device.chain.push(first);
    device.agree("unionpay");

    let next = device.event("unionpay", EventKind::Declined);
    let mut bytes = next.bytes.clone();
    bytes[40] ^= 1;
    let broken = ConsentUpload { event: Blob(bytes), signature: next.signature.clone(), log_size: 0 };
    assert_eq!(device.post("/v1/consents", &broken).refused(), (422, "CONSENT_RECORD_BROKEN".to_owned()));
    // An event of another device, though rightly signed, is not this one's.
    let mut other = Device::enrolled(&sandbox, "demo");
    other.key = HostKey::from_pkcs8(device.key.pkcs8()).unwrap();
    let foreign = other.event_for(&device);
    assert_eq!(device.upload(&foreign).refused(), (422, "CONSENT_RECORD_BROKEN".to_owned()));
}

impl Device {
    fn event_for(&self, other: &Self) -> jigap::consent::SignedEvent {
        let mut event = other.event("unionpay", EventKind::Granted).event;
        event.device = self.id;
        self.sign_event(&event)
    }
}

#[test]
fn without_consent_nothing_goes_to_a_network() {
    let sandbox = Sandbox::start();
    let mut device = Device::enrolled(&sandbox, "demo");
    let code = sandbox.code("kuromon", "alipayplus", Some("1280"));
    let missing = (403, "CONSENT_MISSING".to_owned());
    let codes = |device: &Device| {
        let request = CodesRequest {
            nonce: new_id(),
            network: network("alipayplus"),
            region: "JP".to_owned(),
            quantity: 1,
            consent: device.consent("alipayplus"),
        };
        device.post("/v1/codes", &request)
    };
    let checkout = |device: &Device| device.checkout("alipayplus", &code, None);
    assert_eq!(checkout(&device).refused(), missing);
    device.agree("unionpay");
    assert_eq!(checkout(&device).refused(), missing);
    device.answer_consent("alipayplus", EventKind::Declined);
    assert_eq!(checkout(&device).refused(), missing);
    assert_eq!(codes(&device).refused(), missing);
    device.agree("alipayplus");
    assert_eq!(checkout(&device).status, 200);
    assert_eq!(codes(&device).status, 200);
    let granted = device.checkout_request("alipayplus", &code, None);
    assert_eq!(device.post("/v1/checkouts", &granted).status, 200);
    device.withdraw("alipayplus");
    assert_eq!(checkout(&device).refused(), missing);
    assert_eq!(codes(&device).refused(), missing);
    // Not even the answer that was given before.
    assert_eq!(device.post("/v1/checkouts", &granted).refused(), missing);
    // Agreed anew: the old record is not the one in force.
    device.agree("alipayplus");
    assert_eq!(device.post("/v1/checkouts", &granted).refused(), missing);
    assert_eq!(checkout(&device).status, 200);
}

#[test]
fn a_consent_to_another_document_does_not_count() {
    let sandbox = Sandbox::start();
    let mut device = Device::enrolled(&sandbox, "demo");
    let mut event = device.event("alipayplus", EventKind::Granted).event;
    event.document.2 = Digest([5; 32]);
    let event = device.sign_event(&event);
    assert_eq!(device.upload(&event).status, 200);
    device.chain.push(event);
    let code = sandbox.code("kuromon", "alipayplus", Some("1280"));
    assert_eq!(device.checkout("alipayplus", &code, None).refused(), (403, "CONSENT_MISSING".to_owned()));
}

#[test]
fn signed_documents_are_the_ones_the_first_line_names_the_keys_of() {
    let sandbox = Sandbox::start();
    let device = Device::enrolled(&sandbox, "demo");
    let signed: Signed = device.get("/v1/config").json();
    let config = Config::open(&signed, &sandbox.addresses.config_key).unwrap();
    assert!(Config::open(&signed, &sandbox.addresses.controller_key).is_err());
    for known in config.networks() {
        assert_eq!(device.document(known.network.as_str()).digest(), known.document);
    }
}
