//! The name of a network: who carries a payment.

use crate::error::{Code, Error, Result};
use std::fmt;

/// A network's stable name, such as `alipayplus` or `unionpay`: 1 to 24 characters of `a-z 0-9 _`.
///
/// Which networks exist is decided by the signed configuration, not by this type; it only makes sure that a name
/// is short and harmless enough to stand in an error or a log line.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Network {
    bytes: [u8; Network::MAX],
    len: u8,
}

impl Network {
    /// The longest name, in characters.
    pub const MAX: usize = 24;

    /// Reads a name.
    ///
    /// # Errors
    /// [`Code::NetworkUnknown`] when it is empty, too long or has other characters.
    pub fn parse(text: &str) -> Result<Self> {
        let fits = (1..=Self::MAX).contains(&text.len());
        let clean = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if !fits || !clean {
            return Err(Error::new(Code::NetworkUnknown));
        }
        let mut bytes = [0; Self::MAX];
        for (slot, byte) in bytes.iter_mut().zip(text.bytes()) {
            *slot = byte;
        }
        let len = u8::try_from(text.len()).map_err(|_| Code::NetworkUnknown)?;
        Ok(Self { bytes, len })
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        self.bytes.get(..usize::from(self.len)).and_then(|b| std::str::from_utf8(b).ok()).unwrap_or_default()
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

json_as_text!(Network, Self::parse);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_plain() {
        assert_eq!(Network::parse("alipayplus").map(|n| n.to_string()), Ok("alipayplus".to_owned()));
        for bad in ["", "AliPay", "alipay+", "ünion", "abcdefghijklmnopqrstuvwxy"] {
            assert_eq!(Network::parse(bad).map_err(|e| e.code()), Err(Code::NetworkUnknown), "{bad}");
        }
    }
}
