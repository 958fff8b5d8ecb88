//! What the gateway says about a payment, and how two answers become one.

use crate::error::Code;
use crate::id::Id;
use crate::money::{Money, Rate};
use crate::network::Network;
use crate::payment::Merchant;
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
    /// Not charged, and never will be.
    Declined {
        /// Why.
        reason: DeclineReason,
    },
    /// Charged.
    Succeeded {
        /// The evidence.
        receipt: Box<Receipt>,
    },
}

/// One answer about one payment: a response, a poll, a push or a line of history, all alike.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Answer {
    /// The payment's key, echoed. An answer with another key is not an answer.
    pub key: Id,
    /// The gateway's running number of what happened; larger is later.
    pub seq: u64,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// All that is known about how a payment ended: a join-semilattice, so that answers may come twice, late and in any
/// order (R-merge of `security.md` §6.2).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// The greatest answer so far: finals above pending, then by number.
    pub best: Option<Answer>,
    /// Whether two finals contradicted each other. Once true, always true.
    pub conflict: bool,
}

impl Known {
    /// What one answer says.
    pub const fn from_answer(answer: Answer) -> Self {
        Self { best: Some(answer), conflict: false }
    }

    /// Puts two states of knowledge together: commutative, associative, idempotent.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        let contradict = match (&self.best, &other.best) {
            (Some(a), Some(b)) => a.is_final() && b.is_final() && a.outcome != b.outcome,
            _ => false,
        };
        let conflict = self.conflict || other.conflict || contradict;
        let best = self.best.into_iter().chain(other.best).max_by(|a, b| a.rank().cmp(&b.rank()));
        Self { best, conflict }
    }
}

impl Answer {
    /// Whether the payment has ended.
    pub const fn is_final(&self) -> bool {
        !matches!(self.outcome, Outcome::Pending)
    }

    fn rank(&self) -> (bool, u64, &Outcome, Id) {
        (self.is_final(), self.seq, &self.outcome, self.key)
    }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Receipt({})", self.network)
    }
}
