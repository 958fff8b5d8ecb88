//! QR symbols (ISO/IEC 18004), versions 1 to 40.
//!
//! ```
//! use jigap::code::draw::qr::{self, Level, Segmentation};
//!
//! let modules = qr::encode("6212345678901234567", Level::M, Segmentation::Smallest)?;
//! assert_eq!((modules.version(), modules.side()), (1, 21));
//! assert!(modules.is_dark(0, 0));
//! # Ok::<(), jigap::code::draw::DrawError>(())
//! ```

use core::fmt;

use qrcode::types::EcLevel;

use super::DrawError;
use super::place::place;
use super::segments::{Codewords, capacity, codewords};
use super::template::Grid;

/// Error correction: the share of damaged codewords a reader can restore (ISO/IEC 18004 §7.5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// About 7 %.
    L,
    /// About 15 %. The usual choice for a screen.
    M,
    /// About 25 %. A code of 19 digits takes no larger symbol with it than with `L`.
    Q,
    /// About 30 %. Needed for a centre mark.
    H,
}

impl Level {
    /// All four, from the least correction to the most.
    pub const ALL: [Self; 4] = [Self::L, Self::M, Self::Q, Self::H];

    pub(super) const fn of_crate(self) -> EcLevel {
        match self {
            Self::L => EcLevel::L,
            Self::M => EcLevel::M,
            Self::Q => EcLevel::Q,
            Self::H => EcLevel::H,
        }
    }

    /// The indicator in the format information (ISO/IEC 18004 Table 12).
    const fn indicator(self) -> u8 {
        match self {
            Self::L => 0b01,
            Self::M => 0b00,
            Self::Q => 0b11,
            Self::H => 0b10,
        }
    }
}

/// How the text is cut into modes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Segmentation {
    /// Digits, capitals and bytes each in their own mode where that saves bits. Every reader must know these modes
    /// (ISO/IEC 18004 §7.4), so this is the choice for codes on a screen: a 250-byte merchant code takes version 9 in place
    /// of 11, and its modules are 13 % larger.
    Smallest,
    /// One segment in Byte mode. EMVCo asks for it in printed merchant codes (MPM 4.12.1) and in CPM codes (CPM 3.2), so
    /// this is the choice where conformance is checked by a test laboratory.
    ByteOnly,
}

/// A finished symbol without quiet zone.
#[derive(Clone)]
pub struct Modules {
    grid: Grid,
    version: u8,
    mask: u8,
    level: Level,
}

impl Modules {
    /// Modules on each side: 21 to 177.
    #[must_use]
    pub const fn side(&self) -> usize {
        self.grid.side
    }

    /// 1 to 40.
    #[must_use]
    pub const fn version(&self) -> u8 {
        self.version
    }

    /// The mask pattern that was chosen: 0 to 7.
    #[must_use]
    pub const fn mask(&self) -> u8 {
        self.mask
    }

    /// The error correction level.
    #[must_use]
    pub const fn level(&self) -> Level {
        self.level
    }

    /// Rows from the top, each as words of 64 modules: module `x` is bit `x % 64` of word `x / 64`, 1 = dark.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[u64]> {
        self.grid.bits.chunks_exact(self.grid.words)
    }

    /// Whether the module in column `x` and row `y` is dark; outside the symbol nothing is.
    #[must_use]
    pub fn is_dark(&self, x: usize, y: usize) -> bool {
        let word = self.rows().nth(y).and_then(|row| row.get(x / 64));
        word.is_some_and(|word| word.checked_shr(u32::try_from(x % 64).unwrap_or(0)).unwrap_or(0) & 1 == 1)
    }

    /// Codewords of data, without error correction.
    pub(super) fn data_codewords(&self) -> usize {
        capacity(i16::from(self.version), self.level) / 8
    }

    /// The grid, for the centre mark.
    pub(super) const fn grid_mut(&mut self) -> &mut Grid {
        &mut self.grid
    }
}

impl fmt::Debug for Modules {
    /// Without the modules: they are the payment code.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Modules")
            .field("version", &self.version)
            .field("mask", &self.mask)
            .field("level", &self.level)
            .finish_non_exhaustive()
    }
}

/// Draws `text` as the smallest symbol. Text that is not ASCII gets an ECI header for UTF-8 (26), so that readers need not
/// guess its character set.
///
/// # Errors
/// [`DrawError::Empty`], or [`DrawError::TooLong`] if not even version 40 holds the text.
pub fn encode(text: &str, level: Level, segmentation: Segmentation) -> Result<Modules, DrawError> {
    encode_from(text, level, segmentation, 1)
}

/// [`encode`] with a least version, 1 to 40 (numbers outside are taken as the nearest): codes that replace each other on the screen can so keep one size.
///
/// # Errors
/// As [`encode`].
pub fn encode_from(text: &str, level: Level, segmentation: Segmentation, least: u8) -> Result<Modules, DrawError> {
    let codewords = codewords(text.as_bytes(), !text.is_ascii(), level, segmentation, least)?;
    Ok(finish(&codewords, level))
}

/// Draws bytes that are not text, in one segment of Byte mode and without ECI header.
///
/// # Errors
/// As [`encode`].
pub fn encode_bytes(bytes: &[u8], level: Level) -> Result<Modules, DrawError> {
    let codewords = codewords(bytes, false, level, Segmentation::ByteOnly, 1)?;
    Ok(finish(&codewords, level))
}

fn finish(codewords: &Codewords, level: Level) -> Modules {
    let (grid, mask) = place(codewords.template, &codewords.bytes, level.indicator());
    Modules { grid, version: codewords.version, mask, level }
}
