//! Text in, [`Reading`] out: what a scanned code is, who carries it, and why not if nobody does.

use super::emv::{self, Fault, FaultKind, Initiation, Mpm, TagPath};
use super::facts::{Facts, Fee, Prompt};
use super::guard;
use super::link::{Link, Trick};
use super::other;
use super::rules::{Kind, Rule, Rules};
use super::scheme::{self, Recognised, Scheme, Schemes};
use super::verdict::{NotPayable, Suspicion, Verdict, Warning};
use crate::money::{Currency, Money};
use crate::network::Network;
use crate::time::ServerMs;

/// The longest text that is looked at, in characters (`domain.md` §9.31).
pub const MAX_CHARACTERS: usize = 8192;

/// What a merchant-presented code should not exceed, in characters (EMVCo MPM §4.1).
const LONG: usize = 512;

/// When and where a code is read, as far as that is known.
#[derive(Debug, Clone, Copy, Default)]
pub struct Situation<'a> {
    /// Server time, against which a code's own expiry is held. Never the device's clock (`domain.md` §9.13).
    pub now: Option<ServerMs>,
    /// The country the user is in, ISO 3166-1 alpha-2.
    pub region: Option<&'a str>,
}

/// What a scanned text turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// What is to be done with it.
    pub verdict: Verdict,
    /// What it says; empty when it is malformed.
    pub facts: Facts,
    /// What else is worth knowing.
    pub warnings: Vec<Warning>,
}

impl Reading {
    fn of(verdict: Verdict, facts: Facts) -> Self {
        Self { verdict, facts, warnings: Vec::new() }
    }

    fn malformed(fault: Fault) -> Self {
        Self::of(Verdict::Malformed { fault }, Facts::default())
    }
}

/// Reads a scanned text without knowing when and where: see [`read_at`].
pub fn read(text: &str, rules: &Rules) -> Reading {
    read_at(text, rules, &Situation::default())
}

/// Reads a scanned text. Never fails and never panics: whatever the text, the verdict says what to tell the user.
///
/// White space and a byte order mark around the text are a scanner's doing and do not count; within the text nothing
/// is ever repaired.
pub fn read_at(text: &str, rules: &Rules, situation: &Situation<'_>) -> Reading {
    let skipped = text.len().saturating_sub(text.trim_start_matches(added_by_scanner).len());
    let trimmed = trimmed(text);
    let longer_than = |most: usize| trimmed.len() > most && trimmed.chars().nth(most).is_some();
    if trimmed.is_empty() {
        return Reading::malformed(Fault::new(FaultKind::Empty, 0, TagPath::default()));
    }
    if longer_than(MAX_CHARACTERS) {
        return Reading::malformed(Fault::new(FaultKind::TooLong, skipped, TagPath::default()));
    }
    let mut reading =
        if is_merchant_presented(trimmed) { read_mpm(trimmed, rules, situation) } else { read_text(trimmed, rules) };
    if let Verdict::Malformed { fault } = &mut reading.verdict {
        *fault = fault.moved(skipped);
    }
    if longer_than(LONG) {
        reading.warnings.push(Warning::Long);
    }
    if let (Some(country), Some(region)) = (&reading.facts.country, situation.region)
        && !country.eq_ignore_ascii_case(region)
    {
        reading.warnings.push(Warning::Elsewhere);
    }
    reading
}

const fn added_by_scanner(c: char) -> bool {
    c == '\u{feff}' || c.is_ascii_whitespace()
}

/// The text without what a scanner adds around it.
pub(super) fn trimmed(text: &str) -> &str {
    text.trim_matches(added_by_scanner)
}

/// The schemes of a merchant-presented code, without anything else it says: structure, checksum and classification,
/// with nothing taken from the heap.
///
/// # Errors
/// As [`Mpm::parse`].
pub fn classify(text: &str) -> Result<Schemes, Fault> {
    Mpm::parse(text).map(|code| scheme::of_emv(&code).schemes)
}

