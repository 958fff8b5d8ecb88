//! The numbers of presenting: how many codes are fetched, how long the wallet waits between two questions, when a code
//! without network is offered. Signed configuration, with defaults; the functions are what phones and the fleet
//! simulation (`cargo xtask simulate-fleet`) both run.

use super::kind::Kind;
use crate::network::Network;
use serde::{Deserialize, Serialize};

/// How many codes are fetched ahead for one network, everywhere or in one country.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ahead {
    /// Whose codes.
    pub network: Network,
    /// ISO 3166-1 alpha-2; nothing: every country without a line of its own.
    #[serde(default)]
    pub region: Option<String>,
    /// 1 to 10.
    pub codes: u8,
}

/// Where codes made on the device are offered for a network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfflineTerms {
    /// For whose tills.
    pub network: Network,
    /// In which countries.
    pub regions: Vec<String>,
    /// The first four digits: by them a till knows whom to ask.
    pub prefix: String,
}

/// How codes are presented. Times in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Which kinds a network issues, by name: published ones, and those of `rules`. A network without a line may issue
    /// every published kind.
    pub kinds: Vec<(Network, Vec<String>)>,
    /// Kinds that are not published.
    pub rules: Vec<Kind>,
    /// How many codes are fetched ahead, where it is not `codes_ahead`.
    pub ahead: Vec<Ahead>,
    /// A code leaves the screen for the next one so long before its end.
    pub renew_before_ms: i64,
    /// The next code is fetched so long before the one on screen leaves it.
    pub fetch_before_ms: i64,
    /// How long the user waits for codes from the gateway before one without network is offered.
    pub patience_ms: u32,
    /// The first pause between two questions about a code on screen; it grows to four times as much.
    pub ask_ms: i64,
    /// The pause between two questions about a code that has left the screen, or whose page is covered.
    pub ask_off_screen_ms: i64,
    /// After a failure: the first pause, doubled by each failure in a row.
    pub back_off_ms: i64,
    /// The longest pause after a failure.
    pub back_off_most_ms: i64,
    /// Where codes without network are offered.
    pub offline: Vec<OfflineTerms>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            kinds: Vec::new(),
            rules: Vec::new(),
            ahead: Vec::new(),
            renew_before_ms: 5_000,
            fetch_before_ms: 5_000,
            patience_ms: 3_000,
            ask_ms: 1_000,
            ask_off_screen_ms: 15_000,
            back_off_ms: 2_000,
            back_off_most_ms: 120_000,
            offline: Vec::new(),
        }
    }
}

/// How the line to the gateway has been.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Trouble {
    /// Exchanges that failed in a row, up to now.
    pub failures: u32,
}

