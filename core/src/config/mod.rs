//! The signed remote configuration: which networks there are, what carries what, how long things live.

use crate::code::Rules;
use crate::consent::Signed;
use crate::crypto::{Digest, PublicKey};
use crate::error::{Code, Error, Result};
use crate::money::Currency;
use crate::network::Network;
use crate::present::Policy;
use serde::{Deserialize, Serialize};

/// A network as the configuration describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkConfig {
    /// Its stable name.
    pub network: Network,
    /// What people call it.
    pub display: String,
    /// The digest of the consent document that has to be agreed to; the document itself is fetched by network.
    pub document: Digest,
    /// Countries where a shop's code can be scanned, ISO 3166-1 alpha-2.
    pub scan: Vec<String>,
    /// Countries where a code can be shown.
    pub show: Vec<String>,
    /// Documents for purposes beside paying, which the user may refuse without losing anything else (PIPA 22(5)).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub optional: Vec<OptionalDocument>,
    /// Transfers to this network have been ordered to stop (PIPA 28-9), or the company has stopped them itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended: Option<Suspension>,
}

/// A consent document beside the one that paying needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptionalDocument {
    /// What for.
    pub purpose: String,
    /// The digest of the document.
    pub document: Digest,
}

/// Why and since when nothing may go to a network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suspension {
    /// The order's number, or a word of the company's own.
    pub order: String,
    /// Since when, server milliseconds.
    pub since: i64,
}

/// How patient the wallet is. All in milliseconds, by the server's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patience {
    /// How long after the first send the same request may be sent again (R4): less than the gateway keeps keys.
    pub resend_horizon_ms: i64,
    /// How long after an order's end a request may still be on its way (R5).
    pub order_skew_ms: i64,
    /// The first waiting time between two questions about one payment.
    pub ask_first_ms: i64,
    /// The longest.
    pub ask_longest_ms: i64,
}

/// The configuration in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    content: Content,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    format: u32,
    version: u64,
    home: Currency,
    networks: Vec<NetworkConfig>,
    rules: Rules,
    patience: Patience,
    /// How many codes are fetched ahead, 1 to 10 (`domain.md` §5.2).
    codes_ahead: u8,
    /// The key of the log of consents; without it the company keeps none.
    #[serde(default)]
    log_key: Option<PublicKey>,
    /// How codes are presented; without it, by the defaults of the core.
    #[serde(default)]
    presenting: Policy,
}

impl Config {
    /// Checks signature and content.
    ///
    /// # Errors
    /// [`Code::ConfigInvalid`] with field `part`: `signature`, `format`, `patience`, `codes_ahead` or `presenting`.
    pub fn open(signed: &Signed, key: &PublicKey) -> Result<Self> {
        let bad = |part: &'static str| Error::new(Code::ConfigInvalid).with("part", part);
        if !key.verifies(&signed.bytes.0, &signed.signature) {
            return Err(bad("signature"));
        }
        let content: Content = serde_json::from_slice(&signed.bytes.0).map_err(|_| bad("format"))?;
        if content.format != 1 {
            return Err(bad("format"));
        }
        let Patience { resend_horizon_ms, order_skew_ms, ask_first_ms, ask_longest_ms } = content.patience;
        if resend_horizon_ms < 0 || order_skew_ms < 0 || ask_first_ms < 1 || ask_longest_ms < ask_first_ms {
            return Err(bad("patience"));
        }
        if !(1..=10).contains(&content.codes_ahead) {
            return Err(bad("codes_ahead"));
        }
        if let Some(field) = content.presenting.fault() {
            return Err(bad("presenting").with("field", field));
        }
        Ok(Self { content })
    }

    /// The one of the two to keep. A newer version wins; an older one is a rollback.
    ///
    /// # Errors
    /// [`Code::ConfigInvalid`] with `part` = `rollback` when `other` is older.
    pub fn newer(self, other: Self) -> Result<Self> {
        if other.version() < self.version() {
            return Err(Error::new(Code::ConfigInvalid).with("part", "rollback"));
        }
        Ok(other)
    }

    /// Counts up with every change.
    pub const fn version(&self) -> u64 {
        self.content.version
    }

    /// The currency users are charged in.
    pub const fn home(&self) -> Currency {
        self.content.home
    }

    /// Every network.
    pub fn networks(&self) -> &[NetworkConfig] {
        &self.content.networks
    }

    /// One network.
    ///
    /// # Errors
    /// [`Code::NetworkUnknown`] when the configuration has none of this name.
    pub fn network(&self, network: Network) -> Result<&NetworkConfig> {
        let found = self.content.networks.iter().find(|n| n.network == network);
        found.ok_or_else(|| Error::new(Code::NetworkUnknown).with("network", network))
    }

    /// Who carries which scanned code.
    pub const fn rules(&self) -> &Rules {
        &self.content.rules
    }

    /// How patient the wallet is.
    pub const fn patience(&self) -> &Patience {
        &self.content.patience
    }

    /// The key of the log that has to prove that it holds every consent event; without it the company keeps none.
    pub const fn log_key(&self) -> Option<&PublicKey> {
        self.content.log_key.as_ref()
    }

    /// How codes are presented.
    pub const fn presenting(&self) -> &Policy {
        &self.content.presenting
    }

    /// How many codes are fetched ahead.
    pub const fn codes_ahead(&self) -> u8 {
        self.content.codes_ahead
    }
}
