//! Lives that once went wrong, some more, and that a seed is a life.
#![allow(clippy::unwrap_used, reason = "test code")]

use jigap_simulator::play;

#[test]
fn what_went_wrong_once_goes_well() {
    let kept = include_str!("../regressions.txt").lines().filter(|line| !line.starts_with('#'));
    let seeds: Vec<u64> = kept.filter_map(|line| line.split_whitespace().next()?.parse().ok()).collect();
    assert!(!seeds.is_empty());
    for seed in seeds {
        assert_eq!(play(seed, false).0.violations, [], "seed {seed}");
    }
}

#[test]
fn lives_go_well_and_something_happens_in_them() {
    let mut charges = 0;
    for seed in 1_000_000..1_000_040 {
        let (report, _) = play(seed, false);
        assert_eq!(report.violations, [], "seed {seed}");
        charges += report.counts.get("charges").copied().unwrap_or(0);
    }
    assert!(charges > 5);
}

#[test]
fn the_same_seed_is_the_same_life() {
    for seed in [3, 7, 11, 569, 663] {
        let (once, again) = (play(seed, true).1, play(seed, true).1);
        assert!(once.len() > 3);
        assert_eq!(once, again, "seed {seed}");
    }
}
