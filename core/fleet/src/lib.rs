//! A day of many wallets: flights, meals, dead zones, a gateway that fails at lunch and comes back.
//!
//! What a wallet does is the core's own code: [`jigap::present::Stage`] decides what is fetched and shown,
//! [`jigap::present::Policy`] how long it waits. What people and networks do is a model, stated in [`People`] and [`Line`]. Every
//! visit to a till is played by itself from one seed; only the counts of the gateway are shared.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    reason = "a simulation of averages, not of money; it may stop with a panic"
)]

mod chance;
mod visit;

pub use chance::Chance;
pub use visit::{Line, Person};

use jigap::present::Policy;

/// Seconds of a day.
pub const DAY_S: usize = 86_400;
/// The counts are taken over so many seconds.
pub const BUCKET_S: usize = 10;

/// How people travel and pay.
#[derive(Debug, Clone, Copy)]
pub struct People {
    /// How many wallets.
    pub wallets: u64,
    /// Decides everything.
    pub seed: u64,
    /// When the gateway fails and when it is back, in seconds of the gateway's day; the lunch of Japan by default.
    pub outage: (i64, i64),
    /// Share of visits in a place without network.
    pub dead: f64,
    /// Share of visits where half of the exchanges fail.
    pub thin: f64,
}

impl People {
    /// A day with an outage of twenty minutes before the busiest hour.
    pub const fn day(wallets: u64, seed: u64) -> Self {
        Self { wallets, seed, outage: (11 * 3600 + 2400, 12 * 3600), dead: 0.04, thin: 0.06 }
    }
}

/// What the gateway saw, and what the wallets got.
#[derive(Debug, Clone)]
pub struct Day {
    /// Requests for codes in each bucket.
    pub fetches: Vec<u32>,
    /// Questions about codes in each bucket.
    pub polls: Vec<u32>,
    /// Scans in each bucket, online and made on the phone.
    pub scans: [Vec<u32>; 2],
    /// Codes issued.
    pub issued: u64,
    /// Codes issued and never on a screen.
    pub wasted: u64,
    /// Visits to a till.
    pub visits: u64,
    /// Scans refused: over, or nobody could verify them.
    pub refused: u64,
    /// Visits on which there was no code at all.
    pub empty_handed: u64,
    outage: (i64, i64),
}

impl Day {
    fn new(outage: (i64, i64)) -> Self {
        let zeros = || vec![0; DAY_S / BUCKET_S];
        let scans = [zeros(), zeros()];
        let (fetches, polls) = (zeros(), zeros());
        Self { fetches, polls, scans, issued: 0, wasted: 0, visits: 0, refused: 0, empty_handed: 0, outage }
    }

    fn bucket(now_ms: i64) -> usize {
        (now_ms / 1000).rem_euclid(DAY_S as i64) as usize / BUCKET_S
    }

    /// All requests in a bucket.
    pub fn requests(&self) -> Vec<u32> {
        self.fetches.iter().zip(&self.polls).map(|(a, b)| a + b).collect()
    }

    /// Requests a second in the busiest hour, outside the outage.
    pub fn busiest_hour(&self) -> f64 {
        let requests = self.requests();
        let hour = 3600 / BUCKET_S;
        let out = (self.outage.0 as usize / BUCKET_S)..(self.outage.1 as usize / BUCKET_S);
        let whole = |start: &usize| !(*start..*start + hour).any(|bucket| out.contains(&bucket));
        let starts = (0..=requests.len() - hour).step_by(6).filter(whole);
        let sums = starts.map(|start| requests[start..start + hour].iter().map(|n| u64::from(*n)).sum::<u64>());
        sums.max().unwrap_or(0) as f64 / 3600.0
    }

    /// The most requests a second, over ten seconds, in the hour after the outage.
    pub fn peak_after_outage(&self) -> f64 {
        let start = self.outage.1 as usize / BUCKET_S;
        let hour = &self.requests()[start..start + 3600 / BUCKET_S];
        f64::from(*hour.iter().max().unwrap_or(&0)) / BUCKET_S as f64
    }

    /// Scans, and the share of those made on the phone.
    pub fn scanned(&self) -> (u64, f64) {
        let [online, offline] = self.scans.each_ref().map(|counts| counts.iter().map(|n| u64::from(*n)).sum::<u64>());
        (online + offline, offline as f64 / ((online + offline).max(1)) as f64)
    }

    /// The share of issued codes that nobody saw.
    pub fn waste(&self) -> f64 {
        self.wasted as f64 / self.issued.max(1) as f64
    }
}

/// Plays a day.
pub fn play(people: &People, policy: &Policy) -> Day {
    let mut day = Day::new(people.outage);
    for wallet in 0..people.wallets {
        let mut chance = Chance::new(people.seed ^ wallet.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let person = Person::draw(&mut chance);
        for start in person.visits(&mut chance) {
            visit::play(people, policy, &person, start, &mut chance, &mut day);
        }
    }
    day
}
