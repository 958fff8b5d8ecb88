//! What a run counts: faults, states and events met, violations.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The counts of one life, or of many.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Lives played.
    pub lives: u64,
    /// How often what was tried, or went wrong.
    pub counts: BTreeMap<&'static str, u64>,
    /// How often a payment in a state met an event.
    pub matrix: BTreeMap<(&'static str, &'static str), u64>,
    /// How often a code in a state met an event.
    pub endings: BTreeMap<&'static str, u64>,
    /// What must not happen: the invariant's name, and what happened.
    pub violations: Vec<(&'static str, String)>,
}

/// The payment's states and events, for the table.
const STATES: [&str; 11] = [
    "sending",
    "unknown",
    "not_seen",
    "pending",
    "cancel_wanted",
    "succeeded",
    "declined",
    "unsent",
    "cancelled",
    "reversed",
    "conflict",
];
const EVENTS: [&str; 18] = [
    "woke",
    "answered:pending",
    "answered:declined",
    "answered:succeeded",
    "answered:cancelled",
    "not_sent",
    "lost",
    "refused",
    "busy",
    "not_seen",
    "ask_failed",
    "cancel_asked",
    "cancel_failed",
    "cancel_refused",
    "refund_asked",
    "refund_failed",
    "refund_refused",
    "told",
];

impl Report {
    /// Counts one of these.
    pub fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    /// Counts a payment in a state that met an event.
    pub fn met(&mut self, state: &'static str, event: &'static str) {
        *self.matrix.entry((state, event)).or_default() += 1;
    }

    /// Adds what another run counted.
    pub fn add(&mut self, other: Self) {
        self.lives += other.lives;
        for (what, n) in other.counts {
            *self.counts.entry(what).or_default() += n;
        }
        for (what, n) in other.matrix {
            *self.matrix.entry(what).or_default() += n;
        }
        for (what, n) in other.endings {
            *self.endings.entry(what).or_default() += n;
        }
        self.violations.extend(other.violations);
    }

    /// Everything as text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let _ = writeln!(text, "what happened");
        for (what, n) in &self.counts {
            let _ = writeln!(text, "  {what:<34} {n:>12}");
        }
        let _ = writeln!(text, "states and events (how often a payment in the state met the event)");
        let _ = write!(text, "  {:<20}", "");
        for state in STATES {
            let _ = write!(text, " {state:>13}");
        }
        for event in EVENTS {
            let _ = write!(text, "\n  {event:<20}");
            for state in STATES {
                let _ = write!(text, " {:>13}", self.matrix.get(&(state, event)).copied().unwrap_or(0));
            }
        }
        let met = STATES.iter().flat_map(|s| EVENTS.iter().map(move |e| (*s, *e)));
        let met = met.filter(|pair| self.matrix.contains_key(pair)).count();
        let _ = writeln!(text, "\n  {met} of {} pairs met", STATES.len() * EVENTS.len());
        let _ = writeln!(text, "how payments and codes ended");
        for (what, n) in &self.endings {
            let _ = writeln!(text, "  {what:<34} {n:>12}");
        }
        text
    }
}
