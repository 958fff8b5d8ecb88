//! The transition table of a payment: every state with every event, and what has to hold whatever happens.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    missing_docs,
    reason = "test code"
)]

#[path = "../examples/payment_states.rs"]
#[allow(dead_code, reason = "its main is for the command")]
mod states;

mod sample;

use jigap::id::Id;
use jigap::money::Rate;
use jigap::payment::{
    Answer, Asked, Beside, CancelBy, DeclineReason, Effect, Event, Known, Outcome, Payment, Refund, State,
    UnsentReason, late_cancel_ends,
};
use jigap::time::ServerMs;
use proptest::prelude::*;
use sample::{KEY, LIMITS, ORDER_ENDS, OTHER_KEY, START, answer, declined, money, succeeded};

const DECLINED: Outcome = declined(DeclineReason::BalanceInsufficient);

/// A payment in this state, as a first attempt without trouble would leave it.
fn payment(state: State) -> Payment {
    let at = states::payment(state);
    Payment { key: KEY, first_sent: START, order_ends: ORDER_ENDS, ..at }
}

/// What is expected of every state with every event, by the letters of [`LETTERS`]: the next state, and then what is
/// owed: `>` the bytes, `?` a question, `*` the cancel, `$` the wish for the money; with `0` at once, else after a wait.
#[rustfmt::skip]
const TABLE: [(&str, &str); 26] = [
    //                                                        s   u   n   p   w   y   d   x   c   r   f
    ("the wallet starts",                                   "u?0 u?0 n?0 p?0 w*0 y   d   x   c   r   f"),
    ("answer: pending",                                     "p?  p?  p?  p?  w*  y   d   f   c   r   f"),
    ("answer: pending, a person decides about the cancel",  "p?  p?  p?  p?  w?  y   d   f   c   r   f"),
    ("answer: pending, a person refused the cancel",        "p?  p?  p?  p?  p?  y   d   f   c   r   f"),
    ("answer: charged",                                     "y   y   y   y   y$0 y   f   f   f   r   f"),
    ("answer: charged, a part given back",                  "y   y   y   y   y   y   f   f   f   r   f"),
    ("answer: charged, cancelled by the network",           "r   r   r   r   r   r   f   f   f   r   f"),
    ("answer: charged, cancelled by the network too late",  "f   f   f   f   f   f   f   f   f   f   f"),
    ("answer: declined",                                    "d   d   d   d   d   f   d   x   f   f   f"),
    ("answer: cancelled",                                   "c   c   c   c   c   f   f   x   c   f   f"),
    ("answer about another key",                            "u?  u?  n?  p?  w*  y   d   x   c   r   f"),
    ("surely not sent",                                     "x   u?  n?  p?  w*  y   d   x   c   r   f"),
    ("perhaps sent, no answer",                             "u?  u?  n?  p?  w*  y   d   x   c   r   f"),
    ("the request itself refused",                          "u?  u?  n?  p?  w*  y   d   x   c   r   f"),
    ("busy",                                                "u?  u?  n?  p?  w*  y   d   x   c   r   f"),
    ("never seen, the order lives",                         "s   s>  s>  p?  w*  y   d   x   c   r   f"),
    ("never seen, the order is over",                       "s   n?  n?  p?  w*  y   d   x   c   r   f"),
    ("never seen, nothing under way",                       "s   x   x   w*0 w*  y   d   x   c   r   f"),
    ("question failed",                                     "s   u?  n?  p?  w*  y   d   x   c   r   f"),
    ("the user cancels",                                    "w*0 w*0 w*0 w*0 w*  y$0 d   x   c   r   f"),
    ("the wallet cancels",                                  "w*0 w*0 w*0 w*0 w*  y   d   x   c   r   f"),
    ("cancel: no answer",                                   "s   u?  n?  p?  w*  y   d   x   c   r   f"),
    ("cancel: cannot be",                                   "s   u?  n?  p?  u?  y   d   x   c   r   f"),
    ("the user wants the money back",                       "s   u?  n?  p?  w*  y$0 d   x   c   r   f"),
    ("refund: no answer",                                   "s   u?  n?  p?  w*  y   d   x   c   r   f"),
    ("refund: not given",                                   "s   u?  n?  p?  w*  y   d   x   c   r   f"),
];

