//! India, BharatQR (`domain.md` §3.7): UPI address in template 26, reference in 27, both under the identifier of NPCI; the
//! card networks stand beside it in objects 02 to 08.

use super::Scheme;
use super::profile::{Account, Home, Payee, Profile, always, never};

const IDENTIFIERS: &[&str] = &["A000000524", "upi.npci.org"];
const HOME: Option<Home> = Some(Home { country: "IN", currencies: &[356] });

fn holds_address(account: &Account<'_, '_>) -> bool {
    account.get(1).is_some_and(|address| address.contains('@'))
}

fn payee<'a>(account: &Account<'_, 'a>) -> Payee<'a> {
    let mut npci = account.code.accounts().filter(|(_, id, _)| IDENTIFIERS.iter().any(|i| i.eq_ignore_ascii_case(id)));
    let reference = npci.find_map(|(_, _, template)| template.get(1).filter(|text| !text.contains('@')));
    Payee { account: account.get(1).filter(|a| a.contains('@')), reference, ..Payee::default() }
}

pub(super) const PROFILE: Profile = Profile {
    scheme: Scheme::BharatQr,
    identifiers: IDENTIFIERS,
    home: HOME,
    suits: always,
    is_personal: never,
    payee,
    names: &[(1, "UPI address or reference"), (2, "smallest amount")],
};

pub(super) const UPI: Profile = Profile {
    scheme: Scheme::Upi,
    identifiers: IDENTIFIERS,
    home: HOME,
    suits: holds_address,
    is_personal: never,
    payee,
    names: &[(1, "UPI address"), (2, "smallest amount")],
};
