//! Grey pixels to smaller, larger, smoother ones, and to dark or light.
//!
//! Two ways to tell dark from light. [`blocks`] follows the light of 40 by 40 pixels around and takes flat places for
//! light; it is the cheap one. [`around`] compares each pixel with the mean around it, by a summed-area table, and
//! nothing is flat to it; it is for faint, shadowed and noisy pictures.
#![allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "pixels: a `View` has all its rows, sides are at most 16,384 and pixels at most 64 million (checked in \
              `Frame::new`), so sums of bytes fit into 64 bits and of one block or window into 32; `get` on every pixel would cost more than the frame's budget"
)]

use rxing::common::{BitArray, BitMatrix};

use super::frame::{Plane, View};

/// Pixels along the side of a block.
const BLOCK: usize = 8;
/// Blocks to each side whose mean makes a block's threshold.
const REACH: usize = 2;

/// Half as wide and high, by the mean of four.
pub(super) fn half(view: View<'_>) -> Plane {
    let (width, height) = (view.width / 2, view.height / 2);
    let mut pixels = vec![0; width * height];
    for (y, out) in pixels.chunks_exact_mut(width.max(1)).enumerate() {
        let (above, below) = (view.row(2 * y), view.row(2 * y + 1));
        for ((out, a), b) in out.iter_mut().zip(above.chunks_exact(2)).zip(below.chunks_exact(2)) {
            *out = ((u16::from(a[0]) + u16::from(a[1]) + u16::from(b[0]) + u16::from(b[1]) + 2) / 4) as u8;
        }
    }
    Plane { pixels, width, height }
}

/// Twice as wide and high, the pixels between by their neighbours' mean.
pub(super) fn double(view: View<'_>) -> Plane {
    let (width, height) = (view.width * 2, view.height * 2);
    let mut pixels = vec![0; width * height];
    let mut wide = [vec![0_u16; width], vec![0_u16; width]];
    let widen = |row: &[u8], out: &mut [u16]| {
        for (x, pair) in out.chunks_exact_mut(2).enumerate() {
            let (here, next) = (u16::from(row[x]), u16::from(row[(x + 1).min(row.len() - 1)]));
            pair[0] = here * 2;
            pair[1] = here + next;
        }
    };
    widen(view.row(0), &mut wide[0]);
    for y in 0..view.height {
        let [here, next] = &mut wide;
        widen(view.row((y + 1).min(view.height - 1)), next);
        let (first, second) = pixels[2 * y * width..(2 * y + 2) * width].split_at_mut(width);
        for x in 0..width {
            first[x] = (here[x] / 2) as u8;
            second[x] = ((here[x] + next[x]) / 4) as u8;
        }
        wide.swap(0, 1);
    }
    Plane { pixels, width, height }
}

/// The mean of three by three: takes noise away, and a screen's raster.
pub(super) fn smooth(view: View<'_>) -> Plane {
    let (width, height) = (view.width, view.height);
    let mut pixels = vec![0; width * height];
    let mut sums = vec![0_u16; width];
    for (y, out) in pixels.chunks_exact_mut(width.max(1)).enumerate() {
        let (above, here, below) = (view.row(y.saturating_sub(1)), view.row(y), view.row((y + 1).min(view.height - 1)));
        for (((sum, a), b), c) in sums.iter_mut().zip(above).zip(here).zip(below) {
            *sum = u16::from(*a) + u16::from(*b) + u16::from(*c);
        }
        // The edge columns stand in for their missing neighbour; / 9 by a multiplication that is exact below 2,296.
        let mean = |sum: u16| ((u32::from(sum) * 7282) >> 16) as u8;
        out[0] = mean(sums[0] * 2 + sums[1.min(width - 1)]);
        out[width - 1] = mean(sums[width - 1] * 2 + sums[width.saturating_sub(2)]);
        for (out, three) in out.iter_mut().skip(1).zip(sums.windows(3)) {
            *out = mean(three[0] + three[1] + three[2]);
        }
    }
    Plane { pixels, width, height }
}

