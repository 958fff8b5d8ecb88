//! How many codes the camera finds, and how long a frame takes: `cargo xtask bench --frames [DIR]`.
//!
//! Without a folder: synthetic frames ([`scene`]), VGA and 720p, twelve of each kind. A scanner that has seen nothing is
//! offered the same frame up to six times, as a phone that is held still does; a text counts as found when one of the
//! six gave it. Times are processor time of the thread, so that another program on the machine is not counted.
//!
//! With a folder: every picture in it that has a text beside it, with the whole ladder, one JSON object a line;
//! `cargo xtask` sets it beside zxing-cpp's.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    clippy::as_conversions,
    clippy::print_stdout,
    unreachable_pub,
    reason = "a benchmark"
)]

mod photographs;
mod scene;

use std::path::Path;

use jigap::code::camera::{Finding, Frame, Scanner};
use rustix::time::{ClockId, clock_gettime};

/// The most frames that a ladder may take.
const FRAMES: usize = 6;
const EACH: usize = 12;

/// Processor time of this thread so far, in milliseconds.
pub fn processor_ms() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let after = |name: &str| arguments.iter().position(|a| a == name).and_then(|at| arguments.get(at + 1));
    if let Some(folder) = after("--photographs") {
        photographs::score(Path::new(folder));
        return;
    }
    let seed = after("--seed").and_then(|seed| seed.parse().ok()).unwrap_or(20_261_123);
    println!("seed {seed}, {EACH} frames of each kind, milliseconds of processor time of one thread");
    for (width, height) in [(640, 480), (1280, 720)] {
        table(width, height, seed);
    }
}

fn percentile(values: &mut [f64], part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = ((values.len() as f64 - 1.0) * part).round() as usize;
    values.get(at).copied().unwrap_or(0.0)
}

/// What came of the frames of one kind.
#[derive(Default)]
struct Outcome {
    texts: usize,
    hits: usize,
    at_once: usize,
    wrong: usize,
    singles: Vec<f64>,
    ladders: Vec<f64>,
}

fn frames_of(kind: &str, width: usize, height: usize, seed: u64) -> Outcome {
    let mut outcome = Outcome::default();
    for index in 0..EACH {
        let scene = scene::scene(kind, index, width, height, seed);
        let scanner = Scanner::new();
        let frame = Frame::new(&scene.luma, width, height, width, 0).unwrap();
        let mut missing = scene.texts.clone();
        let mut ladder = 0.0;
        for offered in 0..FRAMES {
            let before = processor_ms();
            let finding = scanner.offer(&frame);
            let took = processor_ms() - before;
            outcome.singles.push(took);
            ladder += took;
            let found = match finding {
                Finding::One(found) => vec![found],
                Finding::Several(found) | Finding::Again(found) => found,
                Finding::Nothing | Finding::Busy => Vec::new(),
            };
            outcome.wrong += found.iter().filter(|found| !scene.texts.contains(&found.text)).count();
            missing.retain(|text| !found.iter().any(|found| found.text == *text));
            if missing.is_empty() && !scene.texts.is_empty() {
                outcome.at_once += usize::from(offered == 0);
                break;
            }
        }
        outcome.ladders.push(ladder);
        outcome.texts += scene.texts.len();
        outcome.hits += scene.texts.len() - missing.len();
    }
    outcome
}

fn table(width: usize, height: usize, seed: u64) {
    println!("\n{width}x{height}");
    println!(
        "{:<15} {:>7} {:>8} | {:>9} {:>6} | {:>9} {:>6}",
        "kind", "found", "at once", "one frame", "p95", "to a hit", "p95"
    );
    let mut all = Outcome::default();
    let mut line = |name: &str, outcome: &mut Outcome| {
        let singles = [0.5, 0.95].map(|part| percentile(&mut outcome.singles, part));
        let ladders = [0.5, 0.95].map(|part| percentile(&mut outcome.ladders, part));
        println!(
            "{name:<15} {:>3}/{:<3} {:>8} | {:>9.2} {:>6.2} | {:>9.2} {:>6.2}{}",
            outcome.hits,
            outcome.texts,
            outcome.at_once,
            singles[0],
            singles[1],
            ladders[0],
            ladders[1],
            if outcome.wrong > 0 { format!("  WRONG TEXTS {}", outcome.wrong) } else { String::new() }
        );
    };
    for kind in scene::KINDS {
        let mut outcome = frames_of(kind, width, height, seed);
        line(kind, &mut outcome);
        if kind != "none" {
            all.texts += outcome.texts;
            all.hits += outcome.hits;
            all.at_once += outcome.at_once;
            all.singles.extend(outcome.singles);
            all.ladders.extend(outcome.ladders);
        }
        all.wrong += outcome.wrong;
    }
    line("all with a code", &mut all);
    println!("rate {:.1} %, wrong texts {}", 100.0 * all.hits as f64 / all.texts as f64, all.wrong);
}
