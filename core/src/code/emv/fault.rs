//! What is wrong with a code, and where.

use super::Tag;
use crate::error::{Code, Error};
use std::fmt;

/// Where in the tree an object stands: at most root, template and one template inside it.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct TagPath {
    root: Option<Tag>,
    inner: Option<Tag>,
}

impl TagPath {
    /// An object of the root.
    pub const fn root(tag: Tag) -> Self {
        Self { root: Some(tag), inner: None }
    }

    /// An object of the template `self` points at.
    #[must_use]
    pub const fn inside(self, inner: Tag) -> Self {
        Self { inner: Some(inner), ..self }
    }

    /// The root object, if the fault is at one.
    pub const fn tag(self) -> Option<Tag> {
        self.root
    }

    /// The object inside the root object's template, if the fault is at one.
    pub const fn inner(self) -> Option<Tag> {
        self.inner
    }
}

impl fmt::Debug for TagPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for TagPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.root, self.inner) {
            (Some(root), Some(inner)) => write!(f, "{root}-{inner}"),
            (Some(root), None) => write!(f, "{root}"),
            _ => f.write_str("-"),
        }
    }
}

macro_rules! kinds {
    ($( $(#[$doc:meta])* $name:ident $word:literal $expected:literal; )*) => {
        /// The ways in which a code can be broken.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum FaultKind { $( $(#[$doc])* $name, )* }

        impl FaultKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[ $( Self::$name, )* ];

            /// The stable name.
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$name => $word, )* }
            }

            /// What should have stood there.
            pub const fn expected(self) -> &'static str {
                match self { $( Self::$name => $expected, )* }
            }
        }
    };
}

kinds! {
    /// There is no text.
    Empty "empty" "a code";
    /// The text is longer than any code may be.
    TooLong "too_long" "no more than a QR code holds";
    /// An object does not begin with a two-digit ID (MPM §4.4.1).
    TagSyntax "tag_syntax" "an ID of two digits";
    /// An ID is not followed by a two-digit length (MPM §4.4.1).
    LengthSyntax "length_syntax" "a length of two digits";
    /// The length is 00 (MPM §4.4.1: 01 to 99).
    LengthZero "length_zero" "a length from 01 to 99";
    /// The text ends before the value does.
    Truncated "truncated" "as many characters as the length says";
    /// An ID occurs twice on one level (MPM §4.3.1.2).
    Duplicate "duplicate" "each ID once on a level";
    /// Object 00 is not the first (MPM §4.6.1).
    IndicatorNotFirst "indicator_not_first" "object 00 first";
    /// Object 00 says a version that is not known.
    Version "version" "version 01 or 02";
    /// There is no object 63 at the end (MPM §4.6.1).
    CrcMissing "crc_missing" "object 63 last";
    /// Object 63 is followed by something.
    CrcNotLast "crc_not_last" "nothing after object 63";
    /// Object 63 is not four hexadecimal digits.
    CrcSyntax "crc_syntax" "four hexadecimal digits";
    /// The checksum does not fit the text (MPM §4.7.3).
    CrcMismatch "crc_mismatch" "the checksum of the text before it";
    /// A merchant account template has no object 00 (MPM §4.7.11).
    IdentifierMissing "identifier_missing" "an identifier in object 00 of the template";
    /// The merchant category is not four digits.
    CategorySyntax "category_syntax" "a merchant category of four digits";
    /// The currency is not three digits.
    CurrencySyntax "currency_syntax" "an ISO 4217 number of three digits";
    /// The country is not two letters.
    CountrySyntax "country_syntax" "an ISO 3166 country of two letters";
    /// The amount is not digits with at most one point (MPM §4.7.4.1).
    AmountSyntax "amount_syntax" "digits with at most one point";
    /// The amount is zero (MPM §4.7.4.1).
    AmountZero "amount_zero" "an amount above zero";
    /// The amount has more decimals than its currency, or is too large.
    AmountPrecision "amount_precision" "an amount its currency can express";
    /// There is an amount, but no currency.
    CurrencyMissing "currency_missing" "a currency beside the amount";
    /// The tip indicator is not 01, 02 or 03 (MPM §4.7.6).
    TipSyntax "tip_syntax" "tip indicator 01, 02 or 03";
    /// Indicator 02 without a fee in object 56, or a fee without indicator 02.
    TipFee "tip_fee" "a fixed fee together with tip indicator 02";
    /// Indicator 03 without a percentage in object 57, or a percentage without indicator 03.
    TipPercentage "tip_percentage" "a percentage together with tip indicator 03";
    /// What the standard leaves open, the scheme does not allow.
    SchemeRule "scheme_rule" "what the scheme of this code asks";
}

/// One thing wrong with a code. Holds positions and words of this source only, so it may stand in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub kind: FaultKind,
    /// Byte offset in the text that was read.
    pub offset: usize,
    /// The object it is about.
    pub path: TagPath,
}

impl Fault {
    /// A fault at this byte.
    pub const fn new(kind: FaultKind, offset: usize, path: TagPath) -> Self {
        Self { kind, offset, path }
    }

    /// The same fault, in a text that began `bytes` earlier.
    #[must_use]
    pub const fn moved(self, bytes: usize) -> Self {
        Self { offset: self.offset.saturating_add(bytes), ..self }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {}, object {}: expected {}", self.offset, self.path, self.kind.expected())
    }
}

impl std::error::Error for Fault {}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        let mut error = Self::new(Code::CodeMalformed)
            .with("reason", fault.kind.as_str())
            .with("expected", fault.kind.expected())
            .with("offset", fault.offset);
        if let Some(tag) = fault.path.tag() {
            error = error.with("tag", i64::from(tag.number()));
        }
        if let Some(tag) = fault.path.inner() {
            error = error.with("inner_tag", i64::from(tag.number()));
        }
        error
    }
}
