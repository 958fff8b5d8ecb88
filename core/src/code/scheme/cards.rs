//! The card networks' root objects (EMVCo MPM Table 4.2). UnionPay's objects 15 and 16 hold exactly 31 characters
//! (`domain.md` §3.1): acquirer (8), forwarder (8), merchant (15).

use super::{Scheme, Schemes};
use crate::code::emv::Mpm;

const UNIONPAY_LENGTH: usize = 31;

const fn network(tag: u8, value: &str) -> Option<Scheme> {
    Some(match tag {
        2 | 3 => Scheme::Visa,
        4 | 5 => Scheme::Mastercard,
        9 | 10 => Scheme::Discover,
        11 | 12 => Scheme::Amex,
        13 | 14 => Scheme::Jcb,
        15 | 16 if value.len() == UNIONPAY_LENGTH => Scheme::UnionPay,
        _ => return None,
    })
}

pub(super) fn of_emv(code: &Mpm<'_>, schemes: &mut Schemes) {
    code.cards().filter_map(|(tag, value)| network(tag, value)).for_each(|scheme| schemes.insert(scheme));
}

/// The merchant number: the last 15 characters of UnionPay's object, the whole object of the others.
pub(super) fn merchant<'a>(code: &Mpm<'a>, scheme: Scheme) -> Option<&'a str> {
    let (_, value) = code.cards().find(|(tag, value)| network(*tag, value) == Some(scheme))?;
    if scheme == Scheme::UnionPay { value.get(16..) } else { Some(value) }
}
