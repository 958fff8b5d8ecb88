//! Code 128 (ISO/IEC 15417): the linear symbol beside the QR code, for tills that read lines only.
//!
//! ```
//! use jigap::code::draw::code128;
//!
//! let bars = code128::encode("6212345678901234567")?;
//! // Start, nine pairs of digits, change of set, one digit, check character: 13 of 11 modules, and the stop of 13.
//! assert_eq!(bars.len(), 13 * 11 + 13);
//! # Ok::<(), jigap::code::draw::DrawError>(())
//! ```

use core::fmt;

use super::{DrawError, Unit};

/// The longest text in characters. The standard sets no limit; the longest payment code has 32 digits, and a symbol of more
/// characters than this fits no screen.
pub const MAX_CHARACTERS: usize = 80;

/// Words for the worst case: two symbol characters for each character of text, start and check, and the stop.
const WORDS: usize = (11 * (2 * MAX_CHARACTERS + 2) + 13_usize).div_ceil(64);

/// Element widths, bar first, one hexadecimal digit each (ISO/IEC 15417 Table 1): values 0 to 105.
#[rustfmt::skip]
const WIDTHS: [u32; 106] = [
    0x212222, 0x222122, 0x222221, 0x121223, 0x121322, 0x131222, 0x122213, 0x122312, 0x132212, 0x221213, 0x221312, 0x231212,
    0x112232, 0x122132, 0x122231, 0x113222, 0x123122, 0x123221, 0x223211, 0x221132, 0x221231, 0x213212, 0x223112, 0x312131,
    0x311222, 0x321122, 0x321221, 0x312212, 0x322112, 0x322211, 0x212123, 0x212321, 0x232121, 0x111323, 0x131123, 0x131321,
    0x112313, 0x132113, 0x132311, 0x211313, 0x231113, 0x231311, 0x112133, 0x112331, 0x132131, 0x113123, 0x113321, 0x133121,
    0x313121, 0x211331, 0x231131, 0x213113, 0x213311, 0x213131, 0x311123, 0x311321, 0x331121, 0x312113, 0x312311, 0x332111,
    0x314111, 0x221411, 0x431111, 0x111224, 0x111422, 0x121124, 0x121421, 0x141122, 0x141221, 0x112214, 0x112412, 0x122114,
    0x122411, 0x142112, 0x142211, 0x241211, 0x221114, 0x413111, 0x241112, 0x134111, 0x111242, 0x121142, 0x121241, 0x114212,
    0x124112, 0x124211, 0x411212, 0x421112, 0x421211, 0x212141, 0x214121, 0x412121, 0x111143, 0x111341, 0x131141, 0x114113,
    0x114311, 0x411113, 0x411311, 0x113141, 0x114131, 0x311141, 0x411131, 0x211412, 0x211214, 0x211232,
];

/// The element widths of a symbol character, bar first; all zero above 105.
pub(in crate::code) fn widths(value: u8) -> [u8; 6] {
    let row = WIDTHS.get(usize::from(value)).copied().unwrap_or(0);
    [20, 16, 12, 8, 4, 0].map(|shift| u8::try_from(row >> shift & 0xF).unwrap_or(0))
}

/// Stop pattern, 2 3 3 1 1 1 2: 13 modules, first module in bit 0.
const STOP: u64 = 0b1_1010_1110_0011;
const STOP_MODULES: u32 = 13;

/// The patterns as modules: bit 0 is the first module, 1 = bar.
static PATTERNS: [u16; 106] = patterns();

#[allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "evaluated by the compiler over a fixed table"
)]
const fn patterns() -> [u16; 106] {
    let mut table = [0; 106];
    let mut value = 0;
    while value < 106 {
        let (mut element, mut at) = (0, 0);
        while element < 6 {
            let width = WIDTHS[value] >> (20 - 4 * element) & 0xF;
            if element % 2 == 0 {
                table[value] |= (((1 << width) - 1) << at) as u16;
            }
            at += width;
            element += 1;
        }
        value += 1;
    }
    table
}

/// A code set. Which one is in force decides what a symbol character means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Set {
    /// Control characters, capitals, digits, punctuation: ASCII 0 to 95.
    A,
    /// Printable ASCII: 32 to 127.
    B,
    /// Pairs of digits.
    C,
}

impl Set {
    /// In the order in which equally short ways are preferred.
    const ALL: [Self; 3] = [Self::C, Self::B, Self::A];

