//! Time without trust in the wall clock.
//!
//! A phone's wall clock can be set by hand; the boot clock cannot. Deadlines are kept in server time, estimated as
//! the server's last word plus what the boot clock counted since (`security.md` §3.3, R9, R10).

use serde::{Deserialize, Serialize};

/// What the device's clocks say at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Now {
    /// Wall clock, milliseconds since 1970-01-01 UTC. For display and evidence, never for a decision alone.
    pub wall_ms: i64,
    /// Milliseconds since the device started, sleep included; never goes back within one boot.
    pub boot_ms: u64,
    /// Changes at every start of the device, so that two boot clocks are never compared.
    pub boot_id: [u8; 16],
}

/// Reads the device's clocks. The simulator brings its own.
pub trait Clock: Send + Sync {
    /// Both clocks, now.
    fn now(&self) -> Now;
}

/// An anchor that is contradicted by more than this was wrong. Longer than any exchange with the gateway may take.
const WRONG_MS: i64 = 5 * 60 * 1000;

/// Milliseconds since 1970-01-01 UTC as the server counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ServerMs(pub i64);

impl ServerMs {
    /// This moment, moved by so many milliseconds; stops at the ends of the range.
    #[must_use]
    pub const fn plus(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this moment.
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// The server's last word about the time, and where the device's clocks stood when it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerAnchor {
    /// The server's time.
    pub server: ServerMs,
    /// The device's clocks at that moment.
    pub at: Now,
}

impl ServerAnchor {
    /// Estimates the server's time. Within one boot the wall clock plays no part; after a restart the wall clock's
    /// advance since the anchor has to stand in, and never counts backwards.
    pub fn estimate(&self, now: &Now) -> ServerMs {
        let same_boot = now.boot_id == self.at.boot_id && now.boot_ms >= self.at.boot_ms;
        let passed = if same_boot {
            i64::try_from(now.boot_ms.saturating_sub(self.at.boot_ms)).unwrap_or(i64::MAX)
        } else {
            now.wall_ms.saturating_sub(self.at.wall_ms).max(0)
        };
        self.server.plus(passed)
    }

    /// The anchor to keep: the newer server time wins, so that a late answer cannot set time back.
    #[must_use]
    pub fn later(self, other: Self) -> Self {
        let behind = self.estimate(&other.at).since(other.server);
        // No answer is minutes late; so much behind means that the older word was wrong.
        let wrong = behind > WRONG_MS || other.at.boot_id != self.at.boot_id;
        if behind < 0 || wrong { other } else { self }
    }
}

/// The clocks of the machine this runs on.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Now {
        // CLOCK_BOOTTIME counts sleep on Linux and Android; on Apple's systems CLOCK_MONOTONIC does.
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let clock = rustix::time::ClockId::Boottime;
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        let clock = rustix::time::ClockId::Monotonic;
        let boot = rustix::time::clock_gettime(clock);
        let boot_ms = u64::try_from(boot.tv_sec)
            .unwrap_or(0)
            .saturating_mul(1000)
            .saturating_add(u64::try_from(boot.tv_nsec).unwrap_or(0) / 1_000_000);
        let wall_ms = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX));
        Now { wall_ms, boot_ms, boot_id: boot_id(wall_ms, boot_ms) }
    }
}

/// The kernel's boot id where it may be read, else the moment of the start in steps of ten minutes: coarse, but
/// [`ServerAnchor::estimate`] also notices a boot clock that went back. Where it is not readable (Apple's systems, some
/// Android apps), a wall clock moved by more than ten minutes looks like a restart, and the estimate goes by the wall
/// clock until the next answer of the server.
fn boot_id(wall_ms: i64, boot_ms: u64) -> [u8; 16] {
    static KERNEL: std::sync::OnceLock<Option<[u8; 16]>> = std::sync::OnceLock::new();
    let kernel = KERNEL.get_or_init(|| {
        let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        let mut id = [0u8; 16];
        let mut digits = text.chars().filter_map(|c| c.to_digit(16));
        for slot in &mut id {
            let (high, low) = (digits.next()?, digits.next()?);
            *slot = u8::try_from(high.checked_mul(16)?.checked_add(low)?).ok()?;
        }
        Some(id)
    });
    kernel.unwrap_or_else(|| {
        let started = wall_ms.saturating_sub(i64::try_from(boot_ms).unwrap_or(0));
        let mut id = [0u8; 16];
        for (slot, byte) in id.iter_mut().zip((started / 600_000).to_be_bytes()) {
            *slot = byte;
        }
        id
    })
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::as_conversions, reason = "test code")]
mod tests {
    use super::*;

    fn at(wall_ms: i64, boot_ms: u64, boot: u8) -> Now {
        Now { wall_ms, boot_ms, boot_id: [boot; 16] }
    }

    /// R10: deadlines do not follow the wall clock.
    #[test]
    fn a_changed_wall_clock_does_not_move_the_estimate() {
        let anchor = ServerAnchor { server: ServerMs(1_000_000), at: at(5, 1_000, 1) };
        for wall in [-86_400_000, 5, 86_400_000] {
            assert_eq!(anchor.estimate(&at(wall, 3_500, 1)), ServerMs(1_002_500));
        }
    }

    #[test]
    fn after_a_restart_the_wall_clock_stands_in_but_never_goes_back() {
        let anchor = ServerAnchor { server: ServerMs(1_000_000), at: at(50_000, 1_000, 1) };
        assert_eq!(anchor.estimate(&at(60_000, 10, 2)), ServerMs(1_010_000));
        assert_eq!(anchor.estimate(&at(0, 10, 2)), ServerMs(1_000_000));
    }

    #[test]
    fn a_late_answer_does_not_set_time_back() {
        let old = ServerAnchor { server: ServerMs(1_000), at: at(0, 1_000, 1) };
        let stale = ServerAnchor { server: ServerMs(900), at: at(0, 1_500, 1) };
        assert_eq!(old.later(stale), old);
        let fresh = ServerAnchor { server: ServerMs(1_700), at: at(0, 1_500, 1) };
        assert_eq!(old.later(fresh), fresh);
        let day_ahead = ServerAnchor { server: ServerMs(86_400_000), at: at(0, 1_000, 1) };
        assert_eq!(day_ahead.later(fresh), fresh, "one wrong word does not stay");
    }

    #[test]
    fn the_system_clock_moves_forward() {
        let (a, b) = (SystemClock.now(), SystemClock.now());
        assert!(b.boot_ms >= a.boot_ms && a.boot_id == b.boot_id);
    }
}
