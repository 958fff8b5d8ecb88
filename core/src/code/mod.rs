//! Codes, read and shown.
//!
//! [`emv`] knows the standard's format, [`scheme`] the conventions of single schemes that are public, [`rules`] who
//! carries what (signed configuration), and [`mod@read`] puts them together: text in, [`Reading`] out. [`mod@inspect`] says all
//! of a code to people and programs that look at codes; nothing is decided there.

pub mod camera;
pub mod draw;
pub mod emv;
mod facts;
mod guard;
pub mod inspect;
mod link;
mod other;
pub mod read;
pub mod rules;
pub mod scheme;
mod verdict;

pub use emv::{Fault, FaultKind, Initiation};
pub use facts::{Facts, Fee, Prompt};
pub use inspect::{Field, Inspection, fields, inspect};
pub use read::{Reading, Situation, classify, read, read_at};
pub use rules::{Kind, Matcher, Rule, Rules};
pub use scheme::{Scheme, Schemes};
pub use verdict::{NotPayable, Suspicion, Verdict, Warning};
