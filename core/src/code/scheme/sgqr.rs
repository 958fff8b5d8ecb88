//! Singapore, SGQR (1.7): the joint label, object 51. It carries the label's number and place, no payee.

use super::Scheme;
use super::profile::{Account, Home, Payee, Profile, always, never};

const fn payee<'a>(_: &Account<'_, 'a>) -> Payee<'a> {
    Payee { account: None, bank: None, reference: None, expiry: None, is_order: false }
}

pub(super) const PROFILE: Profile = Profile {
    scheme: Scheme::Sgqr,
    identifiers: &["SG.SGQR"],
    home: Some(Home { country: "SG", currencies: &[702] }),
    suits: always,
    is_personal: never,
    payee,
    names: &[
        (1, "label number"),
        (2, "version"),
        (3, "postal code"),
        (4, "level"),
        (5, "unit"),
        (6, "miscellaneous"),
        (7, "date of issue"),
    ],
};
