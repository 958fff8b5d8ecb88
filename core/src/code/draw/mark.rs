//! The mark of a network in the centre of a QR symbol.
//!
//! A mark destroys what it covers, and error correction repairs it. Alipay+ allows a mark of 15 % of the symbol; whether a
//! symbol bears that depends on how the covered modules fall on its blocks. So the limit here is counted, for each version:
//! no block may lose more than two thirds of what it can correct, whatever the mark looks like. The last third stays for the
//! reader's own troubles.

use super::DrawError;
use super::qr::{Level, Modules};
use super::template::{Columns, Run, Template, template};

/// The largest share of the symbol's area that a mark may cover, in percent (Alipay+, user-presented mode).
pub const MAX_PERCENT: usize = 15;

/// Error correction blocks of versions 1 to 40 at level H (ISO/IEC 18004 Table 9).
#[rustfmt::skip]
const BLOCKS: [usize; 40] = [
    1, 1, 2, 4, 4, 4, 5, 6, 8, 8, 11, 11, 16, 16, 18, 16, 19, 21, 25, 25,
    25, 34, 30, 32, 35, 37, 40, 42, 45, 48, 51, 54, 57, 60, 63, 66, 70, 74, 77, 81,
];

/// The largest side in modules that a centre mark may have on this symbol: an odd number, or 0 if it takes none (levels
/// other than H, and symbols that are too small).
#[must_use]
pub fn largest(modules: &Modules) -> usize {
    if modules.level() != Level::H {
        return 0;
    }
    let index = usize::from(modules.version()).saturating_sub(1);
    match (template(modules.version()), BLOCKS.get(index)) {
        (Some(template), Some(blocks)) => largest_ring(template, *blocks, modules.data_codewords())
            .map_or(0, |ring| ring.saturating_mul(2).saturating_add(1)),
        _ => 0,
    }
}

/// The symbol with a light square of `side` by `side` modules in its centre, for a mark to be drawn into.
///
/// # Errors
/// [`DrawError::MarkNeedsLevelH`]; [`DrawError::MarkTooLarge`] if `side` is even, 0, or larger than [`largest`].
pub fn clear_centre(modules: &Modules, side: usize) -> Result<Modules, DrawError> {
    if modules.level() != Level::H {
        return Err(DrawError::MarkNeedsLevelH);
    }
    let limit = largest(modules);
    if side > limit || side.is_multiple_of(2) {
        return Err(DrawError::MarkTooLarge { side, limit });
    }
    let mut cleared = modules.clone();
    let first = modules.side().saturating_sub(side) / 2;
    for y in first..first.saturating_add(side) {
        for x in first..first.saturating_add(side) {
            cleared.grid_mut().lighten(x, y);
        }
    }
    Ok(cleared)
}

/// The largest distance from the centre, in modules, that may be covered.
fn largest_ring(template: &Template, blocks: usize, data: usize) -> Option<usize> {
    let side = template.free.side;
    let centre = side / 2;
    let rings = codeword_rings(template, centre);
    let per_block = rings.len().checked_sub(data)?.checked_div(blocks)?;
    let bearable = (per_block / 2).saturating_mul(2) / 3;

    let mut of_block = vec![Vec::new(); blocks];
    for (index, ring) in rings.iter().enumerate() {
        of_block.get_mut(block_of(index, data, blocks)?)?.push(*ring);
    }
    let mut largest = centre.checked_sub(9)?; // the format information begins 8 modules from the edge
    for block in &mut of_block {
        block.sort_unstable();
        // The codeword that would be one too many, and must stay outside.
        largest = largest.min(block.get(bearable)?.checked_sub(1)?);
    }
    let area = |ring: usize| ring.saturating_mul(2).saturating_add(1).saturating_pow(2).saturating_mul(100);
    (0..=largest).rev().find(|ring| area(*ring) <= MAX_PERCENT.saturating_mul(side).saturating_mul(side))
}

/// For each codeword in the order of placement, the least distance from the centre of one of its modules.
fn codeword_rings(template: &Template, centre: usize) -> Vec<usize> {
    let rings: Vec<usize> = template
        .runs
        .iter()
        .flat_map(|run| positions(*run))
        .map(|(x, y)| x.abs_diff(centre).max(y.abs_diff(centre)))
        .collect();
    rings.as_chunks::<8>().0.iter().filter_map(|codeword| codeword.iter().min().copied()).collect()
}

/// The modules of a run in the order of the data.
fn positions(run: Run) -> impl Iterator<Item = (usize, usize)> {
    let (right, top, len) = (usize::from(run.column), usize::from(run.row), usize::from(run.len));
    (0..len).flat_map(move |step| {
        let down = if run.up { len.saturating_sub(step).saturating_sub(1) } else { step };
        let y = top.saturating_add(down);
        let (first, second) = match run.columns {
            Columns::Both => (Some(right), Some(right.saturating_sub(1))),
            Columns::Right => (Some(right), None),
            Columns::Left => (None, Some(right.saturating_sub(1))),
        };
        first.into_iter().chain(second).map(move |x| (x, y))
    })
}

/// The block that the codeword at `index` belongs to: codewords of the blocks take turns, and the longer blocks, which come
/// last, have one more turn at the end of the data (ISO/IEC 18004 §7.6).
fn block_of(index: usize, data: usize, blocks: usize) -> Option<usize> {
    let shorter = data.checked_div(blocks)?.checked_mul(blocks)?;
    if index < shorter {
        index.checked_rem(blocks)
    } else if index < data {
        index.checked_sub(shorter)?.checked_add(blocks.checked_sub(data.checked_sub(shorter)?)?)
    } else {
        index.checked_sub(data)?.checked_rem(blocks)
    }
}
