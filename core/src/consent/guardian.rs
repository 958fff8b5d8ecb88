//! The step of a guardian where a user is under 14 (PIPA 22-2): the wallet company has asked the legal guardian, and signs
//! that they agreed. How the company finds and asks them is its own duty.

use crate::consent::Signed;
use crate::crypto::{Digest, PublicKey};
use crate::error::{Code, Error, Result};
use crate::id::Id;
use crate::time::ServerMs;
use serde::{Deserialize, Serialize};

/// That a guardian agreed to certain documents for the user of one device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// 1.
    pub format: u32,
    /// For whose device.
    pub device: Id,
    /// To which documents.
    pub documents: Vec<Digest>,
    /// How the guardian was asked, a word of the company's.
    pub method: String,
    /// Until when it may be used.
    pub until: ServerMs,
}

impl Confirmation {
    /// Opens what the controller signed.
    ///
    /// # Errors
    /// [`Code::GuardianNeeded`] with field `part`: `signature` or `format`.
    pub fn open(signed: &Signed, controller: &PublicKey) -> Result<Self> {
        let bad = |part: &'static str| Error::new(Code::GuardianNeeded).with("part", part);
        if !controller.verifies(&signed.bytes.0, &signed.signature) {
            return Err(bad("signature"));
        }
        let confirmation: Self = serde_json::from_slice(&signed.bytes.0).map_err(|_| bad("format"))?;
        if confirmation.format == 1 { Ok(confirmation) } else { Err(bad("format")) }
    }

    /// Whether it is for this device and document, now.
    ///
    /// # Errors
    /// [`Code::GuardianNeeded`] with field `part`: `device`, `document` or `expired`.
    pub fn covers(&self, device: Id, document: Digest, now: ServerMs) -> Result<()> {
        let bad = |part: &'static str| Err(Error::new(Code::GuardianNeeded).with("part", part));
        match () {
            () if self.device != device => bad("device"),
            () if !self.documents.contains(&document) => bad("document"),
            () if now >= self.until => bad("expired"),
            () => Ok(()),
        }
    }
}
