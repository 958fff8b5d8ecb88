//! What a text is when it is no shop's code (`domain.md` §4, §9.15).

use super::link::strip_prefix_ignore_case;
use super::read::NotPayable;

/// How texts of other kinds begin, in either case.
const BEGINNINGS: &[(&str, NotPayable)] = &[
    ("hQVDUFY", NotPayable::PaymentCode),  // EMVCo CPM §3.2: 85 05 "CPV" in Base64
    ("hQVKUFFS", NotPayable::PaymentCode), // the same with "JPQR" (Japan)
    ("WIFI:", NotPayable::Wifi),
    ("BEGIN:VCARD", NotPayable::Contact),
    ("MECARD:", NotPayable::Contact),
];

/// What else a text is.
pub(super) fn kind_of(text: &str) -> NotPayable {
    if let Some((_, kind)) = BEGINNINGS.iter().find(|(begin, _)| strip_prefix_ignore_case(text, begin).is_some()) {
        return *kind;
    }
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return kind_of_digits(text);
    }
    if text.split_once(':').is_some_and(|(scheme, rest)| is_uri_scheme(scheme) && !rest.is_empty()) {
        return NotPayable::Link;
    }
    NotPayable::Text
}

/// RFC 3986 §3.1.
fn is_uri_scheme(text: &str) -> bool {
    text.len() >= 2
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}

/// First digits, fewest and most digits of payment codes that consumers show (`domain.md` §4).
const SHOWN: &[(&str, &str, usize, usize)] = &[
    ("10", "15", 18, 18),     // WeChat Pay
    ("25", "30", 16, 24),     // Alipay and Alipay+
    ("62", "62", 19, 19),     // UnionPay
    ("3158", "3158", 19, 19), // the joint barcode of Japan
    ("9000", "9000", 16, 22), // the joint barcode of Japan
];

fn kind_of_digits(digits: &str) -> NotPayable {
    let shown = SHOWN.iter().any(|(first, last, min, max)| {
        let head = digits.get(..first.len()).unwrap_or_default();
        (*min..=*max).contains(&digits.len()) && (*first..=*last).contains(&head)
    });
    if shown {
        NotPayable::PaymentCode
    } else if (13..=19).contains(&digits.len()) && is_luhn(digits) {
        NotPayable::CardNumber
    } else {
        NotPayable::Text
    }
}

/// ISO/IEC 7812-1 annex B.
fn is_luhn(digits: &str) -> bool {
    let sum = digits.bytes().rev().enumerate().fold(0u32, |sum, (at, b)| {
        let digit = u32::from(b.wrapping_sub(b'0'));
        let doubled = digit.wrapping_mul(2);
        let part = match at % 2 {
            0 => digit,
            _ if doubled > 9 => doubled.wrapping_sub(9),
            _ => doubled,
        };
        sum.wrapping_add(part)
    });
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_camera_meets_has_a_name() {
        for (text, kind) in [
            ("hQVDUFYwMWEaTwegAAAAVVVVVw8SNFZ4kBI0WNGRIgESNF8=", NotPayable::PaymentCode),
            ("281234567890123456", NotPayable::PaymentCode),
            ("130123456789012345", NotPayable::PaymentCode),
            ("6212345678901234567", NotPayable::PaymentCode),
            ("90008181881234567890", NotPayable::PaymentCode),
            ("4111111111111111", NotPayable::CardNumber),
            ("4111111111111112", NotPayable::Text),
            ("WIFI:T:WPA;S:cafe;P:secret;;", NotPayable::Wifi),
            ("begin:vcard\nVERSION:3.0", NotPayable::Contact),
            ("tel:+821012345678", NotPayable::Link),
            ("javascript:alert(1)", NotPayable::Link),
            ("hello", NotPayable::Text),
            ("１２３", NotPayable::Text),
        ] {
            assert_eq!(kind_of(text), kind, "{text}");
        }
    }
}
