//! Payment codes made on the device, for a basement without network: WOC-1.
//!
//! The gateway hands out a batch of *limited-use keys*, each good for one payment. A code is a number of 24 digits that
//! says whose key it is (the handle) and proves that the phone has it now (a one-time password over the time step). The
//! till is online: the gateway verifies. A key serves one session of at most five minutes and pays at most once.
//!
//! * [`Layout`] – what a code looks like. [`Woc1`] is the documented example; a wallet company can bring its own.
//! * [`Batch`], [`LimitedKey`] – what the phone holds.
//! * [`Provisioning`] – how it gets there: X25519, signed by the device, answered under a key that nobody else has.
//! * [`issuer`] – the gateway's half, for the sandbox and as an example.
//!
//! Published construction, no invention of primitives: HOTP (RFC 4226) and TOTP (RFC 6238) with SHA-256, HKDF (RFC 5869),
//! X25519 (RFC 7748), AES-256-GCM. Numbers and their reasons: `security.md` §3.3, §3.4.

mod batch;
mod damm;
pub mod issuer;
mod layout;
mod provision;

pub use batch::{Batch, LimitedKey, OfflineLimits};
pub use damm::damm;
pub use layout::{Layout, Parts, Woc1, one_time};
pub use provision::{KeysRequest, KeysResponse, Provisioning};

/// Below so many unused keys a new batch is asked for.
pub const FEW_KEYS: usize = 4;
/// After so long a new batch is asked for, in milliseconds.
pub const OLD_BATCH_MS: i64 = 24 * 60 * 60 * 1000;

/// Whether a new batch is due: too few unused keys, or a day has passed since the last one.
pub fn renewal_due(batch: Option<&Batch>, unused: usize, now: crate::time::ServerMs) -> bool {
    batch.is_none_or(|batch| unused < FEW_KEYS || now.since(batch.issued) > OLD_BATCH_MS)
}
