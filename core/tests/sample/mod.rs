//! Terms, receipts and answers that the tests of the core speak about.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "test code, of which every test uses a part")]

use jigap::crypto::Digest;
use jigap::id::Id;
use jigap::money::{Currency, Money, Rate};
use jigap::network::Network;
use jigap::payment::{Answer, DeclineReason, Limits, Merchant, Outcome, Receipt, Terms};
use jigap::time::ServerMs;

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

pub const fn answer(seq: u64, outcome: Outcome) -> Answer {
    Answer { key: KEY, seq, outcome }
}
