//! What is on the screen: one pure step from what happens to what is shown.
//!
//! A code that has been on screen comes back only while it is still the one of this stage, such as after a glance at
//! another app. The stage lives in memory: a process that was killed has none, so it never shows a code twice.

use super::policy::{Policy, Trouble};
use super::session::{Code, next, wanted};
use crate::id::Id;
use crate::network::Network;
use crate::time::ServerMs;

/// The page with the code: for whose tills, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Whose code.
    pub network: Network,
    /// The country the user is in, ISO 3166-1 alpha-2.
    pub region: String,
}

/// The one code on screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OnScreen {
    /// Its name.
    pub code: Id,
    /// Whether it was made on the device.
    pub offline: bool,
    /// When it gives way to the next one.
    pub renew: ServerMs,
    /// Until when a shop may scan it.
    pub until: ServerMs,
}

/// What is on the screen, and for which page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stage {
    /// The open page; nothing: the user is elsewhere in the app.
    pub page: Option<Page>,
    /// The code of this page.
    pub on: Option<OnScreen>,
    /// Whether something covers the page: another tab, the app switcher, the lock.
    pub covered: bool,
}

/// What happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StageEvent {
    /// The user opens the page, or switches network or country on it.
    Open(Page),
    /// The scan failed, or the user wants another code.
    NewCode,
    /// Time has passed.
    Tick,
    /// Codes have come, and are on disk.
    Fetched,
    /// None have come.
    FetchFailed,
    /// A code without network was made: it is on screen now.
    Made(OnScreen),
    /// None could be made.
    NotMade,
    /// A shop used this code, as a push or an answer says. The page need not be open any more.
    Used(Id),
    /// This code is over.
    Ended(Id),
    /// The page is covered: nothing of a code may stay visible.
    Covered,
    /// The page is visible again.
    Uncovered,
    /// The consent for this network is gone.
    ConsentGone(Network),
    /// The user leaves the page.
    Close,
}

/// What is to be done, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StageEffect {
    /// Nobody can use these any more: void on disk at once, and the gateway is told.
    Void(Vec<Id>),
    /// Nothing of a code stays on screen.
    TakeDown,
    /// This issued code goes on screen; on disk first.
    Show(Id),
    /// The user waits for so many codes.
    FetchNow(u8),
    /// So many codes are fetched behind the user's back.
    FetchLater(u8),
    /// A code is to be made on the device: for the next session with a key of its own, or the next step of the one on screen.
    Make {
        /// Whether it goes on with the key on screen.
        same_key: bool,
    },
    /// There is no code to show.
    Nothing,
    /// What came of this code is to be told to the user.
    Result(Id),
}

/// What a step looks at.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// Server time, by the boot clock.
    pub now: ServerMs,
    /// Codes that are fresh or shown.
    pub codes: &'a [Code],
    /// How many codes may be ready at most.
    pub most: u8,
    /// How the line has been.
    pub trouble: Trouble,
    /// Whether the device could make a code itself.
    pub offline: bool,
    /// The numbers.
    pub policy: &'a Policy,
}

