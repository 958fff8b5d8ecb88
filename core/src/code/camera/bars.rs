//! Code 128 along single lines of a picture (ISO/IEC 15417).
//!
//! Our own: rxing's reader costs 25 kB and half a millisecond a frame, because it tries every place of a line against
//! every start pattern. Here a line is cut into runs of dark and light once, and only a run of light wide enough for a
//! quiet zone begins a symbol. A text counts when two lines agree on it: one check character of 103 values alone would let
//! one pattern of clutter in a hundred pass.
#![allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "runs are parts of a line of at most 32,768 pixels, places in the fixed tables are checked by their own loops, and the sums stay far below 2^31"
)]

use rxing::common::BitMatrix;

use super::seek::Seen;
use crate::code::draw::code128::widths;

/// Elements of a symbol character, and of the stop pattern.
const ELEMENTS: usize = 6;
const STOP: [u8; 7] = [2, 3, 3, 1, 1, 1, 2];
const STOP_MODULES: i32 = 13;
const MODULES: i32 = 11;
/// Symbol characters of one symbol, start and check included.
const MOST_CHARACTERS: usize = 180;

/// Symbols that at least two of `lines` lines agree on. Lines are rows, or columns when `columns`; `shift` of 8 moves them all a little.
pub(super) fn code128(bits: &BitMatrix, columns: bool, lines: usize, shift: usize) -> Vec<Seen> {
    let across = if columns { bits.width() } else { bits.height() } as usize;
    let mut found: Vec<(String, Line, Line, usize)> = Vec::new();
    let mut runs = Vec::new();
    for line in 0..lines {
        let at = (across * (8 * line + 1 + shift % 8)) / (8 * lines);
        cut(bits, columns, at.min(across.saturating_sub(1)), &mut runs);
        for reversed in [false, true] {
            if reversed {
                runs.reverse();
            }
            for (text, from, to) in symbols(&runs) {
                let length: i32 = runs.iter().sum();
                let (from, to) = if reversed { (length - from, length - to) } else { (from, to) };
                let line = Line { at: at as i32, from, to };
                match found.iter_mut().find(|(other, ..)| *other == text) {
                    Some((_, _, last, count)) => {
                        *last = line;
                        *count += 1;
                    }
                    None => found.push((text, line, line, 1)),
                }
            }
        }
    }
    let point = |along: i32, at: i32| {
        let (along, at) = (f32::from(along as i16), f32::from(at as i16));
        if columns { (at, along) } else { (along, at) }
    };
    found
        .into_iter()
        .filter(|(.., count)| *count >= 2)
        .map(|(text, first, last, _)| Seen {
            text,
            corners: [
                point(first.from, first.at),
                point(first.to, first.at),
                point(last.to, last.at),
                point(last.from, last.at),
            ],
        })
        .collect()
}

/// Where on which line.
#[derive(Clone, Copy)]
struct Line {
    at: i32,
    from: i32,
    to: i32,
}

/// A line as lengths of runs. The first is of light pixels, maybe of none, and so is the last: turned round, it is one again.
fn cut(bits: &BitMatrix, column: bool, at: usize, runs: &mut Vec<i32>) {
    runs.clear();
    let (mut dark, mut length) = (false, 0);
    let along = if column { bits.height() } else { bits.width() };
    for place in 0..along {
        let now = if column { bits.get(at as u32, place) } else { bits.get(place, at as u32) };
        if now != dark {
            runs.push(length);
            (dark, length) = (now, 0);
        }
        length += 1;
    }
    runs.push(length);
    if dark {
        runs.push(0);
    }
}

/// Every symbol on the line: text, and where it begins and ends.
fn symbols(runs: &[i32]) -> Vec<(String, i32, i32)> {
    let mut found = Vec::new();
    let (mut start, mut before) = (1, runs.first().copied().unwrap_or(0));
    while start + 3 * ELEMENTS + STOP.len() <= runs.len() {
        let ends = symbol(runs, start).map(|(values, elements)| (text(&values), elements));
        let (quiet, elements) = match ends {
            Some((Some(text), elements)) => {
                let to = before + runs[start..start + elements].iter().sum::<i32>();
                found.push((text, before, to));
                (0, elements + 1)
            }
            _ => (0, 2),
        };
        before += runs[start..start + elements].iter().sum::<i32>() + quiet;
        start += elements;
    }
    found
}