/// One letter a state, in the order of [`State::ALL`]: sending, unknown, not seen, pending, cancel wanted, succeeded (y),
/// declined, unsent (x), cancelled, reversed, conflict (f).
const LETTERS: [char; 11] = ['s', 'u', 'n', 'p', 'w', 'y', 'd', 'x', 'c', 'r', 'f'];

/// R12 is its first row: what may have left is asked about, never sent again unasked.
#[test]
fn every_state_has_a_result_for_every_event() {
    let events = states::events();
    assert_eq!(events.iter().map(|(name, ..)| *name).collect::<Vec<_>>(), TABLE.map(|(name, _)| name));
    for ((name, event, now), (_, row)) in events.iter().zip(TABLE) {
        let told: Vec<String> = State::ALL
            .into_iter()
            .map(|state| {
                let (next, owed) = states::result(state, event, *now);
                let letter = LETTERS[State::ALL.iter().position(|known| *known == next).unwrap()];
                let mark = match owed {
                    "" => "",
                    "send" => ">",
                    "ask" => "?",
                    "ask now" => "?0",
                    "cancel" => "*",
                    "cancel now" => "*0",
                    "request" => "$",
                    "request now" => "$0",
                    other => panic!("{other}"),
                };
                format!("{letter}{mark}")
            })
            .collect();
        assert_eq!(told, row.split_whitespace().collect::<Vec<_>>(), "{name}");
    }
}

/// Nothing is left alone: what has not ended owes something that moves it, whatever happened, and keeps its promise.
#[test]
fn what_has_not_ended_always_owes_something_and_no_event_changes_the_promise() {
    for (name, event, now) in states::events() {
        for state in State::ALL {
            let before = states::payment(state);
            let (next, effects) = before.step(&event, now, &LIMITS);
            let waiting = matches!(effects[..], [Effect::Ask(_) | Effect::Cancel(_) | Effect::Send]);
            assert!(next.state.ended() || next.state == State::Sending || waiting, "{state:?}: {name}");
            assert_eq!(
                (next.key, next.first_sent, next.order_ends),
                (before.key, before.first_sent, before.order_ends)
            );
        }
    }
}

#[test]
fn the_printed_table_is_current() {
    let page = include_str!("../../docs/reliability.md");
    assert!(page.contains(&states::chart()), "run `cargo xtask reliability` and commit the result");
}

fn told(next: &Payment, effects: &[Effect], now: ServerMs) -> String {
    let owed = match effects {
        [] => "",
        [Effect::Ask(at)] if *at == now.plus(LIMITS.ask_first_ms) => "?",
        other => panic!("more than one thing owed, or at another time: {other:?}"),
    };
    format!("{}{owed}", next.state.as_str())
}

/// R3: an earlier attempt may have arrived.
#[test]
fn a_failure_to_send_proves_nothing_about_an_earlier_attempt() {
    let now = START.plus(10_000);
    let again = Payment { maybe_sent: true, attempt: 2, ..payment(State::Sending) };
    for reason in
        [UnsentReason::Unreachable, UnsentReason::Untrusted, UnsentReason::OrderOver, UnsentReason::ConsentGone]
    {
        let (next, effects) = again.step(&Event::NotSent(reason), now, &LIMITS);
        assert_eq!((told(&next, &effects, now).as_str(), next.unsent), ("unknown?", None));
        let (next, effects) = payment(State::Sending).step(&Event::NotSent(reason), now, &LIMITS);
        assert_eq!((next.state, next.unsent, effects), (State::Unsent, Some(reason), vec![]));
    }
}

