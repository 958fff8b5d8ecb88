//! A recording line sees every byte that leaves the wallet: before a consent nothing about the user in any form, after it
//! only what it lists and only for that network.
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

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use common::phone::{PIN, Phone};
use common::{Sandbox, network};
use jigap::app::Checkout;
use jigap::consent::{EventKind, Item, SignedEvent};
use jigap::crypto::Signature;
use jigap::error::Code;
use jigap::gateway::Request;
use jigap::gateway::table;
use jigap::gateway::wire::{ConsentUpload, EnrolRequest, request_to_sign};
use jigap::id::Id;
use jigap::money::{Currency, Money};
use ring::{digest, hmac};
use serde_json::Value;
use std::collections::{BTreeSet, HashSet};

const NAME: &str = "hong-gildong-19801224";

/// What a phone knows about its user. Each is put where the wallet could take it from: codes the camera sees, the login, the
/// PIN, typed amounts, the language, the country.
const CODES: [&str; 25] = [
    "tel:+82-10-9417-3826",
    "mailto:gildong.hong@mail.example",
    "WIFI:T:WPA;S:HongFamilyHome;P:sesame-0417-open;;",
    "geo:37.566535,126.977969",
    "BEGIN:VCARD\nN:Hong;Gildong\nADR:;;23 Sejong-daero;Seoul\nEND:VCARD",
    "801224-1234567",
    "P<KORHONG<<GILDONG<<<<<<<<<<<<<<<<<<<M70412938",
    "4929132645781204",
    "KR-ACCOUNT 110-437-928415",
    "DE89370400440532013000",
    "IMEI 356938035643809",
    "IMSI 450051234567890",
    "ICCID 8982051234567890123",
    "MAC 3C:22:FB:91:0A:7E",
    "AAID 38400000-8cf0-11bd-b23e-10b96e40000d",
    "CI=Zm9vYmFyYmF6cXV4Y29ubmVjdGluZ2luZm8=",
    "DI=MC0GCCqGSIb3DQIJAyEAk9f2Qe",
    "customer=CUST-7719-4402",
    "otpauth://totp/Bank:hong?secret=JBSWY3DPEHPK3PXP",
    "https://social.example/u/gildong.hong.80",
    "driver 11-19-174092-63",
    "plate 123GA4568",
    "insurance 5-1183077421",
    "kakao:gildong_80",
    "blood A+ allergy penicillin",
];
const AMOUNT: i64 = 917_364_528;
const LOCALE: &str = "ko-KR-x-hongdong";
const REGION: &str = "Gildong-city";

