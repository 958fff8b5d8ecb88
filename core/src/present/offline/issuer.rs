//! The gateway's half of WOC-1: keys from a master key, the sealed answer, the verdict on a code. Without state: what is
//! unique, spent or locked is the gateway's database to know.

use super::batch::{Batch, LimitedKey};
use super::layout::{Parts, Woc1, one_time};
use super::provision::{Context, KeysRequest, KeysResponse};
use crate::crypto::{Blob, Random, Signature};
use crate::error::{Code, Error, Result};
use crate::id::Id;
use ring::agreement::{EphemeralPrivateKey, UnparsedPublicKey, X25519, agree_ephemeral};
use ring::hmac;
use ring::rand::SystemRandom;
use zeroize::Zeroizing;

/// The key behind a handle: `HMAC-SHA256(master, "woc1 luk" || device || epoch || handle)`. No table of secrets (RFC 4226
/// §7.5).
pub fn key_of(master: &[u8; 32], device: Id, epoch: u32, handle: &str) -> LimitedKey {
    let message = [b"woc1 luk".as_slice(), &device.0, &epoch.to_be_bytes(), handle.as_bytes()].concat();
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, master), &message);
    let secret = tag.as_ref().first_chunk::<32>().copied().unwrap_or_default();
    LimitedKey { handle: handle.to_owned(), secret: Zeroizing::new(secret) }
}

/// Seals a batch for the device that asked, and has it signed.
///
/// # Errors
/// [`Code::ArgumentInvalid`] when the request's key is none, [`Code::Internal`], and those of `sign`.
pub fn answer(
    device: Id,
    request: &KeysRequest,
    batch: &Batch,
    random: &dyn Random,
    sign: impl FnOnce(&[u8]) -> Result<Signature>,
) -> Result<KeysResponse> {
    let lost = |_| Error::new(Code::Internal).with("part", "x25519");
    let private = EphemeralPrivateKey::generate(&X25519, &SystemRandom::new()).map_err(lost)?;
    let public = Blob(private.compute_public_key().map_err(lost)?.as_ref().to_vec());
    let nonce = Blob(random.bytes::<16>()?.to_vec());
    let context = Context {
        device,
        epoch: batch.epoch,
        request: request.request,
        client_nonce: &request.nonce.0,
        server_nonce: &nonce.0,
    };
    let theirs = UnparsedPublicKey::new(&X25519, &request.public.0);
    let cipher = agree_ephemeral(private, &theirs, |shared| context.cipher(shared));
    let cipher = cipher.map_err(|_| Error::new(Code::ArgumentInvalid).with("field", "public"))??;
    let sealed = context.seal(&cipher, &batch.canonical()).ok_or_else(|| Error::new(Code::Internal))?;
    let unsigned = Signature(Blob::default());
    let mut answer = KeysResponse { epoch: batch.epoch, nonce, public, sealed: Blob(sealed), signature: unsigned };
    answer.signature = sign(&answer.to_sign(request, device))?;
    Ok(answer)
}

/// The step at which this key gives this code, of those in the window around the gateway's time and not before `least`.
/// Looks at every step of the window, whatever the earlier ones gave.
pub fn accepted_step(key: &LimitedKey, epoch: u32, parts: &Parts<'_>, now_ms: i64, least: u64) -> Option<u64> {
    let otp: u32 = parts.otp.parse().ok()?;
    let now = Woc1::step_of(now_ms);
    let window = now.saturating_sub(Woc1::WINDOW)..=now.saturating_add(Woc1::WINDOW);
    let fits = |step: u64| (one_time(&key.secret, epoch, &key.handle, step, 9) ^ otp) == 0;
    window.fold(None, |found, step| if fits(step) && step >= least { Some(step) } else { found })
}
