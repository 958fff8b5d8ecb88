//! Synthetic frames: a code in a cluttered picture, in twenty-three conditions, and a cluttered picture without one.
//!
//! Everything follows from a seed, so two runs, and two readers, see the same frames. The conditions are those that
//! decoders are usually told apart by; the numbers in their names are pixels a module, degrees, blur in modules (sigma),
//! noise in grey levels (sigma).

use jigap::code::draw::qr::{self, Level, Modules, Segmentation};
use jigap::code::draw::{code128, mark};

/// The conditions, in the order they are shown.
pub const KINDS: [&str; 24] = [
    "clean_large",
    "clean_mid",
    "scale_3px",
    "scale_2px",
    "scale_1.5px",
    "rotation",
    "persp_30deg",
    "persp_50deg",
    "blur_0.4mod",
    "blur_0.7mod",
    "motion_1.2mod",
    "noise_s20",
    "noise_s50",
    "low_contrast",
    "hard_shadow",
    "glare",
    "inverted",
    "two_qr",
    "centre_logo_H",
    "curved",
    "screen_moire",
    "realistic_mix",
    "code128",
    "none",
];

/// A frame and the texts in it.
pub struct Scene {
    pub width: usize,
    pub height: usize,
    pub luma: Vec<u8>,
    pub texts: Vec<String>,
}

/// A small generator of numbers (xorshift64*), good enough for pictures.
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        let mut dice = Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        for _ in 0..8 {
            dice.next();
        }
        dice
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// Evenly from 0 to 1.
    fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / 16_777_216.0
    }

    fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() >> 33) as usize % end.max(1)
    }

    /// About normal, sigma 1: the sum of four.
    fn normal(&mut self) -> f32 {
        let bits = self.next();
        let sum: u64 = (0..4).map(|part| bits >> (16 * part) & 0xFFFF).sum();
        (sum as f32 / 65_536.0 - 2.0) * 1.732
    }
}

/// Merchant codes of 74 to 363 bytes, one a scheme; the table has its sources.
pub fn payloads() -> Vec<String> {
    let table = include_str!("../../tests/vectors/merchant_codes.tsv");
    let payloads: Vec<String> =
        table.lines().skip(1).filter_map(|line| line.rsplit('\t').next()).map(str::to_owned).collect();
    payloads.into_iter().filter(|payload| (70..=370).contains(&payload.len())).collect()
}

/// From the symbol's plane, in modules from its centre, to pixels.
type Matrix = [[f32; 3]; 3];

fn inverse(m: &Matrix) -> Matrix {
    let minor = |a: usize, b: usize, c: usize, d: usize| m[a][c] * m[b][d] - m[a][d] * m[b][c];
    let det = m[0][0] * minor(1, 2, 1, 2) - m[0][1] * minor(1, 2, 0, 2) + m[0][2] * minor(1, 2, 0, 1);
    let c = |value: f32| value / det;
    [
        [c(minor(1, 2, 1, 2)), c(-minor(0, 2, 1, 2)), c(minor(0, 1, 1, 2))],
        [c(-minor(1, 2, 0, 2)), c(minor(0, 2, 0, 2)), c(-minor(0, 1, 0, 2))],
        [c(minor(1, 2, 0, 1)), c(-minor(0, 2, 0, 1)), c(minor(0, 1, 0, 1))],
    ]
}

fn project(m: &Matrix, x: f32, y: f32) -> (f32, f32) {
    let w = m[2][0] * x + m[2][1] * y + m[2][2];
    ((m[0][0] * x + m[0][1] * y + m[0][2]) / w, (m[1][0] * x + m[1][1] * y + m[1][2]) / w)
}

/// Where a symbol lies: scale in pixels a module, turn in the picture, tilt out of it about an axis, centre.
struct Pose {
    scale: f32,
    turn: f32,
    tilt: f32,
    axis: f32,
    centre: (f32, f32),
}

impl Pose {
    /// A pinhole camera whose focal length is 1.2 of the picture's width.
    fn matrix(&self, width: usize) -> Matrix {
        let focal = 1.2 * width as f32;
        let distance = focal / self.scale;
        // Turn in the plane, then tilt about an axis in the picture (Rodrigues).
        let (sin, cos) = self.turn.sin_cos();
        let (ax, ay) = (self.axis.cos(), self.axis.sin());
        let (st, ct) = self.tilt.sin_cos();
        let tilted = |x: f32, y: f32| {
            let along = (ax * x + ay * y) * (1.0 - ct);
            [x * ct + ax * along, y * ct + ay * along, (ax * y - ay * x) * st]
        };
        let (first, second) = (tilted(cos, sin), tilted(-sin, cos));
        let (cx, cy) = self.centre;
        let row = |at: usize, centre: f32| {
            [focal * first[at] + centre * first[2], focal * second[at] + centre * second[2], centre * distance]
        };
        [row(0, cx), row(1, cy), [first[2], second[2], distance]]
    }
}

