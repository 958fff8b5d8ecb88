//! A payment from its terms to its end: pure, no clock, no disk, no network.
//!
//! checkout → [`Preview`] → proof → [`Payment`] → send → [`Answer`] → [`Receipt`]. The transition table is
//! [`Payment::step`]; what must be on disk before what leaves is the engine's duty (`app/engine.rs`).

mod answer;
mod machine;
mod record;
mod retention;
mod terms;

pub use answer::{Answer, DeclineReason, Known, Outcome, Receipt};
pub use machine::{Effect, Event, Limits, Payment, State, UnsentReason};
pub use record::{Origin, Record};
pub use terms::{Merchant, Preview, Proof, ProofMethod, Terms};
