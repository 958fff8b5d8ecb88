//! Codes of the Alipay+-like network. The public patterns only (`domain.md` §3.4, §4); the numbers are invented.

use super::shops::Shop;

/// Where order and entry codes point.
pub(crate) const HOST: &str = "alipay.com";
/// What the path of an order code begins with: the public pattern is twelve digits `281***04****`.
pub(crate) const ORDER_PATH: &str = "/28100204";
/// What the path of an entry code begins with; invented.
pub(crate) const ENTRY_PATH: &str = "/sandbox-entry/";

/// An order code: the network knows what it is over.
pub(crate) fn order_code(shop: &Shop, serial: &str) -> String {
    format!("https://{HOST}{ORDER_PATH}{}{serial}", shop.number)
}

/// An entry code: the one on the wall, where an order comes about only when somebody pays.
pub(crate) fn entry_code(shop: &Shop) -> String {
    format!("https://{HOST}{ENTRY_PATH}{}-{}", shop.number, shop.id)
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
        let code = order_code(shop, "123456789012");
        let path = code.strip_prefix("https://alipay.com/").unwrap().as_bytes();
        assert!(path.starts_with(b"281") && &path[6..8] == b"04", "{code}");
        assert!(path[..12].iter().all(u8::is_ascii_digit), "{code}");
        assert_eq!(shown_digits("12345678901234").len(), 24);
    }
}
