//! EMVCo QR codes: the merchant-presented form ([`Mpm`]) and what it is made of. No allocation anywhere in here.
//!
//! Structure and checksum are strict, everything else is a matter of the scheme (`code/scheme`): live national codes
//! leave out objects the standard calls mandatory (`domain.md` §3.6).

mod crc;
mod fault;
mod mpm;
mod tlv;

pub use crc::crc16;
pub use fault::{Fault, FaultKind, TagPath};
pub(crate) use mpm::is_zero;
pub use mpm::{Initiation, Mpm, Tip};
pub use tlv::{Object, Objects, Tag, Template};
