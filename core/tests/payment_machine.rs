//! The transition table of a payment: every state with every event, and what has to hold whatever happens.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "test code"
)]

mod sample;

use jigap::id::Id;
use jigap::payment::{Answer, DeclineReason, Effect, Event, Known, Outcome, Payment, State, UnsentReason};
use jigap::time::ServerMs;
use proptest::prelude::*;
use sample::{KEY, LIMITS, ORDER_ENDS, OTHER_KEY, START, answer, declined, succeeded};

const DECLINED: Outcome = declined(DeclineReason::BalanceInsufficient);

/// A payment in this state, as a first attempt without trouble would leave it.
fn payment(state: State) -> Payment {
    let said = |seq, outcome| Known::from_answer(answer(seq, outcome));
    let known = match state {
        State::Sending | State::Unknown | State::NotSeen | State::Unsent => Known::default(),
        State::Pending => said(1, Outcome::Pending),
        State::Succeeded => said(2, succeeded("A")),
        State::Declined => said(2, DECLINED),
        State::Conflict => said(2, succeeded("A")).merge(said(3, DECLINED)),
    };
    let unsent = (state == State::Unsent).then_some(UnsentReason::Unreachable);
    let maybe_sent = !matches!(state, State::Sending | State::Unsent);
    Payment { state, known, unsent, maybe_sent, ..Payment::begin(KEY, ORDER_ENDS, START).0 }
}

fn events() -> [Event; 9] {
    [
        Event::Woke,
        Event::Answered(answer(4, Outcome::Pending)),
        Event::Answered(answer(5, succeeded("A"))),
        Event::Answered(answer(6, DECLINED)),
        Event::Answered(Answer { key: OTHER_KEY, ..answer(7, succeeded("B")) }),
        Event::NotSent(UnsentReason::Unreachable),
        Event::Lost,
        Event::NotSeen,
        Event::AskFailed,
    ]
}

/// What is expected: the next state, with `!` when the bytes are to be sent, `?` when the gateway is to be asked after
/// the first waiting time, `?now` when at once, and nothing when nothing new is owed.
#[rustfmt::skip]
const TABLE: [(State, [&str; 9]); 8] = [
    //                 woke            pending      succeeded    declined    other key    not sent     lost         not seen     ask failed
    (State::Sending,   ["unknown?now",  "pending?",  "succeeded", "declined", "unknown?",  "unsent",    "unknown?",  "sending",   "sending"]),
    (State::Unknown,   ["unknown?now",  "pending?",  "succeeded", "declined", "unknown?",  "unknown?",  "unknown?",  "sending!",  "unknown?"]),
    (State::NotSeen,   ["not_seen?now", "pending?",  "succeeded", "declined", "not_seen?", "not_seen?", "not_seen?", "sending!",  "not_seen?"]),
    (State::Pending,   ["pending?now",  "pending?",  "succeeded", "declined", "pending?",  "pending?",  "pending?",  "pending?",  "pending?"]),
    (State::Succeeded, ["succeeded",    "succeeded", "succeeded", "conflict", "succeeded", "succeeded", "succeeded", "succeeded", "succeeded"]),
    (State::Declined,  ["declined",     "declined",  "conflict",  "declined", "declined",  "declined",  "declined",  "declined",  "declined"]),
    (State::Unsent,    ["unsent",       "conflict",  "conflict",  "unsent",   "unsent",    "unsent",    "unsent",    "unsent",    "unsent"]),
    (State::Conflict,  ["conflict",     "conflict",  "conflict",  "conflict", "conflict",  "conflict",  "conflict",  "conflict",  "conflict"]),
];

fn told(next: &Payment, effects: &[Effect], now: ServerMs) -> String {
    let owed = match effects {
        [] => "",
        [Effect::Send] => "!",
        [Effect::Ask(at)] if *at == now => "?now",
        [Effect::Ask(at)] if *at == now.plus(LIMITS.ask_first_ms) => "?",
        other => panic!("more than one thing owed, or at another time: {other:?}"),
    };
    format!("{}{owed}", next.state.as_str())
}

#[test]
fn every_state_has_a_result_for_every_event() {
    assert_eq!(TABLE.map(|(state, _)| state), State::ALL);
    let now = START.plus(10_000);
    for (state, row) in TABLE {
        for (event, expected) in events().iter().zip(row) {
            let (next, effects) = payment(state).step(event, now, &LIMITS);
            assert_eq!(told(&next, &effects, now), expected, "{state:?} and {event:?}");
            assert_eq!((next.key, next.first_sent, next.order_ends), (KEY, START, ORDER_ENDS));
        }
    }
}

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

#[test]
fn only_an_end_without_a_charge_frees_the_order() {
    let freeing: Vec<State> = State::ALL.into_iter().filter(|state| state.frees_order()).collect();
    assert_eq!(freeing, [State::Declined, State::Unsent]);
    let ended: Vec<State> = State::ALL.into_iter().filter(|state| state.ended()).collect();
    assert_eq!(ended, [State::Succeeded, State::Declined, State::Unsent, State::Conflict]);
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
        2 => Just(succeeded("A")),
        1 => Just(succeeded("B")),
    ]
}

