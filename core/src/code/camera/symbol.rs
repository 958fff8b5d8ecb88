//! The modules of one QR symbol to its text (ISO/IEC 18004 §7 read backwards).
//!
//! The block tables and the Reed-Solomon arithmetic are rxing's. What the bytes mean is decided here: rxing brings 180 kB
//! of character tables for it, and its text never comes near a panic message this way.

use rxing::common::BitMatrix;
use rxing::common::reedsolomon::{GenericGFRef, PredefinedGenericGF, ReedSolomonDecoder};
use rxing::qrcode::common::{FormatInformation, Version, VersionRef};
use rxing::qrcode::decoder::DataBlock;

use super::charset::Text;

/// Modules of the smallest and largest symbol.
const SIDES: core::ops::RangeInclusive<u32> = 21..=177;

/// Why modules are no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unread {
    /// No symbol has this size, or neither copy of the format is one of the 32: these are hardly modules of a symbol.
    NoSymbol,
    /// The format could be made out, the rest has more errors than can be put right.
    Damaged,
    /// The bytes are right but are not text in a way that is known here.
    NoText,
}

/// The text of a symbol, also of one seen in a mirror.
pub(super) fn read(modules: &BitMatrix) -> Result<String, Unread> {
    let side = modules.width();
    if side != modules.height() || !SIDES.contains(&side) || side % 4 != 1 {
        return Err(Unread::NoSymbol);
    }
    let version = Version::getProvisionalVersionForDimension(side).map_err(|_| Unread::NoSymbol)?;
    let mut reason = Unread::NoSymbol;
    for mirrored in [false, true] {
        let dark = |x: u32, y: u32| if mirrored { modules.get(y, x) } else { modules.get(x, y) };
        let Some(format) = format(side, &dark) else { continue };
        let text = data(side, version, &format, &dark)
            .ok_or(Unread::Damaged)
            .and_then(|(bytes, number)| Bits { bytes: &bytes, at: 0 }.text(number).ok_or(Unread::NoText));
        match text {
            Ok(text) => return Ok(text),
            Err(why) => reason = why,
        }
    }
    Err(reason)
}

/// Error correction level and mask, from the two copies (§7.9.1).
fn format(side: u32, dark: &impl Fn(u32, u32) -> bool) -> Option<FormatInformation> {
    let line = (0..6).chain(7..9);
    let first = line.clone().map(|x| (x, 8)).chain(line.rev().skip(1).map(|y| (8, y)));
    let (left, low) = (side.saturating_sub(8), side.saturating_sub(7));
    let second = (low..side).rev().map(|y| (8, y)).chain((left..side).map(|x| (x, 8)));
    let number = |cells: &mut dyn Iterator<Item = (u32, u32)>| {
        cells.fold(0_u32, |bits, (x, y)| bits.wrapping_shl(1) | u32::from(dark(x, y)))
    };
    FormatInformation::decodeFormatInformation(number(&mut first.into_iter()), number(&mut second.into_iter()))
}

/// The corrected data bytes and the version's number.
fn data(
    side: u32,
    version: VersionRef,
    format: &FormatInformation,
    dark: &impl Fn(u32, u32) -> bool,
) -> Option<(Vec<u8>, u32)> {
    let raw = codewords(side, version, format.getDataMask(), dark)?;
    let blocks = DataBlock::getDataBlocks(&raw, version, format.getErrorCorrectionLevel()).ok()?;
    let field: GenericGFRef = PredefinedGenericGF::QrCodeField256.into();
    let decoder = ReedSolomonDecoder::new(field);
    let mut bytes = Vec::with_capacity(raw.len());
    for block in blocks {
        let mut words = block.getCodewords().to_vec();
        let data = usize::try_from(block.getNumDataCodewords()).ok()?;
        let correction = i32::try_from(words.len().checked_sub(data)?).ok()?;
        decoder.decode(&mut words, correction).ok()?;
        bytes.extend_from_slice(words.get(..data)?);
    }
    Some((bytes, version.getVersionNumber()))
}

/// The codewords in the order they were placed, mask taken off (§7.7.3, §7.8.2).
fn codewords(side: u32, version: VersionRef, mask: u8, dark: &impl Fn(u32, u32) -> bool) -> Option<Vec<u8>> {
    let function = version.buildFunctionPattern().ok()?;
    let wanted = usize::try_from(version.getTotalCodewords()).ok()?;
    let mut words = Vec::with_capacity(wanted.saturating_add(1));
    let (mut word, mut count) = (0_u8, 0_u32);
    let mut up = true;
    // Pairs of columns from the right; the column of the vertical timing pattern is none of a pair.
    let rights = (0..side).rev().step_by(2).map(|right| if right > 6 { right } else { right.saturating_sub(1) });
    for right in rights.filter(|right| *right > 0) {
        for step in 0..side {
            let y = if up { side.saturating_sub(1).saturating_sub(step) } else { step };
            for x in [right, right.saturating_sub(1)] {
                if !function.get(x, y) {
                    word = word.wrapping_shl(1) | u8::from(dark(x, y) != masked(mask, x, y));
                    count = count.saturating_add(1);
                    if count.is_multiple_of(8) {
                        words.push(word);
                    }
                }
            }
        }
        up = !up;
    }
    (words.len() == wanted).then_some(words)
}

