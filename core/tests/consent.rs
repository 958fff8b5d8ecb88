//! Consent: no document without the five items, no event that was altered, no gap in the chain, no way around the gate.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "test code"
)]

mod sample;

use jigap::consent::{Document, Event, EventKind, Ledger, PAYMENT, Signed, SignedEvent};
use jigap::crypto::{Digest, HostKey, Signature};
use jigap::error::{Code, Result};
use jigap::gateway::wire::PayRequest;
use jigap::network::Network;
use proptest::prelude::*;
use sample::{document_json, network, sign_document, sign_event};
use serde_json::{Value, json};
use std::sync::LazyLock;

static DEVICE: LazyLock<HostKey> = LazyLock::new(|| HostKey::generate().unwrap());
static CONTROLLER: LazyLock<HostKey> = LazyLock::new(|| HostKey::generate().unwrap());
/// Two networks, two versions of the document of each.
static DOCUMENTS: LazyLock<[[Document; 2]; 2]> = LazyLock::new(|| {
    ["alipayplus", "unionpay"].map(|network| [1, 2].map(|version| sample::document(network, version, &CONTROLLER).0))
});

fn open(json: &Value) -> Result<Document> {
    Document::open(&sign_document(json, &CONTROLLER), &CONTROLLER.public())
}

fn answered(document: &Document, kind: EventKind, head: Option<&SignedEvent>) -> SignedEvent {
    sample::consent(document, kind, head, &DEVICE)
}

fn refused_part(json: &Value) -> String {
    let error = open(json).unwrap_err();
    assert_eq!(error.code(), Code::ConsentDocumentInvalid);
    error.field("part").unwrap().to_string()
}

#[test]
fn a_document_without_one_of_the_five_items_is_refused() {
    let whole = document_json("alipayplus", 1);
    let opened = open(&whole).unwrap();
    assert_eq!((opened.network(), opened.version(), opened.recipients().len()), (network("alipayplus"), 1, 1));
    for item in ["items", "transfer", "recipient", "purpose", "refusal", "title"] {
        for language in ["en", "ko"] {
            let mut both = whole.clone();
            both["texts"]["ko"] = both["texts"]["en"].clone();
            assert!(open(&both).is_ok());
            for blank in ["", " \n\t\u{3000}"] {
                both["texts"][language][item] = json!(blank);
                assert_eq!(refused_part(&both), item);
            }
            both["texts"][language].as_object_mut().unwrap().remove(item);
            assert_eq!(refused_part(&both), item);
        }
    }
}

#[test]
fn a_document_says_who_receives_what_and_nothing_else() {
    let cases: [(&str, Value, &str); 14] = [
        ("/recipients", json!([]), "recipients"),
        ("/recipients/0/name", json!(" "), "recipients"),
        ("/recipients/0/contact", json!(""), "recipients"),
        ("/recipients/0/country", json!("CHN"), "recipients"),
        ("/recipients/0/country", json!(""), "recipients"),
        ("/data", json!([]), "data"),
        ("/data/0", json!(""), "data"),
        ("/texts", json!({}), "texts"),
        ("/format", json!(3), "format"),
        ("/network", json!("Not A Network"), "format"),
        ("/version", json!(-1), "format"),
        ("/version", json!("1"), "format"),
        ("/id", json!(null), "format"),
        ("/texts/en", json!("all of it"), "format"),
    ];
    for (place, value, part) in cases {
        let mut json = document_json("alipayplus", 1);
        *json.pointer_mut(place).unwrap() = value;
        assert_eq!(refused_part(&json), part, "{place}");
    }
    let mut more = document_json("alipayplus", 1);
    more["also"] = json!("something this version cannot show");
    assert_eq!(refused_part(&more), "format");
}

#[test]
fn a_document_counts_only_as_its_controller_signed_it() {
    let signed = sign_document(&document_json("alipayplus", 1), &CONTROLLER);
    let part = |signed: &Signed, key: &HostKey| {
        let error = Document::open(signed, &key.public()).unwrap_err();
        assert_eq!(error.code(), Code::ConsentDocumentInvalid);
        error.field("part").unwrap().to_string()
    };
    assert_eq!(part(&signed, &DEVICE), "signature");
    for at in 0..signed.bytes.0.len() {
        let mut altered = signed.clone();
        altered.bytes.0[at] ^= 1;
        assert_eq!(part(&altered, &CONTROLLER), "signature", "byte {at}");
    }
    let mut unsigned = signed.clone();
    unsigned.signature.0.0.clear();
    assert_eq!(part(&unsigned, &CONTROLLER), "signature");
    // The digest is of the bytes that were signed, not of what they mean.
    let mut spaced = signed.clone();
    spaced.bytes.0.push(b' ');
    spaced.signature = CONTROLLER.sign(&spaced.bytes.0).unwrap();
    let digest = |signed: &Signed| Document::open(signed, &CONTROLLER.public()).unwrap().digest();
    assert_ne!(digest(&signed), digest(&spaced));
}

