//! Consent events: what was shown and what was answered, in canonical bytes that are chained and signed.
//!
//! After `security.md` §5.2. The stored bytes are the signed bytes; everything else is a view of them.

use crate::consent::{Acknowledgement, Basis, Document, PAYMENT, Recipient, Signed};
use crate::crypto::{Canonical, Digest, PublicKey, Reader, Signature};
use crate::error::{Code, Error, Result};
use crate::id::Id;
use crate::network::Network;
use crate::time::{Now, ServerMs};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// A document was put on screen. Without an answer behind it, it is proof that the user was asked and said nothing.
    Presented,
    /// The user agreed.
    Granted,
    /// The user was asked and said no: kept as proof of the refusal.
    Declined,
    /// The user took an agreement back.
    Withdrawn,
    /// Another document is asked for now; the agreement to this one has ended (PIPA 28-8(3)).
    Superseded,
    /// The term of an agreement is over.
    Expired,
    /// The gateway's log holds an event, proven.
    Acknowledged,
}

impl EventKind {
    /// Every kind, with its stable name.
    pub const ALL: [(Self, &'static str); 7] = [
        (Self::Presented, "presented"),
        (Self::Granted, "granted"),
        (Self::Declined, "declined"),
        (Self::Withdrawn, "withdrawn"),
        (Self::Superseded, "superseded"),
        (Self::Expired, "expired"),
        (Self::Acknowledged, "acknowledged"),
    ];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }

    pub(super) fn parse(text: &str) -> Result<Self> {
        Self::ALL.iter().find(|(_, name)| *name == text).map(|(kind, _)| *kind).ok_or_else(broken)
    }

    /// Whether it begins or ends an agreement. The others only tell.
    pub const fn decides(self) -> bool {
        !matches!(self, Self::Presented | Self::Acknowledged)
    }
}

/// How the document was shown, as the shell reports it (PIPA decree 17: emphasis and legibility have to be provable).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The language that was on screen.
    pub locale: String,
    /// Digest of what was on screen: [`Text::rendered`](super::Text::rendered).
    pub rendered: Digest,
    /// The size of the body text in points.
    pub font_pt: u32,
    /// The sections' names, from the top.
    pub order: Vec<String>,
    /// The sections that stood out.
    pub emphasised: Vec<String>,
    /// Whether the user reached the end of the text.
    pub scrolled_to_end: bool,
    /// How long it was on screen, in milliseconds.
    pub dwell_ms: u64,
    /// What the user touched: a stable name of the app's, such as `agree_button`.
    pub control: String,
    /// The app and its version, as it names itself.
    pub app: String,
}

impl Default for Shown {
    fn default() -> Self {
        let (locale, control, app) = Default::default();
        let (order, emphasised) = Default::default();
        let rendered = Digest([0; 32]);
        Self { locale, rendered, font_pt: 0, order, emphasised, scrolled_to_end: false, dwell_ms: 0, control, app }
    }
}

/// The user's own word: a signature by the key that only the user can use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserProof {
    /// `pin`, `biometric` or `device_lock`.
    pub method: String,
    /// The challenge, format `JCC1`: what the user was asked, and what they said.
    pub challenge: Vec<u8>,
    /// The user key's signature over the challenge.
    pub signature: Signature,
}

impl UserProof {
    /// What the user's key signs, format `JCC1`: for each document the record under which it was on screen, its digest,
    /// and whether the user agreed.
    pub fn challenge(device: Id, network: Network, said: &[(Id, Digest, bool)]) -> Vec<u8> {
        Canonical::new(*b"JCC1")
            .bytes(&device.0)
            .text(network.as_str())
            .list(said, |w, (presented, document, agreed)| {
                w.bytes(&presented.0).bytes(document.as_bytes()).number(i64::from(*agreed))
            })
            .finish()
    }

    /// Whether the challenge says what this event says.
    pub fn says(&self, event: &Event) -> bool {
        let read = || -> Result<bool> {
            let mut r = Reader::new(*b"JCC1", &self.challenge)?;
            let (device, network) = (r.bytes()? == event.device.0.as_slice(), r.text()? == event.network.as_str());
            let said = r.list(|r| Ok((Id::from_slice(r.bytes()?)?, Digest::from_slice(r.bytes()?)?, r.number()?)))?;
            r.end()?;
            let ours = (event.about.unwrap_or(Id([0; 16])), event.document.2);
            let answer = i64::from(event.kind == EventKind::Granted);
            Ok(device && network && said.contains(&(ours.0, ours.1, answer)))
        };
        read().unwrap_or(false)
    }
}

/// In which bytes an event was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// `JCE1`: the first one. It is read, and never written any more.
    First,
    /// `JCE2`.
    Second,
}

