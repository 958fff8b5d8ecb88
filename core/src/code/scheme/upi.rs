//! India, UPI links (NPCI linking specification, `domain.md` §3.7): `upi://pay?pa=..&pn=..&am=..`; `upiGlobal://` for codes
//! made for visitors. Without a merchant category the payee is a person.

use super::Scheme;
use super::table::{Said, Scanned};
use crate::code::emv::{Fault, FaultKind, Initiation, TagPath};
use crate::code::facts::Facts;
use crate::code::link::{parameter, strip_prefix_ignore_case};
use crate::money::{Currency, Money};

/// How its links begin, in either case.
pub(in crate::code) const BEGINNINGS: &[&str] = &["upi://pay?", "upiGlobal://pay?"];

/// NPCI's numbers for a code made for one order.
const DYNAMIC_MODES: &[&str] = &["15", "16"];

pub(super) fn read(scanned: &Scanned<'_>) -> Option<Said> {
    let query = BEGINNINGS.iter().find_map(|begin| strip_prefix_ignore_case(scanned.text, begin))?;
    let text = |name| parameter(query, name, false).filter(|value| !value.is_empty());
    let account = text("pa")?;
    // UPI is in rupees; `cu` may be left out and may say nothing else.
    let currency = text("cu").map_or("INR".to_owned(), |cu| cu.to_ascii_uppercase());
    let currency = Currency::from_alpha(&currency).ok();
    let amount = match (currency, text("am")) {
        (Some(currency), Some(amount)) => match Money::parse(currency, &amount) {
            Ok(amount) => Some(amount).filter(|amount| amount.is_positive()),
            Err(_) => {
                let fault = Fault::new(FaultKind::AmountSyntax, scanned.offset_of("am="), TagPath::default());
                return Some(Said::malformed(fault));
            }
        },
        _ => None,
    };
    let mcc = text("mc").filter(|mcc| mcc.len() == 4 && mcc.bytes().all(|b| b.is_ascii_digit()));
    let dynamic = text("mode").is_some_and(|mode| DYNAMIC_MODES.contains(&mode.as_str()));
    Some(Said::payable(Facts {
        schemes: [Scheme::Upi].into_iter().collect(),
        p2p: mcc.as_deref().is_none_or(|mcc| mcc == "0000"),
        country: Some("IN".to_owned()),
        currency,
        amount,
        initiation: if dynamic { Initiation::Dynamic } else { Initiation::Static },
        merchant_name: parameter(query, "pn", true).filter(|name| !name.is_empty()),
        mcc,
        account: Some(account),
        reference: text("tr"),
        store: text("msid"),
        terminal: text("mtid"),
        ..Facts::default()
    }))
}
