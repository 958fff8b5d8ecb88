//! The desk: takes one user action after another, off the caller's thread.
//!
//! R11: what was taken belongs to the core. Whoever asked may go away; the action does not.
//!
//! Two threads: one may be waiting for the gateway (preparing a payment) while the other commits a tap.

use crate::app::inner::Inner;
use crate::app::ticket::{Promise, Ticket, promise};
use crate::error::{Code, Error, Result};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

pub(super) type Action = Box<dyn FnOnce(&Inner) + Send>;

pub(super) struct Desk {
    actions: Mutex<Option<Sender<Action>>>,
}

/// The threads' end of the desk.
#[derive(Clone)]
pub(super) struct Inbox(Arc<Mutex<Receiver<Action>>>);

impl Desk {
    pub(super) fn new() -> (Self, Inbox) {
        let (sender, receiver) = channel();
        (Self { actions: Mutex::new(Some(sender)) }, Inbox(Arc::new(Mutex::new(receiver))))
    }

    /// Takes an action; its outcome comes by the ticket. A panic in it is an error for its caller alone.
    pub(super) fn take<T: Send + 'static>(
        &self,
        action: impl FnOnce(&Inner) -> Result<T> + Send + 'static,
    ) -> Ticket<T> {
        let (promise, ticket) = promise();
        self.send(promise, move |inner, promise: Promise<T>| {
            let result = catch_unwind(AssertUnwindSafe(|| action(inner)));
            promise.fulfil(result.unwrap_or_else(|_| Err(Error::new(Code::Internal).with("part", "action"))));
        });
        ticket
    }

    fn send<T: Send + 'static>(&self, promise: Promise<T>, run: impl FnOnce(&Inner, Promise<T>) + Send + 'static) {
        let actions = self.actions.lock().unwrap_or_else(PoisonError::into_inner);
        // Closed: the promise breaks, and its ticket says so.
        if let Some(sender) = actions.as_ref() {
            let _ = sender.send(Box::new(move |inner| run(inner, promise)));
        }
    }

    /// Takes no more; what was taken is still done.
    pub(super) fn close(&self) {
        self.actions.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl Inbox {
    /// The next action, if one was taken: for a caller that carries them out itself.
    pub(super) fn next(&self) -> Option<Action> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).try_recv().ok()
    }

    /// A thread's life: until the desk closes and is empty.
    pub(super) fn work(&self, inner: &Inner) {
        loop {
            let next = self.0.lock().unwrap_or_else(PoisonError::into_inner).recv();
            match next {
                Ok(action) => action(inner),
                Err(_) => return,
            }
        }
    }
}
