//! Code 128 against a plain decoder written here, published vectors, and brute force.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "test code"
)]

use jigap::code::draw::code128::{self, Bars, MAX_CHARACTERS};
use jigap::code::draw::{DrawError, Unit};
use proptest::prelude::*;

/// ISO/IEC 15417 Table 1, written as the standard prints it: widths of bar, space, bar, space, bar, space.
const TABLE: &str = "\
212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231 113222 123122 \
123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211 212123 212321 232121 111323 \
131123 131321 112313 132113 132311 211313 231113 231311 112133 112331 132131 113123 113321 133121 313121 211331 231131 \
213113 213311 213131 311123 311321 331121 312113 312311 332111 314111 221411 431111 111224 111422 121124 121421 141122 \
141221 112214 112412 122114 122411 142112 142211 241211 221114 413111 241112 134111 111242 121142 121241 114212 124112 \
124211 411212 421112 421211 212141 214121 412121 111143 111341 131141 114113 114311 411113 411311 113141 114131 311141 \
411131 211412 211214 211232";

/// Symbol character values from start to check, after the stop pattern and the check character have been verified.
fn values(bars: &Bars) -> Vec<usize> {
    let widths: String = bars.widths().map(|width| char::from(b'0' + width)).collect();
    let characters = widths.strip_suffix("2331112").expect("the stop pattern");
    let table: Vec<&str> = TABLE.split(' ').collect();
    let values: Vec<usize> = characters
        .as_bytes()
        .chunks(6)
        .map(|pattern| table.iter().position(|known| known.as_bytes() == pattern).expect("a known pattern"))
        .collect();
    let (check, data) = values.split_last().unwrap();
    let sum: usize = data.iter().enumerate().map(|(i, value)| i.max(1) * value).sum();
    assert_eq!(sum % 103, *check, "check character");
    values
}

fn decode(bars: &Bars) -> String {
    let values = values(bars);
    let (mut set, body) = match values[0] {
        103 => ('A', &values[1..values.len() - 1]),
        104 => ('B', &values[1..values.len() - 1]),
        105 => ('C', &values[1..values.len() - 1]),
        other => panic!("{other} does not start a symbol"),
    };
    let mut text = String::new();
    let mut shifted = None;
    for &value in body {
        let current = shifted.take().unwrap_or(set);
        match (current, value) {
            ('C', 0..=99) => text.push_str(&format!("{value:02}")),
            ('A', 0..=63) | ('B', 0..=95) => text.push(char::from(value as u8 + 32)),
            ('A', 64..=95) => text.push(char::from(value as u8 - 64)),
            ('A', 98) => shifted = Some('B'),
            ('B', 98) => shifted = Some('A'),
            ('A' | 'B', 99) => set = 'C',
            ('A' | 'C', 100) => set = 'B',
            ('B' | 'C', 101) => set = 'A',
            other => panic!("{other:?} has no meaning"),
        }
    }
    text
}

/// The least number of symbol characters for `text`, by trying everything.
fn brute_force(text: &[u8], set: char) -> usize {
    let Some(&first) = text.first() else { return 0 };
    let encodable = |set: char| match set {
        'A' => first < 96,
        'B' => first >= 32,
        _ => text.len() >= 2 && text[..2].iter().all(u8::is_ascii_digit),
    };
    let mut best = usize::MAX;
    for next in ['A', 'B', 'C'].into_iter().filter(|next| encodable(*next)) {
        let change = usize::from(next != set);
        let taken = if next == 'C' { 2 } else { 1 };
        best = best.min(change + 1 + brute_force(&text[taken..], next));
        if change == 1 && next != 'C' && set != 'C' {
            best = best.min(2 + brute_force(&text[1..], set));
        }
    }
    best
}

fn symbol_characters(bars: &Bars) -> usize {
    (bars.len() - 13) / 11
}

#[test]
fn published_vectors() {
    // Wikipedia, "Code 128", section "Check digit calculation example": PJJ123C in set A has check character 54. We start in
    // set B, of which the start character is one more, and so is the check character.
    assert_eq!(values(&code128::encode("PJJ123C").unwrap()), [104, 48, 42, 42, 17, 18, 19, 35, 55]);
    // All digits, even: start C, pairs, check by hand: 105 + 62·1 + 12·2 + 34·3 + 56·4 + 78·5 = 907 = 8·103 + 83.
    assert_eq!(values(&code128::encode("6212345678").unwrap()), [105, 62, 12, 34, 56, 78, 83]);
    // Odd: the last digit in set B.
    assert_eq!(values(&code128::encode("621").unwrap())[..4], [105, 62, 100, 17]);
    // A control character among small letters is shifted, not switched to.
    assert_eq!(values(&code128::encode("ab\tcd").unwrap())[..7], [104, 65, 66, 98, 73, 67, 68]);
}

#[test]
fn nineteen_digits_take_thirteen_characters() {
    let bars = code128::encode("6212345678901234567").unwrap();
    assert_eq!((symbol_characters(&bars), bars.len(), bars.is_empty()), (13, 156, false));
    assert_eq!(bars.modules().count(), 156);
    assert_eq!(format!("{bars:?}"), "Bars { modules: 156, .. }");
}

#[test]
fn texts_that_do_not_fit_are_refused() {
    assert_eq!(code128::encode("").unwrap_err(), DrawError::Empty);
    assert_eq!(code128::encode("12가").unwrap_err(), DrawError::BadCharacter { position: 2 });
    assert_eq!(code128::encode("가나é").unwrap_err(), DrawError::BadCharacter { position: 0 });
    for text in ["7", "x", "\u{1}a"].map(|c| c.repeat(MAX_CHARACTERS / c.len())) {
        assert_eq!(decode(&code128::encode(&text).unwrap()), text);
        let needed = MAX_CHARACTERS + 1;
        let error = code128::encode(&(text + "7")).unwrap_err();
        assert_eq!(error, DrawError::TooLong { needed, limit: MAX_CHARACTERS, unit: Unit::Characters });
    }
}

#[test]
fn all_of_ascii_survives() {
    for first in 0..128_u8 {
        for second in 0..128_u8 {
            let text = String::from_utf8(vec![first, second]).unwrap();
            assert_eq!(decode(&code128::encode(&text).unwrap()), text);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn random_texts_survive(text in prop_oneof!["[0-9]{1,80}", "[ -~]{1,80}", "[\\x00-\\x7f]{1,80}", "([0-9]{1,6}[a-z\\x00-\\x1f]){1,10}"]) {
        prop_assert_eq!(decode(&code128::encode(&text).unwrap()), text);
    }

    #[test]
    fn no_way_is_shorter(text in "[0-9aA\\x01]{1,9}") {
        let best = ['A', 'B', 'C'].map(|set| brute_force(text.as_bytes(), set)).into_iter().min().unwrap();
        let bars = code128::encode(&text).unwrap();
        // Start and check character come on top.
        prop_assert_eq!(symbol_characters(&bars), best + 2);
        prop_assert_eq!(decode(&bars), text);
    }
}
