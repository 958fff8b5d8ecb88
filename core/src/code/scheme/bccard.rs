//! Korea, BC Card (BC developer documents, `domain.md` §3.2): merchant in 05. The same shop stands in object 15 for UnionPay.

use super::Scheme;
use super::profile::{Account, Home, Payee, Profile, always, never};

fn payee<'a>(account: &Account<'_, 'a>) -> Payee<'a> {
    Payee { account: account.get(5), ..Payee::default() }
}

pub(super) const PROFILE: Profile = Profile {
    scheme: Scheme::BcCard,
    identifiers: &["D4100000014010"],
    home: Some(Home { country: "KR", currencies: &[410] }),
    suits: always,
    is_personal: never,
    payee,
    names: &[(5, "merchant")],
};
