//! What makes the engine's threads get up: work that was just owed, or a time that has come.

use crate::store::{Task, TaskKind};
use std::collections::{HashMap, HashSet};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a task is left alone after its first failure, and at most.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

type Name = (TaskKind, Vec<u8>);

/// Time since the device started, by the wallet's own clock: sleep counts, and the simulator decides.
type Moment = Duration;

/// Consent events go up in their order: one thread has them all, and the other stays free for payments.
fn name(task: &Task) -> Name {
    let subject = if task.kind == TaskKind::UploadConsent { Vec::new() } else { task.subject.clone() };
    (task.kind, subject)
}

/// What came of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    /// What it owed is paid, or the store has the next time.
    Paid,
    /// Nothing changed; to be done again after this time. Kept in memory: after a restart it is due at once.
    Again(Duration),
    /// It failed and changed nothing.
    Failed,
}

#[derive(Default)]
struct State {
    /// Tasks a thread is working on: no other takes them.
    claimed: HashSet<Name>,
    /// Tasks without a new due time in the store: how often they failed in a row, and not before which moment.
    delayed: HashMap<Name, (u32, Moment)>,
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

    /// What was left alone may be done at once: somebody is waiting for it.
    pub(super) fn hurry(&self, kind: TaskKind, subject: &[u8]) {
        self.lock().delayed.remove(&(kind, subject.to_vec()));
        self.up();
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

    /// Takes the first of these tasks that nobody has and that is not left alone. There is none: how long until one of
    /// those that are left alone may be taken.
    pub(super) fn claim<'t>(&self, due: impl Iterator<Item = &'t Task>, now: Moment) -> Result<Task, Option<Duration>> {
        let mut state = self.lock();
        // What was left alone and did not come again was settled in another way.
        state.delayed.retain(|_, (_, until)| now.saturating_sub(*until) < LONGEST_PAUSE);
        let mut wait: Option<Duration> = None;
        for task in due {
            let name = name(task);
            if state.claimed.contains(&name) {
                continue;
            }
            match state.delayed.get(&name) {
                Some((_, until)) if *until > now => {
                    let left = until.saturating_sub(now);
                    wait = Some(wait.map_or(left, |wait| wait.min(left)));
                }
                _ => {
                    state.claimed.insert(name);
                    return Ok(task.clone());
                }
            }
        }
        Err(wait)
    }

    /// Gives a task back; after a failure it is left alone for a while, twice as long after each one in a row.
    pub(super) fn release(&self, task: &Task, done: Done, now: Moment) {
        let name = name(task);
        let mut state = self.lock();
        state.claimed.remove(&name);
        let before = state.delayed.remove(&name).map_or(0, |(times, _)| times);
        let pause = match done {
            Done::Paid => None,
            Done::Again(pause) => Some((0, pause)),
            Done::Failed => {
                let pause = FIRST_PAUSE.saturating_mul(1 << before.min(16)).min(LONGEST_PAUSE);
                Some((before.saturating_add(1), pause))
            }
        };
        if let Some((times, pause)) = pause {
            state.delayed.insert(name, (times, now.saturating_add(pause)));
        }
        // Another thread may have skipped it while it was claimed.
        state.owed = state.owed.wrapping_add(1);
        drop(state);
        self.changed.notify_all();
    }

    /// Sleeps until more is owed than `seen`, the time is over or the wallet closes.
    pub(super) fn sleep(&self, seen: u64, at_most: Duration) {
        let mut state = self.lock();
        let Some(deadline) = Instant::now().checked_add(at_most) else { return };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::ServerMs;

    #[test]
    fn a_task_that_fails_is_left_alone_and_no_other_with_it() {
        let wake = Wake::default();
        let task = |subject: u8| Task { kind: TaskKind::Ask, subject: vec![subject], due: ServerMs(0) };
        let tasks = [task(1), task(2)];
        let now = Duration::from_secs(100);
        assert_eq!(wake.claim(tasks.iter(), now), Ok(task(1)));
        assert_eq!(wake.claim(tasks.iter(), now), Ok(task(2)), "a claimed task is nobody else's");
        assert_eq!(wake.claim(tasks.iter(), now), Err(None));
        wake.release(&tasks[0], Done::Failed, now);
        wake.release(&tasks[1], Done::Paid, now);
        assert_eq!(wake.claim(tasks.iter(), now), Ok(task(2)), "the failed one waits");
        assert_eq!(wake.claim(tasks.iter(), now), Err(Some(FIRST_PAUSE)));
        // Nothing is due any more: a failure that was settled in another way keeps nobody awake.
        assert_eq!(wake.claim([].iter(), now), Err(None));
        assert_eq!(wake.claim(tasks.iter(), now + FIRST_PAUSE), Ok(task(1)), "its pause is over");
    }
}