/// What is drawn: width and height in modules with the quiet zone, and whether a module is dark.
struct Sheet<'a> {
    width: f32,
    height: f32,
    dark: &'a dyn Fn(f32, f32) -> bool,
}

/// Grey levels as they grow.
struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<f32>,
}

impl Canvas {
    fn cluttered(width: usize, height: usize, dice: &mut Dice) -> Self {
        let (base, across, down) = (dice.between(90.0, 190.0), dice.between(-50.0, 50.0), dice.between(-50.0, 50.0));
        let pixels = (0..width * height)
            .map(|at| {
                let (x, y) = ((at % width) as f32 / width as f32, (at / width) as f32 / height as f32);
                base + across * (x - 0.5) + down * (y - 0.5)
            })
            .collect();
        let mut canvas = Self { width, height, pixels };
        for _ in 0..60 {
            let (w, h) = (dice.between(4.0, width as f32 / 5.0), dice.between(2.0, height as f32 / 6.0));
            let (x, y) = (dice.between(-20.0, width as f32), dice.between(-20.0, height as f32));
            let level = dice.between(20.0, 235.0);
            canvas.rectangle(x, y, w, h, level);
        }
        // Lines of something like print.
        for _ in 0..10 {
            let (mut x, y) = (dice.between(0.0, width as f32), dice.between(0.0, height as f32));
            let (size, level) = (dice.between(5.0, 16.0), dice.between(10.0, 90.0));
            for _ in 0..dice.below(40) {
                let stroke = dice.between(1.0, size * 0.4);
                let height = size * dice.between(0.4, 1.0);
                canvas.rectangle(x, y, stroke, height, level);
                x += stroke + dice.between(1.0, size * 0.5);
            }
        }
        canvas
    }

    fn rectangle(&mut self, x: f32, y: f32, w: f32, h: f32, level: f32) {
        let range =
            |from: f32, size: f32, end: usize| (from.max(0.0) as usize)..((from + size).max(0.0) as usize).min(end);
        for row in range(y, h, self.height) {
            for column in range(x, w, self.width) {
                self.pixels[row * self.width + column] = level;
            }
        }
    }

    /// Draws a sheet, four samples a pixel. `bend` is the radius of the cylinder it lies on, in modules.
    fn draw(&mut self, sheet: &Sheet<'_>, pose: &Pose, ink: f32, paper: f32, bend: Option<f32>) {
        let to_pixels = pose.matrix(self.width);
        let to_sheet = inverse(&to_pixels);
        let (w, h) = (sheet.width / 2.0, sheet.height / 2.0);
        let corners = [(-w, -h), (w, -h), (w, h), (-w, h)].map(|(x, y)| project(&to_pixels, x, y));
        let least = |pick: fn(&(f32, f32)) -> f32| corners.iter().map(pick).fold(f32::MAX, f32::min).max(0.0) as usize;
        let most = |pick: fn(&(f32, f32)) -> f32| corners.iter().map(pick).fold(0.0, f32::max) as usize + 2;
        for row in least(|c| c.1)..most(|c| c.1).min(self.height) {
            for column in least(|c| c.0)..most(|c| c.0).min(self.width) {
                let at = row * self.width + column;
                let (mut sum, mut under) = (0.0, 0.0);
                for (dx, dy) in [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)] {
                    let (mut x, y) = project(&to_sheet, column as f32 + dx, row as f32 + dy);
                    if let Some(radius) = bend {
                        x = if x.abs() < radius { radius * (x / radius).asin() } else { f32::MAX };
                    }
                    let (x, y) = (x + w, y + h);
                    if x >= 0.0 && y >= 0.0 && x < sheet.width && y < sheet.height {
                        sum += if (sheet.dark)(x, y) { ink } else { paper };
                        under += 1.0;
                    }
                }
                self.pixels[at] = (sum + self.pixels[at] * (4.0 - under)) / 4.0;
            }
        }
    }

    fn blur(&mut self, sigma: f32) {
        let reach = (3.0 * sigma).ceil() as usize;
        let weights: Vec<f32> =
            (0..=2 * reach).map(|at| (-(at as f32 - reach as f32).powi(2) / (2.0 * sigma * sigma)).exp()).collect();
        self.convolve(&weights, true);
        self.convolve(&weights, false);
    }

    fn convolve(&mut self, weights: &[f32], across: bool) {
        let total: f32 = weights.iter().sum();
        let reach = weights.len() / 2;
        let mut out = vec![0.0; self.pixels.len()];
        let (w, h) = (self.width, self.height);
        for y in 0..h {
            for (at, weight) in weights.iter().enumerate() {
                let weight = weight / total;
                if across {
                    let shift = at as isize - reach as isize;
                    for x in 0..w {
                        let from = (x as isize + shift).clamp(0, w as isize - 1) as usize;
                        out[y * w + x] += weight * self.pixels[y * w + from];
                    }
                } else {
                    let from = (y + at).saturating_sub(reach).min(h - 1);
                    let row = &self.pixels[from * w..(from + 1) * w];
                    for (out, pixel) in out[y * w..(y + 1) * w].iter_mut().zip(row) {
                        *out += weight * pixel;
                    }
                }
            }
        }
        self.pixels = out;
    }

    fn each(&mut self, change: impl Fn(f32, f32, f32) -> f32) {
        let width = self.width;
        for (at, pixel) in self.pixels.iter_mut().enumerate() {
            *pixel = change((at % width) as f32, (at / width) as f32, *pixel);
        }
    }

    fn finish(self, noise: f32, dice: &mut Dice, texts: Vec<String>) -> Scene {
        let luma = self.pixels.iter().map(|level| (level + noise * dice.normal()).round().clamp(0.0, 255.0) as u8);
        Scene { width: self.width, height: self.height, luma: luma.collect(), texts }
    }
}

