//! The ledger of consent events, and the gate that reads it.

use crate::consent::event::broken;
use crate::consent::{EventKind, SignedEvent};
use crate::crypto::Digest;
use crate::error::{Code, Error, Result};
use crate::network::Network;

/// All events of this device, verified one by one and as a chain.
#[derive(Debug, Clone, Default)]
pub struct Ledger(Vec<SignedEvent>);

impl Ledger {
    /// Takes events in order and checks that each stands on the one before it.
    ///
    /// # Errors
    /// [`Code::ConsentRecordBroken`] when one is missing, doubled or out of place.
    pub fn new(events: Vec<SignedEvent>) -> Result<Self> {
        let mut ledger = Self::default();
        events.into_iter().try_for_each(|event| ledger.append(event))?;
        Ok(ledger)
    }

    /// Appends the next event.
    ///
    /// # Errors
    /// [`Code::ConsentRecordBroken`] when it does not stand on the last one.
    pub fn append(&mut self, next: SignedEvent) -> Result<()> {
        let (seq, previous) =
            self.head().map_or((1, Digest([0; 32])), |head| (head.event.seq.saturating_add(1), head.hash()));
        if next.event.seq != seq || next.event.previous != previous {
            return Err(broken().with("seq", i64::try_from(seq).unwrap_or(i64::MAX)));
        }
        self.0.push(next);
        Ok(())
    }

    /// The last event.
    pub fn head(&self) -> Option<&SignedEvent> {
        self.0.last()
    }

    /// All events, oldest first.
    pub fn events(&self) -> &[SignedEvent] {
        &self.0
    }

    /// The agreement in force for a network: its last event, if that is a grant. A later refusal or withdrawal ends it.
    pub fn granted(&self, network: Network) -> Option<&SignedEvent> {
        self.0.iter().rev().find(|e| e.event.network == network).filter(|e| e.event.kind == EventKind::Granted)
    }
}

/// Proof that the user's agreement for one network is in force, good for one call.
///
/// Only [`Ledger::effective`] can make one; it cannot be copied, and every call that lets data leave takes one by
/// value. Forgetting it does not compile:
///
/// ```
/// use jigap::consent::EffectiveConsent;
/// fn leaves_the_country(consent: EffectiveConsent) -> jigap::network::Network { consent.network() }
/// fn caller(consent: EffectiveConsent) { leaves_the_country(consent); }
/// ```
/// ```compile_fail
/// use jigap::consent::EffectiveConsent;
/// fn leaves_the_country(consent: EffectiveConsent) -> jigap::network::Network { consent.network() }
/// fn caller() { leaves_the_country(); }
/// ```
///
/// Nor can it be used twice:
///
/// ```compile_fail
/// use jigap::consent::EffectiveConsent;
/// fn leaves_the_country(consent: EffectiveConsent) -> jigap::network::Network { consent.network() }
/// fn caller(consent: EffectiveConsent) { leaves_the_country(consent); leaves_the_country(consent); }
/// ```
///
/// Nor made by hand:
///
/// ```compile_fail
/// use jigap::consent::EffectiveConsent;
/// let network = jigap::network::Network::parse("unionpay").unwrap();
/// let forged = EffectiveConsent { network, record: jigap::crypto::Digest([0; 32]) };
/// ```
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub struct EffectiveConsent {
    network: Network,
    record: Digest,
}

impl EffectiveConsent {
    /// The network the data may go to.
    pub const fn network(&self) -> Network {
        self.network
    }

    /// Digest of the event that grants it; every request that uses it carries this.
    pub const fn record(&self) -> Digest {
        self.record
    }
}

impl Ledger {
    /// The gate. The agreement in force for `network`, if it was given to exactly the document that is required now:
    /// any change of items, recipients or purpose is another document, and asks anew (PIPA 28-8(3)).
    ///
    /// # Errors
    /// [`Code::ConsentNeeded`] with the network when there is none.
    pub fn effective(&self, network: Network, required: Digest) -> Result<EffectiveConsent> {
        self.granted(network)
            .filter(|granted| granted.event.document.2 == required)
            .map(|granted| EffectiveConsent { network, record: granted.hash() })
            .ok_or_else(|| Error::new(Code::ConsentNeeded).with("network", network))
    }
}

/// A consent that nobody gave, for a planted bug.
#[cfg(feature = "mutants")]
pub(crate) fn forged(network: Network, record: Digest) -> EffectiveConsent {
    EffectiveConsent { network, record }
}
