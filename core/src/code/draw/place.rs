//! The inner loops: codewords into modules, and the best of the eight masks.
//!
//! A row is `W` words of 64 modules. The data is laid down column by column, where a pair of columns is two bit strings, and
//! then transposed; both orientations stay, because the penalties look along rows and along columns. Every step works on
//! whole words: no loop here visits single modules.
#![allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "bounded by construction: `N` is 64 times `W`, the side is below `N`, columns and rows come from a template of \
              that side, a mask is below 8, and sums stay below 177 * 177 * 40; `get` on every \
              word would hide the arithmetic of the standard"
)]

use super::template::{Columns, Grid, Run, Template, with_remainder};

/// Rows or columns of a symbol: one bit a module, 1 = dark, zero beyond the side.
type Lines<const W: usize, const N: usize> = [[u64; W]; N];

/// The eight masks (ISO/IEC 18004 Table 10): bit `j` of `[mask][i % 12]` is set where module (row i, column j) is reversed.
static MASKS: [[[u64; 3]; 12]; 8] = masks(false);
/// The same with rows and columns exchanged.
static MASKS_TRANSPOSED: [[[u64; 3]; 12]; 8] = masks(true);

const fn masks(transposed: bool) -> [[[u64; 3]; 12]; 8] {
    let mut table = [[[0; 3]; 12]; 8];
    let mut index = 0;
    while index < 8 * 12 * 192 {
        let (mask, line, at) = (index / 192 / 12, index / 192 % 12, index % 192);
        let (i, j) = if transposed { (at, line) } else { (line, at) };
        let reversed = match mask {
            0 => (i + j) % 2 == 0,
            1 => i % 2 == 0,
            2 => j % 3 == 0,
            3 => (i + j) % 3 == 0,
            4 => (i / 2 + j / 3) % 2 == 0,
            5 => i * j % 2 + i * j % 3 == 0,
            6 => (i * j % 2 + i * j % 3) % 2 == 0,
            _ => ((i + j) % 2 + i * j % 3) % 2 == 0,
        };
        if reversed {
            table[mask][line][at / 64] |= 1 << (at % 64);
        }
        index += 1;
    }
    table
}

/// Places `codewords` and applies the mask with the least penalty, the lowest of equals. Answers the symbol and the mask.
///
/// `level_bits` is the level indicator of ISO/IEC 18004 Table 12. Missing codewords count as zero bits, more are left out.
pub(super) fn place(template: &Template, codewords: &[u8], level_bits: u8) -> (Grid, u8) {
    match template.free.words {
        1 => place_in::<1, 64>(template, codewords, level_bits),
        2 => place_in::<2, 128>(template, codewords, level_bits),
        _ => place_in::<3, 192>(template, codewords, level_bits),
    }
}

fn place_in<const W: usize, const N: usize>(template: &Template, codewords: &[u8], level_bits: u8) -> (Grid, u8) {
    let side = template.free.side;
    let free = lines::<W, N>(&template.free);
    let mut columns = lines::<W, N>(&template.function);
    let mut data = [[0; W]; N];
    lay(&template.runs, codewords, &mut data);
    let mut rows = [[0; W]; N];
    transpose(&data, &mut rows, side);
    for i in 0..side {
        for w in 0..W {
            rows[i][w] |= columns[i][w];
            columns[i][w] |= data[i][w];
        }
    }

    let mut best = (u32::MAX, 0, [[0; W]; N]);
    let mut masked = [[0; W]; N];
    let mut masked_columns = [[0; W]; N];
    let mut found = [[[0; W]; N]; 3];
    for mask in 0..8_u8 {
        let format = Format::new(level_bits, mask, side);
        apply(&MASKS[usize::from(mask)], &rows, &free, side, &mut masked);
        format.stamp(&mut masked, format.along_row, format.along_column);
        apply(&MASKS_TRANSPOSED[usize::from(mask)], &columns, &free, side, &mut masked_columns);
        format.stamp(&mut masked_columns, format.along_column, format.along_row);
        let penalty = penalty(&masked, &masked_columns, side, &mut found);
        if penalty < best.0 {
            best = (penalty, mask, masked);
        }
    }
    let bits = best.2[..side].as_flattened().to_vec();
    (Grid { side, words: W, bits }, best.1)
}

