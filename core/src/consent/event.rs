//! Consent events: what was shown and what was answered, in canonical bytes that are chained and signed.
//!
//! Layout after `security.md` §5.2. The stored bytes are the signed bytes; everything else is a view of them.

use crate::consent::{Document, Recipient};
use crate::crypto::{Canonical, Digest, PublicKey, Reader, Signature};
use crate::error::{Code, Error, Result};
use crate::id::Id;
use crate::network::Network;
use crate::time::{Now, ServerMs};

const MAGIC: [u8; 4] = *b"JCE1";
/// Before the digest when an event is signed, so that the signature can stand for nothing else.
const SIGN_PREFIX: &[u8] = b"JCE1-sig";

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// The user agreed.
    Granted,
    /// The user was asked and said no: kept as proof of the refusal.
    Declined,
    /// The user took an agreement back.
    Withdrawn,
}

impl EventKind {
    const ALL: [(Self, &'static str); 3] =
        [(Self::Granted, "granted"), (Self::Declined, "declined"), (Self::Withdrawn, "withdrawn")];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }

    fn parse(text: &str) -> Result<Self> {
        Self::ALL.iter().find(|(_, name)| *name == text).map(|(kind, _)| *kind).ok_or_else(broken)
    }
}

/// How the document was shown, as the shell reports it (PIPA decree 17: emphasis and legibility have to be provable).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shown {
    /// The language that was on screen.
    pub locale: String,
    /// The size of the body text in points.
    pub font_pt: u32,
    /// Whether the user reached the end of the text.
    pub scrolled_to_end: bool,
    /// How long it was on screen, in milliseconds.
    pub dwell_ms: u64,
}

/// One event of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Names the record.
    pub record: Id,
    /// Its place in the ledger, from 1 without gaps.
    pub seq: u64,
    /// Digest of the event before it; all zeros for the first.
    pub previous: Digest,
    /// What happened.
    pub kind: EventKind,
    /// For which network.
    pub network: Network,
    /// The document's name and version, and the digest of its exact bytes.
    pub document: (String, u32, Digest),
    /// The data items it covers.
    pub data: Vec<String>,
    /// Who receives them.
    pub recipients: Vec<Recipient>,
    /// How it was shown. Empty for a withdrawal.
    pub shown: Shown,
    /// The device whose key signs.
    pub device: Id,
    /// The device's clocks: evidence, never decisive.
    pub at: Now,
    /// The estimated server time.
    pub server: ServerMs,
}

/// An event with the exact bytes that were signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedEvent {
    /// The event, decoded from the bytes.
    pub event: Event,
    /// The canonical bytes.
    pub bytes: Vec<u8>,
    /// The device key's signature.
    pub signature: Signature,
}

impl Event {
    /// The event that answers a document, to stand after `head` in the ledger.
    #[allow(clippy::too_many_arguments, reason = "an event has this many facts, and each comes from another place")]
    pub fn about(
        document: &Document,
        kind: EventKind,
        record: Id,
        head: Option<&SignedEvent>,
        shown: Shown,
        device: Id,
        at: Now,
        server: ServerMs,
    ) -> Self {
        Self {
            record,
            seq: head.map_or(1, |h| h.event.seq.saturating_add(1)),
            previous: head.map_or(Digest([0; 32]), SignedEvent::hash),
            kind,
            network: document.network(),
            document: (document.id().to_owned(), document.version(), document.digest()),
            data: document.data().to_vec(),
            recipients: document.recipients().to_vec(),
            shown,
            device,
            at,
            server,
        }
    }

    /// The event that takes `granted` back, to stand after `head`.
    pub fn withdrawal(granted: &Self, record: Id, head: &SignedEvent, device: Id, at: Now, server: ServerMs) -> Self {
        Self {
            record,
            seq: head.event.seq.saturating_add(1),
            previous: head.hash(),
            kind: EventKind::Withdrawn,
            shown: Shown::default(),
            device,
            at,
            server,
            ..granted.clone()
        }
    }

