//! Where in a picture of dark and light a symbol is: rxing's detector, and its boundary.
//!
//! rxing's detector says of itself that it may panic ("could not add point on line", indexing): its corner cases are
//! reached by pictures, which come from outside. So every call is caught here, and a panic is "found nothing". That is
//! sound because all it touches is local to the call and thrown away.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rxing::common::cpp_essentials::ConcentricPattern;
use rxing::common::{BitMatrix, DetectorRXingResult};
use rxing::qrcode::cpp_port::detector::{FindFinderPatterns, FinderPatternSet, GenerateFinderPatternSets, SampleQR};

use super::frame::View;
use super::sample;
use super::symbol::{self, Unread};

/// The most triples of finder patterns that are tried in one picture: clutter can make thousands.
const MOST_TRIPLES: usize = 40;
/// The most finder patterns of which slanted triples are made: ten triples.
const MOST_SLANTED: usize = 5;
/// The most symbols of one picture that are read again from grey.
const MOST_SECOND_READINGS: usize = 6;
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

/// A picture in grey and in dark and light.
pub(super) struct Picture<'a> {
    pub(super) grey: View<'a>,
    pub(super) bits: &'a BitMatrix,
    /// Dark in `bits` is light in `grey`.
    pub(super) inverted: bool,
}

/// All QR symbols in the picture. `every` looks at every third row, else rows are skipped in a high picture.
pub(super) fn qr(picture: &Picture<'_>, every: bool) -> Look {
    catch_unwind(AssertUnwindSafe(|| look(picture, every))).unwrap_or_default()
}

fn look(picture: &Picture<'_>, every: bool) -> Look {
    let bits = picture.bits;
    let mut second_readings = 0_usize;
    let mut look = Look::default();
    let mut patterns = FindFinderPatterns(bits, every, 0);
    let mut used = Vec::new();
    let mut triples = GenerateFinderPatternSets(&mut patterns);
    if triples.is_empty() {
        triples = slanted(&patterns);
    }
    for triple in triples.into_iter().take(MOST_TRIPLES) {
        let corners = [triple.bl, triple.tl, triple.tr];
        if corners.iter().any(|corner| used.contains(corner)) {
            continue;
        }
        // Caught one by one: a panic over one triple must not cost the others.
        let sampled = catch_unwind(AssertUnwindSafe(|| SampleQR(bits, &triple)));
        let Ok(Ok(sampled)) = sampled else { continue };
        let points = clockwise(sampled.getPoints());
        let mut read = symbol::read(sampled.getBits());
        if read.is_err() && second_readings < MOST_SECOND_READINGS {
            second_readings = second_readings.saturating_add(1);
            read = again(picture, &points, sampled.getBits().width()).or(read);
        }
        match read {
            Ok(text) => {
                used.extend(corners);
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

/// Triples that rxing does not make, because it asks for an angle of 60 to 120 degrees: a symbol seen from the side has less
/// or more. Only where there are few patterns, so that clutter does not make many.
fn slanted(patterns: &[ConcentricPattern]) -> Vec<FinderPatternSet> {
    let mut triples = Vec::new();
    if patterns.len() > MOST_SLANTED {
        return triples;
    }
    for (at, a) in patterns.iter().enumerate() {
        for (next, b) in patterns.iter().enumerate().skip(at.saturating_add(1)) {
            for c in patterns.iter().skip(next.saturating_add(1)) {
                triples.extend(corner([*a, *b, *c]));
            }
        }
    }
    triples
}

/// The three as corners: the one opposite the longest side is the upper left, the others follow clockwise. `None` when
/// they lie nearly on a line.
#[allow(clippy::float_arithmetic, reason = "coordinates of pixels, not money")]
fn corner(three: [ConcentricPattern; 3]) -> Option<FinderPatternSet> {
    let [a, b, c] = three;
    let apart = |p: ConcentricPattern, q: ConcentricPattern| (p.p.x - q.p.x).powi(2) + (p.p.y - q.p.y).powi(2);
    let orders = [(apart(b, c), [a, b, c]), (apart(a, c), [b, a, c]), (apart(a, b), [c, a, b])];
    let (_, [tl, one, other]) = orders.into_iter().max_by(|p, q| p.0.total_cmp(&q.0))?;
    let ((x1, y1), (x2, y2)) = ((one.p.x - tl.p.x, one.p.y - tl.p.y), (other.p.x - tl.p.x, other.p.y - tl.p.y));
    let cross = x1 * y2 - x2 * y1;
    // The sine of the angle: 30 to 150 degrees.
    let sine = cross.abs() / (x1.hypot(y1) * x2.hypot(y2)).max(1.0);
    let (tr, bl) = if cross > 0.0 { (one, other) } else { (other, one) };
    (sine > 0.5).then_some(FinderPatternSet { bl, tl, tr })
}

/// rxing gives upper left, upper right, lower left, lower right.
fn clockwise(points: &[rxing::Point]) -> [(f32, f32); 4] {
    [0, 1, 3, 2].map(|at| points.get(at).map_or((0.0, 0.0), |point| (point.x, point.y)))
}

/// The second reading, from grey.
fn again(picture: &Picture<'_>, corners: &[(f32, f32); 4], side: u32) -> Result<String, Unread> {
    let light = sample::light(picture.grey, corners, side).ok_or(Unread::NoSymbol)?;
    let mut read = Err(Unread::NoSymbol);
    for sharpness in sample::SHARPNESS {
        let modules = sample::modules(&light, side, sharpness, picture.inverted).ok_or(Unread::NoSymbol)?;
        read = symbol::read(&modules);
        if read.is_ok() {
            break;
        }
    }
    read
}
