//! Picture files from a gallery or a disk: PNG and JPEG, to grey pixels.
//!
//! A phone opens its gallery's pictures itself (it has HEIC and WebP too, in hardware) and gives grey pixels to
//! [`still`]; the library for phones is built without this module. Tools and servers use it, with feature `images`.
//!
//! A file is from outside. What its header says is checked before anything is allocated for it: the size against
//! [`MAX_PIXELS`], and against the file's own length, since no file can hold more pixels than its compression can at
//! best. A PNG is read row by row, so a file that breaks off costs what was there.

use std::io::Cursor;

use png::{ColorType, Transformations};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::frame::{self, Frame, MAX_SIDE};
use super::{Found, still};

/// The longest file that is looked at, in bytes.
pub const MAX_BYTES: usize = 64 * 1024 * 1024;
/// The most pixels of a picture file: 50 million, the largest that phones save by default. Unlike a frame, which is in
/// memory already, each costs a byte here, and more while a JPEG of several scans is put together.
pub const MAX_PIXELS: usize = 50_000_000;

/// A byte of Deflate stands for at most 1,032 bytes (258 from two bits), a pixel of PNG is at least one bit.
const PNG_PIXELS_PER_BYTE: usize = 1_032 * 8;
/// A block of 64 pixels takes at least two bits in a JPEG of one scan, and in one of several scans it shares a few: an
/// empty sheet of paper comes to 300.
const JPEG_PIXELS_PER_BYTE: usize = 2_048;
/// The most pixels of a PNG that is interlaced, which has to be put together as a whole, in colour.
const INTERLACED_PIXELS: usize = 8_000_000;

/// Why a picture file is not looked at. None can be retried with the same file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImageError {
    /// It is not a PNG and not a JPEG.
    UnknownFormat,
    /// The file is longer than [`MAX_BYTES`], a side is 0 or longer than [`MAX_SIDE`], there are more than [`MAX_PIXELS`],
    /// or more than a file of that length can hold.
    BadSize,
    /// It breaks off, or does not follow its format.
    Damaged,
}

impl core::fmt::Display for ImageError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::UnknownFormat => "the file is neither PNG nor JPEG",
            Self::BadSize => "the picture is too large, empty, or larger than its file can hold",
            Self::Damaged => "the picture breaks off or is damaged",
        })
    }
}

impl std::error::Error for ImageError {}

/// Every text in a PNG or JPEG file, with the whole ladder. Corners are those of the picture as stored: a turn that a
/// camera only noted beside it (Exif) is not made.
///
/// # Errors
/// See [`ImageError`]. No text is no error: the list is empty.
pub fn image(file: &[u8]) -> Result<Vec<Found>, ImageError> {
    let grey = grey(file)?;
    // Sides and length were made to fit: the frame cannot be refused.
    let frame = Frame::new(&grey.pixels, grey.width, grey.height, grey.width, 0).map_err(|_| ImageError::BadSize)?;
    Ok(still(&frame))
}

/// Grey pixels of a picture file, without gaps.
#[derive(Clone)]
pub struct Grey {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `width * height` bytes, 0 is black.
    pub pixels: Vec<u8>,
}

impl core::fmt::Debug for Grey {
    /// Without the pixels: they may show a payment code.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Grey").field("width", &self.width).field("height", &self.height).finish_non_exhaustive()
    }
}

/// Opens a PNG or JPEG file. What is transparent shows white paper.
///
/// # Errors
/// See [`ImageError`].
pub fn grey(file: &[u8]) -> Result<Grey, ImageError> {
    if file.len() > MAX_BYTES {
        return Err(ImageError::BadSize);
    }
    match file {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => png(file),
        [0xFF, 0xD8, 0xFF, ..] => jpeg(file),
        _ => Err(ImageError::UnknownFormat),
    }
}

fn check(width: usize, height: usize, bytes: usize, pixels_per_byte: usize) -> Result<usize, ImageError> {
    frame::check_size(width, height).map_err(|_| ImageError::BadSize)?;
    let pixels = width.saturating_mul(height);
    if pixels > MAX_PIXELS || pixels > bytes.saturating_mul(pixels_per_byte) {
        return Err(ImageError::BadSize);
    }
    Ok(pixels)
}