    const fn start(self) -> u8 {
        match self {
            Self::A => 103,
            Self::B => 104,
            Self::C => 105,
        }
    }

    /// The symbol character that puts this set in force, whichever other set is.
    const fn switch(self) -> u8 {
        match self {
            Self::A => 101,
            Self::B => 100,
            Self::C => 99,
        }
    }

    /// The symbol character for the beginning of `rest` in this set, and how many characters it stands for.
    fn value(self, rest: &[u8]) -> Option<(u8, usize)> {
        match (self, rest) {
            (Self::A, &[c @ 32..=95, ..]) | (Self::B, &[c @ 32..=127, ..]) => Some((c.wrapping_sub(32), 1)),
            (Self::A, &[c @ 0..=31, ..]) => Some((c.wrapping_add(64), 1)),
            (Self::C, &[tens @ b'0'..=b'9', units @ b'0'..=b'9', ..]) => Some((pair(tens, units), 2)),
            _ => None,
        }
    }
}

/// The value of two ASCII digits.
const fn pair(tens: u8, units: u8) -> u8 {
    (tens & 15).wrapping_mul(10).wrapping_add(units & 15)
}

const SHIFT: u8 = 98;

/// One step through the text: at most one change of set, then one symbol character of text.
#[derive(Clone, Copy)]
struct Step {
    change: Option<u8>,
    value: u8,
    characters: usize,
    next: Set,
}

impl Step {
    /// Symbol characters it takes.
    const fn cost(self) -> u16 {
        if self.change.is_some() { 2 } else { 1 }
    }
}

/// Every step that `set` allows at the beginning of `rest`.
fn steps(set: Set, rest: &[u8]) -> impl Iterator<Item = Step> {
    let stay_or_switch = Set::ALL.into_iter().filter_map(move |next| {
        let (value, characters) = next.value(rest)?;
        let change = (next != set).then_some(next.switch());
        Some(Step { change, value, characters, next })
    });
    let other = match set {
        Set::A => Some(Set::B),
        Set::B => Some(Set::A),
        Set::C => None,
    };
    let shifted = other.and_then(|other| {
        let (value, characters) = other.value(rest)?;
        Some(Step { change: Some(SHIFT), value, characters, next: set })
    });
    stay_or_switch.chain(shifted)
}

/// A finished symbol without quiet zones. No allocation: it is a plain value of about 250 bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Bars {
    words: [u64; WORDS],
    modules: u32,
    /// Σ position · value, and the position of the next symbol character.
    weighted: u32,
    position: u32,
}

impl Bars {
    /// Nothing but the start character.
    fn started(start: Set) -> Self {
        let mut bars = Self { words: [0; WORDS], modules: 0, weighted: 0, position: 0 };
        bars.push(start.start());
        // The start character and the first after it both have weight 1.
        bars.weighted = u32::from(start.start());
        bars
    }

    fn push(&mut self, value: u8) {
        let pattern = PATTERNS.get(usize::from(value)).copied().unwrap_or(0);
        self.append(u64::from(pattern), 11);
        // At most 162 characters of at most 105 each: far from the range of u32.
        self.weighted = self.weighted.wrapping_add(self.position.wrapping_mul(u32::from(value)));
        self.position = self.position.wrapping_add(1);
    }

    fn append(&mut self, pattern: u64, modules: u32) {
        // The conversion is lossless: there are 8 modules a character at most, of 162.
        let word = usize::try_from(self.modules / 64).unwrap_or(WORDS);
        let at = self.modules % 64;
        if let Some(low) = self.words.get_mut(word) {
            *low |= pattern << at;
        }
        if at > 51
            && let Some(high) = self.words.get_mut(word.wrapping_add(1))
        {
            *high |= pattern.wrapping_shr(64_u32.wrapping_sub(at));
        }
        self.modules = self.modules.wrapping_add(modules);
    }

    fn finished(mut self) -> Self {
        let check = u8::try_from(self.weighted % 103).unwrap_or(0);
        self.push(check);
        self.append(STOP, STOP_MODULES);
        self
    }

    /// Modules from the first bar to the last, quiet zones not counted.
    #[must_use]
    pub fn len(&self) -> usize {
        usize::try_from(self.modules).unwrap_or(0)
    }