#[test]
fn the_language_that_is_shown_is_one_there_is() {
    let mut json = document_json("alipayplus", 1);
    json["texts"]["ko"] = json["texts"]["en"].clone();
    json["texts"]["ko"]["title"] = json!("국외 이전");
    let document = open(&json).unwrap();
    let shown = |locale| document.text(locale).unwrap().0.to_owned();
    assert_eq!(["ko", "ko-KR", "ko_KR", "en-GB", "fr", ""].map(shown), ["ko", "ko", "ko", "en", "en", "en"]);
}

fn broken<T: std::fmt::Debug>(result: Result<T>) -> bool {
    result.unwrap_err().code() == Code::ConsentRecordBroken
}

#[test]
fn every_flipped_bit_of_an_event_and_of_its_signature_is_refused() {
    let event = answered(&DOCUMENTS[0][0], EventKind::Granted, None);
    let open = |bytes: Vec<u8>, signature| SignedEvent::open(bytes, signature, &DEVICE.public());
    assert_eq!(open(event.bytes.clone(), event.signature.clone()).unwrap(), event);
    for at in 0..event.bytes.len() {
        for bit in 0..8 {
            let mut bytes = event.bytes.clone();
            bytes[at] ^= 1 << bit;
            assert!(broken(open(bytes, event.signature.clone())), "bit {bit} of byte {at}");
        }
        assert!(broken(open(event.bytes[..at].to_vec(), event.signature.clone())), "cut at {at}");
    }
    for at in 0..event.signature.0.0.len() {
        for bit in 0..8 {
            let mut signature = event.signature.clone();
            signature.0.0[at] ^= 1 << bit;
            assert!(broken(open(event.bytes.clone(), signature)), "bit {bit} of signature byte {at}");
        }
    }
    assert!(broken(open([event.bytes.clone(), vec![0]].concat(), event.signature.clone())));
    // Signed by another key; signed by the right key, but not as a consent event.
    assert!(broken(open(event.bytes.clone(), CONTROLLER.sign(&Event::to_sign(&event.bytes)).unwrap())));
    assert!(broken(open(event.bytes.clone(), DEVICE.sign(&event.bytes).unwrap())));
    assert!(broken(SignedEvent::open(event.bytes, event.signature, &CONTROLLER.public())));
}

/// Five events: agreed, refused, agreed, taken back, and the other network.
fn chain() -> Vec<SignedEvent> {
    let [[ours, _], [other, _]] = &*DOCUMENTS;
    let mut events = vec![answered(ours, EventKind::Granted, None)];
    for kind in [EventKind::Declined, EventKind::Granted] {
        events.push(answered(ours, kind, events.last()));
    }
    events.push(sample::withdrawal(&events[2], &events[2], &DEVICE));
    events.push(answered(other, EventKind::Granted, events.last()));
    events
}

#[test]
fn a_chain_with_an_event_missing_doubled_or_moved_is_refused() {
    let whole = chain();
    assert_eq!(Ledger::new(whole.clone()).unwrap().events(), whole);
    for at in 0..whole.len() - 1 {
        let mut cut = whole.clone();
        cut.remove(at);
        assert!(broken(Ledger::new(cut)), "without {at}");
        let mut swapped = whole.clone();
        swapped.swap(at, at + 1);
        assert!(broken(Ledger::new(swapped)), "{at} and the next one swapped");
        for gap in at + 1..whole.len() {
            let middle: Vec<_> = whole[..at].iter().chain(&whole[gap..]).cloned().collect();
            assert!(broken(Ledger::new(middle)), "without {at} to {gap}");
        }
    }
    for at in 0..whole.len() {
        let mut doubled = whole.clone();
        doubled.insert(at, whole[at].clone());
        assert!(broken(Ledger::new(doubled)), "{at} twice");
        // Another event at the same place, rightly signed: what follows does not stand on it.
        let mut replaced = whole.clone();
        let mut event = whole[at].event.clone();
        event.shown.dwell_ms += 1;
        replaced[at] = sign_event(&event, &DEVICE);
        assert_eq!(Ledger::new(replaced).is_ok(), at + 1 == whole.len(), "another one at {at}");
    }
    // The end can be cut off without the chain noticing; the store's journal does.
    assert!(Ledger::new(whole[..3].to_vec()).is_ok());
}

#[test]
fn a_ledger_that_refused_an_event_is_still_the_one_it_was() {
    let whole = chain();
    let mut ledger = Ledger::new(whole[..2].to_vec()).unwrap();
    assert!(broken(ledger.append(whole[3].clone())));
    ledger.append(whole[2].clone()).unwrap();
    assert_eq!(ledger.events(), &whole[..3]);
}

