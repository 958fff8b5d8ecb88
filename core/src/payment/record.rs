//! A payment with everything around it.

use crate::consent::EffectiveConsent;
use crate::crypto::Digest;
use crate::error::{Code, Error, Result};
use crate::id::Id;
use crate::money::Money;
use crate::network::Network;
use crate::payment::{Effect, Event, Limits, Merchant, Payment, Preview, Receipt, State, Terms};
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
    /// The gateway's history told of it: made on another phone of this user, or before the app was installed anew.
    Told {
        /// Who carried it.
        network: Network,
        /// Whether the user had scanned the shop.
        scanned: bool,
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
    pub fn intend<C>(
        preview: &Preview,
        consent: EffectiveConsent<C>,
        key: Id,
        now: ServerMs,
    ) -> Result<(Self, Vec<Effect>)> {
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
        let differs = match (&self.origin, payment.known.receipt()) {
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

    /// Digest of the event that grants the consent it was made under; none where this wallet sent nothing.
    pub const fn consent(&self) -> Option<Digest> {
        match &self.origin {
            Origin::Scanned { consent, .. } => Some(*consent),
            Origin::Shown { .. } | Origin::Told { .. } => None,
        }
    }

    /// Whether the user scanned the shop (else the shop scanned the user).
    pub const fn scanned(&self) -> bool {
        matches!(self.origin, Origin::Scanned { .. } | Origin::Told { scanned: true, .. })
    }

    /// Who carries it.
    pub fn network(&self) -> Network {
        match &self.origin {
            Origin::Scanned { terms, .. } => terms.network,
            Origin::Shown { network, .. } | Origin::Told { network, .. } => *network,
        }
    }

    /// The receipt, once it is charged.
    pub fn receipt(&self) -> Option<&Receipt> {
        self.payment.known.receipt()
    }

    /// What was given back so far; see [`crate::payment::Known::refunded`].
    pub fn refunded(&self) -> Option<(Money, Money)> {
        self.payment.known.refunded()
    }

    /// The shop: as the receipt names it, else as the terms or the gateway did.
    pub fn merchant(&self) -> Option<&Merchant> {
        let begun = match &self.origin {
            Origin::Scanned { terms, .. } => Some(&terms.merchant),
            Origin::Shown { merchant, .. } | Origin::Told { merchant, .. } => merchant.as_ref(),
        };
        self.receipt().map(|receipt| &receipt.merchant).or(begun)
    }

    /// What the shop asks for and what the user is charged, as far as it is known.
    pub fn amounts(&self) -> Option<(Money, Money)> {
        let agreed = match &self.origin {
            Origin::Scanned { terms, .. } => Some((terms.amount, terms.home)),
            Origin::Shown { .. } | Origin::Told { .. } => None,
        };
        self.receipt().map(|receipt| (receipt.amount, receipt.home)).or(agreed)
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scanned { .. } => "Scanned(…)",
            Self::Shown { .. } => "Shown(…)",
            Self::Told { .. } => "Told(…)",
        })
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Record({}, {:?})", self.payment.key, self.payment.state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::{Currency, Rate};
    use crate::payment::{Answer, Outcome};

    const LIMITS: Limits =
        Limits { resend_horizon_ms: 60_000, order_skew_ms: 1_000, ask_first_ms: 100, ask_longest_ms: 1_000 };

    fn record() -> Record {
        let rate = Rate {
            from: Currency::from_alpha("JPY").unwrap(),
            to: Currency::from_alpha("KRW").unwrap(),
            mantissa: 9,
            scale: 0,
        };
        let amount = Money::from_minor(rate.from, 1_280);
        let merchant = Merchant { name: "Shop".to_owned(), local_name: None, city: None, country: "JP".to_owned() };
        let terms = Terms {
            order: Id([1; 16]),
            quote: Id([2; 16]),
            network: Network::parse("alipayplus").unwrap(),
            code: Digest([3; 32]),
            merchant,
            amount,
            home: rate.convert(amount).unwrap(),
            rate,
            expires: ServerMs(10_000),
        };
        let origin = Origin::Scanned { preview: Id([4; 16]), terms: Box::new(terms), consent: Digest([5; 32]) };
        Record { payment: Payment::begin(Id([6; 16]), ServerMs(10_000), ServerMs(0)).0, origin, created: ServerMs(0) }
    }

    #[test]
    fn a_receipt_for_other_terms_is_a_contradiction_and_no_success() {
        let begun = record();
        let Origin::Scanned { terms, .. } = &begun.origin else { unreachable!() };
        let agreed = Receipt {
            reference: "1".to_owned(),
            paid_at: ServerMs(1),
            network: terms.network,
            merchant: terms.merchant.clone(),
            amount: terms.amount,
            home: terms.home,
            rate: terms.rate,
        };
        let more = |money: Money| Money::from_minor(money.currency(), 999_999);
        for (receipt, state) in [
            (agreed.clone(), State::Succeeded),
            (Receipt { home: more(agreed.home), ..agreed.clone() }, State::Conflict),
            (Receipt { amount: more(agreed.amount), ..agreed.clone() }, State::Conflict),
            (Receipt { network: Network::parse("unionpay").unwrap(), ..agreed.clone() }, State::Conflict),
        ] {
            let outcome = Outcome::Succeeded { receipt: Box::new(receipt) };
            let answer = Event::Answered(Answer::new(begun.payment.key, 1, outcome));
            assert_eq!(begun.step(&answer, ServerMs(1), &LIMITS).0.payment.state, state);
        }
    }
}
