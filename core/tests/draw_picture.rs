//! Pictures: sizes, quiet zones, and that every form shows the same modules.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "test code"
)]

use jigap::code::draw::picture::{self, Ground, Symbol};
use jigap::code::draw::qr::{self, Level, Modules, Segmentation};
use jigap::code::draw::{DrawError, code128};

fn modules() -> Modules {
    qr::encode("6212345678901234567", Level::M, Segmentation::Smallest).unwrap()
}

#[test]
fn luma_has_one_pixel_a_module_and_four_light_modules_around() {
    let modules = modules();
    let luma = picture::luma(&modules);
    assert_eq!((luma.width, luma.height, luma.pixels.len()), (29, 29, 29 * 29));
    for y in 0..29 {
        for x in 0..29 {
            let dark = x >= 4 && y >= 4 && modules.is_dark(x - 4, y - 4);
            assert_eq!(luma.pixels[y * 29 + x], if dark { 0 } else { 255 }, "{x} {y}");
        }
    }
    assert!(!modules.is_dark(21, 0) && !modules.is_dark(0, 21) && !modules.is_dark(usize::MAX, usize::MAX));
}

#[test]
fn code128_has_ten_light_modules_at_each_side() {
    let bars = code128::encode("6212345678901234567").unwrap();
    let luma = picture::luma(&bars);
    assert_eq!((luma.width, luma.height), (176, 1));
    let expected: Vec<u8> = std::iter::repeat_n(255, 10)
        .chain(bars.modules().map(|bar| if bar { 0 } else { 255 }))
        .chain(std::iter::repeat_n(255, 10))
        .collect();
    assert_eq!(luma.pixels, expected);
    assert_eq!(Symbol::from(&bars).size(), (176, 59));
}

#[test]
fn rgba_is_centred_and_evenly_scaled() {
    let modules = modules();
    let luma = picture::luma(&modules);
    for (width, height, scale) in [(29, 29, 1), (100, 100, 3), (130, 95, 3), (87, 88, 3), (1080, 1081, 37)] {
        let rgba = picture::rgba(&modules, width, height).unwrap();
        assert_eq!((rgba.width, rgba.height, rgba.pixels.len()), (width, height, width * height * 4));
        let (left, top) = ((width - 29 * scale) / 2, (height - 29 * scale) / 2);
        for (i, pixel) in rgba.pixels.chunks(4).enumerate() {
            let (x, y) = (i % width, i / width);
            let inside = (left..left + 29 * scale).contains(&x) && (top..top + 29 * scale).contains(&y);
            let grey = if inside { luma.pixels[(y - top) / scale * 29 + (x - left) / scale] } else { 255 };
            assert_eq!(pixel, [grey, grey, grey, 255], "{x} {y} of {width} x {height}");
        }
    }
    let bars = code128::encode("1234").unwrap();
    let width = picture::luma(&bars).width;
    let rgba = picture::rgba(&bars, 2 * width + 1, 7).unwrap();
    let rows: Vec<&[u8]> = rgba.pixels.chunks(rgba.width * 4).collect();
    assert_eq!(rows.len(), 7);
    assert!(rows.iter().all(|row| row == &rows[0]));
    assert_eq!(rows[0][4 * 2 * 10], 0, "the first bar stands after ten modules of two pixels");
    assert_eq!(rows[0][4 * 2 * 10 - 4], 255);
}

#[test]
fn sizes_that_do_not_suit_are_refused() {
    let modules = modules();
    for (width, height) in [(28, 100), (100, 28), (0, 0), (4097, 100), (100, usize::MAX)] {
        assert_eq!(picture::rgba(&modules, width, height).unwrap_err(), DrawError::BadSize { least: 29 });
    }
    assert!(picture::png(&modules, 0).is_err());
    assert!(picture::png(&modules, 4096 / 29).is_ok());
    assert!(picture::png(&modules, 4096 / 29 + 1).is_err());
    assert!(picture::png(&modules, usize::MAX).is_err());
}

