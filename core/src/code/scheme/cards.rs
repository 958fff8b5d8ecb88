//! The card networks' root objects (EMVCo MPM Table 4.2). UnionPay's objects 15 and 16 hold exactly 31 characters
//! (`domain.md` §3.1): acquirer (8), forwarder (8), merchant (15).

use super::{Scheme, Schemes};
use crate::code::emv::Mpm;

const OBJECTS: &[(u8, Scheme)] = &[
    (2, Scheme::Visa),
    (3, Scheme::Visa),
    (4, Scheme::Mastercard),
    (5, Scheme::Mastercard),
    (9, Scheme::Discover),
    (10, Scheme::Discover),
    (11, Scheme::Amex),
    (12, Scheme::Amex),
    (13, Scheme::Jcb),
    (14, Scheme::Jcb),
    (15, Scheme::UnionPay),
    (16, Scheme::UnionPay),
];

const UNIONPAY_LENGTH: usize = 31;

pub(super) fn of_emv(code: &Mpm<'_>, schemes: &mut Schemes) {
    for (tag, scheme) in OBJECTS {
        let sound = |value: &str| *scheme != Scheme::UnionPay || value.len() == UNIONPAY_LENGTH;
        if code.get(*tag).is_some_and(sound) {
            schemes.insert(*scheme);
        }
    }
}

/// The merchant number: the last 15 characters of UnionPay's object, the whole object of the others.
pub(super) fn merchant<'a>(code: &Mpm<'a>, scheme: Scheme) -> Option<&'a str> {
    let value = OBJECTS.iter().filter(|(_, s)| *s == scheme).find_map(|(tag, _)| code.get(*tag))?;
    if scheme == Scheme::UnionPay { value.get(16..) } else { Some(value) }
}
