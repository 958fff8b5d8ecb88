//! Viet Nam, VNPay (`domain.md` §3.6): merchant in 01.

use super::Scheme;
use super::profile::{Account, Home, Payee, Profile, always, never};

fn payee<'a>(account: &Account<'_, 'a>) -> Payee<'a> {
    Payee { account: account.get(1), ..Payee::default() }
}

pub(super) const PROFILE: Profile = Profile {
    scheme: Scheme::VnPay,
    identifiers: &["A000000775"],
    home: Some(Home { country: "VN", currencies: &[704] }),
    suits: always,
    is_personal: never,
    payee,
    names: &[(1, "merchant")],
};
