//! Keys: the host's key store behind a trait, the hierarchy below its root, sealed values.
//!
//! Hierarchy (`security.md` §4.4): the vault wraps one random root key per install; every other key is derived from
//! the root by HKDF with a label of its own.

mod file;
mod key_set;
mod keys;
mod pin;
mod seal;

pub use file::FileVault;
pub use key_set::KeySet;
pub use keys::{ChainKey, Keys, RootKey};
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

    /// Keeps these bytes, at most 64, in place of the ones before, where a copy or a backup of the wallet's folder does
    /// not reach. They are not secret: they say how far the database has come, so that an older copy of it is noticed
    /// (`security.md` §4.6). A vault that has no such place does nothing: then the gateway alone notices.
    ///
    /// # Errors
    /// [`VaultError`]
    fn keep_witness(&self, witness: &[u8]) -> Result<(), VaultError> {
        let _ = witness;
        Ok(())
    }

    /// What [`Vault::keep_witness`] kept last; nothing when nothing was kept, or there is no such place.
    ///
    /// # Errors
    /// [`VaultError`]
    fn witness(&self) -> Result<Option<Vec<u8>>, VaultError> {
        Ok(None)
    }

    /// Whether what [`Vault::wrap`] made should be made anew, because the vault's own key has been replaced. The old
    /// wrapping must still open.
    fn is_stale(&self, wrapped: &[u8]) -> bool {
        let _ = wrapped;
        false
    }
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
