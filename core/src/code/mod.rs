//! Codes, read and shown.
//!
//! [`emv`] knows the standard's format, [`scheme`] the conventions of single schemes that are public, [`rules`] who
//! carries what (signed configuration), and [`mod@read`] puts them together: text in, [`Reading`] out.

pub mod draw;
pub mod emv;
mod guard;
mod link;
mod other;
pub mod read;
pub mod rules;
pub mod scheme;

pub use emv::{Fault, FaultKind, Initiation};
pub use read::{Facts, Fee, NotPayable, Reading, Suspicion, Verdict, read};
pub use rules::{Kind, Matcher, Rule, Rules};
pub use scheme::{Scheme, Schemes};
