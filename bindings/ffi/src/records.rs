//! Values that cross: plain copies of the core's views.

use crate::error::{JigapError, Problem};
use jigap::app;
use jigap::code::draw::picture::Luma;
use jigap::consent::Shown;
use jigap::crypto::Digest;
use jigap::error::Result;
use jigap::money;
use jigap::network::Network;
use jigap::payment;
use jigap::present::CodeState;

/// An amount: minor units (yen, fen, cents) of a currency.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct Money {
    /// ISO 4217 alphabetic code.
    pub currency: String,
    /// Minor units.
    pub minor: i64,
}

impl From<money::Money> for Money {
    fn from(m: money::Money) -> Self {
        Self { currency: m.currency().alpha().to_owned(), minor: m.minor() }
    }
}

impl TryFrom<Money> for money::Money {
    type Error = jigap::error::Error;

    fn try_from(m: Money) -> Result<Self> {
        Ok(Self::from_minor(money::Currency::from_alpha(&m.currency)?, m.minor))
    }
}

/// Reads what a user typed, in major units: digits with at most one point.
#[uniffi::export]
pub fn parse_money(currency: String, text: String) -> Result<Money, JigapError> {
    let currency = money::Currency::from_alpha(&currency)?;
    Ok(money::Money::parse(currency, &text)?.into())
}

/// An amount for people who read English, such as `JPY 1,280`.
#[uniffi::export]
pub fn format_money(money: Money) -> Result<String, JigapError> {
    Ok(jigap::money::Money::try_from(money)?.to_string())
}

/// An exchange rate: what one major unit of `from` costs in major units of `to`.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct Rate {
    /// ISO 4217 alphabetic code.
    pub from: String,
    /// ISO 4217 alphabetic code.
    pub to: String,
    /// The price as decimal text.
    pub price: String,
}

impl From<money::Rate> for Rate {
    fn from(r: money::Rate) -> Self {
        Self { from: r.from.alpha().to_owned(), to: r.to.alpha().to_owned(), price: r.decimal() }
    }
}

/// A shop.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct Merchant {
    /// The name in Latin letters, or the only one.
    pub name: String,
    /// The name in the shop's own script.
    pub local_name: Option<String>,
    /// The city.
    pub city: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: String,
}

impl From<payment::Merchant> for Merchant {
    fn from(m: payment::Merchant) -> Self {
        Self { name: m.name, local_name: m.local_name, city: m.city, country: m.country }
    }
}

/// What is to be done with a scanned text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum Verdict {
    /// One network carries it.
    Payable,
    /// Several networks carry it; the user chooses.
    NeedsChoice,
    /// It is no shop's code.
    NotPayable,
    /// It is a payment code, but none of this wallet's networks carries it here.
    Unsupported,
    /// It is damaged, or not built as its format asks.
    Malformed,
    /// Something in it does not fit together.
    Suspicious,
}

/// What a scanned text is.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct Reading {
    /// What is to be done with it.
    pub verdict: Verdict,
    /// The networks that can carry it: one when payable, several when the user has to choose.
    pub networks: Vec<String>,
    /// Why it cannot be paid as it is.
    pub problem: Option<Problem>,
    /// The country of the code.
    pub country: Option<String>,
    /// The currency of the code.
    pub currency: Option<String>,
    /// The amount, where the code fixes it.
    pub amount: Option<Money>,
    /// The shop's name as the code says it; the network's name for it comes with the preview.
    pub merchant_name: Option<String>,
    /// The name in the shop's own script.
    pub local_name: Option<String>,
}

impl From<jigap::code::Reading> for Reading {
    fn from(reading: jigap::code::Reading) -> Self {
        use jigap::code::Verdict as Said;
        let (verdict, networks) = match &reading.verdict {
            Said::Payable { network } => (Verdict::Payable, vec![network.to_string()]),
            Said::NeedsChoice { networks } => (Verdict::NeedsChoice, networks.iter().map(Network::to_string).collect()),
            Said::NotPayable { .. } => (Verdict::NotPayable, Vec::new()),
            Said::Unsupported { .. } => (Verdict::Unsupported, Vec::new()),
            Said::Malformed { .. } => (Verdict::Malformed, Vec::new()),
            Said::Suspicious { .. } => (Verdict::Suspicious, Vec::new()),
        };
        let facts = reading.facts;
        Self {
            verdict,
            networks,
            problem: reading.verdict.error().as_ref().map(Into::into),
            country: facts.country,
            currency: facts.currency.map(|c| c.alpha().to_owned()),
            amount: facts.amount.map(Into::into),
            merchant_name: facts.merchant_name,
            local_name: facts.local_name,
        }
    }
}

