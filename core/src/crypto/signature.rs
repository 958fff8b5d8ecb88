//! ECDSA over P-256 with SHA-256: what Android's Keystore and Apple's Secure Enclave both can do.

use super::Blob;
use crate::error::{Code, Error, Result};
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey,
};
use serde::{Deserialize, Serialize};
use std::fmt;
use zeroize::Zeroizing;

/// A P-256 public key as an uncompressed point: 65 bytes, the first `04` (SEC 1 §2.3.3). In JSON: Base64.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PublicKey(Blob);

/// An ECDSA signature in ASN.1 DER (RFC 3279 §2.2.3), at most 72 bytes. In JSON: Base64.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Signature(pub Blob);

impl PublicKey {
    /// Takes an uncompressed point. Whether it lies on the curve is checked when a signature is verified.
    ///
    /// # Errors
    /// [`Code::ArgumentInvalid`] unless it is 65 bytes that begin with `04`.
    pub fn from_point(bytes: &[u8]) -> Result<Self> {
        match bytes.first() {
            Some(4) if bytes.len() == 65 => Ok(Self(Blob(bytes.to_vec()))),
            _ => Err(Error::new(Code::ArgumentInvalid).with("field", "public_key")),
        }
    }

    /// The uncompressed point.
    pub fn as_point(&self) -> &[u8] {
        &self.0.0
    }

    /// Digest of the point: the key's name in records.
    pub fn id(&self) -> super::Digest {
        super::Digest::of(&self.0.0)
    }

    /// Whether this key made this signature over these bytes.
    pub fn verifies(&self, message: &[u8], signature: &Signature) -> bool {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &self.0.0).verify(message, &signature.0.0).is_ok()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({:?})", super::Digest::of(&self.0.0))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({} bytes)", self.0.0.len())
    }
}

/// A P-256 key pair in this process's memory: for hosts without a key store, for servers and for tests.
pub struct HostKey {
    pair: EcdsaKeyPair,
    pkcs8: Zeroizing<Vec<u8>>,
}

impl HostKey {
    /// Makes a new key pair.
    ///
    /// # Errors
    /// [`Code::Internal`] when the operating system gives no randomness.
    pub fn generate() -> Result<Self> {
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &ring::rand::SystemRandom::new())
            .map_err(|_| Error::new(Code::Internal).with("part", "key"))?;
        Self::from_pkcs8(document.as_ref())
    }

    /// Reads a key pair from PKCS#8.
    ///
    /// # Errors
    /// [`Code::ArgumentInvalid`] when it is not a P-256 key pair.
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8, &ring::rand::SystemRandom::new())
            .map_err(|_| Error::new(Code::ArgumentInvalid).with("field", "pkcs8"))?;
        Ok(Self { pair, pkcs8: Zeroizing::new(pkcs8.to_vec()) })
    }

    /// The key pair as PKCS#8, secret.
    pub fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(Blob(self.pair.public_key().as_ref().to_vec()))
    }

    /// Signs these bytes.
    ///
    /// # Errors
    /// [`Code::Internal`] when the operating system gives no randomness.
    pub fn sign(&self, message: &[u8]) -> Result<Signature> {
        self.pair
            .sign(&ring::rand::SystemRandom::new(), message)
            .map(|s| Signature(Blob(s.as_ref().to_vec())))
            .map_err(|_| Error::new(Code::Internal).with("part", "sign"))
    }
}

impl fmt::Debug for HostKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HostKey({:?})", self.public())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_fits_its_message_and_key_only() {
        let (key, other) = (HostKey::generate().unwrap(), HostKey::generate().unwrap());
        let signature = key.sign(b"agreed").unwrap();
        assert!(key.public().verifies(b"agreed", &signature));
        assert!(!key.public().verifies(b"other", &signature));
        assert!(!other.public().verifies(b"agreed", &signature));
        assert!(!key.public().verifies(b"agreed", &Signature(Blob(vec![0; 70]))));
        let again = HostKey::from_pkcs8(key.pkcs8()).unwrap();
        assert_eq!(again.public(), key.public());
    }
}
