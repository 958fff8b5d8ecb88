//! `docs/gateway.md` says what the code does: its refusals, its JSON, its signed bytes.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, reason = "test code")]

use jigap::config::Config;
use jigap::consent::{Confirmation, Document, Signed};
use jigap::crypto::{Blob, HostKey};
use jigap::gateway::wire::{
    CancelRequest, ChainReceived, ChainReport, CheckoutRequest, CheckoutResponse, CodeStatus, CodesRequest,
    CodesResponse, ConsentReceived, ConsentUpload, Done, EnrolRequest, EnrolResponse, HistoryResponse, KeysKept,
    PayRequest, RefundRequest, Statement, VoidRequest, request_to_sign,
};
use jigap::id::Id;
use jigap::payment::{Answer, CancelBy};
use jigap::present::offline::{KeysRequest, KeysResponse};
use jigap::wallet::Balance;
use jigap_sandbox::refusal::Refused;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeSet;

const CONTRACT: &str = include_str!("../../docs/gateway.md");

/// The fenced blocks: what stands behind the fence, and the text.
fn blocks() -> Vec<(&'static str, &'static str)> {
    let parts: Vec<_> = CONTRACT.split("```").collect();
    parts.iter().skip(1).step_by(2).filter_map(|part| part.split_once('\n')).collect()
}

fn block(name: &str) -> &'static str {
    blocks().iter().find(|(label, _)| *label == name).unwrap().1.trim()
}

#[test]
fn every_refusal_is_named_with_its_status_and_no_other_is() {
    let rows: BTreeSet<String> = CONTRACT
        .split("## Refusals")
        .nth(1)
        .unwrap()
        .split("## ")
        .next()
        .unwrap()
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.split('|').take(3).map(str::trim).collect::<Vec<_>>().join("|"))
        .collect();
    let known = Refused::ALL.iter().map(|r| format!("|`{}`|{}", r.word(), r.status())).collect();
    assert_eq!(rows, known);
}

/// The example is read by the type and written again as the same JSON, but for fields that are `null`.
fn round_trip<T: DeserializeOwned + Serialize>(json: &str) {
    let example: Value = serde_json::from_str(json).unwrap();
    let read: T = serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json}"));
    assert_eq!(serde_json::to_value(&read).unwrap(), example);
}

fn signed(json: &str, key: &HostKey) -> Signed {
    let bytes = json.trim().as_bytes().to_vec();
    let signature = key.sign(&bytes).unwrap();
    Signed { bytes: Blob(bytes), signature }
}

#[test]
fn every_json_example_is_what_the_types_read_and_write() {
    let key = HostKey::generate().unwrap();
    let payment = Id::parse("e1f3a5b7c9d0e2f4a6b8c0d2e4f60718").unwrap();
    let mut seen = BTreeSet::new();
    for (label, json) in blocks() {
        let Some(name) = label.strip_prefix("json ") else { continue };
        seen.insert(name);
        match name {
            "EnrolRequest" => round_trip::<EnrolRequest>(json),
            "EnrolResponse" => round_trip::<EnrolResponse>(json),
            "ChainReport" => round_trip::<ChainReport>(json),
            "ChainReceived" => round_trip::<ChainReceived>(json),
            "ConsentUpload" => round_trip::<ConsentUpload>(json),
            "ConsentReceived" => round_trip::<ConsentReceived>(json),
            "Balance" => round_trip::<Balance>(json),
            "CheckoutRequest" => round_trip::<CheckoutRequest>(json),
            "CheckoutResponse" => round_trip::<CheckoutResponse>(json),
            "PayRequest" => round_trip::<PayRequest>(json),
            "Answer" => round_trip::<Answer>(json),
            "CancelRequest" => {
                round_trip::<CancelRequest>(json);
                assert_eq!(serde_json::from_str(json).ok(), CancelRequest::of(payment, CancelBy::User).ok());
            }
            "RefundRequest" => {
                round_trip::<RefundRequest>(json);
                assert_eq!(serde_json::from_str(json).ok(), RefundRequest::of(payment).ok());
            }
            "HistoryResponse" => round_trip::<HistoryResponse>(json),
            "Statement" => round_trip::<Statement>(json),
            "CodesRequest" => round_trip::<CodesRequest>(json),
            "CodesResponse" => round_trip::<CodesResponse>(json),
            "VoidRequest" => round_trip::<VoidRequest>(json),
            "Done" => round_trip::<Done>(json),
            "KeysRequest" => round_trip::<KeysRequest>(json),
            "KeysResponse" => round_trip::<KeysResponse>(json),
            "KeysKept" => round_trip::<KeysKept>(json),
            "CodeStatus" => round_trip::<CodeStatus>(json),
            "config" => drop(Config::open(&signed(json, &key), &key.public()).unwrap()),
            "document" => drop(Document::open(&signed(json, &key), &key.public()).unwrap()),
            "guardian" => drop(Confirmation::open(&signed(json, &key), &key.public()).unwrap()),
            other => panic!("an example of nothing: {other}"),
        }
    }
    assert_eq!(seen.len(), 26);
}

#[test]
fn the_signed_bytes_are_the_ones_of_the_code() {
    let device = Id::parse("000102030405060708090a0b0c0d0e0f").unwrap();
    let bytes = request_to_sign("GET", "/v1/balance", device, b"");
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(block("jrq1"), hex);
    let example: CheckoutResponse = serde_json::from_str(block("json CheckoutResponse")).unwrap();
    assert_eq!(example.terms.check(), Ok(()));
    assert_eq!(block("jpv1"), example.terms.digest().to_string());
    let payment: PayRequest = serde_json::from_str(block("json PayRequest")).unwrap();
    assert_eq!(payment.terms, example.terms);
    assert_eq!(payment.digest, example.terms.digest());
}
