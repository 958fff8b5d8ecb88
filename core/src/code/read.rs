//! Text in, [`Reading`] out: what a scanned code is, who carries it, and why not if nobody does.

use super::emv::{self, Fault, FaultKind, Initiation, Mpm, TagPath};
use super::guard;
use super::link::Link;
use super::other;
use super::rules::{Kind, Rule, Rules};
use super::scheme::{self, Scheme, Schemes};
use crate::error::{Code, Error};
use crate::money::{Currency, Money};
use crate::network::Network;
use std::fmt;

/// The longest text that is looked at, in characters (`domain.md` §9.31).
pub const MAX_CHARACTERS: usize = 8192;

/// What a scanned text is not, when it is no shop's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NotPayable {
    /// Somebody's payment code, meant to be scanned by a shop.
    PaymentCode,
    /// The number of a payment card.
    CardNumber,
    /// A code to pay a person, which purchase rails do not carry.
    Personal,
    /// The verification code of a slip: the payment has been made.
    Slip,
    /// A Wi-Fi network.
    Wifi,
    /// A contact card.
    Contact,
    /// A boarding pass.
    BoardingPass,
    /// A link. It is not opened.
    Link,
    /// Anything else.
    Text,
}

impl NotPayable {
    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PaymentCode => "payment_code",
            Self::CardNumber => "card_number",
            Self::Personal => "personal",
            Self::Slip => "slip",
            Self::Wifi => "wifi",
            Self::Contact => "contact",
            Self::BoardingPass => "boarding_pass",
            Self::Link => "link",
            Self::Text => "text",
        }
    }
}

/// Why a code is not to be trusted although it can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Suspicion {
    /// Characters that cannot be seen or turn the direction of text, in a name or a link.
    HiddenCharacters,
    /// A link that only looks like a payment network's; the word says which trick.
    Link(&'static str),
}

impl Suspicion {
    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HiddenCharacters => "hidden_characters",
            Self::Link(trick) => trick,
        }
    }
}

/// What is to be done with a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// One network carries it.
    Payable {
        /// That network.
        network: Network,
    },
    /// Several networks carry it equally well; the user chooses.
    NeedsChoice {
        /// The networks, in the order of the configuration; at least two.
        networks: Vec<Network>,
    },
    /// It is no shop's code.
    NotPayable {
        /// What it is instead.
        kind: NotPayable,
    },
    /// It is a payment code, but none of this wallet's networks carries it here.
    Unsupported {
        /// Its scheme, if that is known.
        scheme: Option<Scheme>,
    },
    /// It is damaged, or not built as its format asks.
    Malformed {
        /// What is wrong, and at which byte of the text.
        fault: Fault,
    },
    /// Something in it does not fit together.
    Suspicious {
        /// What.
        reason: Suspicion,
    },
}

impl Verdict {
    /// The stable name.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Payable { .. } => "payable",
            Self::NeedsChoice { .. } => "needs_choice",
            Self::NotPayable { .. } => "not_payable",
            Self::Unsupported { .. } => "unsupported",
            Self::Malformed { .. } => "malformed",
            Self::Suspicious { .. } => "suspicious",
        }
    }

    /// The error that stands for this verdict where a payable code was wanted; none for a payable one.
    pub fn error(&self) -> Option<Error> {
        Some(match self {
            Self::Payable { .. } => return None,
            Self::NeedsChoice { networks } => {
                networks.iter().fold(Error::new(Code::NetworkChoiceNeeded), |error, n| error.with("network", *n))
            }
            Self::NotPayable { kind } => Error::new(Code::CodeNotPayable).with("kind", kind.as_str()),
            Self::Unsupported { scheme: None } => Error::new(Code::CodeUnsupported),
            Self::Unsupported { scheme: Some(scheme) } => {
                Error::new(Code::CodeUnsupported).with("scheme", scheme.as_str())
            }
            Self::Malformed { fault } => (*fault).into(),
            Self::Suspicious { reason } => Error::new(Code::CodeSuspicious).with("reason", reason.as_str()),
        })
    }
}

/// A tip or convenience fee the code asks for (EMVCo MPM §4.7.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fee {
    /// The user is asked for a tip and may give none.
    Prompt,
    /// This much is added.
    Fixed(Money),
    /// This part of the amount is added, in hundredths of a per cent: 1 to 9999.
    Percentage(u16),
}