/// A scanned code to be paid.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct Checkout {
    /// The exact text that was scanned.
    pub code: String,
    /// The network the user chose, where several can carry it.
    pub network: Option<String>,
    /// What the user typed, where the code leaves the amount open.
    pub amount: Option<Money>,
}

impl TryFrom<Checkout> for app::Checkout {
    type Error = jigap::error::Error;

    fn try_from(c: Checkout) -> Result<Self> {
        let network = c.network.as_deref().map(Network::parse).transpose()?;
        let amount = c.amount.map(money::Money::try_from).transpose()?;
        Ok(Self { code: c.code, network, amount })
    }
}

/// The terms of a payment, before anything is agreed.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct Preview {
    /// Names the preview.
    pub id: String,
    /// Who carries it.
    pub network: String,
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
    /// How long the terms hold from now, in milliseconds.
    pub expires_in_ms: i64,
    /// What the user's key has to sign to agree.
    pub challenge: Vec<u8>,
}

impl From<app::PreviewView> for Preview {
    fn from(p: app::PreviewView) -> Self {
        Self {
            id: p.id.to_string(),
            network: p.network.to_string(),
            network_name: p.network_name,
            merchant: p.merchant.into(),
            amount: p.amount.into(),
            rate: p.rate.into(),
            home: p.home.into(),
            expires_in_ms: p.expires_in_ms,
            challenge: p.challenge,
        }
    }
}

/// How the user proved who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum ProofMethod {
    /// A PIN opened the user's key.
    Pin,
    /// Biometrics opened it.
    Biometric,
    /// The phone's own lock opened it.
    DeviceLock,
}

impl From<ProofMethod> for payment::ProofMethod {
    fn from(method: ProofMethod) -> Self {
        match method {
            ProofMethod::Pin => Self::Pin,
            ProofMethod::Biometric => Self::Biometric,
            ProofMethod::DeviceLock => Self::DeviceLock,
        }
    }
}

/// What a payment looks like to the person who made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum PaymentStatus {
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

impl From<app::Status> for PaymentStatus {
    fn from(status: app::Status) -> Self {
        match status {
            app::Status::Checking => Self::Checking,
            app::Status::Paid => Self::Paid,
            app::Status::Declined => Self::Declined,
            app::Status::NotSent => Self::NotSent,
            app::Status::Conflict => Self::Conflict,
            app::Status::Cancelling => Self::Cancelling,
            app::Status::Cancelled => Self::Cancelled,
            app::Status::Reversed => Self::Reversed,
        }
    }
}

/// Where a user's wish for a refund stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
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

impl From<app::RefundRequest> for RefundRequest {
    fn from(request: app::RefundRequest) -> Self {
        match request {
            app::RefundRequest::None => Self::None,
            app::RefundRequest::Wanted => Self::Wanted,
            app::RefundRequest::Open => Self::Open,
            app::RefundRequest::Refused => Self::Refused,
            app::RefundRequest::Granted => Self::Granted,
        }
    }
}

/// What was given back of a payment, the sum of all parts.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct Refunded {
    /// In the shop's currency.
    pub amount: Money,
    /// In the user's, each part at its own rate.
    pub home: Money,
    /// Whether it is all of it.
    pub whole: bool,
}

/// A payment as history and receipt show it.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct Payment {
    /// Names the payment.
    pub id: String,
    /// What it looks like.
    pub status: PaymentStatus,
    /// Who carries it.
    pub network: String,
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
    /// When it was charged: milliseconds since 1970-01-01 UTC.
    pub paid_at_ms: Option<i64>,
    /// When it began: milliseconds since 1970-01-01 UTC.
    pub created_ms: i64,
    /// What was given back so far.
    pub refunded: Option<Refunded>,
    /// Where the user's wish for a refund stands.
    pub refund_request: RefundRequest,
    /// When the network cancelled what it had charged: milliseconds since 1970-01-01 UTC.
    pub reversed_at_ms: Option<i64>,
    /// Why it is not paid, and what can be done.
    pub problem: Option<Problem>,
}

