//! Drawing of payment codes: QR (ISO/IEC 18004) and Code 128 (ISO/IEC 15417).
//!
//! [`qr`] and [`code128`] turn a text into modules, [`picture`] turns modules into pixels, SVG, PNG or terminal text, and
//! [`mark`] keeps a place free for the mark of a network. Everything here is a pure function of its arguments.
//!
//! The text of a payment code is as good as money for a minute. So no type here shows its content through `Debug`, and no
//! error repeats the text.

use core::fmt;

pub mod code128;
pub mod mark;
pub mod picture;
mod place;
pub mod qr;
mod segments;
mod template;

/// Why something cannot be drawn. None of these can be retried with the same input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DrawError {
    /// There is no text. An empty symbol would scan as nothing.
    Empty,
    /// The text does not fit into the largest symbol.
    TooLong {
        /// How much the text needs, in `unit`.
        needed: usize,
        /// How much fits, in `unit`.
        limit: usize,
        /// What is counted.
        unit: Unit,
    },
    /// The symbology has no character for this place of the text: Code 128 holds ASCII only.
    BadCharacter {
        /// Which character, counted from 0. The character itself is not repeated.
        position: usize,
    },
    /// A centre mark needs error correction level H.
    MarkNeedsLevelH,
    /// The centre mark has an even side, or covers more than the symbol can lose.
    MarkTooLarge {
        /// The side that was asked for, in modules.
        side: usize,
        /// The largest side allowed for this symbol, in modules. 0: this symbol takes no mark.
        limit: usize,
    },
    /// The picture asked for is smaller than one pixel a module, or larger than [`picture::MAX_SIDE`].
    BadSize {
        /// The least width in pixels that holds the symbol with its quiet zone.
        least: usize,
    },
    /// The PNG encoder refused. It writes into memory, so this means that memory ran out or the picture is malformed.
    Png,
}

/// What [`DrawError::TooLong`] counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Bits of a QR code, headers included.
    Bits,
    /// Characters of a Code 128 text.
    Characters,
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bits => "bits",
            Self::Characters => "characters",
        })
    }
}

impl fmt::Display for DrawError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("there is no text to draw"),
            Self::TooLong { needed, limit, unit } => {
                write!(f, "the text is too long to draw: it needs {needed} {unit}, and at most {limit} fit")
            }
            Self::BadCharacter { position } => {
                write!(f, "character {position} (counted from 0) has no place in Code 128, which holds ASCII only")
            }
            Self::MarkNeedsLevelH => f.write_str("a centre mark needs error correction level H"),
            Self::MarkTooLarge { side, limit: 0 } => {
                write!(f, "a centre mark of {side} modules is too large: this symbol is too small for any mark")
            }
            Self::MarkTooLarge { side, limit } => {
                write!(f, "a centre mark of {side} modules does not suit: its side must be odd and at most {limit}")
            }
            Self::BadSize { least } => write!(
                f,
                "the picture size does not suit: at least {least} and at most {} pixels a side",
                picture::MAX_SIDE
            ),
            Self::Png => f.write_str("the PNG could not be written"),
        }
    }
}

impl std::error::Error for DrawError {}