impl Fee {
    /// What is paid in all for this amount before the fee. A percentage is rounded half up at the currency's last
    /// digit: the standard leaves the rounding open (`domain.md` §1.6). A tip that is asked for counts as none.
    ///
    /// # Errors
    /// [`Code::MoneyOutOfRange`] when it does not fit, [`Code::ArgumentInvalid`] when the currencies differ.
    pub fn total(self, amount: Money) -> crate::error::Result<Money> {
        match self {
            Self::Prompt => Ok(amount),
            Self::Fixed(fee) => amount.checked_add(fee),
            Self::Percentage(hundredths) => {
                let fee = i128::from(amount.minor())
                    .checked_mul(i128::from(hundredths))
                    .and_then(|n| n.checked_add(5_000))
                    .and_then(|n| i64::try_from(n / 10_000).ok())
                    .ok_or(Code::MoneyOutOfRange)?;
                amount.checked_add(Money::from_minor(amount.currency(), fee))
            }
        }
    }
}

/// What the code says. Only for the screen: what goes upstream is the scanned text itself. `Debug` shows no text of it.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// The schemes it belongs to.
    pub schemes: Schemes,
    /// Whether it pays a person.
    pub p2p: bool,
    /// ISO 3166-1 alpha-2, of the code or of its scheme.
    pub country: Option<String>,
    /// The currency to pay in.
    pub currency: Option<Currency>,
    /// The amount, above zero; none when the user is to type it or the network is to say it.
    pub amount: Option<Money>,
    /// A tip or convenience fee.
    pub fee: Option<Fee>,
    /// Printed once, or made for one order.
    pub initiation: Initiation,
    /// Object 59, in Latin letters.
    pub merchant_name: Option<String>,
    /// Object 60.
    pub merchant_city: Option<String>,
    /// Object 64-00: ISO 639 language of the two below.
    pub local_language: Option<String>,
    /// Object 64-01: the name in the shop's own language.
    pub local_name: Option<String>,
    /// Object 64-02.
    pub local_city: Option<String>,
}

impl fmt::Debug for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Facts")
            .field("schemes", &self.schemes)
            .field("p2p", &self.p2p)
            .field("currency", &self.currency)
            .field("initiation", &self.initiation)
            .finish_non_exhaustive()
    }
}

/// What a scanned text turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// What is to be done with it.
    pub verdict: Verdict,
    /// What it says; empty when it is malformed.
    pub facts: Facts,
}

impl Reading {
    fn bare(verdict: Verdict) -> Self {
        Self { verdict, facts: Facts::default() }
    }

    fn malformed(kind: FaultKind, offset: usize) -> Self {
        Self::bare(Verdict::Malformed { fault: Fault::new(kind, offset, TagPath::default()) })
    }
}

/// Reads a scanned text. Never fails and never panics: whatever the text, the verdict says what to tell the user.
///
/// White space and a byte order mark around the text are a scanner's doing and do not count; within the text nothing
/// is ever repaired.
pub fn read(text: &str, rules: &Rules) -> Reading {
    let without = |c: char| c == '\u{feff}' || c.is_ascii_whitespace();
    let trimmed = text.trim_start_matches(without);
    let skipped = text.len().saturating_sub(trimmed.len());
    let trimmed = trimmed.trim_end_matches(without);
    if trimmed.is_empty() {
        return Reading::malformed(FaultKind::Empty, 0);
    }
    if trimmed.len() > MAX_CHARACTERS && trimmed.chars().nth(MAX_CHARACTERS).is_some() {
        return Reading::malformed(FaultKind::TooLong, skipped);
    }
    let mut reading = if is_merchant_presented(trimmed) { read_mpm(trimmed, rules) } else { read_text(trimmed, rules) };
    if let Verdict::Malformed { fault } = &mut reading.verdict {
        *fault = fault.moved(skipped);
    }
    reading
}

/// Whether a text means to be a merchant-presented code, sound or not: it begins with object 00, or begins like
/// some object and ends in a checksum.
fn is_merchant_presented(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.starts_with(b"0002") {
        return true;
    }
    let begins = bytes.first_chunk::<4>().is_some_and(|head| head.iter().all(u8::is_ascii_digit));
    let ends = bytes
        .last_chunk::<8>()
        .is_some_and(|[a, b, c, d, crc @ ..]| [*a, *b, *c, *d] == *b"6304" && crc.iter().all(u8::is_ascii_hexdigit));
    begins && ends && !bytes.iter().all(u8::is_ascii_digit)
}

fn read_mpm(text: &str, rules: &Rules) -> Reading {
    let code = match Mpm::parse(text) {
        Ok(code) => code,
        Err(fault) => return Reading::bare(Verdict::Malformed { fault }),
    };
    let schemes = scheme::of_emv(&code);
    let facts = match facts_of_mpm(&code, schemes) {
        Ok(facts) => facts,
        Err(fault) => return Reading::bare(Verdict::Malformed { fault }),
    };
    let verdict = if guard::has_hidden_characters(text) {
        Verdict::Suspicious { reason: Suspicion::HiddenCharacters }
    } else if facts.currency.is_none() && code.get(53).is_some() {
        // A currency this wallet does not know: the amount could not be shown.
        Verdict::Unsupported { scheme: schemes.first() }
    } else {
        carried(rules.for_emv(&code, schemes), facts.p2p, schemes)
    };
    Reading { verdict, facts }
}

