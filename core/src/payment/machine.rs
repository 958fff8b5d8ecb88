//! The transition table of a payment (`security.md` §6.2): pure, total, the one place where its state changes.
//!
//! A state says what is known about the money; the effects say what the wallet owes. Both are committed together
//! before anything is done. States here begin where the intent is durable: before that there is only a preview.

use crate::id::Id;
use crate::payment::{Answer, Known, Outcome};
use crate::time::ServerMs;
use serde::{Deserialize, Serialize};

/// Where a payment stands.
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
    /// Charged. Ended.
    Succeeded,
    /// The gateway refused; not charged. Ended.
    Declined,
    /// It surely never reached the gateway in time; not charged. Ended.
    Unsent,
    /// Two final answers contradict each other; people have to look. Ended.
    Conflict,
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
    /// The consent was withdrawn before the request left.
    ConsentGone,
}

/// What can happen to a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The wallet started and found it on disk.
    Woke,
    /// The gateway said something: a response, a poll, a push, a line of history.
    Answered(Answer),
    /// The request surely did not leave: building, name look-up, connecting or TLS failed (R3).
    NotSent(UnsentReason),
    /// The request may have left, and no usable answer came (R3).
    Lost,
    /// Asked; the gateway has never seen this key.
    NotSeen,
    /// Asked; no usable answer.
    AskFailed,
}

/// What the wallet owes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Send the stored bytes.
    Send,
    /// Ask the gateway at this time.
    Ask(ServerMs),
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

/// The part of a payment the machine decides about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// The idempotency key: one intent, one key, for all its attempts.
    pub key: Id,
    /// Where it stands.
    pub state: State,
    /// Why it was never sent, when it was not.
    pub unsent: Option<UnsentReason>,
    /// How often the bytes were handed to the transport, counted before each time.
    pub attempt: u32,
    /// Whether any attempt may have arrived.
    pub maybe_sent: bool,
    /// When the first attempt was committed.
    pub first_sent: ServerMs,
    /// When the quote ends; after it the gateway refuses.
    pub order_ends: ServerMs,
    /// Questions asked in a row without a final answer.
    pub asked: u32,
    /// Everything the gateway said, merged.
    pub known: Known,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::Sending,
        Self::Unknown,
        Self::NotSeen,
        Self::Pending,
        Self::Succeeded,
        Self::Declined,
        Self::Unsent,
        Self::Conflict,
    ];

    /// Whether nothing is owed any more.
    pub const fn ended(self) -> bool {
        matches!(self, Self::Succeeded | Self::Declined | Self::Unsent | Self::Conflict)
    }

    /// Whether the same order may be paid by a new intent: only after an end without a charge (R7).
    pub const fn frees_order(self) -> bool {
        matches!(self, Self::Declined | Self::Unsent)
    }

    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sending => "sending",
            Self::Unknown => "unknown",
            Self::NotSeen => "not_seen",
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
            Self::Declined => "declined",
            Self::Unsent => "unsent",
            Self::Conflict => "conflict",
        }
    }

    /// The state of this name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

impl Payment {
    /// A new intent: its first attempt is about to be committed, and then sent.
    pub fn begin(key: Id, order_ends: ServerMs, now: ServerMs) -> (Self, Vec<Effect>) {
        let payment = Self {
            key,
            state: State::Sending,
            unsent: None,
            attempt: 1,
            maybe_sent: false,
            first_sent: now,
            order_ends,
            asked: 0,
            known: Known::default(),
        };
        (payment, vec![Effect::Send])
    }

    /// A payment the wallet hears of from the gateway: a shop scanned a shown code.
    pub fn heard(answer: Answer, now: ServerMs, limits: &Limits) -> (Self, Vec<Effect>) {
        let key = answer.key;
        let blank = Self { state: State::Pending, attempt: 0, maybe_sent: true, ..Self::begin(key, now, now).0 };
        blank.step(&Event::Answered(answer), now, limits)
    }

