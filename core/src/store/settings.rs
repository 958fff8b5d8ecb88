//! Values of which there is one of a kind.

use super::{Tx, View, failed, row};
use crate::consent::{LogState, Signed};
use crate::crypto::PublicKey;
use crate::error::Result;
use crate::id::Id;
use crate::time::{ServerAnchor, ServerMs};
use crate::wallet::Balance;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// A kind of value of which the wallet keeps one.
pub trait Setting: Serialize + DeserializeOwned {
    /// Its row.
    const NAME: &'static str;
}

/// Who this device is to the gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enrolment {
    /// The gateway's name for this device.
    pub device: Id,
    /// The public half of the device's key, by which the ledger is verified without asking the vault.
    pub device_key: PublicKey,
    /// The key whose proofs count as the user's.
    pub user_key: PublicKey,
}

/// What the company says about the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// Under 14: consents need the guardian's confirmation (PIPA 22-2).
    pub guardian: bool,
}

impl Setting for Subject {
    const NAME: &'static str = "subject";
}

impl Setting for LogState {
    const NAME: &'static str = "consent_log";
}

impl Setting for Enrolment {
    const NAME: &'static str = "enrolment";
}

/// The configuration as it was signed: verified again at every start.
impl Setting for Signed {
    const NAME: &'static str = "config";
}

impl Setting for ServerAnchor {
    const NAME: &'static str = "anchor";
}

impl Setting for Balance {
    const NAME: &'static str = "balance";
}

/// This database is older than what the vault or the gateway has seen of it, or was begun anew: nothing new is sent until
/// the gateway's record has been taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Behind {
    /// Since when that is known.
    pub since: ServerMs,
}

impl Setting for Behind {
    const NAME: &'static str = "behind";
}

const VALUE: (&str, &str) = ("setting", "s_value");

impl View<'_> {
    /// The value of this kind, if there is one.
    ///
    /// # Errors
    /// [`crate::error::Code::StoreDamaged`], [`crate::error::Code::StoreFailed`].
    pub fn setting<S: Setting>(&self) -> Result<Option<S>> {
        let mut statement =
            self.connection.prepare_cached("SELECT version, s_value FROM setting WHERE name = ?1").map_err(failed)?;
        let found: Option<(i64, Vec<u8>)> =
            row::optional(statement.query_row([S::NAME], |row| Ok((row.get(0)?, row.get(1)?))))?;
        found.map(|(version, sealed)| self.open_json(VALUE, S::NAME.as_bytes(), version, &sealed)).transpose()
    }
}

impl Tx<'_> {
    /// Keeps a balance, unless a newer one is kept already.
    ///
    /// # Errors
    /// [`crate::error::Code::StoreFailed`].
    pub fn keep_balance(&self, fresh: &Balance) -> Result<()> {
        let newest = self.setting::<Balance>()?.map_or(*fresh, |kept| kept.newer(*fresh));
        self.set(&newest)
    }

    /// Keeps no value of this kind any more.
    ///
    /// # Errors
    /// [`crate::error::Code::StoreFailed`].
    pub fn forget<S: Setting>(&self) -> Result<()> {
        self.connection.execute("DELETE FROM setting WHERE name = ?1", [S::NAME]).map(|_| ()).map_err(failed)
    }

    /// Seals every value under the current keys.
    pub(super) fn reseal_settings(&self) -> Result<()> {
        let mut statement = self.connection.prepare("SELECT name, version, s_value FROM setting").map_err(failed)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        let rows: Vec<(String, i64, Vec<u8>)> = rows.and_then(Iterator::collect).map_err(failed)?;
        for (name, version, sealed) in rows {
            let plain = self.open_bytes(VALUE, name.as_bytes(), version, &sealed)?;
            let anew = self.seal_bytes(VALUE, name.as_bytes(), version, &plain)?;
            let sql = "UPDATE setting SET s_value = ?2 WHERE name = ?1";
            self.connection.execute(sql, (name, anew)).map_err(failed)?;
        }
        Ok(())
    }

    /// Keeps a value in place of the one before.
    ///
    /// # Errors
    /// [`crate::error::Code::StoreFailed`].
    pub fn set<S: Setting>(&self, value: &S) -> Result<()> {
        let sql = "SELECT version FROM setting WHERE name = ?1";
        let last: Option<i64> = row::optional(self.connection.query_row(sql, [S::NAME], |row| row.get(0)))?;
        let version = last.unwrap_or(0).saturating_add(1);
        let sealed = self.seal_json(VALUE, S::NAME.as_bytes(), version, value)?;
        let sql = "INSERT INTO setting (name, version, s_value) VALUES (?1, ?2, ?3)
            ON CONFLICT (name) DO UPDATE SET version = excluded.version, s_value = excluded.s_value";
        self.connection.execute(sql, (S::NAME, version, sealed)).map(|_| ()).map_err(failed)
    }
}
