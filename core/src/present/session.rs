//! The life of an issued code: fetched ahead, shown once, then used or over (`domain.md` §4, §5.2).

use crate::id::Id;
use crate::network::Network;
use crate::time::ServerMs;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A code with less life than this is not worth raising a phone for.
const LEAST_LIFE_MS: i64 = 5_000;
/// The longest wait between two questions about a code whose end the gateway does not tell.
const LONGEST_WAIT_MS: i64 = 3_600_000;
/// How long after a code's end a scan may still be on its way from the shop to the gateway.
const SETTLE_MS: i64 = 30_000;

/// Where an issued code stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeState {
    /// Fetched ahead, never seen by anyone.
    Fresh,
    /// It was on screen, or still is. It is never shown again after another one.
    Shown,
    /// A shop scanned it.
    Used,
    /// Nobody scanned it, and nobody can any more.
    Expired,
    /// Taken back before it was shown: the consent was withdrawn, or the region changed.
    Void,
}

impl CodeState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Fresh, Self::Shown, Self::Used, Self::Expired, Self::Void];

    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Shown => "shown",
            Self::Used => "used",
            Self::Expired => "expired",
            Self::Void => "void",
        }
    }

    /// The state of this name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// An issued code.
#[derive(Clone, PartialEq, Eq)]
pub struct Code {
    /// Names it without being it; the key of the payment it may lead to.
    pub id: Id,
    /// Whose code.
    pub network: Network,
    /// For which country, ISO 3166-1 alpha-2.
    pub region: String,
    /// Drawn unchanged.
    pub digits: String,
    /// Until when a shop may scan it.
    pub expires: ServerMs,
    /// Where it stands.
    pub state: CodeState,
    /// Whether it was made on the device: it has no digits of its own then, since they change while it is on screen.
    pub offline: bool,
}

/// What can happen to a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeEvent {
    /// The user asks for it.
    Show,
    /// The gateway was asked: nobody has scanned it so far.
    StillWaiting,
    /// The gateway was asked and did not answer.
    AskFailed,
    /// The gateway says that it was scanned.
    Used,
    /// The gateway says that it is over.
    Over,
    /// The wallet takes it back.
    TakeBack,
    /// The wallet started and found it on disk.
    Woke,
}

/// What the wallet owes next for a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeEffect {
    /// Ask the gateway at this time what became of it.
    Ask(ServerMs),
}

/// How long to wait between two questions about a shown code, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// While it may be scanned.
    pub on_screen_ms: i64,
    /// After it is over, and when the gateway does not answer.
    pub afterwards_ms: i64,
}

impl Code {
    /// The next state and what is owed for it. Total: every state has a result for every event.
    pub fn step(&self, event: CodeEvent, now: ServerMs, waiting: &Waiting) -> (CodeState, Option<CodeEffect>) {
        use CodeState::{Expired, Fresh, Shown, Used, Void};
        let ask_in = |ms: i64| Some(CodeEffect::Ask(now.plus(ms)));
        let settled = now > self.expires.plus(SETTLE_MS);
        match (self.state, event) {
            // Money moved, whatever else was thought of this code.
            (_, CodeEvent::Used) => (Used, None),
            (Fresh, CodeEvent::Show) if now < self.expires => (Shown, ask_in(waiting.on_screen_ms)),
            (Fresh, CodeEvent::Show | CodeEvent::Over) => (Expired, None),
            (Fresh, CodeEvent::Woke) if now >= self.expires => (Expired, None),
            (Fresh, CodeEvent::TakeBack) => (Void, None),
            (Fresh, CodeEvent::StillWaiting | CodeEvent::AskFailed | CodeEvent::Woke) => (Fresh, None),
            (Shown, CodeEvent::Woke) => (Shown, ask_in(0)),
            (Shown, CodeEvent::StillWaiting) if settled => (Expired, None),
            (Shown, CodeEvent::StillWaiting) if now < self.expires => (Shown, ask_in(waiting.on_screen_ms)),
            // Over, and the gateway silent: asked less and less often, but never given up.
            (Shown, CodeEvent::AskFailed) if settled => {
                (Shown, ask_in(now.since(self.expires).clamp(waiting.afterwards_ms, LONGEST_WAIT_MS)))
            }
            (Shown, CodeEvent::StillWaiting | CodeEvent::AskFailed) => (Shown, ask_in(waiting.afterwards_ms)),
            (Shown, CodeEvent::Over) => (Expired, None),
            // It was on a screen: a shop may hold it already, so its end is still asked for.
            (Shown, CodeEvent::TakeBack | CodeEvent::Show) => (Shown, ask_in(waiting.on_screen_ms)),
            // A key that nobody used may be taken again when all others have been; the gateway alone knows it is unspent.
            (Expired, CodeEvent::Show) if self.offline && now < self.expires => (Shown, ask_in(waiting.on_screen_ms)),
            (Used | Expired | Void, _) => (self.state, None),
        }
    }

