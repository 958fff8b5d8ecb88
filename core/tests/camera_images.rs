//! Picture files: what is read from them, and that a hostile one is refused before it costs memory.
#![cfg(feature = "images")]
#![allow(unsafe_code, reason = "a counting allocator has to implement an unsafe trait; it only passes calls on")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::panic,
    reason = "test code"
)]

use jigap::code::camera::image::{MAX_BYTES, grey};
use jigap::code::camera::{ImageError, image};
use jigap::code::draw::picture;
use jigap::code::draw::qr::{self, Level, Segmentation};
use proptest::prelude::*;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    static HELD: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

fn hold(more: usize, less: usize) {
    // A thread that is ending has no counter any more; nothing is measured there.
    let _ = HELD.try_with(|held| {
        let (now, most) = held.get();
        let now = (now + more).saturating_sub(less);
        held.set((now, most.max(now)));
    });
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        hold(layout.size(), 0);
        // SAFETY: the caller keeps the contract of `alloc`, which is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        hold(layout.size(), 0);
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        hold(size, layout.size());
        // SAFETY: as above.
        unsafe { System.realloc(at, layout, size) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        hold(0, layout.size());
        // SAFETY: as above.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The most bytes that were held at a time.
fn most_held<T>(work: impl FnOnce() -> T) -> (T, usize) {
    HELD.with(|held| held.set((0, 0)));
    let done = work();
    (done, HELD.with(Cell::get).1)
}

const TEXT: &str = "00020101021129370016A000000677010111011300668012345675802TH530376463046197";

fn drawn() -> Vec<u8> {
    picture::png(&qr::encode(TEXT, Level::M, Segmentation::Smallest).unwrap(), 4).unwrap()
}

/// A PNG of the given kind of a picture of a code.
fn png_as(colour: png::ColorType, depth: png::BitDepth, pixel: impl Fn(bool) -> Vec<u8>) -> Vec<u8> {
    let modules = qr::encode(TEXT, Level::M, Segmentation::Smallest).unwrap();
    let (side, scale) = (modules.side() + 8, 4);
    let mut data = Vec::new();
    for y in 0..side * scale {
        for x in 0..side * scale {
            let (x, y) = ((x / scale).wrapping_sub(4), (y / scale).wrapping_sub(4));
            data.extend(pixel(x < modules.side() && y < modules.side() && modules.is_dark(x, y)));
        }
    }
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, (side * scale) as u32, (side * scale) as u32);
    encoder.set_color(colour);
    encoder.set_depth(depth);
    if colour == png::ColorType::Indexed {
        encoder.set_palette([0, 0, 0, 255, 255, 255].as_slice());
    }
    encoder.write_header().unwrap().write_image_data(&data).unwrap();
    file
}

fn read(file: &[u8]) -> Vec<String> {
    image(file).unwrap().into_iter().map(|found| found.text).collect()
}

#[test]
fn png_of_every_colour_type_is_read() {
    use png::BitDepth::{Eight, Sixteen};
    use png::ColorType::{Grayscale, GrayscaleAlpha, Indexed, Rgb, Rgba};
    let level = |dark: bool| if dark { 10_u8 } else { 240 };
    assert_eq!(read(&drawn()), [TEXT]);
    assert_eq!(read(&png_as(Grayscale, Eight, |dark| vec![level(dark)])), [TEXT]);
    assert_eq!(read(&png_as(Grayscale, Sixteen, |dark| vec![level(dark), 7])), [TEXT]);
    assert_eq!(read(&png_as(Rgb, Eight, |dark| vec![level(dark), 0, 90])), [TEXT]);
    assert_eq!(read(&png_as(Indexed, Eight, |dark| vec![u8::from(!dark)])), [TEXT]);
    // Ink on nothing: what is transparent shows white paper.
    assert_eq!(read(&png_as(Rgba, Eight, |dark| vec![0, 0, 0, if dark { 255 } else { 0 }])), [TEXT]);
    assert_eq!(read(&png_as(GrayscaleAlpha, Eight, |dark| vec![0, if dark { 255 } else { 0 }])), [TEXT]);
}

#[test]
fn jpeg_is_read_progressive_too() {
    for file in [&include_bytes!("sample/code.jpg")[..], include_bytes!("sample/code_progressive.jpg")] {
        assert_eq!(read(file), [TEXT]);
    }
}

/// The same file with another width and height in its header, and that chunk's checksum made right.
fn with_size(file: &[u8], width: u32, height: u32) -> Vec<u8> {
    let mut file = file.to_vec();
    file[16..20].copy_from_slice(&width.to_be_bytes());
    file[20..24].copy_from_slice(&height.to_be_bytes());
    let mut crc = u32::MAX;
    for byte in &file[12..29] {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    file[29..33].copy_from_slice(&(!crc).to_be_bytes());
    file
}

/// A JPEG with another size in its start of frame.
fn jpeg_with_size(file: &[u8], width: u16, height: u16) -> Vec<u8> {
    let mut file = file.to_vec();
    let at = file.windows(2).position(|two| matches!(two, [0xFF, 0xC0 | 0xC2])).unwrap();
    file[at + 5..at + 7].copy_from_slice(&height.to_be_bytes());
    file[at + 7..at + 9].copy_from_slice(&width.to_be_bytes());
    file
}

#[test]
fn a_hostile_picture_is_refused_before_it_costs_memory() {
    const LITTLE: usize = 256 * 1024;
    let (png, jpeg) = (drawn(), include_bytes!("sample/code.jpg").to_vec());
    let mut cases: Vec<(&str, Vec<u8>, ImageError)> = Vec::new();
    for (width, height) in [(0, 100), (100, 0), (16_385, 1), (1, 16_385), (u32::MAX, u32::MAX), (16_384, 16_384)] {
        // The PNG decoder itself refuses a side of 0.
        let error = if width == 0 || height == 0 { ImageError::Damaged } else { ImageError::BadSize };
        cases.push(("png of a wild size", with_size(&png, width, height), error));
    }
    // Allowed as a size, but no file this small can hold it.
    cases.push(("a png bomb by its header", with_size(&png, 7_000, 7_000), ImageError::BadSize));
    cases.push(("a jpeg bomb by its header", jpeg_with_size(&jpeg, 7_000, 7_000), ImageError::BadSize));
    for (width, height) in [(65_535, 65_535), (65_535, 1), (16_384, 16_384)] {
        let error = if width > 16_384 { ImageError::Damaged } else { ImageError::BadSize };
        cases.push(("jpeg of a wild size", jpeg_with_size(&jpeg, width, height), error));
    }
    for part in [9, 20, 33, 45, png.len() / 2, png.len() - 20] {
        cases.push(("a png that breaks off", png[..part].to_vec(), ImageError::Damaged));
    }
    for part in [3, 20, 200, jpeg.len() / 2, jpeg.len() - 2] {
        cases.push(("a jpeg that breaks off", jpeg[..part].to_vec(), ImageError::Damaged));
    }
    for other in [&b""[..], b"\x89PN", b"GIF89a", b"\xFF\xD8", b"<svg/>"] {
        cases.push(("no picture", other.to_vec(), ImageError::UnknownFormat));
    }
    for (name, file, expected) in cases {
        let (outcome, held) = most_held(|| grey(&file).map(|grey| (grey.width, grey.height)));
        assert_eq!(outcome, Err(expected), "{name}, {} bytes", file.len());
        assert!(held < LITTLE, "{name}: {held} bytes held");
    }
    assert_eq!(grey(&vec![0x89; MAX_BYTES + 1]).unwrap_err(), ImageError::BadSize);
}

#[test]
fn a_real_bomb_costs_a_byte_a_pixel_and_no_more() {
    // White paper of 30 million pixels in colour: 90 MB of rows, 87 kB of file.
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, 6_000, 5_000);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_compression(png::Compression::High);
    let mut writer = encoder.write_header().unwrap();
    let mut stream = writer.stream_writer().unwrap();
    for _ in 0..5_000 {
        std::io::Write::write_all(&mut stream, &[255; 18_000]).unwrap();
    }
    stream.finish().unwrap();
    drop(writer);
    let (outcome, held) = most_held(|| grey(&file).map(|grey| grey.pixels.len()));
    assert_eq!(outcome.unwrap(), 30_000_000);
    assert!(held < 70_000_000, "{held} bytes held");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// Flipped bytes: an error or pixels, never a panic, and never memory beyond the picture's own size.
    #[test]
    fn flipped_bytes_are_refused_or_opened(
        jpeg in any::<bool>(),
        flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut file = if jpeg { include_bytes!("sample/code.jpg").to_vec() } else { drawn() };
        for (at, value) in flips {
            let at = at.index(file.len());
            file[at] = value;
        }
        let (outcome, held) = most_held(|| grey(&file));
        let pixels = outcome.map_or(0, |grey| grey.pixels.len());
        prop_assert!(held < 32_000_000 + 12 * pixels, "{} bytes held", held);
    }
}
