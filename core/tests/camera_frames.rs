//! How many of the synthetic frames are read. Not timed: `cargo xtask bench --frames` is.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    clippy::as_conversions,
    missing_docs,
    unreachable_pub,
    reason = "test code"
)]

#[path = "../benches/frames/scene.rs"]
mod scene;

use jigap::code::camera::{Finding, Frame, Scanner};
use std::thread;

/// Frames of each kind. The benchmark has twelve and another seed.
const EACH: usize = 3;
const SEED: u64 = 5;

/// Texts and hits of one kind: six frames of the same scene are the ladder.
fn read(kind: &str, width: usize, height: usize) -> (usize, usize) {
    let (mut texts, mut hits) = (0, 0);
    for index in 0..EACH {
        let scene = scene::scene(kind, index, width, height, SEED);
        let frame = Frame::new(&scene.luma, scene.width, scene.height, scene.width, 0).unwrap();
        let scanner = Scanner::new();
        let mut missing = scene.texts.clone();
        for _ in 0..6 {
            let found = match scanner.offer(&frame) {
                Finding::One(found) => vec![found],
                Finding::Several(found) | Finding::Again(found) => found,
                Finding::Nothing | Finding::Busy => Vec::new(),
            };
            for found in found {
                assert!(scene.texts.contains(&found.text), "{kind} {index}: a text that is not in the frame");
                missing.retain(|text| *text != found.text);
            }
            if missing.is_empty() {
                break;
            }
        }
        texts += scene.texts.len();
        hits += scene.texts.len() - missing.len();
    }
    (texts, hits)
}

#[test]
fn of_the_vga_frames_at_least_91_in_a_hundred_are_read_and_none_wrongly() {
    let results: Vec<(usize, usize)> = thread::scope(|scope| {
        let halves: Vec<_> = scene::KINDS
            .chunks(scene::KINDS.len() / 2)
            .map(|kinds| scope.spawn(|| kinds.iter().map(|kind| read(kind, 640, 480)).collect::<Vec<_>>()))
            .collect();
        halves.into_iter().flat_map(|half| half.join().unwrap()).collect()
    });
    let (texts, hits) = results.iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    assert_eq!(texts, 24 * EACH, "one of a frame, two of two_qr, none of none");
    assert!(100 * hits >= 91 * texts, "{hits} of {texts}: {:?}", scene::KINDS.iter().zip(&results).collect::<Vec<_>>());
}