    /// Whether nobody has seen it.
    pub fn is_fresh(&self) -> bool {
        self.state == CodeState::Fresh
    }

    /// Whether it may be put on screen.
    pub fn showable(&self, network: Network, region: &str, now: ServerMs) -> bool {
        (self.state == CodeState::Fresh || planted!(CodeReshown) && self.state == CodeState::Shown)
            && self.network == network
            && self.region == region
            && now < self.expires.plus(-LEAST_LIFE_MS)
    }
}

/// A code as a person may see it before they ask for all: the last four characters, the rest dots, in groups of four.
pub fn masked(code: &str) -> String {
    let count = code.chars().count();
    let hidden = count.saturating_sub(4);
    let shown = code.chars().enumerate().map(|(at, digit)| if at < hidden { '•' } else { digit });
    shown.enumerate().fold(String::new(), |mut text, (at, c)| {
        if at > 0 && at.is_multiple_of(4) {
            text.push(' ');
        }
        text.push(c);
        text
    })
}

/// The code to show: of those that may be, the one that ends first, so that none is wasted.
pub fn next<'a>(codes: &'a [Code], network: Network, region: &str, now: ServerMs) -> Option<&'a Code> {
    codes.iter().filter(|code| code.showable(network, region, now)).min_by_key(|code| code.expires)
}

/// How many codes to fetch so that `ahead` are ready, 0 when enough are.
pub fn wanted(codes: &[Code], network: Network, region: &str, now: ServerMs, ahead: u8) -> u8 {
    let ready = codes.iter().filter(|code| code.showable(network, region, now)).count();
    ahead.saturating_sub(u8::try_from(ready).unwrap_or(u8::MAX))
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Code({}, {}, {:?})", self.id, self.network, self.state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAITING: Waiting = Waiting { on_screen_ms: 1_000, afterwards_ms: 5_000 };

    fn code(state: CodeState, expires: i64) -> Code {
        Code {
            id: Id([u8::try_from(expires % 251).unwrap(); 16]),
            network: Network::parse("unionpay").unwrap(),
            region: "CN".to_owned(),
            digits: "6212345678901234567".to_owned(),
            expires: ServerMs(expires),
            state,
            offline: false,
        }
    }

    #[test]
    fn a_scan_wins_over_every_state() {
        for state in CodeState::ALL {
            assert_eq!(code(state, 60_000).step(CodeEvent::Used, ServerMs(0), &WAITING), (CodeState::Used, None));
        }
    }

    #[test]
    fn an_ended_code_stays_ended() {
        for state in [CodeState::Used, CodeState::Expired, CodeState::Void] {
            for event in [
                CodeEvent::Show,
                CodeEvent::StillWaiting,
                CodeEvent::AskFailed,
                CodeEvent::Over,
                CodeEvent::TakeBack,
                CodeEvent::Woke,
            ] {
                assert_eq!(code(state, 60_000).step(event, ServerMs(0), &WAITING), (state, None));
            }
        }
    }

    #[test]
    fn a_shown_code_is_asked_about_until_no_scan_can_be_on_its_way() {
        let shown = code(CodeState::Shown, 60_000);
        let at = |now| shown.step(CodeEvent::StillWaiting, ServerMs(now), &WAITING);
        assert_eq!(at(10_000), (CodeState::Shown, Some(CodeEffect::Ask(ServerMs(11_000)))));
        assert_eq!(at(70_000), (CodeState::Shown, Some(CodeEffect::Ask(ServerMs(75_000)))));
        assert_eq!(at(90_001), (CodeState::Expired, None));
        let failed = shown.step(CodeEvent::AskFailed, ServerMs(1_000_000), &WAITING);
        let wait = 1_000_000 - 60_000;
        assert_eq!(
            failed,
            (CodeState::Shown, Some(CodeEffect::Ask(ServerMs(1_000_000 + wait)))),
            "silence is no answer"
        );
    }

    #[test]
    fn the_code_that_ends_first_is_shown_first_and_each_only_once() {
        let codes = [code(CodeState::Fresh, 90_000), code(CodeState::Shown, 40_000), code(CodeState::Fresh, 60_000)];
        let network = codes[0].network;
        assert_eq!(next(&codes, network, "CN", ServerMs(0)).map(|c| c.expires), Some(ServerMs(60_000)));
        assert_eq!(next(&codes, network, "JP", ServerMs(0)), None);
        assert_eq!(next(&codes, network, "CN", ServerMs(56_000)).map(|c| c.expires), Some(ServerMs(90_000)));
        assert_eq!(wanted(&codes, network, "CN", ServerMs(0), 3), 1);
    }

    #[test]
    fn people_see_four_digits() {
        assert_eq!(masked(&code(CodeState::Fresh, 1).digits), "•••• •••• •••• •••4 567");
    }
}
