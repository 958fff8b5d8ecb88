//! Documents and events as they are written: every altered bit is refused, the first layout is still read, a document says
//! what its act asks for, and clocks that are set change nothing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "test code"
)]

mod sample;

use jigap::consent::{
    Basis, Confirmation, Document, Event, EventKind, Layout, Ledger, PAYMENT, Shown, Signed, SignedEvent, UserProof,
};
use jigap::crypto::{Blob, Canonical, Digest, HostKey};
use jigap::error::{Code, FieldValue};
use jigap::gateway::wire::PayRequest;
use jigap::id::Id;
use jigap::time::{Now, ServerAnchor, ServerMs};
use proptest::prelude::*;
use sample::{NOW, START, network, sign_document, sign_event, stamp};
use serde_json::{Value, json};
use std::sync::LazyLock;

static DEVICE: LazyLock<HostKey> = LazyLock::new(|| HostKey::generate().unwrap());
static CONTROLLER: LazyLock<HostKey> = LazyLock::new(|| HostKey::generate().unwrap());

/// A document of format 2 under an act, complete.
fn document_json(basis: Basis) -> Value {
    let words = ["title", "items", "transfer", "recipient", "purpose", "retention", "refusal"];
    let text: Value = words
        .iter()
        .filter(|word| basis.asks().contains(word))
        .map(|w| ((*w).to_owned(), json!(format!("{w} said"))))
        .collect();
    let mut json = sample::document_json("unionpay", 2);
    json["format"] = json!(2);
    json["purpose"] = json!("payment");
    json["required"] = json!(true);
    json["basis"] = json!(basis);
    json["valid_days"] = json!(30);
    json["shown_until"] = json!(START.0 + 1_000);
    json["texts"] = ["ko", "en", "ja", "zh"].iter().map(|l| ((*l).to_owned(), text.clone())).collect();
    json
}

fn open(json: &Value) -> Result<Document, String> {
    Document::open(&sign_document(json, &CONTROLLER), &CONTROLLER.public()).map_err(|error| {
        assert_eq!(error.code(), Code::ConsentDocumentInvalid);
        error.field("part").unwrap().to_string()
    })
}

#[test]
fn a_document_says_all_that_its_act_asks_for_in_four_languages() {
    for basis in [Basis::Collection, Basis::Provision, Basis::Transfer] {
        let whole = document_json(basis);
        let document = open(&whole).unwrap();
        assert_eq!((document.basis(), document.purpose(), document.required()), (basis, PAYMENT, true));
        for language in ["ko", "en", "ja", "zh"] {
            let mut without = whole.clone();
            without["texts"].as_object_mut().unwrap().remove(language);
            assert_eq!(open(&without), Err("language".to_owned()));
            for item in basis.asks() {
                for blank in [Some(" \u{3000}"), None] {
                    let mut without = whole.clone();
                    let text = without["texts"][language].as_object_mut().unwrap();
                    match blank {
                        Some(blank) => drop(text.insert((*item).to_owned(), json!(blank))),
                        None => drop(text.remove(*item)),
                    }
                    assert_eq!(open(&without), Err((*item).to_owned()), "{basis} {language}");
                }
            }
        }
    }
    assert_eq!(Basis::Transfer.asks(), ["title", "items", "transfer", "recipient", "purpose", "refusal"]);
    assert_eq!(Basis::Provision.asks(), ["title", "items", "recipient", "purpose", "retention", "refusal"]);
    assert_eq!(Basis::Collection.asks(), ["title", "items", "purpose", "retention", "refusal"]);
}