impl From<app::PaymentView> for Payment {
    fn from(p: app::PaymentView) -> Self {
        Self {
            id: p.id.to_string(),
            status: p.status.into(),
            network: p.network.to_string(),
            scanned: p.scanned,
            merchant: p.merchant.map(Into::into),
            amount: p.amount.map(Into::into),
            home: p.home.map(Into::into),
            rate: p.rate.map(Into::into),
            reference: p.reference,
            paid_at_ms: p.paid_at.map(|at| at.0),
            created_ms: p.created.0,
            refunded: p.refunded.map(|r| Refunded { amount: r.amount.into(), home: r.home.into(), whole: r.whole }),
            refund_request: p.refund_request.into(),
            reversed_at_ms: p.reversed_at.map(|at| at.0),
            problem: p.problem.as_ref().map(Into::into),
        }
    }
}

/// A page of history, newest first.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct HistoryPage {
    /// The payments.
    pub payments: Vec<Payment>,
    /// Where the next page begins; nothing when there is none.
    pub next: Option<i64>,
}

impl From<app::HistoryPage> for HistoryPage {
    fn from(page: app::HistoryPage) -> Self {
        let payments = page.payments.into_iter().map(Into::into).collect();
        Self { payments, next: page.next.map(|cursor| cursor.0) }
    }
}

/// What has to be shown before a user can agree.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct ConsentRequest {
    /// For which network.
    pub network: String,
    /// What people call it.
    pub network_name: String,
    /// The document; the answer names it.
    pub document: String,
    /// Who asks.
    pub controller: String,
    /// The language of the texts.
    pub locale: String,
    /// What this is.
    pub title: String,
    /// The five items of PIPA 28-8(2), in the order they are to be shown.
    pub sections: Vec<ConsentSection>,
    /// Whether it is agreed to already.
    pub granted: bool,
}

/// One item of a consent document.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct ConsentSection {
    /// Its stable name: `items`, `transfer`, `recipient`, `purpose` or `refusal`.
    pub name: String,
    /// The text.
    pub text: String,
    /// Whether it has to stand out.
    pub emphasised: bool,
}

impl From<app::ConsentRequest> for ConsentRequest {
    fn from(r: app::ConsentRequest) -> Self {
        let section =
            |s: app::Section| ConsentSection { name: s.name.to_owned(), text: s.text, emphasised: s.emphasised };
        Self {
            network: r.network.to_string(),
            network_name: r.network_name,
            document: r.main.document.to_string(),
            controller: r.controller,
            locale: r.main.locale,
            title: r.main.title,
            sections: r.main.sections.into_iter().map(section).collect(),
            granted: r.main.granted,
        }
    }
}

/// The user's answer to a `ConsentRequest`, with how it was shown.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct ConsentAnswer {
    /// For which network.
    pub network: String,
    /// The document that was shown.
    pub document: String,
    /// Whether they agreed.
    pub agreed: bool,
    /// The language that was on screen.
    pub locale: String,
    /// The size of the body text in points.
    pub font_pt: u32,
    /// Whether the user reached the end of the text.
    pub scrolled_to_end: bool,
    /// How long it was on screen, in milliseconds.
    pub dwell_ms: u64,
}

impl TryFrom<ConsentAnswer> for app::ConsentAnswer {
    type Error = jigap::error::Error;

    fn try_from(a: ConsentAnswer) -> Result<Self> {
        Ok(Self {
            network: Network::parse(&a.network)?,
            document: Digest::parse(&a.document)?,
            agreed: a.agreed,
            shown: Shown {
                locale: a.locale,
                font_pt: a.font_pt,
                scrolled_to_end: a.scrolled_to_end,
                dwell_ms: a.dwell_ms,
                ..Shown::default()
            },
            choices: Vec::new(),
            proof: None,
            guardian: None,
        })
    }
}

/// How one network stands with this user.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct NetworkInfo {
    /// The network.
    pub network: String,
    /// What people call it.
    pub name: String,
    /// Where a shop's code can be scanned.
    pub scan: Vec<String>,
    /// Where a code can be shown.
    pub show: Vec<String>,
    /// Whether the consent that is required now is given.
    pub consented: bool,
}

impl From<app::NetworkView> for NetworkInfo {
    fn from(n: app::NetworkView) -> Self {
        Self { network: n.network.to_string(), name: n.name, scan: n.scan, show: n.show, consented: n.consented }
    }
}

