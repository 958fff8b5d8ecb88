//! The wallet company's gateway: wire types, the client, the transports.

mod client;
mod https;
pub mod table;
mod transport;
pub mod wire;

pub use client::{Client, Timed};
pub use https::{Address, HttpsTransport};
pub use transport::{MAX_BODY, Request, Response, SendError, Transport};
