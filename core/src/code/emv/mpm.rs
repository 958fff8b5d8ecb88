//! A merchant-presented code: what EMVCo MPM (§3, §4) says of every scheme alike.

mod form;

use super::tlv::TagSet;
use super::{Fault, FaultKind, Object, Objects, Tag, TagPath, Template, crc16};
use form::FORMED;
use std::fmt;

pub(crate) use form::is_zero;
pub(super) use form::{form_fault, tip_fault};

/// Whether a code is the same for every customer, or made for one order (object 01).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Initiation {
    /// Printed once. Also what a code without object 01, or with a value not in the standard, is taken for.
    #[default]
    Static,
    /// Made for one order.
    Dynamic,
}

impl Initiation {
    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::Dynamic => "dynamic",
        }
    }
}

/// What the code says about a tip or convenience fee (objects 55 to 57), as text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Tip<'a> {
    /// Ask the consumer; no tip must be possible (MPM §4.7.6).
    Prompt,
    /// Add this fee, in the currency of the code.
    Fixed(&'a str),
    /// Add this many per cent of the amount, above 0 and at most 99.99.
    Percentage(&'a str),
}

impl fmt::Debug for Tip<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Prompt => "Prompt",
            Self::Fixed(_) => "Fixed(..)",
            Self::Percentage(_) => "Percentage(..)",
        })
    }
}

#[derive(Clone, Copy, Default)]
struct Span {
    start: u16,
    len: u16,
}

const TAGS: usize = 100;

/// A merchant-presented code that is sound in structure and checksum. Borrows the text; nothing in it is lost.
#[derive(Clone)]
pub struct Mpm<'a> {
    text: &'a str,
    values: [Span; TAGS],
    present: TagSet,
    templates: TagSet,
    ascii: bool,
}

/// The card networks' objects that are given out (MPM Table 4.2).
const CARDS: TagSet = TagSet::range(2, 16);

/// Merchant account templates.
const ACCOUNTS: TagSet = TagSet::range(26, 51);

/// Objects that are templates, or may be.
const TEMPLATES: TagSet = ACCOUNTS.or(TagSet::range(62, 62)).or(TagSet::range(64, 64)).or(TagSet::range(80, 99));

impl fmt::Debug for Mpm<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mpm[{} bytes]", self.text.len())
    }
}

impl<'a> Mpm<'a> {
    /// The most bytes a QR code holds in byte mode, the only one these codes use (ISO/IEC 18004 version 40-L; EMVCo MPM
    /// §4.12.1). The standard's own limit of 512 characters is not kept by live joint labels.
    pub const MAX_BYTES: usize = 2953;

    /// Reads a code.
    ///
    /// # Errors
    /// The first [`Fault`] in the order of the text; the checksum is looked at before the contents of the objects.
    pub fn parse(text: &'a str) -> Result<Self, Fault> {
        if text.is_empty() {
            return Err(Fault::new(FaultKind::Empty, 0, TagPath::default()));
        }
        if text.len() > Self::MAX_BYTES {
            return Err(Fault::new(FaultKind::TooLong, Self::MAX_BYTES, TagPath::default()));
        }
        let ascii = is_ascii(text.as_bytes());
        let (present, templates) = (TagSet::default(), TagSet::default());
        let mut code = Self { text, values: [Span::default(); TAGS], present, templates, ascii };
        let last = code.index()?;
        check_crc(text, &last)?;
        code.check_templates()?;
        code.check_values()?;
        Ok(code)
    }