/// The networks of the best rules; the rules come in order of priority.
fn carried<'r>(rules: impl Iterator<Item = &'r Rule>, p2p: bool, schemes: Schemes) -> Verdict {
    let mut networks: Vec<Network> = Vec::new();
    let mut best = None;
    for rule in rules.filter(|rule| rule.p2p || !p2p) {
        if best.is_some_and(|best| rule.priority > best) {
            break;
        }
        best = Some(rule.priority);
        if !networks.contains(&rule.network) {
            networks.push(rule.network);
        }
    }
    match networks.as_slice() {
        [] if p2p => Verdict::NotPayable { kind: NotPayable::Personal },
        [] => Verdict::Unsupported { scheme: schemes.first() },
        [network] => Verdict::Payable { network: *network },
        _ => Verdict::NeedsChoice { networks },
    }
}

fn facts_of_mpm(code: &Mpm<'_>, schemes: Schemes) -> Result<Facts, Fault> {
    let at = |kind, tag| {
        let object = code.object(tag);
        let path = object.map_or(TagPath::default(), |object| TagPath::root(object.tag));
        Fault::new(kind, object.map_or(0, |object| object.value_offset()), path)
    };
    let own = |value: Option<&str>| value.map(str::to_owned);
    let currency = code.currency_number().and_then(|number| Currency::from_numeric(number).ok());
    let money = |tag| match (currency, code.get(tag)) {
        (Some(currency), Some(text)) => {
            Money::parse(currency, text).map(Some).map_err(|_| at(FaultKind::AmountPrecision, tag))
        }
        _ => Ok(None),
    };
    let amount = money(54)?;
    if code.get(54).is_some_and(emv::is_zero) {
        return Err(at(FaultKind::AmountZero, 54));
    }
    let fee = match code.tip() {
        Some(emv::Tip::Prompt) => Some(Fee::Prompt),
        Some(emv::Tip::Fixed(_)) => money(56)?.map(Fee::Fixed),
        Some(emv::Tip::Percentage(text)) => {
            Some(Fee::Percentage(hundredths(text).ok_or_else(|| at(FaultKind::TipPercentage, 57))?))
        }
        None => None,
    };
    let local = code.template(64);
    Ok(Facts {
        schemes,
        p2p: false,
        country: code.get(58).map(str::to_ascii_uppercase),
        currency,
        amount,
        fee,
        initiation: code.initiation(),
        merchant_name: own(code.get(59)),
        merchant_city: own(code.get(60)),
        local_language: own(local.and_then(|t| t.get(0))),
        local_name: own(local.and_then(|t| t.get(1))),
        local_city: own(local.and_then(|t| t.get(2))),
    })
}

/// A percentage with at most two decimals, in hundredths.
fn hundredths(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let padded = fraction.bytes().chain(std::iter::repeat(b'0')).take(2);
    whole.bytes().chain(padded).try_fold(0u16, |sum, digit| {
        sum.checked_mul(10)?.checked_add(u16::from(digit.checked_sub(b'0').filter(|d| *d < 10)?))
    })
}

/// A text that is no merchant-presented code: rules first, then what else it may be.
fn read_text(text: &str, rules: &Rules) -> Reading {
    let link = Link::parse(text);
    let matching: Vec<&Rule> = rules.for_text(text, link.as_ref(), Schemes::default()).collect();
    if let Some(rule) = matching.first() {
        let schemes: Schemes = rule.scheme.into_iter().collect();
        let facts = Facts {
            schemes,
            country: rule.country.clone(),
            currency: rule.currency,
            initiation: if rule.kind == Kind::Order { Initiation::Dynamic } else { Initiation::Static },
            ..Facts::default()
        };
        let verdict = carried(matching.iter().copied(), facts.p2p, schemes);
        return Reading { verdict, facts };
    }
    if let Some(link) = link {
        return Reading::bare(judge_link(&link, rules));
    }
    Reading::bare(Verdict::NotPayable { kind: other::kind_of(text) })
}

fn judge_link(link: &Link<'_>, rules: &Rules) -> Verdict {
    use super::link::Trick;
    let known = rules.hosts().find(|host| link.imitates(host));
    match (known, link.trick) {
        (Some(_), trick) => {
            Verdict::Suspicious { reason: Suspicion::Link(trick.map_or("link_lookalike", Trick::as_str)) }
        }
        // No honest link hides its host behind these, whoever it imitates.
        (None, Some(trick @ (Trick::UserInfo | Trick::Backslash))) => {
            Verdict::Suspicious { reason: Suspicion::Link(trick.as_str()) }
        }
        _ => Verdict::NotPayable { kind: NotPayable::Link },
    }
}