#[test]
fn the_gate_opens_for_the_agreement_in_force_and_for_nothing_else() {
    let [[ours, newer], [other, _]] = &*DOCUMENTS;
    let (here, there) = (ours.network(), other.network());
    let mut ledger = Ledger::default();
    let gate = |ledger: &Ledger, network: Network, document: &Document| match ledger.effective::<PayRequest>(
        network,
        document.digest(),
        sample::START,
    ) {
        Ok(consent) => {
            assert_eq!(consent.network(), network);
            Some(consent.record())
        }
        Err(error) => {
            assert_eq!((error.code(), error.field("network")), (Code::ConsentNeeded, Some(network.into())));
            None
        }
    };
    let push = |ledger: &mut Ledger, event: SignedEvent| {
        let hash = event.hash();
        ledger.append(event).unwrap();
        Some(hash)
    };
    assert_eq!(gate(&ledger, here, ours), None, "nothing was agreed");
    let first = push(&mut ledger, answered(ours, EventKind::Granted, None));
    assert_eq!(gate(&ledger, here, ours), first);
    assert_eq!(gate(&ledger, there, other), None, "another network");
    assert_eq!(gate(&ledger, there, ours), None, "another network, this document");
    assert_eq!(gate(&ledger, here, newer), None, "another document");
    let head = ledger.head().cloned();
    push(&mut ledger, answered(ours, EventKind::Declined, head.as_ref()));
    assert_eq!(gate(&ledger, here, ours), None, "refused after it was agreed");
    let head = ledger.head().cloned();
    let again = push(&mut ledger, answered(ours, EventKind::Granted, head.as_ref()));
    assert_ne!(again, first);
    assert_eq!(gate(&ledger, here, ours), again, "agreed again: the new record counts");
    let head = ledger.head().cloned();
    let elsewhere = push(&mut ledger, answered(other, EventKind::Granted, head.as_ref()));
    let granted = ledger.granted(here, PAYMENT).cloned().unwrap();
    let head = ledger.head().cloned().unwrap();
    push(&mut ledger, sample::withdrawal(&granted, &head, &DEVICE));
    assert_eq!(gate(&ledger, here, ours), None, "taken back");
    assert_eq!(gate(&ledger, there, other), elsewhere, "the other network's is untouched");
    let head = ledger.head().cloned();
    let newest = push(&mut ledger, answered(newer, EventKind::Granted, head.as_ref()));
    assert_eq!((gate(&ledger, here, newer), gate(&ledger, here, ours)), (newest, None));
}

/// What a reader of the law would write: go through everything that happened, and keep what was last said.
fn naive(events: &[SignedEvent], network: Network, required: Digest) -> Option<Digest> {
    let mut agreed_to: Option<(Digest, Digest)> = None;
    for event in events {
        if event.event.network == network {
            agreed_to = match event.event.kind {
                EventKind::Granted => Some((event.event.document.2, event.hash())),
                EventKind::Presented | EventKind::Acknowledged => agreed_to,
                _ => None,
            };
        }
    }
    agreed_to.and_then(|(document, record)| (document == required).then_some(record))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_gate_is_what_was_last_said(steps in proptest::collection::vec((0usize..2, 0usize..2, 0u8..4), 0..14)) {
        let mut ledger = Ledger::default();
        for (network, version, kind) in steps {
            let document = &DOCUMENTS[network][version];
            let head = ledger.head().cloned();
            let event = match kind {
                0 | 1 => answered(document, EventKind::Granted, head.as_ref()),
                2 => answered(document, EventKind::Declined, head.as_ref()),
                _ => match (ledger.granted(document.network(), PAYMENT), &head) {
                    (Some(granted), Some(head)) => sample::withdrawal(granted, head, &DEVICE),
                    _ => continue,
                },
            };
            ledger.append(event).unwrap();
            for document in DOCUMENTS.iter().flatten() {
                let gate = ledger.effective::<PayRequest>(document.network(), document.digest(), sample::START).ok().map(|consent| consent.record());
                prop_assert_eq!(gate, naive(ledger.events(), document.network(), document.digest()));
            }
        }
    }

    /// Bytes that the right key signed are still only read when they are the one way to write the event.
    #[test]
    fn what_opens_is_canonical(at in 0usize..2_000, byte: u8, cut in 0usize..2_000, insert: bool) {
        let mut bytes = answered(&DOCUMENTS[0][0], EventKind::Granted, None).bytes;
        let at = at % bytes.len();
        if insert { bytes.insert(at, byte) } else { bytes[at] = byte }
        if cut % 4 == 0 { bytes.truncate(cut % bytes.len()) }
        let signature: Signature = DEVICE.sign(&Event::to_sign(&bytes)).unwrap();
        match SignedEvent::open(bytes.clone(), signature, &DEVICE.public()) {
            Ok(opened) => prop_assert_eq!(opened.event.canonical(), bytes),
            Err(error) => prop_assert_eq!(error.code(), Code::ConsentRecordBroken),
        }
    }
}
