//! How two answers become one: a join-semilattice, so that answers may come twice, late and in any order.

use crate::id::Id;
use crate::money::Money;
use crate::payment::{Answer, Asked, Beside, Outcome, Receipt, Refund, late_cancel_ends};
use crate::time::ServerMs;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All that the gateway ever said about a payment, merged: nothing is assigned, nothing is forgotten
/// (`security.md` §6.2, "merged, not assigned").
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// The greatest answer so far: finals above pending, then by number.
    pub best: Option<Answer>,
    /// Whether it contradicted itself: two different finals, or something beside the end that cannot be. Once true,
    /// always true.
    pub conflict: bool,
    /// Whether it ever said that it was working on the payment.
    #[serde(default)]
    pub was_pending: bool,
    /// Where a wish to cancel stands, where a person decides.
    #[serde(default)]
    pub cancel: Option<Asked>,
    /// Where a wish for a refund stands.
    #[serde(default)]
    pub refund: Option<Asked>,
    /// All money given back. Only ever grows.
    #[serde(default)]
    pub refunds: BTreeMap<Id, Refund>,
    /// When the network cancelled what it had charged.
    #[serde(default)]
    pub reversed: Option<ServerMs>,
}

impl Known {
    /// What one answer says.
    pub fn from_answer(mut answer: Answer) -> Self {
        let beside = std::mem::take(&mut answer.beside);
        let refunds: BTreeMap<Id, Refund> = beside.refunds.iter().map(|refund| (refund.id, *refund)).collect();
        Self {
            conflict: !credible(&answer.outcome, &beside) || refunds.len() != beside.refunds.len(),
            was_pending: answer.outcome == Outcome::Pending,
            cancel: beside.cancel,
            refund: beside.refund,
            refunds,
            reversed: beside.reversed,
            best: Some(answer),
        }
    }

    /// Puts two states of knowledge together: commutative, associative, idempotent.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        let contradict = match (&self.best, &other.best) {
            (Some(a), Some(b)) => {
                a.is_final() && b.is_final() && (a.outcome != b.outcome || planted!(ApplyNotIdempotent))
            }
            _ => false,
        };
        // One refund, told in two ways.
        let retold = self.refunds.iter().any(|(id, refund)| other.refunds.get(id).is_some_and(|told| told != refund));
        let mut refunds = self.refunds;
        for (id, refund) in other.refunds {
            refunds.entry(id).and_modify(|known| *known = refund.max(*known)).or_insert(refund);
        }
        Self {
            best: self.best.into_iter().chain(other.best).max_by(|a, b| a.rank().cmp(&b.rank())),
            conflict: self.conflict || other.conflict || contradict || retold,
            was_pending: self.was_pending || other.was_pending,
            cancel: self.cancel.max(other.cancel),
            refund: self.refund.max(other.refund),
            refunds,
            reversed: self.reversed.into_iter().chain(other.reversed).min(),
        }
    }

    /// How it ended, as far as it was said.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.best.as_ref().map(|best| &best.outcome)
    }

    /// What was given back so far, in the shop's currency and in the user's; nothing when none was, or when the parts do
    /// not fit the receipt: together more than was paid, in other currencies, or not at their own rate.
    pub fn refunded(&self) -> Option<(Money, Money)> {
        let receipt = self.receipt().filter(|_| !self.refunds.is_empty())?;
        let none = (Money::from_minor(receipt.amount.currency(), 0), Money::from_minor(receipt.home.currency(), 0));
        let sum = self.refunds.values().try_fold(none, |(amount, home), refund| {
            let refund = Some(refund).filter(|refund| refund.fits(receipt))?;
            Some((amount.checked_add(refund.amount).ok()?, home.checked_add(refund.home).ok()?))
        });
        sum.filter(|(amount, _)| amount.minor() <= receipt.amount.minor())
    }

    /// Whether nothing is left to be given back.
    pub fn all_refunded(&self) -> bool {
        self.refunded().zip(self.receipt()).is_some_and(|((amount, _), receipt)| amount == receipt.amount)
    }

    /// The receipt, once charged.
    pub fn receipt(&self) -> Option<&Receipt> {
        match self.outcome() {
            Some(Outcome::Succeeded { receipt }) => Some(receipt),
            _ => None,
        }
    }
}

/// Whether what stands beside an end can stand there: money comes back only from a charge, and a late cancel not too late.
fn credible(outcome: &Outcome, beside: &Beside) -> bool {
    match outcome {
        Outcome::Succeeded { receipt } => {
            let in_time = |at: ServerMs| at >= receipt.paid_at && at <= late_cancel_ends(receipt.paid_at);
            beside.reversed.is_none_or(in_time)
        }
        _ => beside.refund.is_none() && beside.refunds.is_empty() && beside.reversed.is_none(),
    }
}
