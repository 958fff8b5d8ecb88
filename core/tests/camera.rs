//! The camera: what is drawn is read, in every position and under every rung; what is no picture is refused.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "test code"
)]

use jigap::code::camera::{self, Finding, Found, Frame, Kind, MAX_SIDE, Scanner};
use jigap::code::draw::qr::{self, Level, Segmentation};
use jigap::code::draw::{code128, picture};
use jigap::error::{Code, FieldValue};
use proptest::prelude::*;
use std::sync::Barrier;

/// Grey pixels with room to draw.
struct Sheet {
    luma: Vec<u8>,
    width: usize,
    height: usize,
}

impl Sheet {
    fn blank(width: usize, height: usize) -> Self {
        Self { luma: vec![230; width * height], width, height }
    }

    fn stamp(mut self, small: &picture::Luma, left: usize, top: usize, scale: usize, tall: usize) -> Self {
        for y in 0..small.height * tall {
            for x in 0..small.width * scale {
                self.luma[(top + y) * self.width + left + x] = small.pixels[y / tall * small.width + x / scale];
            }
        }
        self
    }

    fn qr(self, text: &str, left: usize, top: usize, scale: usize) -> Self {
        let modules = qr::encode(text, Level::M, Segmentation::Smallest).unwrap();
        self.stamp(&picture::luma(&modules), left, top, scale, scale)
    }

    fn bars(self, text: &str, left: usize, top: usize) -> Self {
        let bars = code128::encode(text).unwrap();
        self.stamp(&picture::luma(&bars), left, top, 2, 80)
    }

    fn frame(&self) -> Frame<'_> {
        Frame::new(&self.luma, self.width, self.height, self.width, 0).unwrap()
    }

    fn turned_clockwise(&self) -> Self {
        let (width, height) = (self.height, self.width);
        let luma = (0..width * height).map(|at| self.luma[(self.height - 1 - at % width) * self.width + at / width]);
        Self { luma: luma.collect(), width, height }
    }

    fn inverted(&self) -> Self {
        Self { luma: self.luma.iter().map(|level| 255 - level).collect(), width: self.width, height: self.height }
    }
}

fn texts(found: &[Found]) -> Vec<&str> {
    found.iter().map(|found| found.text.as_str()).collect()
}

const PIX: &str = "00020126580014br.gov.bcb.pix0136123e4567-e12b-12d3-a456-4266554400005204000053039865802BR5913Fulano de Tal6008BRASILIA62070503***63041D3D";

#[test]
fn a_frame_that_cannot_be_is_refused_by_name() {
    let luma = vec![0; 100];
    let refused = |width, height, stride, rotation, argument: &'static str| {
        let error = Frame::new(&luma, width, height, stride, rotation).unwrap_err();
        assert_eq!(error.code(), Code::ArgumentInvalid);
        assert_eq!(error.field("argument"), Some(FieldValue::Word(argument)), "{error}");
    };
    refused(0, 10, 10, 0, "width");
    refused(10, 0, 10, 0, "height");
    refused(MAX_SIDE + 1, 1, MAX_SIDE + 1, 0, "width");
    refused(1, MAX_SIDE + 1, 1, 0, "height");
    refused(MAX_SIDE, MAX_SIDE, MAX_SIDE, 0, "pixels");
    refused(10, 10, 9, 0, "stride");
    refused(10, 11, 10, 0, "luma");
    refused(10, 10, 11, 0, "luma");
    refused(10, 2, usize::MAX, 0, "luma");
    refused(10, 10, 10, 45, "rotation");
    refused(10, 10, 10, 360, "rotation");
    // The last row may end with its last pixel.
    assert!(Frame::new(&luma[..98], 8, 10, 10, 90).is_ok());
}

#[test]
fn padding_between_rows_is_not_looked_at() {
    let sheet = Sheet::blank(300, 300).qr(PIX, 20, 20, 4);
    let mut padded = Vec::new();
    for row in sheet.luma.chunks(300) {
        padded.extend_from_slice(row);
        padded.extend([0; 20]);
    }
    let frame = Frame::new(&padded, 300, 300, 320, 0).unwrap();
    assert_eq!(texts(&camera::still(&frame)), [PIX]);
}

