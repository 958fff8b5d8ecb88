//! Singapore, PayNow (SGQR 1.7, `domain.md` §3.6 and §9.13): kind of proxy in 01, proxy in 02, expiry and reference in 04
//! and 05 – in which order, the specification and live codes disagree, so the one that is a date is the expiry.

use super::Scheme;
use super::profile::{Account, Home, Payee, Profile, always, local_moment};

/// Singapore is eight hours ahead of UTC all year.
const HOURS_AHEAD: i64 = 8;

/// Kind 2 is a company's number (UEN); 0 is a mobile number, 1 an identity card.
fn is_personal(account: &Account<'_, '_>) -> bool {
    account.get(1) != Some("2")
}

fn payee<'a>(account: &Account<'_, 'a>) -> Payee<'a> {
    let date = |tag| account.get(tag).and_then(|text| local_moment(text, HOURS_AHEAD));
    let (expiry, reference) = match (date(4), date(5)) {
        (Some(expiry), _) => (Some(expiry), account.get(5)),
        (None, Some(expiry)) => (Some(expiry), account.get(4)),
        (None, None) => (None, account.get(5).or_else(|| account.get(4))),
    };
    Payee { account: account.get(2), reference, expiry, ..Payee::default() }
}

pub(super) const PROFILE: Profile = Profile {
    scheme: Scheme::PayNow,
    identifiers: &["SG.PAYNOW"],
    home: Some(Home { country: "SG", currencies: &[702] }),
    suits: always,
    is_personal,
    payee,
    names: &[
        (1, "kind of proxy"),
        (2, "proxy"),
        (3, "amount may be changed"),
        (4, "expiry or reference"),
        (5, "reference or expiry"),
    ],
};
