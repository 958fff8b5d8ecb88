//! The user's key behind a PIN, for hosts whose platform has no user-authenticated key.
//!
//! On a phone the platform's own key store does this (BiometricPrompt, LocalAuthentication); the wallet only sees the
//! signature. Here the key is sealed under the PIN, and wrong tries are counted on disk before they are made.

use crate::crypto::{HostKey, PublicKey, Random, Signature, SystemRandom};
use crate::error::{Code, Error, Result};
use crate::vault::file::private_file;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::pbkdf2;
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// How a PIN is guarded.
#[derive(Debug, Clone, Copy)]
pub struct PinPolicy {
    /// PBKDF2-HMAC-SHA-256 rounds; OWASP's password storage sheet asks for 600,000.
    pub rounds: NonZeroU32,
    /// Wrong tries in a row before the key locks.
    pub tries: u32,
}

impl Default for PinPolicy {
    fn default() -> Self {
        Self { rounds: NonZeroU32::new(600_000).unwrap_or(NonZeroU32::MIN), tries: 5 }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    format: u32,
    rounds: NonZeroU32,
    salt: crate::crypto::Blob,
    nonce: crate::crypto::Blob,
    body: crate::crypto::Blob,
    public: PublicKey,
    wrong: u32,
}

/// The user's signing key in a file, opened by a PIN of six to twelve digits.
#[derive(Debug)]
pub struct PinKey {
    path: PathBuf,
    policy: PinPolicy,
}

impl PinKey {
    /// The key kept in this file.
    pub fn at(path: &Path, policy: PinPolicy) -> Self {
        Self { path: path.to_owned(), policy }
    }

    /// Makes a new key under a PIN; one that was there before is replaced.
    ///
    /// # Errors
    /// [`Code::PinFormat`] for anything but six to twelve digits, [`Code::VaultUnavailable`] when the file cannot be
    /// written.
    pub fn create(&self, pin: &[u8]) -> Result<PublicKey> {
        check_format(pin)?;
        let random: &dyn Random = &SystemRandom;
        let key = HostKey::generate()?;
        let (salt, nonce) = (random.bytes::<16>()?, random.bytes::<NONCE_LEN>()?);
        let mut body = Zeroizing::new(key.pkcs8().to_vec());
        let tag = cipher(pin, &salt, self.policy.rounds)?
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(b"jigap-pin-1"), &mut body)
            .map_err(|_| Error::new(Code::Internal).with("part", "seal"))?;
        let sealed = Sealed {
            format: 1,
            rounds: self.policy.rounds,
            salt: crate::crypto::Blob(salt.to_vec()),
            nonce: crate::crypto::Blob(nonce.to_vec()),
            body: crate::crypto::Blob([body.as_slice(), tag.as_ref()].concat()),
            public: key.public(),
            wrong: 0,
        };
        self.save(&sealed)?;
        Ok(key.public())
    }

    /// The public half.
    ///
    /// # Errors
    /// [`Code::VaultKeyLost`] when there is no key.
    pub fn public(&self) -> Result<PublicKey> {
        self.load().map(|sealed| sealed.public)
    }

    /// Signs a challenge, if the PIN is right.
    ///
    /// # Errors
    /// [`Code::PinWrong`] with the tries left, [`Code::PinLocked`] when there are none, [`Code::VaultKeyLost`] when
    /// there is no key.
    pub fn sign(&self, pin: &[u8], challenge: &[u8]) -> Result<Signature> {
        let mut sealed = self.load()?;
        if sealed.wrong >= self.policy.tries {
            return Err(Error::new(Code::PinLocked));
        }
        // Counted before it is tried: cutting the power in between must not win a free guess.
        sealed.wrong = sealed.wrong.saturating_add(1);
        self.save(&sealed)?;
        let lost = || Error::new(Code::VaultKeyLost);
        let nonce: [u8; NONCE_LEN] = sealed.nonce.0.as_slice().try_into().map_err(|_| lost())?;
        let mut body = Zeroizing::new(sealed.body.0.clone());
        let opened = cipher(pin, &sealed.salt.0, sealed.rounds)?.open_in_place(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(b"jigap-pin-1"),
            &mut body,
        );
        let Ok(pkcs8) = opened else {
            let left = self.policy.tries.saturating_sub(sealed.wrong);
            return Err(if left == 0 {
                Error::new(Code::PinLocked)
            } else {
                Error::new(Code::PinWrong).with("tries_left", i64::from(left))
            });
        };
        let signature = HostKey::from_pkcs8(pkcs8).map_err(|_| lost())?.sign(challenge)?;
        sealed.wrong = 0;
        self.save(&sealed)?;
        Ok(signature)
    }