/// R4 and R5: the same bytes within the horizon; the end only when nothing can be under way.
#[test]
fn what_was_never_seen_is_sent_again_only_in_time_and_given_up_only_when_nothing_is_under_way() {
    let horizon = START.plus(LIMITS.resend_horizon_ms);
    let silent = ORDER_ENDS.plus(LIMITS.order_skew_ms);
    let ask = |at: ServerMs| vec![Effect::Ask(at)];
    let cases = [
        (START, State::Sending, vec![Effect::Send]),
        (horizon.plus(-1), State::Sending, vec![Effect::Send]),
        (horizon, State::NotSeen, ask(horizon.plus(1_000))),
        (ORDER_ENDS, State::NotSeen, ask(ORDER_ENDS.plus(1_000))),
        (silent.plus(-300), State::NotSeen, ask(silent.plus(1))),
        (silent, State::NotSeen, ask(silent.plus(1))),
        (silent.plus(1), State::Unsent, vec![]),
    ];
    for state in [State::Unknown, State::NotSeen] {
        for (now, expected, owed) in &cases {
            let (next, effects) = payment(state).step(&Event::NotSeen, *now, &LIMITS);
            assert_eq!((next.state, effects), (*expected, owed.clone()), "{state:?} at {now:?}");
            assert_eq!(next.unsent, (*expected == State::Unsent).then_some(UnsentReason::OrderOver));
        }
    }
    // An order that ends before the horizon ends the re-sending.
    let short = Payment { order_ends: START.plus(50_000), ..payment(State::Unknown) };
    assert_eq!(short.step(&Event::NotSeen, START.plus(50_000), &LIMITS).0.state, State::NotSeen);
}

#[test]
fn questions_come_less_and_less_often_and_start_again_after_waking() {
    let mut asked = payment(State::Unknown);
    let waits: Vec<i64> = (0..8)
        .map(|_| {
            let (next, effects) = asked.step(&Event::AskFailed, START, &LIMITS);
            asked = next;
            let [Effect::Ask(at)] = effects[..] else { panic!("{effects:?}") };
            at.since(START)
        })
        .collect();
    assert_eq!(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    let (woken, _) = asked.step(&Event::Woke, START, &LIMITS);
    assert_eq!(woken.step(&Event::AskFailed, START, &LIMITS).1, [Effect::Ask(START.plus(1_000))]);
    let tired = Payment { asked: u32::MAX, ..asked };
    assert_eq!(tired.step(&Event::AskFailed, START, &LIMITS).1, [Effect::Ask(START.plus(30_000))]);
}

/// R7: who was charged keeps the order.
#[test]
fn only_an_end_without_a_charge_frees_the_order() {
    let freeing: Vec<State> = State::ALL.into_iter().filter(|state| state.frees_order()).collect();
    assert_eq!(freeing, [State::Declined, State::Unsent, State::Cancelled]);
    let ended: Vec<State> = State::ALL.into_iter().filter(|state| state.ended()).collect();
    assert_eq!(ended, State::ALL[5..]);
    for state in State::ALL {
        assert_eq!(State::parse(state.as_str()), Some(state));
    }
    assert_eq!(State::parse("paid"), None);
}

#[test]
fn a_payment_heard_of_from_the_gateway_is_what_the_gateway_said() {
    let heard = |outcome| Payment::heard(answer(3, outcome), START, &LIMITS);
    let (pending, effects) = heard(Outcome::Pending);
    assert_eq!((pending.state, effects), (State::Pending, vec![Effect::Ask(START.plus(1_000))]));
    assert_eq!((heard(succeeded("A")).0.state, heard(DECLINED).0.state), (State::Succeeded, State::Declined));
    let (paid, effects) = heard(succeeded("A"));
    assert_eq!((paid.attempt, paid.maybe_sent, paid.key, effects), (0, true, KEY, vec![]));
}

fn outcomes() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        3 => Just(Outcome::Pending),
        2 => Just(DECLINED),
        1 => Just(declined(DeclineReason::OrderClosed)),
        2 => Just(Outcome::Cancelled),
        3 => Just(succeeded("A")),
        1 => Just(succeeded("B")),
    ]
}

/// What a gateway in its right mind says beside a charge, and now and then what cannot be.
fn besides() -> impl Strategy<Value = Beside> {
    let asked = || proptest::option::of(proptest::sample::select(vec![Asked::Open, Asked::Refused, Asked::Granted]));
    let refunds = proptest::sample::subsequence(vec![part(1, 280), part(2, 500), part(3, 500)], 0..=3);
    let in_time = START.plus(1_000);
    let reversed =
        prop_oneof![6 => Just(None), 2 => Just(Some(in_time)), 1 => Just(Some(late_cancel_ends(START).plus(1)))];
    (asked(), asked(), refunds, reversed).prop_map(|(cancel, refund, refunds, reversed)| Beside {
        cancel,
        refund,
        refunds,
        reversed,
    })
}

