//! What a screen needs, whole: one value a screen, nothing to look up.

use crate::code::draw::picture::Luma;
use crate::consent::{Basis, LogFault, Recipient, Shown, Signed, UserProof};
use crate::crypto::Digest;
use crate::error::{Code, Error};
use crate::id::Id;
use crate::money::{Money, Rate};
use crate::network::Network;
use crate::payment::{
    Asked, DeclineReason, Merchant, Origin, Outcome, Payment, Preview, Proof, Record, State, UnsentReason,
};
use crate::present::CodeState;
use crate::store::Cursor;
use crate::time::ServerMs;

/// A scanned code to be paid.
#[derive(Clone)]
pub struct Checkout {
    /// The exact text that was scanned.
    pub code: String,
    /// The network the user chose, where several can carry it.
    pub network: Option<Network>,
    /// What the user typed, where the code leaves the amount open.
    pub amount: Option<Money>,
}

/// The terms of a payment, before anything is agreed.
#[derive(Clone, PartialEq, Eq)]
pub struct PreviewView {
    /// Names the preview.
    pub id: Id,
    /// Who carries it.
    pub network: Network,
    /// What people call the network.
    pub network_name: String,
    /// The shop, as the network names it.
    pub merchant: Merchant,
    /// What the shop asks for.
    pub amount: Money,
    /// The rate.
    pub rate: Rate,
    /// What the user will be charged.
    pub home: Money,
    /// Until when, by the server's time.
    pub expires: ServerMs,
    /// How long that is from now, in milliseconds; 0 when it is over.
    pub expires_in_ms: i64,
    /// What the user's key signs to agree.
    pub challenge: Vec<u8>,
}

/// What a payment looks like to the person who made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Not known yet. Never "failed": money may have moved.
    Checking,
    /// Charged.
    Paid,
    /// Not charged; the gateway said why.
    Declined,
    /// Not charged; it never reached the gateway. May be paid again.
    NotSent,
    /// Contradictory answers; people are looking into it.
    Conflict,
    /// It is to be cancelled; whether it still can be is not known yet.
    Cancelling,
    /// Not charged; cancelled before it was.
    Cancelled,
    /// Charged, and then cancelled by the network: the money is back.
    Reversed,
}

impl Status {
    /// Whether how it ends is not known yet.
    pub const fn open(self) -> bool {
        matches!(self, Self::Checking | Self::Cancelling)
    }

    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Checking => "checking",
            Self::Paid => "paid",
            Self::Declined => "declined",
            Self::NotSent => "not_sent",
            Self::Conflict => "conflict",
            Self::Cancelling => "cancelling",
            Self::Cancelled => "cancelled",
            Self::Reversed => "reversed",
        }
    }
}

/// A payment as history and receipt show it.
#[derive(Clone, PartialEq, Eq)]
pub struct PaymentView {
    /// Names the payment.
    pub id: Id,
    /// What it looks like.
    pub status: Status,
    /// Who carries it.
    pub network: Network,
    /// Whether the user scanned the shop (else the shop scanned the user).
    pub scanned: bool,
    /// The shop, as far as it is known.
    pub merchant: Option<Merchant>,
    /// What the shop asks for, as far as it is known.
    pub amount: Option<Money>,
    /// What the user is or would be charged.
    pub home: Option<Money>,
    /// The rate between the two.
    pub rate: Option<Rate>,
    /// The network's number, once charged.
    pub reference: Option<String>,
    /// When it was charged, by the server's time.
    pub paid_at: Option<ServerMs>,
    /// When it began, by the server's time.
    pub created: ServerMs,
    /// What was given back so far; nothing when nothing was.
    pub refunded: Option<RefundedView>,
    /// Where the user's wish for a refund stands.
    pub refund_request: RefundRequest,
    /// When the network cancelled what it had charged.
    pub reversed_at: Option<ServerMs>,
    /// Why it is not paid, and what can be done; nothing when it is.
    pub problem: Option<Error>,
}

/// What was given back of a payment, the sum of all parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefundedView {
    /// In the shop's currency.
    pub amount: Money,
    /// In the user's, each part at its own rate.
    pub home: Money,
    /// Whether it is all of it.
    pub whole: bool,
}

