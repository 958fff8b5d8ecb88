//! Keys for codes without network.

use super::settings::Setting;
use super::{Tx, View, failed, row};
use crate::crypto::Blob;
use crate::error::{Code as ErrorCode, Error, Result};
use crate::id::Id;
use crate::present::offline::{Batch, LimitedKey, OfflineLimits};
use crate::time::ServerMs;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The batch in force, without its keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptBatch {
    /// Counts up with every batch; kept when the keys are gone, so that the gateway sees a phone that was set back.
    pub epoch: u32,
    /// When it was issued.
    pub issued: ServerMs,
    /// Until when its keys pay.
    pub valid_until: ServerMs,
    /// What they may charge.
    pub limits: OfflineLimits,
}

impl Setting for KeptBatch {
    const NAME: &'static str = "offline_batch";
}

/// Where a key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// No code of it was ever on a screen.
    Unused,
    /// A code of it was on a screen, or is.
    InUse,
    /// It has paid.
    Spent,
}

impl KeyState {
    const ALL: [(Self, &'static str); 3] = [(Self::Unused, "unused"), (Self::InUse, "in_use"), (Self::Spent, "spent")];

    fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(state, _)| *state == self).map_or("", |(_, name)| name)
    }
}

/// A kept key.
#[derive(Clone)]
pub struct OfflineKey {
    /// Its name, and that of the payment.
    pub id: Id,
    /// Where it stands.
    pub state: KeyState,
    /// The last time step for which it may have been on a screen.
    pub since: u64,
    /// The key.
    pub key: LimitedKey,
}

redacted!(OfflineKey);

const BODY: (&str, &str) = ("offline_key", "s_body");

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    handle: String,
    secret: Blob,
}

struct Row {
    id: Vec<u8>,
    state: String,
    since: i64,
    version: i64,
    body: Vec<u8>,
    mac: Vec<u8>,
}

impl Row {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            state: row.get(1)?,
            since: row.get(2)?,
            version: row.get(3)?,
            body: row.get(4)?,
            mac: row.get(5)?,
        })
    }

    fn mac_input(&self) -> Vec<u8> {
        row::mac_input("offline_key", &self.id, &self.state, self.version, &self.since.to_be_bytes(), &[&self.body])
    }
}

impl View<'_> {
    /// Every key of the batch in force.
    ///
    /// # Errors
    /// [`ErrorCode::StoreDamaged`], [`ErrorCode::StoreFailed`].
    pub fn offline_keys(&self) -> Result<Vec<OfflineKey>> {
        self.key_rows()?.iter().map(|row| self.open_key(row)).collect()
    }

    /// A batch is a few dozen rows.
    fn key_rows(&self) -> Result<Vec<Row>> {
        let sql = "SELECT id, state, since, version, s_body, mac FROM offline_key ORDER BY id";
        let mut statement = self.connection.prepare_cached(sql).map_err(failed)?;
        statement.query_map([], Row::read).and_then(Iterator::collect).map_err(failed)
    }

    fn open_key(&self, row: &Row) -> Result<OfflineKey> {
        let damaged = || Error::new(ErrorCode::StoreDamaged).with("table", "offline_key");
        self.check_mac("offline_key", &row.mac_input(), &row.mac)?;
        let body: Body = self.open_json(BODY, &row.id, row.version, &row.body)?;
        let secret: [u8; 32] = body.secret.0.as_slice().try_into().map_err(|_| damaged())?;
        let state = KeyState::ALL.iter().find(|(_, name)| *name == row.state).map(|(state, _)| *state);
        Ok(OfflineKey {
            id: Id::from_slice(&row.id)?,
            state: state.ok_or_else(damaged)?,
            since: u64::try_from(row.since).map_err(|_| damaged())?,
            key: LimitedKey { handle: body.handle, secret: Zeroizing::new(secret) },
        })
    }
}

impl Tx<'_> {
    /// Keeps a batch in place of the one before.
    ///
    /// # Errors
    /// [`ErrorCode::StoreFailed`].
    pub fn keep_batch(&self, batch: &Batch) -> Result<()> {
        self.wipe_offline_keys()?;
        let Batch { epoch, issued, valid_until, limits, keys } = batch;
        let (epoch, issued, valid_until, limits) = (*epoch, *issued, *valid_until, *limits);
        self.set(&KeptBatch { epoch, issued, valid_until, limits })?;
        keys.iter().try_for_each(|key| {
            let (id, key) = (key.id(), key.clone());
            self.put_offline_key(&OfflineKey { id, state: KeyState::Unused, since: 0, key })
        })
    }

    /// Seals every key under the current keys of the database.
    pub(super) fn reseal_offline_keys(&self) -> Result<()> {
        for mut row in self.key_rows()? {
            self.check_mac("offline_key", &row.mac_input(), &row.mac)?;
            let body = Zeroizing::new(self.open_bytes(BODY, &row.id, row.version, &row.body)?);
            row.body = self.seal_bytes(BODY, &row.id, row.version, &body)?;
            row.mac = self.keys.row_mac(&row.mac_input()).as_bytes().to_vec();
            let sql = "UPDATE offline_key SET s_body = ?2, mac = ?3 WHERE id = ?1";
            self.connection.execute(sql, (&row.id, &row.body, &row.mac)).map_err(failed)?;
        }
        Ok(())
    }

    /// Forgets every key; the epoch stays.
    ///
    /// # Errors
    /// [`ErrorCode::StoreFailed`].
    pub fn wipe_offline_keys(&self) -> Result<()> {
        self.connection.execute("DELETE FROM offline_key", []).map(|_| ()).map_err(failed)
    }

    /// Writes a key as it now is.
    ///
    /// # Errors
    /// [`ErrorCode::StoreFailed`].
    pub fn put_offline_key(&self, key: &OfflineKey) -> Result<()> {
        let sql = "SELECT version FROM offline_key WHERE id = ?1";
        let last: Option<i64> = row::optional(self.connection.query_row(sql, [key.id.0], |row| row.get(0)))?;
        let version = last.unwrap_or(0).saturating_add(1);
        let body = Body { handle: key.key.handle.clone(), secret: Blob(key.key.secret.to_vec()) };
        let mut row = Row {
            id: key.id.0.to_vec(),
            state: key.state.as_str().to_owned(),
            since: i64::try_from(key.since).unwrap_or(i64::MAX),
            version,
            body: self.seal_json(BODY, &key.id.0, version, &body)?,
            mac: Vec::new(),
        };
        row.mac = self.keys.row_mac(&row.mac_input()).as_bytes().to_vec();
        let sql = "INSERT INTO offline_key (id, state, since, version, s_body, mac) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
            ON CONFLICT (id) DO UPDATE SET state = excluded.state, since = excluded.since, version = excluded.version,
                s_body = excluded.s_body, mac = excluded.mac";
        let values = (&row.id, &row.state, row.since, row.version, &row.body, &row.mac);
        // No line in the journal: a key that is set back to unused pays no second time, which the gateway alone can know.
        self.connection.execute(sql, values).map(|_| ()).map_err(failed)
    }
}
