//! What the user has, as the gateway says it.

use crate::money::Money;
use serde::{Deserialize, Serialize};

/// A balance as the gateway knew it at one moment: a snapshot, never added to or taken from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balance {
    /// The amount.
    pub amount: Money,
    /// Counts up with every change; the larger one is the newer.
    pub version: u64,
}

impl Balance {
    /// The newer of the two: an answer that was overtaken on its way changes nothing.
    #[must_use]
    pub fn newer(self, other: Self) -> Self {
        if other.version > self.version || planted!(BalanceGoesBack) { other } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    /// R8: the balance is the server's number with its version.
    #[test]
    fn an_overtaken_balance_changes_nothing() {
        let won = |minor, version| Balance {
            amount: Money::from_minor(Currency::from_alpha("KRW").unwrap(), minor),
            version,
        };
        assert_eq!(won(900, 2).newer(won(1_000, 1)), won(900, 2));
        assert_eq!(won(1_000, 1).newer(won(900, 2)), won(900, 2));
    }
}
