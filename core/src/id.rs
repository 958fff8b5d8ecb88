//! Identifiers: 16 random bytes, written as 32 lower-case hex digits.

use crate::crypto::{Random, derive};
use crate::error::{Code, Error, Result};
use std::fmt;

/// An identifier the wallet or the gateway made: of a payment (then it is also its idempotency key), a preview, a
/// consent record, a shown code, a device. It says nothing about a person, so it may stand in a log.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(pub [u8; 16]);

impl Id {
    /// A new random identifier.
    ///
    /// # Errors
    /// As [`Random::fill`].
    pub fn random(random: &dyn Random) -> Result<Self> {
        random.bytes().map(Self)
    }

    /// The identifier that follows from this one for another purpose: a cancel has a key of its own, and no second one.
    ///
    /// # Errors
    /// As [`derive()`].
    pub fn derived(self, purpose: &'static str) -> Result<Self> {
        derive(&self.0, purpose).map(Self)
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// [`Code::ArgumentInvalid`] unless it is 32 hex digits.
    pub fn parse(text: &str) -> Result<Self> {
        let bad = || Error::new(Code::ArgumentInvalid).with("field", "id");
        if text.len() != 32 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(bad());
        }
        u128::from_str_radix(text, 16).map(|n| Self(n.to_be_bytes())).map_err(|_| bad())
    }

    /// Reads an identifier from exactly 16 bytes.
    ///
    /// # Errors
    /// [`Code::ArgumentInvalid`] for any other length.
    pub fn from_slice(bytes: &[u8]) -> Result<Self> {
        <[u8; 16]>::try_from(bytes).map(Self).map_err(|_| Error::new(Code::ArgumentInvalid).with("field", "id"))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

json_as_text!(Id, Self::parse);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_written_and_read_back() {
        let id = Id([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255]);
        assert_eq!(id.to_string(), "000102030405060708090a0b0c0d0eff");
        assert_eq!(Id::parse(&id.to_string()), Ok(id));
        for bad in ["", "+00102030405060708090a0b0c0d0eff", "000102030405060708090a0b0c0d0ef"] {
            assert!(Id::parse(bad).is_err(), "{bad}");
        }
    }
}
