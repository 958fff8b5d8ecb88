//! SHA-256 digests.

use crate::error::{Code, Error, Result};
use std::fmt;

/// A SHA-256 digest. Its text form is 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
        let mut out = [0; 32];
        for (slot, byte) in out.iter_mut().zip(digest.as_ref()) {
            *slot = *byte;
        }
        Self(out)
    }

    /// Reads a digest from exactly 32 bytes.
    ///
    /// # Errors
    /// [`Code::ArgumentInvalid`] for any other length.
    pub fn from_slice(bytes: &[u8]) -> Result<Self> {
        <[u8; 32]>::try_from(bytes).map(Self).map_err(|_| Error::new(Code::ArgumentInvalid).with("length", bytes.len()))
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// [`Code::ArgumentInvalid`] unless the text is 64 hex digits.
    pub fn parse(hex: &str) -> Result<Self> {
        let mut out = [0u8; 32];
        let mut digits = hex.chars();
        for slot in &mut out {
            let high = digits.next().and_then(|c| c.to_digit(16));
            let low = digits.next().and_then(|c| c.to_digit(16));
            let (Some(high), Some(low)) = (high, low) else {
                return Err(Error::new(Code::ArgumentInvalid));
            };
            *slot = u8::try_from(high.saturating_mul(16).saturating_add(low)).map_err(|_| Code::ArgumentInvalid)?;
        }
        if digits.next().is_some() {
            return Err(Error::new(Code::ArgumentInvalid));
        }
        Ok(Self(out))
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().take(4).try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str("…")
    }
}

json_as_text!(Digest, Self::parse);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_of_abc_is_the_one_of_fips_180() {
        let digest = Digest::of(b"abc");
        assert_eq!(digest.to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(Digest::parse(&digest.to_string()), Ok(digest));
        for bad in ["", "ba78", "zz7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"] {
            assert!(Digest::parse(bad).is_err());
        }
    }
}
