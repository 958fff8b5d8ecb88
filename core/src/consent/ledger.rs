//! The ledger of consent events, and the gate that reads it.

use crate::consent::event::broken;
use crate::consent::{Carries, EventKind, PAYMENT, SignedEvent};
use crate::crypto::Digest;
use crate::error::{Code, Error, Result};
use crate::network::Network;
use crate::time::ServerMs;
use std::fmt;
use std::marker::PhantomData;

/// All events of this device, verified one by one and as a chain.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    events: Vec<SignedEvent>,
    /// What was last decided for each network and purpose: the place of the grant in force, or none. It follows from the
    /// events alone, and is kept so that the gate does not have to look through them.
    standing: Vec<Standing>,
}

#[derive(Debug, Clone)]
struct Standing {
    network: Network,
    purpose: String,
    granted: Option<usize>,
}

impl Ledger {
    /// Takes events in order and checks that each stands on the one before it.
    ///
    /// # Errors
    /// [`Code::ConsentRecordBroken`] when one is missing, doubled, out of place or of another device.
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
        let same_device = self.head().is_none_or(|head| head.event.device == next.event.device);
        if next.event.seq != seq || next.event.previous != previous || !same_device {
            return Err(broken().with("seq", i64::try_from(seq).unwrap_or(i64::MAX)));
        }
        let event = &next.event;
        if event.kind.decides() {
            let granted = (event.kind == EventKind::Granted).then_some(self.events.len());
            let same = |s: &&mut Standing| s.network == event.network && s.purpose == event.purpose;
            match self.standing.iter_mut().find(same) {
                Some(standing) => standing.granted = granted,
                None => {
                    self.standing.push(Standing { network: event.network, purpose: event.purpose.clone(), granted });
                }
            }
        }
        self.events.push(next);
        Ok(())
    }

    /// The last event.
    pub fn head(&self) -> Option<&SignedEvent> {
        self.events.last()
    }

    /// All events, oldest first.
    pub fn events(&self) -> &[SignedEvent] {
        &self.events
    }

    /// The agreement in force for a network and purpose: the last decision about it, if that is a grant. Whether it is to
    /// the document that is required now, and whether its term is over, the gate looks at.
    pub fn granted(&self, network: Network, purpose: &str) -> Option<&SignedEvent> {
        let standing = self.standing.iter().find(|s| s.network == network && s.purpose == purpose)?;
        self.events.get(standing.granted?)
    }

    /// Whether a document is agreed to at this moment.
    pub fn agreed(&self, network: Network, purpose: &str, document: Digest, now: ServerMs) -> bool {
        self.in_force(network, purpose, document, now).is_some()
    }

    fn in_force(&self, network: Network, purpose: &str, document: Digest, now: ServerMs) -> Option<&SignedEvent> {
        self.granted(network, purpose).filter(|granted| {
            let event = &granted.event;
            event.document.2 == document && event.ends.is_none_or(|end| now < end)
        })
    }
}

/// Proof that the user's agreement for one network is in force and covers what the call `C` carries, good for one such
/// call.
///
/// Only [`Ledger::effective`] can make one; it cannot be copied, and every call that lets data leave takes one by
/// value. Forgetting it does not compile:
///
/// ```
/// use jigap::{consent::EffectiveConsent, gateway::wire::PayRequest};
/// type Consent = EffectiveConsent<PayRequest>;
/// fn leaves_the_country(consent: Consent) -> jigap::network::Network { consent.network() }
/// fn caller(consent: Consent) { leaves_the_country(consent); }
/// ```
/// ```compile_fail
/// use jigap::{consent::EffectiveConsent, gateway::wire::PayRequest};
/// type Consent = EffectiveConsent<PayRequest>;
/// fn leaves_the_country(consent: Consent) -> jigap::network::Network { consent.network() }
/// fn caller() { leaves_the_country(); }
/// ```
///
/// Nor can it be used twice:
///
/// ```compile_fail
/// use jigap::{consent::EffectiveConsent, gateway::wire::PayRequest};
/// type Consent = EffectiveConsent<PayRequest>;
/// fn leaves_the_country(consent: Consent) -> jigap::network::Network { consent.network() }
/// fn caller(consent: Consent) { leaves_the_country(consent); leaves_the_country(consent); }
/// ```
///
/// Nor for another call, whose fields it was not asked for:
///
/// ```compile_fail
/// use jigap::{consent::EffectiveConsent, gateway::wire::{CodesRequest, PayRequest}};
/// fn leaves_the_country(consent: EffectiveConsent<PayRequest>) {}
/// fn caller(consent: EffectiveConsent<CodesRequest>) { leaves_the_country(consent); }
/// ```
///
/// Nor made by hand:
///
/// ```compile_fail
/// use jigap::{consent::EffectiveConsent, gateway::wire::PayRequest};
/// let network = jigap::network::Network::parse("unionpay").unwrap();
/// let forged: EffectiveConsent<PayRequest> =
///     EffectiveConsent { network, record: jigap::crypto::Digest([0; 32]), call: std::marker::PhantomData };
/// ```
#[must_use]
pub struct EffectiveConsent<C> {
    network: Network,
    record: Digest,
    call: PhantomData<fn(C)>,
}

impl<C> EffectiveConsent<C> {
    /// The network the data may go to.
    pub const fn network(&self) -> Network {
        self.network
    }

    /// Digest of the event that grants it; every request that uses it carries this.
    pub const fn record(&self) -> Digest {
        self.record
    }
}

impl<C> fmt::Debug for EffectiveConsent<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EffectiveConsent({}, {:?})", self.network, self.record)
    }
}

impl Ledger {
    /// The gate. The agreement in force for paying with `network`, if it was given to exactly the document that is
    /// required now, its term is not over, and it lists every item that the call `C` carries: any change of items,
    /// recipients or purpose is another document, and asks anew (PIPA 28-8(3)).
    ///
    /// # Errors
    /// [`Code::ConsentNeeded`] with the network when there is none.
    pub fn effective<C: Carries>(
        &self,
        network: Network,
        required: Digest,
        now: ServerMs,
    ) -> Result<EffectiveConsent<C>> {
        self.in_force(network, PAYMENT, required, now)
            .filter(|granted| C::items().all(|item| granted.event.data.iter().any(|word| word == item.as_str())))
            .map(|granted| EffectiveConsent { network, record: granted.hash(), call: PhantomData })
            .ok_or_else(|| Error::new(Code::ConsentNeeded).with("network", network))
    }
}

/// A consent that nobody gave, for a planted bug.
#[cfg(feature = "mutants")]
pub(crate) const fn forged<C>(network: Network, record: Digest) -> EffectiveConsent<C> {
    EffectiveConsent { network, record, call: PhantomData }
}