fn identifiers() -> Vec<Vec<u8>> {
    let others = [NAME, LOCALE, REGION, "907541", "917364528"];
    assert_eq!(PIN, b"907541");
    CODES.iter().chain(&others).map(|text| text.as_bytes().to_vec()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What an identifier may hide behind: encodings of it, and encodings of its digests with every salt that the wallet has.
fn disguises(identifier: &[u8], salts: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut cores = vec![identifier.to_vec(), identifier.iter().rev().copied().collect()];
    cores.push(std::str::from_utf8(identifier).unwrap().encode_utf16().flat_map(u16::to_le_bytes).collect());
    for algorithm in [&digest::SHA1_FOR_LEGACY_USE_ONLY, &digest::SHA256, &digest::SHA384, &digest::SHA512] {
        cores.push(digest::digest(algorithm, identifier).as_ref().to_vec());
    }
    for salt in salts {
        for joined in [[salt.as_slice(), identifier].concat(), [identifier, salt].concat()] {
            cores.push(digest::digest(&digest::SHA256, &joined).as_ref().to_vec());
        }
        let key = hmac::Key::new(hmac::HMAC_SHA256, salt);
        cores.push(hmac::sign(&key, identifier).as_ref().to_vec());
        let masked: Vec<u8> = identifier.iter().zip(salt.iter().cycle()).map(|(a, b)| a ^ b).collect();
        if !salt.is_empty() {
            cores.push(masked);
        }
    }
    let mut forms = Vec::new();
    for core in cores {
        forms.push(hex(&core).into_bytes());
        forms.push(hex(&core).to_uppercase().into_bytes());
        // Whatever stands before it in a longer text: the three ways the bits can fall.
        for before in 0..3 {
            let shifted = [vec![0; before], core.clone()].concat();
            for encoded in [STANDARD.encode(&shifted), URL_SAFE_NO_PAD.encode(&shifted)] {
                let whole = encoded.trim_end_matches('=');
                forms.push(whole.as_bytes()[if before == 0 { 0 } else { before + 1 }..whole.len() - 1].to_vec());
            }
        }
        forms.push(core);
    }
    // Short ones would be found by chance.
    forms.retain(|form| form.len() >= 6);
    forms
}

/// Everything in a request, and everything that its Base64 and hex fields decode to.
fn bytes_of(request: &Request) -> Vec<Vec<u8>> {
    let mut all = vec![request.path.as_bytes().to_vec(), request.body.clone()];
    all.extend(request.headers.iter().flat_map(|(name, value)| [name.as_bytes().to_vec(), value.as_bytes().to_vec()]));
    let decoded: Vec<Vec<u8>> = all
        .iter()
        .flat_map(|bytes| bytes.split(|b| !(b.is_ascii_alphanumeric() || b"+/=-_".contains(b))))
        .filter(|word| word.len() >= 8)
        .flat_map(|word| {
            let hex = std::str::from_utf8(word).ok().filter(|w| w.len().is_multiple_of(2)).and_then(|w| {
                (0..w.len() / 2)
                    .map(|at| u8::from_str_radix(&w[2 * at..2 * at + 2], 16).ok())
                    .collect::<Option<Vec<u8>>>()
            });
            [STANDARD.decode(word).ok(), URL_SAFE_NO_PAD.decode(word).ok(), hex].into_iter().flatten()
        })
        .collect();
    all.extend(decoded);
    all
}

fn contains(bytes: &[u8], form: &[u8]) -> bool {
    bytes.windows(form.len()).any(|window| window == form)
}

/// Fails when a request holds an identifier in any disguise. `allowed` are identifiers that this request is for.
fn assert_clean(requests: &[Request], salts: &[Vec<u8>], allowed: impl Fn(&Request, &[u8]) -> bool) {
    // Every run of six bytes that was heard: most forms are ruled out by their beginning.
    let begins = |parts: &[Vec<u8>]| -> HashSet<[u8; 6]> {
        parts.iter().flat_map(|part| part.windows(6).map(|six| six.try_into().unwrap())).collect()
    };
    let heard: Vec<_> = requests
        .iter()
        .map(|request| {
            let parts = bytes_of(request);
            let begins = begins(&parts);
            (request, parts, begins)
        })
        .collect();
    for identifier in identifiers() {
        for form in disguises(&identifier, salts) {
            let six: [u8; 6] = form[..6].try_into().unwrap();
            for (request, parts, begins) in heard.iter().filter(|(request, _, _)| !allowed(request, &identifier)) {
                assert!(
                    !begins.contains(&six) || !parts.iter().any(|part| contains(part, &form)),
                    "{} {} holds {:?}",
                    request.method,
                    request.path,
                    String::from_utf8_lossy(&identifier)
                );
            }
        }
    }
}

/// No room for anything encrypted: every field has its row, every header is the device or a signature that verifies, and
/// an event is its own canonical bytes with nothing in it that the document does not say.
fn assert_accounted_for(phone: &Phone, requests: &[Request]) {
    let rows = table::sent();
    let mut device_key = None;
    for request in requests {
        let path = request.path.split('?').next().unwrap();
        let call = rows.iter().find(|(call, _)| {
            let (method, pattern) = call.split_once(' ').unwrap();
            let pattern = pattern.split('?').next().unwrap();
            let (ours, theirs): (Vec<_>, Vec<_>) = (path.split('/').collect(), pattern.split('/').collect());
            method == request.method
                && ours.len() == theirs.len()
                && ours.iter().zip(&theirs).all(|(a, b)| a == b || b.starts_with('{'))
        });
        let (_, fields) = call.unwrap_or_else(|| panic!("{} {} is in no table", request.method, request.path));
        let named: BTreeSet<&str> = fields.iter().map(|field| field.name).collect();
        let mut values = request.headers.iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>();
        if !request.body.is_empty() {
            let body: Value = serde_json::from_slice(&request.body).unwrap();
            values.extend(body.as_object().unwrap().keys().cloned());
        }
        for value in values {
            assert!(named.contains(value.as_str()), "{} sends `{value}`", request.path);
        }
        if path == "/v1/enrol" {
            let body: EnrolRequest = serde_json::from_slice(&request.body).unwrap();
            device_key = Some(body.device_key);
        }
        let header = |name: &str| &request.headers.iter().find(|(n, _)| *n == name).unwrap().1;
        let device = Id::parse(header("jigap-device")).unwrap();
        let signature: Signature = serde_json::from_value(Value::String(header("jigap-signature").clone())).unwrap();
        let key = device_key.as_ref().expect("enrolment comes first");
        assert!(key.verifies(&request_to_sign(request.method, &request.path, device, &request.body), &signature));
        if path == "/v1/consents" {
            let upload: ConsentUpload = serde_json::from_slice(&request.body).unwrap();
            let event = SignedEvent::open(upload.event.0.clone(), upload.signature, key).unwrap();
            assert_eq!(event.event.canonical(), upload.event.0);
            assert!(["ko", "en", "ja", "zh", ""].contains(&event.event.shown.locale.as_str()));
            assert_eq!((event.event.shown.control.as_str(), event.event.shown.app.as_str()), ("", ""));
            assert!(phone.wallet().networks().unwrap().iter().any(|n| n.network == event.event.network));
        }
    }
}

fn salts(phone: &Phone) -> Vec<Vec<u8>> {
    let mut salts = vec![Vec::new(), b"alipayplus".to_vec(), b"unionpay".to_vec(), b"jigap".to_vec()];
    for request in phone.wire.recorded() {
        for (_, value) in &request.headers {
            salts.push(value.as_bytes().to_vec());
        }
        if let Ok(Value::Object(body)) = serde_json::from_slice::<Value>(&request.body) {
            let texts = body.values().filter_map(|value| value.as_str().map(str::to_owned));
            salts.extend(texts.flat_map(|text| [STANDARD.decode(&text).unwrap_or_default(), text.into_bytes()]));
        }
    }
    salts.sort();
    salts.dedup();
    salts
}

/// The camera sees everything there is, and the user types.
fn live(phone: &Phone) {
    let won = Money::from_minor(Currency::from_alpha("KRW").unwrap(), AMOUNT);
    for code in CODES {
        let _ = phone.wallet().read(code);
        let checkout = Checkout { code: code.to_owned(), network: None, amount: Some(won) };
        assert!(phone.wallet().prepare(checkout).wait().is_err());
    }
    for name in ["alipayplus", "unionpay"] {
        assert!(phone.wallet().show(network(name), REGION.to_owned()).wait().is_err());
        let consented = phone.wallet().networks().unwrap().iter().any(|n| n.network.as_str() == name && n.consented);
        assert_eq!(phone.wallet().show(network(name), "CN".to_owned()).wait().is_ok(), consented);
    }
    phone.wallet().history(None, 50).unwrap();
    phone.wallet().balance().unwrap();
    phone.wallet().refresh().wait().unwrap();
    phone.wallet().resumed();
}

fn only_the_login(request: &Request, identifier: &[u8]) -> bool {
    request.path == "/v1/enrol" && identifier == NAME.as_bytes()
}

#[test]
fn a_planted_leak_is_found_in_every_disguise() {
    let salts = vec![Vec::new(), b"some salt".to_vec()];
    let identifier = CODES[0].as_bytes();
    let all = disguises(identifier, &salts);
    assert!(all.len() > 100);
    for form in &all {
        let inside = STANDARD.encode([b"ab", form.as_slice(), b"yz"].concat());
        let body = serde_json::to_vec(&serde_json::json!({ "event": inside })).unwrap();
        let request =
            Request { method: "POST", path: "/v1/consents".to_owned(), headers: vec![], body, patience_ms: None };
        assert!(bytes_of(&request).iter().any(|part| contains(part, form)));
    }
    let body = serde_json::to_vec(&serde_json::json!({ "code": CODES[0] })).unwrap();
    let request = Request { method: "POST", path: "/v1/consents".to_owned(), headers: vec![], body, patience_ms: None };
    assert!(std::panic::catch_unwind(|| assert_clean(&[request], &salts, |_, _| false)).is_err());
}

#[test]
fn a_user_who_never_pays_abroad_causes_no_call_about_any_network() {
    let sandbox = Sandbox::start();
    let mut phone = Phone::enrolled(&sandbox, &format!("user:{NAME}"));
    live(&phone);
    for name in ["alipayplus", "unionpay"] {
        let code = sandbox.code("kuromon", name, Some("1280"));
        phone.wallet().read(&code).unwrap();
        assert_eq!(phone.prepare(&code).unwrap_err().code(), Code::ConsentNeeded);
    }
    phone.open().unwrap();
    live(&phone);
    phone.wallet().export_consents().wait().unwrap();
    let requests = phone.wire.recorded();
    let paths: BTreeSet<&str> = requests.iter().map(|request| request.path.split('?').next().unwrap()).collect();
    let own = BTreeSet::from(["/v1/enrol", "/v1/config", "/v1/balance", "/v1/history", "/v1/chain"]);
    assert!(paths.is_subset(&own) && paths.contains("/v1/config"), "{paths:?}");
    for request in &requests {
        for part in bytes_of(request) {
            for name in ["alipayplus", "unionpay"] {
                assert!(!contains(&part, name.as_bytes()), "{}", request.path);
            }
        }
    }
    assert_clean(&requests, &salts(&phone), only_the_login);
    assert_accounted_for(&phone, &requests);
    assert_eq!(sandbox.admin("GET", "/admin/transfers", "").1, Value::Array(vec![]));
}

#[test]
fn before_the_consent_no_planted_identifier_leaves_in_any_disguise() {
    let sandbox = Sandbox::start();
    let phone = Phone::enrolled(&sandbox, &format!("user:{NAME}"));
    assert_eq!(identifiers().len(), 30);
    live(&phone);
    // The user looks at both, refuses one, and takes back what was never given.
    for name in ["alipayplus", "unionpay"] {
        phone.wallet().consent_request(network(name), LOCALE.to_owned()).wait().unwrap();
    }
    phone.answer("alipayplus", false);
    phone.wallet().withdraw_consent(network("unionpay")).wait().unwrap();
    live(&phone);
    let requests = phone.wire.recorded();
    assert!(!requests.iter().any(|r| ["/v1/checkouts", "/v1/payments", "/v1/codes"].contains(&r.path.as_str())));
    assert_clean(&requests, &salts(&phone), only_the_login);
    assert_accounted_for(&phone, &requests);
    assert_eq!(sandbox.admin("GET", "/admin/transfers", "").1, Value::Array(vec![]));
}

#[test]
fn after_the_consent_only_listed_items_go_and_only_to_that_network() {
    let sandbox = Sandbox::start();
    let phone = Phone::enrolled(&sandbox, &format!("user:{NAME}"));
    phone.answer("unionpay", true);
    let code = sandbox.code("westlake", "unionpay", Some("28.50"));
    phone.pay(&code);
    let shown = phone.wallet().show(network("unionpay"), "CN".to_owned()).wait().unwrap();
    assert_eq!(sandbox.scan(&shown.digits, "15").0, 200);
    live(&phone);
    let other = sandbox.code("kuromon", "alipayplus", Some("1280"));
    assert_eq!(phone.prepare(&other).unwrap_err().code(), Code::ConsentNeeded);
    let requests = phone.wire.recorded();
    assert!(requests.iter().any(|r| r.path == "/v1/payments"));
    for part in requests.iter().flat_map(bytes_of) {
        assert!(!contains(&part, b"alipayplus") && !contains(&part, other.as_bytes()));
    }
    assert_clean(&requests, &salts(&phone), only_the_login);
    assert_accounted_for(&phone, &requests);
    // What the gateway handed on, by its own record.
    let handed = sandbox.admin("GET", "/admin/transfers", "").1;
    let handed = handed.as_array().unwrap();
    assert!(handed.len() >= 4, "{handed:?}");
    let listed: BTreeSet<&str> = Item::ALL.iter().map(|item| item.as_str()).collect();
    for transfer in handed {
        assert_eq!(transfer["network"], "unionpay");
        let items: BTreeSet<&str> = transfer["items"].as_array().unwrap().iter().map(|i| i.as_str().unwrap()).collect();
        assert!(items.is_subset(&listed) && items.contains("customer_number"), "{items:?}");
    }
    // Taken back: nothing more goes, whatever is tried.
    let before = phone.wire.recorded().len();
    phone.wallet().withdraw_consent(network("unionpay")).wait().unwrap();
    assert_eq!(phone.prepare(&code).unwrap_err().code(), Code::ConsentNeeded);
    live(&phone);
    let later = phone.wire.recorded();
    assert!(!later[before..].iter().any(|r| ["/v1/checkouts", "/v1/payments", "/v1/codes"].contains(&r.path.as_str())));
    assert_eq!(sandbox.admin("GET", "/admin/transfers", "").1.as_array().unwrap().len(), handed.len());
    assert_eq!(EventKind::Withdrawn.as_str(), "withdrawn");
}
