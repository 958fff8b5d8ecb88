//! Codes: what a wallet shows and what it scans.
pub mod draw;
