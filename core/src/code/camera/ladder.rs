//! The ladder: six ways to look at the same picture, cheapest and likeliest first.

use rxing::common::BitMatrix;

use super::frame::{Frame, Plane, View};
use super::{Found, Kind, bars, seek, shades};

/// One way to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rung {
    /// As it is.
    Plain,
    /// Half size, by the mean around: noise, faint contrast, shadows.
    HalfAround,
    /// Light on dark.
    Inverted,
    /// Smoothed, by the mean around.
    SmoothAround,
    /// Half size, by the middle between darkest and lightest around: blur.
    HalfRange,
    /// Twice the size: modules smaller than two pixels.
    Double,
}

impl Rung {
    /// From the bottom up.
    pub(super) const ALL: [Self; 6] =
        [Self::Plain, Self::HalfAround, Self::Inverted, Self::SmoothAround, Self::HalfRange, Self::Double];
}

/// Of 8 parts of width and height, those in the middle that a frame is doubled of: a code that is so small is far away, and who
/// scans it points at it.
const MIDDLE: usize = 6;
/// Lines that are looked at for bars.
const LINES: usize = 15;

/// What one rung finds, and whether something was there that it could not read.
pub(super) fn look(frame: &Frame<'_>, rung: Rung, every: bool) -> (Vec<Found>, bool) {
    let (view, offset) =
        if rung == Rung::Double && !every { shades::middle(frame.view(), MIDDLE) } else { (frame.view(), (0, 0)) };
    let (plane, scale) = match rung {
        Rung::Plain | Rung::Inverted => (None, 0),
        Rung::SmoothAround => (Some(shades::smooth(view)), 0),
        Rung::HalfRange | Rung::HalfAround => (Some(shades::half(view)), 1),
        Rung::Double => (Some(shades::double(view)), -1),
    };
    let grey = plane.as_ref().map_or(view, Plane::view);
    let bits = match rung {
        Rung::SmoothAround => shades::around(grey, 9, 3),
        Rung::HalfAround => shades::around(grey, 12, 3),
        Rung::HalfRange => shades::ranges(grey, 2),
        _ => plain(grey),
    };
    let place = Place { scale, offset };
    let every = every || rung == Rung::Double;
    let Some(mut bits) = bits else { return (Vec::new(), false) };
    let inverted = rung == Rung::Inverted;
    if inverted {
        bits.flip_self();
    }
    let look = seek::qr(&seek::Picture { grey, bits: &bits, inverted }, every);
    let mut found = told(frame, Kind::Qr, look.seen, place);
    if !inverted {
        // Along the upright picture's rows; every third rung also along its columns.
        let sideways = frame.rotation().is_sideways();
        let bars = bars::code128(&bits, sideways, LINES, 3);
        found.extend(told(frame, Kind::Code128, bars, place));
        if matches!(rung, Rung::HalfAround | Rung::SmoothAround) {
            let bars = bars::code128(&bits, !sideways, LINES, 3);
            found.extend(told(frame, Kind::Code128, bars, place));
        }
    }
    (found, look.unread)
}

/// Where a rung's picture lies in the frame.
#[derive(Clone, Copy)]
struct Place {
    /// How often it was halved, negative for doubled.
    scale: i8,
    /// What was cut off at the left and the top, in pixels of the frame.
    offset: (usize, usize),
}

/// The cheap threshold, or the other where the picture is too small for it.
fn plain(view: View<'_>) -> Option<BitMatrix> {
    shades::blocks(view, 24).or_else(|| shades::around(view, 12, 3))
}

/// Corners in the upright picture.
fn told(frame: &Frame<'_>, kind: Kind, seen: Vec<seek::Seen>, place: Place) -> Vec<Found> {
    seen.into_iter()
        .map(|seen| Found {
            text: seen.text,
            kind,
            corners: seen.corners.map(|(x, y)| {
                let (left, top) = place.offset;
                frame.upright(pixels(x, place.scale, left), pixels(y, place.scale, top))
            }),
        })
        .collect()
}

#[allow(
    clippy::as_conversions,
    clippy::float_arithmetic,
    reason = "coordinates of pixels, not money; a float becomes a whole number by saturation"
)]
fn pixels(value: f32, scale: i8, offset: usize) -> i32 {
    let factor = match scale {
        1 => 2.0,
        -1 => 0.5,
        _ => 1.0,
    };
    (value * factor + offset as f32) as i32
}
