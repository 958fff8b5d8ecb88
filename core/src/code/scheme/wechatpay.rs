//! WeChat Pay: the beginnings its own client takes for payment codes (`domain.md` §3.5), and its account in SGQR.

use super::Scheme;
use super::profile::{Account, Payee, Profile, always, never};
use super::table::{Said, Scanned};
use crate::code::emv::Initiation;
use crate::code::facts::Facts;

pub(super) const HOSTS: &[&str] = &["wx.tenpay.com"];

/// Beginning, whether it points to an order, whether it pays a person.
const BEGINNINGS: &[(&str, Initiation, bool)] = &[
    ("weixin://wxpay/bizpayurl", Initiation::Dynamic, false),
    ("weixin://wxpay/s/", Initiation::Dynamic, false),
    ("wxp://f2f", Initiation::Static, true),
    ("wxp://wbf2f", Initiation::Static, true),
    ("wxhb://f2f", Initiation::Static, true),
];

pub(super) fn read(scanned: &Scanned<'_>) -> Option<Said> {
    let personal_link = scanned.link.is_some_and(|link| link.is_at("wx.tenpay.com", "/f2f"));
    let (initiation, p2p) = BEGINNINGS
        .iter()
        .find(|(begin, ..)| scanned.text.starts_with(begin))
        .map(|(_, initiation, p2p)| (*initiation, *p2p))
        .or_else(|| personal_link.then_some((Initiation::Static, true)))?;
    Some(Said::payable(Facts {
        schemes: [Scheme::WeChatPay].into_iter().collect(),
        country: Some("CN".to_owned()),
        initiation,
        p2p,
        ..Facts::default()
    }))
}

fn payee<'a>(account: &Account<'_, 'a>) -> Payee<'a> {
    Payee { account: account.get(1), ..Payee::default() }
}

pub(super) const PROFILE: Profile = Profile {
    scheme: Scheme::WeChatPay,
    identifiers: &["COM.QQ.WEIXIN.PAY"],
    home: None,
    suits: always,
    is_personal: never,
    payee,
    names: &[(1, "merchant")],
};
