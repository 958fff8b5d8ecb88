//! From modules to pixels, SVG, PNG and terminal text. Dark is black, light is white, and the quiet zone is always there.
//!
//! For a phone, [`luma`] is the cheapest: one pixel a module, which the GPU scales by nearest neighbour.

use core::fmt::{self, Write as _};

use super::DrawError;
use super::code128::Bars;
use super::qr::Modules;

/// Light modules around a QR symbol (ISO/IEC 18004 §6.3.8).
pub const QR_QUIET_ZONE: usize = 4;
/// Light modules left and right of a Code 128 symbol (ISO/IEC 15417 §4.5).
pub const CODE128_QUIET_ZONE: usize = 10;
/// The largest width and height of a picture in pixels.
pub const MAX_SIDE: usize = 4096;

const DARK: u8 = 0;
const LIGHT: u8 = 255;

/// What is drawn.
#[derive(Debug, Clone, Copy)]
pub enum Symbol<'a> {
    /// A QR symbol.
    Qr(&'a Modules),
    /// A Code 128 symbol.
    Code128(&'a Bars),
}

impl<'a> From<&'a Modules> for Symbol<'a> {
    fn from(modules: &'a Modules) -> Self {
        Self::Qr(modules)
    }
}

impl<'a> From<&'a Bars> for Symbol<'a> {
    fn from(bars: &'a Bars) -> Self {
        Self::Code128(bars)
    }
}

impl Symbol<'_> {
    /// Width and height in modules with quiet zone. Code 128 is a third as high as wide: Alipay+ asks for at least 14 mm at
    /// a width of 45 mm.
    #[must_use]
    pub fn size(self) -> (usize, usize) {
        match self {
            Self::Qr(modules) => {
                let side = modules.side().saturating_add(2 * QR_QUIET_ZONE);
                (side, side)
            }
            Self::Code128(bars) => {
                let width = bars.len().saturating_add(2 * CODE128_QUIET_ZONE);
                (width, width.div_ceil(3))
            }
        }
    }
}

/// Grey pixels, one byte each: 0 dark, 255 light. Rows from the top.
#[derive(Clone, PartialEq, Eq)]
pub struct Luma {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `width * height` bytes.
    pub pixels: Vec<u8>,
}

/// Colour pixels, four bytes each: red, green, blue, alpha (always 255). Rows from the top.
#[derive(Clone, PartialEq, Eq)]
pub struct Rgba {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `4 * width * height` bytes.
    pub pixels: Vec<u8>,
}

impl fmt::Debug for Luma {
    /// Without the pixels: they are the payment code.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Luma").field("width", &self.width).field("height", &self.height).finish_non_exhaustive()
    }
}

impl fmt::Debug for Rgba {
    /// Without the pixels: they are the payment code.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rgba").field("width", &self.width).field("height", &self.height).finish_non_exhaustive()
    }
}

/// One pixel a module, quiet zone included. Code 128 is one pixel high and without a quiet zone above and below, which it
/// does not need.
#[must_use]
pub fn luma<'a>(symbol: impl Into<Symbol<'a>>) -> Luma {
    match symbol.into() {
        Symbol::Qr(modules) => {
            let width = modules.side().saturating_add(2 * QR_QUIET_ZONE);
            let blank = width.saturating_mul(QR_QUIET_ZONE);
            let mut pixels = Vec::with_capacity(width.saturating_mul(width));
            pixels.resize(blank, LIGHT);
            for row in modules.rows() {
                push_line(&mut pixels, row, modules.side(), QR_QUIET_ZONE);
            }
            pixels.resize(pixels.len().saturating_add(blank), LIGHT);
            Luma { width, height: width, pixels }
        }
        Symbol::Code128(bars) => {
            let width = bars.len().saturating_add(2 * CODE128_QUIET_ZONE);
            let mut pixels = Vec::with_capacity(width);
            push_line(&mut pixels, bars.words(), bars.len(), CODE128_QUIET_ZONE);
            Luma { width, height: 1, pixels }
        }
    }
}

fn push_line(pixels: &mut Vec<u8>, words: &[u64], modules: usize, quiet: usize) {
    pixels.extend(core::iter::repeat_n(LIGHT, quiet));
    let end = pixels.len().saturating_add(modules);
    for word in words {
        let grey: [u8; 64] = core::array::from_fn(|i| {
            // `i` is below 64: the conversion and the shift lose nothing.
            let bit = u32::try_from(i).unwrap_or(0);
            if word.wrapping_shr(bit) & 1 == 1 { DARK } else { LIGHT }
        });
        let missing = end.saturating_sub(pixels.len()).min(64);
        pixels.extend_from_slice(grey.get(..missing).unwrap_or_default());
    }
    pixels.extend(core::iter::repeat_n(LIGHT, quiet));
}

