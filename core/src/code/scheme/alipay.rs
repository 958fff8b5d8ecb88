//! Alipay's links and the public forms of Alipay+ (`domain.md` §3.4). Which hosts Alipay+ orders stand on is for the
//! configuration; here only what its documents show.

use super::Scheme;
use super::table::{Said, Scanned};
use crate::code::emv::Initiation;
use crate::code::facts::Facts;
use crate::code::link::{Link, strip_prefix_ignore_case};
use base64::Engine;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Padding is left out in some codes.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

pub(super) const HOSTS: &[&str] = &["qr.alipay.com", "d.alipay.com", "alipay.com"];

/// The standard merchant code: `/MPM/3/` and the Base64 of a text that begins with `GPLD`.
const STANDARD: (&str, &str) = ("/MPM/3/", "R1BMRD");

pub(super) fn read(scanned: &Scanned<'_>) -> Option<Said> {
    let link = scanned.link.filter(|link| link.https && link.trick.is_none())?;
    let said = |scheme, initiation, p2p| {
        let country = (scheme == Scheme::Alipay).then(|| "CN".to_owned());
        let schemes = [scheme].into_iter().collect();
        Some(Said::payable(Facts { schemes, country, initiation, p2p, ..Facts::default() }))
    };
    if strip_prefix_ignore_case(link.path, STANDARD.0).is_some_and(|rest| rest.starts_with(STANDARD.1)) {
        return said(Scheme::AlipayPlus, Initiation::Static, false);
    }
    if link.is_at("alipay.com", "/281") && is_order(link.path) {
        return said(Scheme::AlipayPlus, Initiation::Dynamic, false);
    }
    if link.is_at("qr.alipay.com", "/") {
        let begins = |prefix| strip_prefix_ignore_case(link.path, prefix).is_some();
        // bax: an order of a shop. fkx, fkw and the like: somebody's printed code.
        return if begins("/bax") {
            said(Scheme::Alipay, Initiation::Dynamic, false)
        } else {
            said(Scheme::Alipay, Initiation::Static, begins("/fk") || begins("/tsx"))
        };
    }
    if link.is_at("d.alipay.com", "/i/") {
        return said(Scheme::Alipay, Initiation::Static, true);
    }
    None
}

/// What is inside a standard merchant code: `GPLD` and the length of the objects after it, three digits each time.
pub(in crate::code) fn standard_objects(text: &str) -> Option<String> {
    let link = Link::parse(text)?;
    let base64 = strip_prefix_ignore_case(link.path, STANDARD.0)?;
    let decoded = BASE64.decode(base64).ok()?;
    String::from_utf8(decoded).ok().filter(|decoded| decoded.starts_with("GPLD"))
}

/// The next object of a standard code: an ID of so many characters, a length of so many digits, the value.
pub(in crate::code) fn next_object(text: &str, id: usize, digits: usize) -> Option<(&str, &str, &str)> {
    let (tag, rest) = text.split_at_checked(id)?;
    let (length, rest) = rest.split_at_checked(digits)?;
    let length: usize = Some(length).filter(|l| l.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()?;
    let (value, rest) = rest.split_at_checked(length)?;
    Some((tag, value, rest))
}

/// Twelve digits of the pattern `281***04****` first.
fn is_order(path: &str) -> bool {
    let digits = path.get(1..13).unwrap_or_default();
    digits.len() == 12 && digits.bytes().all(|b| b.is_ascii_digit()) && digits.get(6..8) == Some("04")
}
