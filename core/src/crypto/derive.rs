//! Bytes that follow from others: HKDF-SHA-256 (RFC 5869).

use crate::error::{Code, Error, Result};
use ring::hkdf;

/// Sixteen bytes that follow from these sixteen and a label, and say nothing about either to whoever does not have both.
///
/// # Errors
/// [`Code::Internal`] if HKDF refuses, which it does not for this length.
pub fn derive(from: &[u8; 16], label: &'static str) -> Result<[u8; 16]> {
    let mut out = [0; 16];
    hkdf::Salt::new(hkdf::HKDF_SHA256, b"jigap-id-1")
        .extract(from)
        .expand(&[label.as_bytes()], Sixteen)
        .and_then(|okm| okm.fill(&mut out))
        .map(|()| out)
        .map_err(|_| Error::new(Code::Internal).with("part", "hkdf"))
}

struct Sixteen;

impl hkdf::KeyType for Sixteen {
    fn len(&self) -> usize {
        16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_is_one_for_each_label_and_the_same_every_time() {
        let key = [7; 16];
        assert_eq!(derive(&key, "cancel"), derive(&key, "cancel"));
        assert_ne!(derive(&key, "cancel"), derive(&key, "refund"));
        assert_ne!(derive(&key, "cancel"), derive(&[8; 16], "cancel"));
        assert_ne!(derive(&key, "cancel"), Ok(key));
    }
}