impl Stage {
    /// What is on the screen after this, and what is to be done. Total: every stage has a result for every event.
    #[must_use]
    pub fn step(&self, event: &StageEvent, scene: &Scene<'_>) -> (Self, Vec<StageEffect>) {
        let mut stage = self.clone();
        let mut effects = Vec::new();
        match event {
            StageEvent::Open(page) => {
                let left: Vec<Id> = stage.left_behind(page, scene);
                if !left.is_empty() {
                    effects.push(StageEffect::Void(left));
                }
                stage = Self { page: Some(page.clone()), on: None, covered: false };
                stage.choose(scene, &mut effects);
            }
            // Uncovered first: a code that nobody sees is a wasted one.
            StageEvent::NewCode | StageEvent::Fetched if stage.covered => {}
            StageEvent::NewCode => {
                let offline = stage.on.is_some_and(|on| on.offline);
                stage.on = None;
                // A key that a shop may have seen is not used on: the next code has the next key.
                match offline && scene.trouble.failures > 0 {
                    true => effects.push(StageEffect::Make { same_key: false }),
                    false => stage.choose(scene, &mut effects),
                }
            }
            StageEvent::Fetched => {
                // A code on screen that still lives stays: these are for later.
                if stage.on.is_none_or(|on| scene.now >= on.renew) {
                    match stage.page.as_ref().and_then(|page| next(scene.codes, page.network, &page.region, scene.now))
                    {
                        Some(code) => stage.put(code, scene.policy, &mut effects),
                        None => stage.otherwise(scene, &mut effects),
                    }
                }
            }
            StageEvent::FetchFailed => stage.otherwise(scene, &mut effects),
            StageEvent::Made(on) => stage.on = Some(*on),
            StageEvent::NotMade => {
                stage.on = None;
                effects.push(StageEffect::Nothing);
            }
            StageEvent::Tick => match stage.on {
                Some(on) if on.offline && scene.now >= on.until => {
                    // The key has been on screen for as long as it may: the next one.
                    stage.on = None;
                    if stage.covered { effects.push(StageEffect::TakeDown) } else { stage.choose(scene, &mut effects) }
                }
                Some(on) if stage.covered && scene.now >= on.until => {
                    stage.on = None;
                    effects.push(StageEffect::TakeDown);
                }
                Some(on) if !stage.covered && scene.now >= on.renew => {
                    if on.offline && scene.trouble.failures > 0 {
                        effects.push(StageEffect::Make { same_key: true });
                    } else {
                        stage.choose(scene, &mut effects);
                    }
                }
                Some(on) if !stage.covered && !on.offline => stage.fetch_in_time(on, scene, &mut effects),
                _ => {}
            },
            StageEvent::Used(id) => {
                if stage.on.is_some_and(|on| on.code == *id) {
                    stage.on = None;
                    effects.push(StageEffect::TakeDown);
                }
                effects.push(StageEffect::Result(*id));
            }
            StageEvent::Ended(id) => {
                if stage.on.is_some_and(|on| on.code == *id) {
                    stage.on = None;
                    if stage.covered { effects.push(StageEffect::TakeDown) } else { stage.choose(scene, &mut effects) }
                }
            }
            StageEvent::Covered => {
                stage.covered = true;
                effects.push(StageEffect::TakeDown);
            }
            StageEvent::Uncovered => {
                stage.covered = false;
                match stage.on {
                    Some(on) if scene.now < on.renew && !on.offline => effects.push(StageEffect::Show(on.code)),
                    Some(on) if scene.now < on.until && on.offline => {
                        effects.push(StageEffect::Make { same_key: true });
                    }
                    _ => {
                        stage.on = None;
                        stage.choose(scene, &mut effects);
                    }
                }
            }
            StageEvent::ConsentGone(network) => {
                let fresh = scene.codes.iter().filter(|code| code.network == *network);
                let ids: Vec<Id> = fresh.map(|code| code.id).collect();
                if !ids.is_empty() {
                    effects.push(StageEffect::Void(ids));
                }
                if stage.page.as_ref().is_some_and(|page| page.network == *network) {
                    stage = Self::default();
                    effects.push(StageEffect::TakeDown);
                }
            }
            StageEvent::Close => {
                stage = Self::default();
                effects.push(StageEffect::TakeDown);
            }
        }
        (stage, effects)
    }

    /// What the engine heard of the code on screen: it goes. The screen hears of it by the change of the code, and asks for
    /// what is to be shown then.
    pub fn leave(&mut self, event: &StageEvent) {
        if let StageEvent::Used(id) | StageEvent::Ended(id) = event
            && self.on.is_some_and(|on| on.code == *id)
        {
            self.on = None;
        }
    }

    /// Codes of another network or country than the page that opens: nobody is to use them any more.
    fn left_behind(&self, page: &Page, scene: &Scene<'_>) -> Vec<Id> {
        let elsewhere = |code: &&Code| code.network != page.network || code.region != page.region;
        // Of the shown ones only the one on screen: of the others the gateway knows, or is asked.
        let ours = |code: &&Code| code.is_fresh() || self.on.is_some_and(|on| on.code == code.id);
        scene.codes.iter().filter(elsewhere).filter(ours).map(|code| code.id).collect()
    }

