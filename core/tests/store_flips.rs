//! Bytes of a database flipped, one at a time: noticed, harmless or refused, and never read as something else.
//!
//! A thousand at random in every run; every byte, each with all its bits turned and with one, on demand:
//! `cargo test --release -p jigap --test store_flips -- --ignored --nocapture`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "test code"
)]

mod full;
mod sample;

use full::{Full, Home, audited};
use jigap::error::{Code, Result};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// What came of the flips.
#[derive(Default)]
struct Count {
    refused: AtomicUsize,
    /// Of the refused: those that reading alone had not noticed.
    by_audit: AtomicUsize,
    harmless: AtomicUsize,
    wrong: Mutex<Vec<String>>,
}

struct Victim {
    home: Home,
    full: Full,
    whole: Vec<u8>,
}

impl Victim {
    fn new() -> Self {
        let (home, full) = (Home::new(), Full::new());
        full.fill(&home.open().unwrap());
        home.checkpoint();
        let whole = fs::read(home.file()).unwrap();
        Self { home, full, whole }
    }

    /// Opens a copy in which one byte is another one, looks at everything, and counts what came of it.
    fn flip(&self, at: usize, mask: u8, count: &Count) {
        let place = Home::new();
        fs::create_dir_all(place.folder()).unwrap();
        let mut bytes = self.whole.clone();
        bytes[at] ^= mask;
        fs::write(place.file(), &bytes).unwrap();
        let read = || -> Result<()> {
            let store = place.open_with(&self.home.vault())?;
            // Before the audit a row may be hidden by a damaged page; after it nothing may.
            let early = catch_unwind(AssertUnwindSafe(|| self.full.read(&store)));
            if let Err(error) = audited(&store) {
                count.by_audit.fetch_add(usize::from(!matches!(early, Ok(Err(_)))), Ordering::Relaxed);
                return Err(error);
            }
            self.full.read(&store)
        };
        match catch_unwind(AssertUnwindSafe(read)) {
            Ok(Ok(())) => count.harmless.fetch_add(1, Ordering::Relaxed),
            Ok(Err(error)) => {
                let expected = [Code::StoreDamaged, Code::StoreFailed, Code::StoreTooNew, Code::VaultKeyLost];
                assert!(expected.contains(&error.code()), "{error}");
                count.refused.fetch_add(1, Ordering::Relaxed)
            }
            Err(panic) => {
                let text = panic.downcast_ref::<String>().cloned().unwrap_or_default();
                let line = format!("byte {at} (page {}) ^{mask}: {}", at / 4096 + 1, text.lines().next().unwrap_or(""));
                count.wrong.lock().unwrap_or_else(PoisonError::into_inner).push(line);
                0
            }
        };
        // Whatever was wrong with it: the file is still there to be looked at.
        assert!(fs::metadata(place.file()).unwrap().len() > 0);
    }
}

fn report(count: &Count, flips: usize) {
    let wrong = count.wrong.lock().unwrap_or_else(PoisonError::into_inner);
    let [refused, by_audit, harmless] =
        [&count.refused, &count.by_audit, &count.harmless].map(|n| n.load(Ordering::Relaxed));
    #[allow(clippy::print_stdout, reason = "the figures are the point of the run on demand")]
    {
        println!(
            "{flips} flips: {refused} refused, of these {by_audit} by the audit alone; {harmless} harmless; {} wrong",
            wrong.len()
        );
    }
    assert!(wrong.is_empty(), "read as something else:\n{}", wrong.join("\n"));
    assert_eq!(refused + harmless, flips);
}

/// A small generator with a fixed seed: every run flips the same bytes.
fn shuffled(seed: u64) -> impl Iterator<Item = usize> {
    std::iter::successors(Some(seed), |n| {
        Some(n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407))
    })
    .map(|n| usize::try_from(n >> 33).unwrap())
}

#[test]
fn a_thousand_flipped_bytes_are_harmless_or_refused_and_never_wrong_data() {
    let (victim, count) = (Victim::new(), Count::default());
    // Bytes that hold something: most of a small database is empty.
    let used: Vec<usize> = (0..victim.whole.len()).filter(|at| victim.whole[*at] != 0).collect();
    let luck: Vec<usize> = shuffled(20_260_726).take(2_000).collect();
    std::thread::scope(|scope| {
        for part in luck.chunks(1_000) {
            scope.spawn(|| {
                for pair in part.chunks(2) {
                    let mask = u8::try_from(pair[1] % 255 + 1).unwrap();
                    victim.flip(used[pair[0] % used.len()], mask, &count);
                }
            });
        }
    });
    report(&count, 1_000);
    assert!(count.refused.load(Ordering::Relaxed) > 300, "the flips reach what matters");
}

#[test]
#[ignore = "every byte: minutes"]
fn every_flipped_byte_is_harmless_or_refused_and_never_wrong_data() {
    let (victim, count) = (Victim::new(), Count::default());
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= victim.whole.len() {
                        return;
                    }
                    victim.flip(at, 0xff, &count);
                    victim.flip(at, 1 << (at % 8), &count);
                }
            });
        }
    });
    report(&count, 2 * victim.whole.len());
}
