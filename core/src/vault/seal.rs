//! Sealed values: AES-256-GCM, bound to where they stand.
//!
//! Layout: version 1 byte, salt 16, nonce 12, ciphertext, tag 16. Each value has a key of its own, derived from the
//! field key with the salt and the place, so that random nonces never meet (`security.md` §4.4). The plaintext is its
//! length (4 bytes), itself and zeros up to a size class, so that the length says little (§4.5).

use crate::crypto::{Canonical, Random};
use crate::error::{Code, Error, Result};
use crate::vault::Keys;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroizing;

const VERSION: u8 = 1;
const SALT: usize = 16;
const NONCE: usize = 12;
const CLASSES: [usize; 4] = [64, 256, 1024, 4096];

/// Where a sealed value stands. A value moved to another database, table, column, row or version does not open.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The database's own random name.
    pub database: &'a [u8],
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// The row's key.
    pub row: &'a [u8],
    /// The row's version, counting up with every change.
    pub version: i64,
}

impl Place<'_> {
    fn bytes(&self) -> Vec<u8> {
        Canonical::new(*b"wlt1")
            .bytes(self.database)
            .text(self.table)
            .text(self.column)
            .bytes(self.row)
            .number(self.version)
            .finish()
    }
}

impl Keys {
    fn field_key(&self, salt: &[u8], place: &[u8]) -> Result<LessSafeKey> {
        let info = [b"fld1", salt, place];
        let key = self.field.expand(&info, &AES_256_GCM).map(UnboundKey::from);
        key.map(LessSafeKey::new).map_err(|_| Error::new(Code::Internal).with("part", "hkdf"))
    }

    /// Seals a value for a place.
    ///
    /// # Errors
    /// As [`Random::fill`].
    pub fn seal(&self, place: &Place<'_>, plain: &[u8], random: &dyn Random) -> Result<Vec<u8>> {
        let place = place.bytes();
        let (salt, nonce) = (random.bytes::<SALT>()?, random.bytes::<NONCE>()?);
        let mut body = Zeroizing::new(padded(plain)?);
        let tag = self
            .field_key(&salt, &place)?
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(&place), body.as_mut_slice())
            .map_err(|_| Error::new(Code::Internal).with("part", "seal"))?;
        Ok([&[VERSION], salt.as_slice(), nonce.as_slice(), body.as_slice(), tag.as_ref()].concat())
    }

    /// Opens a value at its place.
    ///
    /// # Errors
    /// [`Code::StoreDamaged`] when it is not what was sealed there, with the table and column.
    pub fn open(&self, place: &Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let damaged = || Error::new(Code::StoreDamaged).with("table", place.table).with("column", place.column);
        let Some((&VERSION, rest)) = sealed.split_first() else { return Err(damaged()) };
        let (salt, rest) = rest.split_at_checked(SALT).ok_or_else(damaged)?;
        let (nonce, body) = rest.split_first_chunk::<NONCE>().ok_or_else(damaged)?;
        let bound = place.bytes();
        let mut body = Zeroizing::new(body.to_vec());
        let plain = self
            .field_key(salt, &bound)?
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(&bound), body.as_mut_slice())
            .map_err(|_| damaged())?;
        let (length, rest) = plain.split_first_chunk::<4>().ok_or_else(damaged)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| damaged())?;
        rest.get(..length).map(|plain| Zeroizing::new(plain.to_vec())).ok_or_else(damaged)
    }
}

fn padded(plain: &[u8]) -> Result<Vec<u8>> {
    let too_long = || Error::new(Code::ArgumentInvalid).with("field", "sealed");
    let length = u32::try_from(plain.len()).map_err(|_| too_long())?;
    let needed = plain.len().checked_add(4).ok_or_else(too_long)?;
    let largest = CLASSES.last().copied().unwrap_or(1);
    let class = CLASSES.iter().copied().find(|class| *class >= needed);
    let size = class.or_else(|| needed.checked_next_multiple_of(largest)).ok_or_else(too_long)?;
    let mut body = Vec::with_capacity(size);
    body.extend_from_slice(&length.to_be_bytes());
    body.extend_from_slice(plain);
    body.resize(size, 0);
    Ok(body)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "test code")]
mod tests {
    use super::*;
    use crate::crypto::SystemRandom;
    use crate::vault::RootKey;
    use proptest::prelude::*;

    fn keys() -> Keys {
        RootKey::generate(&SystemRandom).unwrap().derive().unwrap()
    }

    const PLACE: Place<'_> = Place { database: b"db", table: "payment", column: "terms", row: b"1", version: 1 };

    #[test]
    fn a_value_opens_only_where_it_was_sealed() {
        let keys = keys();
        let sealed = keys.seal(&PLACE, b"11,678 won", &SystemRandom).unwrap();
        assert_eq!(keys.open(&PLACE, &sealed).unwrap().as_slice(), b"11,678 won");
        for moved in [
            Place { database: b"other", ..PLACE },
            Place { table: "preview", ..PLACE },
            Place { column: "receipt", ..PLACE },
            Place { row: b"2", ..PLACE },
            Place { version: 2, ..PLACE },
        ] {
            assert_eq!(keys.open(&moved, &sealed).map_err(|e| e.code()).unwrap_err(), Code::StoreDamaged);
        }
        assert!(super::tests::keys().open(&PLACE, &sealed).is_err());
    }

    #[test]
    fn every_flipped_byte_is_noticed() {
        let keys = keys();
        let sealed = keys.seal(&PLACE, b"secret", &SystemRandom).unwrap();
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(keys.open(&PLACE, &altered).is_err(), "byte {at}");
            assert!(keys.open(&PLACE, &sealed[..at]).is_err(), "cut at {at}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn lengths_are_hidden_in_classes(plain in proptest::collection::vec(any::<u8>(), 0..6000)) {
            let keys = keys();
            let sealed = keys.seal(&PLACE, &plain, &SystemRandom).unwrap();
            let opened = keys.open(&PLACE, &sealed).unwrap();
            prop_assert_eq!(opened.as_slice(), plain.as_slice());
            let body = sealed.len() - 45;
            prop_assert!(CLASSES.contains(&body) || body.is_multiple_of(4096));
        }
    }
}