    /// Walks the root; gives its last object, which is 63.
    fn index(&mut self) -> Result<Object<'a>, Fault> {
        let mut last: Option<Object<'a>> = None;
        for object in Objects::new(self.text, 0, self.ascii) {
            let object = object.map_err(|fault| match last {
                // What follows the checksum is not worth a closer look.
                Some(crc) if crc.tag.0 == 63 => Fault { kind: FaultKind::CrcNotLast, ..fault },
                _ => fault,
            })?;
            let at = |kind| Err(Fault::new(kind, object.offset, TagPath::root(object.tag)));
            match last {
                None if object.tag.0 != 0 => return at(FaultKind::IndicatorNotFirst),
                Some(last) if last.tag.0 == 63 => return at(FaultKind::CrcNotLast),
                _ => {}
            }
            let Some(slot) = self.values.get_mut(usize::from(object.tag.0)) else { break };
            if !self.present.insert(object.tag) {
                return at(FaultKind::Duplicate);
            }
            // MAX_BYTES fits.
            *slot = Span {
                start: u16::try_from(object.value_offset()).unwrap_or_default(),
                len: u16::try_from(object.value.len()).unwrap_or_default(),
            };
            last = Some(object);
        }
        last.filter(|object| object.tag.0 == 63)
            .ok_or_else(|| Fault::new(FaultKind::CrcMissing, self.text.len(), TagPath::root(Tag(63))))
    }

    /// Merchant accounts must be templates; 62, 64 and 80 to 99 may hold raw text (DuitNow 82, `domain.md` §9.7).
    fn check_templates(&mut self) -> Result<(), Fault> {
        for tag in self.present.and(TEMPLATES) {
            let Some(object) = self.object(tag.0) else { continue };
            let read = Template::check(&object, self.ascii);
            match read {
                Ok((_, true)) => _ = self.templates.insert(tag),
                Ok((_, false)) if tag.0 == 62 => _ = self.templates.insert(tag),
                Ok((_, false)) if ACCOUNTS.contains(tag) => {
                    let path = TagPath::root(tag).inside(Tag(0));
                    return Err(Fault::new(FaultKind::IdentifierMissing, object.value_offset(), path));
                }
                // Two bill numbers, or two names, are no raw text but a contradiction.
                Err(fault) if ACCOUNTS.contains(tag) || (tag.0 < 80 && fault.kind == FaultKind::Duplicate) => {
                    return Err(fault);
                }
                Ok(_) | Err(_) => {}
            }
        }
        Ok(())
    }

    /// Objects whose form decides what the consumer is asked to pay.
    fn check_values(&self) -> Result<(), Fault> {
        for tag in self.present.and(FORMED) {
            if let Some(object) = self.object(tag.0)
                && let Some(kind) = form_fault(&object)
            {
                return Err(Fault::new(kind, object.value_offset(), TagPath::root(tag)));
            }
        }
        if let Some(amount) = self.object(54)
            && self.get(53).is_none()
        {
            return Err(Fault::new(FaultKind::CurrencyMissing, amount.offset, TagPath::root(Tag(53))));
        }
        tip_fault(self.get(55), self.get(56).is_some(), self.get(57).is_some()).map_or(Ok(()), |(kind, tag)| {
            let offset = self.object(tag).or_else(|| self.object(55)).map_or(0, |object| object.offset);
            Err(Fault::new(kind, offset, TagPath::root(Tag(tag))))
        })
    }

    /// Whether it holds nothing but ASCII.
    pub(crate) const fn is_ascii(&self) -> bool {
        self.ascii
    }

    /// The text this was read from.
    pub const fn text(&self) -> &'a str {
        self.text
    }

    /// The value of a root object.
    #[inline]
    pub fn get(&self, tag: u8) -> Option<&'a str> {
        let span = self.values.get(usize::from(tag)).filter(|span| span.len != 0)?;
        let (start, len) = (usize::from(span.start), usize::from(span.len));
        self.text.get(start..start.saturating_add(len))
    }

    /// A root object with its place.
    pub fn object(&self, tag: u8) -> Option<Object<'a>> {
        let span = self.values.get(usize::from(tag))?;
        let value = self.get(tag)?;
        Some(Object { tag: Tag(tag), value, offset: usize::from(span.start).saturating_sub(4) })
    }

    /// Every root object in the order of the text: their IDs, lengths and values together are the text.
    pub fn objects(&self) -> impl Iterator<Item = Object<'a>> + use<'a> {
        Objects::new(self.text, 0, self.ascii).map_while(Result::ok)
    }

    /// A root object as a template; none when it is not there or holds raw text.
    pub fn template(&self, tag: u8) -> Option<Template<'a>> {
        let object = self.object(tag).filter(|object| self.templates.contains(object.tag))?;
        Some(Template::trusted(&object, self.ascii))
    }

    /// The merchant accounts among the templates (26 to 51), by ID, with their identifier (object 00).
    pub fn accounts(&self) -> impl Iterator<Item = (Tag, &'a str, Template<'a>)> + use<'_, 'a> {
        self.templates.and(ACCOUNTS).filter_map(|tag| {
            let template = self.template(tag.0)?;
            Some((tag, template.get(0)?, template))
        })
    }

    /// Object 01.
    pub fn initiation(&self) -> Initiation {
        if self.get(1) == Some("12") { Initiation::Dynamic } else { Initiation::Static }
    }

    /// Object 53.
    pub fn currency_number(&self) -> Option<u16> {
        // Three digits: `parse` has seen to that.
        self.get(53)?
            .bytes()
            .try_fold(0u16, |number, digit| number.checked_mul(10)?.checked_add(u16::from(digit.wrapping_sub(b'0'))))
    }

    /// The objects of the card networks (2 to 16) that are there, in the order of their IDs.
    pub(crate) fn cards(&self) -> impl Iterator<Item = (u8, &'a str)> + use<'_, 'a> {
        self.present.and(CARDS).filter_map(|tag| Some((tag.0, self.get(tag.0)?)))
    }

    /// Objects 55 to 57.
    pub fn tip(&self) -> Option<Tip<'a>> {
        match self.get(55)? {
            "01" => Some(Tip::Prompt),
            "02" => self.get(56).map(Tip::Fixed),
            "03" => self.get(57).map(Tip::Percentage),
            _ => None,
        }
    }
}

/// Eight bytes a step, the last step over the last eight: the standard library's goes byte by byte at the end, which shows
/// for texts as short as these.
fn is_ascii(bytes: &[u8]) -> bool {
    let Some(last) = bytes.last_chunk::<8>() else { return bytes.is_ascii() };
    let (blocks, _) = bytes.as_chunks::<8>();
    let bits = |block: &[u8; 8]| u64::from_ne_bytes(*block);
    blocks.iter().fold(bits(last), |all, block| all | bits(block)) & 0x8080_8080_8080_8080 == 0
}

/// The checksum covers every byte up to and with the ID and length of object 63 (MPM §4.7.3). Lower-case digits occur
/// in the wild and are taken (`domain.md` §1.5).
fn check_crc(text: &str, crc: &Object<'_>) -> Result<(), Fault> {
    let at = |kind| Fault::new(kind, crc.value_offset(), TagPath::root(crc.tag));
    let digits = crc.value.as_bytes().iter().map(|b| char::from(*b).to_digit(16));
    let mut written = 0u32;
    for digit in digits {
        written = (written << 4) | digit.ok_or_else(|| at(FaultKind::CrcSyntax))?;
    }
    if crc.value.len() != 4 {
        return Err(at(FaultKind::CrcSyntax));
    }
    let covered = text.as_bytes().get(..crc.value_offset()).unwrap_or_default();
    if u32::from(crc16(covered)) == written { Ok(()) } else { Err(at(FaultKind::CrcMismatch)) }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::as_conversions, reason = "test code")]
mod tests;
