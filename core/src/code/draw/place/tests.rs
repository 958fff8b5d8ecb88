//! The penalties against a version that looks at single modules, and the choice of mask on symbols of another encoder.

use proptest::prelude::*;
use qrcodegen::{Mask, QrCode, QrCodeEcc, QrSegment, Version};

use super::*;
use crate::code::draw::qr::{self, Level, Segmentation};

type Naive = Vec<Vec<bool>>;

/// ISO/IEC 18004 Table 11, module by module.
fn naive_penalty(rows: &Naive) -> u32 {
    let side = rows.len();
    let columns: Naive = (0..side).map(|x| rows.iter().map(|row| row[x]).collect()).collect();
    let mut penalty = 0;
    for line in rows.iter().chain(&columns) {
        for run in line.chunk_by(|a, b| a == b).filter(|run| run.len() >= 5) {
            penalty += 3 + run.len() - 5;
        }
        for start in 0..side.saturating_sub(6) {
            let light = |from: usize, to: usize| to <= side && line[from..to].iter().all(|dark| !dark);
            let finder = line[start..start + 7] == [true, false, true, true, true, false, true];
            if finder && (start >= 4 && light(start - 4, start) || light(start + 7, start + 11)) {
                penalty += 40;
            }
        }
    }
    for y in 1..side {
        for x in 1..side {
            let colour = rows[y][x];
            if [rows[y][x - 1], rows[y - 1][x], rows[y - 1][x - 1]].iter().all(|other| *other == colour) {
                penalty += 3;
            }
        }
    }
    let dark = rows.iter().flatten().filter(|dark| **dark).count();
    let percent_of_all = 100 * dark;
    let mut steps = 0;
    while percent_of_all.abs_diff(50 * side * side) >= 5 * (steps + 1) * side * side {
        steps += 1;
    }
    (penalty + 10 * steps) as u32
}

fn packed_penalty<const W: usize, const N: usize>(rows: &Naive) -> u32 {
    let mut lines = [[0; W]; N];
    let mut columns = [[0; W]; N];
    for (y, row) in rows.iter().enumerate() {
        for (x, dark) in row.iter().enumerate() {
            lines[y][x / 64] |= u64::from(*dark) << (x % 64);
            columns[x][y / 64] |= u64::from(*dark) << (y % 64);
        }
    }
    penalty(&lines, &columns, rows.len(), &mut [[[u64::MAX; W]; N]; 3])
}

fn packed_penalty_of_any(rows: &Naive) -> u32 {
    match rows.len().div_ceil(64) {
        1 => packed_penalty::<1, 64>(rows),
        2 => packed_penalty::<2, 128>(rows),
        _ => packed_penalty::<3, 192>(rows),
    }
}

/// Random modules of a real side. `density` makes long runs and squares likely, stamps make finder-like patterns likely.
fn grids() -> impl Strategy<Value = Naive> {
    (1_usize..=40, 1_u32..=15, any::<u64>(), prop::collection::vec((any::<u16>(), any::<u16>(), any::<bool>()), 0..40))
        .prop_map(|(version, density, seed, stamps)| {
            let side = 17 + 4 * version;
            let mut state = seed | 1;
            let mut next = || {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                (state >> 33) as u32 % 16
            };
            let mut rows: Naive = (0..side).map(|_| (0..side).map(|_| next() < density).collect()).collect();
            for (x, y, down) in stamps {
                let (line, start) = (usize::from(x) % side, usize::from(y) % (side - 10));
                for (i, module) in "10111010000".bytes().enumerate() {
                    let at = if seed % 2 == 0 { start + i } else { start + 10 - i };
                    let (row, column) = if down { (at, line) } else { (line, at) };
                    rows[row][column] = module == b'1';
                }
            }
            rows
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn penalties_agree_with_the_naive_ones(rows in grids()) {
        prop_assert_eq!(packed_penalty_of_any(&rows), naive_penalty(&rows));
    }

    #[test]
    fn transposition_exchanges_rows_and_columns(rows in prop::array::uniform32(prop::array::uniform3(any::<u64>())), side in 1_usize..=192) {
        let mut lines = [[0; 3]; 192];
        for (i, line) in lines.iter_mut().enumerate() {
            *line = rows[i * 7 % 32];
        }
        let mut columns = [[0; 3]; 192];
        transpose(&lines, &mut columns, side);
        for (x, column) in columns.iter().enumerate().take(side) {
            for (y, line) in lines.iter().enumerate() {
                prop_assert_eq!(column[y / 64] >> (y % 64) & 1, line[x / 64] >> (x % 64) & 1);
            }
        }
    }
}

#[test]
fn solid_squares_cost_what_the_standard_says() {
    // 21 lines of 21 in two directions, 20 * 20 squares, all of it 50 % off.
    let expected = 2 * 21 * (3 + 16) + 400 * 3 + 10 * 10;
    for dark in [false, true] {
        let rows = vec![vec![dark; 21]; 21];
        assert_eq!((packed_penalty_of_any(&rows), naive_penalty(&rows)), (expected, expected));
    }
}

#[test]
fn the_mask_is_the_cheapest_of_the_eight_that_another_encoder_draws() {
    let mut seen = [false; 8];
    for version in 1..=40_u8 {
        let scattered = (0..7 * u32::from(version)).map(|i| i.wrapping_mul(2_654_435_761) >> 9);
        let text: String = scattered.map(|n| char::from(33 + (n % 90) as u8)).collect();
        let modules = qr::encode_from(&text, Level::H, Segmentation::ByteOnly, version).unwrap();
        assert_eq!(modules.version(), version);
        let penalties: Vec<u32> = (0..8).map(|mask| naive_penalty(&drawn_by_qrcodegen(&text, version, mask))).collect();
        let cheapest = *penalties.iter().min().unwrap();
        assert_eq!(penalties.iter().position(|penalty| *penalty == cheapest), Some(usize::from(modules.mask())));
        seen[usize::from(modules.mask())] = true;
    }
    assert_eq!(seen, [true; 8], "the texts should take every mask");
}

fn drawn_by_qrcodegen(text: &str, version: u8, mask: u8) -> Naive {
    let segments = [QrSegment::make_bytes(text.as_bytes())];
    let version = Version::new(version);
    let code =
        QrCode::encode_segments_advanced(&segments, QrCodeEcc::High, version, version, Some(Mask::new(mask)), false)
            .unwrap();
    (0..code.size()).map(|y| (0..code.size()).map(|x| code.get_module(x, y)).collect()).collect()
}
