//! A picture of grey pixels as a phone's camera gives it, checked once.

use crate::error::{Code, Error, Result};

/// The largest width and height of a frame or picture, in pixels.
pub const MAX_SIDE: usize = 16_384;
/// The most pixels of a frame or picture: 64 million, what the cameras of today's phones give at most in one picture that
/// an app gets.
pub const MAX_PIXELS: usize = 64_000_000;

/// How far a frame has to be turned clockwise to stand upright, as Android's `ImageInfo.rotationDegrees` says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Rotation {
    /// It stands upright.
    #[default]
    None,
    /// 90 degrees clockwise.
    Quarter,
    /// 180 degrees.
    Half,
    /// 270 degrees clockwise.
    ThreeQuarters,
}

impl Rotation {
    /// From degrees: 0, 90, 180 or 270.
    ///
    /// # Errors
    /// [`Code::ArgumentInvalid`] for any other number.
    pub fn from_degrees(degrees: u32) -> Result<Self> {
        match degrees {
            0 => Ok(Self::None),
            90 => Ok(Self::Quarter),
            180 => Ok(Self::Half),
            270 => Ok(Self::ThreeQuarters),
            _ => Err(invalid("rotation", usize::try_from(degrees).unwrap_or(usize::MAX))),
        }
    }

    /// Whether width and height change places.
    #[must_use]
    pub const fn is_sideways(self) -> bool {
        matches!(self, Self::Quarter | Self::ThreeQuarters)
    }
}

/// Where something is in the upright picture: pixels from its left and its top. May lie outside by a little.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Point {
    /// From the left.
    pub x: i32,
    /// From the top.
    pub y: i32,
}

/// Grey pixels, borrowed for one call: one byte each, 0 is black. For a YUV frame it is the Y plane.
#[derive(Clone, Copy)]
pub struct Frame<'a> {
    luma: &'a [u8],
    width: usize,
    height: usize,
    stride: usize,
    rotation: Rotation,
}

impl core::fmt::Debug for Frame<'_> {
    /// Without the pixels: they may show a payment code.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Frame").field("width", &self.width).field("height", &self.height).finish_non_exhaustive()
    }
}

impl<'a> Frame<'a> {
    /// A frame of `width` by `height` pixels whose rows begin `stride` bytes apart, with `rotation` degrees as in
    /// [`Rotation`]. Bytes after the last pixel are not looked at, and the last row may be as short as `width`.
    ///
    /// # Errors
    /// [`Code::ArgumentInvalid`], with field `argument` naming the one that is wrong: a side of 0 or over [`MAX_SIDE`],
    /// over [`MAX_PIXELS`] in all, a stride below the width, too few bytes, a rotation that is none.
    pub fn new(luma: &'a [u8], width: usize, height: usize, stride: usize, rotation: u32) -> Result<Self> {
        let rotation = Rotation::from_degrees(rotation)?;
        check_size(width, height)?;
        if stride < width {
            return Err(invalid("stride", stride));
        }
        let needed = height.saturating_sub(1).checked_mul(stride).and_then(|rows| rows.checked_add(width));
        if needed.is_none_or(|needed| luma.len() < needed) {
            return Err(invalid("luma", luma.len()));
        }
        Ok(Self { luma, width, height, stride, rotation })
    }

    /// Pixels in a row, as the camera gave it.
    #[must_use]
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Rows, as the camera gave it.
    #[must_use]
    pub const fn height(&self) -> usize {
        self.height
    }

    /// How it has to be turned.
    #[must_use]
    pub const fn rotation(&self) -> Rotation {
        self.rotation
    }

    pub(super) const fn view(&self) -> View<'a> {
        View { pixels: self.luma, width: self.width, height: self.height, stride: self.stride }
    }

    /// A point of the frame as the camera gave it, in the upright picture.
    pub(super) fn upright(&self, x: i32, y: i32) -> Point {
        let (right, bottom) = (size(self.width), size(self.height));
        match self.rotation {
            Rotation::None => Point { x, y },
            Rotation::Quarter => Point { x: bottom.saturating_sub(y), y: x },
            Rotation::Half => Point { x: right.saturating_sub(x), y: bottom.saturating_sub(y) },
            Rotation::ThreeQuarters => Point { x: y, y: right.saturating_sub(x) },
        }
    }
}

fn size(side: usize) -> i32 {
    i32::try_from(side).unwrap_or(i32::MAX)
}

/// Refuses sizes that no picture of a code has, before anything is allocated for them.
pub(super) fn check_size(width: usize, height: usize) -> Result<()> {
    if width == 0 || width > MAX_SIDE {
        return Err(invalid("width", width));
    }
    if height == 0 || height > MAX_SIDE {
        return Err(invalid("height", height));
    }
    match width.checked_mul(height) {
        Some(pixels) if pixels <= MAX_PIXELS => Ok(()),
        _ => Err(invalid("pixels", width.saturating_mul(height))),
    }
}

fn invalid(argument: &'static str, value: usize) -> Error {
    Error::new(Code::ArgumentInvalid).with("argument", argument).with("value", value)
}

/// Grey pixels with rows `stride` apart; what [`Frame::new`] or a [`Plane`] guarantees is that every row is there.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) pixels: &'a [u8],
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) stride: usize,
}

impl<'a> View<'a> {
    /// Row `y`, empty when there is none.
    pub(super) fn row(&self, y: usize) -> &'a [u8] {
        let start = y.saturating_mul(self.stride);
        self.pixels.get(start..start.saturating_add(self.width)).unwrap_or_default()
    }
}

/// Grey pixels of our own, rows without gaps.
#[derive(Clone, Default)]
pub(super) struct Plane {
    pub(super) pixels: Vec<u8>,
    pub(super) width: usize,
    pub(super) height: usize,
}

impl Plane {
    pub(super) fn view(&self) -> View<'_> {
        View { pixels: &self.pixels, width: self.width, height: self.height, stride: self.width }
    }
}
