//! From text to codewords: segments and error correction by the crate `qrcode`, the choice of version here.

use qrcode::bits::Bits;
use qrcode::ec::construct_codewords;
use qrcode::optimize::{Optimizer, Parser, Segment, total_encoded_len};
use qrcode::types::{Mode, Version};

use super::qr::{Level, Segmentation};
use super::template::{Template, template};
use super::{DrawError, Unit};

/// ECI assignment number of UTF-8 (AIM ECI, as used by ISO/IEC 18004 §7.4.2).
const UTF8: u32 = 26;
/// An ECI header for a number below 128: 4 bits of mode and 8 of number.
const ECI_BITS: usize = 12;
/// Versions whose character counts have the same width (ISO/IEC 18004 Table 3), so that one segmentation serves them.
const CLASSES: [(i16, i16); 3] = [(1, 9), (10, 26), (27, 40)];

/// Data and error correction, interleaved, in the order in which they are placed.
pub(super) struct Codewords {
    /// 1 to 40.
    pub(super) version: u8,
    pub(super) template: &'static Template,
    pub(super) bytes: Vec<u8>,
}

/// The smallest symbol for `data` that is not below version `least`.
pub(super) fn codewords(
    data: &[u8],
    utf8_header: bool,
    level: Level,
    segmentation: Segmentation,
    least: u8,
) -> Result<Codewords, DrawError> {
    if data.is_empty() {
        return Err(DrawError::Empty);
    }
    let header = if utf8_header { ECI_BITS } else { 0 };
    let whole = Segment { mode: Mode::Byte, begin: 0, end: data.len() };
    let pieces: Vec<Segment> = match segmentation {
        Segmentation::ByteOnly => vec![whole],
        Segmentation::Smallest => Parser::new(data).map(without_kanji).collect(),
    };
    let mut needed = 0;
    for (first, last) in CLASSES {
        let class = Version::Normal(last);
        let mut segments: Vec<Segment> = Optimizer::new(pieces.iter().copied(), class).collect();
        // The optimizer joins neighbours greedily, and for some texts leaves more bits than no segmentation at all.
        if total_encoded_len(&segments, class) > whole.encoded_len(class) {
            segments = vec![whole];
        }
        needed = total_encoded_len(&segments, class).saturating_add(header);
        let first = first.max(i16::from(least.clamp(1, 40)));
        let Some(version) = (first..=last).find(|&v| needed <= capacity(v, level)) else {
            continue;
        };
        return fill(data, utf8_header, level, &segments, version).ok_or(DrawError::TooLong {
            needed,
            limit: capacity(40, level),
            unit: Unit::Bits,
        });
    }
    Err(DrawError::TooLong { needed, limit: capacity(40, level), unit: Unit::Bits })
}

/// Kanji mode means Shift JIS. Bytes of UTF-8 that look like it would be read back as other characters.
fn without_kanji(segment: Segment) -> Segment {
    match segment.mode {
        Mode::Kanji => Segment { mode: Mode::Byte, ..segment },
        _ => segment,
    }
}

/// Data bits of a version, 0 for a version that does not exist.
pub(super) fn capacity(version: i16, level: Level) -> usize {
    Bits::new(Version::Normal(version)).max_len(level.of_crate()).unwrap_or(0)
}

fn fill(data: &[u8], utf8_header: bool, level: Level, segments: &[Segment], version: i16) -> Option<Codewords> {
    let mut bits = Bits::new(Version::Normal(version));
    if utf8_header {
        bits.push_eci_designator(UTF8).ok()?;
    }
    bits.push_segments(data, segments.iter().copied()).ok()?;
    bits.push_terminator(level.of_crate()).ok()?;
    let (mut bytes, correction) =
        construct_codewords(&bits.into_bytes(), Version::Normal(version), level.of_crate()).ok()?;
    bytes.extend_from_slice(&correction);
    let version = u8::try_from(version).ok()?;
    Some(Codewords { version, template: template(version)?, bytes })
}
