//! Thailand, PromptPay (Bank of Thailand guideline of 17 Apr 2019, `domain.md` §3.6): transfer in object 29, bill
//! payment in 30, the shop's own references in 31. True Money's code is a transfer to its e-wallet numbers.

use super::Scheme;
use super::profile::{Account, Home, Payee, Profile, always, never};

const TRANSFER: &[&str] = &["A000000677010111", "A000000677010114"];
const HOME: Option<Home> = Some(Home { country: "TH", currencies: &[764] });

const PROXIES: &[(u8, &str)] = &[
    (1, "mobile number"),
    (2, "national or tax number"),
    (3, "e-wallet"),
    (4, "bank account"),
    (5, "one-time authorisation"),
];

/// Mobile number, tax number, e-wallet, bank account: exactly one of them.
fn proxy<'a>(account: &Account<'_, 'a>) -> Option<&'a str> {
    (1..=4).find_map(|tag| account.get(tag))
}

fn transfer<'a>(account: &Account<'_, 'a>) -> Payee<'a> {
    Payee { account: proxy(account), ..Payee::default() }
}

pub(super) const PROMPTPAY: Profile = Profile {
    scheme: Scheme::PromptPay,
    identifiers: TRANSFER,
    home: HOME,
    suits: always,
    is_personal: always,
    payee: transfer,
    names: PROXIES,
};

/// E-wallet numbers that begin with True Money's 140-00 (maythiwat/promptparse@26a9f786).
fn is_true_money(account: &Account<'_, '_>) -> bool {
    account.get(3).is_some_and(|wallet| wallet.len() == 15 && wallet.starts_with("14000"))
}

pub(super) const TRUE_MONEY: Profile = Profile {
    scheme: Scheme::TrueMoney,
    identifiers: TRANSFER,
    home: HOME,
    suits: is_true_money,
    is_personal: always,
    payee: transfer,
    names: PROXIES,
};

fn bill<'a>(account: &Account<'_, 'a>) -> Payee<'a> {
    Payee { account: account.get(1), reference: account.get(2), ..Payee::default() }
}

pub(super) const BILL: Profile = Profile {
    scheme: Scheme::PromptPayBill,
    identifiers: &["A000000677010112", "A000000677012006"],
    home: HOME,
    suits: always,
    is_personal: never,
    payee: bill,
    names: &[(1, "biller"), (2, "reference 1"), (3, "reference 2")],
};