/// Where a user's wish for a refund stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefundRequest {
    /// Nobody asked.
    None,
    /// The user asked; the gateway has not answered yet.
    Wanted,
    /// A person decides.
    Open,
    /// It was refused.
    Refused,
    /// It was granted; what comes back is in `refunded`.
    Granted,
}

impl RefundRequest {
    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Wanted => "wanted",
            Self::Open => "open",
            Self::Refused => "refused",
            Self::Granted => "granted",
        }
    }

    fn of(payment: &Payment) -> Self {
        match payment.known.refund {
            Some(Asked::Open) => Self::Open,
            Some(Asked::Refused) => Self::Refused,
            Some(Asked::Granted) => Self::Granted,
            None if payment.owes_refund_request() => Self::Wanted,
            None if payment.refund_refused => Self::Refused,
            None => Self::None,
        }
    }
}

impl PaymentView {
    pub(super) fn new(record: &Record) -> Self {
        let receipt = record.receipt();
        let status = match record.payment.state {
            State::Sending | State::Unknown | State::NotSeen | State::Pending => Status::Checking,
            State::Succeeded => Status::Paid,
            State::Declined => Status::Declined,
            State::Unsent => Status::NotSent,
            State::Conflict => Status::Conflict,
            State::CancelWanted => Status::Cancelling,
            State::Cancelled => Status::Cancelled,
            State::Reversed => Status::Reversed,
        };
        let agreed_rate = match &record.origin {
            Origin::Scanned { terms, .. } => Some(terms.rate),
            Origin::Shown { .. } | Origin::Told { .. } => None,
        };
        let amounts = record.amounts();
        Self {
            id: record.payment.key,
            status,
            network: record.network(),
            scanned: record.scanned(),
            merchant: record.merchant().cloned(),
            amount: amounts.map(|(amount, _)| amount),
            home: amounts.map(|(_, home)| home),
            rate: receipt.map(|receipt| receipt.rate).or(agreed_rate),
            reference: receipt.map(|receipt| receipt.reference.clone()),
            paid_at: receipt.map(|receipt| receipt.paid_at),
            created: record.created,
            refunded: record.refunded().map(|(amount, home)| {
                let whole = record.payment.known.all_refunded();
                RefundedView { amount, home, whole }
            }),
            refund_request: RefundRequest::of(&record.payment),
            reversed_at: record.payment.known.reversed.filter(|_| status == Status::Reversed),
            problem: problem(record, status),
        }
    }
}

fn problem(record: &Record, status: Status) -> Option<Error> {
    let code = match status {
        // Crooked refunds do not undo the payment, and yet people have to look.
        Status::Paid if record.payment.known.refunds.is_empty() || record.refunded().is_some() => return None,
        Status::Cancelled | Status::Reversed => return None,
        Status::Checking | Status::Cancelling => Code::Checking,
        Status::Paid => Code::PaymentConflict,
        Status::Conflict => Code::PaymentConflict,
        Status::NotSent => match record.payment.unsent {
            Some(UnsentReason::Untrusted) => Code::GatewayUntrusted,
            Some(UnsentReason::Unsigned) => Code::VaultUnavailable,
            Some(UnsentReason::OrderOver) => Code::QuoteExpired,
            Some(UnsentReason::Refused) => Code::GatewayRefused,
            Some(UnsentReason::ConsentGone) => {
                return Some(Error::new(Code::ConsentNeeded).with("network", record.network()));
            }
            Some(UnsentReason::Unreachable) | None => Code::NotSent,
        },
        Status::Declined => match record.payment.known.best.as_ref().map(|best| &best.outcome) {
            Some(Outcome::Declined { reason: DeclineReason::ConsentMissing }) => {
                return Some(Error::new(Code::ConsentNeeded).with("network", record.network()));
            }
            Some(Outcome::Declined { reason }) => reason.code(),
            _ => Code::PaymentDeclined,
        },
    };
    Some(Error::new(code))
}

/// A page of history, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryPage {
    /// The payments.
    pub payments: Vec<PaymentView>,
    /// Where the next page begins; nothing when there is none.
    pub next: Option<Cursor>,
}