/// Grey pixels of a PNG with one bit a pixel.
fn decode_png(file: &[u8]) -> (usize, usize, Vec<u8>) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
    let mut packed = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut packed).unwrap();
    let (width, height) = (info.width as usize, info.height as usize);
    let bit = |x: usize, y: usize| packed[y * info.line_size + x / 8] >> (7 - x % 8) & 1;
    (width, height, (0..width * height).map(|i| 255 * bit(i % width, i / width)).collect())
}

#[test]
fn png_shows_the_same_modules() {
    let modules = modules();
    let luma = picture::luma(&modules);
    for scale in [1, 3, 8] {
        let (width, height, pixels) = decode_png(&picture::png(&modules, scale).unwrap());
        assert_eq!((width, height), (29 * scale, 29 * scale));
        for (i, grey) in pixels.iter().enumerate() {
            assert_eq!(*grey, luma.pixels[i / width / scale * 29 + i % width / scale]);
        }
    }
    let bars = code128::encode("6212345678901234567").unwrap();
    let (width, height, pixels) = decode_png(&picture::png(&bars, 2).unwrap());
    assert_eq!((width, height), (352, 118));
    let line = picture::luma(&bars).pixels;
    assert!(pixels.iter().enumerate().all(|(i, grey)| *grey == line[i % width / 2]));
}

/// Fills the rectangles of our own path grammar: `M x y h w v h h -w z`.
fn rasterise(svg: &str) -> (usize, Vec<bool>) {
    let between = |from: &str, to: &str| svg.split_once(from).unwrap().1.split_once(to).unwrap().0.to_owned();
    let size: Vec<usize> = between("viewBox=\"0 0 ", "\"").split(' ').map(|n| n.parse().unwrap()).collect();
    let mut dark = vec![false; size[0] * size[1]];
    for piece in between("path d=\"", "\"").split_terminator('z') {
        let numbers: Vec<usize> = piece
            .split(|c: char| !c.is_ascii_digit())
            .filter(|part| !part.is_empty())
            .map(|part| part.parse().unwrap())
            .collect();
        let [x, y, width, height, back] = numbers[..] else { panic!("not a rectangle: {piece}") };
        assert_eq!(width, back);
        for i in (y..y + height).flat_map(|y| (x..x + width).map(move |x| (x, y))).map(|(x, y)| y * size[0] + x) {
            assert!(!std::mem::replace(&mut dark[i], true), "drawn twice");
        }
    }
    (size[0], dark)
}

#[test]
fn svg_is_one_path_with_the_same_modules() {
    let modules = modules();
    let svg = picture::svg(&modules);
    assert_eq!(svg.matches("<path").count(), 1);
    let (width, dark) = rasterise(&svg);
    let luma = picture::luma(&modules);
    assert_eq!(width, 29);
    assert!(dark.iter().zip(&luma.pixels).all(|(dark, grey)| *dark == (*grey == 0)));

    let bars = code128::encode("6212345678901234567").unwrap();
    let (width, dark) = rasterise(&picture::svg(&bars));
    assert_eq!((width, dark.len()), (176, 176 * 59));
    let line = picture::luma(&bars).pixels;
    assert!(dark.iter().enumerate().all(|(i, dark)| *dark == (line[i % 176] == 0)));
}

#[test]
fn terminal_text_shows_the_same_modules_on_both_grounds() {
    let modules = modules();
    let luma = picture::luma(&modules);
    for (ground, ink) in [(Ground::Dark, 255), (Ground::Light, 0)] {
        let text = picture::terminal(&modules, ground);
        let lines: Vec<Vec<char>> = text.lines().map(|line| line.chars().collect()).collect();
        assert_eq!(lines.len(), 15);
        for (i, cell) in (0..30).flat_map(|y| (0..29).map(move |x| (y, x))).enumerate() {
            let (y, x) = cell;
            let inked = match lines[y / 2][x] {
                '█' => true,
                '▀' => y % 2 == 0,
                '▄' => y % 2 == 1,
                ' ' => false,
                other => panic!("{other}"),
            };
            let grey = luma.pixels.get(i).copied().unwrap_or(255);
            assert_eq!(inked, grey == ink);
        }
    }
}
