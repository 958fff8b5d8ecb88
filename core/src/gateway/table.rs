//! What every request carries, field by field: what for, how long it is kept, and whether it reaches a network.
//!
//! The gate lets a call pass only under a consent that lists each of its items (`consent::Ledger::effective`). The rows
//! take the requests apart whole, so a new field without a row does not compile. `docs/data_map.md` is written from here.

use crate::consent::{Carries, Field, Item};
use crate::gateway::wire::{
    CancelRequest, ChainReport, ChainTip, CheckoutRequest, CodesRequest, ConsentUpload, EnrolRequest, KeysKept,
    PayRequest, RefundRequest, VoidRequest,
};
use crate::payment::{Merchant, Proof, Terms};
use crate::present::offline::KeysRequest;

/// How long a network keeps what it gets is in the document the user agreed to.
const AS_AGREED: &str = "as the consent document says";
/// Electronic Financial Transactions Act 22: five years, one year for small amounts.
const AS_RECORDS: &str = "5 years, or 1 year up to KRW 10,000";
const AS_KEYS: &str = "24 hours or more, as the contract says of keys and nonces";
const AS_ACCOUNT: &str = "as long as the account";
const AS_CONSENTS: &str = "as long as the consent is to be proven";
const NOT_KEPT: &str = "not kept";

const fn to_gateway(name: &'static str, purpose: &'static str, retention: &'static str) -> Field {
    Field { name, item: None, purpose, retention }
}

/// Who asks. What a network gets in its place is the encrypted customer number.
const DEVICE_ABROAD: Field = Field {
    name: "jigap-device",
    item: Some(Item::CustomerNumber),
    purpose: "whose payment it is; the gateway puts the encrypted customer number in its place",
    retention: AS_AGREED,
};
const DEVICE: Field = to_gateway("jigap-device", "which device asks", NOT_KEPT);
const SIGNATURE: Field = to_gateway("jigap-signature", "that this device asks, and nobody else", NOT_KEPT);

carries! { EnrolRequest, "POST /v1/enrol", [DEVICE, SIGNATURE] {
    user_token: (None, "the company's own login: whose wallet this is", NOT_KEPT),
    device_key: (None, "checks this device's signatures", AS_ACCOUNT),
    user_key: (None, "checks the user's proofs", AS_ACCOUNT),
} }

carries! { ConsentUpload, "POST /v1/consents", [DEVICE, SIGNATURE] {
    event: (None, "the record of what was shown and answered", AS_CONSENTS),
    signature: (None, "that this device wrote it", AS_CONSENTS),
    log_size: (None, "which head of the log this wallet knows", NOT_KEPT),
} }

carries! { ChainReport, "POST /v1/chain", [DEVICE, SIGNATURE] {
    known: (None, "what this device believes the gateway has of its chain", AS_ACCOUNT),
    head: (None, "how far the chain of its own records has come", AS_ACCOUNT),
} }

carries! { ChainTip, "POST /v1/chain, in known and head", [] {
    seq: (None, "how many changes", AS_ACCOUNT),
    link: (None, "a keyed digest of them, which nobody else can read", AS_ACCOUNT),
} }

carries! { VoidRequest, "POST /v1/codes/void", [DEVICE, SIGNATURE] {
    codes: (None, "which codes no shop may use any more", AS_KEYS),
} }

carries! { KeysRequest, "POST /v1/offline-keys", [DEVICE, SIGNATURE] {
    request: (None, "the same request twice gives the same answer", AS_KEYS),
    epoch: (None, "how new the keys are that the phone holds", NOT_KEPT),
    nonce: (None, "makes each request new", NOT_KEPT),
    public: (None, "a key used once, which the answer is encrypted for", NOT_KEPT),
    signature: (None, "that this device asks", NOT_KEPT),
} }

carries! { KeysKept, "POST /v1/offline-keys/kept", [DEVICE, SIGNATURE] {
    request: (None, "which keys are on disk", AS_KEYS),
} }

carries! { CancelRequest, "POST /v1/payments/{key}/cancel", [DEVICE, SIGNATURE] {
    key: (None, "the same wish twice is one; the network hears only which of its payments is cancelled", AS_RECORDS),
    by: (None, "who wants it", AS_RECORDS),
} }

carries! { RefundRequest, "POST /v1/payments/{key}/refund", [DEVICE, SIGNATURE] {
    key: (None, "the same wish twice is one; the network hears only which of its payments is given back", AS_RECORDS),
} }

carries! { CheckoutRequest, "POST /v1/checkouts", [DEVICE_ABROAD, SIGNATURE] {
    nonce: (None, "the same scan twice is one order", AS_KEYS),
    network: (None, "who is to carry it", AS_KEYS),
    code: (Some(Item::ScannedCode), "finds the shop's order", AS_AGREED),
    amount: (Some(Item::PaymentOrder), "what the user typed, where the code leaves it open", AS_AGREED),
    consent: (None, "under which consent", AS_CONSENTS),
} }

