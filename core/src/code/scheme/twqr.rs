//! Taiwan, TWQR (`domain.md` §3.7): `TWQRP://<name>/158/<kind>/V1?D1=..`. Kind 01 is a purchase, 02 a transfer. D1 is the
//! amount in hundredths of a dollar (some makers write dollars, §9.11: the network's word counts), D2 the order, D5 and D6
//! bank and account, D10 the currency.

use super::Scheme;
use super::table::{Said, Scanned};
use crate::code::facts::Facts;
use crate::code::link::{parameter, percent_decoded, strip_prefix_ignore_case};
use crate::money::{Currency, Money};

pub(super) fn read(scanned: &Scanned<'_>) -> Option<Said> {
    // Some banks print the whole text percent-encoded.
    let whole =
        strip_prefix_ignore_case(scanned.text, "TWQRP%3A%2F%2F").and_then(|_| percent_decoded(scanned.text, false));
    let text = whole.as_deref().unwrap_or(scanned.text);
    let rest = strip_prefix_ignore_case(text, "TWQRP://")?;
    let (path, query) = rest.split_once('?')?;
    let mut parts = path.split('/');
    let (name, country, kind, version) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    if country != "158" || version != "V1" || parts.next().is_some() || !matches!(kind, "01" | "02") {
        return None;
    }
    let is_purchase = kind == "01";
    let number = |name| parameter(query, name, false).and_then(|text| text.parse::<u16>().ok());
    let currency = number("D10").and_then(|number| Currency::from_numeric(number).ok());
    let hundredths = parameter(query, "D1", false).and_then(|text| text.parse::<i64>().ok()).filter(|n| *n > 0);
    let amount = currency.filter(|c| c.exponent() == 2).zip(hundredths).map(|(c, minor)| Money::from_minor(c, minor));
    Some(Said::payable(Facts {
        schemes: [Scheme::Twqr].into_iter().collect(),
        p2p: !is_purchase,
        country: Some("TW".to_owned()),
        currency,
        amount,
        merchant_name: is_purchase.then(|| percent_decoded(name, false)).flatten(),
        account: parameter(query, "D6", false),
        bank: parameter(query, "D5", false),
        reference: parameter(query, "D2", false),
        ..Facts::default()
    }))
}
