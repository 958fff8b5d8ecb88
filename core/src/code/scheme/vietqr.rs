//! Viet Nam, VietQR of NAPAS (`domain.md` §3.6): bank and account nested in 01, the service in 02. `QRIBFTTA` and `QRIBFTTC`
//! are transfers to an account or card, not purchases.

use super::Scheme;
use super::profile::{Account, Home, Payee, Profile, always};

fn is_personal(account: &Account<'_, '_>) -> bool {
    account.get(2).is_none_or(|service| service.starts_with("QRIBFTT"))
}

fn payee<'a>(account: &Account<'_, 'a>) -> Payee<'a> {
    let receiver = account.template.nested(1);
    Payee { account: receiver.and_then(|r| r.get(1)), bank: receiver.and_then(|r| r.get(0)), ..Payee::default() }
}

pub(super) const PROFILE: Profile = Profile {
    scheme: Scheme::VietQr,
    identifiers: &["A000000727"],
    home: Some(Home { country: "VN", currencies: &[704] }),
    suits: always,
    is_personal,
    payee,
    names: &[(1, "receiver"), (2, "service")],
};