/// A grey picture, one byte a pixel, rows from the top: 0 dark, 255 light. To be scaled without smoothing.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct Picture {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// The pixels.
    pub pixels: Vec<u8>,
}

impl From<Luma> for Picture {
    fn from(l: Luma) -> Self {
        let side = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self { width: side(l.width), height: side(l.height), pixels: l.pixels }
    }
}

/// A code to put on screen.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct ShownCode {
    /// Names the code without being it.
    pub id: String,
    /// Whose code.
    pub network: String,
    /// What people call the network.
    pub network_name: String,
    /// For which country.
    pub region: String,
    /// The digits in full. Sensitive.
    pub digits: String,
    /// The digits as they are shown at first.
    pub masked: String,
    /// The QR code, one pixel a module, with its quiet zone.
    pub qr: Picture,
    /// The bar code, one pixel a module, one row, with its quiet zone; nothing where tills read QR only.
    pub bars: Option<Picture>,
    /// How long it may be scanned, in milliseconds from now.
    pub expires_in_ms: i64,
    /// When to ask for what is to be on screen then, by `renew`, in milliseconds from now.
    pub renew_in_ms: i64,
    /// Whether the page is to stay out of screenshots, recordings and the app switcher.
    pub sensitive: bool,
    /// How large and how bright.
    pub hints: ShownHints,
    /// Set when the code was made without network: the screen has to say so.
    pub offline: Option<OfflineCode>,
}

/// How a code is to be put on a screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct ShownHints {
    /// Least brightness of the screen, in percent.
    pub brightness_percent: u8,
    /// Least side of the QR code without quiet zone, in tenths of a millimetre.
    pub qr_side_least: u16,
    /// Most side of the QR code, in tenths of a millimetre.
    pub qr_side_most: u16,
    /// Least width of the bar code, in tenths of a millimetre.
    pub bars_width_least: u16,
    /// Most width of the bar code, in tenths of a millimetre.
    pub bars_width_most: u16,
    /// Least height of the bar code, in tenths of a millimetre.
    pub bars_height_least: u16,
}

impl From<app::Hints> for ShownHints {
    fn from(h: app::Hints) -> Self {
        Self {
            brightness_percent: h.brightness_percent,
            qr_side_least: h.qr_side.0,
            qr_side_most: h.qr_side.1,
            bars_width_least: h.bars_width.0,
            bars_width_most: h.bars_width.1,
            bars_height_least: h.bars_height,
        }
    }
}

/// What the screen has to say about a code that was made without network.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct OfflineCode {
    /// The most that one payment may charge now.
    pub limit: Money,
    /// How many payments without network there may be in 24 hours.
    pub per_day: u32,
    /// Whether the phone can be sure of the time. If not, the limit is lower.
    pub sure_of_time: bool,
    /// How many keys have never been on a screen.
    pub keys_left: u32,
    /// How long the keys are good, in milliseconds from now.
    pub valid_for_ms: i64,
}

impl From<app::OfflineView> for OfflineCode {
    fn from(o: app::OfflineView) -> Self {
        Self {
            limit: o.limit.into(),
            per_day: o.per_day,
            sure_of_time: o.sure_of_time,
            keys_left: o.keys_left,
            valid_for_ms: o.valid_for_ms,
        }
    }
}

impl From<app::ShownView> for ShownCode {
    fn from(s: app::ShownView) -> Self {
        Self {
            id: s.id.to_string(),
            network: s.network.to_string(),
            network_name: s.network_name,
            region: s.region,
            digits: s.digits,
            masked: s.masked,
            qr: s.qr.into(),
            bars: s.bars.map(Into::into),
            expires_in_ms: s.expires_in_ms,
            renew_in_ms: s.renew_in_ms,
            sensitive: s.sensitive,
            hints: s.hints.into(),
            offline: s.offline.map(Into::into),
        }
    }
}

/// Where a shown code stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum ShownState {
    /// On screen, or not yet known what became of it.
    Waiting,
    /// A shop scanned it.
    Used,
    /// Nobody scanned it, and nobody can any more.
    Expired,
}

/// What became of a shown code.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct ShownResult {
    /// Where the code stands.
    pub state: ShownState,
    /// The payment, when a shop scanned it.
    pub payment: Option<Payment>,
}