fn png(file: &[u8]) -> Result<Grey, ImageError> {
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(file), png::Limits { bytes: MAX_BYTES });
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder.set_transformations(Transformations::normalize_to_color8());
    let header = decoder.read_header_info().map_err(|_| ImageError::Damaged)?;
    let (width, height) = (side(header.width)?, side(header.height)?);
    let pixels = check(width, height, file.len(), PNG_PIXELS_PER_BYTE)?;
    let interlaced = header.interlaced;
    if interlaced && pixels > INTERLACED_PIXELS {
        return Err(ImageError::BadSize);
    }
    let mut reader = decoder.read_info().map_err(|_| ImageError::Damaged)?;
    let (colour, _) = reader.output_color_type();
    let mut grey = Vec::new();
    if interlaced {
        let size = reader.output_buffer_size().ok_or(ImageError::BadSize)?;
        let mut whole = vec![0; size];
        reader.next_frame(&mut whole).map_err(|_| ImageError::Damaged)?;
        push_grey(&mut grey, &whole, colour)?;
    } else {
        while let Some(row) = reader.next_row().map_err(|_| ImageError::Damaged)? {
            push_grey(&mut grey, row.data(), colour)?;
        }
    }
    whole(width, height, grey)
}

fn side(side: u32) -> Result<usize, ImageError> {
    usize::try_from(side).map_err(|_| ImageError::BadSize)
}

fn whole(width: usize, height: usize, pixels: Vec<u8>) -> Result<Grey, ImageError> {
    if pixels.len() == width.saturating_mul(height) {
        Ok(Grey { width, height, pixels })
    } else {
        Err(ImageError::Damaged)
    }
}

/// Adds pixels of eight bits a channel.
fn push_grey(grey: &mut Vec<u8>, pixels: &[u8], colour: ColorType) -> Result<(), ImageError> {
    match colour {
        ColorType::Grayscale => grey.extend_from_slice(pixels),
        ColorType::GrayscaleAlpha => {
            grey.extend(pixels.chunks_exact(2).filter_map(|pixel| match pixel {
                [light, alpha] => Some(on_paper(*light, *alpha)),
                _ => None,
            }));
        }
        ColorType::Rgb => grey.extend(pixels.chunks_exact(3).filter_map(|pixel| match pixel {
            [red, green, blue] => Some(lightness(*red, *green, *blue)),
            _ => None,
        })),
        ColorType::Rgba => grey.extend(pixels.chunks_exact(4).filter_map(|pixel| match pixel {
            [red, green, blue, alpha] => Some(on_paper(lightness(*red, *green, *blue), *alpha)),
            _ => None,
        })),
        ColorType::Indexed => return Err(ImageError::Damaged),
    }
    Ok(())
}

/// Y of Rec. 601, as in JPEG and in a camera's frames: 77, 150 and 29 parts of 256.
fn lightness(red: u8, green: u8, blue: u8) -> u8 {
    let part = |weight: u32, value: u8| weight.wrapping_mul(u32::from(value));
    let sum = part(77, red).wrapping_add(part(150, green)).wrapping_add(part(29, blue)).wrapping_add(128);
    u8::try_from(sum >> 8).unwrap_or(u8::MAX)
}

/// What a pixel looks like on white paper.
fn on_paper(light: u8, alpha: u8) -> u8 {
    let (light, alpha) = (u32::from(light), u32::from(alpha));
    let sum = light.wrapping_mul(alpha).wrapping_add(255_u32.wrapping_mul(255_u32.wrapping_sub(alpha)));
    u8::try_from(sum.wrapping_add(127) / 255).unwrap_or(u8::MAX)
}

fn jpeg(file: &[u8]) -> Result<Grey, ImageError> {
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(MAX_SIDE)
        .set_max_height(MAX_SIDE)
        .jpeg_set_out_colorspace(ColorSpace::Luma);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(file), options);
    decoder.decode_headers().map_err(|_| ImageError::Damaged)?;
    let (width, height) = decoder.dimensions().ok_or(ImageError::Damaged)?;
    check(width, height, file.len(), JPEG_PIXELS_PER_BYTE)?;
    // The decoder fills what is missing with grey. A whole file has its end marker, though a phone may put more behind it.
    if !file.windows(2).any(|two| two == [0xFF, 0xD9]) {
        return Err(ImageError::Damaged);
    }
    let pixels = decoder.decode().map_err(|_| ImageError::Damaged)?;
    whole(width, height, pixels)
}
