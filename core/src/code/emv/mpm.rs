//! A merchant-presented code: what EMVCo MPM (§3, §4) says of every scheme alike.

use super::tlv::TagSet;
use super::{Fault, FaultKind, Object, Objects, Tag, TagPath, Template, crc16};
use std::fmt;

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

/// The objects whose form decides what is paid.
const FORMED: TagSet = TagSet::range(0, 0).or(TagSet::range(52, 58));

/// Whether the value of one of these objects has the form it must have.
pub(super) fn form_fault(object: &Object<'_>) -> Option<FaultKind> {
    let value = object.value;
    let digits = |count| value.len() == count && value.bytes().all(|b| b.is_ascii_digit());
    let (sound, kind) = match object.tag.0 {
        // 02 is what Malaysia writes (`domain.md` §3.6).
        0 => (matches!(value, "01" | "02"), FaultKind::Version),
        52 => (digits(4), FaultKind::CategorySyntax),
        53 => (digits(3), FaultKind::CurrencySyntax),
        54 => (is_amount(value), FaultKind::AmountSyntax),
        56 => (is_amount(value) && !is_zero(value), FaultKind::TipFee),
        57 => (is_percentage(value), FaultKind::TipPercentage),
        58 => (value.len() == 2 && value.bytes().all(|b| b.is_ascii_alphabetic()), FaultKind::CountrySyntax),
        _ => return None,
    };
    (!sound).then_some(kind)
}

