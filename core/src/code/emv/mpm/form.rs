//! The form of the values that decide what the consumer is asked to pay (MPM §4.7).

use super::super::tlv::TagSet;
use super::super::{FaultKind, Object};

/// The objects whose form decides what is paid.
pub(super) const FORMED: TagSet = TagSet::range(0, 0).or(TagSet::range(52, 58));

/// Whether the value of one of these objects has the form it must have.
pub(in crate::code::emv) fn form_fault(object: &Object<'_>) -> Option<FaultKind> {
    let value = object.value;
    let digits = |count| value.len() == count && value.bytes().all(|b| b.is_ascii_digit());
    let (sound, kind) = match object.tag.0 {
        // 02 is what Malaysia writes (`domain.md` §3.6).
        0 => (matches!(value, "01" | "02"), FaultKind::Version),
        52 => (digits(4), FaultKind::CategorySyntax),
        53 => (digits(3), FaultKind::CurrencySyntax),
        54 => (is_amount(value), FaultKind::AmountSyntax),
        56 => (is_amount(value) && !is_zero(value), FaultKind::TipFee),
        57 => (is_percentage(value), FaultKind::TipPercentage),
        58 => (value.len() == 2 && value.bytes().all(|b| b.is_ascii_alphabetic()), FaultKind::CountrySyntax),
        _ => return None,
    };
    (!sound).then_some(kind)
}

/// Which rule of MPM §4.7.6 to §4.7.8 the indicator and the presence of 56 and 57 break, and at which object.
pub(in crate::code::emv) fn tip_fault(indicator: Option<&str>, fee: bool, percentage: bool) -> Option<(FaultKind, u8)> {
    match (indicator, fee, percentage) {
        (None | Some("01"), false, false) | (Some("02"), true, false) | (Some("03"), false, true) => None,
        (Some("02"), false, _) | (None | Some("01" | "03"), true, _) => Some((FaultKind::TipFee, 56)),
        (Some("03"), _, false) | (None | Some("01" | "02"), _, true) => Some((FaultKind::TipPercentage, 57)),
        (Some(_), _, _) => Some((FaultKind::TipSyntax, 55)),
    }
}

/// Digits with at most one point, not at the start; at most 13 characters (MPM Table 3.5, §4.7.4.1).
fn is_amount(text: &str) -> bool {
    let mut points = 0u32;
    let clean = text.bytes().all(|b| {
        points = points.saturating_add(u32::from(b == b'.'));
        b.is_ascii_digit() || b == b'.'
    });
    clean && points <= 1 && text.len() <= 13 && !text.is_empty() && !text.starts_with('.')
}

/// Whether an amount is nothing.
pub(crate) fn is_zero(amount: &str) -> bool {
    amount.bytes().all(|b| matches!(b, b'0' | b'.'))
}

/// 0.01 to 99.99, at most two digits on each side of the point (MPM §4.7.8).
fn is_percentage(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    text.len() <= 5 && is_amount(text) && whole.len() <= 2 && fraction.len() <= 2 && !is_zero(text)
}
