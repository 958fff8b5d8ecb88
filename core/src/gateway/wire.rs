//! What goes over the wire: the JSON bodies of `docs/gateway.md`, and the bytes that are signed for a request.

use crate::consent::{LogReceipt, Signed};
use crate::crypto::{Blob, Canonical, Digest, PublicKey, Signature};
use crate::error::Result;
use crate::id::Id;
use crate::money::Money;
use crate::network::Network;
use crate::payment::{Answer, CancelBy, Merchant, Proof, Terms};
use crate::time::ServerMs;
use crate::wallet::Balance;
use serde::{Deserialize, Serialize};

/// The header with the device's identifier.
pub const DEVICE_HEADER: &str = "jigap-device";
/// The header with the signature of the request, Base64 of ASN.1 DER.
pub const SIGNATURE_HEADER: &str = "jigap-signature";
/// The header of every answer with the server's time in milliseconds.
pub const TIME_HEADER: &str = "jigap-time";

/// The bytes a device signs for a request, format `JRQ1`: method, path with query, device (16 zero bytes before
/// enrolment) and the digest of the body.
pub fn request_to_sign(method: &str, path: &str, device: Id, body: &[u8]) -> Vec<u8> {
    Canonical::new(*b"JRQ1").text(method).text(path).bytes(&device.0).bytes(Digest::of(body).as_bytes()).finish()
}

/// `POST /v1/enrol`, signed by the device key it brings.
#[derive(Clone, Serialize, Deserialize)]
pub struct EnrolRequest {
    /// The company's own login of this user, opaque here.
    pub user_token: String,
    /// The device's key.
    pub device_key: PublicKey,
    /// The key that only the user can use.
    pub user_key: PublicKey,
}

/// The answer to [`EnrolRequest`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EnrolResponse {
    /// This device from now on.
    pub device: Id,
    /// The configuration in force.
    pub config: Signed,
    /// What the user has.
    pub balance: Balance,
    /// Whether the user is under 14, so that consents need the guardian's confirmation (PIPA 22-2).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub guardian: bool,
}

/// How far a device's chain of state changes has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainTip {
    /// The number of the newest line; 0 before the first.
    pub seq: i64,
    /// Its link; empty before the first.
    pub link: Blob,
}

/// `POST /v1/chain`: the gateway takes `head` when `known` is what it has; else it changes nothing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChainReport {
    /// What the device believes the gateway has; absent when it does not know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<ChainTip>,
    /// How far the device has come.
    pub head: ChainTip,
}

/// The answer to [`ChainReport`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChainReceived {
    /// What the gateway has now.
    pub latest: ChainTip,
}

/// `POST /v1/consents`: one event of the ledger. The same event twice is one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ConsentUpload {
    /// The canonical bytes, format `JCE2` or `JCE1`.
    pub event: Blob,
    /// The device key's signature.
    pub signature: Signature,
    /// How many events the log held when the wallet last saw its head; 0 when it never did. The receipt proves that the
    /// log then is the beginning of the log now.
    #[serde(default)]
    pub log_size: u64,
}

/// The answer to [`ConsentUpload`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ConsentReceived {
    /// Digest of the event.
    pub record: Digest,
    /// What the log of consents says, where the configuration names one. Acknowledgements are not in the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<LogReceipt>,
}

/// `POST /v1/checkouts`: resolves a scanned code into an order and a quote.
#[derive(Clone, Serialize, Deserialize)]
pub struct CheckoutRequest {
    /// New for every scan: the same twice is one order.
    pub nonce: Id,
    /// Who is to carry it.
    pub network: Network,
    /// The exact text that was scanned.
    pub code: String,
    /// What the user typed, where the code leaves the amount open.
    #[serde(default)]
    pub amount: Option<Money>,
    /// Digest of the event that grants the consent.
    pub consent: Digest,
}

/// The answer to [`CheckoutRequest`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CheckoutResponse {
    /// Order, quote, shop, amounts, rate, expiry.
    pub terms: Terms,
}

/// `POST /v1/payments`. Its exact bytes are stored before they are sent, and sent again unchanged.
/// Answered by an [`Answer`]; `GET /v1/payments/{key}` answers with the same, or with 404 when it was never seen.
#[derive(Clone, Serialize, Deserialize)]
pub struct PayRequest {
    /// Idempotency key: one intent, one key.
    pub key: Id,
    /// The terms that were shown.
    pub terms: Terms,
    /// Digest of the terms, format `JPV1`.
    pub digest: Digest,
    /// The challenge's nonce.
    pub nonce: Blob,
    /// The user's proof over the challenge, format `JCH1`.
    pub proof: Proof,
    /// Digest of the event that grants the consent.
    pub consent: Digest,
}

