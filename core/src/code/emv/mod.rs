//! EMVCo QR codes: the merchant-presented ([`Mpm`]) and consumer-presented ([`Cpm`]). No allocation anywhere in here but in
//! [`diagnose`](fn@diagnose), which is for people.
//!
//! Structure and checksum are strict, everything else is a matter of the scheme (`code/scheme`): live national codes
//! leave out objects the standard calls mandatory (`domain.md` §3.6).

mod cpm;
mod crc;
mod diagnose;
mod fault;
mod mpm;
mod tlv;

pub use cpm::{BerObject, BerTag, Cpm, CpmFault, CpmFaultKind};
pub use crc::crc16;
pub use diagnose::{Diagnosis, Finding, Hint, diagnose};
pub use fault::{Fault, FaultKind, TagPath};
pub(crate) use mpm::is_zero;
pub use mpm::{Initiation, Mpm, Tip};
pub use tlv::{Object, Objects, Tag, Template};
