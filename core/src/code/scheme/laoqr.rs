//! Laos, LaoQR (`domain.md` §3.6): institution in 01, kind in 02, receiver in 03.

use super::Scheme;
use super::profile::{Account, Home, Payee, Profile, always, never};

fn payee<'a>(account: &Account<'_, 'a>) -> Payee<'a> {
    Payee { account: account.get(3), bank: account.get(1), ..Payee::default() }
}

pub(super) const PROFILE: Profile = Profile {
    scheme: Scheme::LaoQr,
    identifiers: &["A005266284662577"],
    home: Some(Home { country: "LA", currencies: &[418] }),
    suits: always,
    is_personal: never,
    payee,
};