/// Dark or light by the light of the blocks around. Blocks whose pixels differ by `least` or less are flat: light, or as
/// their neighbours above and to the left. `None` when the picture is smaller than five blocks.
pub(super) fn blocks(view: View<'_>, least: u8) -> Option<BitMatrix> {
    let (across, down) = (view.width.div_ceil(BLOCK), view.height.div_ceil(BLOCK));
    if view.width < BLOCK || view.height < BLOCK || across < 2 * REACH + 1 || down < 2 * REACH + 1 {
        return None;
    }
    let points = black_points(view, across, down, least);
    let mut bits = BitMatrix::new(view.width as u32, view.height as u32).ok()?;
    let mut line = BitArray::with_size(view.width);
    let mut thresholds = vec![0_u8; across * BLOCK];
    for block_y in 0..down {
        let top = block_y.clamp(REACH, down - 1 - REACH) - REACH;
        // Sums over five rows of black points, then over five of those: the threshold of each block in this row.
        let columns: Vec<u32> =
            (0..across).map(|x| (top..=top + 2 * REACH).map(|y| u32::from(points[y * across + x])).sum()).collect();
        for (x, eight) in thresholds.chunks_exact_mut(BLOCK).enumerate() {
            let left = x.clamp(REACH, across - 1 - REACH) - REACH;
            let sum: u32 = columns[left..=left + 2 * REACH].iter().sum();
            eight.fill((sum / 25) as u8);
        }
        for y in block_y * BLOCK..((block_y + 1) * BLOCK).min(view.height) {
            pack(view.row(y), &thresholds, &mut line);
            bits.setRow(y as u32, &line);
        }
    }
    Some(bits)
}

/// For each block, the level below which a pixel is dark.
fn black_points(view: View<'_>, across: usize, down: usize, least: u8) -> Vec<u8> {
    let mut points = vec![0_u8; across * down];
    let mut low = vec![u8::MAX; across * BLOCK];
    let mut high = vec![0_u8; across * BLOCK];
    let mut sums = vec![0_u16; across * BLOCK];
    for block_y in 0..down {
        // Blocks at the lower and right edge overlap their neighbours, so that every one is whole.
        let top = (block_y * BLOCK).min(view.height - BLOCK);
        low.fill(u8::MAX);
        high.fill(0);
        sums.fill(0);
        for y in top..top + BLOCK {
            let row = view.row(y);
            for (((low, high), sum), pixel) in low.iter_mut().zip(&mut high).zip(&mut sums).zip(row) {
                *low = (*low).min(*pixel);
                *high = (*high).max(*pixel);
                *sum += u16::from(*pixel);
            }
        }
        for x in 0..across {
            let left = (x * BLOCK).min(view.width - BLOCK);
            let range = left..left + BLOCK;
            let lowest = low[range.clone()].iter().copied().fold(u8::MAX, u8::min);
            let highest = high[range.clone()].iter().copied().fold(0, u8::max);
            let sum: u32 = sums[range].iter().copied().map(u32::from).sum();
            let mean = (sum / (BLOCK * BLOCK) as u32) as u8;
            let at = block_y * across + x;
            points[at] = if highest - lowest > least {
                mean
            } else if x > 0 && block_y > 0 {
                // Inside a large dark module all is flat: what the neighbours found tells it from paper.
                let around =
                    u32::from(points[at - across]) + 2 * u32::from(points[at - 1]) + u32::from(points[at - across - 1]);
                let around = (around / 4) as u8;
                if lowest < around { around } else { lowest / 2 }
            } else {
                lowest / 2
            };
        }
    }
    points
}

/// Dark or light by half way between the darkest and the lightest of the blocks around. Blur moves a mean towards what
/// there is more of; the middle of the range it leaves where it is.
pub(super) fn ranges(view: View<'_>, reach: usize) -> Option<BitMatrix> {
    let (across, down) = (view.width / BLOCK, view.height / BLOCK);
    if across == 0 || down == 0 {
        return None;
    }
    let mut low = vec![u8::MAX; across * down];
    let mut high = vec![0_u8; across * down];
    for (y, (low, high)) in low.chunks_exact_mut(across).zip(high.chunks_exact_mut(across)).enumerate() {
        for line in y * BLOCK..(y + 1) * BLOCK {
            for ((low, high), eight) in low.iter_mut().zip(high.iter_mut()).zip(view.row(line).chunks_exact(BLOCK)) {
                *low = eight.iter().copied().fold(*low, u8::min);
                *high = eight.iter().copied().fold(*high, u8::max);
            }
        }
    }
    let mut bits = BitMatrix::new(view.width as u32, view.height as u32).ok()?;
    let mut line = BitArray::with_size(view.width);
    let mut thresholds = vec![0_u8; view.width];
    for y in 0..view.height {
        if y % BLOCK == 0 && y / BLOCK < down {
            let rows = (y / BLOCK).saturating_sub(reach)..(y / BLOCK + reach + 1).min(down);
            let column = |x: usize| {
                rows.clone().fold((u8::MAX, 0), |(l, h), y| (l.min(low[y * across + x]), h.max(high[y * across + x])))
            };
            let columns: Vec<(u8, u8)> = (0..across).map(column).collect();
            for (x, threshold) in thresholds.iter_mut().enumerate() {
                let block = (x / BLOCK).min(across - 1);
                if x % BLOCK == 0 || x == 0 {
                    let near = &columns[block.saturating_sub(reach)..(block + reach + 1).min(across)];
                    let (l, h) = near.iter().fold((u8::MAX, 0), |(l, h), (a, b)| (l.min(*a), h.max(*b)));
                    // Where nothing stands out all is paper.
                    *threshold = if h - l < 16 { 0 } else { l.midpoint(h) };
                } else {
                    *threshold = 0;
                }
            }
            for x in 0..view.width {
                thresholds[x] = thresholds[x / BLOCK * BLOCK];
            }
        }
        pack(view.row(y), &thresholds, &mut line);
        bits.setRow(y as u32, &line);
    }
    Some(bits)
}

