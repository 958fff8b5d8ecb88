//! Codes of the UnionPay-like network: EMVCo codes with object 15 of 31 characters, and 19 digits from 62
//! (`domain.md` §3.1, §4). The institutions are invented.

use super::emv::Builder;
use super::shops::Shop;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jigap::money::Money;

/// The objects that hold a UnionPay account (EMVCo MPM, Table 3.2).
pub(crate) const ACCOUNTS: [u8; 2] = [15, 16];

/// Acquirer and forwarder: nobody's.
const INSTITUTION: &str = "29990000";

/// The text of a shop's code. Without an amount it is the one on the wall.
pub(crate) fn shop_code(shop: &Shop, amount: Option<Money>, serial: &str) -> String {
    let account = format!("{INSTITUTION}{INSTITUTION}{:0<15}", format!("999{}", shop.number));
    let currency = shop.currency().map_or(0, jigap::money::Currency::numeric);
    let start = Builder::default()
        .object(0, "01")
        .object(1, if amount.is_some() { "12" } else { "11" })
        .object(15, &account)
        .object(52, shop.category)
        .object(53, &format!("{currency:03}"));
    let with_amount = match amount {
        Some(amount) => start.object(54, &amount.decimal()),
        None => start,
    };
    with_amount
        .object(58, shop.country)
        .object(59, shop.name)
        .object(60, shop.city)
        .template(62, |t| {
            let bill = if amount.is_some() { t.object(1, serial) } else { t };
            bill.object(7, &format!("T{}", shop.number))
        })
        .template(64, |t| t.object(0, shop.language).object(1, shop.local_name).object(2, shop.local_city))
        .finish()
}

/// A shown code: 62, then 99 for nobody's, 14 random digits, and a last digit that is never a card number's check digit.
pub(crate) fn shown_digits(random: &str) -> String {
    let body = format!("6299{random}");
    let check = luhn(&body).wrapping_add(1) % 10;
    format!("{body}{check}")
}

/// A shown code as EMVCo CPM §3.2 builds it: payload format, one application template with UnionPay's credit AID, a track 2
/// of nobody's, and a cryptogram that is random here.
pub(crate) fn shown_emv(random: &[u8; 24]) -> String {
    let (number, cryptogram) = random.split_at(5);
    // PAN 6299 and ten digits, separator D, 99-12, service code 201, pad F: all nibbles are decimal digits but those two.
    let digit = |byte: &u8| (byte / 26).min(9) << 4 | (byte % 10);
    let pan: Vec<u8> = [0x62, 0x99].into_iter().chain(number.iter().map(digit)).collect();
    let track = [pan.as_slice(), &[0xD9, 0x91, 0x22, 0x01]].concat();
    let transparent = tlv(&[0x63], &tlv(&[0x9F, 0x26], cryptogram.first_chunk::<8>().map_or(&[][..], |c| c)));
    let aid = tlv(&[0x4F], &[0xA0, 0x00, 0x00, 0x03, 0x33, 0x01, 0x01, 0x02]);
    let template = tlv(&[0x61], &[aid, tlv(&[0x57], &track), transparent].concat());
    STANDARD.encode([tlv(&[0x85], b"CPV01"), template].concat())
}

/// An object of less than 128 bytes (BER-TLV, short form).
fn tlv(tag: &[u8], value: &[u8]) -> Vec<u8> {
    [tag, &[u8::try_from(value.len()).unwrap_or(0)], value].concat()
}

/// The check digit that ISO/IEC 7812 would put after these digits.
fn luhn(digits: &str) -> u8 {
    let sum = digits.bytes().rev().enumerate().fold(0u32, |sum, (at, byte)| {
        let digit = u32::from(byte.wrapping_sub(b'0'));
        let doubled = digit.saturating_mul(2);
        let part = match (at % 2, doubled) {
            (0, 10..) => doubled.saturating_sub(9),
            (0, _) => doubled,
            _ => digit,
        };
        sum.saturating_add(part)
    });
    u8::try_from(10u32.saturating_sub(sum % 10) % 10).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::networks::shops::SHOPS;

    #[test]
    fn object_15_has_31_characters_and_names_fit() {
        for shop in &SHOPS {
            let amount = Money::from_minor(shop.currency().unwrap(), 1_280);
            for code in [shop_code(shop, Some(amount), "123456789012"), shop_code(shop, None, "")] {
                assert!(code.contains("15312999000029990000999"), "{code}");
                assert!(code.chars().count() <= 512);
            }
            assert!(shop.name.len() <= 25 && shop.city.len() <= 15 && shop.number.len() == 4);
        }
    }

    #[test]
    fn a_shown_emv_code_is_one() {
        for byte in [0, 99, 255] {
            let code = shown_emv(&[byte; 24]);
            assert!(code.starts_with("hQVDUFYwMWE"), "{code}");
            jigap::code::emv::Cpm::parse(&code).unwrap();
        }
    }

    #[test]
    fn shown_digits_are_no_card_number() {
        // 7992739871 has the check digit 3: the usual example of the algorithm.
        assert_eq!(luhn("7992739871"), 3);
        let digits = shown_digits("12345678901234");
        assert_eq!(digits.len(), 19);
        assert!(digits.starts_with("62"));
        let (body, last) = digits.split_at(18);
        assert_ne!(luhn(body).to_string(), last);
    }
}
