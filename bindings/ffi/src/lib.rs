//! The UniFFI surface of jigap, and nothing else: it maps types, and decides nothing.
//!
//! Rules of this crate (DESIGN.md, "FFI"): every exported function returns a `Result`; every async one only waits for
//! an outcome and may be dropped; one call a user action; callbacks return `Result` too. The hand-written Kotlin and
//! Swift layers are the public interface; this one may change with any version.

#![allow(
    missing_debug_implementations,
    reason = "values here hold names, codes and amounts on their way out: nothing in Rust may print them"
)]

mod error;
mod ports;
mod records;
mod scanner;
mod wallet;

pub use error::{ErrorCode, ErrorField, JigapError, NextAction, Problem};
pub use ports::{
    CorePinKey, TransportFailure, TransportPort, TransportRequest, TransportResponse, VaultFailure, VaultPort,
    file_vault, https_transport,
};
pub use records::*;
pub use scanner::{CoreScanner, GreyPicture, PicturePoint, ScannedCode, Sighting, SymbolKind, scan_picture};
pub use wallet::{CoreWallet, Observer, ObserverFailure, Subscription, set_aside};

// The bugs that the simulator has to find are for the simulator alone.
const _: () = assert!(!jigap::mutant::BUILT_IN, "the library must not hold planted bugs");

uniffi::setup_scaffolding!("jigap_ffi");