impl From<app::ShownResult> for ShownResult {
    fn from(r: app::ShownResult) -> Self {
        let state = match r.state {
            CodeState::Fresh | CodeState::Shown => ShownState::Waiting,
            CodeState::Used => ShownState::Used,
            CodeState::Expired | CodeState::Void => ShownState::Expired,
        };
        Self { state, payment: r.payment.map(Into::into) }
    }
}

/// A balance as the gateway last gave it.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct Balance {
    /// The amount.
    pub amount: Money,
}

/// What changed. A screen that shows it reads it anew.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum Change {
    /// A payment.
    Payment {
        /// Which.
        id: String,
    },
    /// A shown code.
    Code {
        /// Which.
        id: String,
    },
    /// A network's consent.
    Consent {
        /// Whose.
        network: String,
    },
    /// The balance.
    Balance,
    /// The configuration.
    Config,
    /// The condition of the wallet's own records.
    Condition,
    /// What was found when the wallet's sums were held against the gateway's.
    Findings,
}

/// A kind of movement that is added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum Moved {
    /// Charged.
    Charged,
    /// Given back by refunds.
    Refunded,
    /// Given back by the networks' late cancels.
    Reversed,
}

/// A day on which the wallet's payments and the gateway's statement do not come to the same.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct Finding {
    /// The day's beginning, midnight at UTC+8: milliseconds since 1970-01-01 UTC.
    pub day_ms: i64,
    /// What differs.
    pub moved: Moved,
    /// What the wallet's payments come to, a sum a currency.
    pub here: Vec<Money>,
    /// What the gateway says.
    pub there: Vec<Money>,
}

impl From<app::Finding> for Finding {
    fn from(finding: app::Finding) -> Self {
        let moved = match finding.moved {
            app::Moved::Charged => Moved::Charged,
            app::Moved::Refunded => Moved::Refunded,
            app::Moved::Reversed => Moved::Reversed,
        };
        let sums = |sums: Vec<money::Money>| sums.into_iter().map(Into::into).collect();
        Self { day_ms: finding.day.0, moved, here: sums(finding.here), there: sums(finding.there) }
    }
}

impl From<&app::Change> for Change {
    fn from(change: &app::Change) -> Self {
        match change {
            app::Change::Payment(id) => Self::Payment { id: id.to_string() },
            app::Change::Code(id) => Self::Code { id: id.to_string() },
            app::Change::Consent(network) => Self::Consent { network: network.to_string() },
            app::Change::Balance => Self::Balance,
            app::Change::Config => Self::Config,
            app::Change::Condition => Self::Condition,
            app::Change::Findings => Self::Findings,
        }
    }
}

/// How the wallet's own records are.
#[derive(Debug, Clone, uniffi::Record)]
pub struct Condition {
    /// They are older than what the key store or the gateway has seen of them, or were begun anew: nothing is paid until the
    /// gateway's were taken in. The wallet does that by itself.
    pub behind: bool,
    /// Something in them does not verify. Nothing is paid; payments that had not ended are still asked about. Only
    /// closing and setting the database aside helps.
    pub damaged: bool,
    /// Rows of what is owed that cannot be believed and are left alone.
    pub spoiled: u32,
    /// Databases that lie aside.
    pub set_aside: u32,
    /// Payments of those that are still being asked about.
    pub salvaging: u32,
    /// The root key is being changed.
    pub changing_keys: bool,
}

impl From<app::Condition> for Condition {
    fn from(from: app::Condition) -> Self {
        let app::Condition { behind, damaged, spoiled, set_aside, salvaging, changing_keys } = from;
        Self { behind, damaged, spoiled, set_aside, salvaging, changing_keys }
    }
}

/// What was erased, and what the law has kept.
#[derive(Debug, Clone, uniffi::Record)]
pub struct Erased {
    /// Payments that are gone.
    pub payments: u32,
    /// Codes that are gone.
    pub codes: u32,
    /// Payments that are kept: Electronic Financial Transactions Act (Korea), Article 22, and its decree.
    pub kept: u32,
    /// When the last of those may go, milliseconds since 1970; none when there are none, or one has not ended.
    pub kept_until: Option<i64>,
}

impl From<jigap::store::Erased> for Erased {
    fn from(from: jigap::store::Erased) -> Self {
        let kept_until = from.kept_until.map(|until| until.0);
        Self { payments: from.payments, codes: from.codes, kept: from.kept, kept_until }
    }
}