#[test]
fn both_kinds_are_read_with_their_corners_however_the_frame_is_turned() {
    // Above a QR of 4 pixels a module whose upper left is at (16 + 20, 16 + 40), below the bars.
    let mut sheet = Sheet::blank(460, 420).qr(PIX, 20, 40, 4).bars("6212345678901234567", 20, 300);
    let side = 4 * qr::encode(PIX, Level::M, Segmentation::Smallest).unwrap().side() as i32;
    for rotation in [0, 270, 180, 90] {
        let frame = Frame::new(&sheet.luma, sheet.width, sheet.height, sheet.width, rotation).unwrap();
        let found = camera::still(&frame);
        assert_eq!(found.len(), 2, "{rotation}");
        let code = found.iter().find(|found| found.kind == Kind::Qr).unwrap();
        assert_eq!(code.text, PIX);
        let expected = [(36, 56), (36 + side, 56), (36 + side, 56 + side), (36, 56 + side)];
        for (corner, (x, y)) in code.corners.iter().zip(expected) {
            assert!((corner.x - x).abs() <= 5 && (corner.y - y).abs() <= 5, "{rotation}: {corner:?} is not {x},{y}");
        }
        let bars = found.iter().find(|found| found.kind == Kind::Code128).unwrap();
        assert_eq!(bars.text, "6212345678901234567");
        assert!(bars.corners.iter().all(|corner| (295..=385).contains(&corner.y)), "{rotation}: {:?}", bars.corners);
        sheet = sheet.turned_clockwise();
    }
}

#[test]
fn a_scanner_looks_in_another_way_each_time_and_remembers_what_worked() {
    let light_on_dark = Sheet::blank(300, 300).qr(PIX, 20, 20, 4).inverted();
    let scanner = Scanner::new();
    let frames = (1..=6)
        .find(|_| match scanner.offer(&light_on_dark.frame()) {
            Finding::One(found) => {
                assert_eq!(found.text, PIX);
                true
            }
            finding => {
                assert_eq!(finding, Finding::Nothing);
                false
            }
        })
        .expect("the whole ladder is six frames");
    assert!(frames > 1, "it is not the first way");
    // From now on that way comes first.
    let again = Sheet::blank(300, 300).qr("another", 20, 20, 4).inverted();
    assert!(matches!(scanner.offer(&again.frame()), Finding::One(found) if found.text == "another"));
}

#[test]
fn the_same_text_in_a_row_is_one_finding_until_it_is_forgotten() {
    let (first, second) =
        (Sheet::blank(200, 200).qr("first", 20, 20, 5), Sheet::blank(200, 200).qr("second", 20, 20, 5));
    let nothing = Sheet::blank(200, 200);
    let scanner = Scanner::new();
    assert!(matches!(scanner.offer(&first.frame()), Finding::One(found) if found.text == "first"));
    assert!(matches!(scanner.offer(&first.frame()), Finding::Again(found) if texts(&found) == ["first"]));
    // A frame in which nothing is read, because a hand shook, does not make it news.
    assert_eq!(scanner.offer(&nothing.frame()), Finding::Nothing);
    let seen = (0..6).map(|_| scanner.offer(&first.frame())).find(|finding| *finding != Finding::Nothing).unwrap();
    assert!(matches!(seen, Finding::Again(_)));
    assert!(matches!(scanner.offer(&second.frame()), Finding::One(found) if found.text == "second"));
    assert!(matches!(scanner.offer(&first.frame()), Finding::One(_)));
    scanner.forget();
    assert!(matches!(scanner.offer(&first.frame()), Finding::One(_)));
}

#[test]
fn several_texts_are_all_told_and_the_same_twice_is_one() {
    let two = Sheet::blank(420, 220).qr("left", 10, 20, 5).qr("right", 220, 20, 5);
    let scanner = Scanner::new();
    let Finding::Several(found) = scanner.offer(&two.frame()) else { panic!("two texts are the user's choice") };
    let mut told = texts(&found);
    told.sort_unstable();
    assert_eq!(told, ["left", "right"]);
    // One of those that were told is no news: the user is being asked already.
    let one = Sheet::blank(420, 220).qr("left", 10, 20, 5);
    assert!(matches!(scanner.offer(&one.frame()), Finding::Again(found) if texts(&found) == ["left"]));
    let twins = Sheet::blank(420, 220).qr("twin", 10, 20, 5).qr("twin", 220, 20, 5);
    assert!(matches!(scanner.offer(&twins.frame()), Finding::One(found) if found.text == "twin"));
}