/// The values of the symbol that begins with the bar `start`, check character verified and taken off, and how many
/// elements it has.
fn symbol(runs: &[i32], start: usize) -> Option<(Vec<u8>, usize)> {
    let total: i32 = runs[start..start + ELEMENTS].iter().sum();
    if !is_quiet(runs, start - 1, total, MODULES) {
        return None;
    }
    let first = value(&runs[start..start + ELEMENTS])?;
    if first < 103 {
        return None;
    }
    let mut values = vec![first];
    let (mut at, mut last) = (start + ELEMENTS, total);
    loop {
        let stop = runs.get(at..at + STOP.len());
        if let Some(stop) = stop
            && is_stop(stop)
        {
            if !is_quiet(runs, at + STOP.len(), stop.iter().sum(), STOP_MODULES) {
                return None;
            }
            break;
        }
        let character = runs.get(at..at + ELEMENTS)?;
        let total: i32 = character.iter().sum();
        // Perspective changes the width of a character slowly.
        if (total - last).abs() * 4 > last || values.len() >= MOST_CHARACTERS {
            return None;
        }
        values.push(value(character).filter(|value| *value < 103)?);
        (at, last) = (at + ELEMENTS, total);
    }
    let check = values.pop()?;
    let sum: usize = values.iter().enumerate().map(|(at, value)| at.max(1) * usize::from(*value)).sum();
    (values.len() > 1 && sum % 103 == usize::from(check)).then_some((values, at + STOP.len() - start))
}

/// Ten modules of quiet zone are the standard's; pictures that were cut out have less. Two are asked for, which no space in a
/// symbol's start and stop has, or the picture's end.
fn is_quiet(runs: &[i32], at: usize, total: i32, modules: i32) -> bool {
    at == 0 || at + 1 >= runs.len() || runs[at] * modules >= 2 * total
}

fn is_stop(runs: &[i32]) -> bool {
    let total: i32 = runs.iter().sum();
    off(runs, &STOP, total, STOP_MODULES).is_some()
}

/// The symbol character whose elements these are most like.
fn value(runs: &[i32]) -> Option<u8> {
    let total: i32 = runs.iter().sum();
    if total < MODULES {
        return None;
    }
    let best = (0..106_u8).filter_map(|value| Some((off(runs, &widths(value), total, MODULES)?, value))).min()?;
    Some(best.1)
}

/// How far the elements are from a pattern, in 1/`modules` of the total. Ink spreads: bars grow and spaces shrink alike,
/// so what counts first is from edge to next like edge (§4.3.4), and one element alone may be off by more.
fn off(runs: &[i32], pattern: &[u8], total: i32, modules: i32) -> Option<i32> {
    let scaled = |at: usize| runs[at] * modules - i32::from(pattern[at]) * total;
    let mut sum = 0;
    for at in 0..runs.len() {
        let one = scaled(at).abs();
        if 10 * one > 9 * total {
            return None;
        }
        sum += one;
        if at > 0 {
            let edge = (scaled(at - 1) + scaled(at)).abs();
            if 10 * edge > 6 * total {
                return None;
            }
            sum += 2 * edge;
        }
    }
    (sum <= 6 * total).then_some(sum)
}