    /// The next state and what is owed for it. Total: every state has a result for every event.
    pub fn step(&self, event: &Event, now: ServerMs, limits: &Limits) -> (Self, Vec<Effect>) {
        use State::{NotSeen, Pending, Sending, Unknown};
        match (self.state, event) {
            (_, Event::Answered(answer)) => self.answered(answer, now, limits),
            // An ended payment owes nothing and hears only answers.
            (state, _) if state.ended() => (self.clone(), vec![]),
            // Found on disk: it may have left before the process died, so it is asked about, never sent again unasked (R12).
            (Sending, Event::Woke) => {
                (Self { state: Unknown, maybe_sent: true, asked: 0, ..self.clone() }, vec![Effect::Ask(now)])
            }
            (_, Event::Woke) => (Self { asked: 0, ..self.clone() }, vec![Effect::Ask(now)]),
            (Sending, Event::NotSent(reason)) if !self.maybe_sent => {
                (Self { state: State::Unsent, unsent: Some(*reason), ..self.clone() }, vec![])
            }
            // An earlier attempt may have arrived: this one's failure says nothing about that one.
            (Sending, Event::NotSent(_)) => self.ask_again(Unknown, now, limits),
            // Only the first loss begins with quick questions: a gateway that loses every request is not to be hammered.
            (Sending, Event::Lost) => {
                let asked = if self.attempt == 1 { 0 } else { self.asked };
                Self { maybe_sent: true, asked, ..self.clone() }.ask_again(Unknown, now, limits)
            }
            // Late news of an attempt that was already given up on.
            (Unknown | NotSeen | Pending, Event::NotSent(_) | Event::Lost) => self.ask_again(self.state, now, limits),
            // The question crossed an attempt that is under way; that attempt's end decides.
            (Sending, Event::NotSeen | Event::AskFailed) => (self.clone(), vec![]),
            (Unknown | NotSeen, Event::NotSeen) => self.not_seen(now, limits),
            // It had it and now it does not: the gateway contradicts itself. Keep asking.
            (Pending, Event::NotSeen) => self.ask_again(Pending, now, limits),
            (Unknown | NotSeen | Pending, Event::AskFailed) => self.ask_again(self.state, now, limits),
            (State::Succeeded | State::Declined | State::Unsent | State::Conflict, _) => (self.clone(), vec![]),
        }
    }

    fn answered(&self, answer: &Answer, now: ServerMs, limits: &Limits) -> (Self, Vec<Effect>) {
        // An answer with another key is somebody else's: no answer at all (R3).
        if answer.key != self.key {
            let instead = if self.state == State::Sending { Event::Lost } else { Event::AskFailed };
            return self.step(&instead, now, limits);
        }
        let known = self.known.clone().merge(Known::from_answer(answer.clone()));
        let said = match known.best.as_ref().map(|best| &best.outcome) {
            _ if known.conflict => State::Conflict,
            Some(Outcome::Succeeded { .. }) => State::Succeeded,
            Some(Outcome::Declined { .. }) => State::Declined,
            Some(Outcome::Pending) | None => State::Pending,
        };
        let state = match (self.state, said) {
            (State::Conflict, _) => State::Conflict,
            // Not charged, both say.
            (State::Unsent, State::Declined) => State::Unsent,
            // We were sure that it never left, and the gateway has it: people have to look.
            (State::Unsent, _) => State::Conflict,
            (_, said) => said,
        };
        let next = Self { known, maybe_sent: true, ..self.clone() };
        match state {
            State::Pending => next.ask_again(State::Pending, now, limits),
            state => (Self { state, ..next }, vec![]),
        }
    }

    /// The gateway has never seen the key. While the order lives the same bytes may go again (R2, R4); when it is over
    /// and nothing can be on its way any more, it was not charged (R5); in between only time can tell.
    fn not_seen(&self, now: ServerMs, limits: &Limits) -> (Self, Vec<Effect>) {
        let order_alive = now < self.order_ends;
        let within_horizon = now.since(self.first_sent) < limits.resend_horizon_ms;
        if order_alive && within_horizon {
            let next = Self { state: State::Sending, attempt: self.attempt.saturating_add(1), ..self.clone() };
            return (next, vec![Effect::Send]);
        }
        let nothing_under_way = self.order_ends.plus(limits.order_skew_ms);
        if now > nothing_under_way {
            let next = Self { state: State::Unsent, unsent: Some(UnsentReason::OrderOver), ..self.clone() };
            return (next, vec![]);
        }
        let (next, _) = self.ask_again(State::NotSeen, now, limits);
        let at = now.plus(wait_ms(self.asked, limits)).min(nothing_under_way.plus(1));
        (next, vec![Effect::Ask(at)])
    }

    fn ask_again(&self, state: State, now: ServerMs, limits: &Limits) -> (Self, Vec<Effect>) {
        let at = now.plus(wait_ms(self.asked, limits));
        (Self { state, asked: self.asked.saturating_add(1), ..self.clone() }, vec![Effect::Ask(at)])
    }
}

/// Doubles with every question, from the first to the longest waiting time.
fn wait_ms(asked: u32, limits: &Limits) -> i64 {
    let factor = 1i64.checked_shl(asked.min(40)).unwrap_or(i64::MAX);
    limits.ask_first_ms.saturating_mul(factor).min(limits.ask_longest_ms)
}
