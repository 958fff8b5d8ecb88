//! How keys get onto the phone. The phone brings a fresh X25519 key, signed by the device; the answer is sealed under a key
//! that both sides derive and nobody keeps. A kill in between means: ask again.

use super::batch::Batch;
use crate::crypto::{Blob, Digest, PublicKey, Random, Signature};
use crate::error::{Code, Error, Result};
use crate::id::Id;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::agreement::{EphemeralPrivateKey, UnparsedPublicKey, X25519, agree_ephemeral};
use ring::hkdf::{HKDF_SHA256, Salt};
use ring::rand::SystemRandom;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// `POST /v1/offline-keys`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeysRequest {
    /// New for every try: the same twice gives the same answer.
    pub request: Id,
    /// The epoch of the keys that the phone holds, 0 for none. An older one than it held before is a phone that was set
    /// back.
    pub epoch: u32,
    /// 16 random bytes.
    pub nonce: Blob,
    /// The phone's X25519 key, 32 bytes, used once.
    pub public: Blob,
    /// The device key's, over `"woc1-prov" || device || epoch || request || nonce || public`.
    pub signature: Signature,
}

/// The answer to [`KeysRequest`].
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeysResponse {
    /// The epoch of the new keys.
    pub epoch: u32,
    /// 16 random bytes.
    pub nonce: Blob,
    /// The gateway's X25519 key, 32 bytes, used once.
    pub public: Blob,
    /// The batch, format `WOB1`, under AES-256-GCM with the tag at the end.
    pub sealed: Blob,
    /// The configuration key's, over `"woc1-keys"`, the request's signed bytes, epoch, nonce, public and the digest of `sealed`.
    pub signature: Signature,
}

redacted!(KeysRequest, KeysResponse);

impl KeysRequest {
    /// What the device key signs. All fields have a fixed length.
    pub fn to_sign(&self, device: Id) -> Vec<u8> {
        let epoch = self.epoch.to_be_bytes();
        [b"woc1-prov".as_slice(), &device.0, &epoch, &self.request.0, &self.nonce.0, &self.public.0].concat()
    }

    /// Whether this device made it.
    pub fn verifies(&self, device: Id, key: &PublicKey) -> bool {
        let lengths = self.nonce.0.len() == 16 && self.public.0.len() == 32;
        lengths && key.verifies(&self.to_sign(device), &self.signature)
    }
}

impl KeysResponse {
    /// What the configuration key signs.
    pub fn to_sign(&self, request: &KeysRequest, device: Id) -> Vec<u8> {
        let digest = Digest::of(&self.sealed.0);
        [
            b"woc1-keys".as_slice(),
            &request.to_sign(device),
            &self.epoch.to_be_bytes(),
            &self.nonce.0,
            &self.public.0,
            digest.as_bytes(),
        ]
        .concat()
    }
}

/// One try, on the phone. The private key lives in memory alone.
pub struct Provisioning {
    private: EphemeralPrivateKey,
    device: Id,
    request: KeysRequest,
}

redacted!(Provisioning);

impl Provisioning {
    /// Begins: makes the key and has the device sign.
    ///
    /// # Errors
    /// The vault's by `sign`; [`Code::Internal`] when there is no randomness.
    pub fn begin(
        device: Id,
        epoch: u32,
        random: &dyn Random,
        sign: impl FnOnce(&[u8]) -> Result<Signature>,
    ) -> Result<Self> {
        let lost = |_| Error::new(Code::Internal).with("part", "x25519");
        let private = EphemeralPrivateKey::generate(&X25519, &SystemRandom::new()).map_err(lost)?;
        let public = Blob(private.compute_public_key().map_err(lost)?.as_ref().to_vec());
        let nonce = Blob(random.bytes::<16>()?.to_vec());
        let unsigned = Signature(Blob::default());
        let mut request = KeysRequest { request: Id::random(random)?, epoch, nonce, public, signature: unsigned };
        request.signature = sign(&request.to_sign(device))?;
        Ok(Self { private, device, request })
    }

    /// What is sent.
    pub const fn request(&self) -> &KeysRequest {
        &self.request
    }

    /// Opens the answer: signature first, then the key agreement, then the seal.
    ///
    /// # Errors
    /// [`Code::GatewayAnswer`] with the field that is not right.
    pub fn finish(self, answer: &KeysResponse, key: &PublicKey) -> Result<Batch> {
        let wrong = |field: &'static str| Error::new(Code::GatewayAnswer).with("field", field);
        if !key.verifies(&answer.to_sign(&self.request, self.device), &answer.signature) {
            return Err(wrong("signature"));
        }
        if answer.epoch <= self.request.epoch {
            return Err(wrong("epoch"));
        }
        let context = Context {
            device: self.device,
            epoch: answer.epoch,
            request: self.request.request,
            client_nonce: &self.request.nonce.0,
            server_nonce: &answer.nonce.0,
        };
        let theirs = UnparsedPublicKey::new(&X25519, &answer.public.0);
        let cipher = agree_ephemeral(self.private, &theirs, |shared| context.cipher(shared));
        let cipher = cipher.map_err(|_| wrong("public"))??;
        let batch = context.open(&cipher, &answer.sealed.0).ok_or_else(|| wrong("sealed"))?;
        let batch = Batch::open(&batch)?;
        if batch.epoch == answer.epoch { Ok(batch) } else { Err(wrong("epoch")) }
    }
}

/// What the transport key is bound to.
pub(super) struct Context<'a> {
    pub(super) device: Id,
    pub(super) epoch: u32,
    pub(super) request: Id,
    pub(super) client_nonce: &'a [u8],
    pub(super) server_nonce: &'a [u8],
}

impl Context<'_> {
    /// `HKDF-SHA256(salt = client nonce || server nonce, ikm = shared, info = "woc1 tr" || device || epoch)`, 32 bytes.
    pub(super) fn cipher(&self, shared: &[u8]) -> Result<LessSafeKey> {
        let failed = || Error::new(Code::Internal).with("part", "hkdf");
        let salt = Salt::new(HKDF_SHA256, &[self.client_nonce, self.server_nonce].concat());
        let epoch = self.epoch.to_be_bytes();
        let info = [b"woc1 tr".as_slice(), &self.device.0, &epoch];
        let mut key = Zeroizing::new([0_u8; 32]);
        let prk = salt.extract(shared);
        let filled = prk.expand(&info, HKDF_SHA256).and_then(|okm| okm.fill(key.as_mut_slice()));
        filled.map_err(|_| failed())?;
        UnboundKey::new(&AES_256_GCM, key.as_slice()).map(LessSafeKey::new).map_err(|_| failed())
    }

    /// One key, one message: the nonce is zero. The request is bound as additional data.
    pub(super) fn seal(&self, cipher: &LessSafeKey, plain: &[u8]) -> Option<Vec<u8>> {
        let mut sealed = plain.to_vec();
        let nonce = Nonce::assume_unique_for_key([0; NONCE_LEN]);
        cipher.seal_in_place_append_tag(nonce, Aad::from(self.request.0), &mut sealed).ok()?;
        Some(sealed)
    }

    fn open(&self, cipher: &LessSafeKey, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let mut sealed = Zeroizing::new(sealed.to_vec());
        let nonce = Nonce::assume_unique_for_key([0; NONCE_LEN]);
        let plain = cipher.open_in_place(nonce, Aad::from(self.request.0), &mut sealed).ok()?;
        Some(Zeroizing::new(plain.to_vec()))
    }
}
