//! Why a code cannot be read: a second, lenient walk for inspectors and support desks. It makes nothing payable.

use super::mpm::{form_fault, is_zero, tip_fault};
use super::tlv::TagSet;
use super::{Fault, FaultKind, Object, Objects, Tag, TagPath, Template, crc16};
use std::fmt;

/// What may have happened to the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Hint {
    /// The checksum would have to be this number.
    Checksum(u16),
    /// The lengths fit if they count bytes: the maker did not follow MPM §4.4.1.1.
    LengthsCountBytes,
    /// The text has been percent-encoded, or its spaces made `+`, on its way.
    UrlEncoded,
    /// The value is cut off: the symbol or the text is not whole.
    CutOff,
}

/// One thing wrong with a code. `Debug` hides what stood there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Finding<'a> {
    /// What is wrong, and where.
    pub fault: Fault,
    /// What stood there: at most sixteen characters of the code.
    pub found: &'a str,
    /// What may have happened.
    pub hint: Option<Hint>,
}

impl fmt::Debug for Finding<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Finding").field("fault", &self.fault).field("hint", &self.hint).finish_non_exhaustive()
    }
}

/// How far a code could be walked, and what is wrong with it.
#[derive(Debug, Clone, Default)]
pub struct Diagnosis<'a> {
    /// The root objects that could be read, doubles too, in the order of the text.
    pub objects: Vec<Object<'a>>,
    /// Everything found wrong, in the order of the text; empty for a sound code.
    pub findings: Vec<Finding<'a>>,
}

/// Walks a merchant-presented code as far as it goes and says everything that is wrong with it.
pub fn diagnose(text: &str) -> Diagnosis<'_> {
    let mut diagnosis = Diagnosis::default();
    if text.is_empty() {
        diagnosis.report(text, Fault::new(FaultKind::Empty, 0, TagPath::default()), None);
        return diagnosis;
    }
    diagnosis.walk(text);
    diagnosis.check_root(text);
    diagnosis.check_templates(text);
    diagnosis.check_values(text);
    diagnosis.findings.sort_by_key(|finding| finding.fault.offset);
    diagnosis
}

impl<'a> Diagnosis<'a> {
    fn report(&mut self, text: &'a str, fault: Fault, hint: Option<Hint>) {
        let rest = text.get(fault.offset..).unwrap_or_default();
        let end = rest.char_indices().nth(16).map_or(rest.len(), |(end, _)| end);
        self.findings.push(Finding { fault, found: rest.get(..end).unwrap_or_default(), hint });
    }

    fn walk(&mut self, text: &'a str) {
        for object in Objects::of(text) {
            match object {
                Ok(object) => self.objects.push(object),
                Err(fault) => {
                    let hint = if lengths_count_bytes(text) {
                        Some(Hint::LengthsCountBytes)
                    } else if fault.kind == FaultKind::Truncated {
                        Some(Hint::CutOff)
                    } else {
                        looks_url_encoded(text).then_some(Hint::UrlEncoded)
                    };
                    self.report(text, fault, hint);
                }
            }
        }
    }

    fn first(&self, tag: u8) -> Option<Object<'a>> {
        self.objects.iter().find(|object| object.tag.0 == tag).copied()
    }

    fn check_root(&mut self, text: &'a str) {
        let mut seen = TagSet::default();
        let mut faults = Vec::new();
        for object in &self.objects {
            if !seen.insert(object.tag) {
                faults.push((Fault::new(FaultKind::Duplicate, object.offset, TagPath::root(object.tag)), None));
            }
        }
        if self.objects.first().is_none_or(|object| object.tag.0 != 0) {
            faults.push((Fault::new(FaultKind::IndicatorNotFirst, 0, TagPath::root(Tag(0))), None));
        }
        match self.objects.iter().position(|object| object.tag.0 == 63).and_then(|at| self.objects.get(at..)) {
            None => faults.push((Fault::new(FaultKind::CrcMissing, text.len(), TagPath::root(Tag(63))), None)),
            Some([crc, after @ ..]) => {
                if let Some(next) = after.first() {
                    faults.push((Fault::new(FaultKind::CrcNotLast, next.offset, TagPath::root(next.tag)), None));
                }
                faults.extend(checksum_fault(text, crc));
            }
            Some([]) => {}
        }
        faults.into_iter().for_each(|(fault, hint)| self.report(text, fault, hint));
    }

    fn check_templates(&mut self, text: &'a str) {
        for object in self.objects.clone() {
            let is_account = (26..=51).contains(&object.tag.0);
            if !is_account && !matches!(object.tag.0, 62 | 64) {
                continue;
            }
            match Template::check(&object, text.is_ascii()) {
                // Raw text may stand in 62 and 64, a double may not.
                Err(fault) if is_account || fault.kind == FaultKind::Duplicate => self.report(text, fault, None),
                Ok((_, false)) if is_account => {
                    let path = TagPath::root(object.tag).inside(Tag(0));
                    self.report(text, Fault::new(FaultKind::IdentifierMissing, object.value_offset(), path), None);
                }
                _ => {}
            }
        }
    }

    fn check_values(&mut self, text: &'a str) {
        let mut seen = TagSet::default();
        let firsts = self.objects.iter().filter(|object| seen.insert(object.tag));
        let broken: Vec<_> = firsts.filter_map(|object| form_fault(object).map(|kind| (kind, *object))).collect();
        for (kind, object) in broken {
            self.report(text, Fault::new(kind, object.value_offset(), TagPath::root(object.tag)), None);
        }
        if let Some(amount) = self.first(54) {
            if is_zero(amount.value) {
                let fault = Fault::new(FaultKind::AmountZero, amount.value_offset(), TagPath::root(amount.tag));
                self.report(text, fault, None);
            }
            if self.first(53).is_none() {
                self.report(text, Fault::new(FaultKind::CurrencyMissing, amount.offset, TagPath::root(Tag(53))), None);
            }
        }
        let indicator = self.first(55);
        let broken = tip_fault(indicator.map(|o| o.value), self.first(56).is_some(), self.first(57).is_some());
        if let Some((kind, tag)) = broken {
            let offset = self.first(tag).or(indicator).map_or(0, |object| object.offset);
            self.report(text, Fault::new(kind, offset, TagPath::root(Tag(tag))), None);
        }
    }
}