    /// The canonical bytes, format `JCE1`.
    pub fn canonical(&self) -> Vec<u8> {
        let (id, version, digest) = &self.document;
        Canonical::new(MAGIC)
            .bytes(&self.record.0)
            .number(i64::try_from(self.seq).unwrap_or(i64::MAX))
            .bytes(self.previous.as_bytes())
            .text(self.kind.as_str())
            .text(self.network.as_str())
            .text(id)
            .number(i64::from(*version))
            .bytes(digest.as_bytes())
            .list(&self.data, |w, item| w.text(item))
            .list(&self.recipients, |w, r| w.text(&r.name).text(&r.contact).text(&r.country))
            .text(&self.shown.locale)
            .number(i64::from(self.shown.font_pt))
            .number(i64::from(self.shown.scrolled_to_end))
            .number(i64::try_from(self.shown.dwell_ms).unwrap_or(i64::MAX))
            .bytes(&self.device.0)
            .number(self.at.wall_ms)
            .number(i64::try_from(self.at.boot_ms).unwrap_or(i64::MAX))
            .bytes(&self.at.boot_id)
            .number(self.server.0)
            .finish()
    }

    /// What the device key signs for these bytes.
    pub fn to_sign(bytes: &[u8]) -> Vec<u8> {
        [SIGN_PREFIX, Digest::of(bytes).as_bytes().as_slice()].concat()
    }

    fn decode(bytes: &[u8]) -> Result<Self> {
        let mut r = Reader::new(MAGIC, bytes)?;
        let event = Self {
            record: Id::from_slice(r.bytes()?)?,
            seq: u64::try_from(r.number()?).map_err(|_| broken())?,
            previous: Digest::from_slice(r.bytes()?)?,
            kind: EventKind::parse(r.text()?)?,
            network: Network::parse(r.text()?)?,
            document: (
                r.text()?.to_owned(),
                u32::try_from(r.number()?).map_err(|_| broken())?,
                Digest::from_slice(r.bytes()?)?,
            ),
            data: r.list(|r| r.text().map(str::to_owned))?,
            recipients: r.list(|r| {
                Ok(Recipient {
                    name: r.text()?.to_owned(),
                    contact: r.text()?.to_owned(),
                    country: r.text()?.to_owned(),
                })
            })?,
            shown: Shown {
                locale: r.text()?.to_owned(),
                font_pt: u32::try_from(r.number()?).map_err(|_| broken())?,
                scrolled_to_end: match r.number()? {
                    0 => false,
                    1 => true,
                    _ => return Err(broken()),
                },
                dwell_ms: u64::try_from(r.number()?).map_err(|_| broken())?,
            },
            device: Id::from_slice(r.bytes()?)?,
            at: Now {
                wall_ms: r.number()?,
                boot_ms: u64::try_from(r.number()?).map_err(|_| broken())?,
                boot_id: r.bytes()?.try_into().map_err(|_| broken())?,
            },
            server: ServerMs(r.number()?),
        };
        r.end()?;
        Ok(event)
    }
}

impl SignedEvent {
    /// Opens stored or received bytes: the signature is checked, then the bytes are read.
    ///
    /// # Errors
    /// [`Code::ConsentRecordBroken`] when the signature or any byte is not right.
    pub fn open(bytes: Vec<u8>, signature: Signature, device_key: &PublicKey) -> Result<Self> {
        if !device_key.verifies(&Event::to_sign(&bytes), &signature) {
            return Err(broken());
        }
        let event = Event::decode(&bytes).map_err(|_| broken())?;
        Ok(Self { event, bytes, signature })
    }

    /// The event's digest: what the next event and every payment refer to.
    pub fn hash(&self) -> Digest {
        Digest::of(&self.bytes)
    }
}

pub(super) fn broken() -> Error {
    Error::new(Code::ConsentRecordBroken)
}
