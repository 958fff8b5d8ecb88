//! Who hears of changes: waiters for one outcome, and observers of all.
//!
//! Changes are gathered here and told by one thread, after every lock is released; what changes twice before it is
//! told is told once.

use crate::app::ticket::Promise;
use crate::app::views::{PaymentView, ShownResult};
use crate::id::Id;
use crate::network::Network;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

/// What changed. A screen that shows it reads it anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// A payment: its state, or that it exists.
    Payment(Id),
    /// A shown code.
    Code(Id),
    /// A network's consent.
    Consent(Network),
    /// The balance.
    Balance,
    /// The configuration.
    Config,
    /// The condition of the wallet's own records.
    Condition,
    /// What was found when the wallet's sums were held against the gateway's.
    Findings,
}

/// Hears of changes, from one thread that is the same for the wallet's whole life.
pub trait Observer: Send + Sync {
    /// These things changed. May take its time: the engine does not wait.
    fn changed(&self, changes: &[Change]);
}

/// Ends when it is dropped.
#[must_use]
pub struct Subscription {
    herald: Weak<Herald>,
    number: u64,
}

pub(super) enum Waiter {
    Payment(Id, Promise<PaymentView>),
    Code(Id, Promise<ShownResult>),
}

#[derive(Default)]
struct State {
    changes: BTreeSet<Change>,
    waiters: Vec<(Instant, Waiter)>,
    observers: Vec<(u64, Arc<dyn Observer>)>,
    next_number: u64,
    /// A waiter has come: look whether what it waits for has happened already.
    look: bool,
    stopped: bool,
}

#[derive(Default)]
pub(super) struct Herald {
    state: Mutex<State>,
    news: Condvar,
}

/// What the herald's thread has to do next.
pub(super) struct Round {
    pub(super) changes: Vec<Change>,
    pub(super) observers: Vec<Arc<dyn Observer>>,
    /// Waiters with whether their patience is over.
    pub(super) waiters: Vec<(bool, Instant, Waiter)>,
}

impl State {
    fn round(&mut self, now: Instant) -> Option<Round> {
        let soonest = self.waiters.iter().map(|(deadline, _)| *deadline).min();
        let look = std::mem::take(&mut self.look);
        if !look && self.changes.is_empty() && soonest.is_none_or(|deadline| deadline > now) {
            return None;
        }
        let changes = std::mem::take(&mut self.changes).into_iter().collect();
        let observers = self.observers.iter().map(|(_, observer)| Arc::clone(observer)).collect();
        let waiters = std::mem::take(&mut self.waiters);
        let waiters = waiters.into_iter().map(|(deadline, waiter)| (deadline <= now, deadline, waiter));
        Some(Round { changes, observers, waiters: waiters.collect() })
    }
}

impl Herald {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn tell(&self, change: Change) {
        self.lock().changes.insert(change);
        self.news.notify_one();
    }

    pub(super) fn wait_for(&self, deadline: Instant, waiter: Waiter) {
        let mut state = self.lock();
        if state.stopped {
            return;
        }
        // Looked at once at the start: it may have happened already.
        state.waiters.push((deadline, waiter));
        state.look = true;
        drop(state);
        self.news.notify_one();
    }

    pub(super) fn subscribe(self: &Arc<Self>, observer: Arc<dyn Observer>) -> Subscription {
        let mut state = self.lock();
        let number = state.next_number;
        state.next_number = number.wrapping_add(1);
        state.observers.push((number, observer));
        Subscription { herald: Arc::downgrade(self), number }
    }

    pub(super) fn stop(&self) {
        let mut state = self.lock();
        state.stopped = true;
        // Their promises break: whoever waits hears that the wallet is closed.
        let waiters = std::mem::take(&mut state.waiters);
        drop(state);
        drop(waiters);
        self.news.notify_all();
    }

    /// Blocks until there is something to do; nothing when the wallet is closed.
    pub(super) fn next_round(&self) -> Option<Round> {
        let mut state = self.lock();
        loop {
            if state.stopped {
                return None;
            }
            let now = Instant::now();
            if let Some(round) = state.round(now) {
                return Some(round);
            }
            let soonest = state.waiters.iter().map(|(deadline, _)| *deadline).min();
            let pause = soonest.map_or(Duration::from_secs(3600), |deadline| deadline.saturating_duration_since(now));
            let (next, _) = self.news.wait_timeout(state, pause).unwrap_or_else(PoisonError::into_inner);
            state = next;
        }
    }

    /// What there is to do now, without waiting.
    pub(super) fn round_now(&self) -> Option<Round> {
        self.lock().round(Instant::now())
    }

    /// Puts back a waiter whose time has not come.
    pub(super) fn keep(&self, deadline: Instant, waiter: Waiter) {
        let mut state = self.lock();
        if !state.stopped {
            state.waiters.push((deadline, waiter));
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(herald) = self.herald.upgrade() {
            let mut state = herald.lock();
            let found = state.observers.iter().position(|(number, _)| *number == self.number);
            let gone = found.map(|at| state.observers.remove(at));
            // The observer goes after the lock: what it drops may be anything.
            drop(state);
            drop(gone);
        }
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subscription({})", self.number)
    }
}