#[test]
fn a_frame_offered_while_another_is_looked_at_is_dropped_at_once() {
    let sheet = Sheet::blank(1280, 960).qr(PIX, 300, 300, 6);
    let (scanner, barrier) = (Scanner::new(), Barrier::new(4));
    let findings: Vec<Finding> = std::thread::scope(|scope| {
        let offer = || {
            barrier.wait();
            scanner.offer(&sheet.frame())
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(offer)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    // However they fell: exactly one is news, and the others were dropped or the same again, never an error or a second news.
    let news = findings.iter().filter(|finding| matches!(finding, Finding::One(_))).count();
    assert_eq!(news, 1, "{findings:?}");
    let idle = findings.iter().filter(|finding| matches!(finding, Finding::Busy | Finding::Again(_))).count();
    assert_eq!(idle, 3, "{findings:?}");
}

#[test]
fn what_was_read_is_not_printed() {
    let sheet = Sheet::blank(200, 200).qr("1234567890", 20, 20, 5);
    let scanner = Scanner::new();
    let finding = scanner.offer(&sheet.frame());
    assert!(matches!(finding, Finding::One(_)));
    for shown in [format!("{finding:?}"), format!("{scanner:?}"), format!("{:?}", sheet.frame())] {
        assert!(!shown.contains("1234567890"), "{shown}");
    }
}

#[test]
fn every_version_level_and_mode_is_read_back() {
    let long: String = (0..600).map(|n| char::from(b'!' + (n * 7 % 90) as u8)).collect();
    for (text, level) in [
        ("7", Level::L),
        ("0123456789012345678901234567890123456789", Level::Q),
        ("HTTPS://EXAMPLE.COM/ABC $%*+-./:", Level::H),
        ("검은문 타코야키 黒門たこ焼き 最佳运输", Level::M),
        (&long[..250], Level::H),
        (long.as_str(), Level::L),
    ] {
        let modules = qr::encode(text, level, Segmentation::Smallest).unwrap();
        let small = picture::luma(&modules);
        let side = small.width * 3 + 20;
        let sheet = Sheet::blank(side, side).stamp(&small, 10, 10, 3, 3);
        assert_eq!(texts(&camera::still(&sheet.frame())), [text], "version {}", modules.version());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever the bytes and the sizes: an error or an answer, never a panic.
    #[test]
    fn random_buffers_are_refused_or_looked_at(
        luma in proptest::collection::vec(any::<u8>(), 0..6000),
        width in 0_usize..90, height in 0_usize..90, stride in 0_usize..100, rotation in 0_u32..5,
    ) {
        if let Ok(frame) = Frame::new(&luma, width, height, stride, rotation * 90) {
            let _ = camera::still(&frame);
            let scanner = Scanner::new();
            for _ in 0..6 {
                let _ = scanner.offer(&frame);
            }
        } else {
            let too_short = luma.len() < height.saturating_sub(1) * stride + width;
            prop_assert!(width == 0 || height == 0 || stride < width || rotation == 4 || too_short);
        }
    }

    /// A symbol with blocks of its picture overwritten gives its own text or none: never another one.
    #[test]
    fn a_damaged_symbol_is_never_another_text(
        blocks in proptest::collection::vec((0_usize..230, 0_usize..230, 1_usize..24, any::<u8>()), 0..12),
    ) {
        let mut sheet = Sheet::blank(240, 240).qr(PIX, 14, 14, 4);
        for (x, y, side, level) in blocks {
            for row in y..(y + side).min(240) {
                sheet.luma[row * 240 + x..row * 240 + (x + side).min(240)].fill(level);
            }
        }
        for found in camera::still(&sheet.frame()) {
            prop_assert_eq!(&found.text, PIX);
        }
    }
}