impl Policy {
    /// What is wrong with it: the name of a field. Nothing: it can be used.
    pub fn fault(&self) -> Option<&'static str> {
        let names = |name: &String| self.kind(name).is_some();
        let checks = [
            ("kinds", self.kinds.iter().flat_map(|(_, kinds)| kinds).all(names)),
            ("rules", self.rules.iter().all(Kind::sound)),
            ("ahead", self.ahead.iter().all(|line| (1..=10).contains(&line.codes))),
            ("renew_before_ms", (0..=30_000).contains(&self.renew_before_ms)),
            ("fetch_before_ms", (0..=60_000).contains(&self.fetch_before_ms)),
            ("patience_ms", (100..=30_000).contains(&self.patience_ms)),
            ("ask_ms", (100..=60_000).contains(&self.ask_ms)),
            ("ask_off_screen_ms", (self.ask_ms..=600_000).contains(&self.ask_off_screen_ms)),
            ("back_off_ms", self.back_off_ms >= 100 && self.back_off_ms <= self.back_off_most_ms),
            (
                "offline",
                self.offline.iter().all(|o| o.prefix.len() == 4 && o.prefix.bytes().all(|b| b.is_ascii_digit())),
            ),
        ];
        checks.iter().find(|(_, sound)| !sound).map(|(name, _)| *name)
    }

    /// A kind by its name: the configuration's own come first.
    pub fn kind(&self, name: &str) -> Option<Kind> {
        self.rules.iter().find(|kind| kind.name == name).cloned().or_else(|| Kind::published(name))
    }

    /// The kind of a code that this network issued; nothing when the network issues no such code.
    pub fn kind_of(&self, network: Network, text: &str) -> Option<Kind> {
        let listed = self.kinds.iter().find(|(of, _)| *of == network).map(|(_, names)| names.as_slice());
        match listed {
            Some(names) => names.iter().filter_map(|name| self.kind(name)).find(|kind| kind.fits(text)),
            None => Kind::published_names().filter_map(Kind::published).find(|kind| kind.fits(text)),
        }
    }

    /// How many codes may be ready at most, the one to be shown included.
    pub fn most_ahead(&self, network: Network, region: &str, otherwise: u8) -> u8 {
        let of = |region: Option<&str>| {
            self.ahead.iter().find(|line| line.network == network && line.region.as_deref() == region)
        };
        of(Some(region)).or_else(|| of(None)).map_or(otherwise, |line| line.codes)
    }

    /// How many codes to fetch now. One is enough where the line is good: a code lives a minute, and what is not shown is
    /// wasted. After a failure as many as may be ready, since the line may be gone again.
    pub fn quantity(&self, ready: usize, most: u8, trouble: Trouble) -> u8 {
        let wanted = if trouble.failures > 0 { most } else { most.min(1) };
        wanted.saturating_sub(u8::try_from(ready).unwrap_or(u8::MAX))
    }

    /// How long to wait before the next question about a code that has been on screen for so long; nothing: it has left it,
    /// and nobody looks. `roll` is random: a fifth more or less, so that phones that began together do not stay together.
    pub fn ask_after(&self, on_screen_ms: Option<i64>, trouble: Trouble, roll: u32) -> i64 {
        if trouble.failures > 0 {
            return self.back_off(trouble, roll);
        }
        let grown = match on_screen_ms {
            None => self.ask_off_screen_ms,
            Some(..10_000) => self.ask_ms,
            Some(10_000..30_000) => self.ask_ms.saturating_mul(2),
            Some(_) => self.ask_ms.saturating_mul(4),
        };
        let fifth = grown / 5;
        grown.saturating_sub(fifth).saturating_add(share(fifth.saturating_mul(2), roll))
    }

    /// How long to wait after so many failures in a row: between half and all of a pause that doubles each time. The
    /// lower half is kept free, so that nobody knocks at once; the upper half is random, so that nobody knocks together.
    pub fn back_off(&self, trouble: Trouble, roll: u32) -> i64 {
        let doubled = trouble.failures.saturating_sub(1).min(20);
        let pause = self.back_off_ms.saturating_mul(1_i64.checked_shl(doubled).unwrap_or(i64::MAX));
        let pause = pause.min(self.back_off_most_ms);
        let half = pause / 2;
        half.saturating_add(share(half, roll))
    }

    /// The terms under which a code without network may be offered here.
    pub fn offline_here(&self, network: Network, region: &str) -> Option<&OfflineTerms> {
        self.offline.iter().find(|terms| terms.network == network && terms.regions.iter().any(|r| r == region))
    }
}

/// A random part of `whole`: `roll` out of 2^32.
fn share(whole: i64, roll: u32) -> i64 {
    let part = i128::from(whole).saturating_mul(i128::from(roll)) >> 32;
    i64::try_from(part).unwrap_or(0)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::as_conversions, reason = "test code")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_nearest_line_says_how_many_are_fetched_ahead() {
        let [ali, union] = ["alipayplus", "unionpay"].map(|name| Network::parse(name).unwrap());
        let line = |region: Option<&str>, codes| Ahead { network: ali, region: region.map(str::to_owned), codes };
        let policy = Policy { ahead: vec![line(None, 2), line(Some("CN"), 5)], ..Policy::default() };
        assert_eq!(policy.fault(), None);
        assert_eq!(
            [policy.most_ahead(ali, "CN", 3), policy.most_ahead(ali, "JP", 3), policy.most_ahead(union, "CN", 3)],
            [5, 2, 3]
        );
        let bad = Trouble { failures: 2 };
        assert_eq!(
            [policy.quantity(0, 5, Trouble::default()), policy.quantity(0, 5, bad), policy.quantity(9, 5, bad)],
            [1, 5, 0]
        );
    }

    #[test]
    fn a_policy_that_would_hurt_is_refused() {
        let mut policy = Policy::default();
        policy.kinds.push((Network::parse("unionpay").unwrap(), vec!["zeropay_example".to_owned()]));
        assert_eq!(policy.fault(), Some("kinds"));
        assert_eq!(Policy { ask_ms: 1, ..Policy::default() }.fault(), Some("ask_ms"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn pauses_keep_their_bounds(failures in 1..40_u32, roll: u32, shown in 0..400_000_i64) {
            let policy = Policy::default();
            let pause = policy.back_off(Trouble { failures }, roll);
            prop_assert!(pause >= policy.back_off_ms / 2 && pause <= policy.back_off_most_ms);
            let calm = policy.ask_after(Some(shown), Trouble::default(), roll);
            prop_assert!((policy.ask_ms * 4 / 5..=policy.ask_ms * 24 / 5).contains(&calm));
        }
    }
}
