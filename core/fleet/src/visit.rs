//! One visit to a till: the page is opened, a code is shown or not, the shop scans or not, the wallet asks until it knows.

use crate::{Chance, Day, People};
use jigap::id::Id;
use jigap::network::Network;
use jigap::present::{Code, CodeState, OnScreen, Page, Policy, Scene, Stage, StageEffect, StageEvent, Trouble};
use jigap::time::ServerMs;

/// Where somebody is for the day, and whether they fly.
#[derive(Debug, Clone)]
pub struct Person {
    region: &'static str,
    /// Hours that local time is ahead of the gateway's (UTC+9).
    ahead_h: f64,
    /// Departure and arrival, in hours of local time.
    flight: Option<(f64, f64)>,
}

impl Person {
    /// Half of the travellers are in Japan, the others in China and Thailand; one in seven flies today.
    pub fn draw(chance: &mut Chance) -> Self {
        let (region, ahead_h) = match chance.share() {
            ..0.5 => ("JP", 0.0),
            0.5..0.8 => ("CN", -1.0),
            _ => ("TH", -2.0),
        };
        let flight = chance.often(1.0 / 7.0).then(|| {
            let departure = chance.between(6.0, 20.0);
            (departure, departure + chance.between(2.0, 6.0))
        });
        Self { region, ahead_h, flight }
    }

    /// When the page is opened, in milliseconds of the gateway's day: two to eight times, mostly around meals, never in
    /// the air, and on the way out of the airport after landing.
    pub fn visits(&self, chance: &mut Chance) -> Vec<i64> {
        let count = 2 + (chance.share() * 7.0) as usize;
        let mut hours: Vec<f64> = (0..count)
            .map(|_| match chance.share() {
                ..0.15 => chance.around(8.2, 0.7),
                0.15..0.45 => chance.around(12.3, 0.6),
                0.45..0.75 => chance.around(18.8, 1.0),
                _ => chance.between(9.0, 22.5),
            })
            .collect();
        if let Some((departure, arrival)) = self.flight {
            hours.retain(|hour| *hour < departure || *hour > arrival);
            hours.push(arrival + chance.between(0.3, 1.2));
        }
        let to_gateway = |hour: f64| ((hour - self.ahead_h).rem_euclid(24.0) * 3_600_000.0) as i64;
        hours.into_iter().map(to_gateway).collect()
    }
}

/// The line of one visit.
#[derive(Debug, Clone, Copy)]
pub enum Line {
    /// One exchange in two hundred fails.
    Good,
    /// Half of them fail, and half of those after the gateway has done its part.
    Thin,
    /// Nothing goes through before this time, in milliseconds.
    DeadUntil(i64),
}

/// What became of an exchange.
enum Exchange {
    Answered,
    /// The gateway did its part, and the phone did not hear it.
    Lost,
    /// It never arrived, or found nobody.
    Failed,
}

struct Visit<'a> {
    people: &'a People,
    policy: &'a Policy,
    chance: &'a mut Chance,
    day: &'a mut Day,
    line: Line,
    page: Page,
    stage: Stage,
    codes: Vec<Code>,
    trouble: Trouble,
    /// Codes that were issued with an answer nobody heard: asked for again, the same come.
    unheard: u8,
    shown: u64,
    issued: u64,
    offline_on: Option<(i64, i64)>,
    next_id: u8,
}

/// A code lives a minute.
const LIFE_MS: i64 = 60_000;