    /// The next code goes on screen, or is fetched.
    fn choose(&mut self, scene: &Scene<'_>, effects: &mut Vec<StageEffect>) {
        let Some(page) = &self.page else { return };
        match next(scene.codes, page.network, &page.region, scene.now) {
            Some(code) => self.put(code, scene.policy, effects),
            None => {
                let ready = 0;
                // Somebody waits: at least one.
                effects.push(StageEffect::FetchNow(scene.policy.quantity(ready, scene.most, scene.trouble).max(1)));
            }
        }
    }

    fn put(&mut self, code: &Code, policy: &Policy, effects: &mut Vec<StageEffect>) {
        let renew = code.expires.plus(policy.renew_before_ms.saturating_neg());
        self.on = Some(OnScreen { code: code.id, offline: code.offline, renew, until: code.expires });
        effects.push(StageEffect::Show(code.id));
    }

    /// No code has come: one is made, or the one that still lives stays, or there is none.
    fn otherwise(&mut self, scene: &Scene<'_>, effects: &mut Vec<StageEffect>) {
        match self.on {
            // Nothing new has come, and what is there is still good.
            Some(on) if !on.offline && scene.now < on.until && !scene.offline => {}
            Some(on) if on.offline && scene.now < on.until => effects.push(StageEffect::Make { same_key: true }),
            _ if self.page.is_some() && scene.offline && !self.covered => {
                self.on = None;
                effects.push(StageEffect::Make { same_key: false });
            }
            _ => {
                self.on = None;
                effects.push(StageEffect::Nothing);
            }
        }
    }

    /// The next code is there when the one on screen goes.
    fn fetch_in_time(&self, on: OnScreen, scene: &Scene<'_>, effects: &mut Vec<StageEffect>) {
        let Some(page) = &self.page else { return };
        if scene.now < on.renew.plus(scene.policy.fetch_before_ms.saturating_neg()) {
            return;
        }
        let missing = wanted(scene.codes, page.network, &page.region, scene.now, 1);
        if missing > 0 {
            let quantity = scene.policy.quantity(0, scene.most, scene.trouble);
            effects.push(StageEffect::FetchLater(quantity.max(1)));
        }
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::as_conversions, reason = "test code")]
mod tests {
    use super::super::session::CodeState;
    use super::*;
    use proptest::prelude::*;

    fn page(network: &str, region: &str) -> Page {
        Page { network: Network::parse(network).unwrap(), region: region.to_owned() }
    }

    fn code(n: u8, network: &str, region: &str, expires: i64) -> Code {
        let network = Network::parse(network).unwrap();
        let (region, digits) = (region.to_owned(), String::new());
        Code {
            id: Id([n; 16]),
            network,
            region,
            digits,
            expires: ServerMs(expires),
            state: CodeState::Fresh,
            offline: false,
        }
    }

    fn scene<'a>(now: i64, codes: &'a [Code], policy: &'a Policy) -> Scene<'a> {
        Scene { now: ServerMs(now), codes, most: 3, trouble: Trouble::default(), offline: false, policy }
    }

    #[test]
    fn opening_shows_what_is_ready_or_fetches() {
        let policy = Policy::default();
        let codes = [code(1, "unionpay", "CN", 60_000)];
        let open = StageEvent::Open(page("unionpay", "CN"));
        let (stage, effects) = Stage::default().step(&open, &scene(0, &codes, &policy));
        assert_eq!(effects, [StageEffect::Show(Id([1; 16]))]);
        assert_eq!(stage.on.unwrap().renew, ServerMs(55_000));
        let (stage, effects) = Stage::default().step(&open, &scene(0, &[], &policy));
        assert_eq!((stage.on, effects), (None, vec![StageEffect::FetchNow(1)]));
    }

    #[test]
    fn a_switch_voids_what_was_for_elsewhere_at_once() {
        let policy = Policy::default();
        let codes =
            [code(1, "unionpay", "CN", 60_000), code(2, "unionpay", "CN", 61_000), code(3, "unionpay", "JP", 60_000)];
        let (stage, _) =
            Stage::default().step(&StageEvent::Open(page("unionpay", "CN")), &scene(0, &codes[..2], &policy));
        let (stage, effects) = stage.step(&StageEvent::Open(page("unionpay", "JP")), &scene(1, &codes, &policy));
        assert_eq!(effects, [StageEffect::Void(vec![Id([1; 16]), Id([2; 16])]), StageEffect::Show(Id([3; 16]))]);
        assert_eq!(stage.page.unwrap().region, "JP");
    }