/// Whether a text means to be a merchant-presented code, sound or not: it begins with object 00, or begins like
/// some object and ends in a checksum.
pub(super) fn is_merchant_presented(text: &str) -> bool {
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

fn read_mpm(text: &str, rules: &Rules, situation: &Situation<'_>) -> Reading {
    let code = match Mpm::parse(text) {
        Ok(code) => code,
        Err(fault) => return Reading::malformed(fault),
    };
    let found = scheme::of_emv(&code);
    let facts = match facts_of_mpm(&code, &found) {
        Ok(facts) => facts,
        Err(fault) => return Reading::malformed(fault),
    };
    let verdict = match suspicion(&code, &found, &facts, situation) {
        Some(reason) => Verdict::Suspicious { reason },
        // A currency this wallet does not know: the amount could not be shown.
        None if facts.currency.is_none() && code.get(53).is_some() => {
            Verdict::Unsupported { scheme: found.schemes.first() }
        }
        None => carried(rules.for_emv(&code, &found), facts.p2p, found.schemes),
    };
    Reading::of(verdict, facts)
}

fn suspicion(code: &Mpm<'_>, found: &Recognised, facts: &Facts, situation: &Situation<'_>) -> Option<Suspicion> {
    let strange_currency =
        || code.get(58).zip(code.currency_number()).is_some_and(|(country, n)| !guard::currency_fits(country, n));
    if guard::has_hidden_characters(code.text()) {
        Some(Suspicion::HiddenCharacters)
    } else if !code.is_ascii() && names(facts).any(guard::has_confusable_letters) {
        Some(Suspicion::ConfusableLetters)
    } else if found.away || strange_currency() {
        Some(Suspicion::CountryCurrency)
    } else if facts.expiry.zip(situation.now).is_some_and(|(expiry, now)| now >= expiry) {
        Some(Suspicion::Expired)
    } else {
        None
    }
}

/// What a person reads to know whom they pay.
fn names(facts: &Facts) -> impl Iterator<Item = &str> {
    [&facts.merchant_name, &facts.merchant_city, &facts.local_name, &facts.local_city]
        .into_iter()
        .filter_map(|name| name.as_deref())
}

/// The networks of the best rules; the rules come in order of priority.
fn carried<'r>(rules: impl Iterator<Item = &'r Rule>, p2p: bool, schemes: Schemes) -> Verdict {
    let mut networks: Vec<Network> = Vec::new();
    let mut best = None;
    for rule in rules {
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

fn facts_of_mpm(code: &Mpm<'_>, found: &Recognised) -> Result<Facts, Fault> {
    let schemes = found.schemes;
    let own = |value: Option<&str>| value.map(str::to_owned);
    let currency = code.currency_number().and_then(|number| Currency::from_numeric(number).ok());
    let initiation = code.initiation();
    let (local, additional) = (code.template(64), code.template(62));
    let local = |tag| own(local.and_then(|t| t.get(tag)));
    let additional = |tag| additional.and_then(|t| t.get(tag));
    let payee = scheme::payee(code, schemes);
    Ok(Facts {
        schemes,
        p2p: schemes.first().is_some_and(|scheme| found.personal.contains(scheme)),
        country: match code.get(58) {
            Some(country) => Some(country.to_ascii_uppercase()),
            None => found.home.map(|home| home.country.to_owned()),
        },
        currency,
        amount: amount(code, currency, schemes)?,
        fee: fee(code, currency)?,
        initiation: if payee.is_order { Initiation::Dynamic } else { initiation },
        merchant_name: own(code.get(59)),
        merchant_city: own(code.get(60)),
        local_language: local(0),
        local_name: local(1),
        local_city: local(2),
        mcc: own(code.get(52)),
        account: own(payee.account),
        bank: own(payee.bank),
        reference: own(additional(5).or(payee.reference)),
        bill_number: own(additional(1)),
        store: own(additional(3)),
        terminal: own(additional(7)),
        postal_code: own(code.get(61)),
        expiry: payee.expiry,
        prompts: prompts(additional),
    })
}

/// The value of an object as money.
fn money(code: &Mpm<'_>, currency: Option<Currency>, tag: u8) -> Result<Option<Money>, Fault> {
    match (currency, code.object(tag)) {
        (Some(currency), Some(object)) => Money::parse(currency, object.value)
            .map(Some)
            .map_err(|_| Fault::new(FaultKind::AmountPrecision, object.value_offset(), TagPath::root(object.tag))),
        _ => Ok(None),
    }
}

/// Zero is no amount (MPM §4.7.4.1). Cambodia writes it into printed codes and means none (`domain.md` §3.6).
fn amount(code: &Mpm<'_>, currency: Option<Currency>, schemes: Schemes) -> Result<Option<Money>, Fault> {
    let Some(object) = code.object(54) else { return Ok(None) };
    let open = schemes.contains(Scheme::Khqr) && code.initiation() == Initiation::Static;
    match emv::is_zero(object.value) {
        true if open => Ok(None),
        true => Err(Fault::new(FaultKind::AmountZero, object.value_offset(), TagPath::root(object.tag))),
        false => money(code, currency, 54),
    }
}

fn fee(code: &Mpm<'_>, currency: Option<Currency>) -> Result<Option<Fee>, Fault> {
    Ok(match code.tip() {
        Some(emv::Tip::Prompt) => Some(Fee::Prompt),
        Some(emv::Tip::Fixed(_)) => money(code, currency, 56)?.map(Fee::Fixed),
        Some(emv::Tip::Percentage(text)) => hundredths(text).map(Fee::Percentage),
        None => None,
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

/// What object 62 asks the consumer for: `***` in place of a value, and letters in 09 (MPM Table 3.7).
fn prompts<'a>(additional: impl Fn(u8) -> Option<&'a str>) -> Vec<Prompt> {
    const VALUES: [(u8, Prompt); 8] = [
        (1, Prompt::BillNumber),
        (2, Prompt::MobileNumber),
        (3, Prompt::Store),
        (4, Prompt::LoyaltyNumber),
        (5, Prompt::Reference),
        (6, Prompt::Customer),
        (7, Prompt::Terminal),
        (8, Prompt::Purpose),
    ];
    const LETTERS: [(char, Prompt); 3] =
        [('A', Prompt::ConsumerAddress), ('M', Prompt::ConsumerMobile), ('E', Prompt::ConsumerEmail)];
    let values = VALUES.iter().filter(|(tag, _)| additional(*tag) == Some("***")).map(|(_, prompt)| *prompt);
    let letters = additional(9).unwrap_or_default();
    values.chain(LETTERS.iter().filter(|(letter, _)| letters.contains(*letter)).map(|(_, prompt)| *prompt)).collect()
}

/// A text that is no merchant-presented code: rules and schemes first, then what else it may be.
fn read_text(text: &str, rules: &Rules) -> Reading {
    let link = Link::parse(text);
    let said = scheme::of_text(text, link.as_ref());
    if let Some(fault) = said.as_ref().and_then(|said| said.fault) {
        return Reading::malformed(fault);
    }
    if let Some((facts, kind)) = said.as_ref().and_then(|said| said.not_payable.map(|kind| (&said.facts, kind))) {
        return Reading::of(Verdict::NotPayable { kind }, facts.clone());
    }
    let known = said.is_some();
    let mut facts = said.map(|said| said.facts).unwrap_or_default();
    let matching: Vec<&Rule> = rules.for_text(text, link.as_ref(), facts.schemes).collect();
    if let Some(rule) = matching.first() {
        rule.scheme.into_iter().for_each(|scheme| facts.schemes.insert(scheme));
        facts.country = facts.country.or_else(|| rule.country.clone());
        facts.currency = facts.currency.or(rule.currency);
        if rule.kind == Kind::Order {
            facts.initiation = Initiation::Dynamic;
        }
    }
    if known || !matching.is_empty() {
        let shown = || names(&facts).chain(facts.account.as_deref());
        let (p2p, schemes) = (facts.p2p, facts.schemes);
        let verdict = if shown().any(guard::has_hidden_characters) {
            Verdict::Suspicious { reason: Suspicion::HiddenCharacters }
        } else if shown().any(guard::has_confusable_letters) {
            Verdict::Suspicious { reason: Suspicion::ConfusableLetters }
        } else {
            carried(matching.into_iter().filter(|rule| rule.p2p || !p2p), p2p, schemes)
        };
        return Reading::of(verdict, facts);
    }
    if let Some(link) = link {
        return Reading::of(judge_link(&link, rules), Facts::default());
    }
    let (kind, scheme) = other::kind_of(text);
    Reading::of(Verdict::NotPayable { kind }, Facts { schemes: scheme.into_iter().collect(), ..Facts::default() })
}

fn judge_link(link: &Link<'_>, rules: &Rules) -> Verdict {
    let imitates = |host: &str| link.imitates(host);
    let known = rules.hosts().any(imitates) || scheme::hosts().any(imitates);
    match (known, link.trick) {
        (true, trick) => Verdict::Suspicious { reason: Suspicion::Link(trick.map_or("link_lookalike", Trick::as_str)) },
        // No honest link hides its host behind these, whoever it imitates.
        (false, Some(trick @ (Trick::UserInfo | Trick::Backslash))) => {
            Verdict::Suspicious { reason: Suspicion::Link(trick.as_str()) }
        }
        _ => Verdict::NotPayable { kind: NotPayable::Link },
    }
}