fn lines<const W: usize, const N: usize>(grid: &Grid) -> Lines<W, N> {
    let mut lines = [[0; W]; N];
    for (line, words) in lines.iter_mut().zip(grid.bits.as_chunks::<W>().0) {
        *line = *words;
    }
    lines
}

/// Lays the codewords down, most significant bit first, into columns.
fn lay<const W: usize, const N: usize>(runs: &[Run], codewords: &[u8], columns: &mut Lines<W, N>) {
    let mut at = 0;
    for run in runs {
        let (column, word, shift) = (usize::from(run.column), usize::from(run.row) / 64, run.row % 64);
        let taken = if run.columns == Columns::Both { 2 * run.len } else { run.len };
        // The next `taken` bits, as the topmost row needs them at the low end.
        let window = window(codewords, at);
        let bits = if run.up { window >> (64 - taken) } else { window.reverse_bits() & u64::MAX >> (64 - taken) };
        at += usize::from(taken);
        match run.columns {
            Columns::Both => {
                // The right column takes the earlier bit of each two: the upper bit when climbing, the lower when not.
                let (first, second) = if run.up { (bits >> 1, bits) } else { (bits, bits >> 1) };
                columns[column][word] |= even_bits(first) << shift;
                columns[column - 1][word] |= even_bits(second) << shift;
            }
            Columns::Right => columns[column][word] |= bits << shift,
            Columns::Left => columns[column - 1][word] |= bits << shift,
        }
    }
}

/// 64 bits of `bytes` from bit `at`, first bit at the top, zeros after the end.
fn window(bytes: &[u8], at: usize) -> u64 {
    let rest = &bytes[(at / 8).min(bytes.len())..];
    let mut nine = [0; 9];
    match rest.first_chunk::<9>() {
        Some(whole) => nine = *whole,
        None => nine[..rest.len()].copy_from_slice(rest),
    }
    let [head @ .., tail] = nine;
    let shift = at % 8;
    u64::from_be_bytes(head) << shift | u64::from(tail) >> (8 - shift)
}

/// Bits 0, 2, 4 … of `x`, moved together.
const fn even_bits(x: u64) -> u64 {
    let mut x = x & 0x5555_5555_5555_5555;
    x = (x | x >> 1) & 0x3333_3333_3333_3333;
    x = (x | x >> 2) & 0x0F0F_0F0F_0F0F_0F0F;
    x = (x | x >> 4) & 0x00FF_00FF_00FF_00FF;
    x = (x | x >> 8) & 0x0000_FFFF_0000_FFFF;
    (x | x >> 16) & 0x0000_0000_FFFF_FFFF
}

/// Exchanges rows and columns, in blocks of 64 by 64.
fn transpose<const W: usize, const N: usize>(from: &Lines<W, N>, to: &mut Lines<W, N>, side: usize) {
    for across in 0..W {
        for down in 0..W {
            let mut block = [0; 64];
            for (i, line) in block.iter_mut().enumerate() {
                *line = from[64 * across + i][down];
            }
            transpose_block(&mut block);
            for (i, line) in block.iter().enumerate().take(side.saturating_sub(64 * down)) {
                to[64 * down + i][across] = *line;
            }
        }
    }
}

/// Exchanges ever smaller off-diagonal quarters, all blocks of one size at once.
fn transpose_block(block: &mut [u64; 64]) {
    swap_quarters::<32>(block, 0x0000_0000_FFFF_FFFF);
    swap_quarters::<16>(block, 0x0000_FFFF_0000_FFFF);
    swap_quarters::<8>(block, 0x00FF_00FF_00FF_00FF);
    swap_quarters::<4>(block, 0x0F0F_0F0F_0F0F_0F0F);
    swap_quarters::<2>(block, 0x3333_3333_3333_3333);
    swap_quarters::<1>(block, 0x5555_5555_5555_5555);
}

fn swap_quarters<const SIZE: usize>(block: &mut [u64; 64], low: u64) {
    let mut top = 0;
    while top < 64 {
        for i in top..top + SIZE {
            let swap = (block[i] >> SIZE ^ block[i + SIZE]) & low;
            block[i] ^= swap << SIZE;
            block[i + SIZE] ^= swap;
        }
        top += 2 * SIZE;
    }
}