fn checksum_fault(text: &str, crc: &Object<'_>) -> Option<(Fault, Option<Hint>)> {
    let at = |kind| Fault::new(kind, crc.value_offset(), TagPath::root(crc.tag));
    let right = crc16(text.as_bytes().get(..crc.value_offset())?);
    let hexadecimal = crc.value.len() == 4 && crc.value.bytes().all(|b| b.is_ascii_hexdigit());
    if !hexadecimal {
        return Some((at(FaultKind::CrcSyntax), Some(Hint::Checksum(right))));
    }
    let fits = u16::from_str_radix(crc.value, 16) == Ok(right);
    let hint = if looks_url_encoded(text) { Hint::UrlEncoded } else { Hint::Checksum(right) };
    (!fits).then_some((at(FaultKind::CrcMismatch), Some(hint)))
}

/// An escape of RFC 3986, or a `+` where no space is left.
fn looks_url_encoded(text: &str) -> bool {
    let escape =
        text.as_bytes().windows(3).any(|w| matches!(w, [b'%', a, b] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit()));
    escape || (text.contains('+') && !text.contains(' '))
}

/// Whether the text reads to its end if lengths count bytes, as some makers have it.
fn lengths_count_bytes(text: &str) -> bool {
    let mut rest = text.as_bytes();
    while let Some([_, _, tens, ones]) = rest.first_chunk::<4>() {
        let digit = |b: &u8| char::from(*b).to_digit(10).and_then(|d| usize::try_from(d).ok());
        let Some(length) = digit(tens).zip(digit(ones)).and_then(|(t, o)| t.checked_mul(10)?.checked_add(o)) else {
            return false;
        };
        let Some(after) = length.checked_add(4).and_then(|skip| rest.get(skip..)) else { return false };
        rest = after;
    }
    rest.is_empty() && !text.is_ascii()
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::as_conversions, reason = "test code")]
mod tests {
    use super::super::Mpm;
    use super::*;
    use proptest::prelude::*;

    fn sealed(body: &str) -> String {
        let text = format!("{body}6304");
        format!("{text}{:04X}", crc16(text.as_bytes()))
    }

    fn kinds(text: &str) -> Vec<(&'static str, usize)> {
        diagnose(text).findings.iter().map(|f| (f.fault.kind.as_str(), f.fault.offset)).collect()
    }

    #[test]
    fn everything_wrong_is_said_with_its_place() {
        let text = "0002015303410540598,735802KR5802KR6304FFFF";
        assert_eq!(kinds(text), [("amount_syntax", 17), ("duplicate", 28), ("crc_mismatch", 38)]);
        let diagnosis = diagnose(text);
        assert_eq!(diagnosis.findings[0].found, "98,735802KR5802K");
        assert_eq!(diagnosis.findings[2].hint, Some(Hint::Checksum(crc16(&text.as_bytes()[..38]))));
        assert_eq!(diagnosis.objects.len(), 6);
        assert!(!format!("{diagnosis:?}").contains("98,73"));
    }

    #[test]
    fn hints_say_what_may_have_happened() {
        let cut = sealed("0002015802KR");
        let diagnosis = diagnose(cut.get(..cut.len() - 1).unwrap());
        assert_eq!(diagnosis.findings[0].hint, Some(Hint::CutOff));
        let bytes = sealed("0002015906비씨");
        assert!(
            diagnose(&bytes).findings.iter().any(|f| f.hint == Some(Hint::LengthsCountBytes)),
            "{:?}",
            diagnose(&bytes)
        );
        let encoded = sealed("0002015904A BC").replace(' ', "+");
        assert_eq!(diagnose(&encoded).findings[0].hint, Some(Hint::UrlEncoded));
        // BC's own test string with object 01 before 00 (`domain.md` §3.2).
        assert_eq!(kinds(&sealed("0102110002015802KR")), [("indicator_not_first", 0)]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn what_is_refused_is_diagnosed_and_what_is_sound_is_not(body in "(0[0-9]|5[2-9]|26|62|8[0-9])(0[0-9]|1[0-5])[0-9A-Za-z.가]{0,18}") {
            for text in [sealed(&format!("000201{body}")), sealed(&body), body.clone()] {
                let sound = Mpm::parse(&text).is_ok();
                let clean = diagnose(&text).findings.iter().all(|f| f.fault.kind == FaultKind::AmountZero);
                prop_assert_eq!(sound, clean, "{}", text);
            }
        }

        #[test]
        fn any_text_is_diagnosed(text in "\\PC{0,200}") {
            let _ = diagnose(&text);
        }
    }
}