    #[test]
    fn the_next_code_is_fetched_before_the_one_on_screen_goes() {
        let policy = Policy::default();
        let codes = [code(1, "unionpay", "CN", 60_000)];
        let (stage, _) = Stage::default().step(&StageEvent::Open(page("unionpay", "CN")), &scene(0, &codes, &policy));
        assert_eq!(stage.step(&StageEvent::Tick, &scene(49_000, &[], &policy)).1, []);
        assert_eq!(stage.step(&StageEvent::Tick, &scene(50_000, &[], &policy)).1, [StageEffect::FetchLater(1)]);
        let next = [code(2, "unionpay", "CN", 110_000)];
        assert_eq!(stage.step(&StageEvent::Fetched, &scene(51_000, &next, &policy)).1, [], "the living one stays");
        assert_eq!(stage.step(&StageEvent::Tick, &scene(55_000, &next, &policy)).1, [StageEffect::Show(Id([2; 16]))]);
    }

    #[test]
    fn a_covered_page_shows_nothing_and_the_same_code_comes_back_while_it_lives() {
        let policy = Policy::default();
        let codes = [code(1, "unionpay", "CN", 60_000)];
        let (stage, _) = Stage::default().step(&StageEvent::Open(page("unionpay", "CN")), &scene(0, &codes, &policy));
        let (stage, effects) = stage.step(&StageEvent::Covered, &scene(1_000, &[], &policy));
        assert_eq!(effects, [StageEffect::TakeDown]);
        assert_eq!(stage.step(&StageEvent::NewCode, &scene(1_500, &[], &policy)).1, []);
        let (stage, effects) = stage.step(&StageEvent::Uncovered, &scene(2_000, &[], &policy));
        assert_eq!(effects, [StageEffect::Show(Id([1; 16]))]);
        let (stage, _) = stage.step(&StageEvent::Covered, &scene(3_000, &[], &policy));
        let (_, effects) = stage.step(&StageEvent::Uncovered, &scene(58_000, &[], &policy));
        assert_eq!(effects, [StageEffect::FetchNow(1)]);
    }

    #[test]
    fn several_results_are_told_and_only_its_own_takes_the_code_down() {
        let policy = Policy::default();
        let codes = [code(1, "unionpay", "CN", 60_000)];
        let (stage, _) = Stage::default().step(&StageEvent::Open(page("unionpay", "CN")), &scene(0, &codes, &policy));
        let (stage, effects) = stage.step(&StageEvent::Used(Id([9; 16])), &scene(1, &[], &policy));
        assert_eq!(effects, [StageEffect::Result(Id([9; 16]))]);
        let (stage, effects) = stage.step(&StageEvent::Used(Id([1; 16])), &scene(2, &[], &policy));
        assert_eq!(effects, [StageEffect::TakeDown, StageEffect::Result(Id([1; 16]))]);
        assert_eq!(stage.on, None);
    }

    #[test]
    fn without_network_a_code_is_made_where_that_is_allowed() {
        let policy = Policy::default();
        let (stage, _) = Stage::default().step(&StageEvent::Open(page("unionpay", "CN")), &scene(0, &[], &policy));
        assert_eq!(stage.step(&StageEvent::FetchFailed, &scene(1, &[], &policy)).1, [StageEffect::Nothing]);
        let failed = Scene { offline: true, trouble: Trouble { failures: 1 }, ..scene(1, &[], &policy) };
        assert_eq!(stage.step(&StageEvent::FetchFailed, &failed).1, [StageEffect::Make { same_key: false }]);
        let on = OnScreen { code: Id([5; 16]), offline: true, renew: ServerMs(30_000), until: ServerMs(300_000) };
        let (stage, _) = stage.step(&StageEvent::Made(on), &failed);
        let later = Scene { now: ServerMs(30_000), ..failed };
        assert_eq!(stage.step(&StageEvent::Tick, &later).1, [StageEffect::Make { same_key: true }]);
        assert_eq!(stage.step(&StageEvent::NewCode, &later).1, [StageEffect::Make { same_key: false }]);
        let after = Scene { now: ServerMs(300_000), ..failed };
        assert_eq!(stage.step(&StageEvent::Tick, &after).1, [StageEffect::FetchNow(3)]);
        let back = Scene { trouble: Trouble::default(), ..later };
        assert_eq!(stage.step(&StageEvent::Tick, &back).1, [StageEffect::FetchNow(1)], "the line is back");
    }

