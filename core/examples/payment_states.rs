//! Prints the transition table of a payment, as `Payment::step` has it: a diagram, and every state with every event.
//! `cargo xtask reliability` puts it into `docs/reliability.md`.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "an example that prints"
)]

use jigap::id::Id;
use jigap::money::{Currency, Money, Rate};
use jigap::network::Network;
use jigap::payment::{
    Answer, Asked, Beside, CancelBy, DeclineReason, Effect, Event, Known, Limits, Merchant, Outcome, Payment, Receipt,
    Refund, State, UnsentReason, late_cancel_ends,
};
use jigap::time::ServerMs;
use std::collections::BTreeMap;
use std::fmt::Write;

pub(crate) const START: ServerMs = ServerMs(1_795_446_000_000);
pub(crate) const ORDER_ENDS: ServerMs = START.plus(180_000);
pub(crate) const LIMITS: Limits =
    Limits { resend_horizon_ms: 100_000, order_skew_ms: 60_000, ask_first_ms: 1_000, ask_longest_ms: 30_000 };
const KEY: Id = Id([7; 16]);

fn main() {
    print!("{}", chart());
}

fn won(minor: i64) -> Money {
    Money::from_minor(Currency::from_alpha("KRW").unwrap(), minor)
}

/// A charge of ¥1,280.
pub(crate) fn receipt() -> Receipt {
    let rate = Rate { from: Currency::from_alpha("JPY").unwrap(), to: won(0).currency(), mantissa: 9, scale: 0 };
    Receipt {
        reference: "1".to_owned(),
        paid_at: START,
        network: Network::parse("alipayplus").unwrap(),
        merchant: Merchant { name: "Shop".to_owned(), local_name: None, city: None, country: "JP".to_owned() },
        amount: Money::from_minor(rate.from, 1_280),
        home: won(11_520),
        rate,
    }
}

/// A part of it given back, at the rate of another day.
pub(crate) fn refund() -> Refund {
    let rate = Rate { mantissa: 10, ..receipt().rate };
    let amount = Money::from_minor(rate.from, 280);
    Refund { id: Id([9; 16]), at: START, amount, home: won(2_800), rate }
}

pub(crate) fn charged() -> Outcome {
    Outcome::Succeeded { receipt: Box::new(receipt()) }
}

pub(crate) const DECLINED: Outcome = Outcome::Declined { reason: DeclineReason::BalanceInsufficient };

/// What the gateway says: outcome and what stands beside it.
pub(crate) fn says(outcome: Outcome, beside: Beside) -> Answer {
    Answer { beside, ..Answer::new(KEY, 4, outcome) }
}

fn plain(outcome: Outcome) -> Event {
    Event::Answered(says(outcome, Beside::default()))
}

fn reversed(at: ServerMs) -> Beside {
    Beside { reversed: Some(at), ..Beside::default() }
}

/// A payment in this state, as a first attempt without trouble would leave it.
pub(crate) fn payment(state: State) -> Payment {
    let said = |outcome, beside| Known::from_answer(says(outcome, beside));
    let known = match state {
        State::Sending | State::Unknown | State::NotSeen | State::Unsent | State::CancelWanted => Known::default(),
        State::Pending => said(Outcome::Pending, Beside::default()),
        State::Succeeded => said(charged(), Beside::default()),
        State::Reversed => said(charged(), reversed(START.plus(1))),
        State::Declined => said(DECLINED, Beside::default()),
        State::Cancelled => said(Outcome::Cancelled, Beside::default()),
        State::Conflict => said(charged(), Beside::default()).merge(said(DECLINED, Beside::default())),
    };
    Payment {
        state,
        known,
        unsent: (state == State::Unsent).then_some(UnsentReason::Unreachable),
        cancel: (state == State::CancelWanted).then_some(CancelBy::User),
        maybe_sent: !matches!(state, State::Sending | State::Unsent),
        ..Payment::begin(KEY, ORDER_ENDS, START).0
    }
}

