//! Japan, JPQR (`domain.md` §3.7): the joint merchant number in 01.

use super::Scheme;
use super::profile::{Account, Home, Payee, Profile, always, never};

fn payee<'a>(account: &Account<'_, 'a>) -> Payee<'a> {
    Payee { account: account.get(1), ..Payee::default() }
}

pub(super) const PROFILE: Profile = Profile {
    scheme: Scheme::Jpqr,
    identifiers: &["jp.or.paymentsjapan"],
    home: Some(Home { country: "JP", currencies: &[392] }),
    suits: always,
    is_personal: never,
    payee,
    names: &[(1, "joint merchant number")],
};
