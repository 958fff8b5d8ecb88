//! The gateway's memory: one SQLite file, one writer.

pub(crate) mod audit;
pub(crate) mod books;
pub(crate) mod chains;
pub(crate) mod codes;
pub(crate) mod consents;
pub(crate) mod held;
pub(crate) mod history;
pub(crate) mod log;
pub(crate) mod offline;
pub(crate) mod orders;
pub(crate) mod payments;
pub(crate) mod published;
pub(crate) mod refunds;
pub(crate) mod users;
pub(crate) mod wishes;

use crate::refusal::Refused;
use jigap::crypto::{Digest, SystemRandom};
use jigap::id::Id;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// The database. Every piece of work is one transaction, and there is one at a time: that two requests with one key
/// cannot both find nothing follows from this alone.
pub(crate) struct Store(Mutex<Connection>);

impl Store {
    /// Opens the file, and makes it when there is none.
    pub(crate) fn open(path: &Path) -> rusqlite::Result<Self> {
        Self::set_up(Connection::open(path)?)
    }

    /// A database that is gone when it is dropped.
    #[cfg(test)]
    pub(crate) fn in_memory() -> rusqlite::Result<Self> {
        Self::set_up(Connection::open_in_memory()?)
    }

    fn set_up(connection: Connection) -> rusqlite::Result<Self> {
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.execute_batch(include_str!("schema.sql"))?;
        Ok(Self(Mutex::new(connection)))
    }

    /// Does one piece of work: all of it is on disk when this returns `Ok`, nothing of it on `Err`.
    pub(crate) fn write<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T, Refused>) -> Result<T, Refused> {
        let mut connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let result = work(&tx)?;
        tx.commit()?;
        Ok(result)
    }
}

/// The answer that was given to this nonce before, byte by byte.
///
/// # Errors
/// [`Refused::KeyReused`] when the body was another one.
pub(crate) fn remembered(
    tx: &Transaction<'_>,
    device: Id,
    kind: &str,
    nonce: Id,
    body: Digest,
) -> Result<Option<Vec<u8>>, Refused> {
    let found: Option<(String, Vec<u8>)> = tx
        .query_row(
            "SELECT body, answer FROM answers WHERE device = ?1 AND kind = ?2 AND nonce = ?3",
            params![device.to_string(), kind, nonce.to_string()],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    match found {
        None => Ok(None),
        Some((first, answer)) if first == body.to_string() => Ok(Some(answer)),
        Some(_) => Err(Refused::KeyReused),
    }
}

/// Keeps an answer for [`remembered`].
pub(crate) fn remember(
    tx: &Transaction<'_>,
    device: Id,
    kind: &str,
    nonce: Id,
    body: Digest,
    answer: &[u8],
) -> Result<(), Refused> {
    tx.execute(
        "INSERT INTO answers (device, kind, nonce, body, answer) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![device.to_string(), kind, nonce.to_string(), body.to_string(), answer],
    )?;
    Ok(())
}

pub(crate) fn new_id() -> Result<Id, Refused> {
    Ok(Id::random(&SystemRandom)?)
}
