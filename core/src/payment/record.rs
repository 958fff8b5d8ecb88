//! A payment with everything around it.

use crate::consent::EffectiveConsent;
use crate::crypto::Digest;
use crate::error::{Code, Error, Result};
use crate::id::Id;
use crate::money::Money;
use crate::network::Network;
use crate::payment::{Effect, Event, Known, Limits, Merchant, Outcome, Payment, Preview, Receipt, State, Terms};
use crate::time::ServerMs;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How a payment began.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Origin {
    /// The user scanned a shop's code and agreed to terms.
    Scanned {
        /// The preview that was agreed to.
        preview: Id,
        /// The terms.
        terms: Box<Terms>,
        /// Digest of the event that grants the consent.
        consent: Digest,
    },
    /// A shop scanned the user's code; its identifier is the payment's key.
    Shown {
        /// Whose code it was.
        network: Network,
        /// The country it was shown in.
        region: String,
        /// The shop, as far as the gateway named it.
        merchant: Option<Merchant>,
    },
}

/// A payment as the wallet keeps it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Where it stands.
    pub payment: Payment,
    /// How it began.
    pub origin: Origin,
    /// When, by the server's time.
    pub created: ServerMs,
}

impl Record {
    /// The intent to pay what a preview showed, and what is owed for it. Takes the consent by value: no intent without
    /// one, and none twice.
    ///
    /// # Errors
    /// [`Code::QuoteExpired`] when the terms are over, [`Code::ConsentNeeded`] when the consent is for another network.
    pub fn intend(preview: &Preview, consent: EffectiveConsent, key: Id, now: ServerMs) -> Result<(Self, Vec<Effect>)> {
        let terms = &preview.terms;
        if consent.network() != terms.network {
            return Err(Error::new(Code::ConsentNeeded).with("network", terms.network));
        }
        if !terms.alive(now) {
            return Err(Error::new(Code::QuoteExpired));
        }
        let (payment, effects) = Payment::begin(key, terms.expires, now);
        let origin = Origin::Scanned { preview: preview.id, terms: Box::new(terms.clone()), consent: consent.record() };
        Ok((Self { payment, origin, created: now }, effects))
    }

    /// Puts an event through the payment's table, and holds a receipt against the terms that were agreed: one for another
    /// amount, charge or network is no success but a contradiction.
    pub fn step(&self, event: &Event, now: ServerMs, limits: &Limits) -> (Self, Vec<Effect>) {
        let (mut payment, mut effects) = self.payment.step(event, now, limits);
        let differs = match (&self.origin, receipt(&payment.known)) {
            (Origin::Scanned { terms, .. }, Some(receipt)) => {
                (receipt.amount, receipt.home, receipt.network) != (terms.amount, terms.home, terms.network)
            }
            _ => false,
        };
        if differs {
            (payment.state, payment.known.conflict) = (State::Conflict, true);
            effects.clear();
        }
        (Self { payment, ..self.clone() }, effects)
    }

    /// Digest of the event that grants the consent it was made under; none for a shown code, whose fetching carried it.
    pub const fn consent(&self) -> Option<Digest> {
        match &self.origin {
            Origin::Scanned { consent, .. } => Some(*consent),
            Origin::Shown { .. } => None,
        }
    }

    /// Who carries it.
    pub fn network(&self) -> Network {
        match &self.origin {
            Origin::Scanned { terms, .. } => terms.network,
            Origin::Shown { network, .. } => *network,
        }
    }

    /// The receipt, once it is charged.
    pub fn receipt(&self) -> Option<&Receipt> {
        receipt(&self.payment.known)
    }

    /// The shop: as the receipt names it, else as the terms or the gateway did.
    pub fn merchant(&self) -> Option<&Merchant> {
        let begun = match &self.origin {
            Origin::Scanned { terms, .. } => Some(&terms.merchant),
            Origin::Shown { merchant, .. } => merchant.as_ref(),
        };
        self.receipt().map(|receipt| &receipt.merchant).or(begun)
    }

    /// What the shop asks for and what the user is charged, as far as it is known.
    pub fn amounts(&self) -> Option<(Money, Money)> {
        let agreed = match &self.origin {
            Origin::Scanned { terms, .. } => Some((terms.amount, terms.home)),
            Origin::Shown { .. } => None,
        };
        self.receipt().map(|receipt| (receipt.amount, receipt.home)).or(agreed)
    }
}

fn receipt(known: &Known) -> Option<&Receipt> {
    match known.best.as_ref().map(|best| &best.outcome) {
        Some(Outcome::Succeeded { receipt }) => Some(receipt),
        _ => None,
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scanned { .. } => "Scanned(…)",
            Self::Shown { .. } => "Shown(…)",
        })
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Record({}, {:?})", self.payment.key, self.payment.state)
    }
}
