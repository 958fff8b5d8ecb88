//! Everything a code says, for inspectors and support desks: the reading in words, the facts as they are written, and every
//! object with its name. Nothing here decides anything: that is [`super::read_at`].

mod fields;
mod meaning;
mod names;

pub use fields::{Field, fields};
pub use meaning::meaning;

use super::emv::{FaultKind, Mpm, is_zero};
use super::guard;
use super::link::{parameter, strip_prefix_ignore_case};
use super::read::{Reading, Situation, read_at, trimmed};
use super::rules::Rules;
use super::scheme::{Schemes, UPI_LINKS};
use super::verdict::{NotPayable, Verdict, Warning};
use serde::Serialize;
use std::fmt;

/// Where a code is broken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Byte offset in the text.
    pub offset: usize,
    /// The object, such as `54` or `26-01`; `-` when it is none.
    pub object: String,
    /// What should have stood there.
    pub expected: &'static str,
}

/// What a text is and says, in the words that go into JSON; absent facts are null. Its `Debug` hides what the code says.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Inspection {
    /// The verdict: `payable`, `needs_choice`, `not_payable`, `unsupported`, `malformed` or `suspicious`.
    pub reading: &'static str,
    /// Why it is not payable as it stands, as one stable word.
    pub reason: Option<&'static str>,
    /// Its schemes, the most specific first.
    pub schemes: Schemes,
    /// Whether it pays a person. Not known of a malformed code.
    pub p2p: Option<bool>,
    /// ISO 3166-1 alpha-2, of the code or of its scheme.
    pub country: Option<String>,
    /// ISO 4217 number, three digits.
    pub currency: Option<String>,
    /// The amount in major units as it is written, without a point at the end; none for zero.
    pub amount: Option<String>,
    /// `static` or `dynamic`; none for what asks nobody to be paid and was not paid.
    pub initiation: Option<&'static str>,
    /// Object 59.
    pub merchant_name: Option<String>,
    /// Object 60.
    pub merchant_city: Option<String>,
    /// Object 64-01.
    pub local_name: Option<String>,
    /// Object 64-02.
    pub local_city: Option<String>,
    /// ISO 18245 merchant category.
    pub mcc: Option<String>,
    /// The payee in the first of `schemes` that names one, as written.
    pub account: Option<String>,
    /// The payee's bank or acquirer.
    pub bank: Option<String>,
    /// Reference of the payment.
    pub reference: Option<String>,
    /// Bill number.
    pub bill_number: Option<String>,
    /// Store.
    pub store: Option<String>,
    /// Terminal.
    pub terminal: Option<String>,
    /// Postal code.
    pub postal_code: Option<String>,
    /// When the code ends to be valid: milliseconds since 1970.
    pub expiry: Option<i64>,
    /// Every object, nested; of a broken code, those that can be read.
    pub fields: Option<Vec<Field>>,
    /// The networks that carry it, in the order of the rules.
    pub networks: Vec<String>,
    /// What else is worth knowing: `long`, `elsewhere`.
    pub warnings: Vec<&'static str>,
    /// Where it is broken.
    pub fault: Option<Place>,
}

impl fmt::Debug for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inspection")
            .field("reading", &self.reading)
            .field("reason", &self.reason)
            .field("schemes", &self.schemes)
            .finish_non_exhaustive()
    }
}

/// Reads a text as [`read_at`] does and says all that is in it.
pub fn inspect(text: &str, rules: &Rules, situation: &Situation<'_>) -> Inspection {
    let Reading { verdict, facts, warnings } = read_at(text, rules, situation);
    let broken = matches!(verdict, Verdict::Malformed { .. });
    let code = if broken { None } else { Mpm::parse(trimmed(text)).ok() };
    let written = Written::of(code.as_ref(), trimmed(text));
    // A card or a Wi-Fi network is neither printed for a shop nor made for an order.
    let is_pay_code = match verdict {
        Verdict::Malformed { .. } => false,
        Verdict::NotPayable { kind } => matches!(kind, NotPayable::Personal | NotPayable::Slip),
        _ => code.is_some() || !facts.schemes.is_empty() || !networks(&verdict).is_empty(),
    };
    let fields = fields(text);
    Inspection {
        reading: verdict.as_str(),
        reason: reason(&verdict, facts.currency.is_none() && written.currency.is_some()),
        schemes: facts.schemes,
        p2p: (!broken).then_some(facts.p2p),
        country: facts.country,
        currency: written.currency.or_else(|| facts.currency.map(|currency| format!("{:03}", currency.numeric()))),
        amount: written.amount.or_else(|| facts.amount.map(|amount| amount.decimal())),
        initiation: is_pay_code.then_some(facts.initiation.as_str()),
        merchant_name: facts.merchant_name,
        merchant_city: facts.merchant_city,
        local_name: facts.local_name,
        local_city: facts.local_city,
        mcc: facts.mcc,
        account: facts.account,
        bank: facts.bank,
        reference: facts.reference,
        bill_number: facts.bill_number,
        store: facts.store,
        terminal: facts.terminal,
        postal_code: facts.postal_code,
        expiry: facts.expiry.map(|expiry| expiry.0),
        fields: (!fields.is_empty()).then_some(fields),
        networks: networks(&verdict),
        warnings: warnings.iter().map(|warning: &Warning| warning.as_str()).collect(),
        fault: match &verdict {
            Verdict::Malformed { fault } => {
                Some(Place { offset: fault.offset, object: fault.path.to_string(), expected: fault.kind.expected() })
            }
            _ => None,
        },
    }
}

