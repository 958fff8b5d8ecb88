//! Many lives at once, and what they come to.
#![allow(clippy::print_stdout, reason = "a command line tool talks to its user")]

use crate::life::play;
use crate::report::Report;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

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

/// Plays all lives. True when nothing was violated.
pub fn run(plan: &Plan, _mutant: Option<&str>) -> bool {
    let began = Instant::now();
    let next = AtomicU64::new(0);
    let mut sum = Report::default();
    let mut bad = Vec::new();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..plan.jobs)
            .map(|_| {
                scope.spawn(|| {
                    let (mut sum, mut bad) = (Report::default(), Vec::new());
                    loop {
                        let n = next.fetch_add(1, Ordering::Relaxed);
                        if n >= plan.lives || bad.len() > 20 {
                            return (sum, bad);
                        }
                        let seed = plan.seed + n;
                        let (report, story) = play(seed, plan.trace);
                        if plan.trace {
                            println!("seed {seed}\n{}", story.join("\n"));
                        }
                        if !report.violations.is_empty() {
                            bad.push((seed, report.violations.clone()));
                        }
                        sum.add(report);
                    }
                })
            })
            .collect();
        for worker in workers {
            let (one, more) = worker.join().expect("a worker catches what a life throws");
            sum.add(one);
            bad.extend(more);
        }
    });
    let seconds = began.elapsed().as_secs_f64();
    println!("{}", sum.text());
    bad.sort_by_key(|(seed, _)| *seed);
    for (seed, violations) in bad.iter().take(20) {
        for (invariant, what) in violations {
            println!("seed {seed}: {invariant}: {what}");
        }
        println!("  replay: cargo xtask simulate --lives 1 --seed {seed} --trace");
    }
    println!(
        "{} lives in {seconds:.1} s, {:.0} a second with {} jobs; {} violations in {} lives",
        sum.lives,
        sum.lives as f64 / seconds,
        plan.jobs,
        sum.violations.len(),
        bad.len()
    );
    bad.is_empty()
}

/// Plays with each planted bug until it is found. True when all are.
pub fn mutants(_plan: &Plan) -> bool {
    println!("this build has no planted bugs");
    false
}
