//! Malaysia, DuitNow (`domain.md` §3.6): acquirer in 01, merchant in 02. Object 00 of the code often says version 02, and
//! object 82 is a raw hash. Category 0000 is a person.

use super::Scheme;
use super::profile::{Account, Home, Payee, Profile, always};

fn is_personal(account: &Account<'_, '_>) -> bool {
    account.code.get(52) == Some("0000")
}

fn payee<'a>(account: &Account<'_, 'a>) -> Payee<'a> {
    Payee { account: account.get(2), bank: account.get(1), ..Payee::default() }
}

pub(super) const PROFILE: Profile = Profile {
    scheme: Scheme::DuitNow,
    identifiers: &["A0000006150001"],
    home: Some(Home { country: "MY", currencies: &[458] }),
    suits: always,
    is_personal,
    payee,
    names: &[(1, "acquirer"), (2, "merchant"), (3, "merchant's own number"), (4, "mobile number")],
};
