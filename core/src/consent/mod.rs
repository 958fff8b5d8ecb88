//! Consent: documents, signed events, the ledger and its gate, the gateway's log (PIPA 28-8, `security.md` §5).

mod document;
mod event;
pub mod export;
mod guardian;
#[macro_use]
mod item;
mod layout;
mod ledger;
pub mod log;
pub mod page;
mod verify;

pub use document::{Document, LANGUAGES, PAYMENT, Recipient, Signed, Text};
pub use event::{Event, EventKind, Layout, Shown, SignedEvent, Stamp, UserProof};
pub use export::Evidence;
pub use guardian::Confirmation;
pub use item::{Basis, Carries, Field, Item};
#[cfg(feature = "mutants")]
pub(crate) use ledger::forged;
pub use ledger::{EffectiveConsent, Ledger};
pub use log::{Acknowledgement, LogFault, LogReceipt, LogState, TreeHead};
pub use verify::{Findings, verify};