    fn load(&self) -> Result<Sealed> {
        let bytes = std::fs::read(&self.path).map_err(|_| Error::new(Code::VaultKeyLost))?;
        serde_json::from_slice(&bytes)
            .ok()
            .filter(|sealed: &Sealed| sealed.format == 1)
            .ok_or_else(|| Error::new(Code::VaultKeyLost))
    }

    fn save(&self, sealed: &Sealed) -> Result<()> {
        let unavailable = |_| Error::new(Code::VaultUnavailable);
        let bytes = serde_json::to_vec(sealed).map_err(|_| Error::new(Code::Internal))?;
        let aside = self.path.with_extension("new");
        let mut file = private_file(&aside).map_err(unavailable)?;
        file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(unavailable)?;
        std::fs::rename(&aside, &self.path).map_err(unavailable)
    }
}

fn check_format(pin: &[u8]) -> Result<()> {
    if (6..=12).contains(&pin.len()) && pin.iter().all(u8::is_ascii_digit) {
        Ok(())
    } else {
        Err(Error::new(Code::PinFormat))
    }
}

fn cipher(pin: &[u8], salt: &[u8], rounds: NonZeroU32) -> Result<LessSafeKey> {
    let mut key = Zeroizing::new([0u8; 32]);
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, rounds, salt, pin, key.as_mut_slice());
    UnboundKey::new(&AES_256_GCM, key.as_slice()).map(LessSafeKey::new).map_err(|_| Error::new(Code::Internal))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(folder: &tempfile::TempDir) -> PinKey {
        let policy = PinPolicy { rounds: NonZeroU32::new(10).unwrap(), tries: 3 };
        PinKey::at(&folder.path().join("user.key"), policy)
    }

    #[test]
    fn the_right_pin_signs_and_sets_the_count_back() {
        let folder = tempfile::tempdir().unwrap();
        let key = key(&folder);
        let public = key.create(b"135790").unwrap();
        let wrong = key.sign(b"000000", b"c").unwrap_err();
        assert_eq!((wrong.code(), wrong.field("tries_left")), (Code::PinWrong, Some(2i64.into())));
        assert!(public.verifies(b"c", &key.sign(b"135790", b"c").unwrap()));
        assert_eq!(key.sign(b"000000", b"c").unwrap_err().field("tries_left"), Some(2i64.into()));
    }

    #[test]
    fn the_key_locks_after_too_many_wrong_tries() {
        let folder = tempfile::tempdir().unwrap();
        let key = key(&folder);
        key.create(b"135790").unwrap();
        let codes: Vec<_> = (0..4).map(|_| key.sign(b"111111", b"c").unwrap_err().code()).collect();
        assert_eq!(codes, [Code::PinWrong, Code::PinWrong, Code::PinLocked, Code::PinLocked]);
        assert_eq!(key.sign(b"135790", b"c").unwrap_err().code(), Code::PinLocked);
    }

    #[test]
    fn a_pin_is_six_to_twelve_digits() {
        let folder = tempfile::tempdir().unwrap();
        for bad in ["", "12345", "1234567890123", "12345a", "１２３４５６"] {
            assert_eq!(key(&folder).create(bad.as_bytes()).unwrap_err().code(), Code::PinFormat, "{bad}");
        }
        assert_eq!(key(&folder).public().unwrap_err().code(), Code::VaultKeyLost);
    }
}
