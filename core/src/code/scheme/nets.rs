//! Singapore, NETS (SGQR 1.7, `domain.md` §3.6): 23 characters of metadata in 01 – version, issuer (10), expiry
//! `YYMMDDhhmmss` – merchant in 02, terminal in 03, signature in 99.

use super::Scheme;
use super::profile::{Account, Home, Payee, Profile, always, local_moment, never};
use crate::time::ServerMs;

const HOURS_AHEAD: i64 = 8;

fn expiry(metadata: &str) -> Option<ServerMs> {
    let digits = (metadata.len() == 23).then(|| metadata.get(11..)).flatten()?;
    local_moment(&format!("20{digits}"), HOURS_AHEAD)
}

fn payee<'a>(account: &Account<'_, 'a>) -> Payee<'a> {
    Payee { account: account.get(2), expiry: account.get(1).and_then(expiry), ..Payee::default() }
}

pub(super) const PROFILE: Profile = Profile {
    scheme: Scheme::Nets,
    identifiers: &["SG.COM.NETS"],
    home: Some(Home { country: "SG", currencies: &[702] }),
    suits: always,
    is_personal: never,
    payee,
    names: &[
        (1, "version, issuer and expiry"),
        (2, "merchant"),
        (3, "terminal"),
        (9, "amount may be changed"),
        (99, "signature"),
    ],
};
