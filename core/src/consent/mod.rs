//! Consent: documents, signed events, the ledger and its gate (PIPA 28-8, `security.md` §5).

mod document;
mod event;
mod ledger;

pub use document::{Document, Recipient, Signed, Text};
pub use event::{Event, EventKind, Shown, SignedEvent};
#[cfg(feature = "mutants")]
pub(crate) use ledger::forged;
pub use ledger::{EffectiveConsent, Ledger};
