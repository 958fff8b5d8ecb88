//! Jigap (지갑, "wallet"): the on-device core of a consumer wallet for paying abroad by QR.
//!
//! Start at [`app`]: `Wallet` is what an app holds. Everything below it is pure (`step(state, event, now) -> (state,
//! effects)`), or a trait (`Clock`, `Random`, `Vault`, `Transport`) that the app, a test or the simulator fills in.
//! `ARCHITECTURE.md` shows the way of one scanned and one shown code through these modules.

#[macro_use]
mod text;
#[macro_use]
pub mod mutant;

pub mod app;
pub mod code;
pub mod config;
#[macro_use]
pub mod consent;
pub mod crypto;
pub mod error;
pub mod gateway;
pub mod id;
pub mod money;
pub mod network;
pub mod payment;
pub mod present;
pub mod store;
pub mod time;
pub mod vault;
pub mod wallet;
