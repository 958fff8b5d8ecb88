//! Keys: the host's key store behind a trait, the hierarchy below its root, sealed values.
//!
//! Hierarchy (`security.md` §4.4): the vault wraps one random root key per install; every other key is derived from
//! the root by HKDF with a label of its own.

mod file;
mod keys;
mod pin;
mod seal;

pub use file::FileVault;
pub use keys::{Keys, RootKey};
pub use pin::{PinKey, PinPolicy};
pub use seal::Place;

use crate::crypto::{PublicKey, Signature};
use crate::error::{Code, Error};
use zeroize::Zeroizing;

/// The silent operations of the host's key store: Android Keystore, iOS Keychain and Secure Enclave, or a file.
///
/// A vault that fails is a normal state: a locked phone, a busy secure element, a key lost in a system update. Every
/// method may take its time and may be called from any thread.
pub trait Vault: Send + Sync {
    /// Encrypts a key with one that never leaves the vault.
    ///
    /// # Errors
    /// [`VaultError`]
    fn wrap(&self, key: &[u8]) -> Result<Vec<u8>, VaultError>;

    /// Decrypts what [`Vault::wrap`] made.
    ///
    /// # Errors
    /// [`VaultError`]; [`VaultError::KeyLost`] when it never will.
    fn unwrap(&self, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError>;

    /// The public half of the device's signing key (P-256); the key is made at the first call.
    ///
    /// # Errors
    /// [`VaultError`]
    fn device_key(&self) -> Result<PublicKey, VaultError>;

    /// Signs as the device: ECDSA P-256 with SHA-256, ASN.1 DER.
    ///
    /// # Errors
    /// [`VaultError`]
    fn sign(&self, message: &[u8]) -> Result<Signature, VaultError>;
}

/// Why a vault did not do what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VaultError {
    /// Not now: the phone is locked, the secure element is busy. The same call may work later.
    Unavailable,
    /// No: the vault does not allow this.
    Refused,
    /// Never again: the key is gone.
    KeyLost,
}

impl From<VaultError> for Error {
    fn from(error: VaultError) -> Self {
        Self::new(match error {
            VaultError::Unavailable => Code::VaultUnavailable,
            VaultError::Refused => Code::VaultRefused,
            VaultError::KeyLost => Code::VaultKeyLost,
        })
    }
}