#[test]
fn each_kind_of_bad_document_has_its_own_error() {
    let whole = document_json(Basis::Transfer);
    for (place, value, part) in [
        ("/purpose", json!(null), "purpose"),
        ("/purpose", json!("Two Words"), "purpose"),
        ("/required", json!(null), "required"),
        ("/basis", json!(null), "basis"),
        ("/basis", json!("KR-PIPA-1"), "format"),
        ("/format", json!(1), "format"),
        ("/recipients/0/country", json!("cn"), "recipients"),
        ("/texts/ko/more", json!("x"), "format"),
    ] {
        let mut json = whole.clone();
        match json.pointer_mut(place) {
            Some(slot) => *slot = value,
            None => json["texts"]["ko"]["more"] = value,
        }
        assert_eq!(open(&json), Err(part.to_owned()), "{place}");
    }
    let signed = sign_document(&whole, &CONTROLLER);
    let part = |signed: &Signed, key: &HostKey| Document::open(signed, &key.public()).unwrap_err().field("part");
    // Foreign: another company's key. Unsigned: no signature.
    assert_eq!(part(&signed, &DEVICE), Some("signature".into()));
    assert_eq!(
        part(&Signed { signature: jigap::crypto::Signature(Blob::default()), ..signed }, &CONTROLLER),
        Some("signature".into())
    );
    let document = open(&whole).unwrap();
    assert_eq!(document.check_at(START), Ok(()));
    let expired = document.check_at(START.plus(1_000)).unwrap_err();
    assert_eq!((expired.code(), expired.field("part")), (Code::ConsentDocumentInvalid, Some("expired".into())));
    // A language it is not written in: English, and the record says so.
    assert_eq!(document.text("fr-FR").unwrap().0, "en");
}

#[test]
fn important_items_are_marked_and_the_digest_is_of_what_is_on_screen() {
    let document = open(&document_json(Basis::Transfer)).unwrap();
    let (_, text) = document.text("ko").unwrap();
    let marked: Vec<_> = text.sections().into_iter().filter(|(_, _, out)| *out).map(|(name, _, _)| name).collect();
    assert_eq!(marked, ["items", "recipient", "purpose"]);
    for change in ["title", "items", "transfer", "recipient", "purpose", "refusal"] {
        let mut json = document_json(Basis::Transfer);
        json["texts"]["ko"][change] = json!("other");
        assert_ne!(open(&json).unwrap().text("ko").unwrap().1.rendered(), text.rendered());
    }
}

#[test]
fn every_flipped_bit_of_a_document_is_refused() {
    let signed = sign_document(&document_json(Basis::Transfer), &CONTROLLER);
    let key = CONTROLLER.public();
    let mut flips = 0;
    for at in 0..signed.bytes.0.len() {
        for bit in 0..8 {
            let mut altered = signed.clone();
            altered.bytes.0[at] ^= 1 << bit;
            let error = Document::open(&altered, &key).unwrap_err();
            assert_eq!(error.field("part"), Some(FieldValue::Word("signature")), "bit {bit} of byte {at}");
            flips += 1;
        }
    }
    assert!(flips > 8_000, "{flips}");
}

/// An event with everything in it.
fn full(head: Option<&SignedEvent>) -> Event {
    let document = open(&document_json(Basis::Transfer)).unwrap();
    let challenge = UserProof::challenge(Id([5; 16]), network("unionpay"), &[(Id([1; 16]), document.digest(), true)]);
    let proof = UserProof { method: "pin".to_owned(), signature: DEVICE.sign(&challenge).unwrap(), challenge };
    let guardian = sign_document(&json!({ "format": 1 }), &CONTROLLER);
    let shown = Shown {
        locale: "ko".to_owned(),
        rendered: document.text("ko").unwrap().1.rendered(),
        font_pt: 14,
        order: vec!["items".to_owned(), "refusal".to_owned()],
        emphasised: vec!["items".to_owned()],
        scrolled_to_end: true,
        dwell_ms: 9_000,
        control: "agree_button".to_owned(),
        app: "example 1.2".to_owned(),
    };
    Event::about(&document, EventKind::Granted, shown, stamp(head, &DEVICE), head).answering(
        Id([1; 16]),
        Some(proof),
        Some(guardian),
    )
}

