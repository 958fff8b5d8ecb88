//! The camera: grey pixels in, the texts of codes out.
//!
//! How a text was read is kept apart from what it means: nothing here knows [`read`](crate::code::read()). The app takes
//! a text from here and gives it there.
//!
//! - [`Scanner`]: frames of a camera. One rung of the ladder a frame; a frame that comes while another is being looked at
//!   is dropped, so there is never a queue.
//! - [`still`]: one picture, the whole ladder at once. [`image`](mod@image): a PNG or JPEG file, with feature `images`.
//!
//! ```
//! use jigap::code::camera::{self, Frame};
//! use jigap::code::draw::{picture, qr};
//!
//! let modules = qr::encode("00020101", qr::Level::M, qr::Segmentation::Smallest)?;
//! let drawn = picture::rgba(&modules, 240, 240)?;
//! let luma: Vec<u8> = drawn.pixels.chunks(4).map(|pixel| pixel[0]).collect();
//! let found = camera::still(&Frame::new(&luma, 240, 240, 240, 0)?);
//! assert_eq!(found[0].text, "00020101");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bars;
mod charset;
mod frame;
#[cfg(feature = "images")]
pub mod image;
mod ladder;
mod sample;
mod scanner;
mod seek;
mod shades;
mod symbol;

use core::fmt;

pub use frame::{Frame, MAX_PIXELS, MAX_SIDE, Point, Rotation};
#[cfg(feature = "images")]
pub use image::{ImageError, image};
pub use scanner::{Finding, Scanner};

use ladder::Rung;

/// What kind of symbol a text was in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// QR code (ISO/IEC 18004), model 2.
    Qr,
    /// Code 128 (ISO/IEC 15417).
    Code128,
}

/// A text that was read.
#[derive(Clone, PartialEq, Eq)]
pub struct Found {
    /// The text, not looked at any further.
    pub text: String,
    /// What it was in.
    pub kind: Kind,
    /// The symbol's corners in the upright picture, clockwise from the symbol's own upper left. Of Code 128: of the part
    /// between the first and the last line that was read.
    pub corners: [Point; 4],
}

impl fmt::Debug for Found {
    /// Without the text: it may be a payment code.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Found").field("kind", &self.kind).field("corners", &self.corners).finish_non_exhaustive()
    }
}

/// Every text in one picture: the whole ladder at once. Takes up to six times as long as a frame of its size.
#[must_use]
pub fn still(frame: &Frame<'_>) -> Vec<Found> {
    let mut all = Vec::new();
    for rung in Rung::ALL {
        let (found, _) = ladder::look(frame, rung, true);
        merge(&mut all, found);
    }
    all
}

/// Adds what is new. The same text twice in a picture is one.
fn merge(all: &mut Vec<Found>, found: Vec<Found>) {
    for found in found {
        if !all.iter().any(|known| known.kind == found.kind && known.text == found.text) {
            all.push(found);
        }
    }
}
