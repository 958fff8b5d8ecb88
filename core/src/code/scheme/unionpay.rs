//! UnionPay's links in mainland China: `https://qr.95516.com/` and institution and code (`domain.md` §3.1). Its
//! merchant-presented object is in `cards.rs`.

use super::Scheme;
use super::table::{Said, Scanned};
use crate::code::facts::Facts;

const HOST: &str = "qr.95516.com";

pub(super) const HOSTS: &[&str] = &[HOST];

pub(super) fn read(scanned: &Scanned<'_>) -> Option<Said> {
    scanned.link.filter(|link| link.is_at(HOST, "/"))?;
    Some(Said::payable(Facts {
        schemes: [Scheme::UnionPay].into_iter().collect(),
        country: Some("CN".to_owned()),
        ..Facts::default()
    }))
}