/// A part of the sample's ¥1,280 given back, at a rate of its own.
fn part(id: u8, minor: i64) -> Refund {
    let rate = Rate { mantissa: 90_000 + i64::from(id), ..sample::rate() };
    let amount = money("JPY", minor);
    Refund { id: Id([id; 16]), at: START.plus(i64::from(id)), amount, home: rate.convert(amount).unwrap(), rate }
}

fn answers() -> impl Strategy<Value = Answer> {
    (0u64..5, outcomes(), prop_oneof![3 => Just(Beside::default()), 1 => besides()]).prop_map(
        |(seq, outcome, beside)| {
            // Only what was charged is given back; a person may have any cancel in hand.
            let charged = matches!(outcome, Outcome::Succeeded { .. });
            let beside = if charged { beside } else { Beside { cancel: beside.cancel, ..Beside::default() } };
            Answer { beside, ..answer(seq, outcome) }
        },
    )
}

fn knowns() -> impl Strategy<Value = Known> {
    proptest::collection::vec(answers(), 0..4)
        .prop_map(|answers| answers.into_iter().map(Known::from_answer).fold(Known::default(), Known::merge))
}

fn any_event() -> impl Strategy<Value = Event> {
    let key = prop_oneof![9 => Just(KEY), 1 => Just(OTHER_KEY)];
    prop_oneof![
        1 => Just(Event::Woke),
        2 => (key, answers()).prop_map(|(key, answer)| Event::Answered(Answer { key, ..answer })),
        2 => Just(Event::NotSent(UnsentReason::Untrusted)),
        3 => Just(Event::Lost),
        3 => Just(Event::NotSeen),
        2 => Just(Event::AskFailed),
        1 => Just(Event::Refused),
        1 => (0i64..100_000).prop_map(Event::Busy),
        1 => proptest::sample::select(vec![CancelBy::User, CancelBy::Deadline]).prop_map(Event::CancelAsked),
        1 => Just(Event::CancelFailed),
        1 => Just(Event::CancelRefused),
        1 => Just(Event::RefundAsked),
        1 => Just(Event::RefundFailed),
        1 => Just(Event::RefundRefused),
    ]
}

/// Events with the milliseconds that pass before each.
fn history(longest: usize) -> impl Strategy<Value = Vec<(i64, Event)>> {
    proptest::collection::vec((0i64..40_000, any_event()), 0..longest)
}

/// What the payment owes after an event: what the table says, and the sending for as long as the state is Sending.
fn owed(payment: &Payment, effects: Vec<Effect>) -> Vec<Effect> {
    let sending = payment.state == State::Sending && !effects.contains(&Effect::Send);
    effects.into_iter().chain(sending.then_some(Effect::Send)).collect()
}

/// Requests reach a gateway that decides once: too late is a refusal, else the user has the money or not.
fn arrive(under_way: &mut Vec<ServerMs>, truth: &mut Option<Outcome>, until: ServerMs, rich: bool) {
    under_way.sort();
    while under_way.first().is_some_and(|at| *at <= until) {
        let at = under_way.remove(0);
        truth.get_or_insert_with(|| match (at < ORDER_ENDS, rich) {
            (false, _) => declined(DeclineReason::QuoteExpired),
            (true, true) => succeeded("A"),
            (true, false) => DECLINED,
        });
    }
}

