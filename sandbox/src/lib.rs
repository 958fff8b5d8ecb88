//! `jigap-sandbox`: a gateway, the networks behind it and a shop, for developers and tests. **Never for production**: it
//! has one process, example rates, invented shops, and an administration that anyone on this machine can reach.
//!
//! [`serve::start`] runs it inside a test; the binary runs it beside one. What it speaks is `docs/gateway.md`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "printing is what a tool in a terminal is for")]

pub mod admin;
pub mod audit;
mod call;
mod client;
pub mod consent;
mod documents;
pub mod draw;
pub mod fault;
mod faults;
mod gateway;
pub mod inspect;
mod keys;
mod line;
mod networks;
pub mod refusal;
mod routes;
pub mod serve;
pub mod shop;
mod state;
mod tls;
pub mod wallet;
