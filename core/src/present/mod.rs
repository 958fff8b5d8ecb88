//! Showing a code: which one is next, how long it is on screen, what became of it. Pure.
//!
//! [`Code`] is the life of one issued code. [`Stage`] is what is on the screen. [`Policy`] says how many codes are fetched,
//! how often the gateway is asked and when a code without network is offered. [`Kind`] is what a network's codes look like.
//! [`offline`] makes codes on the device.

mod kind;
pub mod offline;
mod policy;
mod session;
mod stage;

pub use kind::{Alphabet, Kind, Symbologies};
pub use policy::{Ahead, OfflineTerms, Policy, Trouble};
pub use session::{Code, CodeEffect, CodeEvent, CodeState, Waiting, masked, next, wanted};
pub use stage::{OnScreen, Page, Scene, Stage, StageEffect, StageEvent};
