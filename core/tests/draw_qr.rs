//! QR symbols against an independent encoder (`qrcodegen`) and an independent reader (`rqrr`).
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "test code"
)]

use jigap::code::draw::qr::{self, Level, Modules, Segmentation};
use jigap::code::draw::{DrawError, Unit, mark, picture};
use proptest::prelude::*;
use qrcode::EcLevel;
use qrcode::bits::Bits;
use qrcodegen::{Mask, QrCode, QrCodeEcc, QrSegment, Version};

const ECC: [QrCodeEcc; 4] = [QrCodeEcc::Low, QrCodeEcc::Medium, QrCodeEcc::Quartile, QrCodeEcc::High];

const EC_LEVEL: [EcLevel; 4] = [EcLevel::L, EcLevel::M, EcLevel::Q, EcLevel::H];

/// The same text at the version, mask and level that we chose, drawn by the other encoder.
fn assert_same_modules(modules: &Modules, segments: &[QrSegment]) {
    let version = Version::new(modules.version());
    let level = ECC[modules.level() as usize];
    let mask = Some(Mask::new(modules.mask()));
    let other = QrCode::encode_segments_advanced(segments, level, version, version, mask, false).unwrap();
    assert_eq!(modules.side() as i32, other.size());
    for y in 0..modules.side() {
        for x in 0..modules.side() {
            let place = (modules.version(), modules.level(), x, y);
            assert_eq!(modules.is_dark(x, y), other.get_module(x as i32, y as i32), "{place:?}");
        }
    }
}

fn read_luma(width: usize, height: usize, pixel: impl Fn(usize, usize) -> u8) -> Option<Vec<u8>> {
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, height, pixel);
    let [grid] = &image.detect_grids()[..] else {
        return None;
    };
    let mut text = Vec::new();
    grid.decode_to(&mut text).ok()?;
    Some(text)
}

/// What a reader makes of the symbol, drawn with 4 pixels a module.
fn read(modules: &Modules) -> Option<Vec<u8>> {
    let luma = picture::luma(modules);
    read_luma(luma.width * 4, luma.height * 4, |x, y| luma.pixels[y / 4 * luma.width + x / 4])
}

#[test]
fn every_version_and_level_equals_another_encoder() {
    for version in 1..=40_u8 {
        for level in Level::ALL {
            let capacity =
                Bits::new(qrcode::Version::Normal(version.into())).max_len(EC_LEVEL[level as usize]).unwrap();
            // Four bits of mode, and the count in 8 or 16 bits.
            let longest = (capacity - if version < 10 { 12 } else { 20 }) / 8;
            // A full symbol, and one that is mostly padding.
            for len in [longest, 3] {
                let text: String = (0..len).map(|i| char::from(33 + (i * i % 89) as u8)).collect();
                if len == longest {
                    assert_eq!(qr::encode(&text, level, Segmentation::ByteOnly).unwrap().version(), version);
                }
                let modules = qr::encode_from(&text, level, Segmentation::ByteOnly, version).unwrap();
                assert_eq!((modules.version(), modules.side()), (version, 17 + 4 * usize::from(version)));
                assert_same_modules(&modules, &[QrSegment::make_bytes(text.as_bytes())]);
            }
        }
    }
}

#[test]
fn digits_and_capitals_equal_another_encoder() {
    let digits = QrSegment::make_numeric("6212345678901234567");
    let modules = qr::encode("6212345678901234567", Level::Q, Segmentation::Smallest).unwrap();
    assert_eq!(modules.version(), 1);
    assert_same_modules(&modules, &[digits]);
    let capitals = QrSegment::make_alphanumeric("HTTPS://EXAMPLE.COM/A1");
    assert_same_modules(&qr::encode("HTTPS://EXAMPLE.COM/A1", Level::M, Segmentation::Smallest).unwrap(), &[capitals]);
}

#[test]
fn text_that_is_not_ascii_says_that_it_is_utf8() {
    // Among them texts whose UTF-8 bytes look like Shift JIS, where Kanji mode would be shorter and read back wrongly.
    for text in ["오늘도 좋은 하루", "あいうえお".repeat(6).as_str(), "支払い、コード", "收款码，谢谢", "ขอบคุณ", "é"]
    {
        let segments = [QrSegment::make_eci(26), QrSegment::make_bytes(text.as_bytes())];
        for segmentation in [Segmentation::Smallest, Segmentation::ByteOnly] {
            assert_same_modules(&qr::encode(text, Level::M, segmentation).unwrap(), &segments);
        }
    }
    // Bytes are not text: no header.
    let bytes = "é".as_bytes();
    assert_same_modules(&qr::encode_bytes(bytes, Level::M).unwrap(), &[QrSegment::make_bytes(bytes)]);
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-9]{1,200}",
        "[A-Za-z0-9+/]{4,300}={0,2}",
        "00020101021[12]26[0-9]{2}00[0-9]{2}[A-Z]{2}\\.[a-z]{4,9}01[0-9]{10,16}5204[0-9]{4}5303[0-9]{3}5802[A-Z]{2}59[0-9]{2}[A-Z ]{5,25}6304[0-9A-F]{4}",
        "[가-힣 ]{1,60}[0-9]{0,20}",
        "[\\u{E01}-\\u{E3A}\\u{E40}-\\u{E4E}]{1,60}",
        "[0-9]{0,30}[一-龥]{1,60}[A-Z]{0,20}",
        "[ぁ-んァ-ヶ]{1,40}",
        "([0-9]{5}[a-z]){1,30}",
        "\\PC{1,100}",
    ]
}

