//! Where a payment can stand, what can happen to it, and what it can owe.

use crate::payment::Answer;
use crate::time::ServerMs;
use serde::{Deserialize, Serialize};

/// Where a payment stands. It begins where the intent is durable: before that there is only a preview, which is drafted,
/// proven or thrown away without a trace at the gateway (Draft, Ready and Discarded of `security.md` §6.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The request is on disk and may be leaving right now.
    Sending,
    /// The request may have arrived; the answer was lost. Shown as "checking".
    Unknown,
    /// The gateway has not seen it yet, but it could still be on its way. Shown as "checking".
    NotSeen,
    /// The gateway has it and is working. Shown as "checking".
    Pending,
    /// It is to be cancelled; whether it still can be is not known yet. Shown as "cancelling".
    CancelWanted,
    /// Charged. Ended.
    Succeeded,
    /// The gateway refused; not charged. Ended.
    Declined,
    /// It surely never reached the gateway in time; not charged. Ended.
    Unsent,
    /// Cancelled before it was charged. Ended.
    Cancelled,
    /// Charged, and then cancelled by the network: the money is back. Ended.
    Reversed,
    /// What the gateway said contradicts itself, or what the wallet is sure of; people have to look. Ended.
    Conflict,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 11] = [
        Self::Sending,
        Self::Unknown,
        Self::NotSeen,
        Self::Pending,
        Self::CancelWanted,
        Self::Succeeded,
        Self::Declined,
        Self::Unsent,
        Self::Cancelled,
        Self::Reversed,
        Self::Conflict,
    ];

    /// Whether how it ends is known.
    pub const fn ended(self) -> bool {
        !matches!(self, Self::Sending | Self::Unknown | Self::NotSeen | Self::Pending | Self::CancelWanted)
    }

    /// R7: the same order may be paid by a new intent only after an end without a charge.
    pub const fn frees_order(self) -> bool {
        matches!(self, Self::Declined | Self::Unsent | Self::Cancelled)
    }

    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sending => "sending",
            Self::Unknown => "unknown",
            Self::NotSeen => "not_seen",
            Self::Pending => "pending",
            Self::CancelWanted => "cancel_wanted",
            Self::Succeeded => "succeeded",
            Self::Declined => "declined",
            Self::Unsent => "unsent",
            Self::Cancelled => "cancelled",
            Self::Reversed => "reversed",
            Self::Conflict => "conflict",
        }
    }

    /// The state of this name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// Why a payment was never sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnsentReason {
    /// The gateway could not be reached.
    Unreachable,
    /// The server that answered is not the gateway.
    Untrusted,
    /// The phone's key store did not sign the request.
    Unsigned,
    /// The order ended before the gateway saw the request.
    OrderOver,
    /// The gateway refused the request itself, and the order ended without it.
    Refused,
    /// The consent was withdrawn before the request left.
    ConsentGone,
}

/// Who wants a payment cancelled. The user's wish is the greater: it includes that the money comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelBy {
    /// The wallet: the gateway has lost what it had, and the order is over.
    Deadline,
    /// The user.
    User,
}

/// What can happen to a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The wallet started and found it on disk.
    Woke,
    /// The gateway said something: a response, a poll, a line of history.
    Answered(Answer),
    /// The request surely did not leave: building, name look-up, connecting or TLS failed (R3).
    NotSent(UnsentReason),
    /// The request may have left, and no usable answer came (R3).
    Lost,
    /// The gateway refused the request itself, and would refuse these bytes again.
    Refused,
    /// The gateway is busy and wants to be left alone for so many milliseconds. Whether it took the request is not known.
    Busy(i64),
    /// Asked; the gateway has never seen this key.
    NotSeen,
    /// Asked; no usable answer.
    AskFailed,
    /// Somebody wants it cancelled. Of a charged payment the user wants the money back.
    CancelAsked(CancelBy),
    /// The cancel may have left, and no usable answer came.
    CancelFailed,
    /// The gateway cannot cancel this payment at all.
    CancelRefused,
    /// The user wants the money back.
    RefundAsked,
    /// The request for a refund may have left, and no usable answer came.
    RefundFailed,
    /// The gateway gives no refund of this payment.
    RefundRefused,
}

/// What the wallet owes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Send the stored bytes.
    Send,
    /// Ask the gateway at this time.
    Ask(ServerMs),
    /// Tell the gateway at this time that the payment is to be cancelled.
    Cancel(ServerMs),
    /// Tell the gateway at this time that the user wants the money back.
    RequestRefund(ServerMs),
}

/// How patient the machine is; see [`crate::config::Patience`] for the meaning of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long after the first send a re-send is allowed (R4).
    pub resend_horizon_ms: i64,
    /// How long after the order's end a request may still arrive (R5).
    pub order_skew_ms: i64,
    /// First waiting time between questions.
    pub ask_first_ms: i64,
    /// Longest waiting time between questions.
    pub ask_longest_ms: i64,
}

impl Limits {
    /// Doubles with every question, from the first to the longest waiting time.
    pub fn wait_ms(&self, asked: u32) -> i64 {
        let factor = 1i64.checked_shl(asked.min(40)).unwrap_or(i64::MAX);
        self.ask_first_ms.saturating_mul(factor).min(self.ask_longest_ms)
    }
}
