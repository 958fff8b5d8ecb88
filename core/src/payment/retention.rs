//! How long a payment has to be kept.

use crate::money::Currency;
use crate::payment::{Record, State};
use crate::time::ServerMs;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Electronic Financial Transactions Act (Korea), Article 22, and its decree: five years for transactions over 10,000 won,
/// one year for smaller ones and for what was only asked for. Leap days counted for the longer side.
const LONG_DAYS: i64 = 5 * 365 + 2;
const SHORT_DAYS: i64 = 366;
const SMALL_WON: i64 = 10_000;

impl Record {
    /// Until when this payment has to be kept; none while it has not ended, or people still have to look at it.
    pub fn keep_until(&self) -> Option<ServerMs> {
        let state = self.payment.state;
        if !state.ended() || state == State::Conflict {
            return None;
        }
        // Whatever is not surely small, and in won, is kept for long.
        let small = self.receipt().is_none_or(|receipt| {
            Currency::from_alpha("KRW").is_ok_and(|won| receipt.home.currency() == won)
                && receipt.home.minor() <= SMALL_WON
        });
        let days = if small { SHORT_DAYS } else { LONG_DAYS };
        Some(self.created.plus(days.saturating_mul(DAY_MS)))
    }
}
