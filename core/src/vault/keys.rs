//! The root key and what descends from it.

use crate::crypto::{Digest, Random};
use crate::error::{Code, Error, Result};
use ring::{hkdf, hmac};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// The one random secret of an install, 32 bytes. Only ever stored wrapped by the vault.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct RootKey([u8; 32]);

impl RootKey {
    /// A new root key.
    ///
    /// # Errors
    /// As [`Random::fill`].
    pub fn generate(random: &dyn Random) -> Result<Self> {
        random.bytes().map(Self)
    }

    /// A root key the vault has unwrapped.
    ///
    /// # Errors
    /// [`Code::VaultKeyLost`] unless it is 32 bytes: what came back is not what went in.
    pub fn from_slice(bytes: &[u8]) -> Result<Self> {
        bytes.try_into().map(Self).map_err(|_| Error::new(Code::VaultKeyLost))
    }

    /// The bytes, to be wrapped.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Derives the working keys.
    ///
    /// # Errors
    /// [`Code::Internal`] if HKDF refuses, which it does not for these lengths.
    pub fn derive(&self) -> Result<Keys> {
        let root = hkdf::Salt::new(hkdf::HKDF_SHA256, b"jigap-root-1").extract(&self.0);
        let mac = |label| expand(&root, label).map(|key| hmac::Key::new(hmac::HMAC_SHA256, key.as_slice()));
        let field = hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, expand(&root, b"field")?.as_slice());
        let chain = ChainKey::new(expand(&root, b"chain")?);
        Ok(Keys { field, index: mac(b"index")?, row: mac(b"row")?, chain, canary: mac(b"canary")? })
    }
}

fn expand(root: &hkdf::Prk, label: &[u8]) -> Result<Zeroizing<[u8; 32]>> {
    let mut out = Zeroizing::new([0; 32]);
    root.expand(&[label], hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(out.as_mut_slice()))
        .map(|()| out)
        .map_err(|_| Error::new(Code::Internal).with("part", "hkdf"))
}

/// The working keys: fields, blind index, rows, chain, canary. Each is used for one thing.
#[derive(Clone)]
pub struct Keys {
    pub(super) field: hkdf::Prk,
    index: hmac::Key,
    row: hmac::Key,
    chain: ChainKey,
    canary: hmac::Key,
}

impl Keys {
    /// A short keyed digest by which a sealed value can be found again: 16 bytes, different for each label.
    pub fn index(&self, label: &'static str, value: &[u8]) -> [u8; 16] {
        let tag = hmac::sign(&self.index, &[label.as_bytes(), &[0], value].concat());
        let mut out = [0; 16];
        for (slot, byte) in out.iter_mut().zip(tag.as_ref()) {
            *slot = *byte;
        }
        out
    }

    /// The code over the clear columns of a row and its sealed blobs, so that none can be changed alone.
    pub fn row_mac(&self, row: &[u8]) -> Digest {
        tag(&self.row, row)
    }

    /// The key of the chain of state changes, as this root makes it.
    pub const fn chain_key(&self) -> &ChainKey {
        &self.chain
    }

    /// A value that shows whether a key is still the one the database was written with.
    pub fn canary(&self) -> Digest {
        tag(&self.canary, b"jigap-canary-1")
    }
}

fn tag(key: &hmac::Key, bytes: &[u8]) -> Digest {
    let tag = hmac::sign(key, bytes);
    let mut out = [0; 32];
    for (slot, byte) in out.iter_mut().zip(tag.as_ref()) {
        *slot = *byte;
    }
    Digest(out)
}

/// The key of the chain of state changes. It outlives its root: lines are never linked anew.
#[derive(Clone)]
pub struct ChainKey {
    secret: Zeroizing<[u8; 32]>,
    key: hmac::Key,
}

impl ChainKey {
    fn new(secret: Zeroizing<[u8; 32]>) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_slice());
        Self { secret, key }
    }

    /// One that was kept, sealed, because its root key was changed.
    ///
    /// # Errors
    /// [`Code::StoreDamaged`] unless it is 32 bytes.
    pub fn from_slice(bytes: &[u8]) -> Result<Self> {
        let secret = bytes.try_into().map_err(|_| Error::new(Code::StoreDamaged).with("table", "epoch"))?;
        Ok(Self::new(Zeroizing::new(secret)))
    }

    /// The bytes, to be sealed.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.secret
    }

    /// A link over a line and the link before it.
    pub fn link(&self, line: &[u8]) -> Digest {
        tag(&self.key, line)
    }
}

redacted!(ChainKey);

redacted!(RootKey);

redacted!(Keys);