#[test]
fn every_flipped_bit_of_a_full_event_is_refused() {
    let event = sign_event(&full(None), &DEVICE);
    let mut flips = 0;
    for at in 0..event.bytes.len() {
        for bit in 0..8 {
            let mut bytes = event.bytes.clone();
            bytes[at] ^= 1 << bit;
            let error = SignedEvent::open(bytes, event.signature.clone(), &DEVICE.public()).unwrap_err();
            assert_eq!(error.code(), Code::ConsentRecordBroken, "bit {bit} of byte {at}");
            flips += 1;
        }
    }
    assert!(flips > 8_000, "{flips}");
}

#[test]
fn an_event_of_each_kind_is_read_as_it_was_written() {
    let written = full(None);
    let first = sign_event(&written, &DEVICE);
    for (kind, name) in EventKind::ALL {
        let event = sign_event(&Event::ending(&first.event, kind, stamp(Some(&first), &DEVICE), &first), &DEVICE);
        assert_eq!((event.event.kind, kind.as_str()), (kind, name));
        let read = SignedEvent::open(event.bytes.clone(), event.signature.clone(), &DEVICE.public()).unwrap();
        assert_eq!((read.event.canonical(), read.event.layout), (event.bytes, Layout::Second));
    }
    assert_eq!(
        SignedEvent::open(first.bytes.clone(), first.signature.clone(), &DEVICE.public()).unwrap().event,
        written
    );
}

/// The bytes as the first wallets wrote them, put together here by hand.
#[test]
fn the_first_layout_still_verifies_and_stands_in_one_chain_with_the_second() {
    let document = Digest([7; 32]);
    let bytes = Canonical::new(*b"JCE1")
        .bytes(&[1; 16])
        .number(1)
        .bytes(&[0; 32])
        .text("granted")
        .text("unionpay")
        .text("unionpay-transfer")
        .number(1)
        .bytes(document.as_bytes())
        .list(&["customer_number", "payment_order"], |w, item| w.text(item))
        .list(&[("Example", "a@b.example", "CN")], |w, r| w.text(r.0).text(r.1).text(r.2))
        .text("en")
        .number(12)
        .number(1)
        .number(4_000)
        .bytes(&[5; 16])
        .number(NOW.wall_ms)
        .number(5_000)
        .bytes(&NOW.boot_id)
        .number(START.0)
        .finish();
    let signature = DEVICE.sign(&Event::to_sign(&bytes)).unwrap();
    let first = SignedEvent::open(bytes.clone(), signature, &DEVICE.public()).unwrap();
    let event = &first.event;
    assert_eq!((event.layout, event.purpose.as_str(), event.basis), (Layout::First, PAYMENT, Basis::Transfer));
    assert_eq!(event.canonical(), bytes);
    assert_eq!((event.shown.dwell_ms, event.recipients.len(), event.document.2), (4_000, 1, document));
    let mut ledger = Ledger::new(vec![first.clone()]).unwrap();
    assert!(ledger.effective::<PayRequest>(network("unionpay"), document, START).is_ok());
    ledger.append(sample::withdrawal(&first, &first, &DEVICE)).unwrap();
    assert!(ledger.effective::<PayRequest>(network("unionpay"), document, START).is_err());
    // A kind that the first layout did not have is not read in it.
    let later = Event { kind: EventKind::Presented, ..first.event };
    let bytes = later.canonical();
    let signature = DEVICE.sign(&Event::to_sign(&bytes)).unwrap();
    assert!(SignedEvent::open(bytes, signature, &DEVICE.public()).is_err());
}

#[test]
fn an_event_of_another_device_is_not_taken_in() {
    let first = sign_event(&full(None), &DEVICE);
    let other = HostKey::generate().unwrap();
    // Replayed as it is: not signed by this device. Signed anew by this device for the other: another device's name.
    let theirs = sign_event(&Event { keys: (other.public().id(), Digest([0; 32])), ..full(None) }, &other);
    assert!(SignedEvent::open(theirs.bytes, theirs.signature, &DEVICE.public()).is_err());
    let named = sign_event(&Event { device: Id([6; 16]), ..full(Some(&first)) }, &DEVICE);
    let mut ledger = Ledger::new(vec![first]).unwrap();
    assert_eq!(ledger.append(named).unwrap_err().code(), Code::ConsentRecordBroken);
    // The key that is named in an event is the one that signs it.
    let lying = Event { keys: (other.public().id(), Digest([0; 32])), ..full(None) };
    let bytes = lying.canonical();
    let signature = DEVICE.sign(&Event::to_sign(&bytes)).unwrap();
    assert!(SignedEvent::open(bytes, signature, &DEVICE.public()).is_err());
}