fn states() -> impl Strategy<Value = State> {
    proptest::sample::select(State::ALL.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn knowledge_merges_in_any_order_and_any_number_of_times(a in knowns(), b in knowns(), c in knowns()) {
        prop_assert_eq!(a.clone().merge(b.clone()), b.clone().merge(a.clone()));
        prop_assert_eq!(a.clone().merge(b.clone()).merge(c.clone()), a.clone().merge(b.clone().merge(c)));
        prop_assert_eq!(a.clone().merge(a.clone()), a.clone());
        prop_assert_eq!(a.clone().merge(Known::default()), a.clone());
        // What was known stays known.
        let both = a.clone().merge(b);
        prop_assert_eq!(both.clone().merge(a), both);
    }

    /// From every state there is: response, poll and history may come in any order, twice, and be merged before or after.
    #[test]
    fn answers_in_any_order_and_twice_come_to_the_same_end(
        state in states(),
        (set, order) in proptest::collection::vec(answers(), 1..6).prop_flat_map(|set| {
            let doubled: Vec<Answer> = set.iter().chain(&set).cloned().collect();
            (Just(set), Just(doubled).prop_shuffle())
        }),
    ) {
        let end = |answers: &[Answer]| {
            let feed = |payment: Payment, answer: &Answer| payment.step(&Event::Answered(answer.clone()), START, &LIMITS).0;
            let end = answers.iter().fold(payment(state), feed);
            (end.state, end.owes_cancel(), end.owes_refund_request(), Payment { asked: 0, ..end })
        };
        prop_assert_eq!(end(&set), end(&order));
    }

    /// Finals decide alone: one kind ends it, two are a conflict, none leaves it open.
    #[test]
    fn one_end_is_the_end_and_two_are_a_conflict(
        state in proptest::sample::select(vec![State::Sending, State::Unknown, State::NotSeen, State::Pending]),
        set in proptest::collection::vec((0u64..5, outcomes()), 1..6),
    ) {
        let set: Vec<Answer> = set.into_iter().map(|(seq, outcome)| answer(seq, outcome)).collect();
        let feed = |payment: Payment, answer: &Answer| payment.step(&Event::Answered(answer.clone()), START, &LIMITS).0;
        let end = set.iter().fold(payment(state), feed);
        let mut finals: Vec<&Outcome> = set.iter().filter(|a| a.is_final()).map(|a| &a.outcome).collect();
        finals.sort();
        finals.dedup();
        let expected = match finals[..] {
            [] => State::Pending,
            [Outcome::Succeeded { .. }] => State::Succeeded,
            [Outcome::Cancelled] => State::Cancelled,
            [_] => State::Declined,
            _ => State::Conflict,
        };
        prop_assert_eq!(end.state, expected);
    }

    /// The money that came back is a ledger beside the payment: it only grows, and the payment stays what it was.
    #[test]
    fn refunds_never_rewrite_the_payment(parts in proptest::collection::vec(0usize..3, 1..8)) {
        let all = [part(1, 280), part(2, 500), part(3, 500)];
        let (mut at, mut given) = (payment(State::Unknown).step(&Event::Answered(answer(1, succeeded("A"))), START, &LIMITS).0, vec![]);
        for which in parts {
            let beside = Beside { refunds: vec![all[which]], ..Beside::default() };
            let (next, effects) = at.step(&Event::Answered(Answer { beside, ..answer(2, succeeded("A")) }), START, &LIMITS);
            given.push(all[which]);
            given.sort();
            given.dedup();
            prop_assert_eq!((next.state, effects, next.known.receipt()), (State::Succeeded, vec![], at.known.receipt()));
            prop_assert_eq!(next.known.refunds.values().copied().collect::<Vec<_>>(), given.clone());
            let sum = |minor: fn(&Refund) -> i64| given.iter().map(minor).sum::<i64>();
            let (amount, home) = next.known.refunded().unwrap();
            prop_assert_eq!((amount.minor(), home.minor()), (sum(|r| r.amount.minor()), sum(|r| r.home.minor())));
            prop_assert_eq!(next.known.all_refunded(), given.len() == 3);
            at = next;
        }
    }

    #[test]
    fn an_ended_payment_changes_only_into_a_conflict_or_by_a_late_cancel(state in states(), events in history(12)) {
        let (mut now, mut at) = (START, payment(state));
        for (passed, event) in events {
            now = now.plus(passed);
            let (next, effects) = at.step(&event, now, &LIMITS);
            if at.state.ended() {
                let wish = next.state == State::Succeeded && matches!(effects[..], [Effect::RequestRefund(_)]);
                prop_assert!(effects.is_empty() || wish, "an ended payment owes nothing but the user's wish: {effects:?}");
                if next.state != at.state {
                    let Event::Answered(answer) = &event else { panic!("{event:?} ended the end") };
                    prop_assert_eq!(answer.key, KEY);
                    let late = (at.state, next.state) == (State::Succeeded, State::Reversed);
                    prop_assert!(next.state == State::Conflict || (late && answer.beside.reversed.is_some()));
                }
            }
            at = next;
        }
    }

    #[test]
    fn the_bytes_go_again_only_while_the_order_lives_and_each_time_is_counted(events in history(40)) {
        let (mut at, first) = Payment::begin(KEY, ORDER_ENDS, START);
        prop_assert_eq!((first, at.attempt), (vec![Effect::Send], 1));
        let (mut now, mut lost) = (START, false);
        for (passed, event) in events {
            now = now.plus(passed);
            let (next, effects) = at.step(&event, now, &LIMITS);
            let again = effects.contains(&Effect::Send);
            if again {
                prop_assert!(now < ORDER_ENDS && now.since(START) < LIMITS.resend_horizon_ms);
                prop_assert_eq!((&event, next.state), (&Event::NotSeen, State::Sending));
            }
            prop_assert_eq!(next.attempt, at.attempt + u32::from(again));
            // What may have arrived once may always have arrived.
            lost |= matches!(event, Event::Lost | Event::Woke | Event::Busy(_) | Event::Refused) && at.state == State::Sending;
            prop_assert!(!at.maybe_sent || next.maybe_sent);
            prop_assert!(!lost || next.maybe_sent);
            let freed = next.state.frees_order() && !at.state.frees_order();
            if freed && matches!(event, Event::NotSent(_)) {
                prop_assert!(!lost && next.attempt == 1, "a failure to send freed the order of what may have arrived");
            }
            at = next;
        }
    }

    /// After any past at all, a gateway that tells the truth brings every payment to its end.
    #[test]
    fn every_payment_ends(events in history(30), mut slow in 0u8..5, pays in any::<bool>()) {
        let (mut at, effects) = Payment::begin(KEY, ORDER_ENDS, START);
        let mut debts = owed(&at, effects);
        let mut now = START;
        for (passed, event) in events {
            now = now.plus(passed);
            let (next, effects) = at.step(&event, now, &LIMITS);
            debts = owed(&next, effects);
            at = next;
        }
        let mut has_it = at.known.best.is_some();
        let mut rounds = 0;
        while !at.state.ended() {
            rounds += 1;
            prop_assert!(rounds < 100, "still {:?} after a hundred true words", at.state);
            let debt = debts.first().copied();
            let debt = debt.unwrap_or_else(|| panic!("nothing owed in {:?}", at.state));
            has_it |= debt == Effect::Send;
            if let Effect::Ask(moment) | Effect::Cancel(moment) = debt {
                now = now.max(moment);
            }
            let outcome = match at.known.best.as_ref().filter(|best| best.is_final()) {
                Some(best) => best.outcome.clone(),
                None if !has_it && matches!(debt, Effect::Cancel(_)) => Outcome::Cancelled,
                None if slow > 0 => Outcome::Pending,
                None if pays => succeeded("A"),
                None => DECLINED,
            };
            slow = slow.saturating_sub(u8::from(has_it));
            let tells = has_it || outcome == Outcome::Cancelled;
            let event = if tells { Event::Answered(answer(9, outcome)) } else { Event::NotSeen };
            let (next, effects) = at.step(&event, now, &LIMITS);
            debts = owed(&next, effects);
            at = next;
        }
    }

    /// A gateway that charges at most once, and a line that loses, delays and doubles; a user who may want it cancelled
    /// at any moment. The wallet ends by knowing the truth, and frees the order only when nothing was charged.
    #[test]
    fn the_end_is_the_truth(
        luck in proptest::collection::vec((0u8..6, 0i64..90_000), 1..60),
        rich in any::<bool>(),
        cancels in proptest::option::of(0usize..12),
    ) {
        let mut luck = luck.into_iter().chain(std::iter::repeat((5, 0)));
        let (mut at, effects) = Payment::begin(KEY, ORDER_ENDS, START);
        let (mut debts, mut now) = (owed(&at, effects), START);
        let mut under_way: Vec<ServerMs> = Vec::new();
        let mut truth: Option<Outcome> = None;
        for round in 0..1_000 {
            if cancels == Some(round) {
                let (next, effects) = at.step(&Event::CancelAsked(CancelBy::User), now, &LIMITS);
                debts = owed(&next, effects);
                at = next;
            }
            let Some(debt) = debts.first().copied() else { break };
            if let Effect::Ask(moment) | Effect::Cancel(moment) | Effect::RequestRefund(moment) = debt {
                now = now.max(moment);
            }
            let (kind, delay) = luck.next().unwrap();
            let arrives = debt == Effect::Send && kind > 1;
            if arrives {
                // No request is under way longer than the skew allows.
                under_way.push(now.plus(if kind == 2 { delay.min(LIMITS.order_skew_ms) } else { 0 }));
            }
            arrive(&mut under_way, &mut truth, now, rich);
            // A cancel that arrives before the request is its tombstone: whatever still comes finds it.
            if matches!(debt, Effect::Cancel(_)) && kind > 1 {
                truth.get_or_insert(Outcome::Cancelled);
            }
            let event = match (debt, kind) {
                (Effect::Send, 0) => Event::NotSent(UnsentReason::Unreachable),
                (Effect::Send, 1..=3) => Event::Lost,
                (Effect::Ask(_), 0 | 1) => Event::AskFailed,
                (Effect::Cancel(_), 0..=3) => Event::CancelFailed,
                (Effect::Ask(_), 2) => Event::Woke,
                (Effect::RequestRefund(_), _) => Event::RefundRefused,
                _ => truth.clone().map_or(Event::NotSeen, |outcome| Event::Answered(answer(9, outcome))),
            };
            now = now.plus(delay / 10);
            let (next, effects) = at.step(&event, now, &LIMITS);
            debts = owed(&next, effects);
            at = next;
            if at.state.ended() {
                arrive(&mut under_way, &mut truth, ServerMs(i64::MAX), rich);
                break;
            }
        }
        let charged = matches!(truth, Some(Outcome::Succeeded { .. }));
        match at.state {
            State::Succeeded => prop_assert!(charged),
            State::Declined | State::Unsent | State::Cancelled => {
                prop_assert!(!charged, "the order of a charged payment was freed");
            }
            other => prop_assert!(false, "a truthful gateway left it {other:?}"),
        }
        // Who cancels in vain wants the money back.
        prop_assert!(cancels.is_none() || at.state != State::Succeeded || at.cancel.is_none() || at.owes_refund_request() || at.refund_refused);
    }
}

/// The hole that was: of what surely never left, "pending, declined" came to another end than "declined, pending".
#[test]
fn what_never_left_and_the_gateway_worked_on_is_a_conflict_in_any_order() {
    let words = [Outcome::Pending, DECLINED];
    for order in [[0, 1], [1, 0]] {
        let feed = |at: Payment, word: usize| {
            at.step(&Event::Answered(answer(word as u64, words[word].clone())), START, &LIMITS).0
        };
        assert_eq!(order.into_iter().fold(payment(State::Unsent), feed).state, State::Conflict);
    }
    let declined = payment(State::Unsent).step(&Event::Answered(answer(1, DECLINED)), START, &LIMITS).0;
    assert_eq!(declined.state, State::Unsent, "not charged, both say");
}

#[test]
fn a_busy_gateway_is_left_alone_as_long_as_it_asks_within_bounds() {
    for (state, pause, waits) in [
        (State::Sending, 5_000, 5_000),
        (State::Unknown, 0, LIMITS.ask_first_ms),
        (State::Pending, -9, LIMITS.ask_first_ms),
        (State::Unknown, i64::MAX, LIMITS.ask_longest_ms),
        (State::CancelWanted, 7_000, 7_000),
    ] {
        let (next, effects) = payment(state).step(&Event::Busy(pause), START, &LIMITS);
        let at = START.plus(waits);
        let owed = if state == State::CancelWanted { Effect::Cancel(at) } else { Effect::Ask(at) };
        assert_eq!(effects, [owed], "{state:?}");
        assert!(next.maybe_sent && next.asked == 1);
    }
}

/// A request that the gateway refuses goes once: after that it is only asked about, until nothing can be under way.
#[test]
fn a_request_that_was_refused_is_never_sent_again() {
    let (sent, _) = Payment::begin(KEY, ORDER_ENDS, START);
    let (refused, effects) = sent.step(&Event::Refused, START, &LIMITS);
    assert_eq!((refused.state, effects), (State::Unknown, vec![Effect::Ask(START.plus(1_000))]));
    let (waiting, effects) = refused.step(&Event::NotSeen, START.plus(1_000), &LIMITS);
    assert!(waiting.state == State::NotSeen && matches!(effects[..], [Effect::Ask(_)]), "{effects:?}");
    let silent = ORDER_ENDS.plus(LIMITS.order_skew_ms + 1);
    let (end, effects) = waiting.step(&Event::NotSeen, silent, &LIMITS);
    assert_eq!((end.state, end.unsent, effects), (State::Unsent, Some(UnsentReason::Refused), vec![]));
}

/// A gateway that lost what it was working on gives no end by silence: only the tombstone does.
#[test]
fn what_the_gateway_lost_is_ended_by_a_tombstone() {
    let silent = ORDER_ENDS.plus(LIMITS.order_skew_ms + 1);
    let (cancelling, effects) = payment(State::Pending).step(&Event::NotSeen, silent, &LIMITS);
    assert_eq!((cancelling.state, cancelling.cancel), (State::CancelWanted, Some(CancelBy::Deadline)));
    assert_eq!(effects, [Effect::Cancel(silent)]);
    let end = |outcome| cancelling.step(&Event::Answered(answer(9, outcome)), silent, &LIMITS);
    assert_eq!(end(Outcome::Cancelled).0.state, State::Cancelled);
    let (paid, effects) = end(succeeded("A"));
    assert_eq!((paid.state, effects), (State::Succeeded, vec![]), "nobody asked for the money back");
}

/// At the bridge a person decides, and that takes days: it is asked about, and told once.
#[test]
fn a_cancel_that_a_person_has_in_hand_is_only_asked_about() {
    let told = |asked, outcome| {
        let beside = Beside { cancel: Some(asked), ..Beside::default() };
        Event::Answered(Answer { beside, ..answer(5, outcome) })
    };
    let (open, effects) = payment(State::CancelWanted).step(&told(Asked::Open, Outcome::Pending), START, &LIMITS);
    assert_eq!(
        (open.state, open.owes_cancel(), effects),
        (State::CancelWanted, false, vec![Effect::Ask(START.plus(1_000))])
    );
    let after = |event: &Event| open.step(event, START, &LIMITS);
    assert_eq!(after(&told(Asked::Granted, Outcome::Cancelled)).0.state, State::Cancelled);
    assert_eq!(after(&told(Asked::Refused, Outcome::Pending)).0.state, State::Pending);
    let (paid, effects) = after(&told(Asked::Refused, succeeded("A")));
    assert_eq!((paid.state, effects), (State::Succeeded, vec![]), "the person said no to the money as well");
    // Lost by the gateway: told again.
    assert_eq!(after(&Event::NotSeen).1, [Effect::Cancel(START.plus(2_000))]);
}

/// Crooked refunds do not change what was charged, and are no sum to show.
#[test]
fn refunds_that_do_not_fit_are_no_sum() {
    let with = |refunds: Vec<Refund>| {
        let beside = Beside { refunds, ..Beside::default() };
        payment(State::Unknown).step(&Event::Answered(Answer { beside, ..answer(5, succeeded("A")) }), START, &LIMITS).0
    };
    let whole = part(1, 1_280);
    assert_eq!(with(vec![whole]).known.refunded(), Some((whole.amount, whole.home)));
    for crooked in [
        vec![whole, part(2, 1)],
        vec![Refund { home: money("KRW", whole.home.minor() + 2), ..whole }],
        vec![Refund { home: money("JPY", whole.home.minor()), ..whole }],
        vec![Refund { amount: money("JPY", -1), home: money("KRW", 0), ..whole }],
    ] {
        let at = with(crooked);
        assert_eq!((at.state, at.known.refunded()), (State::Succeeded, None));
    }
    // One refund told in two ways is a contradiction.
    let once = with(vec![part(1, 280)]);
    let beside = Beside { refunds: vec![part(1, 281)], ..Beside::default() };
    let again = Event::Answered(Answer { beside, ..answer(6, succeeded("A")) });
    assert_eq!(once.step(&again, START, &LIMITS).0.state, State::Conflict);
}

#[test]
fn a_key_is_one_for_all_attempts() {
    let (first, _) = Payment::begin(Id([1; 16]), ORDER_ENDS, START);
    let lost = first.step(&Event::Lost, START, &LIMITS).0;
    let (again, effects) = lost.step(&Event::NotSeen, START, &LIMITS);
    assert_eq!((again.key, again.attempt, effects), (first.key, 2, vec![Effect::Send]));
}