    #[test]
    fn a_withdrawn_consent_empties_queue_and_screen() {
        let policy = Policy::default();
        let codes =
            [code(1, "unionpay", "CN", 60_000), code(2, "unionpay", "CN", 61_000), code(3, "alipayplus", "CN", 60_000)];
        let (stage, _) = Stage::default().step(&StageEvent::Open(page("unionpay", "CN")), &scene(0, &codes, &policy));
        let gone = StageEvent::ConsentGone(Network::parse("unionpay").unwrap());
        let (stage, effects) = stage.step(&gone, &scene(1, &codes, &policy));
        assert_eq!(effects, [StageEffect::Void(vec![Id([1; 16]), Id([2; 16])]), StageEffect::TakeDown]);
        assert_eq!(stage, Stage::default());
    }

    fn event() -> impl Strategy<Value = StageEvent> {
        let networks = prop_oneof![Just("unionpay"), Just("alipayplus")];
        let pages = (networks, prop_oneof![Just("CN"), Just("JP")]).prop_map(|(n, r)| StageEvent::Open(page(n, r)));
        prop_oneof![
            pages,
            Just(StageEvent::NewCode),
            Just(StageEvent::Tick),
            Just(StageEvent::Fetched),
            Just(StageEvent::FetchFailed),
            (0..8_u8).prop_map(|n| StageEvent::Used(Id([n; 16]))),
            (0..8_u8).prop_map(|n| StageEvent::Ended(Id([n; 16]))),
            Just(StageEvent::Covered),
            Just(StageEvent::Uncovered),
            Just(StageEvent::ConsentGone(Network::parse("unionpay").unwrap())),
            Just(StageEvent::Close),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        /// Whatever happens: never a code of another network or country, never one that is over, none twice once
        /// another one was on screen, none while the page is covered or closed.
        #[test]
        fn what_goes_on_screen_is_always_right(events in proptest::collection::vec((event(), 0..20_000_i64), 1..60)) {
            let policy = Policy::default();
            let mut codes: Vec<Code> = (0..8).map(|n| {
                let network = if n % 2 == 0 { "unionpay" } else { "alipayplus" };
                code(n, network, if n % 4 < 2 { "CN" } else { "JP" }, 60_000 + i64::from(n) * 20_000)
            }).collect();
            let (mut stage, mut now, mut last, mut gone) = (Stage::default(), 0, None, Vec::new());
            for (event, passed) in events {
                now += passed;
                let (after, effects) = stage.step(&event, &scene(now, &codes, &policy));
                for effect in effects {
                    match effect {
                        StageEffect::Show(id) => {
                            let page = after.page.clone().unwrap();
                            let shown = codes.iter_mut().find(|code| code.id == id).unwrap();
                            prop_assert!(shown.network == page.network && shown.region == page.region);
                            prop_assert!(now < shown.expires.0 && !after.covered);
                            prop_assert!(!gone.contains(&id), "it was on screen before another one");
                            shown.state = CodeState::Shown;
                            if let Some(before) = last.replace(id).filter(|before| *before != id) {
                                gone.push(before);
                            }
                        }
                        StageEffect::Void(ids) => {
                            codes.iter_mut().filter(|code| ids.contains(&code.id)).for_each(|code| {
                                code.state = CodeState::Void;
                            });
                            gone.extend(ids);
                        }
                        _ => {}
                    }
                }
                prop_assert!(after.page.is_some() || after.on.is_none());
                stage = after;
            }
        }
    }
}