carries! { PayRequest, "POST /v1/payments", [DEVICE_ABROAD, SIGNATURE] {
    key: (None, "one intent is one payment", AS_RECORDS),
    terms: (Some(Item::PaymentOrder), "what is paid", AS_AGREED),
    digest: (None, "that it is what was shown", AS_RECORDS),
    nonce: (None, "makes each challenge new", AS_RECORDS),
    proof: (None, "that the user agreed to pay", AS_RECORDS),
    consent: (None, "under which consent", AS_CONSENTS),
} }

carries! { CodesRequest, "POST /v1/codes", [DEVICE_ABROAD, SIGNATURE] {
    nonce: (None, "the same fetch twice gives the same codes", AS_KEYS),
    network: (None, "whose codes", AS_KEYS),
    region: (Some(Item::CountryOfStay), "where the codes are good", AS_AGREED),
    quantity: (Some(Item::PaymentCode), "how many codes are issued to this customer", AS_AGREED),
    consent: (None, "under which consent", AS_CONSENTS),
} }

carries! { Terms, "POST /v1/payments, in terms", [] {
    order: (Some(Item::PaymentOrder), "which order", AS_AGREED),
    quote: (None, "which price of it", AS_RECORDS),
    network: (None, "who carries it", AS_RECORDS),
    code: (None, "digest of what was scanned", AS_RECORDS),
    merchant: (Some(Item::PaymentOrder), "which shop", AS_AGREED),
    amount: (Some(Item::PaymentOrder), "what the shop asks for", AS_AGREED),
    home: (None, "what the user is charged", AS_RECORDS),
    rate: (None, "the rate between the two", AS_RECORDS),
    expires: (None, "until when the price holds", AS_RECORDS),
} }

carries! { Merchant, "POST /v1/payments, in terms.merchant", [] {
    name: (Some(Item::PaymentOrder), "the shop as the network named it", AS_AGREED),
    local_name: (Some(Item::PaymentOrder), "the same in its own script", AS_AGREED),
    city: (Some(Item::PaymentOrder), "where it is", AS_AGREED),
    country: (Some(Item::PaymentOrder), "where it is", AS_AGREED),
} }

carries! { Proof, "POST /v1/payments, in proof", [] {
    method: (None, "how the user proved it", AS_RECORDS),
    signature: (None, "the proof", AS_RECORDS),
} }

/// Requests without a body: what stands in their path.
const QUESTIONS: &[(&str, &[Field])] = &[
    ("GET /v1/config", &[DEVICE, SIGNATURE]),
    (
        "GET /v1/consent-documents/{network}/{purpose}",
        &[
            DEVICE,
            SIGNATURE,
            to_gateway("network", "whose document", NOT_KEPT),
            to_gateway("purpose", "which document", NOT_KEPT),
        ],
    ),
    ("GET /v1/balance", &[DEVICE, SIGNATURE]),
    ("GET /v1/payments/{key}", &[DEVICE, SIGNATURE, to_gateway("key", "which payment", NOT_KEPT)]),
    ("GET /v1/history?since", &[DEVICE, SIGNATURE, to_gateway("since", "from which change on", NOT_KEPT)]),
    (
        "GET /v1/statement?from&until",
        &[DEVICE, SIGNATURE, to_gateway("from", "from when on", NOT_KEPT), to_gateway("until", "until when", NOT_KEPT)],
    ),
    ("GET /v1/codes/{id}", &[DEVICE, SIGNATURE, to_gateway("id", "which shown code", NOT_KEPT)]),
];

/// Every request and every field of it, in the order of the contract.
pub fn sent() -> Vec<(&'static str, &'static [Field])> {
    const fn rows<C: Carries>() -> (&'static str, &'static [Field]) {
        (C::CALL, C::FIELDS)
    }
    let mut all = vec![
        rows::<EnrolRequest>(),
        rows::<ConsentUpload>(),
        rows::<ChainReport>(),
        rows::<ChainTip>(),
        rows::<CheckoutRequest>(),
        rows::<PayRequest>(),
        rows::<Terms>(),
        rows::<Merchant>(),
        rows::<Proof>(),
        rows::<CancelRequest>(),
        rows::<RefundRequest>(),
        rows::<CodesRequest>(),
        rows::<VoidRequest>(),
        rows::<KeysRequest>(),
        rows::<KeysKept>(),
    ];
    all.extend(QUESTIONS);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_inside_a_request_reaches_no_network_without_the_request_saying_so() {
        let outer: Vec<_> = PayRequest::items().collect();
        for item in Terms::items().chain(Merchant::items()).chain(Proof::items()) {
            assert!(outer.contains(&item), "{item}");
        }
    }

    #[test]
    fn only_the_three_calls_for_a_network_carry_anything_to_one() {
        let abroad: Vec<_> = sent().into_iter().filter(|(_, fields)| fields.iter().any(|f| f.item.is_some())).collect();
        let calls: Vec<_> = abroad.iter().map(|(call, _)| call.split(',').next().unwrap()).collect();
        let expected =
            ["checkouts", "payments", "payments", "payments", "codes"].map(|call| format!("POST /v1/{call}"));
        assert_eq!(calls, expected);
        assert_eq!(EnrolRequest::items().chain(ConsentUpload::items()).count(), 0);
    }
}