fn apply<const W: usize, const N: usize>(
    mask: &[[u64; 3]; 12],
    lines: &Lines<W, N>,
    free: &Lines<W, N>,
    side: usize,
    out: &mut Lines<W, N>,
) {
    for start in (0..side).step_by(12) {
        // Lines beyond the side are zero and not free, so they stay zero.
        for (i, pattern) in (start..N).zip(mask) {
            for w in 0..W {
                out[i][w] = lines[i][w] ^ pattern[w] & free[i][w];
            }
        }
    }
}

/// The format information and the dark module (ISO/IEC 18004 §7.9).
struct Format {
    side: usize,
    /// Bit `x` of the modules in row 8.
    along_row: [u64; 3],
    /// Bit `y` of the modules in column 8.
    along_column: [u64; 3],
}

impl Format {
    fn new(level_bits: u8, mask: u8, side: usize) -> Self {
        let bits = with_remainder(u32::from(level_bits) << 3 | u32::from(mask), 0x537, 10) ^ 0x5412;
        let bits = u64::from(bits);
        let backwards = bits.reverse_bits() >> 49;
        // Row 8 reads from the most significant bit on, over the timing pattern in column 6 and again at the right end.
        let mut along_row = [backwards & 0x3F | (backwards >> 6 & 3) << 7, 0, 0];
        or_at(&mut along_row, backwards >> 7, side - 8);
        // Column 8 reads from the least significant bit on; the dark module stands before the lower part.
        let mut along_column = [bits & 0x3F | (bits >> 6 & 3) << 7, 0, 0];
        or_at(&mut along_column, bits >> 8 << 1 | 1, side - 8);
        Self { side, along_row, along_column }
    }

    /// Writes `along` into line 8 and each bit of `across` into bit 8 of its line.
    fn stamp<const W: usize, const N: usize>(&self, lines: &mut Lines<W, N>, along: [u64; 3], across: [u64; 3]) {
        for w in 0..W {
            lines[8][w] |= along[w];
        }
        for i in (0..9).chain(self.side - 8..self.side) {
            lines[i][0] |= (across[i / 64] >> (i % 64) & 1) << 8;
        }
    }
}

fn or_at(words: &mut [u64; 3], bits: u64, at: usize) {
    words[at / 64] |= bits << (at % 64);
    if at % 64 > 64 - 9 {
        words[at / 64 + 1] |= bits >> (64 - at % 64);
    }
}

/// The penalty of a symbol (ISO/IEC 18004 §7.8.3.1, Table 11).
///
/// Where the standard leaves room: only modules of the symbol count, not the quiet zone; the finder-like pattern counts once
/// if four light modules precede it, follow it, or both; the share of dark modules counts each full 5 % from one half.
fn penalty<const W: usize, const N: usize>(
    rows: &Lines<W, N>,
    columns: &Lines<W, N>,
    side: usize,
    found: &mut [Lines<W, N>; 3],
) -> u32 {
    line_penalty(rows, side, found)
        + block_penalty(rows, side, found)
        + line_penalty(columns, side, found)
        + balance_penalty(rows, side)
}

/// Rules 1 and 3 along one direction. `found` is scratch space: its content does not matter.
fn line_penalty<const W: usize, const N: usize>(lines: &Lines<W, N>, side: usize, found: &mut [Lines<W, N>; 3]) -> u32 {
    let four_from = below::<W>(side - 4);
    let four_light_from = below::<W>(side - 3);
    let [fives, runs, finders] = found;
    for (i, line) in lines[..side].iter().enumerate() {
        let same = not(xor(*line, right(*line, 1)));
        let two = and(same, right(same, 1));
        // Set where five modules of one colour begin: a run of n has n - 4 of them and costs n - 2.
        let five = and(and(two, right(two, 2)), four_from);
        fives[i] = five;
        runs[i] = and(five, not(left(five, 1)));

        let light = not(*line);
        let light_two = and(light, right(light, 1));
        let light_four = and(and(light_two, right(light_two, 2)), four_light_from);
        let dark_end = and(*line, not(right(*line, 1)));
        // dark light dark dark dark light dark
        let middle = and(and(right(*line, 2), right(*line, 3)), right(dark_end, 4));
        let finder = and(and(dark_end, middle), right(*line, 6));
        finders[i] = and(finder, or(right(light_four, 7), left(light_four, 4)));
    }
    count(fives[..side].as_flattened())
        + 2 * count(runs[..side].as_flattened())
        + 40 * count(finders[..side].as_flattened())
}

