//! Codes, read and shown.
//!
//! [`emv`] knows the standard's format, [`scheme`] the conventions of single schemes that are public, [`rules`] who
//! carries what (signed configuration), and [`mod@read`] puts them together: text in, [`Reading`] out.

pub mod camera;
pub mod draw;
pub mod emv;
mod facts;
mod fields;
mod guard;
mod link;
mod other;
pub mod read;
pub mod rules;
pub mod scheme;
mod verdict;

pub use emv::{Fault, FaultKind, Initiation};
pub use facts::{Facts, Fee, Prompt};
pub use fields::{Field, fields};
pub use read::{Reading, Situation, classify, read, read_at};
pub use rules::{Kind, Matcher, Rule, Rules};
pub use scheme::{Scheme, Schemes};
pub use verdict::{NotPayable, Suspicion, Verdict, Warning};