fn answers() -> impl Strategy<Value = Answer> {
    (0u64..5, outcomes()).prop_map(|(seq, outcome)| answer(seq, outcome))
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

    #[test]
    fn answers_in_any_order_and_twice_come_to_the_same_end(
        state in proptest::sample::select(vec![State::Sending, State::Unknown, State::NotSeen, State::Pending]),
        (set, order) in proptest::collection::vec(answers(), 1..6).prop_flat_map(|set| {
            let doubled: Vec<Answer> = set.iter().chain(&set).cloned().collect();
            (Just(set), Just(doubled).prop_shuffle())
        }),
    ) {
        let end = |answers: &[Answer]| {
            let feed = |payment: Payment, answer: &Answer| payment.step(&Event::Answered(answer.clone()), START, &LIMITS).0;
            let end = answers.iter().fold(payment(state), feed);
            (end.state, end.known, end.unsent, end.attempt)
        };
        prop_assert_eq!(end(&set), end(&order));
        // Finals decide alone: one kind ends it, two are a conflict, none leaves it open.
        let mut finals: Vec<&Outcome> = set.iter().filter(|a| a.is_final()).map(|a| &a.outcome).collect();
        finals.sort();
        finals.dedup();
        let expected = match finals[..] {
            [] => State::Pending,
            [Outcome::Succeeded { .. }] => State::Succeeded,
            [_] => State::Declined,
            _ => State::Conflict,
        };
        prop_assert_eq!(end(&set).0, expected);
    }

    #[test]
    fn finals_about_what_was_never_sent_come_to_the_same_end(
        (set, order) in proptest::collection::vec(answers().prop_filter("final", Answer::is_final), 1..5)
            .prop_flat_map(|set| (Just(set.clone()), Just(set).prop_shuffle())),
    ) {
        let feed = |payment: Payment, answer: &Answer| payment.step(&Event::Answered(answer.clone()), START, &LIMITS).0;
        let end = |answers: &[Answer]| answers.iter().fold(payment(State::Unsent), feed).state;
        prop_assert_eq!(end(&set), end(&order));
    }

    #[test]
    fn an_ended_payment_changes_only_into_a_conflict(state in states(), events in history(12)) {
        let (mut now, mut at) = (START, payment(state));
        for (passed, event) in events {
            now = now.plus(passed);
            let (next, effects) = at.step(&event, now, &LIMITS);
            if at.state.ended() {
                prop_assert_eq!(&effects, &vec![], "an ended payment owes nothing");
                if next.state != at.state {
                    prop_assert_eq!(next.state, State::Conflict);
                    let Event::Answered(answer) = &event else { panic!("{event:?} ended the end") };
                    prop_assert_eq!(answer.key, KEY);
                    let contradicts = at.known.best.as_ref().is_some_and(|best| best.outcome != answer.outcome);
                    let never_sent = at.state == State::Unsent && !matches!(answer.outcome, Outcome::Declined { .. });
                    prop_assert!((answer.is_final() && contradicts) || never_sent);
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
            lost |= matches!(event, Event::Lost | Event::Woke) && at.state == State::Sending;
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
            if let Effect::Ask(moment) = debt {
                now = now.max(moment);
            }
            let outcome = match at.known.best.as_ref().filter(|best| best.is_final()) {
                Some(best) => best.outcome.clone(),
                None if slow > 0 => Outcome::Pending,
                None if pays => succeeded("A"),
                None => DECLINED,
            };
            slow = slow.saturating_sub(u8::from(has_it));
            let event = if has_it { Event::Answered(answer(9, outcome)) } else { Event::NotSeen };
            let (next, effects) = at.step(&event, now, &LIMITS);
            debts = owed(&next, effects);
            at = next;
        }
    }

    /// A gateway that charges at most once, and a line that loses, delays and doubles: the wallet ends by knowing the
    /// truth, and frees the order only when nothing was charged.
    #[test]
    fn the_end_is_the_truth(luck in proptest::collection::vec((0u8..6, 0i64..90_000), 1..60), rich in any::<bool>()) {
        let mut luck = luck.into_iter().chain(std::iter::repeat((5, 0)));
        let (mut at, effects) = Payment::begin(KEY, ORDER_ENDS, START);
        let (mut debts, mut now) = (owed(&at, effects), START);
        let mut under_way: Vec<ServerMs> = Vec::new();
        let mut truth: Option<Outcome> = None;
        for _ in 0..1_000 {
            let Some(debt) = debts.first().copied() else { break };
            if let Effect::Ask(moment) = debt {
                now = now.max(moment);
            }
            let (kind, delay) = luck.next().unwrap();
            let arrives = debt == Effect::Send && kind > 1;
            if arrives {
                // No request is under way longer than the skew allows.
                under_way.push(now.plus(if kind == 2 { delay.min(LIMITS.order_skew_ms) } else { 0 }));
            }
            arrive(&mut under_way, &mut truth, now, rich);
            let event = match (debt, kind) {
                (Effect::Send, 0) => Event::NotSent(UnsentReason::Unreachable),
                (Effect::Send, 1..=3) => Event::Lost,
                (Effect::Ask(_), 0 | 1) => Event::AskFailed,
                (Effect::Ask(_), 2) => Event::Woke,
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
            State::Declined | State::Unsent => prop_assert!(!charged, "the order of a charged payment was freed"),
            other => prop_assert!(false, "a truthful gateway left it {other:?}"),
        }
    }
}

#[test]
fn a_key_is_one_for_all_attempts() {
    let (first, _) = Payment::begin(Id([1; 16]), ORDER_ENDS, START);
    let lost = first.step(&Event::Lost, START, &LIMITS).0;
    let (again, effects) = lost.step(&Event::NotSeen, START, &LIMITS);
    assert_eq!((again.key, again.attempt, effects), (first.key, 2, vec![Effect::Send]));
}