#[test]
fn an_agreement_ends_with_its_term_and_covers_what_it_lists() {
    let granted = sign_event(&full(None), &DEVICE);
    let document = granted.event.document.2;
    let end = granted.event.ends.unwrap();
    assert_eq!(end.since(START), 30 * 24 * 3_600_000);
    let ledger = Ledger::new(vec![granted.clone()]).unwrap();
    let gate = |ledger: &Ledger, now| ledger.effective::<PayRequest>(network("unionpay"), document, now).is_ok();
    assert!(gate(&ledger, end.plus(-1)) && !gate(&ledger, end));
    for kind in [EventKind::Superseded, EventKind::Expired, EventKind::Withdrawn] {
        let mut ledger = ledger.clone();
        ledger.append(sample::ended(&granted, kind, &granted, &DEVICE)).unwrap();
        assert!(!gate(&ledger, START), "{kind:?}");
    }
    for item in ["customer_number", "payment_order"] {
        let mut event = full(None);
        event.data.retain(|word| word != item);
        let ledger = Ledger::new(vec![sign_event(&event, &DEVICE)]).unwrap();
        assert!(!gate(&ledger, START), "without {item}");
    }
    // An agreement to something beside paying opens nothing.
    let beside = Event { purpose: "coupons".to_owned(), ..full(None) };
    assert!(!gate(&Ledger::new(vec![sign_event(&beside, &DEVICE)]).unwrap(), START));
}

#[test]
fn a_guardians_confirmation_is_for_one_device_its_documents_and_a_time() {
    let said = json!({
        "format": 1, "device": Id([5; 16]), "documents": [Digest([1; 32])], "method": "letter", "until": START.0 + 10,
    });
    let signed = sign_document(&said, &CONTROLLER);
    let part = |result: jigap::error::Result<()>| {
        let error = result.unwrap_err();
        assert_eq!(error.code(), Code::GuardianNeeded);
        error.field("part").unwrap().to_string()
    };
    let confirmation = Confirmation::open(&signed, &CONTROLLER.public()).unwrap();
    assert_eq!(confirmation.covers(Id([5; 16]), Digest([1; 32]), START), Ok(()));
    assert_eq!(part(confirmation.covers(Id([6; 16]), Digest([1; 32]), START)), "device");
    assert_eq!(part(confirmation.covers(Id([5; 16]), Digest([2; 32]), START)), "document");
    assert_eq!(part(confirmation.covers(Id([5; 16]), Digest([1; 32]), START.plus(10))), "expired");
    assert_eq!(part(Confirmation::open(&signed, &DEVICE.public()).map(drop)), "signature");
    let other = sign_document(&json!({ "format": 2 }), &CONTROLLER);
    assert_eq!(part(Confirmation::open(&other, &CONTROLLER.public()).map(drop)), "format");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// The wall clock is set to anything while the phone runs: what is in force stays in force, and what ended, ended.
    #[test]
    fn clock_jumps_change_nothing(wall in any::<i64>(), passed in 0u64..60 * 24 * 3_600_000) {
        let granted = sign_event(&full(None), &DEVICE);
        let ledger = Ledger::new(vec![granted.clone()]).unwrap();
        let anchor = ServerAnchor { server: START, at: NOW };
        let jumped = Now { wall_ms: wall, boot_ms: NOW.boot_ms + passed, ..NOW };
        let now = anchor.estimate(&jumped);
        let gate = ledger.effective::<PayRequest>(network("unionpay"), granted.event.document.2, now).is_ok();
        prop_assert_eq!(gate, ServerMs(START.0 + i64::try_from(passed).unwrap()) < granted.event.ends.unwrap());
    }
}