/// The middle part of a picture: `part` of 8 of its width and height.
pub(super) fn middle(view: View<'_>, part: usize) -> (View<'_>, (usize, usize)) {
    let (width, height) = ((view.width * part / 8).max(1), (view.height * part / 8).max(1));
    let (left, top) = ((view.width - width) / 2, (view.height - height) / 2);
    let pixels = &view.pixels[top * view.stride + left..];
    (View { pixels, width, height, stride: view.stride }, (left, top))
}

/// Dark where a pixel is more than `bias` below the mean of the square of `2 * radius + 1` around it.
pub(super) fn around(view: View<'_>, radius: usize, bias: u8) -> Option<BitMatrix> {
    let (width, height) = (view.width, view.height);
    if width < 2 || height < 2 {
        return None;
    }
    let mut bits = BitMatrix::new(width as u32, height as u32).ok()?;
    let mut line = BitArray::with_size(width);
    // Column sums over the rows of the window: a row comes in below, one goes out above.
    let mut columns = vec![0_u32; width];
    for y in 0..radius.min(height) {
        add(&mut columns, view.row(y));
    }
    let mut running = vec![0_u32; width + 1];
    let mut thresholds = vec![0_u8; width];
    let mut inverse: (usize, Vec<u64>) = (0, Vec::new());
    for y in 0..height {
        if y + radius < height {
            add(&mut columns, view.row(y + radius));
        }
        if y > radius {
            take(&mut columns, view.row(y - radius - 1));
        }
        let rows = (y + radius).min(height - 1) - y.saturating_sub(radius) + 1;
        if inverse.0 != rows {
            inverse = (rows, (0..=width).map(|n| (1_u64 << 32) / (rows * n.max(1)) as u64).collect());
        }
        let mut sum = 0_u32;
        for (running, column) in running[1..].iter_mut().zip(&columns) {
            sum = sum.wrapping_add(*column);
            *running = sum;
        }
        for (x, threshold) in thresholds.iter_mut().enumerate() {
            let (left, right) = (x.saturating_sub(radius), (x + radius + 1).min(width));
            let sum = running[right].wrapping_sub(running[left]);
            let mean = ((u64::from(sum) * inverse.1[right - left]) >> 32) as u8;
            *threshold = mean.saturating_sub(bias);
        }
        pack(view.row(y), &thresholds, &mut line);
        bits.setRow(y as u32, &line);
    }
    Some(bits)
}

fn add(columns: &mut [u32], row: &[u8]) {
    for (column, pixel) in columns.iter_mut().zip(row) {
        *column = column.wrapping_add(u32::from(*pixel));
    }
}

fn take(columns: &mut [u32], row: &[u8]) {
    for (column, pixel) in columns.iter_mut().zip(row) {
        *column = column.wrapping_sub(u32::from(*pixel));
    }
}

/// One bit a pixel into `line`, set where the pixel is at or below its threshold.
fn pack(row: &[u8], thresholds: &[u8], line: &mut BitArray) {
    const WORD: usize = usize::BITS as usize;
    for (word, (pixels, levels)) in row.chunks(WORD).zip(thresholds.chunks(WORD)).enumerate() {
        let mut dark = [0_u8; WORD];
        for ((dark, pixel), level) in dark.iter_mut().zip(pixels).zip(levels) {
            *dark = u8::from(pixel <= level);
        }
        let mut packed = 0_usize;
        for (at, eight) in dark.chunks_exact(8).enumerate() {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(eight);
            // Eight bytes of 0 or 1 to eight bits: the product gathers them in its highest byte, the first as the lowest.
            let gathered = u64::from_le_bytes(bytes).wrapping_mul(0x0102_0408_1020_4080) >> 56;
            packed |= (gathered as usize) << (8 * at);
        }
        line.setBulk(word * WORD, packed);
    }
}
