//! ID, length, value: the coding of one level of a merchant-presented code (EMVCo MPM §3.2, §4.4).

use super::{Fault, FaultKind, TagPath};
use std::fmt;

/// The ID of an object: 0 to 99.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(pub(super) u8);

impl Tag {
    /// The tag with this number, 0 to 99.
    pub const fn new(number: u8) -> Option<Self> {
        if number > 99 { None } else { Some(Self(number)) }
    }

    /// 0 to 99.
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}", self.0)
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One object, as it stands in the text. Its `Debug` hides the value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Object<'a> {
    /// Its ID.
    pub tag: Tag,
    /// Its value, byte for byte. The length object counted its characters, not its bytes (MPM §4.4.1.1).
    pub value: &'a str,
    /// Where its ID begins: byte offset in the whole text.
    pub offset: usize,
}

impl Object<'_> {
    /// Byte offset of the value in the whole text: ID and length take two bytes each.
    pub const fn value_offset(&self) -> usize {
        self.offset.saturating_add(4)
    }
}

impl fmt::Debug for Object<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}[{} bytes]", self.tag, self.offset, self.value.len())
    }
}

/// The objects of one level, in the order of the text.
#[derive(Clone)]
pub struct Objects<'a> {
    rest: &'a str,
    /// Byte offset of the end of `rest` in the whole text.
    end: usize,
    ascii: bool,
}

impl fmt::Debug for Objects<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Objects[{} bytes left]", self.rest.len())
    }
}

impl<'a> Objects<'a> {
    /// The objects of `value`, which begins at byte `offset` of the whole text. `ascii` is a promise that it is.
    pub(super) const fn new(value: &'a str, offset: usize, ascii: bool) -> Self {
        Self { rest: value, end: offset.saturating_add(value.len()), ascii }
    }

    /// The objects of a text that is not a merchant-presented code, but coded like one.
    pub fn of(text: &'a str) -> Self {
        Self::new(text, 0, text.is_ascii())
    }

    const fn offset(&self) -> usize {
        self.end.saturating_sub(self.rest.len())
    }

    /// Why the next object cannot be read; called only when it cannot.
    #[cold]
    fn fault(&self) -> Fault {
        let at = |kind, more: usize, path| Fault::new(kind, self.offset().saturating_add(more), path);
        let mut bytes = self.rest.bytes();
        let Some(tag) = two_digits(bytes.next(), bytes.next()) else {
            return at(FaultKind::TagSyntax, 0, TagPath::default());
        };
        let path = TagPath::root(Tag(tag));
        match two_digits(bytes.next(), bytes.next()) {
            None => at(FaultKind::LengthSyntax, 2, path),
            Some(0) => at(FaultKind::LengthZero, 2, path),
            Some(_) => at(FaultKind::Truncated, 4, path),
        }
    }

    #[inline]
    fn step(&mut self) -> Option<Object<'a>> {
        let (tag, length) = header(*self.rest.as_bytes().first_chunk::<4>()?)?;
        if length == 0 {
            return None;
        }
        let offset = self.offset();
        let length = usize::from(length);
        // The four bytes of the header are digits, so the value begins at a character.
        let (value, rest) = if self.ascii {
            let (_, rest) = self.rest.split_at_checked(4)?;
            rest.split_at_checked(length)?
        } else {
            split_characters(self.rest.get(4..)?, length)?
        };
        self.rest = rest;
        Some(Object { tag: Tag(tag), value, offset })
    }
}

/// ID and length of an object, if all four bytes are ASCII digits.
#[inline]
fn header(bytes: [u8; 4]) -> Option<(u8, u8)> {
    let digits = u32::from_le_bytes(bytes) ^ 0x3030_3030;
    // A byte is a digit if nothing above nine is left of it: no high nibble, and none carried into one by adding six.
    if (digits | digits.wrapping_add(0x0606_0606)) & 0xF0F0_F0F0 != 0 {
        return None;
    }
    let [a, b, c, d] = digits.to_le_bytes();
    Some((a.wrapping_mul(10).wrapping_add(b), c.wrapping_mul(10).wrapping_add(d)))
}

impl<'a> Iterator for Objects<'a> {
    type Item = Result<Object<'a>, Fault>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let item = self.step().ok_or_else(|| self.fault());
        if item.is_err() {
            self.rest = "";
        }
        Some(item)
    }
}

