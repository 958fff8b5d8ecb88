//! What makes the engine's threads get up: work that was just owed, or a time that has come.

use crate::store::{Task, TaskKind};
use std::collections::{HashMap, HashSet};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a task is left alone after its first failure, and at most.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

type Name = (TaskKind, Vec<u8>);

#[derive(Default)]
struct State {
    /// Tasks a thread is working on: no other takes them.
    claimed: HashSet<Name>,
    /// Tasks that failed without a new due time in the store: how often in a row, and not before which moment.
    delayed: HashMap<Name, (u32, Instant)>,
    /// Counts what was owed, so that nothing owed between looking and sleeping is missed.
    owed: u64,
    stopped: bool,
}

#[derive(Default)]
pub(super) struct Wake {
    state: Mutex<State>,
    changed: Condvar,
}

impl Wake {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something new is owed.
    pub(super) fn up(&self) {
        let mut state = self.lock();
        state.owed = state.owed.wrapping_add(1);
        drop(state);
        self.changed.notify_all();
    }

    pub(super) fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }

    pub(super) fn stopped(&self) -> bool {
        self.lock().stopped
    }

    /// How much was owed so far; to be handed to [`Wake::sleep`].
    pub(super) fn count(&self) -> u64 {
        self.lock().owed
    }

    /// Takes the first of these tasks that nobody has and that is not delayed.
    pub(super) fn claim<'t>(&self, due: impl Iterator<Item = &'t Task>) -> Option<Task> {
        let mut state = self.lock();
        let now = Instant::now();
        for task in due {
            let name = (task.kind, task.subject.clone());
            let delayed = state.delayed.get(&name).is_some_and(|(_, until)| *until > now);
            if !delayed && !state.claimed.contains(&name) {
                state.claimed.insert(name);
                return Some(task.clone());
            }
        }
        None
    }

    /// Gives a task back; after a failure it is left alone for a while, twice as long after each one in a row.
    pub(super) fn release(&self, task: &Task, failed: bool) {
        let name = (task.kind, task.subject.clone());
        let mut state = self.lock();
        state.claimed.remove(&name);
        let before = state.delayed.remove(&name).map_or(0, |(times, _)| times);
        if failed {
            let pause = FIRST_PAUSE.saturating_mul(1 << before.min(16)).min(LONGEST_PAUSE);
            if let Some(until) = Instant::now().checked_add(pause) {
                state.delayed.insert(name, (before.saturating_add(1), until));
            }
        }
        // Another thread may have skipped it while it was claimed.
        state.owed = state.owed.wrapping_add(1);
        drop(state);
        self.changed.notify_all();
    }

    /// Sleeps until more is owed than `seen`, the time is over or the wallet closes. Wakes early for delayed tasks.
    pub(super) fn sleep(&self, seen: u64, at_most: Duration) {
        let mut state = self.lock();
        let now = Instant::now();
        // One whose time came since the last look counts as due now.
        let claimed = |name: &Name| state.claimed.contains(name);
        let soonest = state.delayed.iter().filter(|(name, _)| !claimed(name)).map(|(_, (_, until))| until).min();
        let pause = soonest.map_or(at_most, |until| until.saturating_duration_since(now).min(at_most));
        let Some(deadline) = now.checked_add(pause) else { return };
        while state.owed == seen && !state.stopped {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let (next, _) = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner);
            state = next;
        }
    }
}
