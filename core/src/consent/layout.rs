//! The bytes of an event: `JCE2`, and `JCE1`, which is still read. `docs/gateway.md` numbers the fields.

use super::event::broken;
use crate::consent::{
    Acknowledgement, Basis, Event, EventKind, Layout, PAYMENT, Recipient, Shown, Signed, TreeHead, UserProof,
};
use crate::crypto::{Blob, Canonical, Digest, Reader, Signature};
use crate::error::Result;
use crate::id::Id;
use crate::network::Network;
use crate::time::{Now, ServerMs};

const FIRST: [u8; 4] = *b"JCE1";
const SECOND: [u8; 4] = *b"JCE2";
/// Before the digest when an event is signed, so that the signature can stand for nothing else.
const SIGN_PREFIX: &[u8] = b"JCE1-sig";

impl Event {
    /// The canonical bytes, in the layout of the event.
    pub fn canonical(&self) -> Vec<u8> {
        match self.layout {
            Layout::First => self.write_first(),
            Layout::Second => self.write_second(),
        }
    }

    /// What the device key signs for these bytes.
    pub fn to_sign(bytes: &[u8]) -> Vec<u8> {
        [SIGN_PREFIX, Digest::of(bytes).as_bytes().as_slice()].concat()
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self> {
        if bytes.starts_with(&FIRST) { Self::read_first(bytes) } else { Self::read_second(bytes) }
    }

    fn write_head(&self, magic: [u8; 4]) -> Canonical {
        Canonical::new(magic)
            .bytes(&self.record.0)
            .number(i64::try_from(self.seq).unwrap_or(i64::MAX))
            .bytes(self.previous.as_bytes())
            .text(self.kind.as_str())
    }

    fn write_first(&self) -> Vec<u8> {
        let (id, version, digest) = &self.document;
        self.write_head(FIRST)
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

    fn read_first(bytes: &[u8]) -> Result<Self> {
        let mut r = Reader::new(FIRST, bytes)?;
        let (record, seq, previous, kind) = read_head(&mut r)?;
        let event = Self {
            layout: Layout::First,
            record,
            seq,
            previous,
            kind,
            about: None,
            network: Network::parse(r.text()?)?,
            document: read_document(&mut r)?,
            issuer: (Digest([0; 32]), Signature(Blob::default())),
            purpose: PAYMENT.to_owned(),
            required: true,
            basis: Basis::Transfer,
            data: r.list(text)?,
            recipients: r.list(read_recipient)?,
            ends: None,
            shown: Shown {
                locale: text(&mut r)?,
                font_pt: small(&mut r)?,
                scrolled_to_end: flag(&mut r)?,
                dwell_ms: count(&mut r)?,
                ..Shown::default()
            },
            core: String::new(),
            device: Id::from_slice(r.bytes()?)?,
            keys: (Digest([0; 32]), Digest([0; 32])),
            proof: None,
            guardian: None,
            at: read_clocks(&mut r)?,
            server: ServerMs(r.number()?),
            acknowledged: None,
        };
        r.end()?;
        // The kinds that came later are not written so.
        let known = matches!(kind, EventKind::Granted | EventKind::Declined | EventKind::Withdrawn);
        if known { Ok(event) } else { Err(broken()) }
    }

    fn write_second(&self) -> Vec<u8> {
        let (id, version, digest) = &self.document;
        let shown = &self.shown;
        self.write_head(SECOND)
            .list(self.about.as_slice(), |w, record| w.bytes(&record.0))
            .text(self.network.as_str())
            .text(id)
            .number(i64::from(*version))
            .bytes(digest.as_bytes())
            .bytes(self.issuer.0.as_bytes())
            .bytes(&self.issuer.1.0.0)
            .text(&self.purpose)
            .number(i64::from(self.required))
            .text(self.basis.as_str())
            .list(&self.data, |w, item| w.text(item))
            .list(&self.recipients, |w, r| w.text(&r.name).text(&r.contact).text(&r.country))
            .list(self.ends.as_slice(), |w, end| w.number(end.0))
            .text(&shown.locale)
            .bytes(shown.rendered.as_bytes())
            .number(i64::from(shown.font_pt))
            .list(&shown.order, |w, name| w.text(name))
            .list(&shown.emphasised, |w, name| w.text(name))
            .number(i64::from(shown.scrolled_to_end))
            .number(i64::try_from(shown.dwell_ms).unwrap_or(i64::MAX))
            .text(&shown.control)
            .text(&shown.app)
            .text(&self.core)
            .bytes(&self.device.0)
            .bytes(self.keys.0.as_bytes())
            .bytes(self.keys.1.as_bytes())
            .list(self.proof.as_slice(), |w, p| w.text(&p.method).bytes(&p.challenge).bytes(&p.signature.0.0))
            .list(self.guardian.as_slice(), |w, g| w.bytes(&g.bytes.0).bytes(&g.signature.0.0))
            .number(self.at.wall_ms)
            .number(i64::try_from(self.at.boot_ms).unwrap_or(i64::MAX))
            .bytes(&self.at.boot_id)
            .number(self.server.0)
            .list(self.acknowledged.as_slice(), |w, a| {
                w.bytes(a.event.as_bytes())
                    .number(i64::try_from(a.index).unwrap_or(i64::MAX))
                    .number(i64::try_from(a.head.size).unwrap_or(i64::MAX))
                    .bytes(a.head.root.as_bytes())
                    .number(a.head.at.0)
                    .bytes(&a.head.signature.0.0)
                    .list(&a.inclusion, |w, node| w.bytes(node.as_bytes()))
            })
            .finish()
    }

    fn read_second(bytes: &[u8]) -> Result<Self> {
        let mut r = Reader::new(SECOND, bytes)?;
        let (record, seq, previous, kind) = read_head(&mut r)?;
        let event = Self {
            layout: Layout::Second,
            record,
            seq,
            previous,
            kind,
            about: at_most_one(r.list(|r| Id::from_slice(r.bytes()?))?)?,
            network: Network::parse(r.text()?)?,
            document: read_document(&mut r)?,
            issuer: (Digest::from_slice(r.bytes()?)?, signature(&mut r)?),
            purpose: text(&mut r)?,
            required: flag(&mut r)?,
            basis: Basis::parse(r.text()?)?,
            data: r.list(text)?,
            recipients: r.list(read_recipient)?,
            ends: at_most_one(r.list(|r| r.number().map(ServerMs))?)?,
            shown: Shown {
                locale: text(&mut r)?,
                rendered: Digest::from_slice(r.bytes()?)?,
                font_pt: small(&mut r)?,
                order: r.list(text)?,
                emphasised: r.list(text)?,
                scrolled_to_end: flag(&mut r)?,
                dwell_ms: count(&mut r)?,
                control: text(&mut r)?,
                app: text(&mut r)?,
            },
            core: text(&mut r)?,
            device: Id::from_slice(r.bytes()?)?,
            keys: (Digest::from_slice(r.bytes()?)?, Digest::from_slice(r.bytes()?)?),
            proof: at_most_one(r.list(|r| {
                Ok(UserProof { method: text(r)?, challenge: r.bytes()?.to_vec(), signature: signature(r)? })
            })?)?,
            guardian: at_most_one(
                r.list(|r| Ok(Signed { bytes: Blob(r.bytes()?.to_vec()), signature: signature(r)? }))?,
            )?,
            at: read_clocks(&mut r)?,
            server: ServerMs(r.number()?),
            acknowledged: at_most_one(r.list(|r| {
                let event = Digest::from_slice(r.bytes()?)?;
                let index = count(r)?;
                let (size, root) = (count(r)?, Digest::from_slice(r.bytes()?)?);
                let head = TreeHead { size, root, at: ServerMs(r.number()?), signature: signature(r)? };
                Ok(Acknowledgement { event, index, head, inclusion: r.list(|r| Digest::from_slice(r.bytes()?))? })
            })?)?,
        };
        r.end()?;
        Ok(event)
    }
}

fn read_head(r: &mut Reader<'_>) -> Result<(Id, u64, Digest, EventKind)> {
    Ok((Id::from_slice(r.bytes()?)?, count(r)?, Digest::from_slice(r.bytes()?)?, EventKind::parse(r.text()?)?))
}

fn read_document(r: &mut Reader<'_>) -> Result<(String, u32, Digest)> {
    Ok((text(r)?, small(r)?, Digest::from_slice(r.bytes()?)?))
}

fn read_recipient(r: &mut Reader<'_>) -> Result<Recipient> {
    Ok(Recipient { name: text(r)?, contact: text(r)?, country: text(r)? })
}

fn read_clocks(r: &mut Reader<'_>) -> Result<Now> {
    let (wall_ms, boot_ms) = (r.number()?, count(r)?);
    Ok(Now { wall_ms, boot_ms, boot_id: r.bytes()?.try_into().map_err(|_| broken())? })
}

fn text(r: &mut Reader<'_>) -> Result<String> {
    r.text().map(str::to_owned)
}

fn small(r: &mut Reader<'_>) -> Result<u32> {
    u32::try_from(r.number()?).map_err(|_| broken())
}

fn count(r: &mut Reader<'_>) -> Result<u64> {
    u64::try_from(r.number()?).map_err(|_| broken())
}

fn flag(r: &mut Reader<'_>) -> Result<bool> {
    match r.number()? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(broken()),
    }
}

fn signature(r: &mut Reader<'_>) -> Result<Signature> {
    Ok(Signature(Blob(r.bytes()?.to_vec())))
}

fn at_most_one<T>(mut list: Vec<T>) -> Result<Option<T>> {
    let one = list.pop();
    if list.is_empty() { Ok(one) } else { Err(broken()) }
}
