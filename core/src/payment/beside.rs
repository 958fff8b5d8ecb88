//! What stands beside a payment and never rewrites it: money given back, what people were asked, the late cancel.

use crate::id::Id;
use crate::money::{Money, Rate};
use crate::payment::Receipt;
use crate::time::ServerMs;
use serde::{Deserialize, Serialize};

const MINUTE_MS: i64 = 60 * 1000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
/// Alipay+ counts its days at UTC+8, wherever the shop is (`domain.md` §5.5).
const NETWORK_OFFSET_MS: i64 = 8 * 60 * MINUTE_MS;

/// Until when a network may cancel what it charged at this moment: 00:30 of the next day at UTC+8 (`domain.md` §5.5).
pub fn late_cancel_ends(paid_at: ServerMs) -> ServerMs {
    let into_day = paid_at.plus(NETWORK_OFFSET_MS).0.rem_euclid(DAY_MS);
    paid_at.plus(into_day.saturating_neg()).plus(DAY_MS).plus(30 * MINUTE_MS)
}

/// Money given back. Parts have rates of their own: the day's, not the payment's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refund {
    /// Names this refund: the same one twice is one.
    pub id: Id,
    /// When it was given.
    pub at: ServerMs,
    /// What the shop gave back, in its currency.
    pub amount: Money,
    /// What the user got, in theirs: the amount at this refund's rate, give or take one minor unit.
    pub home: Money,
    /// The rate between the two.
    pub rate: Rate,
}

impl Refund {
    /// Whether it fits the payment it belongs to, and its own rate.
    pub fn fits(&self, receipt: &Receipt) -> bool {
        let same =
            self.amount.currency() == receipt.amount.currency() && self.home.currency() == receipt.home.currency();
        let worth = self.rate.convert(self.amount).and_then(|worth| worth.checked_sub(self.home));
        same && self.amount.is_positive()
            && self.home.minor() >= 0
            && worth.is_ok_and(|off| off.minor().saturating_abs() <= 1)
    }
}

/// Where something stands that was asked of people: a cancel at the bridge, a refund. Later words are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    /// It has arrived; a person decides.
    Open,
    /// The person said no.
    Refused,
    /// The person said yes.
    Granted,
}

/// What an answer says beside how the payment ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Beside {
    /// Where a wish to cancel stands, where a person decides about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel: Option<Asked>,
    /// Where a wish for a refund stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund: Option<Asked>,
    /// All money given back so far, each part once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refunds: Vec<Refund>,
    /// When the network cancelled what it had charged: the money is back. Until [`late_cancel_ends`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reversed: Option<ServerMs>,
}

impl Beside {
    /// Whether there is nothing.
    pub const fn is_empty(&self) -> bool {
        self.cancel.is_none() && self.refund.is_none() && self.refunds.is_empty() && self.reversed.is_none()
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "test code")]
mod tests {
    use super::*;

    #[test]
    fn a_late_cancel_ends_half_an_hour_into_the_next_day_at_utc_8() {
        // 2026-11-23 15:59:59.999 UTC is 23:59:59.999 of the same day at UTC+8; a millisecond later it is the 24th there.
        const MIDNIGHT: i64 = 1_795_449_600_000;
        let half_past = |days: i64| ServerMs(MIDNIGHT + days * DAY_MS + 30 * MINUTE_MS);
        assert_eq!(MIDNIGHT.rem_euclid(DAY_MS), 16 * 60 * MINUTE_MS, "midnight at UTC+8 is 16:00 UTC");
        assert_eq!(late_cancel_ends(ServerMs(MIDNIGHT - 1)), half_past(0));
        assert_eq!(late_cancel_ends(ServerMs(MIDNIGHT)), half_past(1));
        assert_eq!(late_cancel_ends(ServerMs(MIDNIGHT + DAY_MS - 1)), half_past(1));
        // KST is an hour ahead: 01:30 in Seoul, and not 00:30.
        assert_eq!(
            late_cancel_ends(ServerMs(MIDNIGHT - 1)).0 + 9 * 60 * MINUTE_MS - (MIDNIGHT + 8 * 60 * MINUTE_MS),
            90 * MINUTE_MS
        );
    }
}