impl Visit<'_> {
    fn exchange(&mut self, now: i64, count: fn(&mut Day) -> &mut Vec<u32>) -> Exchange {
        let (fails, lost) = match self.line {
            Line::DeadUntil(end) if now < end => return Exchange::Failed,
            Line::Thin => (self.chance.often(0.5), self.chance.often(0.5)),
            Line::Good | Line::DeadUntil(_) => (self.chance.often(0.005), self.chance.often(0.5)),
        };
        if fails && !lost {
            return Exchange::Failed;
        }
        // It knocks at the gateway, whether that is up or not.
        count(self.day)[Day::bucket(now)] += 1;
        if self.down(now) {
            return Exchange::Failed;
        }
        if fails { Exchange::Lost } else { Exchange::Answered }
    }

    fn down(&self, now: i64) -> bool {
        (self.people.outage.0 * 1000..self.people.outage.1 * 1000).contains(&now)
    }

    fn heard(&mut self, well: bool) {
        self.trouble.failures = if well { 0 } else { self.trouble.failures + 1 };
    }

    /// The stage's step, carried out as the app does it.
    fn happen(&mut self, event: StageEvent, now: i64) {
        let mut next = Some(event);
        while let Some(event) = next.take() {
            let scene = Scene {
                now: ServerMs(now),
                codes: &self.codes,
                most: self.policy.most_ahead(self.page.network, &self.page.region, 3),
                trouble: self.trouble,
                offline: self.policy.offline_here(self.page.network, &self.page.region).is_some(),
                policy: self.policy,
            };
            let (stage, effects) = self.stage.step(&event, &scene);
            self.stage = stage;
            for effect in effects {
                match effect {
                    StageEffect::Show(id) => {
                        if let Some(code) = self.codes.iter_mut().find(|code| code.id == id) {
                            code.state = CodeState::Shown;
                            self.shown += 1;
                        }
                    }
                    StageEffect::FetchNow(quantity) => {
                        next =
                            Some(if self.fetch(quantity, now) { StageEvent::Fetched } else { StageEvent::FetchFailed });
                    }
                    StageEffect::FetchLater(quantity) => {
                        self.fetch(quantity, now);
                    }
                    StageEffect::Make { same_key } => {
                        let (began, code) = match self.offline_on.filter(|_| same_key) {
                            Some((began, _)) => (began, self.stage.on.map_or(Id([255; 16]), |on| on.code)),
                            None => (now, self.new_id()),
                        };
                        self.offline_on = Some((began, now));
                        let (renew, until) = (ServerMs((now / 30_000 + 1) * 30_000), ServerMs(began + 300_000));
                        next = Some(StageEvent::Made(OnScreen { code, offline: true, renew, until }));
                    }
                    StageEffect::Void(_) | StageEffect::TakeDown | StageEffect::Nothing | StageEffect::Result(_) => {}
                }
            }
        }
    }

    fn new_id(&mut self) -> Id {
        self.next_id = self.next_id.wrapping_add(1);
        Id([self.next_id; 16])
    }

    fn fetch(&mut self, quantity: u8, now: i64) -> bool {
        let done = self.exchange(now, |day| &mut day.fetches);
        // The same number is sent with the same question: what was issued unheard comes again.
        let again = self.unheard > 0;
        match done {
            Exchange::Answered => {
                let quantity = if again { self.unheard } else { quantity };
                if !again {
                    self.issued += u64::from(quantity);
                }
                self.unheard = 0;
                for _ in 0..quantity {
                    let id = self.new_id();
                    self.codes.push(Code {
                        id,
                        network: self.page.network,
                        region: self.page.region.clone(),
                        digits: String::new(),
                        expires: ServerMs(now + LIFE_MS),
                        state: CodeState::Fresh,
                        offline: false,
                    });
                }
            }
            Exchange::Lost if !again => {
                self.issued += u64::from(quantity);
                self.unheard = quantity;
            }
            Exchange::Lost | Exchange::Failed => {}
        }
        let well = matches!(done, Exchange::Answered);
        self.heard(well);
        well
    }

    /// When the stage has to be asked again.
    fn next_tick(&self, now: i64) -> i64 {
        let Some(on) = self.stage.on else { return i64::MAX };
        let fetch = on.renew.0 - self.policy.fetch_before_ms;
        let ready = self.codes.iter().any(Code::is_fresh);
        if !on.offline && fetch > now && !ready { fetch } else { on.renew.0.max(now + 1) }
    }
}