/// Which rule of MPM §4.7.6 to §4.7.8 the indicator and the presence of 56 and 57 break, and at which object.
pub(super) fn tip_fault(indicator: Option<&str>, fee: bool, percentage: bool) -> Option<(FaultKind, u8)> {
    match (indicator, fee, percentage) {
        (None | Some("01"), false, false) | (Some("02"), true, false) | (Some("03"), false, true) => None,
        (Some("02"), false, _) | (None | Some("01" | "03"), true, _) => Some((FaultKind::TipFee, 56)),
        (Some("03"), _, false) | (None | Some("01" | "02"), _, true) => Some((FaultKind::TipPercentage, 57)),
        (Some(_), _, _) => Some((FaultKind::TipSyntax, 55)),
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

/// Digits with at most one point, not at the start; at most 13 characters (MPM Table 3.5, §4.7.4.1).
fn is_amount(text: &str) -> bool {
    let mut points = 0u32;
    let clean = text.bytes().all(|b| {
        points = points.saturating_add(u32::from(b == b'.'));
        b.is_ascii_digit() || b == b'.'
    });
    clean && points <= 1 && text.len() <= 13 && !text.is_empty() && !text.starts_with('.')
}

/// Whether an amount is nothing.
pub(crate) fn is_zero(amount: &str) -> bool {
    amount.bytes().all(|b| matches!(b, b'0' | b'.'))
}

/// 0.01 to 99.99, at most two digits on each side of the point (MPM §4.7.8).
fn is_percentage(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    text.len() <= 5 && is_amount(text) && whole.len() <= 2 && fraction.len() <= 2 && !is_zero(text)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::as_conversions, reason = "test code")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Adds object 63.
    fn sealed(body: &str) -> String {
        let text = format!("{body}6304");
        let crc = crc16(text.as_bytes());
        format!("{text}{crc:04X}")
    }

    fn kind(text: &str) -> Result<(), FaultKind> {
        Mpm::parse(text).map(|_| ()).map_err(|fault| fault.kind)
    }

    #[test]
    fn length_counts_characters_and_the_checksum_counts_bytes() {
        let text = sealed("0002015902비씨");
        assert_eq!(Mpm::parse(&text).unwrap().get(59), Some("비씨"));
        assert!(Mpm::parse(&sealed("0002015906비씨")).is_err(), "six bytes, but two characters");
    }

    #[test]
    fn a_lower_case_checksum_is_taken() {
        let text = sealed("0002015802KR");
        let (body, crc) = text.split_at(text.len() - 4);
        assert_eq!(kind(&format!("{body}{}", crc.to_ascii_lowercase())), Ok(()));
    }

    #[test]
    fn faults_name_the_byte_and_the_object() {
        let text = sealed("00020126110003abc01x15802KR");
        let fault = Mpm::parse(&text).unwrap_err();
        assert_eq!((fault.kind, fault.offset, fault.path.to_string()), (FaultKind::LengthSyntax, 19, "26-01".into()));
        assert_eq!(fault.to_string(), "byte 19, object 26-01: expected a length of two digits");
        let error = crate::error::Error::from(fault);
        assert_eq!(error.code(), crate::error::Code::CodeMalformed);
        assert_eq!(error.field("offset"), Some(19usize.into()));
        assert_eq!(error.field("tag"), Some(26i64.into()));
    }

    #[test]
    fn every_rule_of_the_standard_has_its_fault() {
        for (body, expected) in [
            ("0002010102115802KR", Ok(())),
            ("0102115802KR", Err(FaultKind::IndicatorNotFirst)),
            ("00020100020158 2KR", Err(FaultKind::Duplicate)),
            ("0002015802KR5802KR", Err(FaultKind::Duplicate)),
            ("00020126120003abc0109x", Err(FaultKind::Truncated)),
            ("00020126140003abc0003abc", Err(FaultKind::Duplicate)),
            ("00020126070103abc", Err(FaultKind::IdentifierMissing)),
            ("0002015900", Err(FaultKind::LengthZero)),
            ("000201590+abc", Err(FaultKind::LengthSyntax)),
            ("00020159 3abc", Err(FaultKind::LengthSyntax)),
            ("000201590٣abc", Err(FaultKind::LengthSyntax)),
            ("0002035802KR", Err(FaultKind::Version)),
            ("0002015203411", Err(FaultKind::CategorySyntax)),
            ("0002015303KRW", Err(FaultKind::CurrencySyntax)),
            ("0002015802K1", Err(FaultKind::CountrySyntax)),
            ("000201530341054011", Ok(())),
            ("00020154011", Err(FaultKind::CurrencyMissing)),
            ("00020153034105403-11", Err(FaultKind::AmountSyntax)),
            ("000201530341054031e3", Err(FaultKind::AmountSyntax)),
            ("0002015303410540598,73", Err(FaultKind::AmountSyntax)),
            ("000201530341054053 705", Err(FaultKind::AmountSyntax)),
            ("0002015303410540398.", Ok(())),
            ("00020153034105402.5", Err(FaultKind::AmountSyntax)),
            ("0002015502015303410", Ok(())),
            ("0002015502025303410", Err(FaultKind::TipFee)),
            ("00020155020256010", Err(FaultKind::TipFee)),
            ("00020155020256015", Ok(())),
            ("00020156015", Err(FaultKind::TipFee)),
            ("0002015502035701x", Err(FaultKind::TipPercentage)),
            ("0002015502035705100.0", Err(FaultKind::TipPercentage)),
            ("000201550203570500.01", Ok(())),
            ("000201550203", Err(FaultKind::TipPercentage)),
            ("000201550204", Err(FaultKind::TipSyntax)),
            // Raw text where a template may stand: DuitNow's hash, and a broken 62.
            ("0002018204ab12", Ok(())),
            ("0002016204ab12", Ok(())),
            ("00020162100101a0101b", Err(FaultKind::Duplicate)),
            ("00020164100001a0001b", Err(FaultKind::Duplicate)),
            ("00020182100001a0001b", Ok(())),
        ] {
            let text = sealed(body);
            assert_eq!(kind(&text), expected, "{body}");
        }
        assert_eq!(kind(""), Err(FaultKind::Empty));
        assert_eq!(kind("000201"), Err(FaultKind::CrcMissing));
        assert_eq!(kind(&format!("{}58", sealed("000201"))), Err(FaultKind::CrcNotLast));
        assert_eq!(kind(&format!("{}\n", sealed("000201"))), Err(FaultKind::CrcNotLast));
        assert_eq!(kind("0002016304ZZZZ"), Err(FaultKind::CrcSyntax));
        assert_eq!(kind("0002016303123"), Err(FaultKind::CrcSyntax));
        assert_eq!(kind("00020163040000"), Err(FaultKind::CrcMismatch));
        assert_eq!(kind("000201630400"), Err(FaultKind::Truncated));
    }

    #[test]
    fn no_value_shows_in_debug() {
        let text = sealed("0002015908CleanTop5802KR");
        let code = Mpm::parse(&text).unwrap();
        let shown = format!("{code:?} {:?}", code.objects().collect::<Vec<_>>());
        assert!(!shown.contains("Clean"), "{shown}");
    }

    fn render(code: &Mpm<'_>) -> String {
        code.objects().map(|o| format!("{}{:02}{}", o.tag, o.value.chars().count(), o.value)).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn what_is_read_renders_back(values in prop::collection::btree_map(65u8..80, "[ -~가-힣]{1,99}", 0..10)) {
            let body: String = values.iter().map(|(t, v)| format!("{t:02}{:02}{v}", v.chars().count())).collect();
            let text = sealed(&format!("000201{body}"));
            let code = Mpm::parse(&text).unwrap();
            prop_assert_eq!(render(&code), text.clone());
            for (tag, value) in &values {
                prop_assert_eq!(code.get(*tag), Some(value.as_str()));
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC*") {
            let _ = Mpm::parse(&text);
            let _ = Mpm::parse(&sealed(&format!("000201{text}")));
        }
    }
}
