//! What a code made on the device looks like.

use super::batch::LimitedKey;
use super::damm::damm;
use crate::error::{Code, Error, Result};
use ring::hmac;

/// The digits of a code made on the device. A wallet company with a layout of its own implements this, on both sides.
pub trait Layout: Send + Sync {
    /// The code of this key at a time step.
    ///
    /// # Errors
    /// [`Code::ArgumentInvalid`] when prefix or handle do not have the digits that the layout asks for.
    fn write(&self, key: &LimitedKey, prefix: &str, epoch: u32, step: u64) -> Result<String>;

    /// How long a step is, in milliseconds: as long as one code stays on screen.
    fn step_ms(&self) -> i64;

    /// How long one key may be on screen, in milliseconds.
    fn session_ms(&self) -> i64;
}

/// WOC-1: `PPPP E HHHHHHHHH OOOOOOOOO C` – prefix, last digit of the epoch, handle, one-time password, check digit of Damm.
/// 24 digits: twelve symbol characters in Code 128's set C.
#[derive(Debug, Clone, Copy, Default)]
pub struct Woc1;

/// What stands in a WOC-1 code.
#[derive(Clone, PartialEq, Eq)]
pub struct Parts<'a> {
    /// The first four digits.
    pub prefix: &'a str,
    /// The epoch's last digit.
    pub epoch: u8,
    /// Whose key: nine digits.
    pub handle: &'a str,
    /// The one-time password: nine digits.
    pub otp: &'a str,
}

impl core::fmt::Debug for Parts<'_> {
    /// Without the digits: they pay.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Parts(…)")
    }
}

impl Woc1 {
    /// Digits of a code.
    pub const DIGITS: usize = 24;
    /// Digits of a handle, and of a one-time password.
    pub const HALF: usize = 9;
    /// How many steps before and after its own a verifier accepts (RFC 6238 §5.2 with two steps of drift).
    pub const WINDOW: u64 = 2;

    /// Takes a code apart. Nothing when it is not 24 digits or the check digit is wrong.
    pub fn parse(code: &str) -> Option<Parts<'_>> {
        if code.len() != Self::DIGITS || damm(code) != Some(0) {
            return None;
        }
        let (prefix, rest) = code.split_at_checked(4)?;
        let (epoch, rest) = rest.split_at_checked(1)?;
        let (handle, rest) = rest.split_at_checked(Self::HALF)?;
        let (otp, _) = rest.split_at_checked(Self::HALF)?;
        Some(Parts { prefix, epoch: epoch.parse().ok()?, handle, otp })
    }

    /// The time step of a moment.
    pub fn step_of(server_ms: i64) -> u64 {
        u64::try_from(server_ms.div_euclid(30_000)).unwrap_or(0)
    }
}

impl Layout for Woc1 {
    fn write(&self, key: &LimitedKey, prefix: &str, epoch: u32, step: u64) -> Result<String> {
        let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(prefix, 4) || !digits(&key.handle, Self::HALF) {
            return Err(Error::new(Code::ArgumentInvalid).with("field", "offline_code"));
        }
        let otp = one_time(&key.secret, epoch, &key.handle, step, 9);
        let mut code = format!("{prefix}{}{}{otp:09}", epoch % 10, key.handle);
        let check = damm(&code).ok_or_else(|| Error::new(Code::Internal).with("part", "damm"))?;
        code.push(char::from(b'0'.saturating_add(check)));
        Ok(code)
    }

    fn step_ms(&self) -> i64 {
        30_000
    }

    fn session_ms(&self) -> i64 {
        300_000
    }
}

/// The one-time password of a key at a step: the first 16 bytes of
/// `HMAC-SHA256(key, "wallet-offline-code" || 01 || epoch || handle || step)` as a number, modulo 10^`digits` (at most 9). Epoch is
/// four bytes, step eight, big-endian; the handle its ASCII digits. The bias of the remainder is below 3e-30.
pub fn one_time(secret: &[u8; 32], epoch: u32, handle: &str, step: u64, digits: u32) -> u32 {
    let mut message = b"wallet-offline-code\x01".to_vec();
    message.extend_from_slice(&epoch.to_be_bytes());
    message.extend_from_slice(handle.as_bytes());
    message.extend_from_slice(&step.to_be_bytes());
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), &message);
    let first = tag.as_ref().first_chunk::<16>().copied().unwrap_or_default();
    let space = 10_u128.checked_pow(digits.min(9)).unwrap_or(1);
    u32::try_from(u128::from_be_bytes(first).checked_rem(space).unwrap_or(0)).unwrap_or(0)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::as_conversions, clippy::string_slice, reason = "test code")]
mod tests {
    use super::*;
    use zeroize::Zeroizing;

    fn key(n: u8) -> LimitedKey {
        LimitedKey { handle: format!("{:09}", u32::from(n) * 7_654_321), secret: Zeroizing::new([n; 32]) }
    }

    #[test]
    fn a_code_comes_apart_as_it_was_put_together() {
        let code = Woc1.write(&key(7), "2810", 13, 59_848_083).unwrap();
        let parts = Woc1::parse(&code).unwrap();
        assert_eq!((parts.prefix, parts.epoch, parts.handle), ("2810", 3, key(7).handle.as_str()));
        assert_eq!(parts.otp, format!("{:09}", one_time(&[7; 32], 13, &key(7).handle, 59_848_083, 9)));
        assert!(Woc1::parse(&code[..23]).is_none());
        assert!(Woc1.write(&key(7), "281", 13, 1).is_err());
    }

    /// The odds of `security.md` §3.4, in a space that is small enough to be hit: 20 devices with 4 keys each, 5 steps
    /// accepted, 3 + 3 digits. P = U K W / 10^6 = 4e-4 for one blind guess.
    #[test]
    fn blind_guesses_hit_as_often_as_reckoned() {
        let mut seed = 0x5EED_u64;
        let mut next = || {
            // SplitMix64 (Steele, Lea, Flood 2014).
            seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let z = (seed ^ (seed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            z ^ (z >> 31)
        };
        let mut accepted = vec![Vec::new(); 1_000];
        let mut live = 0;
        while live < 80 {
            let handle = (next() % 1_000) as usize;
            if !accepted[handle].is_empty() {
                continue; // unique among live handles
            }
            let mut secret = [0; 32];
            secret.iter_mut().for_each(|byte| *byte = next() as u8);
            accepted[handle] = (998..=1_002).map(|n| one_time(&secret, 1, &format!("{handle:03}"), n, 3)).collect();
            live += 1;
        }
        let guesses = 2_000_000_u32;
        let hits = (0..guesses).filter(|_| {
            let guess = next() % 1_000_000;
            accepted[(guess / 1_000) as usize].contains(&((guess % 1_000) as u32))
        });
        let (hits, expected) = (hits.count() as f64, f64::from(guesses) * 80.0 * 5.0 / 1e6);
        // Four standard deviations, and two of the five steps may by chance have one password.
        let off = 4.0 * expected.sqrt();
        assert!((hits - expected).abs() < off, "{hits} hits, {expected} expected, {off} allowed");
    }
}