/// Frame number `index` of a kind.
pub fn scene(kind: &str, index: usize, width: usize, height: usize, seed: u64) -> Scene {
    let place = KINDS.iter().position(|known| *known == kind).unwrap_or(KINDS.len());
    let mut dice = Dice::new(seed ^ ((place as u64) << 32) ^ ((index as u64) << 16) ^ width as u64);
    let dice = &mut dice;
    let mut canvas = Canvas::cluttered(width, height, dice);
    let payloads = payloads();
    let text = payloads[(index + place) % payloads.len()].clone();
    let noise = match kind {
        "noise_s20" => 20.0,
        "noise_s50" => 50.0,
        "realistic_mix" => 8.0,
        "low_contrast" => 2.5,
        _ => 3.0,
    };
    match kind {
        "none" => return canvas.finish(noise, dice, Vec::new()),
        "code128" => {
            let digits: String = (0..19).map(|_| char::from(b'0' + dice.below(10) as u8)).collect();
            let bars = code128::encode(&digits).unwrap();
            let modules: Vec<bool> = bars.modules().collect();
            let wide = modules.len() as f32 + 20.0;
            let scale = (width as f32 * dice.between(0.55, 0.85) / wide).max(1.5);
            let dark = |x: f32, y: f32| {
                y > 6.0 && y < wide / 3.0 - 6.0 && modules.get((x - 10.0) as usize) == Some(&true) && x >= 10.0
            };
            let sheet = Sheet { width: wide, height: wide / 3.0, dark: &dark };
            let centre = (width as f32 * dice.between(0.47, 0.53), height as f32 * dice.between(0.4, 0.6));
            let pose = Pose {
                scale,
                turn: dice.between(-0.1, 0.1),
                tilt: dice.between(0.0, 0.2),
                axis: dice.between(0.0, 6.2),
                centre,
            };
            canvas.draw(&sheet, &pose, 30.0, 225.0, None);
            canvas.blur(0.5);
            return canvas.finish(noise, dice, vec![digits]);
        }
        "two_qr" => {
            let other = payloads[(index + place + 3) % payloads.len()].clone();
            for (at, text) in [(0.27, &text), (0.73, &other)] {
                let modules = qr::encode(text, Level::M, Segmentation::Smallest).unwrap();
                let side = modules.side() as f32 + 8.0;
                let scale = (width as f32 * 0.42 / side).min(height as f32 * 0.85 / side);
                let centre = (width as f32 * at, height as f32 * dice.between(0.45, 0.55));
                let pose = Pose { scale, turn: dice.between(-0.08, 0.08), tilt: 0.0, axis: 0.0, centre };
                place_symbol(&mut canvas, &modules, &pose, (30.0, 225.0), None);
            }
            canvas.blur(0.5);
            return canvas.finish(noise, dice, vec![text, other]);
        }
        _ => {}
    }
    let mut modules = if kind == "centre_logo_H" {
        qr::encode(&text, Level::H, Segmentation::Smallest).unwrap()
    } else {
        qr::encode(&text, Level::M, Segmentation::Smallest).unwrap()
    };
    if kind == "centre_logo_H" {
        modules = mark::clear_centre(&modules, mark::largest(&modules)).unwrap();
    }
    let side = modules.side() as f32 + 8.0;
    let filling = |part: f32| height as f32 * part / side;
    let scale = match kind {
        "clean_large" => filling(dice.between(0.8, 0.95)),
        "clean_mid" => filling(dice.between(0.45, 0.6)),
        "scale_3px" => 3.0,
        "scale_2px" => 2.0,
        "scale_1.5px" => 1.5,
        "persp_50deg" | "persp_30deg" => filling(dice.between(0.75, 0.9)),
        "noise_s50" | "blur_0.4mod" | "blur_0.7mod" => filling(dice.between(0.6, 0.9)),
        _ => filling(dice.between(0.5, 0.75)),
    };
    let room = ((height as f32 - side * scale) * 0.35).max(0.0);
    let centre = (
        width as f32 / 2.0 + dice.between(-1.0, 1.0) * (room + width as f32 * 0.08),
        height as f32 / 2.0 + dice.between(-room, room),
    );
    let turn = match kind {
        "rotation" => dice.between(-3.14, 3.14),
        "clean_large" => dice.between(-0.02, 0.02),
        _ => dice.between(-0.15, 0.15),
    };
    let tilt = match kind {
        "persp_30deg" => 30_f32.to_radians(),
        "persp_50deg" => 50_f32.to_radians(),
        "realistic_mix" => dice.between(0.15, 0.4),
        _ => dice.between(0.0, 0.05),
    };
    let pose = Pose { scale, turn, tilt, axis: dice.between(0.0, 6.28), centre };
    let levels = match kind {
        "inverted" => (225.0, 30.0),
        "low_contrast" => {
            let dark = dice.between(90.0, 130.0);
            (dark, dark + dice.between(18.0, 28.0))
        }
        "realistic_mix" => (dice.between(40.0, 70.0), dice.between(150.0, 200.0)),
        "noise_s50" => (20.0, 235.0),
        _ => (30.0, 225.0),
    };
    let bend = (kind == "curved").then(|| side * dice.between(0.62, 0.75));
    place_symbol(&mut canvas, &modules, &pose, levels, bend);
    match kind {
        "blur_0.4mod" => canvas.blur(0.4 * scale),
        "blur_0.7mod" => canvas.blur(0.7 * scale),
        "motion_1.2mod" => {
            let length = ((1.2 * scale).round() as usize).max(2);
            canvas.convolve(&vec![1.0; length], index % 2 == 0);
        }
        "realistic_mix" => canvas.blur(0.3 * scale),
        _ => canvas.blur(0.45),
    }
    let (cx, cy) = centre;
    match kind {
        "hard_shadow" => {
            let (across, down) = dice.between(0.0, 6.28).sin_cos();
            let offset = dice.between(-0.2, 0.2) * side * scale;
            let depth = dice.between(0.2, 0.35);
            canvas.each(|x, y, level| if (x - cx) * across + (y - cy) * down > offset { level * depth } else { level });
        }
        "realistic_mix" => {
            let (across, down) = dice.between(0.0, 6.28).sin_cos();
            canvas.each(|x, y, level| {
                let along = ((x - cx) * across + (y - cy) * down) / (side * scale);
                level * (0.8 + 0.35 * along).clamp(0.45, 1.15)
            });
        }
        "glare" => {
            let (gx, gy) =
                (cx + dice.between(-0.25, 0.25) * side * scale, cy + dice.between(-0.25, 0.25) * side * scale);
            let radius = side * scale * dice.between(0.08, 0.13);
            canvas.each(|x, y, level| {
                let away = ((x - gx).powi(2) + (y - gy).powi(2)).sqrt() / radius;
                level + 330.0 * (-away * away).exp()
            });
        }
        "screen_moire" => {
            let (fx, fy) = (dice.between(1.1, 2.4), dice.between(0.02, 0.3));
            let depth = dice.between(15.0, 32.0);
            canvas.each(|x, y, level| level + depth * ((x * fx + y * fy).sin() + (y * fx - x * fy).sin()));
        }
        _ => {}
    }
    canvas.finish(noise, dice, vec![text])
}

fn place_symbol(canvas: &mut Canvas, modules: &Modules, pose: &Pose, (ink, paper): (f32, f32), bend: Option<f32>) {
    let side = modules.side() as f32 + 8.0;
    let dark = |x: f32, y: f32| {
        let (x, y) = (x - 4.0, y - 4.0);
        x >= 0.0
            && y >= 0.0
            && (x as usize) < modules.side()
            && (y as usize) < modules.side()
            && modules.is_dark(x as usize, y as usize)
    };
    canvas.draw(&Sheet { width: side, height: side, dark: &dark }, pose, ink, paper, bend);
}