/// What has to be shown before a user can agree that data goes to a network: the agreement that paying needs, and apart
/// from it those that the user may refuse without losing anything else (PIPA 22). Nothing is ticked beforehand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentRequest {
    /// For which network.
    pub network: Network,
    /// What people call it.
    pub network_name: String,
    /// Who asks.
    pub controller: String,
    /// Whose phone this is.
    pub device: Id,
    /// Whether the user is under 14: then an agreement needs the guardian's confirmation (PIPA 22-2).
    pub guardian: bool,
    /// What paying needs.
    pub main: ConsentChoice,
    /// What the user may choose beside it, in the order to be shown.
    pub optional: Vec<ConsentChoice>,
}

/// One document, and with it one choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentChoice {
    /// The document; the answer names it.
    pub document: Digest,
    /// What for: `payment`, or a purpose of the company's own.
    pub purpose: String,
    /// Whether the network cannot be used without it.
    pub required: bool,
    /// Under which act.
    pub basis: Basis,
    /// The language of the texts.
    pub locale: String,
    /// What this is.
    pub title: String,
    /// What the act asks to be told, in the order it is to be shown.
    pub sections: Vec<Section>,
    /// Who receives the data.
    pub recipients: Vec<Recipient>,
    /// Whether it is agreed to already.
    pub granted: bool,
    /// The record under which it is on screen now; none when it never was, since it is agreed to.
    pub presented: Option<Id>,
    /// Digest of what is to be on screen; an answer may bring it back.
    pub rendered: Digest,
}

/// One section of a consent document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Its stable name: `items`, `transfer`, `recipient`, `purpose`, `retention` or `refusal`.
    pub name: &'static str,
    /// The text, in the language of the request.
    pub text: String,
    /// Whether it has to stand out (decree 17: larger, coloured or bold).
    pub emphasised: bool,
}

/// The user's answer to a [`ConsentRequest`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentAnswer {
    /// For which network.
    pub network: Network,
    /// The document that paying needs, as it was shown.
    pub document: Digest,
    /// Whether they agreed to it.
    pub agreed: bool,
    /// What they said to the optional documents. Saying nothing is not agreeing.
    pub choices: Vec<(Digest, bool)>,
    /// How it was shown.
    pub shown: Shown,
    /// The user's key over [`ConsentRequest::challenge`].
    pub proof: Option<Proof>,
    /// The guardian's confirmation, where the user is under 14.
    pub guardian: Option<Signed>,
}

impl ConsentRequest {
    /// What the user's key signs to prove this answer: format `JCC1`, bound to this device and to what was on screen.
    pub fn challenge(&self, agreed: bool, choices: &[(Digest, bool)]) -> Vec<u8> {
        let none = Id([0; 16]);
        let presented = |digest: Digest| {
            let choice = self.optional.iter().find(|choice| choice.document == digest);
            choice.and_then(|choice| choice.presented).unwrap_or(none)
        };
        let mut said = vec![(self.main.presented.unwrap_or(none), self.main.document, agreed)];
        said.extend(choices.iter().map(|(digest, agreed)| (presented(*digest), *digest, *agreed)));
        UserProof::challenge(self.device, self.network, &said)
    }
}

/// The user's consents, with everything that a stranger needs to verify them.
#[derive(Clone, PartialEq, Eq)]
pub struct ConsentExport {
    /// Record and receipt after ISO/IEC TS 27560, JSON-LD with DPV's terms, and the evidence: one JSON text.
    pub json: String,
    /// The same as a page that a person can read and print.
    pub html: String,
}

/// A record of consent that is not erased when the user asks for it, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptConsent {
    /// For which network.
    pub network: Network,
    /// What for.
    pub purpose: String,
    /// How many events there are.
    pub events: usize,
    /// Why they stay.
    pub reason: KeptReason,
    /// Until when, by the server's time; nothing while the agreement is in force.
    pub until: Option<ServerMs>,
}

/// Why a record stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeptReason {
    /// The agreement is in force: without its record nothing could be shown to be lawful (PIPA 22, 28-8).
    InForce,
    /// It ended less than five years ago: transfers under it are part of payments whose records are kept that long
    /// (Electronic Financial Transactions Act 22).
    PaymentRecords,
}

impl KeptReason {
    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InForce => "in_force",
            Self::PaymentRecords => "payment_records",
        }
    }
}