/// Whether a mask turns the module over (§7.8.2, table 10). Sides are at most 177: no product overflows.
fn masked(mask: u8, x: u32, y: u32) -> bool {
    let (sum, product) = (x.wrapping_add(y), x.wrapping_mul(y));
    let value = match mask {
        0 => sum % 2,
        1 => y % 2,
        2 => x % 3,
        3 => sum % 3,
        4 => (y / 2).wrapping_add(x / 3) % 2,
        5 => (product % 2).wrapping_add(product % 3),
        6 => (product % 2).wrapping_add(product % 3) % 2,
        _ => (sum % 2).wrapping_add(product % 3) % 2,
    };
    value == 0
}

const ALPHANUMERIC: &[u8; 45] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

/// The bit stream (§7.4).
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn left(&self) -> usize {
        self.bytes.len().saturating_mul(8).saturating_sub(self.at)
    }

    /// The next `count` bits, at most 24, first bit highest.
    fn take(&mut self, count: usize) -> Option<u32> {
        if count > self.left() {
            return None;
        }
        let mut value = 0;
        for at in self.at..self.at.saturating_add(count) {
            let byte = self.bytes.get(at / 8)?;
            value = (value << 1) | (u32::from(*byte) >> (7_usize.saturating_sub(at % 8)) & 1);
        }
        self.at = self.at.saturating_add(count);
        Some(value)
    }

    /// All segments to one text. `None` when a segment is cut off or in a mode or character set that is not known here.
    fn text(&mut self, version: u32) -> Option<String> {
        let size = match version {
            1..=9 => 0,
            10..=26 => 1,
            _ => 2,
        };
        let mut text = Text::default();
        while self.left() >= 4 {
            match self.take(4)? {
                0 => break,
                1 => self.numeric([10, 12, 14].get(size)?, &mut text)?,
                2 => self.alphanumeric([9, 11, 13].get(size)?, &mut text)?,
                4 => {
                    let count = self.take(*[8, 16, 16].get(size)?)?;
                    for _ in 0..count {
                        let byte = u8::try_from(self.take(8)?).ok()?;
                        text.push(byte);
                    }
                }
                8 => {
                    let count = self.take(*[8, 10, 12].get(size)?)?;
                    for _ in 0..count {
                        text.kanji(self.take(13)?)?;
                    }
                }
                // A part of several symbols: its text alone would be a cut-off one.
                3 => return None,
                // GS1 and industry forms mark their text; the text itself is as it stands.
                5 => {}
                9 => drop(self.take(8)?),
                7 => text.switch(self.channel()?),
                _ => return None,
            }
        }
        text.end()
    }

    fn numeric(&mut self, width: &usize, text: &mut Text) -> Option<()> {
        let mut count = self.take(*width)?;
        while count > 0 {
            let digits = count.min(3);
            let value = self.take(match digits {
                3 => 10,
                2 => 7,
                _ => 4,
            })?;
            let written = match digits {
                3 => format!("{value:03}"),
                2 => format!("{value:02}"),
                _ => format!("{value}"),
            };
            if written.len() != usize::try_from(digits).ok()? {
                return None;
            }
            written.bytes().for_each(|byte| text.push(byte));
            count = count.saturating_sub(digits);
        }
        Some(())
    }

    fn alphanumeric(&mut self, width: &usize, text: &mut Text) -> Option<()> {
        let mut count = self.take(*width)?;
        while count > 0 {
            let two = count >= 2;
            let value = self.take(if two { 11 } else { 6 })?;
            let pair = if two { [Some(value / 45), Some(value % 45)] } else { [Some(value), None] };
            for value in pair.into_iter().flatten() {
                text.push(*ALPHANUMERIC.get(usize::try_from(value).ok()?)?);
            }
            count = count.saturating_sub(2);
        }
        Some(())
    }

    /// The number of an extended channel, of one to three bytes (§7.4.2).
    fn channel(&mut self) -> Option<u32> {
        let first = self.take(8)?;
        match first {
            0..=0x7F => Some(first),
            0x80..=0xBF => Some(((first & 0x3F) << 8) | self.take(8)?),
            0xC0..=0xDF => Some(((first & 0x1F) << 16) | self.take(16)?),
            _ => None,
        }
    }
}
