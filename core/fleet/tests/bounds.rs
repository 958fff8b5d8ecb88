//! The policies keep their bounds on a small fleet; `cargo xtask simulate-fleet` shows the same for a million.
#![allow(clippy::float_arithmetic, reason = "test code")]

use jigap::network::Network;
use jigap::present::{OfflineTerms, Policy};
use jigap_fleet::{Day, People, play};

fn policy() -> Policy {
    let regions = ["CN", "JP"].map(str::to_owned).to_vec();
    let network = Network::parse("alipayplus").unwrap_or_else(|_| unreachable!("a good name"));
    Policy { offline: vec![OfflineTerms { network, regions, prefix: "2810".to_owned() }], ..Policy::default() }
}

fn ratio(day: &Day) -> f64 {
    day.peak_after_outage() / day.busiest_hour()
}

#[test]
fn after_an_outage_nobody_storms_the_gateway_and_few_codes_are_wasted() {
    let day = play(&People::day(20_000, 8), &policy());
    assert!(ratio(&day) <= 2.0, "peak to mean {}", ratio(&day));
    assert!(day.waste() <= 0.2, "wasted {}", day.waste());
    let (scans, offline) = day.scanned();
    assert!(scans > 50_000 && offline > 0.02 && offline < 0.2, "{scans} scans, {offline} made on the phone");
    assert!(day.refused * 20 < scans, "{} refused of {scans}", day.refused);
}

/// The bounds come from the policy and not from the model: without its care they do not hold.
#[test]
fn a_careless_policy_breaks_the_bounds() {
    let mut careless = policy();
    (careless.back_off_ms, careless.back_off_most_ms, careless.ask_ms) = (250, 250, 1_000);
    let storm = play(&People::day(20_000, 8), &careless);
    let knocks = |day: &Day| {
        let (start, end) = ((11 * 3600 + 2400) / 10, 12 * 3600 / 10);
        f64::from(day.requests().get(start..end).and_then(|buckets| buckets.iter().max().copied()).unwrap_or(0))
    };
    let calm = play(&People::day(20_000, 8), &policy());
    assert!(knocks(&storm) > 3.0 * knocks(&calm), "{} against {} while it is down", knocks(&storm), knocks(&calm));
}

#[test]
fn the_same_seed_is_the_same_day() {
    let days = [1, 1, 2].map(|seed| play(&People::day(500, seed), &policy()).requests());
    assert_eq!(days[0], days[1]);
    assert_ne!(days[1], days[2]);
}