/// Every kind of event, with what it is called and when it comes.
pub(crate) fn events() -> Vec<(&'static str, Event, ServerMs)> {
    let alive = START.plus(10_000);
    let silent = ORDER_ENDS.plus(LIMITS.order_skew_ms).plus(1);
    let cancel = |asked| Beside { cancel: Some(asked), ..Beside::default() };
    let part = Beside { refunds: vec![refund()], refund: Some(Asked::Granted), ..Beside::default() };
    let too_late = late_cancel_ends(START).plus(1);
    let told = |outcome, beside| Event::Answered(says(outcome, beside));
    let mut events = vec![
        ("the wallet starts", Event::Woke),
        ("answer: pending", plain(Outcome::Pending)),
        ("answer: pending, a person decides about the cancel", told(Outcome::Pending, cancel(Asked::Open))),
        ("answer: pending, a person refused the cancel", told(Outcome::Pending, cancel(Asked::Refused))),
        ("answer: charged", plain(charged())),
        ("answer: charged, a part given back", told(charged(), part)),
        ("answer: charged, cancelled by the network", told(charged(), reversed(START.plus(1)))),
        ("answer: charged, cancelled by the network too late", told(charged(), reversed(too_late))),
        ("answer: declined", plain(DECLINED)),
        ("answer: cancelled", plain(Outcome::Cancelled)),
        ("answer about another key", Event::Answered(Answer::new(Id([8; 16]), 9, charged()))),
        ("surely not sent", Event::NotSent(UnsentReason::Unreachable)),
        ("perhaps sent, no answer", Event::Lost),
        ("the request itself refused", Event::Refused),
        ("busy", Event::Busy(5_000)),
        ("question failed", Event::AskFailed),
        ("the user cancels", Event::CancelAsked(CancelBy::User)),
        ("the wallet cancels", Event::CancelAsked(CancelBy::Deadline)),
        ("cancel: no answer", Event::CancelFailed),
        ("cancel: cannot be", Event::CancelRefused),
        ("the user wants the money back", Event::RefundAsked),
        ("refund: no answer", Event::RefundFailed),
        ("refund: not given", Event::RefundRefused),
    ];
    let seen = events.split_off(15);
    let mut timed: Vec<_> = events.into_iter().map(|(name, event)| (name, event, alive)).collect();
    timed.extend([
        ("never seen, the order lives", Event::NotSeen, alive),
        ("never seen, the order is over", Event::NotSeen, ORDER_ENDS),
        ("never seen, nothing under way", Event::NotSeen, silent),
    ]);
    timed.extend(seen.into_iter().map(|(name, event)| (name, event, alive)));
    timed
}

/// What an event leads to: the next state, and what is owed.
pub(crate) fn result(state: State, event: &Event, now: ServerMs) -> (State, &'static str) {
    let (next, effects) = payment(state).step(event, now, &LIMITS);
    let owed = match effects[..] {
        [] => "",
        [Effect::Send] => "send",
        [Effect::Ask(at)] if at == now => "ask now",
        [Effect::Ask(_)] => "ask",
        [Effect::Cancel(at)] if at == now => "cancel now",
        [Effect::Cancel(_)] => "cancel",
        [Effect::RequestRefund(at)] if at == now => "request now",
        [Effect::RequestRefund(_)] => "request",
        _ => "more than one thing",
    };
    (next.state, owed)
}

/// The diagram and the table, as Markdown.
pub(crate) fn chart() -> String {
    let events = events();
    let mut edges: BTreeMap<(usize, usize), Vec<&str>> = BTreeMap::new();
    let mut table = String::from("| |");
    for state in State::ALL {
        write!(table, " `{}` |", state.as_str()).unwrap();
    }
    table.push_str("\n|---|");
    State::ALL.iter().for_each(|_| table.push_str("---|"));
    for (name, event, now) in &events {
        write!(table, "\n| {name} |").unwrap();
        for (from, state) in State::ALL.into_iter().enumerate() {
            let (next, owed) = result(state, event, *now);
            let to = State::ALL.iter().position(|known| *known == next).unwrap();
            if next != state {
                edges.entry((from, to)).or_default().push(name);
            }
            let cell = match (next == state, owed) {
                (true, "") => "–".to_owned(),
                (true, owed) => owed.to_owned(),
                (false, "") => format!("`{}`", next.as_str()),
                (false, owed) => format!("`{}`, {owed}", next.as_str()),
            };
            write!(table, " {cell} |").unwrap();
        }
    }
    let mut diagram = String::from("```mermaid\nstateDiagram-v2\n    [*] --> sending: the user agreed\n");
    for ((from, to), names) in edges {
        // An end that turns into a contradiction is in the table: eleven more lines would hide the ways that matter.
        let (from, to) = (State::ALL[from], State::ALL[to]);
        if to != State::Conflict {
            let names = names.iter().map(|name| name.replace(':', "")).collect::<Vec<_>>().join("<br/>");
            writeln!(diagram, "    {} --> {}: {names}", from.as_str(), to.as_str()).unwrap();
        }
    }
    diagram.push_str("    [*] --> conflict: what contradicts an end, or itself\n");
    for state in State::ALL.into_iter().filter(|state| state.ended()) {
        writeln!(diagram, "    {} --> [*]", state.as_str()).unwrap();
    }
    format!("{diagram}```\n\n{table}\n")
}
