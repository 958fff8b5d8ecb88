//! The few cryptographic words every layer shares: digests, signatures, randomness, canonical bytes. All by ring.

mod blob;
mod canonical;
mod derive;
mod digest;
mod random;
mod signature;

pub use blob::Blob;
pub use canonical::{Canonical, Reader};
pub use derive::derive;
pub use digest::Digest;
pub use random::{Random, SystemRandom};
pub use signature::{HostKey, PublicKey, Signature};
