//! Indonesia, QRIS (`domain.md` §3.6): the national merchant number in object 51, and one template of the issuer (26 to
//! 45) under the issuer's own domain with the merchant PAN.

use super::Scheme;
use super::profile::{Account, Home, Payee, Profile, always, never};

const HOME: Home = Home { country: "ID", currencies: &[360] };

/// Merchant PANs begin with 9360, the national numbering.
fn merchant_pan<'a>(account: &Account<'_, 'a>) -> Option<&'a str> {
    account.get(1).filter(|pan| pan.starts_with("9360") && pan.bytes().all(|b| b.is_ascii_digit()))
}

fn issuer<'a>(account: &Account<'_, 'a>) -> Payee<'a> {
    let code = account.code;
    let pan = code
        .accounts()
        .find_map(|(tag, identifier, template)| merchant_pan(&Account { code, tag, identifier, template }));
    Payee { account: pan.or_else(|| account.get(1)), ..Payee::default() }
}

pub(super) const NATIONAL: Profile = Profile {
    scheme: Scheme::Qris,
    identifiers: &["ID.CO.QRIS.WWW"],
    home: Some(HOME),
    suits: always,
    is_personal: never,
    payee: issuer,
    names: &[(2, "national merchant number"), (3, "merchant size")],
};

fn is_issuer(account: &Account<'_, '_>) -> bool {
    account.code.get(53) == Some("360") && account.is_at(&HOME) && merchant_pan(account).is_some()
}

/// A code with the issuer's template alone.
pub(super) const ISSUER: Profile = Profile {
    scheme: Scheme::Qris,
    identifiers: &[],
    home: Some(HOME),
    suits: is_issuer,
    is_personal: never,
    payee: issuer,
    names: &[(1, "merchant PAN"), (2, "merchant number"), (3, "merchant size")],
};
