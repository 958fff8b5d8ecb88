//! A consumer-presented code: BER-TLV in Base64 (EMVCo CPM §3.2, §4, Tables 3.1, 6.1 to 6.3).
//!
//! The wallet never builds one – cryptograms come from the issuer – but it checks what it is given to show, and knows
//! one when its camera meets it.

use crate::error::{Code, Error};
use base64::Engine;
use std::fmt;

/// The most bytes a reader has to take (CPM §5.1.1).
const MAX_BYTES: usize = 512;

/// A BER tag of one or two bytes, such as `4F` or `9F26`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BerTag(pub u16);

impl BerTag {
    const FORMAT: Self = Self(0x85);
    const APPLICATION: Self = Self(0x61);
    const COMMON: Self = Self(0x62);
    const APPLICATION_TRANSPARENT: Self = Self(0x63);
    const COMMON_TRANSPARENT: Self = Self(0x64);
    const ADF_NAME: Self = Self(0x4F);
    const TRACK_2: Self = Self(0x57);
    const PAN: Self = Self(0x5A);

    /// Whether objects stand inside it (CPM Tables 6.1 to 6.3).
    pub const fn is_template(self) -> bool {
        matches!(self, Self::APPLICATION | Self::COMMON | Self::APPLICATION_TRANSPARENT | Self::COMMON_TRANSPARENT)
    }
}

impl fmt::Display for BerTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02X}", self.0)
    }
}

impl fmt::Debug for BerTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What is wrong with a consumer-presented code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CpmFaultKind {
    /// Not RFC 4648 Base64 with padding.
    Base64,
    /// More than 512 bytes.
    TooLong,
    /// A tag or length that cannot be read, or a value that is cut off.
    Structure,
    /// Object 85 is not the first, or does not say `CPV` or `JPQR`.
    Format,
    /// No object 61, or more than two.
    ApplicationCount,
    /// An object occurs twice where it may once, or stands in 61 and 62 both.
    Duplicate,
    /// An application without 4F of 5 to 16 bytes.
    AdfName,
    /// Neither 57 nor 5A, in the application and the common data.
    Account,
}

impl CpmFaultKind {
    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Base64 => "base64",
            Self::TooLong => "too_long",
            Self::Structure => "structure",
            Self::Format => "format",
            Self::ApplicationCount => "application_count",
            Self::Duplicate => "duplicate",
            Self::AdfName => "adf_name",
            Self::Account => "account",
        }
    }
}

/// One thing wrong with a consumer-presented code, at a byte of the decoded data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CpmFault {
    /// What is wrong.
    pub kind: CpmFaultKind,
    /// Byte offset in the decoded data; 0 for Base64 that cannot be decoded.
    pub offset: usize,
}

impl From<CpmFault> for Error {
    fn from(fault: CpmFault) -> Self {
        Self::new(Code::CodeMalformed).with("reason", fault.kind.as_str()).with("offset", fault.offset)
    }
}

/// One object of a consumer-presented code. Its `Debug` hides the value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BerObject<'a> {
    /// Its tag.
    pub tag: BerTag,
    /// Its value.
    pub value: &'a [u8],
    /// Where its tag begins in the decoded data.
    pub offset: usize,
}

impl fmt::Debug for BerObject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}[{} bytes]", self.tag, self.offset, self.value.len())
    }
}

impl<'a> BerObject<'a> {
    /// The objects inside it, in order; stops where one cannot be read.
    pub fn objects(&self) -> impl Iterator<Item = BerObject<'a>> + use<'a> {
        Walk::inside(self).map_while(Result::ok)
    }
}

/// The objects of one level.
struct Walk<'a> {
    rest: &'a [u8],
    /// Where `rest` ends in the decoded data.
    end: usize,
}

impl<'a> Walk<'a> {
    fn inside(object: &BerObject<'a>) -> Self {
        // A value shorter than 128 bytes has a length of one byte, up to 255 of two, above of three.
        let length_bytes: usize = match object.value.len() {
            0..=127 => 1,
            128..=255 => 2,
            _ => 3,
        };
        let tag_bytes = if object.tag.0 > 0xFF { 2 } else { 1 };
        let begin = object.offset.saturating_add(tag_bytes).saturating_add(length_bytes);
        Self { rest: object.value, end: begin.saturating_add(object.value.len()) }
    }

