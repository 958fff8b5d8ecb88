//! A payment from its terms to its end: pure, no clock, no disk, no network.
//!
//! checkout → [`Preview`] → proof → [`Intent`] → send → [`Answer`] → [`Receipt`]. The transition table is in
//! [`machine`]; what must be on disk before what leaves is the engine's duty (`app/engine.rs`).

mod answer;
mod terms;

pub use answer::{Answer, DeclineReason, Known, Outcome, Receipt};
pub use terms::{Merchant, Preview, Proof, ProofMethod, Terms};