/// The text of start and data characters (§4.3.3). Function 1 in front marks GS1 and is no text; later it is the separator.
fn text(values: &[u8]) -> Option<String> {
    let (start, data) = values.split_first()?;
    let mut set = *start;
    let mut text = String::new();
    let (mut shifted, mut high, mut high_once) = (false, false, false);
    for (at, value) in data.iter().copied().enumerate() {
        let now = match (set, shifted) {
            (103, true) => 104,
            (104, true) => 103,
            (set, _) => set,
        };
        shifted = false;
        let ascii = match (now, value) {
            (105, 0..=99) => {
                text.push(char::from(b'0' + value / 10));
                text.push(char::from(b'0' + value % 10));
                continue;
            }
            (103, 0..=63) | (104, 0..=95) => value + 32,
            (103, 64..=95) => value - 64,
            (_, 102) => {
                if at > 0 {
                    text.push('\u{1D}');
                }
                continue;
            }
            (103 | 104, 98) => {
                shifted = true;
                continue;
            }
            (103 | 104, 99) => {
                set = 105;
                continue;
            }
            (103, 100) | (105, 100) => {
                set = 104;
                continue;
            }
            (104, 101) | (105, 101) => {
                set = 103;
                continue;
            }
            // Function 4: the upper half of Latin-1 for one character, twice in a row until it comes twice again.
            (103, 101) | (104, 100) => {
                if high_once {
                    high = !high;
                }
                high_once = !high_once;
                continue;
            }
            // Functions 2 and 3 are for the reader, not text.
            (103 | 104, 96 | 97) => continue,
            _ => return None,
        };
        let upper = high != high_once;
        high_once = false;
        text.push(if upper { char::from(ascii + 128) } else { char::from(ascii) });
    }
    Some(text)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::as_conversions, reason = "test code")]
mod tests {
    use super::*;
    use crate::code::draw::code128::encode;

    /// A picture of the symbol, `scale` pixels a module, `ink` pixels of spread.
    fn picture(text: &str, scale: u32, ink: u32, quiet: u32) -> BitMatrix {
        let bars = encode(text).unwrap();
        let width = (bars.len() as u32 + 2 * quiet) * scale + ink;
        let mut bits = BitMatrix::new(width, 16).unwrap();
        for (at, _) in bars.modules().enumerate().filter(|(_, bar)| *bar) {
            for x in 0..scale + ink {
                for y in 0..16 {
                    bits.set((at as u32 + quiet) * scale + x, y);
                }
            }
        }
        bits
    }

    #[test]
    fn what_we_draw_is_read_either_way_round_and_along_columns() {
        for text in ["6212345678901234567", "AB12345678cd90123456", "a\u{1}B\u{2}~ x", "12"] {
            for (scale, ink) in [(1, 0), (2, 0), (3, 1), (5, 2)] {
                let mut bits = picture(text, scale, ink, 10);
                for columns in [false, true, false, true] {
                    let seen = code128(&bits, columns, 5, 3);
                    assert_eq!(seen.len(), 1, "{text} {scale} {ink} {columns}");
                    assert_eq!(seen[0].text, text);
                    bits.rotate90();
                }
            }
        }
    }

    #[test]
    fn a_missing_quiet_zone_or_a_changed_bar_is_no_symbol() {
        let mut bordered = picture("6212345678901234567", 2, 0, 3);
        for y in 0..16 {
            for x in [2, 3, bordered.width() - 4, bordered.width() - 3] {
                bordered.set(x, y);
            }
        }
        assert!(code128(&bordered, false, 5, 0).is_empty());
        let mut bits = picture("6212345678901234567", 2, 0, 10);
        for y in 0..16 {
            for x in 120..126 {
                bits.flip_coords(x, y);
            }
        }
        assert!(code128(&bits, false, 5, 0).is_empty());
    }

    #[test]
    fn one_line_alone_is_not_believed() {
        let bits = picture("6212345678901234567", 2, 0, 10);
        assert!(code128(&bits, false, 1, 0).is_empty());
    }

    #[test]
    fn the_upper_half_and_the_functions() {
        // Start B, function 1, "A", function 4 "A", function 4 twice "A" "A" function 4 "A", function 1, "B".
        let values = [104, 102, 33, 100, 33, 100, 100, 33, 33, 100, 33, 102, 34];
        assert_eq!(text(&values).unwrap(), "A\u{c1}\u{c1}\u{c1}A\u{1D}\u{c2}");
    }
}
