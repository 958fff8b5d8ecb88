//! Canonical bytes: what is hashed and signed.
//!
//! One encoding for everything that is signed: a four-letter magic with a version, then fields in a fixed order, each
//! with its length in front (`u32`, big-endian), numbers as eight bytes big-endian. The bytes that were signed are the
//! bytes that are kept; JSON is only a view of them.

use super::Digest;
use crate::error::{Code, Error, Result};

/// Writes canonical bytes, field after field.
#[derive(Debug, Clone)]
pub struct Canonical(Vec<u8>);

impl Canonical {
    /// Begins with a magic such as `b"JPV1"`: what this is, and its version.
    pub fn new(magic: [u8; 4]) -> Self {
        Self(magic.to_vec())
    }

    /// Appends bytes with their length.
    #[must_use]
    pub fn bytes(mut self, value: &[u8]) -> Self {
        // A field longer than u32::MAX would be cut by its own length; such a field cannot come into being here.
        let length = u32::try_from(value.len()).unwrap_or(u32::MAX);
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(value);
        self
    }

    /// Appends text as UTF-8.
    #[must_use]
    pub fn text(self, value: &str) -> Self {
        self.bytes(value.as_bytes())
    }

    /// Appends a number.
    #[must_use]
    pub fn number(self, value: i64) -> Self {
        self.bytes(&value.to_be_bytes())
    }

    /// Appends a field that may be absent: nothing is a field of one byte 0, something one of byte 1 and the text.
    #[must_use]
    pub fn option(self, value: Option<&str>) -> Self {
        match value {
            None => self.bytes(&[0]),
            Some(text) => self.bytes(&[1]).text(text),
        }
    }

    /// Appends a list: its length, then each item as `write` puts it.
    #[must_use]
    pub fn list<T>(self, items: &[T], write: impl Fn(Self, &T) -> Self) -> Self {
        let counted = self.number(i64::try_from(items.len()).unwrap_or(i64::MAX));
        items.iter().fold(counted, write)
    }

    /// The digest of what was written.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.0)
    }

    /// What was written.
    pub fn finish(self) -> Vec<u8> {
        self.0
    }
}

/// Reads canonical bytes back, field after field.
#[derive(Debug, Clone)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Begins after the magic.
    ///
    /// # Errors
    /// [`Code::ArgumentInvalid`] when the bytes do not begin with it.
    pub fn new(magic: [u8; 4], bytes: &'a [u8]) -> Result<Self> {
        bytes.strip_prefix(&magic).map(Self).ok_or_else(bad)
    }

    /// The next field.
    ///
    /// # Errors
    /// [`Code::ArgumentInvalid`] when there is none or it is cut off.
    pub fn bytes(&mut self) -> Result<&'a [u8]> {
        let (length, rest) = self.0.split_first_chunk::<4>().ok_or_else(bad)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| bad())?;
        let (value, rest) = rest.split_at_checked(length).ok_or_else(bad)?;
        self.0 = rest;
        Ok(value)
    }

    /// The next field as text.
    ///
    /// # Errors
    /// As [`Reader::bytes`], and when it is not UTF-8.
    pub fn text(&mut self) -> Result<&'a str> {
        std::str::from_utf8(self.bytes()?).map_err(|_| bad())
    }

    /// The next field as a number.
    ///
    /// # Errors
    /// As [`Reader::bytes`], and when it is not eight bytes.
    pub fn number(&mut self) -> Result<i64> {
        self.bytes()?.try_into().map(i64::from_be_bytes).map_err(|_| bad())
    }

    /// The next field that may be absent.
    ///
    /// # Errors
    /// As [`Reader::text`].
    pub fn option(&mut self) -> Result<Option<&'a str>> {
        match self.bytes()? {
            [0] => Ok(None),
            [1] => self.text().map(Some),
            _ => Err(bad()),
        }
    }

    /// The next list; each item is read by `read`. More than 1,000 items are refused.
    ///
    /// # Errors
    /// As the items' own, and when the count is negative or too large.
    pub fn list<T>(&mut self, read: impl Fn(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let count = self.number()?;
        if !(0..=1000).contains(&count) {
            return Err(bad());
        }
        (0..count).map(|_| read(self)).collect()
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// [`Code::ArgumentInvalid`] when anything is left over.
    pub fn end(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(bad()) }
    }
}

fn bad() -> Error {
    Error::new(Code::ArgumentInvalid).with("field", "canonical")
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::as_conversions, reason = "test code")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_written_is_read(a in ".*", n: i64, o in proptest::option::of(".*"), l in proptest::collection::vec(".*", 0..5)) {
            let bytes = Canonical::new(*b"TST1").text(&a).number(n).option(o.as_deref()).list(&l, |w, t| w.text(t)).finish();
            let mut reader = Reader::new(*b"TST1", &bytes).unwrap();
            prop_assert_eq!(reader.text().unwrap(), a);
            prop_assert_eq!(reader.number().unwrap(), n);
            prop_assert_eq!(reader.option().unwrap(), o.as_deref());
            prop_assert_eq!(reader.list(|r| r.text().map(str::to_owned)).unwrap(), l);
            prop_assert!(reader.end().is_ok());
        }

        #[test]
        fn other_bytes_never_panic(bytes: Vec<u8>) {
            if let Ok(mut reader) = Reader::new(*b"TST1", &[b"TST1".as_slice(), &bytes].concat()) {
                while reader.bytes().is_ok() {}
            }
        }
    }
}
