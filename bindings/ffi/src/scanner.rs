//! The camera.

use crate::error::JigapError;
use jigap::code::camera::{self, Found, Frame, Kind, Point};
use std::sync::Arc;

/// What kind of symbol a text was in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum SymbolKind {
    /// QR code.
    Qr,
    /// Code 128.
    Code128,
}

impl From<Kind> for SymbolKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Qr => Self::Qr,
            Kind::Code128 => Self::Code128,
        }
    }
}

/// A place in the upright picture, in pixels from its left and top; may lie outside by a little.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct PicturePoint {
    /// From the left.
    pub x: i32,
    /// From the top.
    pub y: i32,
}

impl From<Point> for PicturePoint {
    fn from(point: Point) -> Self {
        Self { x: point.x, y: point.y }
    }
}

/// A text that was read from a picture. What it means is not looked at: that is the wallet's `read`.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct ScannedCode {
    /// The exact text.
    pub text: String,
    /// What it was in.
    pub kind: SymbolKind,
    /// Four corners, clockwise from the symbol's own upper left.
    pub corners: Vec<PicturePoint>,
}

impl From<Found> for ScannedCode {
    fn from(found: Found) -> Self {
        Self { text: found.text, kind: found.kind.into(), corners: found.corners.map(Into::into).to_vec() }
    }
}

/// What came of an offered frame.
#[derive(Clone, PartialEq, Eq, uniffi::Enum)]
pub enum Sighting {
    /// Another frame is being looked at; this one was dropped.
    Busy,
    /// Nothing was read in this frame. The next one is looked at in another way.
    Nothing,
    /// The same as the last finding, whose corners may have moved.
    Again {
        /// What was read.
        codes: Vec<ScannedCode>,
    },
    /// One text, and not the last one.
    One {
        /// What was read.
        code: ScannedCode,
    },
    /// Several texts: which of them is meant is the user's to say.
    Several {
        /// What was read.
        codes: Vec<ScannedCode>,
    },
}

impl From<camera::Finding> for Sighting {
    fn from(finding: camera::Finding) -> Self {
        let codes = |found: Vec<Found>| found.into_iter().map(Into::into).collect();
        match finding {
            camera::Finding::Busy => Self::Busy,
            camera::Finding::Nothing => Self::Nothing,
            camera::Finding::Again(found) => Self::Again { codes: codes(found) },
            camera::Finding::One(found) => Self::One { code: found.into() },
            camera::Finding::Several(found) => Self::Several { codes: codes(found) },
        }
    }
}

/// Grey pixels: a camera's frame, or a picture that the platform opened.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct GreyPicture {
    /// One byte a pixel, 0 is black; for YUV the Y plane as it is.
    pub luma: Vec<u8>,
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Bytes from the beginning of a row to that of the next; at least `width`.
    pub stride: u32,
    /// Degrees clockwise that make it stand upright: 0, 90, 180 or 270.
    pub rotation: u32,
}

impl GreyPicture {
    fn frame(&self) -> Result<Frame<'_>, JigapError> {
        let [width, height, stride] =
            [self.width, self.height, self.stride].map(|side| usize::try_from(side).unwrap_or(usize::MAX));
        Ok(Frame::new(&self.luma, width, height, stride, self.rotation)?)
    }
}

/// Reads codes from the frames of one camera. Needs no wallet.
#[derive(uniffi::Object)]
pub struct CoreScanner(camera::Scanner);

#[uniffi::export]
impl CoreScanner {
    /// A scanner that has seen nothing.
    #[uniffi::constructor]
    pub fn begin() -> Result<Arc<Self>, JigapError> {
        Ok(Arc::new(Self(camera::Scanner::new())))
    }

    /// Looks at a frame in one of six ways, the one that worked last first. At once `Busy` while another is being looked at.
    pub fn offer(&self, frame: GreyPicture) -> Result<Sighting, JigapError> {
        Ok(self.0.offer(&frame.frame()?).into())
    }

    /// Forgets the last finding, so that the same text is news again.
    pub fn forget(&self) -> Result<(), JigapError> {
        self.0.forget();
        Ok(())
    }
}

/// Every text in one picture, such as one of the gallery: all six ways at once.
#[uniffi::export]
pub fn scan_picture(picture: GreyPicture) -> Result<Vec<ScannedCode>, JigapError> {
    Ok(camera::still(&picture.frame()?).into_iter().map(Into::into).collect())
}
