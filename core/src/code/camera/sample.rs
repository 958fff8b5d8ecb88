//! A second reading of a symbol that was located: its modules from the grey pixels, not from dark and light.
//!
//! A pixel's threshold knows nothing of modules. Where the corners are known, each module can be weighed as a whole and
//! compared with the modules around it: noise averages out, and blur, which carries a module's light into its
//! neighbours, can be taken back in part.
#![allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    clippy::as_conversions,
    reason = "geometry of pixels, not money: sides are 21 to 177 modules, each place is checked against the picture \
              before it is used, and a float becomes a whole number by saturation"
)]

use rxing::common::BitMatrix;

use super::frame::View;

/// Modules to each side whose mean tells dark from light.
const AROUND: usize = 4;
/// How much of the neighbours' light is taken back.
pub(super) const SHARPNESS: [f32; 2] = [0.0, 0.9];

/// Where the symbol's square lies: the projection of the unit square onto the four corners, clockwise from upper left.
struct Projection([f32; 8]);

impl Projection {
    /// After P. Heckbert, "Fundamentals of Texture Mapping and Image Warping" (1989), §2.2.3.
    fn new(corners: &[(f32, f32); 4]) -> Option<Self> {
        let [(x0, y0), (x1, y1), (x2, y2), (x3, y3)] = *corners;
        let (sx, sy) = (x0 - x1 + x2 - x3, y0 - y1 + y2 - y3);
        let (dx1, dx2, dy1, dy2) = (x1 - x2, x3 - x2, y1 - y2, y3 - y2);
        let det = dx1 * dy2 - dx2 * dy1;
        if det.abs() < 1e-3 {
            return None;
        }
        let (g, h) = ((sx * dy2 - dx2 * sy) / det, (dx1 * sy - sx * dy1) / det);
        Some(Self([x1 - x0 + g * x1, x3 - x0 + h * x3, x0, y1 - y0 + g * y1, y3 - y0 + h * y3, y0, g, h]))
    }

    fn at(&self, u: f32, v: f32) -> (f32, f32) {
        let [a, b, c, d, e, f, g, h] = self.0;
        let w = g * u + h * v + 1.0;
        ((a * u + b * v + c) / w, (d * u + e * v + f) / w)
    }
}

/// The light of each module, row by row; `None` when a part of the symbol lies outside the picture.
pub(super) fn light(view: View<'_>, corners: &[(f32, f32); 4], side: u32) -> Option<Vec<f32>> {
    let projection = Projection::new(corners)?;
    let mut light = Vec::with_capacity((side * side) as usize);
    let step = 1.0 / side as f32;
    for y in 0..side {
        for x in 0..side {
            let mut sum = 0.0;
            for down in [-0.25, 0.0, 0.25] {
                for across in [-0.25, 0.0, 0.25] {
                    let (px, py) = projection.at((x as f32 + 0.5 + across) * step, (y as f32 + 0.5 + down) * step);
                    if px < 0.0 || py < 0.0 || px >= view.width as f32 || py >= view.height as f32 {
                        return None;
                    }
                    sum += f32::from(view.pixels[py as usize * view.stride + px as usize]);
                }
            }
            light.push(sum);
        }
    }
    Some(light)
}

/// Dark modules: those darker than the mean of the modules around, after sharpening.
pub(super) fn modules(light: &[f32], side: u32, sharpness: f32, inverted: bool) -> Option<BitMatrix> {
    let n = side as usize;
    let at = |x: usize, y: usize| light[y * n + x];
    let mut sharp = vec![0.0_f32; n * n];
    for y in 0..n {
        for x in 0..n {
            let (left, right, above, below) =
                (x.saturating_sub(1), (x + 1).min(n - 1), y.saturating_sub(1), (y + 1).min(n - 1));
            let near = (at(left, y) + at(right, y) + at(x, above) + at(x, below)) / 4.0;
            sharp[y * n + x] = at(x, y) + sharpness * (at(x, y) - near);
        }
    }
    // A summed-area table of the light as it was: the sharpened mean is the same but for the edges.
    let mut sums = vec![0.0_f64; (n + 1) * (n + 1)];
    for y in 0..n {
        let mut row = 0.0;
        for x in 0..n {
            row += f64::from(at(x, y));
            sums[(y + 1) * (n + 1) + x + 1] = sums[y * (n + 1) + x + 1] + row;
        }
    }
    let mut bits = BitMatrix::new(side, side).ok()?;
    for y in 0..n {
        for x in 0..n {
            let (left, right) = (x.saturating_sub(AROUND), (x + AROUND + 1).min(n));
            let (above, below) = (y.saturating_sub(AROUND), (y + AROUND + 1).min(n));
            let sum = |x: usize, y: usize| sums[y * (n + 1) + x];
            let all = sum(right, below) - sum(left, below) - sum(right, above) + sum(left, above);
            let mean = (all / ((right - left) * (below - above)) as f64) as f32;
            if (sharp[y * n + x] < mean) != inverted {
                bits.set(x as u32, y as u32);
            }
        }
    }
    Some(bits)
}