/// `POST /v1/payments/{key}/cancel`. Answered by an [`Answer`] about the payment: `cancelled` is the tombstone under its
/// key, `succeeded` means that it is paid already, `pending` with `beside.cancel` that a person decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelRequest {
    /// The cancel's own key, which follows from the payment's: [`Id::derived`] for `cancel`.
    pub key: Id,
    /// Who wants it.
    pub by: CancelBy,
}

impl CancelRequest {
    /// The cancel of this payment.
    ///
    /// # Errors
    /// As [`Id::derived`].
    pub fn of(payment: Id, by: CancelBy) -> Result<Self> {
        Ok(Self { key: payment.derived("cancel")?, by })
    }
}

/// `POST /v1/payments/{key}/refund`: the user wants the money back. Answered by an [`Answer`] about the payment, with
/// `beside.refund` and what was given back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundRequest {
    /// The request's own key, which follows from the payment's: [`Id::derived`] for `refund`.
    pub key: Id,
}

impl RefundRequest {
    /// The request for this payment.
    ///
    /// # Errors
    /// As [`Id::derived`].
    pub fn of(payment: Id) -> Result<Self> {
        Ok(Self { key: payment.derived("refund")? })
    }
}

/// One change of one payment, as the gateway's history tells it: how the payment stood after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryLine {
    /// Counts the changes of all payments of this user, from 1 without gaps.
    pub n: u64,
    /// How the payment stood.
    pub answer: Answer,
    /// Who carries it.
    pub network: Network,
    /// Whether the user scanned the shop (else the shop scanned the user).
    pub scanned: bool,
    /// When it began.
    pub created: ServerMs,
    /// The shop, as far as it is known.
    #[serde(default)]
    pub merchant: Option<Merchant>,
}

/// The answer to `GET /v1/history?since=N`: what changed after number N, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryResponse {
    /// At most 100 changes.
    pub lines: Vec<HistoryLine>,
    /// Whether there are more after the last of these.
    pub more: bool,
}

/// The answer to `GET /v1/statement?from=A&until=B`: what moved in this time, A included and B not, by currency of the
/// user; sums of zero are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// What was charged, also where it came back later.
    pub charged: Vec<Money>,
    /// What was given back by refunds.
    pub refunded: Vec<Money>,
    /// What the networks' late cancels gave back.
    pub reversed: Vec<Money>,
}

/// `POST /v1/codes`: fetches codes to show.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CodesRequest {
    /// New for every fetch: the same twice gives the same codes.
    pub nonce: Id,
    /// Whose codes.
    pub network: Network,
    /// ISO 3166-1 alpha-2 country the user is in.
    pub region: String,
    /// How many, 1 to 10.
    pub quantity: u8,
    /// Digest of the event that grants the consent.
    pub consent: Digest,
}

/// One issued code.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuedCode {
    /// Names the code without being it.
    pub id: Id,
    /// The digits, drawn unchanged.
    pub digits: String,
    /// Until when a shop may scan it.
    pub expires: ServerMs,
}

/// The answer to [`CodesRequest`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CodesResponse {
    /// The codes, in the order they are to be shown.
    pub codes: Vec<IssuedCode>,
}

/// `POST /v1/codes/void`: nobody is to use these any more. Voiding twice, or a code that is over, is no error.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct VoidRequest {
    /// Codes of this device.
    pub codes: Vec<Id>,
}

/// The answer to [`VoidRequest`] and to [`KeysKept`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Done {
    /// Always true.
    pub done: bool,
}

/// `POST /v1/offline-keys/kept`: the new keys are on disk, the old ones may end.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KeysKept {
    /// The request they came with.
    pub request: Id,
}

/// What became of a shown code: `GET /v1/codes/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum CodeStatus {
    /// No shop has scanned it yet.
    Waiting,
    /// Nobody scanned it, and nobody can any more.
    Expired,
    /// A shop scanned it; this is the payment. Its key is the code's identifier.
    Used {
        /// What happened.
        answer: Box<Answer>,
        /// The shop, where the payment has no receipt.
        #[serde(default)]
        merchant: Option<Merchant>,
    },
}

/// The body of every answer that is not 200: a stable word of `docs/gateway.md`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Refusal {
    /// The word, such as `CONSENT_MISSING`.
    pub error: String,
}

redacted!(EnrolRequest, CheckoutRequest, PayRequest, IssuedCode);
