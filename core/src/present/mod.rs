//! Showing a code: which one is next, how long it is on screen, what became of it. Pure.

mod session;

pub use session::{Code, CodeEffect, CodeEvent, CodeState, Waiting, next, wanted};
