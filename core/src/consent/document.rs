//! Consent documents: what a user is shown before data may go to one network's recipients, for one purpose.

use crate::consent::Basis;
use crate::crypto::{Blob, Canonical, Digest, PublicKey, Signature};
use crate::error::{Code, Error, Result};
use crate::network::Network;
use crate::time::ServerMs;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The purpose without which a network cannot be used at all: paying.
pub const PAYMENT: &str = "payment";

/// The languages every document of format 2 is written in.
pub const LANGUAGES: [&str; 4] = ["ko", "en", "ja", "zh"];

/// What has to stand out on screen (PIPA decree 17: larger, coloured or bold).
const IMPORTANT: [&str; 4] = ["items", "recipient", "purpose", "retention"];

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

/// What is told in one language. Which of the fields must be there is a matter of [`Basis::asks`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// What this is.
    #[serde(default)]
    pub title: String,
    /// The items of personal information: 15(2)2, 17(2)3, 28-8(2)1.
    #[serde(default)]
    pub items: String,
    /// Country, time and method of the transfer: 28-8(2)2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfer: Option<String>,
    /// The recipient's name and contact: 17(2)1, 28-8(2)3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<String>,
    /// The purpose, the recipient's where there is one: 15(2)1, 17(2)2, 28-8(2)4; there with how long it is kept.
    #[serde(default)]
    pub purpose: String,
    /// How long it is kept: 15(2)3, 17(2)4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<String>,
    /// How to refuse, and what refusing means: 15(2)4, 17(2)5, 28-8(2)5.
    #[serde(default)]
    pub refusal: String,
}

/// A consent document, verified: signed by the controller, for one network and purpose, complete in every language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    content: Content,
    digest: Digest,
    signature: Signature,
    issuer: Digest,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    format: u32,
    id: String,
    version: u32,
    network: Network,
    controller: String,
    /// Format 2: what it is for, `payment` or a purpose of the company's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    purpose: Option<String>,
    /// Format 2: whether the network cannot be used without it (PIPA 22(5): an optional one must not be made a condition).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    required: Option<bool>,
    /// Format 2: the act.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    basis: Option<Basis>,
    /// Format 2: how many days an agreement holds; for ever without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    valid_days: Option<u32>,
    /// Format 2: until when the document may be shown, server milliseconds; for ever without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shown_until: Option<i64>,
    /// The words of the data items; the per-call table of the gateway names the same.
    data: Vec<String>,
    recipients: Vec<Recipient>,
    texts: BTreeMap<String, Text>,
}

/// One section on screen: its stable name, its text, whether it has to stand out.
pub(crate) type Section<'a> = (&'static str, &'a str, bool);

impl Document {
    /// Checks the signature, then the content. A document with a missing item is refused here, before anyone sees it.
    ///
    /// # Errors
    /// [`Code::ConsentDocumentInvalid`] with field `part`: `signature`, `format`, `purpose`, `required`, `basis`, `recipients`,
    /// `data`, `texts`, `language` or the name of the missing item.
    pub fn open(signed: &Signed, controller: &PublicKey) -> Result<Self> {
        let bad = |part: &'static str| Error::new(Code::ConsentDocumentInvalid).with("part", part);
        if !controller.verifies(&signed.bytes.0, &signed.signature) {
            return Err(bad("signature"));
        }
        let content: Content = serde_json::from_slice(&signed.bytes.0).map_err(|_| bad("format"))?;
        let Content { purpose, required, basis, valid_days, shown_until, .. } = &content;
        match content.format {
            // The first format knew one purpose and one act.
            1 if (purpose, required, basis, valid_days, shown_until) == (&None, &None, &None, &None, &None) => {}
            2 if purpose.as_deref().is_none_or(|name| Network::parse(name).is_err()) => return Err(bad("purpose")),
            2 if required.is_none() => return Err(bad("required")),
            2 if basis.is_none() => return Err(bad("basis")),
            2 if LANGUAGES.iter().any(|language| !content.texts.contains_key(*language)) => {
                return Err(bad("language"));
            }
            2 => {}
            _ => return Err(bad("format")),
        }
        let blank = |text: &String| text.trim().is_empty();
        let incomplete = |r: &Recipient| {
            let country = r.country.len() == 2 && r.country.bytes().all(|b| b.is_ascii_uppercase());
            blank(&r.name) || blank(&r.contact) || !country
        };
        if content.recipients.is_empty() || content.recipients.iter().any(incomplete) {
            return Err(bad("recipients"));
        }
        if content.data.is_empty() || content.data.iter().any(blank) {
            return Err(bad("data"));
        }
        if content.texts.is_empty() {
            return Err(bad("texts"));
        }
        let asked = content.basis.unwrap_or(Basis::Transfer).asks();
        for text in content.texts.values() {
            let there = text.fields();
            for name in asked {
                if !there.iter().any(|(field, value)| field == name && !value.trim().is_empty()) {
                    return Err(bad(name));
                }
            }
        }
        let digest = Digest::of(&signed.bytes.0);
        Ok(Self { content, digest, signature: signed.signature.clone(), issuer: controller.id() })
    }

