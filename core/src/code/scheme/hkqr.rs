//! Hong Kong, the common code with FPS (HKMA specification §4.2, `domain.md` §3.7): clearing code in 01; FPS number, mobile
//! number or e-mail in 02 to 04, the merchant's time-out in 05 as `YYMMDDhhmmss`. FPS carries Hong Kong dollars and renminbi.

use super::Scheme;
use super::profile::{Account, Home, Payee, Profile, always, local_moment};
use crate::time::ServerMs;

/// Hong Kong is eight hours ahead of UTC all year.
const HOURS_AHEAD: i64 = 8;

fn expiry(digits: &str) -> Option<ServerMs> {
    if digits.len() == 12 {
        return local_moment(&format!("20{digits}"), HOURS_AHEAD);
    }
    local_moment(digits, HOURS_AHEAD)
}

fn is_personal(account: &Account<'_, '_>) -> bool {
    account.get(3).is_some()
}

fn payee<'a>(account: &Account<'_, 'a>) -> Payee<'a> {
    Payee {
        account: (2..=4).find_map(|tag| account.get(tag)),
        bank: account.get(1),
        expiry: account.get(5).and_then(expiry),
        ..Payee::default()
    }
}

pub(super) const PROFILE: Profile = Profile {
    scheme: Scheme::Hkqr,
    identifiers: &["hk.com.hkicl"],
    home: Some(Home { country: "HK", currencies: &[344, 156] }),
    suits: always,
    is_personal,
    payee,
    names: &[(1, "clearing code"), (2, "FPS number"), (3, "mobile number"), (4, "e-mail address"), (5, "expiry")],
};
