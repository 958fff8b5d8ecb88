//! What the gateway says about a payment. How two answers become one is in [`super::Known`].

use crate::error::Code;
use crate::id::Id;
use crate::money::{Money, Rate};
use crate::network::Network;
use crate::payment::{Beside, Merchant};
use crate::time::ServerMs;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Why the gateway did not charge. Words of the contract; an unknown one reads as [`DeclineReason::Other`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DeclineReason {
    /// The quote was over when the request arrived.
    QuoteExpired,
    /// Not enough money.
    BalanceInsufficient,
    /// A limit of the wallet, the network or the country.
    LimitExceeded,
    /// The order is paid, closed or gone.
    OrderClosed,
    /// The proof did not verify at the gateway.
    ProofInvalid,
    /// The terms in the request are not the ones quoted.
    TermsDiffer,
    /// The gateway holds no effective consent of this user for this network.
    ConsentMissing,
    /// Anything else, such as a risk rule.
    #[serde(other)]
    Other,
}

impl DeclineReason {
    /// The error code that tells the user.
    pub const fn code(self) -> Code {
        match self {
            Self::QuoteExpired => Code::QuoteExpired,
            Self::BalanceInsufficient => Code::BalanceInsufficient,
            Self::LimitExceeded => Code::LimitExceeded,
            Self::OrderClosed => Code::OrderClosed,
            Self::ProofInvalid => Code::ProofInvalid,
            Self::TermsDiffer => Code::QuoteInconsistent,
            Self::ConsentMissing => Code::ConsentNeeded,
            Self::Other => Code::PaymentDeclined,
        }
    }
}

/// The evidence of a payment.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// The network's own number, which shop and user both see (UnionPay's QRC voucher number, for one).
    pub reference: String,
    /// When it was charged.
    pub paid_at: ServerMs,
    /// Who carried it.
    pub network: Network,
    /// The shop.
    pub merchant: Merchant,
    /// What the shop got, in its currency.
    pub amount: Money,
    /// What the user was charged.
    pub home: Money,
    /// The rate between the two.
    pub rate: Rate,
}

/// How a payment ended, or that it has not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// The gateway has it and is not done.
    Pending,
    /// Not charged, and never will be: the gateway refused.
    Declined {
        /// Why.
        reason: DeclineReason,
    },
    /// Not charged, and never will be: the key is dead, whatever still arrives under it (a tombstone).
    Cancelled,
    /// Charged.
    Succeeded {
        /// The evidence.
        receipt: Box<Receipt>,
    },
}

/// One answer about one payment: a response, a poll or a line of history, all alike.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Answer {
    /// The payment's key, echoed. An answer with another key is not an answer.
    pub key: Id,
    /// The gateway's running number of what happened; larger is later.
    pub seq: u64,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// What stands beside that: money given back, requests that people decide, the network's late cancel.
    #[serde(default, skip_serializing_if = "Beside::is_empty")]
    pub beside: Beside,
}

impl Answer {
    /// An answer with nothing beside it.
    pub fn new(key: Id, seq: u64, outcome: Outcome) -> Self {
        Self { key, seq, outcome, beside: Beside::default() }
    }

    /// Whether the payment has ended.
    pub const fn is_final(&self) -> bool {
        !matches!(self.outcome, Outcome::Pending)
    }

    /// Which of two answers stands: a final one, then the later one, then any fixed order.
    pub(super) fn rank(&self) -> (bool, u64, &Outcome, Id) {
        (self.is_final(), self.seq, &self.outcome, self.key)
    }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Receipt({})", self.network)
    }
}