    const fn offset(&self) -> usize {
        self.end.saturating_sub(self.rest.len())
    }

    fn step(&mut self) -> Option<BerObject<'a>> {
        let offset = self.offset();
        let (first, rest) = self.rest.split_first()?;
        // The five low bits set: another byte of tag follows (ISO/IEC 8825-1 §8.1.2.4). EMV uses at most two.
        let (tag, rest) = if first & 0x1F == 0x1F {
            let (second, rest) = rest.split_first().filter(|(second, _)| **second & 0x80 == 0)?;
            (u16::from_be_bytes([*first, *second]), rest)
        } else {
            (u16::from(*first), rest)
        };
        let (length, rest) = match rest.split_first()? {
            (short @ 0..=0x7F, rest) => (usize::from(*short), rest),
            (0x81, rest) => rest.split_first().map(|(n, rest)| (usize::from(*n), rest)).filter(|(n, _)| *n > 127)?,
            (0x82, rest) => {
                let (length, rest) = rest.split_first_chunk::<2>()?;
                Some((usize::from(u16::from_be_bytes(*length)), rest)).filter(|(n, _)| *n > 255)?
            }
            _ => return None,
        };
        let (value, rest) = rest.split_at_checked(length)?;
        self.rest = rest;
        Some(BerObject { tag: BerTag(tag), value, offset })
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = Result<BerObject<'a>, CpmFault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let fault = CpmFault { kind: CpmFaultKind::Structure, offset: self.offset() };
        let item = self.step().ok_or(fault);
        if item.is_err() {
            self.rest = &[];
        }
        Some(item)
    }
}

/// A consumer-presented code that is sound. Holds its bytes itself, without the heap; `Debug` shows none of them.
#[derive(Clone)]
pub struct Cpm {
    bytes: [u8; MAX_BYTES],
    len: usize,
}

impl fmt::Debug for Cpm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cpm[{} bytes]", self.len)
    }
}

impl Cpm {
    /// Reads a code.
    ///
    /// # Errors
    /// The first [`CpmFault`].
    pub fn parse(text: &str) -> Result<Self, CpmFault> {
        let at = |kind| CpmFault { kind, offset: 0 };
        // Four characters of Base64 for three bytes.
        if text.len() > MAX_BYTES.div_ceil(3).saturating_mul(4) {
            return Err(at(CpmFaultKind::TooLong));
        }
        // The decoder wants room for what padding might have been.
        let mut room = [0; MAX_BYTES + 4];
        let len = base64::engine::general_purpose::STANDARD
            .decode_slice(text, &mut room)
            .map_err(|_| at(CpmFaultKind::Base64))?;
        let mut code = Self { bytes: [0; MAX_BYTES], len };
        let decoded = room.get(..len).filter(|_| len <= MAX_BYTES).ok_or(at(CpmFaultKind::TooLong))?;
        for (to, from) in code.bytes.iter_mut().zip(decoded) {
            *to = *from;
        }
        code.check()?;
        Ok(code)
    }

    fn walk(&self) -> Walk<'_> {
        let rest = self.bytes.get(..self.len).unwrap_or_default();
        Walk { rest, end: self.len }
    }

    /// Its objects in order; those inside templates through [`BerObject::objects`].
    pub fn objects(&self) -> impl Iterator<Item = BerObject<'_>> {
        self.walk().map_while(Result::ok)
    }

    fn check(&self) -> Result<(), CpmFault> {
        let mut common = None;
        let mut applications = 0u8;
        for (at, object) in self.walk().enumerate() {
            let object = object?;
            let fault = |kind| Err(CpmFault { kind, offset: object.offset });
            match object.tag {
                BerTag::FORMAT if at == 0 && is_format(object.value) => {}
                _ if at == 0 => return fault(CpmFaultKind::Format),
                BerTag::FORMAT => return fault(CpmFaultKind::Duplicate),
                BerTag::APPLICATION => applications = applications.saturating_add(1),
                BerTag::COMMON if common.is_some() => return fault(CpmFaultKind::Duplicate),
                BerTag::COMMON => common = Some(object),
                _ => {}
            }
            if object.tag.is_template() {
                check_level(&object)?;
            }
        }
        if !(1..=2).contains(&applications) {
            return Err(CpmFault { kind: CpmFaultKind::ApplicationCount, offset: 0 });
        }
        self.objects().filter(|o| o.tag == BerTag::APPLICATION).try_for_each(|o| check_application(&o, common.as_ref()))
    }
}