/// How the gateway's log of consents stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogStatus {
    /// The company keeps none.
    NotKept,
    /// No event was brought to it yet.
    Unseen,
    /// It has proven everything so far.
    Sound {
        /// How many events it holds.
        size: u64,
        /// When it said so.
        at: ServerMs,
    },
    /// Its last answer proves that it cannot be believed: no new payment is prepared until it heals.
    Broken {
        /// How.
        fault: LogFault,
    },
}

/// How one network stands with this user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkView {
    /// The network.
    pub network: Network,
    /// What people call it.
    pub name: String,
    /// Where a shop's code can be scanned, ISO 3166-1 alpha-2.
    pub scan: Vec<String>,
    /// Where a code can be shown.
    pub show: Vec<String>,
    /// Whether the consent that is required now is given.
    pub consented: bool,
    /// Whether nothing may go to it, whatever the user agreed to (PIPA 28-9).
    pub suspended: bool,
}

/// A code to put on screen.
#[derive(Clone, PartialEq, Eq)]
pub struct ShownView {
    /// Names the code without being it.
    pub id: Id,
    /// Whose code.
    pub network: Network,
    /// What people call the network.
    pub network_name: String,
    /// For which country.
    pub region: String,
    /// The digits in full. Sensitive: only on screen when the user asks, never in a log or a screenshot.
    pub digits: String,
    /// The digits as they are shown at first.
    pub masked: String,
    /// The QR code, one pixel a module, with its quiet zone: to be scaled without smoothing.
    pub qr: Luma,
    /// The bar code, one pixel a module, one row, with its quiet zone; nothing for a code that tills read as QR only.
    pub bars: Option<Luma>,
    /// How long it may be scanned, in milliseconds from now, by a clock that cannot be set.
    pub expires_in_ms: i64,
    /// When to ask for what is to be on screen then ([`crate::app::Wallet::renew`]), in milliseconds from now.
    pub renew_in_ms: i64,
    /// Whether the page is to stay out of screenshots, recordings and the app switcher. Always, for a code that pays.
    pub sensitive: bool,
    /// How large and how bright.
    pub hints: Hints,
    /// Set when the code was made without network: the screen has to say so.
    pub offline: Option<OfflineView>,
}

/// How a code is to be put on a screen (Alipay+, user-presented mode; `domain.md` §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hints {
    /// Least brightness of the screen while the code is on it, in percent.
    pub brightness_percent: u8,
    /// Side of the QR code without quiet zone, in tenths of a millimetre: least and most.
    pub qr_side: (u16, u16),
    /// Width of the bar code, in tenths of a millimetre: least and most.
    pub bars_width: (u16, u16),
    /// Least height of the bar code, in tenths of a millimetre.
    pub bars_height: u16,
    /// The most of the QR code that the network's mark may cover, in percent; only with error correction H.
    pub mark_percent: u8,
}

impl Default for Hints {
    fn default() -> Self {
        Self { brightness_percent: 85, qr_side: (254, 305), bars_width: (450, 650), bars_height: 140, mark_percent: 15 }
    }
}

/// What the screen has to say about a code that was made without network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OfflineView {
    /// The most that one payment may charge now.
    pub limit: Money,
    /// How many payments without network there may be in 24 hours.
    pub per_day: u32,
    /// Whether the phone can be sure of the time; after a restart without network it cannot, and the limit is lower.
    pub sure_of_time: bool,
    /// How many keys have never been on a screen.
    pub keys_left: u32,
    /// How long the keys are good, in milliseconds from now.
    pub valid_for_ms: i64,
}

/// What became of a shown code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownResult {
    /// Where the code stands.
    pub state: CodeState,
    /// The payment, when a shop scanned it.
    pub payment: Option<PaymentView>,
}

impl PreviewView {
    pub(super) fn new(preview: &Preview, network_name: &str, device: Id, now: ServerMs) -> Self {
        let terms = &preview.terms;
        Self {
            id: preview.id,
            network: terms.network,
            network_name: network_name.to_owned(),
            merchant: terms.merchant.clone(),
            amount: terms.amount,
            rate: terms.rate,
            home: terms.home,
            expires: terms.expires,
            expires_in_ms: terms.expires.since(now).max(0),
            challenge: preview.challenge(device),
        }
    }
}

redacted!(Checkout, ConsentExport, PreviewView, PaymentView, ShownView);