impl Inspection {
    /// What stands for a line that holds no text at all, so that every line has its answer.
    pub fn of_no_text(reason: &'static str) -> Self {
        let nothing = inspect("", &Rules::default(), &Situation::default());
        Self { reason: Some(reason), fault: None, ..nothing }
    }
}

/// What a code writes, where a [`Currency`](crate::money::Currency) or [`Money`](crate::money::Money) would lose it.
#[derive(Default)]
struct Written {
    currency: Option<String>,
    amount: Option<String>,
}

impl Written {
    fn of(code: Option<&Mpm<'_>>, text: &str) -> Self {
        let amount = |written: &str| {
            let decimal = written.strip_suffix('.').unwrap_or(written);
            let plain = decimal.bytes().all(|b| b.is_ascii_digit() || b == b'.') && !is_zero(decimal);
            plain.then(|| decimal.to_owned())
        };
        if let Some(code) = code {
            return Self { currency: code.get(53).map(str::to_owned), amount: code.get(54).and_then(amount) };
        }
        let query = UPI_LINKS.iter().find_map(|begin| strip_prefix_ignore_case(text, begin));
        let written = query.and_then(|query| parameter(query, "am", false));
        Self { currency: None, amount: written.as_deref().and_then(amount) }
    }
}

fn networks(verdict: &Verdict) -> Vec<String> {
    match verdict {
        Verdict::Payable { network } => vec![network.to_string()],
        Verdict::NeedsChoice { networks } => networks.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    }
}

fn reason(verdict: &Verdict, unknown_currency: bool) -> Option<&'static str> {
    Some(match verdict {
        Verdict::Payable { .. } => return None,
        Verdict::NeedsChoice { .. } => "several_networks",
        Verdict::NotPayable { kind } => kind.as_str(),
        Verdict::Unsupported { .. } if unknown_currency => "unknown_currency",
        Verdict::Unsupported { .. } => "no_network",
        Verdict::Malformed { fault } => fault.kind.as_str(),
        Verdict::Suspicious { reason } => reason.as_str(),
    })
}

/// The text with every character that cannot be seen, or that turns the direction of text, written as an escape: safe for
/// a terminal.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if guard::is_hidden(c) { shown.extend(c.escape_unicode()) } else { shown.push(c) }
    }
    shown
}

/// What a reason of an [`Inspection`] says to a person, in one sentence.
pub fn sentence(reason: &str) -> &'static str {
    const SENTENCES: &[(&str, &str)] = &[
        ("several_networks", "Several networks carry it equally well; the user chooses."),
        ("payment_code", "Somebody's payment code, meant to be scanned by a shop."),
        ("card_number", "The number of a payment card."),
        ("personal", "It pays a person; the networks here carry purchases."),
        ("slip", "The slip of a payment that has been made."),
        ("wifi", "A Wi-Fi network."),
        ("contact", "A contact card."),
        ("boarding_pass", "A boarding pass."),
        ("link", "A link that is no payment code. It is not opened."),
        ("text", "No code of any scheme."),
        ("unknown_currency", "It asks for a currency that is not known here, so the amount could not be shown."),
        ("no_network", "A payment code, but no network here carries it."),
        ("hidden_characters", "It holds characters that cannot be seen or that turn the direction of text."),
        (
            "confusable_letters",
            "A word of a name mixes Latin letters with letters of another script that look like them.",
        ),
        ("country_currency", "Country, currency and scheme do not fit together."),
        ("expired", "It says that it has expired."),
        ("link_user_info", "The link hides its host behind a user name."),
        ("link_port", "The link names a port."),
        ("link_backslash", "The link holds a backslash, which programs read differently."),
        ("link_punycode", "The link's host is not plain ASCII."),
        ("link_host_syntax", "The link's host is no host name."),
        ("link_path_syntax", "The link's path is written in a way that programs read differently."),
        ("link_lookalike", "The link's host contains a payment network's without being it."),
    ];
    SENTENCES
        .iter()
        .find(|(word, _)| *word == reason)
        .map(|(_, sentence)| *sentence)
        .or_else(|| FaultKind::ALL.iter().find(|kind| kind.as_str() == reason).map(|kind| kind.expected()))
        .unwrap_or_default()
}
