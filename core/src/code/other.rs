//! What a text is when it is no shop's code (`domain.md` §4, §9.15).

use super::link::strip_prefix_ignore_case;
use super::scheme::Scheme;
use super::verdict::NotPayable;

/// How texts of other kinds begin, in either case.
const BEGINNINGS: &[(&str, NotPayable)] = &[
    ("WIFI:", NotPayable::Wifi),
    ("BEGIN:VCARD", NotPayable::Contact),
    ("MECARD:", NotPayable::Contact),
    ("BIZCARD:", NotPayable::Contact),
];

/// How consumer-presented EMVCo codes begin: 85 05 and `CPV` (CPM §3.2) or Japan's `JPQR`, in Base64.
const CONSUMER_PRESENTED: &[&str] = &["hQVDUFY", "hQVKUFFS"];

/// Whether a text begins like a consumer-presented EMVCo code.
pub(super) fn is_consumer_presented(text: &str) -> bool {
    CONSUMER_PRESENTED.iter().any(|begin| text.starts_with(begin))
}

/// What else a text is, and the scheme it belongs to if that shows.
pub(super) fn kind_of(text: &str) -> (NotPayable, Option<Scheme>) {
    if is_consumer_presented(text) {
        return (NotPayable::PaymentCode, Some(Scheme::EmvCpm));
    }
    if let Some((_, kind)) = BEGINNINGS.iter().find(|(begin, _)| strip_prefix_ignore_case(text, begin).is_some()) {
        return (*kind, None);
    }
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return kind_of_digits(text);
    }
    if let Some(digits) = grouped_digits(text) {
        return if is_card(&digits) { (NotPayable::CardNumber, None) } else { (NotPayable::Text, None) };
    }
    if is_boarding_pass(text) {
        return (NotPayable::BoardingPass, None);
    }
    if text.split_once(':').is_some_and(|(scheme, rest)| is_uri_scheme(scheme) && !rest.is_empty()) {
        return (NotPayable::Link, None);
    }
    (NotPayable::Text, None)
}

/// IATA Resolution 792, type M: number of legs, name (20), `E`, booking (7), from, to, carrier and flight.
fn is_boarding_pass(text: &str) -> bool {
    let bytes = text.as_bytes();
    let (Some(head), Some(name)) = (bytes.first_chunk::<2>(), bytes.get(2..22)) else { return false };
    let airports = bytes.get(30..36).is_some_and(|a| a.iter().all(u8::is_ascii_uppercase));
    let ticket = bytes.get(22).is_some_and(|b| matches!(b, b'E' | b' '));
    head.starts_with(b"M")
        && matches!(head, [_, b'1'..=b'4'])
        && name.contains(&b'/')
        && airports
        && ticket
        && bytes.len() >= 58
}

/// RFC 3986 §3.1.
fn is_uri_scheme(text: &str) -> bool {
    text.len() >= 2
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}

/// First digits (from, to), fewest and most digits of the payment codes that consumers show (`domain.md` §4).
const SHOWN: &[(&str, &str, usize, usize, Option<Scheme>)] = &[
    ("10", "15", 18, 18, Some(Scheme::WeChatPay)),
    ("25", "30", 16, 24, Some(Scheme::Alipay)),
    ("62", "62", 19, 19, Some(Scheme::UnionPay)),
    ("90008181", "90008181", 20, 20, Some(Scheme::PayPay)),
    // The joint barcodes of Japan.
    ("3158", "3158", 19, 19, None),
    ("9000", "9000", 16, 22, None),
];

fn kind_of_digits(digits: &str) -> (NotPayable, Option<Scheme>) {
    let shown = SHOWN.iter().find(|(first, last, min, max, _)| {
        let head = digits.get(..first.len()).unwrap_or_default();
        (*min..=*max).contains(&digits.len()) && (*first..=*last).contains(&head)
    });
    match shown {
        Some((.., scheme)) => (NotPayable::PaymentCode, *scheme),
        None if is_card(digits) => (NotPayable::CardNumber, None),
        None => (NotPayable::Text, None),
    }
}

/// The digits of a number written in groups, as on a card.
fn grouped_digits(text: &str) -> Option<String> {
    let grouped = text.len() <= 32 && text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b' ' | b'-'));
    grouped.then(|| text.chars().filter(char::is_ascii_digit).collect())
}

/// ISO/IEC 7812-1: 13 to 19 digits, the last one a check digit (annex B), issued to an industry (first digit not 0).
fn is_card(digits: &str) -> bool {
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
    (13..=19).contains(&digits.len()) && !digits.starts_with('0') && sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_camera_meets_has_a_name() {
        for (text, kind, scheme) in [
            ("hQVDUFYwMWEaTwegAAAAVVVVVw8SNFZ4kBI0WNGRIgESNF8=", NotPayable::PaymentCode, Some(Scheme::EmvCpm)),
            ("281234567890123456", NotPayable::PaymentCode, Some(Scheme::Alipay)),
            ("130123456789012345", NotPayable::PaymentCode, Some(Scheme::WeChatPay)),
            ("6212345678901234567", NotPayable::PaymentCode, Some(Scheme::UnionPay)),
            ("90008181881234567890", NotPayable::PaymentCode, Some(Scheme::PayPay)),
            ("3158990012345678901", NotPayable::PaymentCode, None),
            ("4111111111111111", NotPayable::CardNumber, None),
            ("4111 1111 1111 1111", NotPayable::CardNumber, None),
            ("4111111111111112", NotPayable::Text, None),
            ("0000000000000000", NotPayable::Text, None),
            ("8801234567893", NotPayable::Text, None),
            ("WIFI:T:WPA;S:cafe;P:secret;;", NotPayable::Wifi, None),
            ("begin:vcard\nVERSION:3.0", NotPayable::Contact, None),
            ("tel:+821012345678", NotPayable::Link, None),
            ("javascript:alert(1)", NotPayable::Link, None),
            // The example of IATA's implementation guide.
            ("M1DESMARAIS/LUC       EABC123 YULFRAAC 0834 326J001A0025 100", NotPayable::BoardingPass, None),
            ("hello", NotPayable::Text, None),
            ("１２３", NotPayable::Text, None),
        ] {
            assert_eq!(kind_of(text), (kind, scheme), "{text}");
        }
    }
}
