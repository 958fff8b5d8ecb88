//! Many lives at once, and what they come to.
#![allow(clippy::print_stdout, reason = "a command line tool talks to its user")]

use crate::life::play;
use crate::report::Report;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

/// After so many lives with violations there is enough to read.
const MOST_BAD: usize = 20;

/// A seed, and what must not have happened in its life.
type Bad = (u64, Vec<(&'static str, String)>);

/// How many lives, from which seed on.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How many.
    pub lives: u64,
    /// The first seed.
    pub seed: u64,
    /// Threads.
    pub jobs: u64,
    /// Print the story of every life.
    pub trace: bool,
}

/// Lives after each other from a plan's seeds on, shared by threads, until enough were bad. A bad life counts when `counts` says so.
fn lives(
    plan: &Plan,
    enough: usize,
    prepare: impl Fn() + Sync,
    counts: impl Fn(u64) -> bool + Sync,
) -> (Report, Vec<Bad>) {
    let next = AtomicU64::new(0);
    let found = AtomicUsize::new(0);
    thread::scope(|scope| {
        let work = || {
            prepare();
            let (mut sum, mut bad) = (Report::default(), Vec::new());
            while found.load(Ordering::Relaxed) < enough {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= plan.lives {
                    break;
                }
                let seed = plan.seed + n;
                let (report, story) = play(seed, plan.trace);
                if plan.trace {
                    println!("seed {seed}\n{}", story.join("\n"));
                }
                if !report.violations.is_empty() && counts(seed) {
                    found.fetch_add(1, Ordering::Relaxed);
                    bad.push((seed, report.violations.clone()));
                }
                sum.add(report);
            }
            (sum, bad)
        };
        let workers: Vec<_> = (0..plan.jobs).map(|_| scope.spawn(work)).collect();
        let (mut sum, mut bad) = (Report::default(), Vec::new());
        for worker in workers {
            let (one, more) = worker.join().expect("a worker catches what a life throws");
            sum.add(one);
            bad.extend(more);
        }
        bad.sort_by_key(|(seed, _)| *seed);
        (sum, bad)
    })
}

/// Plays all lives. True when nothing was violated.
pub fn run(plan: &Plan) -> bool {
    let began = Instant::now();
    let (sum, bad) = lives(plan, MOST_BAD, || (), |_| true);
    let took = began.elapsed();
    let a_second = u128::from(sum.lives).saturating_mul(1000).checked_div(took.as_millis()).unwrap_or(0);
    println!("{}", sum.text());
    for (seed, violations) in &bad {
        for (invariant, what) in violations {
            println!("seed {seed}: {invariant}: {what}");
        }
        println!("  replay: cargo xtask simulate --lives 1 --seed {seed} --trace");
        keep(*seed, violations);
    }
    println!(
        "{} lives in {} s, {a_second} a second with {} jobs; {} violations in {} lives",
        sum.lives,
        took.as_secs(),
        plan.jobs,
        sum.violations.len(),
        bad.len()
    );
    bad.is_empty()
}

/// Writes a bad seed to the file that `cargo test` replays. A build server only tells of it.
fn keep(seed: u64, violations: &[(&'static str, String)]) {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/regressions.txt");
    let known = std::fs::read_to_string(file).unwrap_or_default();
    let there = known.lines().any(|line| line.split_whitespace().next() == Some(seed.to_string().as_str()));
    if there || std::env::var_os("CI").is_some() {
        return;
    }
    let names: Vec<&str> = violations.iter().map(|(invariant, _)| *invariant).collect();
    let line = format!("{seed} {}\n", names.join("; "));
    let opened = std::fs::OpenOptions::new().append(true).open(file);
    if opened.and_then(|mut file| std::io::Write::write_all(&mut file, line.as_bytes())).is_ok() {
        println!("  kept in core/simulator/regressions.txt");
    }
}

/// Plays with each planted bug until it is found, the lives of a plan at most. True when all are.
#[cfg(feature = "mutants")]
pub fn mutants(plan: &Plan, only: Option<&str>) -> bool {
    use jigap::mutant::{Mutant, plant};
    let began = Instant::now();
    let wanted = |mutant: &&Mutant| only.is_none_or(|name| mutant.as_str() == name || format!("{mutant:?}") == name);
    let (mut found, mut missed) = (0u32, 0u32);
    for mutant in Mutant::ALL.iter().filter(wanted) {
        // A life that is bad without the bug as well has found something else.
        let by_the_bug = |seed| {
            plant(None);
            let good_without = play(seed, false).0.violations.is_empty();
            plant(Some(*mutant));
            if !good_without {
                println!(
                    "  seed {seed} is bad without a planted bug: cargo xtask simulate --lives 1 --seed {seed} --trace"
                );
            }
            good_without
        };
        let (sum, bad) = lives(plan, 1, || plant(Some(*mutant)), by_the_bug);
        match bad.first() {
            Some((seed, violations)) => {
                found += 1;
                let mut invariants: Vec<&str> = violations.iter().map(|(invariant, _)| *invariant).collect();
                invariants.dedup();
                let (after, invariants) = (seed - plan.seed + 1, invariants.join("; "));
                println!("{:<36} found after {after} lives: {invariants} (seed {seed})", mutant.as_str());
            }
            None => {
                missed += 1;
                println!("{:<36} MISSED in {} lives", mutant.as_str(), sum.lives);
            }
        }
    }
    println!("{found} planted bugs found, {missed} missed, in {:.1} s", began.elapsed().as_secs_f64());
    missed == 0 && found > 0
}

/// This build has none.
#[cfg(not(feature = "mutants"))]
pub fn mutants(_: &Plan, _: Option<&str>) -> bool {
    println!("this build has no planted bugs: build it with the feature `mutants`");
    false
}
