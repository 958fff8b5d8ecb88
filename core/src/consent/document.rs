//! Consent documents: what a user is shown before data may go to one network's recipients abroad.

use crate::crypto::{Blob, Digest, PublicKey, Signature};
use crate::error::{Code, Error, Result};
use crate::network::Network;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Bytes and the controller's signature over them. In JSON both are Base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    /// The exact bytes that were signed: UTF-8 JSON.
    pub bytes: Blob,
    /// ECDSA P-256 over the bytes.
    pub signature: Signature,
}

/// Who receives the data. PIPA 28-8(2) item 3: name and, for a company, contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipient {
    /// The company's name.
    pub name: String,
    /// How to reach it.
    pub contact: String,
    /// ISO 3166-1 alpha-2 country.
    pub country: String,
}

/// The five items of PIPA 28-8(2) in one language, and a title.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// What this is.
    pub title: String,
    /// Item 1: the items of personal information that are transferred.
    pub items: String,
    /// Item 2: country, time and method of the transfer.
    pub transfer: String,
    /// Item 3: the recipient's name and contact.
    pub recipient: String,
    /// Item 4: the recipient's purpose, and how long it keeps the data.
    pub purpose: String,
    /// Item 5: how to refuse, and what refusing means.
    pub refusal: String,
}

/// A consent document, verified: signed by the controller, for one network, with all five items in every language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    content: Content,
    digest: Digest,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    format: u32,
    id: String,
    version: u32,
    network: Network,
    controller: String,
    /// Stable names of the data items, such as `payment_order`; the per-call table of the gateway names the same.
    data: Vec<String>,
    recipients: Vec<Recipient>,
    texts: BTreeMap<String, Text>,
}

impl Document {
    /// Checks the signature, then the content. A document with a missing item is refused here, before anyone sees it.
    ///
    /// # Errors
    /// [`Code::ConsentDocumentInvalid`] with field `part`: `signature`, `format`, `recipients`, `data`, `texts` or the
    /// name of the missing item.
    pub fn open(signed: &Signed, controller: &PublicKey) -> Result<Self> {
        let bad = |part: &'static str| Error::new(Code::ConsentDocumentInvalid).with("part", part);
        if !controller.verifies(&signed.bytes.0, &signed.signature) {
            return Err(bad("signature"));
        }
        let content: Content = serde_json::from_slice(&signed.bytes.0).map_err(|_| bad("format"))?;
        if content.format != 1 {
            return Err(bad("format"));
        }
        let blank = |text: &String| text.trim().is_empty();
        let incomplete = |r: &Recipient| blank(&r.name) || blank(&r.contact) || r.country.len() != 2;
        if content.recipients.is_empty() || content.recipients.iter().any(incomplete) {
            return Err(bad("recipients"));
        }
        if content.data.is_empty() || content.data.iter().any(blank) {
            return Err(bad("data"));
        }
        if content.texts.is_empty() {
            return Err(bad("texts"));
        }
        for text in content.texts.values() {
            for (name, value) in text.fields() {
                if value.trim().is_empty() {
                    return Err(bad(name));
                }
            }
        }
        Ok(Self { content, digest: Digest::of(&signed.bytes.0) })
    }

    /// Digest of the exact signed bytes: what an event refers to.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// The document's stable name.
    pub fn id(&self) -> &str {
        &self.content.id
    }

    /// Its version, counting up.
    pub const fn version(&self) -> u32 {
        self.content.version
    }

    /// The network it is about.
    pub const fn network(&self) -> Network {
        self.content.network
    }

    /// Who asks: the wallet company.
    pub fn controller(&self) -> &str {
        &self.content.controller
    }

    /// The names of the data items it covers.
    pub fn data(&self) -> &[String] {
        &self.content.data
    }

    /// Who receives the data.
    pub fn recipients(&self) -> &[Recipient] {
        &self.content.recipients
    }

    /// The text in this language (BCP 47, matched by its first part), else in English, else in the first there is.
    /// Gives the language found with it, since the event records what was really shown.
    pub fn text(&self, locale: &str) -> Option<(&str, &Text)> {
        let language = locale.split(['-', '_']).next().unwrap_or_default();
        let found = |name: &str| self.content.texts.get_key_value(name);
        found(language)
            .or_else(|| found("en"))
            .or_else(|| self.content.texts.iter().next())
            .map(|(l, t)| (l.as_str(), t))
    }
}

impl Text {
    /// The title and the five items by name, in the order they are shown.
    pub fn fields(&self) -> [(&'static str, &str); 6] {
        [
            ("title", &self.title),
            ("items", &self.items),
            ("transfer", &self.transfer),
            ("recipient", &self.recipient),
            ("purpose", &self.purpose),
            ("refusal", &self.refusal),
        ]
    }
}