/// Two ASCII digits as a number; full-width and Arabic digits are no digits here.
#[inline]
fn two_digits(tens: Option<u8>, ones: Option<u8>) -> Option<u8> {
    let (tens, ones) = (tens?.wrapping_sub(b'0'), ones?.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| tens.wrapping_mul(10).wrapping_add(ones))
}

fn split_characters(text: &str, count: usize) -> Option<(&str, &str)> {
    let mut characters = text.char_indices();
    for _ in 0..count {
        characters.next()?;
    }
    text.split_at_checked(characters.offset())
}

/// A bit a tag, to see doubles and to know what is there.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct TagSet(u128);

impl TagSet {
    /// Adds the tag; false when it was there.
    #[inline]
    pub(super) fn insert(&mut self, tag: Tag) -> bool {
        let bit = 1u128.wrapping_shl(u32::from(tag.0));
        let fresh = self.0 & bit == 0;
        self.0 |= bit;
        fresh
    }

    #[inline]
    pub(super) fn contains(self, tag: Tag) -> bool {
        self.0 & 1u128.wrapping_shl(u32::from(tag.0)) != 0
    }

    /// The tags from one to another, both included.
    pub(super) const fn range(from: u32, to: u32) -> Self {
        let below = u128::MAX.wrapping_shl(from);
        let above = u128::MAX.wrapping_shr(127u32.wrapping_sub(to));
        Self(below & above)
    }

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(super) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl Iterator for TagSet {
    type Item = Tag;

    /// Takes the smallest tag out.
    #[inline]
    fn next(&mut self) -> Option<Tag> {
        let number = u8::try_from(self.0.trailing_zeros()).ok().filter(|number| *number < 100)?;
        self.0 &= self.0.wrapping_sub(1);
        Some(Tag(number))
    }
}

/// The objects inside an object, checked: each can be read and no ID occurs twice.
#[derive(Clone, Copy)]
pub struct Template<'a> {
    value: &'a str,
    offset: usize,
    ascii: bool,
}

impl fmt::Debug for Template<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Template@{}[{} bytes]", self.offset, self.value.len())
    }
}

impl<'a> Template<'a> {
    /// Reads the value of `object` as a template; tells whether it has an object 00.
    pub(super) fn check(object: &Object<'a>, ascii: bool) -> Result<(Self, bool), Fault> {
        let template = Self { value: object.value, offset: object.value_offset(), ascii };
        let mut seen = TagSet::default();
        for inner in Objects::new(template.value, template.offset, ascii) {
            let outer = TagPath::root(object.tag);
            let inner = inner
                .map_err(|fault| Fault { path: fault.path.tag().map_or(outer, |tag| outer.inside(tag)), ..fault })?;
            if !seen.insert(inner.tag) {
                return Err(Fault::new(FaultKind::Duplicate, inner.offset, outer.inside(inner.tag)));
            }
        }
        Ok((template, seen.contains(Tag(0))))
    }

    /// Reads the value of an object as a template, if it is built like one.
    pub(in crate::code) fn read(object: &Object<'a>, ascii: bool) -> Option<Self> {
        Self::check(object, ascii).ok().map(|(template, _)| template)
    }

    pub(super) const fn trusted(object: &Object<'a>, ascii: bool) -> Self {
        Self { value: object.value, offset: object.value_offset(), ascii }
    }

    /// Its objects, in the order of the text.
    pub fn objects(&self) -> impl Iterator<Item = Object<'a>> + use<'a> {
        Objects::new(self.value, self.offset, self.ascii).map_while(Result::ok)
    }

    /// The value of the object with this ID.
    pub fn get(&self, tag: u8) -> Option<&'a str> {
        self.objects().find(|object| object.tag.0 == tag).map(|object| object.value)
    }

    /// The object with this ID read as a template, if its value is built like one.
    pub fn nested(&self, tag: u8) -> Option<Self> {
        let object = self.objects().find(|object| object.tag.0 == tag)?;
        Self::check(&object, self.ascii).ok().map(|(template, _)| template)
    }

    /// The whole value.
    pub const fn as_str(&self) -> &'a str {
        self.value
    }
}
