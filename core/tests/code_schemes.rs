//! Codes of every scheme, most of them built by other people's encoders, read field by field.
//!
//! `tests/vectors/schemes.jsonl`: one code a line with its source and all that a wallet carrying every scheme must
//! read in it; what a line leaves out must not be read.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use jigap::code::{Facts, Rules, Scheme, Situation, Verdict, read, read_at};
use jigap::error::Code;
use jigap::time::ServerMs;
use serde_json::{Map, Value, json};

fn lines() -> Vec<Map<String, Value>> {
    let text = include_str!("vectors/schemes.jsonl");
    text.lines().map(|line| serde_json::from_str(line).expect("an object")).collect()
}

/// What was read, in the words of the vectors; absent facts are left out.
fn said(verdict: &Verdict, facts: &Facts) -> Map<String, Value> {
    let all = json!({
        "reading": verdict.as_str(),
        "schemes": facts.schemes.iter().map(Scheme::as_str).collect::<Vec<_>>(),
        "p2p": facts.p2p,
        "country": facts.country,
        "currency": facts.currency.map(|currency| currency.numeric()),
        "amount": facts.amount.map(|amount| amount.decimal()),
        "initiation": facts.initiation.as_str(),
        "merchant_name": facts.merchant_name,
        "merchant_city": facts.merchant_city,
        "local_name": facts.local_name,
        "local_city": facts.local_city,
        "mcc": facts.mcc,
        "account": facts.account,
        "bank": facts.bank,
        "reference": facts.reference,
        "bill_number": facts.bill_number,
        "store": facts.store,
        "terminal": facts.terminal,
        "postal_code": facts.postal_code,
        "expiry": facts.expiry.map(|expiry| expiry.0),
    });
    let Value::Object(all) = all else { panic!("an object") };
    all.into_iter().filter(|(_, value)| !value.is_null()).collect()
}

#[test]
fn every_scheme_is_read_field_by_field() {
    let rules = Rules::every_scheme();
    let mut wrong = Vec::new();
    for mut expected in lines() {
        let source = expected.remove("source").expect("a source");
        let payload = expected.remove("payload").expect("a payload");
        let payload = payload.as_str().expect("text");
        let reading = read(payload, &rules);
        let got = said(&reading.verdict, &reading.facts);
        if got != expected {
            wrong.push(format!("{source}\n{payload}\n  expected {expected:?}\n  got      {got:?}\n"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_scheme_has_a_vector() {
    let known: Vec<String> = lines()
        .iter()
        .flat_map(|line| line["schemes"].as_array().expect("a list").clone())
        .map(|scheme| scheme.as_str().expect("a name").to_owned())
        .collect();
    for scheme in Scheme::ALL {
        // Zero Pay's grammar is not public; `code_vectors.rs` reads it by a rule.
        let without = *scheme == Scheme::ZeroPay;
        assert!(without || known.iter().any(|name| name == scheme.as_str()), "{scheme}");
    }
}

fn line(source_begins: &str) -> String {
    let lines = lines();
    let line = lines.iter().find(|line| line["source"].as_str().expect("text").starts_with(source_begins));
    line.expect("a vector")["payload"].as_str().expect("text").to_owned()
}

#[test]
fn a_code_to_a_person_is_not_offered_on_purchase_rails() {
    for source in ["PROMPTPAY-29", "VIETQR-38", "KHQR-29", "QRPH-P2P"] {
        let purchases: Rules = serde_json::from_value(json!(
            Scheme::ALL.iter().map(|s| json!({"network": "all", "match": {"scheme": s}})).collect::<Vec<_>>()
        ))
        .expect("rules");
        let reading = read(&line(source), &purchases);
        assert!(reading.facts.p2p, "{source}");
        let error = reading.verdict.error().expect("not payable");
        assert_eq!((error.code(), error.field("kind")), (Code::CodeNotPayable, Some("personal".into())), "{source}");
    }
}

#[test]
fn a_shop_beside_a_person_in_one_code_is_carried() {
    // Singapore's joint labels: a mobile number for PayNow, and a NETS merchant.
    let rules: Rules = serde_json::from_value(json!([
        {"network": "paynow", "match": {"emv": {"identifiers": ["SG.PAYNOW"], "currency": "SGD"}}},
        {"network": "nets", "match": {"emv": {"identifiers": ["SG.COM.NETS"], "currency": "SGD"}}},
    ]))
    .expect("rules");
    let body = "00020101021126380009SG.PAYNOW010100211+65000000000301127240011SG.COM.NETS020512345520400005303702580\
                2SG5904TEST6009Singapore6304";
    let text = format!("{body}{:04X}", jigap::code::emv::crc16(body.as_bytes()));
    let reading = read(&text, &rules);
    assert!(matches!(reading.verdict, Verdict::Payable { network } if network.as_str() == "nets"), "{reading:?}");
}

#[test]
fn a_code_expires_by_server_time() {
    let text = line("SGQR-PAYNOW-DYN");
    let rules = Rules::every_scheme();
    let at = |ms| {
        let situation = Situation { now: Some(ServerMs(ms)), region: None };
        read_at(&text, &rules, &situation).verdict.error().map(|error| error.code())
    };
    // 2023-08-01 18:02:00 in Singapore.
    assert_eq!(at(1_690_884_119_999), None);
    assert_eq!(at(1_690_884_120_000), Some(Code::CodeExpired));
    assert_eq!(read(&text, &rules).verdict.error(), None);
}

#[test]
fn a_code_of_another_country_is_worth_a_warning() {
    let text = line("QRIS-BANK");
    let rules = Rules::every_scheme();
    let warnings = |region| read_at(&text, &rules, &Situation { now: None, region: Some(region) }).warnings.len();
    assert_eq!((warnings("ID"), warnings("id"), warnings("TH")), (0, 0, 1));
}
