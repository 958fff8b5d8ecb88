//! A payment from its terms to its end: pure, no clock, no disk, no network.
//!
//! checkout → [`Preview`] → proof → [`Payment`] → send → [`Answer`] → [`Receipt`], and what stands [`Beside`] it. The
//! transition table is [`Payment::step`]; what must be on disk before what leaves is the engine's duty (`app/engine.rs`).

mod answer;
mod beside;
mod known;
mod machine;
mod record;
mod retention;
mod state;
mod terms;

pub use answer::{Answer, DeclineReason, Outcome, Receipt};
pub use beside::{Asked, Beside, Refund, late_cancel_ends};
pub use known::Known;
pub use machine::Payment;
pub use record::{Origin, Record};
pub use state::{CancelBy, Effect, Event, Limits, State, UnsentReason};
pub use terms::{Merchant, Preview, Proof, ProofMethod, Terms};
