//! What is the same in every QR symbol of one version: function patterns, free modules, and the way the data runs.
//!
//! Built once a version, then kept: version 40 takes 12 KB, all 40 together 210 KB, and a wallet uses two or three.
#![allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "no outside value comes here: every number derives from a version that `template` has checked to be 1 to 40, \
              so coordinates stay below 177; the tests build all 40 and compare each with an independent encoder"
)]

use std::sync::OnceLock;

/// Modules of a square symbol, one bit each: bit `x % 64` of word `x / 64` of row `y`, 1 = dark.
#[derive(Clone)]
pub(super) struct Grid {
    pub(super) side: usize,
    pub(super) words: usize,
    pub(super) bits: Vec<u64>,
}

impl Grid {
    pub(super) fn new(side: usize) -> Self {
        let words = side.div_ceil(64);
        Self { side, words, bits: vec![0; side * words] }
    }

    fn set(&mut self, x: usize, y: usize, dark: bool) {
        let word = &mut self.bits[y * self.words + x / 64];
        *word = *word & !(1 << (x % 64)) | u64::from(dark) << (x % 64);
    }

    /// Makes a module light, if there is one.
    pub(super) fn lighten(&mut self, x: usize, y: usize) {
        if x < self.side && y < self.side {
            self.set(x, y, false);
        }
    }

    fn get(&self, x: usize, y: usize) -> bool {
        self.bits[y * self.words + x / 64] >> (x % 64) & 1 == 1
    }
}

/// Which of the two columns of a pair a run fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Columns {
    Both,
    Right,
    Left,
}

/// Consecutive rows of one column pair that take data in the same way.
///
/// A run never crosses a word of 64 rows and never takes more than 64 bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    /// The right column of the pair; the left one is next to it.
    pub(super) column: u8,
    /// The topmost row.
    pub(super) row: u8,
    /// Rows, 1 to 32.
    pub(super) len: u8,
    pub(super) columns: Columns,
    /// Whether the data climbs from the bottom row to the top row.
    pub(super) up: bool,
}

/// Everything that depends on the version alone.
pub(super) struct Template {
    /// Dark function modules without format information. Equal to its own transpose.
    pub(super) function: Grid,
    /// Modules that carry data. Equal to its own transpose.
    pub(super) free: Grid,
    /// The order of the data (ISO/IEC 18004 §7.7.3).
    pub(super) runs: Vec<Run>,
}

/// The template of a version, or `None` for a version outside 1 to 40.
pub(super) fn template(version: u8) -> Option<&'static Template> {
    static TEMPLATES: [OnceLock<Template>; 40] = [const { OnceLock::new() }; 40];
    let cell = TEMPLATES.get(usize::from(version).checked_sub(1)?)?;
    Some(cell.get_or_init(|| build(usize::from(version))))
}

fn build(version: usize) -> Template {
    let side = version * 4 + 17;
    let mut function = Grid::new(side);
    // Dark here means "not for data" while the patterns are laid out; `free` is its opposite.
    let mut taken = Grid::new(side);
    let mut put = |x: usize, y: usize, dark: bool| {
        function.set(x, y, dark);
        taken.set(x, y, true);
    };

    // Timing patterns (§6.3.5) first: finders and alignment patterns lie over them.
    for i in 0..side {
        put(6, i, i % 2 == 0);
        put(i, 6, i % 2 == 0);
    }
    // Finder patterns with separators (§6.3.3, §6.3.4): rings by the distance from the centre.
    for (centre_x, centre_y) in [(3, 3), (side - 4, 3), (3, side - 4)] {
        for y in centre_y.saturating_sub(4)..(centre_y + 5).min(side) {
            for x in centre_x.saturating_sub(4)..(centre_x + 5).min(side) {
                let ring = x.abs_diff(centre_x).max(y.abs_diff(centre_y));
                put(x, y, ring != 2 && ring != 4);
            }
        }
    }
    // Alignment patterns (§6.3.6), except where a finder is.
    let centres = alignment_centres(version);
    for (i, &centre_y) in centres.iter().enumerate() {
        for (j, &centre_x) in centres.iter().enumerate() {
            let last = centres.len() - 1;
            if matches!((i, j), (0, 0)) || (i, j) == (0, last) || (i, j) == (last, 0) {
                continue;
            }
            for y in centre_y - 2..=centre_y + 2 {
                for x in centre_x - 2..=centre_x + 2 {
                    put(x, y, x.abs_diff(centre_x).max(y.abs_diff(centre_y)) != 1);
                }
            }
        }
    }
    // Version information (§7.10): 18 bits, BCH (18,6), twice.
    if version >= 7 {
        let bits = with_remainder(version as u32, 0x1F25, 12);
        for i in 0..18 {
            let dark = bits >> i & 1 == 1;
            put(side - 11 + i % 3, i / 3, dark);
            put(i / 3, side - 11 + i % 3, dark);
        }
    }
    // Format information and the dark module (§7.9) differ by level and mask: only their place is taken here.
    for i in (0..9).chain(side - 8..side) {
        taken.set(8, i, true);
        taken.set(i, 8, true);
    }

    let mut free = Grid::new(side);
    for y in 0..side {
        for x in 0..side {
            free.set(x, y, !taken.get(x, y));
        }
    }
    let runs = runs(&free);
    Template { function, free, runs }
}

/// Rows and columns of the alignment pattern centres (ISO/IEC 18004 Annex E).
///
/// The table follows one rule: even spacing, rounded up to an even number and counted back from the far side. Version 32
/// is the exception of the standard.
fn alignment_centres(version: usize) -> Vec<usize> {
    if version == 1 {
        return Vec::new();
    }
    let gaps = version / 7 + 1;
    let last = version * 4 + 10;
    let step = if version == 32 { 26 } else { (last - 6).div_ceil(gaps).next_multiple_of(2) };
    let mut centres: Vec<usize> = (0..gaps).map(|i| last - i * step).collect();
    centres.push(6);
    centres.reverse();
    centres
}

/// `value` followed by `check_bits` BCH check bits.
pub(super) const fn with_remainder(value: u32, generator: u32, check_bits: u32) -> u32 {
    let mut rest = value << check_bits;
    while rest >> check_bits != 0 {
        rest ^= generator << (generator.leading_zeros() - rest.leading_zeros());
    }
    value << check_bits | rest
}

/// The two-column zigzag, upwards first, that leaves out the vertical timing pattern (§7.7.3).
fn runs(free: &Grid) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut up = true;
    let rights = (7..free.side).rev().step_by(2).chain([5, 3, 1]);
    for right in rights {
        let mut open: Option<Run> = None;
        for step in 0..free.side {
            let y = if up { free.side - 1 - step } else { step };
            let columns = match (free.get(right, y), free.get(right - 1, y)) {
                (true, true) => Some(Columns::Both),
                (true, false) => Some(Columns::Right),
                (false, true) => Some(Columns::Left),
                (false, false) => None,
            };
            match (&mut open, columns) {
                (Some(run), Some(columns))
                    if run.columns == columns && run.len < 32 && y / 64 == usize::from(run.row) / 64 =>
                {
                    run.len += 1;
                    run.row = run.row.min(y as u8);
                }
                _ => {
                    runs.extend(open.take());
                    open = columns.map(|columns| Run { column: right as u8, row: y as u8, len: 1, columns, up });
                }
            }
        }
        runs.extend(open);
        up = !up;
    }
    runs
}
