//! Codes of the Alipay+-like network. The public patterns only (`domain.md` §3.4, §4); the numbers are invented.

use super::shops::Shop;

/// An order code: a link whose path begins with twelve digits of the pattern `281***04****`.
pub(crate) fn order_code(shop: &Shop, serial: &str) -> String {
    format!("https://alipay.com/28100204{}{serial}", shop.number)
}

/// The code on the wall: the same pattern, one text for ever.
pub(crate) fn entry_code(shop: &Shop) -> String {
    format!("https://alipay.com/28100204{}wall{}", shop.number, shop.id)
}

/// A shown code of 24 digits: an issuer that is nobody's (`280000`), type `02`, and a number of 16 digits from `99`.
pub(crate) fn shown_digits(random: &str) -> String {
    format!("2800000299{random}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_the_public_pattern() {
        let shop = Shop::find("kuromon").unwrap();
        for code in [order_code(shop, "123456789012"), entry_code(shop)] {
            let path = code.strip_prefix("https://alipay.com/").unwrap().as_bytes();
            assert!(path.starts_with(b"281") && &path[6..8] == b"04", "{code}");
            assert!(path[..12].iter().all(u8::is_ascii_digit), "{code}");
        }
        assert_eq!(shown_digits("12345678901234").len(), 24);
    }
}
