//! x

/// Codes: drawn here; read and classified beside it.
pub mod code;
