//! The transition table of a payment (`security.md` §6.2): pure, total, the one place where its state changes.
//!
//! A state says what is known about the money; the effects say what the wallet owes. Both are committed together
//! before anything is done. The table is printed into `docs/reliability.md`.

use crate::id::Id;
use crate::payment::{Answer, Asked, CancelBy, Effect, Event, Known, Limits, Outcome, State, UnsentReason};
use crate::time::ServerMs;
use serde::{Deserialize, Serialize};

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
    /// Whether the gateway refused the request itself: the bytes never go again.
    #[serde(default)]
    pub refused: bool,
    /// When the first attempt was committed.
    pub first_sent: ServerMs,
    /// When the quote ends; after it the gateway refuses.
    pub order_ends: ServerMs,
    /// Questions asked in a row without a final answer.
    pub asked: u32,
    /// Who wants it cancelled.
    #[serde(default)]
    pub cancel: Option<CancelBy>,
    /// Whether the user asked for the money back.
    #[serde(default)]
    pub refund_asked: bool,
    /// Whether the gateway refused to hear of a refund.
    #[serde(default)]
    pub refund_refused: bool,
    /// Everything the gateway said, merged.
    pub known: Known,
}

impl Payment {
    /// R1: a new intent. Its first attempt is about to be committed, and then sent.
    pub fn begin(key: Id, order_ends: ServerMs, now: ServerMs) -> (Self, Vec<Effect>) {
        let payment = Self {
            key,
            state: State::Sending,
            unsent: None,
            attempt: 1,
            maybe_sent: false,
            refused: false,
            first_sent: now,
            order_ends,
            asked: 0,
            cancel: None,
            refund_asked: false,
            refund_refused: false,
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
        use State::{CancelWanted, NotSeen, Pending, Sending, Succeeded, Unknown};
        let stay = || (self.clone(), vec![]);
        match (self.state, event) {
            (_, Event::Answered(answer)) => self.answered(answer, now, limits),

            // A charged payment owes nothing but what the user asks for beside it.
            (Succeeded, Event::RefundAsked | Event::CancelAsked(CancelBy::User)) => {
                Self { refund_asked: true, asked: 0, ..self.clone() }.request_refund(now)
            }
            (Succeeded, Event::RefundFailed) => self.request_refund_again(0, now, limits),
            (Succeeded, Event::Busy(pause)) => self.request_refund_again(*pause, now, limits),
            (Succeeded, Event::RefundRefused) => (Self { refund_refused: true, ..self.clone() }, vec![]),
            (Succeeded, Event::Woke) => Self { asked: 0, ..self.clone() }.request_refund(now),
            // An ended payment owes nothing and hears only answers.
            (state, _) if state.ended() => stay(),
            // Nothing is charged yet, as far as is known: there is nothing to give back.
            (_, Event::RefundAsked | Event::RefundFailed | Event::RefundRefused) => self.go_on(now, limits),

            (CancelWanted, Event::CancelRefused) => {
                let before = if self.known.best.is_some() { Pending } else { Unknown };
                Self { cancel: None, ..self.clone() }.ask_again(before, now, limits)
            }
            (CancelWanted, Event::CancelAsked(by)) => {
                Self { cancel: self.cancel.max(Some(*by)), ..self.clone() }.go_on_cancelling(now, limits)
            }
            (CancelWanted, Event::Woke) => Self { asked: 0, ..self.clone() }.cancel(now),
            (CancelWanted, Event::Busy(pause)) => self.busy(*pause, now, limits),
            // A person had the cancel in hand, and the gateway lost it.
            (CancelWanted, Event::NotSeen) => self.cancel_again(now, limits),
            // What comes of the sending or of a question says nothing about the cancel.
            (CancelWanted, _) => self.go_on_cancelling(now, limits),
            (_, Event::CancelAsked(by)) => {
                let asked = if *by == CancelBy::User { 0 } else { self.asked };
                Self { cancel: Some(*by), maybe_sent: true, asked, ..self.clone() }.cancel(now)
            }
            // Nothing is to be cancelled any more: late news.
            (_, Event::CancelFailed | Event::CancelRefused) => self.go_on(now, limits),

            // R12: it may have left before the process died, so it is asked about, never sent again unasked.
            (Sending, Event::Woke) => Self { maybe_sent: true, asked: 0, ..self.clone() }.ask(Unknown, now),
            (state, Event::Woke) => Self { asked: 0, ..self.clone() }.ask(state, now),
            (Sending, Event::NotSent(reason)) if !self.maybe_sent => self.end_unsent(*reason),
            // R3: an earlier attempt may have arrived; this one's failure says nothing about that one.
            (Sending, Event::NotSent(_)) => self.ask_again(Unknown, now, limits),
            // R3: may have left is not known. Only the first loss begins with quick questions: a gateway that loses
            // every request is not to be hammered.
            (Sending, Event::Lost) if planted!(LostIsFailure) => self.end_unsent(UnsentReason::Unreachable),
            (Sending, Event::Lost) => self.may_have_left().ask_again(Unknown, now, limits),
            // The same bytes would be refused again: from here on it is only asked about.
            (Sending, Event::Refused) => Self { refused: true, ..self.may_have_left() }.ask_again(Unknown, now, limits),
            (Sending, Event::Busy(pause)) => self.may_have_left().busy(*pause, now, limits),
            // The question crossed an attempt that is under way; that attempt's end decides.
            (Sending, Event::NotSeen | Event::AskFailed) => stay(),

            (Unknown | NotSeen, Event::NotSeen) => self.not_seen(now, limits),
            (Pending, Event::NotSeen) => self.forgotten(now, limits),
            (_, Event::Busy(pause)) => self.busy(*pause, now, limits),
            // Late news of an attempt that was already given up on, or a question without an answer.
            (_, Event::NotSent(_) | Event::Lost | Event::AskFailed | Event::NotSeen) => self.go_on(now, limits),
            (_, Event::Refused) => Self { refused: true, ..self.clone() }.go_on(now, limits),
        }
    }

    /// The one `apply` of `security.md` §6.2: whatever the way an answer came by, it is merged into what is known, and
    /// the state follows from that and from what the wallet itself is sure of.
    fn answered(&self, answer: &Answer, now: ServerMs, limits: &Limits) -> (Self, Vec<Effect>) {
        // R3: an answer with another key is somebody else's, and no answer at all.
        if answer.key != self.key {
            let instead = if self.state == State::Sending { Event::Lost } else { Event::AskFailed };
            return self.step(&instead, now, limits);
        }
        let known = self.known.clone().merge(Known::from_answer(answer.clone()));
        let mut next = Self { known, maybe_sent: true, ..self.clone() };
        next.state = next.follows();
        match next.state {
            State::Pending => next.ask_again(State::Pending, now, limits),
            State::CancelWanted => next.go_on_cancelling(now, limits),
            State::Succeeded => next.request_refund(now),
            _ => (next, vec![]),
        }
    }

    /// The state that follows from what is known. It looks at nothing that depends on the order of answers.
    fn follows(&self) -> State {
        let said = match self.known.outcome() {
            _ if self.known.conflict || self.state == State::Conflict => State::Conflict,
            Some(Outcome::Succeeded { .. }) if self.known.reversed.is_some() => State::Reversed,
            Some(Outcome::Succeeded { .. }) if planted!(RefundRewritesState) && !self.known.refunds.is_empty() => {
                State::Declined
            }
            Some(Outcome::Succeeded { .. }) => State::Succeeded,
            Some(Outcome::Declined { .. }) => State::Declined,
            Some(Outcome::Cancelled) => State::Cancelled,
            Some(Outcome::Pending) | None => State::Pending,
        };
        match said {
            // Not charged, both say. A gateway that was ever working on what surely never left has to be looked at.
            State::Declined | State::Cancelled if self.unsent.is_some() && !self.known.was_pending => State::Unsent,
            _ if self.unsent.is_some() => State::Conflict,
            // A person said no: it goes on as if nobody had asked.
            State::Pending if self.cancel.is_some() && self.known.cancel != Some(Asked::Refused) => State::CancelWanted,
            said => said,
        }
    }

    /// The gateway has never seen the key. While the order lives the same bytes may go again (R2, R4); when it is over
    /// and nothing can be on its way any more, it was not charged (R5); in between only time can tell.
    fn not_seen(&self, now: ServerMs, limits: &Limits) -> (Self, Vec<Effect>) {
        let order_alive = now < self.order_ends;
        // R4: after the resend horizon the gateway may have forgotten the key, and the bytes would be a new charge.
        let within_horizon = now.since(self.first_sent) < limits.resend_horizon_ms || planted!(ResendAfterHorizon);
        if planted!(NotSeenIsFailure) {
            return self.end_unsent(UnsentReason::OrderOver);
        }
        if order_alive && within_horizon && !self.refused {
            let next = Self { state: State::Sending, attempt: self.attempt.saturating_add(1), ..self.clone() };
            return (next, vec![Effect::Send]);
        }
        // R5: "never seen" is the end only when nothing can be under way any more.
        let nothing_under_way = self.nothing_under_way(limits);
        if now > nothing_under_way {
            return self.end_unsent(if self.refused { UnsentReason::Refused } else { UnsentReason::OrderOver });
        }
        let (next, _) = self.ask_again(State::NotSeen, now, limits);
        let at = now.plus(limits.wait_ms(self.asked)).min(nothing_under_way.plus(1));
        (next, vec![Effect::Ask(at)])
    }

    /// The gateway had it and now it does not: it lost what was in its hands. Time alone proves nothing here, so when
    /// the order is over only a tombstone ends it (R5).
    fn forgotten(&self, now: ServerMs, limits: &Limits) -> (Self, Vec<Effect>) {
        if now > self.nothing_under_way(limits) {
            return self.step(&Event::CancelAsked(CancelBy::Deadline), now, limits);
        }
        self.ask_again(State::Pending, now, limits)
    }

    fn nothing_under_way(&self, limits: &Limits) -> ServerMs {
        self.order_ends.plus(limits.order_skew_ms)
    }

    /// Whether the gateway has to be told that it is to be cancelled: it is, and no person has it in hand.
    pub fn owes_cancel(&self) -> bool {
        self.state == State::CancelWanted && self.known.cancel != Some(Asked::Open)
    }

    /// Whether the gateway has to be told that the user wants the money back.
    pub fn owes_refund_request(&self) -> bool {
        self.state == State::Succeeded && self.refund_wanted()
    }

    /// Whether the user wants back what was charged, and nobody has taken that up yet.
    fn refund_wanted(&self) -> bool {
        // "Already paid" is the answer to a cancel that came too late: the user's wish is then for the money.
        let by_cancel = self.cancel == Some(CancelBy::User) && self.known.cancel != Some(Asked::Refused);
        let open = self.known.refund.is_none() && !self.refund_refused && !self.known.all_refunded();
        (self.refund_asked || by_cancel) && open
    }

    fn end_unsent(&self, reason: UnsentReason) -> (Self, Vec<Effect>) {
        (Self { state: State::Unsent, unsent: Some(reason), ..self.clone() }, vec![])
    }

    fn may_have_left(&self) -> Self {
        let asked = if self.attempt == 1 { 0 } else { self.asked };
        Self { maybe_sent: true, asked, ..self.clone() }
    }

    fn ask(self, state: State, at: ServerMs) -> (Self, Vec<Effect>) {
        (Self { state, ..self }, vec![Effect::Ask(at)])
    }

    fn ask_again(&self, state: State, now: ServerMs, limits: &Limits) -> (Self, Vec<Effect>) {
        let at = now.plus(limits.wait_ms(self.asked));
        self.waited().ask(state, at)
    }

    fn cancel(self, at: ServerMs) -> (Self, Vec<Effect>) {
        (Self { state: State::CancelWanted, ..self }, vec![Effect::Cancel(at)])
    }

    /// The cancel goes again until it is answered; where a person has it in hand, it is only asked about.
    fn go_on_cancelling(&self, now: ServerMs, limits: &Limits) -> (Self, Vec<Effect>) {
        if self.owes_cancel() {
            return self.cancel_again(now, limits);
        }
        self.ask_again(State::CancelWanted, now, limits)
    }

    fn cancel_again(&self, now: ServerMs, limits: &Limits) -> (Self, Vec<Effect>) {
        let at = now.plus(limits.wait_ms(self.asked));
        self.waited().cancel(at)
    }

    /// Nothing new: what was owed stays owed.
    fn go_on(&self, now: ServerMs, limits: &Limits) -> (Self, Vec<Effect>) {
        match self.state {
            State::Sending => (self.clone(), vec![]),
            State::CancelWanted => self.go_on_cancelling(now, limits),
            state => self.ask_again(state, now, limits),
        }
    }

    fn request_refund(self, at: ServerMs) -> (Self, Vec<Effect>) {
        let owed = self.refund_wanted().then_some(Effect::RequestRefund(at));
        (self, owed.into_iter().collect())
    }

    fn request_refund_again(&self, pause: i64, now: ServerMs, limits: &Limits) -> (Self, Vec<Effect>) {
        let at = self.after(pause, now, limits);
        self.waited().request_refund(at)
    }

    fn busy(&self, pause: i64, now: ServerMs, limits: &Limits) -> (Self, Vec<Effect>) {
        let at = self.after(pause, now, limits);
        match self.state {
            State::Sending => self.waited().ask(State::Unknown, at),
            State::CancelWanted if self.owes_cancel() => self.waited().cancel(at),
            state => self.waited().ask(state, at),
        }
    }

    /// When a gateway that wants this pause is spoken to again: not earlier than usual, nor later than ever.
    fn after(&self, pause: i64, now: ServerMs, limits: &Limits) -> ServerMs {
        now.plus(pause.min(limits.ask_longest_ms).max(limits.wait_ms(self.asked)))
    }

    fn waited(&self) -> Self {
        Self { asked: self.asked.saturating_add(1), ..self.clone() }
    }
}
