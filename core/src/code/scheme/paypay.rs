//! Japan, PayPay: links of its own host and its app's deep link (`domain.md` §3.7). `p2p01_` is a person's receiving link.

use super::Scheme;
use super::table::{Said, Scanned};
use crate::code::emv::Initiation;
use crate::code::facts::Facts;
use crate::code::link::strip_prefix_ignore_case;

const HOST: &str = "qr.paypay.ne.jp";

pub(super) const HOSTS: &[&str] = &[HOST];

pub(super) fn read(scanned: &Scanned<'_>) -> Option<Said> {
    let link = scanned.link.filter(|link| link.is_at(HOST, "/"));
    let order = strip_prefix_ignore_case(scanned.text, "paypay://payment?").is_some();
    if link.is_none() && !order {
        return None;
    }
    Some(Said::payable(Facts {
        schemes: [Scheme::PayPay].into_iter().collect(),
        p2p: link.is_some_and(|link| link.path.starts_with("/p2p")),
        country: Some("JP".to_owned()),
        initiation: if order { Initiation::Dynamic } else { Initiation::Static },
        ..Facts::default()
    }))
}