/// Rule 2: squares of two by two modules of one colour.
fn block_penalty<const W: usize, const N: usize>(rows: &Lines<W, N>, side: usize, found: &mut [Lines<W, N>; 3]) -> u32 {
    let inner = below::<W>(side - 1);
    let [blocks, ..] = found;
    for ((upper, lower), block) in rows[..side].iter().zip(&rows[1..side]).zip(blocks.iter_mut()) {
        let differs = or(or(xor(*upper, right(*upper, 1)), xor(*lower, right(*lower, 1))), xor(*upper, *lower));
        *block = and(not(differs), inner);
    }
    3 * count(blocks[..side - 1].as_flattened())
}

/// Rule 4: how far the share of dark modules is from one half.
fn balance_penalty<const W: usize, const N: usize>(rows: &Lines<W, N>, side: usize) -> u32 {
    let dark = count(rows[..side].as_flattened());
    let all = (side * side) as u32;
    (20 * dark).abs_diff(10 * all) / all * 10
}

/// The lowest `count` bits.
fn below<const W: usize>(count: usize) -> [u64; W] {
    std::array::from_fn(|w| match count.saturating_sub(64 * w) {
        0 => 0,
        n if n >= 64 => u64::MAX,
        n => u64::MAX >> (64 - n),
    })
}

/// Every module moved `by` places towards module 0; `by` is 1 to 7.
#[inline(always)]
fn right<const W: usize>(x: [u64; W], by: u32) -> [u64; W] {
    std::array::from_fn(|w| x[w] >> by | x.get(w + 1).map_or(0, |next| next << (64 - by)))
}

/// Every module moved `by` places away from module 0; `by` is 1 to 7.
#[inline(always)]
fn left<const W: usize>(x: [u64; W], by: u32) -> [u64; W] {
    std::array::from_fn(|w| x[w] << by | if w == 0 { 0 } else { x[w - 1] >> (64 - by) })
}

#[inline(always)]
fn and<const W: usize>(a: [u64; W], b: [u64; W]) -> [u64; W] {
    std::array::from_fn(|w| a[w] & b[w])
}

#[inline(always)]
fn or<const W: usize>(a: [u64; W], b: [u64; W]) -> [u64; W] {
    std::array::from_fn(|w| a[w] | b[w])
}

#[inline(always)]
fn xor<const W: usize>(a: [u64; W], b: [u64; W]) -> [u64; W] {
    std::array::from_fn(|w| a[w] ^ b[w])
}

#[inline(always)]
fn not<const W: usize>(a: [u64; W]) -> [u64; W] {
    a.map(|word| !word)
}

/// Set bits: eight words are first added to one another as bit columns, so that a word is counted once for every eight.
fn count(words: &[u64]) -> u32 {
    let (mut one, mut two, mut four, mut eights) = (0, 0, 0, 0);
    let (chunks, rest) = words.as_chunks::<8>();
    for &[a, b, c, d, e, f, g, h] in chunks {
        let (sum, two_a) = add(one, a, b);
        let (sum, two_b) = add(sum, c, d);
        let (twos, four_a) = add(two, two_a, two_b);
        let (sum, two_a) = add(sum, e, f);
        let (sum, two_b) = add(sum, g, h);
        let (twos, four_b) = add(twos, two_a, two_b);
        let (fours, eight) = add(four, four_a, four_b);
        (one, two, four) = (sum, twos, fours);
        eights += eight.count_ones();
    }
    let rest: u32 = rest.iter().map(|word| word.count_ones()).sum();
    8 * eights + 4 * four.count_ones() + 2 * two.count_ones() + one.count_ones() + rest
}

/// Sum and carry of each bit column.
#[inline(always)]
const fn add(a: u64, b: u64, c: u64) -> (u64, u64) {
    let either = a ^ b;
    (either ^ c, a & b | either & c)
}

#[cfg(test)]
#[allow(clippy::string_slice, reason = "test code")]
mod tests;