    /// Never true: a symbol has at least a start, a check and a stop character.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.modules == 0
    }

    /// The modules from the left, `true` = bar.
    pub fn modules(&self) -> impl Iterator<Item = bool> {
        self.words.iter().flat_map(|word| (0..64_u32).map(move |i| word.wrapping_shr(i) & 1 == 1)).take(self.len())
    }

    /// Widths in modules, 1 to 4: bar, space, bar, … and a bar last.
    pub fn widths(&self) -> impl Iterator<Item = u8> {
        let mut modules = self.modules().peekable();
        core::iter::from_fn(move || {
            let colour = modules.next()?;
            let mut width = 1_u8;
            while modules.next_if_eq(&colour).is_some() {
                width = width.saturating_add(1);
            }
            Some(width)
        })
    }

    /// The modules as words: module `x` is bit `x % 64` of word `x / 64`, 1 = bar.
    #[must_use]
    pub fn words(&self) -> &[u64] {
        self.words.get(..self.len().div_ceil(64)).unwrap_or_default()
    }
}

impl fmt::Debug for Bars {
    /// Without the bars: they are the payment code.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bars").field("modules", &self.modules).finish_non_exhaustive()
    }
}

/// Draws `text` in the fewest symbol characters that the three code sets and the shift character allow.
///
/// # Errors
/// [`DrawError::Empty`]; [`DrawError::BadCharacter`] for a character outside ASCII; [`DrawError::TooLong`] for more than
/// [`MAX_CHARACTERS`] characters.
pub fn encode(text: &str) -> Result<Bars, DrawError> {
    let bytes = text.as_bytes();
    let two_digits = matches!(bytes, [b'0'..=b'9', b'0'..=b'9', ..]);
    if two_digits && bytes.len() <= MAX_CHARACTERS && bytes.iter().all(u8::is_ascii_digit) {
        return Ok(encode_digits(bytes));
    }
    if bytes.is_empty() {
        return Err(DrawError::Empty);
    }
    if let Some(position) = text.chars().position(|c| !c.is_ascii()) {
        return Err(DrawError::BadCharacter { position });
    }
    if bytes.len() > MAX_CHARACTERS {
        return Err(DrawError::TooLong { needed: bytes.len(), limit: MAX_CHARACTERS, unit: Unit::Characters });
    }
    Ok(encode_ascii(bytes))
}

/// Two digits or more: set C throughout, and an odd last digit in set B. No way is shorter.
fn encode_digits(digits: &[u8]) -> Bars {
    let (pairs, odd) = digits.as_chunks::<2>();
    let mut bars = Bars::started(Set::C);
    for &[tens, units] in pairs {
        bars.push(pair(tens, units));
    }
    if let Some((value, _)) = Set::B.value(odd) {
        bars.push(Set::B.switch());
        bars.push(value);
    }
    bars.finished()
}

/// Dynamic programming from the end of the text: the least number of symbol characters for the rest, for each set in force.
fn encode_ascii(text: &[u8]) -> Bars {
    let mut least = [[0_u16; 3]; MAX_CHARACTERS + 1];
    let cost = |least: &[[u16; 3]; MAX_CHARACTERS + 1], at: usize, step: Step| {
        let after = least.get(at.saturating_add(step.characters)).map_or(0, |sets| *of(sets, step.next));
        after.saturating_add(step.cost())
    };
    for at in (0..text.len()).rev() {
        let rest = text.get(at..).unwrap_or_default();
        // Sets A and B together hold all of ASCII, so there always is a step.
        let best = Set::ALL.map(|set| steps(set, rest).map(|step| cost(&least, at, step)).min().unwrap_or(u16::MAX));
        if let Some(sets) = least.get_mut(at) {
            *sets = best;
        }
    }

    let [first, ..] = least;
    let mut set = Set::ALL.into_iter().min_by_key(|set| *of(&first, *set)).unwrap_or(Set::B);
    let mut bars = Bars::started(set);
    let mut at = 0_usize;
    while let Some(step) = steps(set, text.get(at..).unwrap_or_default()).min_by_key(|step| cost(&least, at, *step)) {
        if let Some(change) = step.change {
            bars.push(change);
        }
        bars.push(step.value);
        set = step.next;
        at = at.saturating_add(step.characters);
    }
    bars.finished()
}

/// The entry for `set`, in the order of [`Set::ALL`].
const fn of(sets: &[u16; 3], set: Set) -> &u16 {
    let [c, b, a] = sets;
    match set {
        Set::A => a,
        Set::B => b,
        Set::C => c,
    }
}
