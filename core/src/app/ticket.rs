//! A ticket for an outcome: awaited by a coroutine or a Swift task, or waited for by a thread. Whoever throws it away
//! gives up only the news, never the work.

use crate::error::{Code, Error, Result};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

enum State<T> {
    Waiting(Option<Waker>),
    Done(Option<Result<T>>),
}

struct Slot<T> {
    state: Mutex<State<T>>,
    arrived: Condvar,
}

impl<T> Slot<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fulfil(&self, result: Result<T>) {
        let mut state = self.lock();
        let waker = match &mut *state {
            State::Waiting(waker) => waker.take(),
            State::Done(_) => return,
        };
        *state = State::Done(Some(result));
        drop(state);
        self.arrived.notify_all();
        // Outside the lock: waking may run the waiter at once.
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// The promise of an outcome. May be dropped at any point.
#[must_use]
pub struct Ticket<T>(Arc<Slot<T>>);

/// The duty to deliver it. Dropped undelivered, it delivers an error: nobody waits for ever.
pub(super) struct Promise<T>(Arc<Slot<T>>);

pub(super) fn promise<T>() -> (Promise<T>, Ticket<T>) {
    let slot = Arc::new(Slot { state: Mutex::new(State::Waiting(None)), arrived: Condvar::new() });
    (Promise(Arc::clone(&slot)), Ticket(slot))
}

/// Runs work on a thread of its own, for callers that must not block: opening a wallet, stretching a PIN.
pub fn aside<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Ticket<T> {
    let (promise, ticket) = promise();
    // Without a thread the promise breaks, and the ticket says so.
    let _ = std::thread::Builder::new().name("jigap-aside".to_owned()).spawn(move || {
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        promise.fulfil(result.unwrap_or_else(|_| Err(Error::new(Code::Internal).with("part", "aside"))));
    });
    ticket
}

impl<T> Promise<T> {
    pub(super) fn fulfil(self, result: Result<T>) {
        self.0.fulfil(result);
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        self.0.fulfil(Err(Error::new(Code::Closed)));
    }
}

impl<T> Ticket<T> {
    /// Blocks this thread until the outcome is there. For terminals and tests; an app awaits.
    ///
    /// # Errors
    /// The outcome's own, or [`Code::Closed`] when the wallet was closed first.
    pub fn wait(self) -> Result<T> {
        let mut state = self.0.lock();
        loop {
            if let State::Done(result) = &mut *state {
                return result.take().unwrap_or_else(|| Err(Error::new(Code::Closed)));
            }
            state = self.0.arrived.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl<T> Future for Ticket<T> {
    type Output = Result<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *self.0.lock() {
            State::Done(result) => Poll::Ready(result.take().unwrap_or_else(|| Err(Error::new(Code::Closed)))),
            State::Waiting(waker) => {
                *waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl<T> fmt::Debug for Ticket<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ticket(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn a_waiting_thread_gets_the_outcome() {
        let (promise, ticket) = promise();
        let waiter = thread::spawn(move || ticket.wait());
        promise.fulfil(Ok(7));
        assert_eq!(waiter.join().unwrap(), Ok(7));
    }

    #[test]
    fn an_awaiting_task_is_woken_once() {
        let (promise, mut ticket) = promise();
        let mut context = Context::from_waker(Waker::noop());
        assert!(Pin::new(&mut ticket).poll(&mut context).is_pending());
        promise.fulfil(Ok(7));
        assert_eq!(Pin::new(&mut ticket).poll(&mut context), Poll::Ready(Ok(7)));
    }

    #[test]
    fn a_broken_promise_is_an_error_and_a_dropped_ticket_is_nothing() {
        let (broken, ticket) = promise::<()>();
        drop(broken);
        assert_eq!(ticket.wait().unwrap_err().code(), Code::Closed);
        let (kept, ticket) = promise();
        drop(ticket);
        kept.fulfil(Ok(()));
    }
}
