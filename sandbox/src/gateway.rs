//! What every endpoint shares: the store, the signed documents, the faults, the clock.

use crate::documents::Documents;
use crate::faults::Faults;
use crate::refusal::Refused;
use crate::state::Store;
use crate::state::offline::Issuer;
use jigap::time::{Clock, ServerMs, SystemClock};
use rusqlite::Transaction;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

/// The gateway of one state folder.
pub(crate) struct Gateway {
    pub(crate) store: Store,
    pub(crate) documents: Documents,
    pub(crate) faults: Faults,
    /// How the gateway behaves as a whole; a test may change it.
    pub(crate) switches: Switches,
    /// Makes keys for codes without network.
    pub(crate) issuer: Issuer,
    /// How long a quote holds.
    pub(crate) quote_ms: i64,
    /// How long a shown code can be scanned.
    pub(crate) code_ms: i64,
}

/// What a test may switch while the gateway runs. A restart forgets it.
#[derive(Debug, Default)]
pub(crate) struct Switches {
    /// How far the gateway's clock is off, in milliseconds.
    pub(crate) clock_offset_ms: AtomicI64,
    /// Whether payments are taken in and left pending.
    pub(crate) hold: AtomicBool,
    /// Whether a person decides about cancels and refunds, as at a bridge.
    pub(crate) by_hand: AtomicBool,
}

impl Gateway {
    /// The time that every deadline is measured by.
    pub(crate) fn now(&self) -> ServerMs {
        ServerMs(SystemClock.now().wall_ms).plus(self.switches.clock_offset_ms.load(Ordering::Relaxed))
    }

    /// Does one piece of work on a thread where waiting for the disk hurts nobody.
    pub(crate) async fn work<T: Send + 'static>(
        self: Arc<Self>,
        work: impl FnOnce(&Self, &Transaction<'_>) -> Result<T, Refused> + Send + 'static,
    ) -> Result<T, Refused> {
        tokio::task::spawn_blocking(move || self.store.write(|tx| work(&self, tx)))
            .await
            .unwrap_or(Err(Refused::Internal))
    }
}
