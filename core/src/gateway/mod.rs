//! The wallet company's gateway: wire types, the client, the transports.

pub mod wire;