/// A picture of exactly `width` by `height` pixels. Every module is the same whole number of pixels wide, as large as fits,
/// and the symbol is centred. Bars of Code 128 take the whole height.
///
/// # Errors
/// [`DrawError::BadSize`] if a module would be smaller than a pixel, or a side is larger than [`MAX_SIDE`].
pub fn rgba<'a>(symbol: impl Into<Symbol<'a>>, width: usize, height: usize) -> Result<Rgba, DrawError> {
    let luma = luma(symbol);
    let scale = match luma.height {
        1 => width.checked_div(luma.width),
        _ => width.min(height).checked_div(luma.width),
    };
    let scale = scale.filter(|scale| *scale > 0 && height > 0 && width.max(height) <= MAX_SIDE);
    let Some(scale) = scale else {
        return Err(DrawError::BadSize { least: luma.width });
    };

    let left = width.saturating_sub(luma.width.saturating_mul(scale)) / 2;
    let row_bytes = width.saturating_mul(4);
    let mut pixels = Vec::with_capacity(row_bytes.saturating_mul(height));
    let (above, rows_each) = match luma.height {
        1 => (0, height),
        rows => (height.saturating_sub(rows.saturating_mul(scale)) / 2, scale),
    };
    pixels.resize(row_bytes.saturating_mul(above), LIGHT);
    for row in luma.pixels.chunks(luma.width) {
        let start = pixels.len();
        pixels.resize(start.saturating_add(left.saturating_mul(4)), LIGHT);
        for grey in row {
            pixels.extend(core::iter::repeat_n([*grey, *grey, *grey, 255], scale).flatten());
        }
        let end = start.saturating_add(row_bytes);
        pixels.resize(end, LIGHT);
        for _ in 1..rows_each {
            pixels.extend_from_within(start..end);
        }
    }
    pixels.resize(row_bytes.saturating_mul(height), LIGHT);
    Ok(Rgba { width, height, pixels })
}

/// An SVG document: a white ground and all dark modules as one path, one unit a module.
#[must_use]
pub fn svg<'a>(symbol: impl Into<Symbol<'a>>) -> String {
    let symbol = symbol.into();
    let (width, height) = symbol.size();
    let picture = luma(symbol);
    let line_height = if picture.height == 1 { height } else { 1 };
    let mut path = String::new();
    for (y, row) in picture.pixels.chunks(picture.width).enumerate() {
        let mut x = 0_usize;
        for run in row.chunk_by(|a, b| a == b) {
            if run.first() == Some(&DARK) {
                // Writing into a String cannot fail.
                let _ = write!(path, "M{x} {y}h{len}v{line_height}h-{len}z", len = run.len());
            }
            x = x.saturating_add(run.len());
        }
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" shape-rendering=\"crispEdges\">\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/><path d=\"{path}\"/></svg>\n"
    )
}

/// A PNG file, black and white, `scale` pixels a module.
///
/// # Errors
/// [`DrawError::BadSize`] if `scale` is 0 or makes a side larger than [`MAX_SIDE`]; [`DrawError::Png`].
pub fn png<'a>(symbol: impl Into<Symbol<'a>>, scale: usize) -> Result<Vec<u8>, DrawError> {
    let symbol = symbol.into();
    let (modules_wide, modules_high) = symbol.size();
    let (width, height) = (modules_wide.saturating_mul(scale), modules_high.saturating_mul(scale));
    if scale == 0 || width > MAX_SIDE {
        return Err(DrawError::BadSize { least: modules_wide });
    }
    let picture = luma(symbol);
    let rows_each = if picture.height == 1 { height } else { scale };
    let mut packed = Vec::with_capacity(width.div_ceil(8).saturating_mul(height));
    for row in picture.pixels.chunks(picture.width) {
        let wide: Vec<u8> = row.iter().flat_map(|grey| core::iter::repeat_n(*grey, scale)).collect();
        let start = packed.len();
        packed.extend(wide.chunks(8).map(pack));
        let end = packed.len();
        for _ in 1..rows_each {
            packed.extend_from_within(start..end);
        }
    }

    let side = |pixels: usize| u32::try_from(pixels).map_err(|_| DrawError::Png);
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, side(width)?, side(height)?);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header().map_err(|_| DrawError::Png)?;
    writer.write_image_data(&packed).map_err(|_| DrawError::Png)?;
    writer.finish().map_err(|_| DrawError::Png)?;
    Ok(file)
}

/// Up to eight pixels as one byte, the first in the top bit, 1 = light.
fn pack(pixels: &[u8]) -> u8 {
    pixels
        .iter()
        .zip([128, 64, 32, 16, 8, 4, 2, 1])
        .filter(|(grey, _)| **grey == LIGHT)
        .map(|(_, bit)| bit)
        .fold(0, |byte, bit| byte | bit)
}

/// What a terminal shows behind its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// Light text on a dark ground, as most terminals: blocks draw the light modules.
    Dark,
    /// Dark text on a light ground: blocks draw the dark modules.
    Light,
}

/// Text for a terminal: half blocks, two rows of modules a line, quiet zone included.
#[must_use]
pub fn terminal(modules: &Modules, ground: Ground) -> String {
    let picture = luma(modules);
    let ink = match ground {
        Ground::Dark => LIGHT,
        Ground::Light => DARK,
    };
    let outside = vec![LIGHT; picture.width];
    let rows: Vec<&[u8]> = picture.pixels.chunks(picture.width).collect();
    let mut text = String::new();
    for pair in rows.chunks(2) {
        let upper = pair.first().copied().unwrap_or(&outside);
        let lower = pair.get(1).copied().unwrap_or(&outside);
        text.extend(upper.iter().zip(lower).map(|(upper, lower)| match (*upper == ink, *lower == ink) {
            (true, true) => '█',
            (true, false) => '▀',
            (false, true) => '▄',
            (false, false) => ' ',
        }));
        text.push('\n');
    }
    text
}
