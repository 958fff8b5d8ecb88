//! Philippines, QR Ph (`domain.md` §3.6): bank (BIC) in 01; merchant in 03, in some codes 04; account of a person in 04.

use super::Scheme;
use super::profile::{Account, Home, Payee, Profile, always, never};

const HOME: Option<Home> = Some(Home { country: "PH", currencies: &[608] });

fn shop<'a>(account: &Account<'_, 'a>) -> Payee<'a> {
    Payee { account: account.get(3).or_else(|| account.get(4)), bank: account.get(1), ..Payee::default() }
}

pub(super) const SHOP: Profile = Profile {
    scheme: Scheme::QrPhP2m,
    identifiers: &["ph.ppmi.p2m"],
    home: HOME,
    suits: always,
    is_personal: never,
    payee: shop,
    names: &[(1, "acquirer (BIC)"), (3, "merchant"), (4, "merchant's credit account"), (5, "proxy or channel")],
};

fn person<'a>(account: &Account<'_, 'a>) -> Payee<'a> {
    Payee { account: account.get(4), bank: account.get(1), ..Payee::default() }
}

pub(super) const PERSON: Profile = Profile {
    scheme: Scheme::QrPhP2p,
    identifiers: &["com.p2pqrpay"],
    home: HOME,
    suits: always,
    is_personal: always,
    payee: person,
    names: &[(1, "bank (BIC)"), (2, "kind of payment"), (3, "merchant"), (4, "account"), (5, "mobile number")],
};
