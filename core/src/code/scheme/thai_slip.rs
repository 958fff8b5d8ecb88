//! Thailand, the verification code on a transfer slip (SCB "Slip Verify", `domain.md` §3.6): template 00 with the bank and
//! the transaction, checksum in object 91. The payment has been made; nothing is payable.

use super::Scheme;
use super::table::{Said, Scanned};
use crate::code::emv::{Objects, crc16};
use crate::code::facts::Facts;
use crate::code::verdict::NotPayable;

pub(super) fn read(scanned: &Scanned<'_>) -> Option<Said> {
    let text = scanned.text;
    let mut head = None;
    let mut crc = None;
    for object in Objects::of(text) {
        let object = object.ok()?;
        match object.tag.number() {
            0 if head.is_none() => head = Some(object),
            91 => crc = Some(object),
            _ => {}
        }
    }
    let (head, crc) = (head.filter(|object| object.offset == 0)?, crc?);
    let written = u16::from_str_radix(crc.value, 16).ok().filter(|_| crc.value.len() == 4)?;
    if crc16(text.as_bytes().get(..crc.value_offset())?) != written {
        return None;
    }
    let inner = |tag: u8| {
        Objects::of(head.value).map_while(Result::ok).find(|o| o.tag.number() == tag).map(|o| o.value.to_owned())
    };
    // Banks: 00 000001, 01 sending bank, 02 reference. True Money: 00 01, 01 01, 03 transaction.
    let (bank, reference) = match inner(0)?.as_str() {
        "000001" => (inner(1), inner(2)),
        "01" => (None, inner(3)),
        _ => return None,
    };
    let facts = Facts {
        schemes: [Scheme::ThaiSlip].into_iter().collect(),
        country: Some("TH".to_owned()),
        bank,
        reference,
        ..Facts::default()
    };
    Some(Said::not_payable(facts, NotPayable::Slip))
}
