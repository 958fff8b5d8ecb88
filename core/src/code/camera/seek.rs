//! Where in a picture of dark and light a symbol is: rxing's detector, and its boundary.
//!
//! rxing's detector says of itself that it may panic ("could not add point on line", indexing): its corner cases are
//! reached by pictures, which come from outside. So every call is caught here, and a panic is "found nothing". That is
//! sound because all it touches is local to the call and thrown away.
#![allow(clippy::as_conversions, reason = "coordinates of pixels: floats of rxing to whole numbers, saturating")]

use std::panic::{AssertUnwindSafe, catch_unwind};

use rxing::common::{BitMatrix, DetectorRXingResult};
use rxing::qrcode::cpp_port::detector::{FindFinderPatterns, GenerateFinderPatternSets, SampleQR};

use super::symbol::{self, Unread};

/// The most triples of finder patterns that are tried in one picture: clutter can make thousands.
const MOST_TRIPLES: usize = 40;
/// The most symbols that are told of one picture.
pub(super) const MOST_SYMBOLS: usize = 8;

/// A symbol in a picture: its text and corners clockwise from the symbol's own upper left, in that picture's pixels.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) text: String,
    pub(super) corners: [(f32, f32); 4],
}

/// What a look at a picture gave.
#[derive(Debug, Default)]
pub(super) struct Look {
    pub(super) seen: Vec<Seen>,
    /// Something with the format of a symbol was there and could not be read.
    pub(super) unread: bool,
}

/// All QR symbols in the picture. `every` looks at every third row, else rows are skipped in a high picture.
pub(super) fn qr(bits: &BitMatrix, every: bool) -> Look {
    catch_unwind(AssertUnwindSafe(|| look(bits, every))).unwrap_or_default()
}

fn look(bits: &BitMatrix, every: bool) -> Look {
    let mut look = Look::default();
    let mut patterns = FindFinderPatterns(bits, every, 0);
    let mut used = Vec::new();
    for triple in GenerateFinderPatternSets(&mut patterns).into_iter().take(MOST_TRIPLES) {
        let corners = [triple.bl, triple.tl, triple.tr];
        if corners.iter().any(|corner| used.contains(corner)) {
            continue;
        }
        // Caught one by one: a panic over one triple must not cost the others.
        let sampled = catch_unwind(AssertUnwindSafe(|| SampleQR(bits, &triple)));
        let Ok(Ok(sampled)) = sampled else { continue };
        match symbol::read(sampled.getBits()) {
            Ok(text) => {
                used.extend(corners);
                let mut points = [(0.0, 0.0); 4];
                // rxing gives upper left, upper right, lower left, lower right.
                for (to, from) in points.iter_mut().zip([0, 1, 3, 2]) {
                    if let Some(point) = sampled.getPoints().get(from) {
                        *to = (point.x, point.y);
                    }
                }
                look.seen.push(Seen { text, corners: points });
                if look.seen.len() >= MOST_SYMBOLS {
                    break;
                }
            }
            Err(Unread::Damaged) => look.unread = true,
            Err(Unread::NoSymbol | Unread::NoText) => {}
        }
    }
    look
}
