//! Frames of a camera, one rung each.

use std::sync::{Mutex, TryLockError};

use super::frame::Frame;
use super::ladder::{self, Rung};
use super::{Found, merge};

/// What came of an offered frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// Another frame is being looked at; this one was dropped and nothing was done with it.
    Busy,
    /// Nothing was read in this frame. The next one is looked at in another way.
    Nothing,
    /// The same as the last finding, whose corners may have moved. There is nothing to do but to draw.
    Again(Vec<Found>),
    /// One text, and not the last one.
    One(Found),
    /// Several texts, and not the last ones: which of them is meant is the user's to say.
    Several(Vec<Found>),
}

/// Looks at the frames of one camera. It can be shared between threads: a frame offered while another is being looked at is
/// dropped at once.
#[derive(Debug, Default)]
pub struct Scanner(Mutex<State>);

#[derive(Debug)]
struct State {
    /// The ladder, what worked last in front.
    order: [Rung; Rung::ALL.len()],
    /// Which of them comes next.
    next: usize,
    /// The texts of the last finding.
    told: Vec<Found>,
}

impl Default for State {
    fn default() -> Self {
        Self { order: Rung::ALL, next: 0, told: Vec::new() }
    }
}

impl Scanner {
    /// A scanner that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Looks at a frame with one rung of the ladder, and at once says what it found. Six frames of the same scene are the
    /// whole ladder.
    #[must_use]
    pub fn offer(&self, frame: &Frame<'_>) -> Finding {
        let mut state = match self.0.try_lock() {
            Ok(state) => state,
            Err(TryLockError::WouldBlock) => return Finding::Busy,
            // What is kept are an order and the last texts: a thread that died between two of them broke nothing.
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
        };
        state.look(frame)
    }

    /// Forgets the last finding, so that the same text is news again: the user put it away and scans anew.
    pub fn forget(&self) {
        let mut state = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        state.told.clear();
    }
}

impl State {
    fn look(&mut self, frame: &Frame<'_>) -> Finding {
        let rung = self.order.get(self.next).copied().unwrap_or(Rung::Plain);
        let (read, _) = ladder::look(frame, rung, false);
        let mut found = Vec::new();
        merge(&mut found, read);
        if found.is_empty() {
            self.next = self.next.saturating_add(1);
            if self.next >= self.order.len() {
                self.next = 0;
            }
            return Finding::Nothing;
        }
        if let Some(worked) = self.order.get_mut(..=self.next) {
            worked.rotate_right(1);
        }
        self.next = 0;
        if self.is_told(&found) {
            return Finding::Again(found);
        }
        self.told.clone_from(&found);
        match <[Found; 1]>::try_from(found) {
            Ok([one]) => Finding::One(one),
            Err(several) => Finding::Several(several),
        }
    }

    /// Whether every one of these was part of the last finding: one of two codes that were told is no news.
    fn is_told(&self, found: &[Found]) -> bool {
        found.iter().all(|new| self.told.iter().any(|old| old.kind == new.kind && old.text == new.text))
    }
}
