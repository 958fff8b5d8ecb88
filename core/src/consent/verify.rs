//! Verifies an export as a stranger would: nothing is believed but the signatures. `docs/verify_consent.py` does the same
//! without any of this code.

use super::export::{self, Evidence, effective, from_iso};
use crate::consent::{Confirmation, Document, Event, EventKind, Layout, Ledger, Signed, SignedEvent};
use crate::crypto::{Blob, Digest, PublicKey, Signature};
use crate::error::{Code, Error, Result};
use crate::id::Id;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Where the export lies in a page that people read.
pub(super) const PAGE_MARK: &str = "<script type=\"application/json\" id=\"jigap-consent-export\">";
pub(super) const PAGE_END: &str = "</script>\n</body>\n</html>\n";

/// What an export turned out to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findings {
    /// How many events stand in it.
    pub events: usize,
    /// How many agreements are in force.
    pub effective: usize,
    /// How many answers carry the user's own signature.
    pub proven: usize,
    /// How many events the log vouches for.
    pub logged: usize,
    /// Digest of the device's key, of the controller's, and of the log's: to be compared with what the company publishes.
    pub keys: (Digest, Digest, Option<Digest>),
}

fn bad(part: &'static str) -> Error {
    Error::new(Code::ConsentRecordBroken).with("part", part)
}

fn take<T: DeserializeOwned>(from: &Value, name: &str, part: &'static str) -> Result<T> {
    let value = from.get(name).cloned().unwrap_or_default();
    serde_json::from_value(value).map_err(|_| bad(part))
}

/// Verifies an export, as JSON or as a page.
///
/// # Errors
/// [`Code::ConsentRecordBroken`] with field `part`: `format`, `page`, `seal`, `keys`, `document`, `event`, `chain`, `shown`,
/// `proof`, `guardian`, `log`, `effective` or `view`.
pub fn verify(text: &str) -> Result<Findings> {
    let (page, json) = match text.split_once(PAGE_MARK) {
        Some((page, rest)) => (Some(page), rest.strip_suffix(PAGE_END).ok_or_else(|| bad("page"))?),
        None => (None, text),
    };
    let whole: Value = serde_json::from_str(json).map_err(|_| bad("format"))?;
    let fields = whole.as_object().map_or(0, serde_json::Map::len);
    let wanted = if page.is_some() { 4 } else { 3 };
    if whole.get("format").and_then(Value::as_str) != Some(export::FORMAT) || fields != wanted {
        return Err(bad("format"));
    }
    let content = whole.get("content").ok_or_else(|| bad("format"))?;
    let evidence = read(content)?;
    let seal: Signature = take(&whole, "seal", "seal")?;
    if !evidence.device_key.verifies(&export::to_sign(content), &seal) {
        return Err(bad("seal"));
    }
    if let Some(page) = page {
        let seal: Signature = take(&whole, "page", "page")?;
        if !evidence.device_key.verifies(&export::page_to_sign(page), &seal) {
            return Err(bad("page"));
        }
    }
    let findings = examine(&evidence)?;
    let ledger = Ledger::new(evidence.events.clone()).map_err(|_| bad("chain"))?;
    if content.get("effective") != Some(&Value::Array(effective(&ledger, evidence.made))) {
        return Err(bad("effective"));
    }
    // The views say what the evidence says, to the last letter.
    if evidence.content().ok().as_ref() != Some(content) {
        return Err(bad("view"));
    }
    Ok(findings)
}

fn read(content: &Value) -> Result<Evidence> {
    let keys = content.get("keys").ok_or_else(|| bad("keys"))?;
    let key = |name: &str| -> Result<PublicKey> {
        let key: PublicKey = take(keys, name, "keys")?;
        PublicKey::from_point(key.as_point()).map_err(|_| bad("keys"))
    };
    let log_key = if keys.get("log").is_some_and(Value::is_null) { None } else { Some(key("log")?) };
    let (device_key, made) = (key("device")?, take::<String>(content, "made", "format")?);
    let mut events = Vec::new();
    for event in content.get("events").and_then(Value::as_array).ok_or_else(|| bad("event"))? {
        let (bytes, signature): (Blob, Signature) =
            (take(event, "bytes", "event")?, take(event, "signature", "event")?);
        events.push(SignedEvent::open(bytes.0, signature, &device_key).map_err(|_| bad("event"))?);
    }
    Ok(Evidence {
        device: take::<Id>(content, "device", "format")?,
        device_key,
        user_key: key("user")?,
        controller_key: key("controller")?,
        log_key,
        made: from_iso(&made)?,
        events,
        documents: take::<Vec<Signed>>(content, "documents", "document")?,
    })
}

fn examine(evidence: &Evidence) -> Result<Findings> {
    Ledger::new(evidence.events.clone()).map_err(|_| bad("chain"))?;
    if evidence.events.iter().any(|e| e.event.device != evidence.device) {
        return Err(bad("chain"));
    }
    let open = |signed: &Signed| Document::open(signed, &evidence.controller_key).map_err(|_| bad("document"));
    let documents = evidence.documents.iter().map(open).collect::<Result<Vec<_>>>()?;
    let (mut proven, mut logged) = (0usize, 0usize);
    for signed in &evidence.events {
        let event = &signed.event;
        let document = documents.iter().find(|d| d.digest() == event.document.2).ok_or_else(|| bad("document"))?;
        if !agrees(event, document) {
            return Err(bad("document"));
        }
        if event.layout == Layout::Second && event.kind != EventKind::Acknowledged && !event.shown.locale.is_empty() {
            let found = document.text(&event.shown.locale);
            let same = found
                .is_some_and(|(locale, text)| locale == event.shown.locale && text.rendered() == event.shown.rendered);
            if !same {
                return Err(bad("shown"));
            }
        }
        if let Some(proof) = &event.proof {
            let key = &evidence.user_key;
            let signed = event.keys.1 == key.id() && key.verifies(&proof.challenge, &proof.signature);
            if !signed || !proof.says(event) {
                return Err(bad("proof"));
            }
            proven = proven.saturating_add(1);
        }
        if let Some(guardian) = &event.guardian {
            let confirmation = Confirmation::open(guardian, &evidence.controller_key).map_err(|_| bad("guardian"))?;
            confirmation.covers(event.device, event.document.2, event.server).map_err(|_| bad("guardian"))?;
        }
        if let Some(proof) = &event.acknowledged {
            let about = |e: &SignedEvent| e.hash() == proof.event && Some(e.event.record) == event.about;
            let known = evidence.events.iter().any(about);
            if !known || !evidence.log_key.as_ref().is_some_and(|key| proof.holds(key)) {
                return Err(bad("log"));
            }
            logged = logged.saturating_add(1);
        }
    }
    let ledger = Ledger::new(evidence.events.clone())?;
    let log_key = evidence.log_key.as_ref().map(PublicKey::id);
    Ok(Findings {
        events: evidence.events.len(),
        effective: effective(&ledger, evidence.made).len(),
        proven,
        logged,
        keys: (evidence.device_key.id(), evidence.controller_key.id(), log_key),
    })
}

/// Whether an event says of its document what the document says.
fn agrees(event: &Event, document: &Document) -> bool {
    let same = event.network == document.network()
        && (event.document.0.as_str(), event.document.1) == (document.id(), document.version())
        && event.data == document.data()
        && event.recipients == document.recipients();
    let issued = event.issuer.0 == document.issuer()
        && (event.purpose.as_str(), event.required, event.basis)
            == (document.purpose(), document.required(), document.basis());
    same && (event.layout == Layout::First || issued)
}
