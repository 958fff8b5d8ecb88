//! Cambodia, KHQR of Bakong (`domain.md` §3.6): object 00 of template 29 (a person) or 30 (a shop) is no identifier but an
//! account `name@bank`. Object 99 holds creation and expiry in milliseconds; riel or US dollars.

use super::Scheme;
use super::profile::{Account, Home, Payee, Profile};
use crate::time::ServerMs;

const HOME: Home = Home { country: "KH", currencies: &[116, 840] };

fn suits(account: &Account<'_, '_>) -> bool {
    let is_account = |text: &str| text.split_once('@').is_some_and(|(name, bank)| !name.is_empty() && !bank.is_empty());
    let country = || account.code.get(58).is_some_and(|country| country.eq_ignore_ascii_case(HOME.country));
    matches!(account.tag.number(), 29 | 30)
        && (country() || account.code.currency_number() == Some(116))
        && is_account(account.identifier)
}

fn is_personal(account: &Account<'_, '_>) -> bool {
    account.tag.number() == 29
}

fn payee<'a>(account: &Account<'_, 'a>) -> Payee<'a> {
    let expiry = account.code.template(99).and_then(|times| times.get(1)).and_then(|ms| ms.parse().ok());
    Payee {
        account: Some(account.identifier),
        bank: account.get(2),
        expiry: expiry.filter(|ms| *ms > 0).map(ServerMs),
        ..Payee::default()
    }
}

pub(super) const PROFILE: Profile = Profile {
    scheme: Scheme::Khqr,
    identifiers: &[],
    home: Some(HOME),
    suits,
    is_personal,
    payee,
    names: &[(0, "Bakong account"), (1, "merchant or account information"), (2, "acquiring bank")],
};
