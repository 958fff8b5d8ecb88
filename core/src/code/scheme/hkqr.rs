//! Hong Kong, the common code with FPS (HKMA specification §4.2, `domain.md` §3.7): clearing code in 01; FPS number, mobile
//! number or e-mail in 02 to 04. FPS carries Hong Kong dollars and renminbi.

use super::Scheme;
use super::profile::{Account, Home, Payee, Profile, always};

fn is_personal(account: &Account<'_, '_>) -> bool {
    account.get(3).is_some()
}

fn payee<'a>(account: &Account<'_, 'a>) -> Payee<'a> {
    Payee { account: (2..=4).find_map(|tag| account.get(tag)), bank: account.get(1), ..Payee::default() }
}

pub(super) const PROFILE: Profile = Profile {
    scheme: Scheme::Hkqr,
    identifiers: &["hk.com.hkicl"],
    home: Some(Home { country: "HK", currencies: &[344, 156] }),
    suits: always,
    is_personal,
    payee,
};
