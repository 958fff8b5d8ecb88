//! Codes, read and shown.

/// Placeholder until the code branch lands.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Rules {
    #[serde(default)]
    rules: Vec<serde_json::Value>,
}
