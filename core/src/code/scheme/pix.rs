//! Brazil, PIX (Banco Central, BR Code manual): key in 01 of a static code, the order's address in 25 of a dynamic one.
//! The address is never opened.

use super::Scheme;
use super::profile::{Account, Home, Payee, Profile, always, never};

fn payee<'a>(account: &Account<'_, 'a>) -> Payee<'a> {
    Payee { account: account.get(1), is_order: account.get(25).is_some(), ..Payee::default() }
}

pub(super) const PROFILE: Profile = Profile {
    scheme: Scheme::Pix,
    identifiers: &["br.gov.bcb.pix"],
    home: Some(Home { country: "BR", currencies: &[986] }),
    suits: always,
    is_personal: never,
    payee,
    names: &[(1, "key"), (2, "information for the payer"), (25, "address of the order, never opened")],
};