    /// Digest of the exact signed bytes: what an event refers to.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// The controller's signature.
    pub const fn signature(&self) -> &Signature {
        &self.signature
    }

    /// Digest of the controller's key.
    pub const fn issuer(&self) -> Digest {
        self.issuer
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

    /// What it is for: [`PAYMENT`], or a purpose of the company's own.
    pub fn purpose(&self) -> &str {
        self.content.purpose.as_deref().unwrap_or(PAYMENT)
    }

    /// Whether the network cannot be used without it.
    pub fn required(&self) -> bool {
        self.content.required.unwrap_or(true)
    }

    /// The act it is asked for under.
    pub fn basis(&self) -> Basis {
        self.content.basis.unwrap_or(Basis::Transfer)
    }

    /// When an agreement given now ends; never without a term.
    pub fn ends(&self, now: ServerMs) -> Option<ServerMs> {
        self.content.valid_days.map(|days| now.plus(i64::from(days).saturating_mul(24 * 3_600_000)))
    }

    /// Refuses a document that is not to be shown any more.
    ///
    /// # Errors
    /// [`Code::ConsentDocumentInvalid`] with `part` = `expired`.
    pub fn check_at(&self, now: ServerMs) -> Result<()> {
        match self.content.shown_until {
            Some(end) if now.0 >= end => Err(Error::new(Code::ConsentDocumentInvalid).with("part", "expired")),
            _ => Ok(()),
        }
    }

    /// Who asks: the wallet company.
    pub fn controller(&self) -> &str {
        &self.content.controller
    }

    /// The words of the data items it covers.
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
    /// The title and what is told, by name, in the order they are shown.
    pub fn fields(&self) -> Vec<(&'static str, &str)> {
        let all = [
            ("title", Some(self.title.as_str())),
            ("items", Some(&self.items)),
            ("transfer", self.transfer.as_deref()),
            ("recipient", self.recipient.as_deref()),
            ("purpose", Some(&self.purpose)),
            ("retention", self.retention.as_deref()),
            ("refusal", Some(&self.refusal)),
        ];
        all.into_iter().filter_map(|(name, text)| text.map(|text| (name, text))).collect()
    }

    /// The sections below the title, in order.
    pub fn sections(&self) -> Vec<Section<'_>> {
        let below = self.fields().into_iter().filter(|(name, text)| *name != "title" && !text.is_empty());
        below.map(|(name, text)| (name, text, IMPORTANT.contains(&name))).collect()
    }

    /// Digest of what is on screen in this order: title, then name, text and emphasis of each section. What an event
    /// records as shown.
    pub fn rendered(&self) -> Digest {
        Canonical::new(*b"JCR1")
            .text(&self.title)
            .list(&self.sections(), |w, (name, text, stands_out)| {
                w.text(name).text(text).number(i64::from(*stands_out))
            })
            .digest()
    }
}