/// One event of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// In which bytes it stands.
    pub layout: Layout,
    /// Names the record.
    pub record: Id,
    /// Its place in the ledger, from 1 without gaps.
    pub seq: u64,
    /// Digest of the event before it; all zeros for the first.
    pub previous: Digest,
    /// What happened.
    pub kind: EventKind,
    /// The record it answers, takes back, ends or acknowledges.
    pub about: Option<Id>,
    /// For which network.
    pub network: Network,
    /// The document's name and version, and the digest of its exact bytes.
    pub document: (String, u32, Digest),
    /// Digest of the controller's key, and its signature over the document.
    pub issuer: (Digest, Signature),
    /// What for.
    pub purpose: String,
    /// Whether the network cannot be used without it.
    pub required: bool,
    /// Under which act.
    pub basis: Basis,
    /// The data items it covers.
    pub data: Vec<String>,
    /// Who receives them.
    pub recipients: Vec<Recipient>,
    /// When the agreement ends by itself.
    pub ends: Option<ServerMs>,
    /// How it was shown. Empty where nothing was.
    pub shown: Shown,
    /// The version of this library.
    pub core: String,
    /// The device whose key signs.
    pub device: Id,
    /// Digests of the device's and the user's keys.
    pub keys: (Digest, Digest),
    /// The user's proof.
    pub proof: Option<UserProof>,
    /// The guardian's confirmation, where the user is under 14 (PIPA 22-2).
    pub guardian: Option<Signed>,
    /// The device's clocks: evidence, never decisive.
    pub at: Now,
    /// The estimated server time.
    pub server: ServerMs,
    /// What the gateway's log answered.
    pub acknowledged: Option<Acknowledgement>,
}

/// Who writes an event, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// Names the record: new for every event.
    pub record: Id,
    /// The device whose key signs.
    pub device: Id,
    /// Digests of the device's and the user's keys.
    pub keys: (Digest, Digest),
    /// The device's clocks.
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
    /// The event that presents or answers a document, to stand after `head` in the ledger.
    pub fn about(document: &Document, kind: EventKind, shown: Shown, stamp: Stamp, head: Option<&SignedEvent>) -> Self {
        Self {
            layout: Layout::Second,
            record: stamp.record,
            seq: head.map_or(1, |h| h.event.seq.saturating_add(1)),
            previous: head.map_or(Digest([0; 32]), SignedEvent::hash),
            kind,
            about: None,
            network: document.network(),
            document: (document.id().to_owned(), document.version(), document.digest()),
            issuer: (document.issuer(), document.signature().clone()),
            purpose: document.purpose().to_owned(),
            required: document.required(),
            basis: document.basis(),
            data: document.data().to_vec(),
            recipients: document.recipients().to_vec(),
            ends: if kind == EventKind::Granted { document.ends(stamp.server) } else { None },
            shown,
            core: env!("CARGO_PKG_VERSION").to_owned(),
            device: stamp.device,
            keys: stamp.keys,
            proof: None,
            guardian: None,
            at: stamp.at,
            server: stamp.server,
            acknowledged: None,
        }
    }

    /// The same event as the answer to what was presented under this record, with the user's proof and, where it is
    /// needed, the guardian's confirmation.
    #[must_use]
    pub fn answering(self, presented: Id, proof: Option<UserProof>, guardian: Option<Signed>) -> Self {
        Self { about: Some(presented), proof, guardian, ..self }
    }

    /// The event that takes back, supersedes or ends `earlier`, to stand after `head`.
    pub fn ending(earlier: &Self, kind: EventKind, stamp: Stamp, head: &SignedEvent) -> Self {
        Self {
            layout: Layout::Second,
            record: stamp.record,
            seq: head.event.seq.saturating_add(1),
            previous: head.hash(),
            kind,
            about: Some(earlier.record),
            shown: Shown::default(),
            core: env!("CARGO_PKG_VERSION").to_owned(),
            device: stamp.device,
            keys: stamp.keys,
            proof: None,
            guardian: None,
            at: stamp.at,
            server: stamp.server,
            acknowledged: None,
            ..earlier.clone()
        }
    }

    /// The event that keeps the log's proof about `earlier`, to stand after `head`.
    pub fn acknowledging(earlier: &Self, proof: Acknowledgement, stamp: Stamp, head: &SignedEvent) -> Self {
        Self { acknowledged: Some(proof), ..Self::ending(earlier, EventKind::Acknowledged, stamp, head) }
    }

    /// Whether this is about paying with its network, and not about one of the optional purposes.
    pub fn is_payment(&self) -> bool {
        self.purpose == PAYMENT
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
        // The first layout did not name the key.
        let named = event.layout == Layout::First || event.keys.0 == device_key.id();
        if named { Ok(Self { event, bytes, signature }) } else { Err(broken()) }
    }

    /// The event's digest: what the next event and every payment refer to.
    pub fn hash(&self) -> Digest {
        Digest::of(&self.bytes)
    }
}

pub(super) fn broken() -> Error {
    Error::new(Code::ConsentRecordBroken)
}