/// Plays one visit.
pub(crate) fn play(people: &People, policy: &Policy, person: &Person, start: i64, chance: &mut Chance, day: &mut Day) {
    let Ok(network) = Network::parse("alipayplus") else { return };
    let line = match chance.share() {
        share if share < people.dead => Line::DeadUntil(start + (chance.wait(600.0) * 1000.0) as i64 + 30_000),
        share if share < people.dead + people.thin => Line::Thin,
        _ => Line::Good,
    };
    day.visits += 1;
    let page = Page { network, region: person.region.to_owned() };
    let (stage, codes) = (Stage::default(), Vec::new());
    let mut visit = Visit {
        people,
        policy,
        chance,
        day,
        line,
        page: page.clone(),
        stage,
        codes,
        trouble: Trouble::default(),
        unheard: 0,
        shown: 0,
        issued: 0,
        offline_on: None,
        next_id: 0,
    };
    // Some look at their code and put it away; most are at the till within half a minute.
    let pays = visit.chance.often(0.85);
    let till = start + (visit.chance.wait(20.0) * 1000.0) as i64 + 3_000;
    let patience = till + (visit.chance.between(5.0, 40.0) * 1000.0) as i64;
    let leaves = if pays { patience } else { start + (visit.chance.wait(25.0) * 1000.0) as i64 + 2_000 };

    visit.happen(StageEvent::Open(page), start);
    let mut now = start;
    let mut retries = 0;
    let mut tried = false;
    let mut used: Option<Id> = None;
    // Of the code on screen: who it is, since when, when the next question is due.
    let mut asking: Option<(OnScreen, i64, i64)> = None;
    loop {
        // Whoever stands there without a code tries again after a while, three times.
        if visit.stage.on.is_none() && used.is_none() && now < leaves && retries < 3 {
            retries += 1;
            now += (visit.chance.between(5.0, 30.0) * 1000.0) as i64;
            visit.happen(StageEvent::NewCode, now);
            continue;
        }
        if let Some(on) = visit.stage.on
            && asking.is_none_or(|(known, ..)| known.code != on.code)
        {
            asking = Some((on, now, now + visit.policy.ask_after(Some(0), Trouble::default(), visit.chance.roll())));
        }
        let open = now < leaves && used.is_none();
        let tick = if open { visit.next_tick(now) } else { i64::MAX };
        let ask = asking.map_or(i64::MAX, |(.., due)| due);
        let scan = if pays && !tried && visit.stage.on.is_some() { till.max(now) } else { i64::MAX };
        let next = tick.min(ask).min(scan).min(if open { leaves } else { i64::MAX });
        if next == i64::MAX || next > start + 86_400_000 {
            break;
        }
        now = next.max(now);
        // By what is due, not by the time: a question may have come due while somebody waited to try again.
        if next == scan {
            tried = true;
            if let Some(on) = visit.stage.on {
                let bucket = Day::bucket(now);
                visit.day.scans[usize::from(on.offline)][bucket] += 1;
                // Nobody verifies anything while the gateway is down; and a code may end under the scanner.
                if visit.down(now) || now >= on.until.0 {
                    visit.day.refused += 1;
                } else {
                    used = Some(on.code);
                }
            }
        } else if next == ask {
            let Some((on, since, _)) = asking else { break };
            let done = visit.exchange(now, |day| &mut day.polls);
            let well = matches!(done, Exchange::Answered);
            visit.heard(well);
            let over = now >= on.until.0 + if on.offline { 30_000 } else { 0 };
            if well && (used == Some(on.code) || over) {
                asking = None;
                let news = if used == Some(on.code) { StageEvent::Used(on.code) } else { StageEvent::Ended(on.code) };
                visit.stage.leave(&news);
                if used.is_some() || now >= leaves {
                    break;
                }
                continue;
            }
            let roll = visit.chance.roll();
            let pause = if well && now >= on.until.0 {
                visit.policy.ask_ms * 5
            } else {
                let on_screen = visit.stage.on.is_some_and(|now_on| now_on.code == on.code).then_some(now - since);
                visit.policy.ask_after(on_screen, visit.trouble, roll)
            };
            asking = Some((on, since, now + pause));
        } else if next == tick {
            visit.happen(StageEvent::Tick, now);
        } else if now >= leaves && used.is_none() {
            // The page is closed; what was on it is asked about until it is over.
            visit.stage = Stage::default();
            if asking.is_none() {
                break;
            }
        }
    }
    let (shown, issued, offline) = (visit.shown, visit.issued, visit.offline_on.is_some());
    day.issued += issued;
    day.wasted += issued.saturating_sub(shown);
    day.empty_handed += u64::from(shown == 0 && !offline);
}
