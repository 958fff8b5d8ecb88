//! Whole lives of a wallet, each from one seed: the real [`jigap::app::Wallet`] and the real store on a disk that tears, a gateway
//! that lies, a clock that jumps, kills at every write. What must never happen is checked by name, I1 to I15.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test tool: what panics here is a bug of the simulator, and every life is run where a panic is caught and told"
)]

pub mod disk;
pub mod gateway;
mod life;
mod model;
pub mod report;
pub mod rng;
pub mod run;
mod transport;
pub mod vfs;
mod world;

pub use life::play;
