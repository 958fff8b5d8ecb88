//! Terms, receipts and answers that the tests of the core speak about.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "test code, of which every test uses a part")]

use jigap::consent::{Document, Event, EventKind, Shown, Signed, SignedEvent, Stamp};
use jigap::crypto::{Blob, Digest, HostKey};
use jigap::id::Id;
use jigap::money::{Currency, Money, Rate};
use jigap::network::Network;
use jigap::payment::{Answer, DeclineReason, Limits, Merchant, Outcome, Receipt, Terms};
use jigap::time::{Now, ServerMs};
use serde_json::{Value, json};

/// When a payment begins, and when its order ends.
pub const START: ServerMs = ServerMs(1_000_000);
pub const ORDER_ENDS: ServerMs = ServerMs(1_180_000);

pub const LIMITS: Limits =
    Limits { resend_horizon_ms: 100_000, order_skew_ms: 60_000, ask_first_ms: 1_000, ask_longest_ms: 30_000 };

pub const KEY: Id = Id([7; 16]);
pub const OTHER_KEY: Id = Id([8; 16]);

pub fn network(name: &str) -> Network {
    Network::parse(name).unwrap()
}

pub fn money(currency: &str, minor: i64) -> Money {
    Money::from_minor(Currency::from_alpha(currency).unwrap(), minor)
}

/// 9.1234 won a yen.
pub fn rate() -> Rate {
    Rate {
        from: Currency::from_alpha("JPY").unwrap(),
        to: Currency::from_alpha("KRW").unwrap(),
        mantissa: 91_234,
        scale: 4,
    }
}

pub fn merchant() -> Merchant {
    Merchant {
        name: "Kuromon Takoyaki".to_owned(),
        local_name: Some("黒門たこ焼き".to_owned()),
        city: Some("Osaka".to_owned()),
        country: "JP".to_owned(),
    }
}

pub fn terms(order: u8) -> Terms {
    let amount = money("JPY", 1_280);
    Terms {
        order: Id([order; 16]),
        quote: Id([order; 16]),
        network: network("alipayplus"),
        code: Digest::of(b"code"),
        merchant: merchant(),
        amount,
        home: rate().convert(amount).unwrap(),
        rate: rate(),
        expires: ORDER_ENDS,
    }
}

pub fn receipt(reference: &str) -> Receipt {
    let terms = terms(1);
    Receipt {
        reference: reference.to_owned(),
        paid_at: START,
        network: terms.network,
        merchant: terms.merchant,
        amount: terms.amount,
        home: terms.home,
        rate: terms.rate,
    }
}

pub fn succeeded(reference: &str) -> Outcome {
    Outcome::Succeeded { receipt: Box::new(receipt(reference)) }
}

pub const fn declined(reason: DeclineReason) -> Outcome {
    Outcome::Declined { reason }
}

pub fn answer(seq: u64, outcome: Outcome) -> Answer {
    Answer::new(KEY, seq, outcome)
}

/// A consent document with everything the law asks for.
pub fn document_json(network: &str, version: u32) -> Value {
    let text = json!({
        "title": "Transfer abroad", "items": "Payment code, order number", "transfer": "China, at every payment, by TLS",
        "recipient": "Example Network Ltd., privacy@network.example", "purpose": "Carrying payments; five years",
        "refusal": "You may refuse; then this network cannot be used"
    });
    json!({
        "format": 1, "id": format!("{network}-transfer"), "version": version, "network": network,
        "controller": "Example Wallet Co.", "data": ["customer_number", "payment_order", "scanned_code", "payment_code", "country_of_stay", "payment_result"],
        "recipients": [{ "name": "Example Network Ltd.", "contact": "privacy@network.example", "country": "CN" }],
        "texts": { "en": text }
    })
}

pub fn sign_document(json: &Value, controller: &HostKey) -> Signed {
    let bytes = serde_json::to_vec(json).unwrap();
    let signature = controller.sign(&bytes).unwrap();
    Signed { bytes: Blob(bytes), signature }
}

pub fn document(network: &str, version: u32, controller: &HostKey) -> (Document, Signed) {
    let signed = sign_document(&document_json(network, version), controller);
    (Document::open(&signed, &controller.public()).unwrap(), signed)
}

pub const NOW: Now = Now { wall_ms: 1_700_000_000_000, boot_ms: 5_000, boot_id: [3; 16] };

pub fn sign_event(event: &Event, device: &HostKey) -> SignedEvent {
    let bytes = event.canonical();
    let signature = device.sign(&Event::to_sign(&bytes)).unwrap();
    SignedEvent::open(bytes, signature, &device.public()).unwrap()
}

/// An answer to a document, to stand after `head`.
pub fn consent(document: &Document, kind: EventKind, head: Option<&SignedEvent>, device: &HostKey) -> SignedEvent {
    let shown = Shown {
        locale: "en".to_owned(),
        rendered: document.text("en").unwrap().1.rendered(),
        font_pt: 12,
        order: ["items", "transfer", "recipient", "purpose", "refusal"].map(str::to_owned).to_vec(),
        emphasised: ["items", "recipient", "purpose"].map(str::to_owned).to_vec(),
        scrolled_to_end: true,
        dwell_ms: 4_000,
        control: "agree_button".to_owned(),
        app: "example 1.0".to_owned(),
    };
    sign_event(&Event::about(document, kind, shown, stamp(head, device), head), device)
}

pub fn withdrawal(granted: &SignedEvent, head: &SignedEvent, device: &HostKey) -> SignedEvent {
    ended(granted, EventKind::Withdrawn, head, device)
}

/// An event that ends an agreement, to stand after `head`.
pub fn ended(granted: &SignedEvent, kind: EventKind, head: &SignedEvent, device: &HostKey) -> SignedEvent {
    sign_event(&Event::ending(&granted.event, kind, stamp(Some(head), device), head), device)
}

pub fn stamp(head: Option<&SignedEvent>, device: &HostKey) -> Stamp {
    let seq = head.map_or(1, |head| head.event.seq.saturating_add(1));
    let keys = (device.public().id(), Digest::of(b"user key"));
    Stamp { record: Id(u128::from(seq).to_be_bytes()), device: Id([5; 16]), keys, at: NOW, server: START }
}