/// `CPV` or `JPQR`, then the version, five characters in all.
fn is_format(value: &[u8]) -> bool {
    value.len() == 5 && (value.starts_with(b"CPV") || value.starts_with(b"JPQR"))
}

/// Every object inside can be read and occurs once; one level deeper for the transparent templates.
fn check_level(template: &BerObject<'_>) -> Result<(), CpmFault> {
    for (at, object) in Walk::inside(template).enumerate() {
        let object = object?;
        if template.objects().take(at).any(|earlier| earlier.tag == object.tag) {
            return Err(CpmFault { kind: CpmFaultKind::Duplicate, offset: object.offset });
        }
        let transparent = matches!(object.tag, BerTag::APPLICATION_TRANSPARENT | BerTag::COMMON_TRANSPARENT);
        if transparent && matches!(template.tag, BerTag::APPLICATION | BerTag::COMMON) {
            check_level(&object)?;
        }
    }
    Ok(())
}

fn check_application(application: &BerObject<'_>, common: Option<&BerObject<'_>>) -> Result<(), CpmFault> {
    let fault = |kind| Err(CpmFault { kind, offset: application.offset });
    let in_common = |tag| common.is_some_and(|common| common.objects().any(|object| object.tag == tag));
    let name = application.objects().find(|object| object.tag == BerTag::ADF_NAME);
    if !name.is_some_and(|name| (5..=16).contains(&name.value.len())) {
        return fault(CpmFaultKind::AdfName);
    }
    if application.objects().any(|object| in_common(object.tag)) {
        return fault(CpmFaultKind::Duplicate);
    }
    let account = |tag| application.objects().any(|object| object.tag == tag) || in_common(tag);
    if account(BerTag::TRACK_2) || account(BerTag::PAN) { Ok(()) } else { fault(CpmFaultKind::Account) }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::as_conversions, reason = "test code")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// EMVCo CPM annex B, example 1.
    const ONE: &str = "hQVDUFYwMWEaTwegAAAAVVVVVw8SNFZ4kBI0WNGRIgESNF8=";
    /// Example 2.
    const TWO: &str = "hQVDUFYwMWETTwegAAAAVVVVUAhQcm9kdWN0MWETTwegAAAAZmZmUAhQcm9kdWN0MmJJWggSNFZ4kBI0WF8gDkNBUkRIT0xERVIvRU1WXy0IcnVlc2RlZW5kIZ8QBwYBCgMAAACfJghYT9OF+iNLzJ82AgABnzcEbVjvEw==";
    /// Japan, Merpay [kenmaz/JPQRReader@0fe4ae6d].
    const MERPAY: &str = "hQVDUFYwMWEfTwigAAAAZQOSAlcTMViZAHkkKUPUkSEhAAAFEgAADw==";
    /// Korea, BC Card [BC developer documents, cpmqrdatareq].
    const BC: &str = "hQVDUFYwMWFaTwfUEAAAAUAQVxNTUCBpAAAAZtIAdgEAAAAAAAmfXzQBAmM2nyYImERHcznr1n2fJwGAnxAUBQmgAAgAAAAAAAAAICAGERdRIQGfNgIAi4ICAACfNwRm4DtF";

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|b| format!("{b:02X}")).collect()
    }

    fn list<'a>(objects: impl Iterator<Item = BerObject<'a>>) -> Vec<String> {
        objects.map(|o| format!("{} {}", o.tag, hex(o.value))).collect()
    }

    #[test]
    fn the_examples_of_the_standard_and_live_codes_are_read() {
        let one = Cpm::parse(ONE).unwrap();
        let application = one.objects().nth(1).unwrap();
        assert_eq!(list(application.objects()), ["4F A0000000555555", "57 1234567890123458D191220112345F"]);

        let two = Cpm::parse(TWO).unwrap();
        let common = two.objects().find(|o| o.tag == BerTag::COMMON).unwrap();
        assert_eq!(common.objects().map(|o| o.tag.to_string()).collect::<Vec<_>>(), ["5A", "5F20", "5F2D", "64"]);
        let inner = common.objects().last().unwrap();
        assert_eq!(
            list(inner.objects()),
            ["9F10 06010A03000000", "9F26 584FD385FA234BCC", "9F36 0001", "9F37 6D58EF13"]
        );

        let merpay = Cpm::parse(MERPAY).unwrap();
        assert_eq!(list(merpay.objects().nth(1).unwrap().objects())[0], "4F A000000065039202");
        let bc = Cpm::parse(BC).unwrap();
        let tags: Vec<_> = bc.objects().nth(1).unwrap().objects().map(|o| o.tag.to_string()).collect();
        assert_eq!(tags, ["4F", "57", "5F34", "63"]);
    }

    fn kind(bytes: &[u8]) -> Result<(), CpmFaultKind> {
        let text = base64::engine::general_purpose::STANDARD.encode(bytes);
        Cpm::parse(&text).map(|_| ()).map_err(|fault| fault.kind)
    }

    #[test]
    fn every_rule_has_its_fault() {
        let format = b"\x85\x05CPV01".as_slice();
        let application = b"\x61\x0a\x4f\x05\xa0\0\0\0\x01\x57\x01\x12".as_slice();
        let join = |parts: &[&[u8]]| parts.concat();
        assert_eq!(kind(&join(&[format, application])), Ok(()));
        assert_eq!(kind(&join(&[b"\x85\x05JPQR1", application])), Ok(()));
        assert_eq!(kind(&join(&[format, application, b"\x9f\x01\x01\x05"])), Ok(()), "unknown objects are kept");
        assert_eq!(kind(&join(&[b"\x85\x05XPV01", application])), Err(CpmFaultKind::Format));
        assert_eq!(kind(&join(&[application, format])), Err(CpmFaultKind::Format));
        assert_eq!(kind(format), Err(CpmFaultKind::ApplicationCount));
        assert_eq!(kind(&join(&[format, application, application, application])), Err(CpmFaultKind::ApplicationCount));
        assert_eq!(kind(&join(&[format, format, application])), Err(CpmFaultKind::Duplicate));
        assert_eq!(kind(&join(&[format, b"\x61\x03\x57\x01\x12"])), Err(CpmFaultKind::AdfName));
        assert_eq!(kind(&join(&[format, b"\x61\x07\x4f\x05\xa0\0\0\0\x01"])), Err(CpmFaultKind::Account));
        assert_eq!(kind(&join(&[format, application, b"\x62\x03\x57\x01\x12"])), Err(CpmFaultKind::Duplicate));
        assert_eq!(kind(&join(&[format, b"\x61\x7f\x4f"])), Err(CpmFaultKind::Structure));
        assert_eq!(
            kind(&join(&[format, b"\x61\x81\x05\x4f"])),
            Err(CpmFaultKind::Structure),
            "not the shortest length"
        );
        assert_eq!(Cpm::parse("hQVDUFYwMWEaTw").map_err(|f| f.kind).err(), Some(CpmFaultKind::Base64));
        assert_eq!(Cpm::parse(&"A".repeat(800)).map_err(|f| f.kind).err(), Some(CpmFaultKind::TooLong));
        assert_eq!(Cpm::parse("").map_err(|f| f.kind).err(), Some(CpmFaultKind::ApplicationCount));
    }

    #[test]
    fn no_value_shows_in_debug() {
        let two = Cpm::parse(TWO).unwrap();
        assert_eq!(format!("{two:?}"), "Cpm[124 bytes]");
        assert!(!format!("{:?}", two.objects().collect::<Vec<_>>()).contains("CARDHOLDER"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..520)) {
            let mut data = b"\x85\x05CPV01\x61".to_vec();
            data.extend(&bytes);
            let _ = kind(&data);
            let _ = kind(&bytes);
        }
    }
}
