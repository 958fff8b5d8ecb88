//! Laos, LaoQR (`domain.md` §3.6): institution in 01, kind in 02, receiver in 03; some codes add when
//! they end, in milliseconds since 1970.

use super::Scheme;
use super::profile::{Account, Home, Payee, Profile, always, never};
use crate::time::ServerMs;

const MILLISECONDS: usize = 13;

fn payee<'a>(account: &Account<'_, 'a>) -> Payee<'a> {
    let moment = |digits: &str| digits.parse().ok().filter(|_| digits.len() == MILLISECONDS).map(ServerMs);
    Payee { account: account.get(3), bank: account.get(1), expiry: account.get(4).and_then(moment), ..Payee::default() }
}

pub(super) const PROFILE: Profile = Profile {
    scheme: Scheme::LaoQr,
    identifiers: &["A005266284662577"],
    home: Some(Home { country: "LA", currencies: &[418] }),
    suits: always,
    is_personal: never,
    payee,
    names: &[(1, "institution"), (2, "kind of payment"), (3, "receiver"), (4, "expiry")],
};