fn levels() -> impl Strategy<Value = Level> {
    prop::sample::select(Level::ALL.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_reader_reads_back_what_was_drawn(text in texts(), level in levels()) {
        let modules = qr::encode(&text, level, Segmentation::Smallest).unwrap();
        prop_assert_eq!(read(&modules), Some(text.clone().into_bytes()));
        let bytes = qr::encode(&text, level, Segmentation::ByteOnly).unwrap();
        prop_assert!(modules.version() <= bytes.version());
    }

    #[test]
    fn bytes_equal_another_encoder(bytes in prop::collection::vec(any::<u8>(), 1..900), level in levels()) {
        let modules = qr::encode_bytes(&bytes, level).unwrap();
        assert_same_modules(&modules, &[QrSegment::make_bytes(&bytes)]);
    }
}

#[test]
fn the_longest_texts_fit_and_one_more_does_not() {
    // ISO/IEC 18004 Table 7, version 40.
    for (level, digits, bytes) in
        [(Level::L, 7089, 2953), (Level::M, 5596, 2331), (Level::Q, 3993, 1663), (Level::H, 3057, 1273)]
    {
        let modules = qr::encode(&"7".repeat(digits), level, Segmentation::Smallest).unwrap();
        assert_eq!((modules.version(), modules.side()), (40, 177));
        assert!(qr::encode(&"7".repeat(digits + 1), level, Segmentation::Smallest).is_err());
        assert!(qr::encode(&"x".repeat(bytes), level, Segmentation::ByteOnly).is_ok());
        let error = qr::encode(&"x".repeat(bytes + 1), level, Segmentation::ByteOnly).unwrap_err();
        assert!(matches!(error, DrawError::TooLong { unit: Unit::Bits, needed, limit } if needed > limit), "{error:?}");
    }
}

#[test]
fn nothing_is_not_drawn_and_nothing_secret_is_shown() {
    assert_eq!(qr::encode("", Level::M, Segmentation::Smallest).unwrap_err(), DrawError::Empty);
    let modules = qr::encode("6212345678901234567", Level::M, Segmentation::Smallest).unwrap();
    let shown = format!("{modules:?} {:?}", picture::luma(&modules));
    assert_eq!(
        shown,
        format!(
            "Modules {{ version: 1, mask: {}, level: M, .. }} Luma {{ width: 29, height: 29, .. }}",
            modules.mask()
        )
    );
    let error = qr::encode(&"secret".repeat(600), Level::H, Segmentation::Smallest).unwrap_err();
    assert_eq!(error.to_string(), "the text is too long to draw: it needs 28820 bits, and at most 10208 fit");
}

#[test]
fn a_centre_mark_needs_level_h_and_its_size_is_limited() {
    let text = "6212345678901234567";
    let weak = qr::encode(text, Level::Q, Segmentation::Smallest).unwrap();
    assert_eq!(mark::largest(&weak), 0);
    assert_eq!(mark::clear_centre(&weak, 1).unwrap_err(), DrawError::MarkNeedsLevelH);
    let strong = qr::encode_from(text, Level::H, Segmentation::Smallest, 4).unwrap();
    let limit = mark::largest(&strong);
    assert_eq!(mark::clear_centre(&strong, limit + 2).unwrap_err(), DrawError::MarkTooLarge { side: limit + 2, limit });
    assert!(mark::clear_centre(&strong, limit - 1).is_err(), "an even side has no centre module");
}

#[test]
fn a_reader_reads_every_version_under_the_largest_mark() {
    for version in 1..=40 {
        let text = format!("PAY {version}");
        let modules = qr::encode_from(&text, Level::H, Segmentation::ByteOnly, version).unwrap();
        assert_eq!(modules.version(), version);
        let side = mark::largest(&modules);
        assert!(side * side * 100 <= mark::MAX_PERCENT * modules.side() * modules.side());
        assert!(side >= 3, "version {version} takes a mark of {side}");
        // Row and column 8 hold the format information, which error correction of the data does not cover.
        assert!((modules.side() - side) / 2 > 8, "version {version}");
        let cleared = mark::clear_centre(&modules, side).unwrap();
        assert_eq!(read(&cleared), Some(text.clone().into_bytes()), "light mark, version {version}");
        // The other extreme: a mark of which every module is the opposite of what it covers.
        let luma = picture::luma(&modules);
        let first = picture::QR_QUIET_ZONE + (modules.side() - side) / 2;
        let covered = first..first + side;
        let opposite = read_luma(luma.width * 4, luma.height * 4, |x, y| {
            let grey = luma.pixels[y / 4 * luma.width + x / 4];
            if covered.contains(&(x / 4)) && covered.contains(&(y / 4)) { 255 - grey } else { grey }
        });
        assert_eq!(opposite, Some(text.into_bytes()), "opposite mark, version {version}");
    }
}
