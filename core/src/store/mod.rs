//! The store: stock SQLite in WAL with `synchronous=FULL`, personal columns sealed, clear columns MACed, state changes
//! chained. One writer, a few readers that never wait for it (`security.md` §4).

mod codes;
mod consents;
mod journal;
mod payments;
mod row;
mod settings;
mod tasks;

pub use payments::Cursor;
pub use settings::{Enrolment, Setting, Subject};
pub use tasks::{Task, TaskKind};

use crate::crypto::Random;
use crate::error::{Code, Error, Result};
use crate::vault::{Keys, RootKey, Vault};
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};
use std::fmt;
use std::ops::Deref;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The schema's history: each entry brings the database from version n to n + 1. Entries are never changed.
const MIGRATIONS: &[&str] = &[include_str!("migrations/0001.sql")];

/// How many read connections there are: one for the screen, one for the engine.
const READERS: usize = 2;

/// For the writer and every reader. `trusted_schema` and `cell_size_check` harden against a doctored file; the two
/// `fullfsync` make Apple's disks really write.
const PRAGMAS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON;
    PRAGMA checkpoint_fullfsync = ON; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;
    PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY; PRAGMA busy_timeout = 5000;";

/// The database of one wallet.
pub struct Store {
    writer: Mutex<Connection>,
    readers: Vec<Mutex<Connection>>,
    keys: Keys,
    name: Vec<u8>,
    random: Arc<dyn Random>,
}

impl Store {
    /// Opens the database in this folder, making or migrating it when needed, and checks that the vault's key is the
    /// one it was written with and that the end of the journal verifies.
    ///
    /// # Errors
    /// [`Code::StoreFailed`], [`Code::StoreDamaged`], [`Code::StoreTooNew`], and the vault's own. Nothing is ever
    /// deleted, and no new database is begun over an old one.
    pub fn open(folder: &Path, vault: &dyn Vault, random: Arc<dyn Random>) -> Result<Self> {
        std::fs::create_dir_all(folder).map_err(|_| Error::new(Code::StoreFailed).with("part", "folder"))?;
        let path = folder.join("wallet.db");
        let mut writer = Connection::open(&path).map_err(failed)?;
        writer.execute_batch(PRAGMAS).map_err(failed)?;
        migrate(&mut writer)?;
        check_pages(&writer)?;
        let (keys, name) = unlock(&mut writer, vault, random.as_ref())?;
        let readers = (0..READERS).map(|_| {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let reader = Connection::open_with_flags(&path, flags).map_err(failed)?;
            reader.execute_batch(PRAGMAS).map_err(failed)?;
            Ok(Mutex::new(reader))
        });
        let store = Self { readers: readers.collect::<Result<_>>()?, writer: Mutex::new(writer), keys, name, random };
        store.read(|view| view.check_journal())?;
        Ok(store)
    }

    /// Changes the database: all of what `change` does is committed and on disk when this returns, or none of it.
    ///
    /// # Errors
    /// What `change` gives, or [`Code::StoreFailed`].
    pub fn write<T>(&self, change: impl FnOnce(&Tx<'_>) -> Result<T>) -> Result<T> {
        let mut writer = lock(&self.writer);
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        let view = View { connection: &transaction, keys: &self.keys, name: &self.name };
        let result = change(&Tx { view, random: self.random.as_ref() })?;
        transaction.commit().map_err(failed)?;
        Ok(result)
    }

    /// Reads one consistent state, without waiting for the writer.
    ///
    /// # Errors
    /// What `look` gives, or [`Code::StoreFailed`].
    pub fn read<T>(&self, look: impl FnOnce(&View<'_>) -> Result<T>) -> Result<T> {
        let free = self.readers.iter().find_map(|reader| reader.try_lock().ok());
        let Some(mut reader) = free.or_else(|| self.readers.first().map(lock)) else {
            return Err(Error::new(Code::Internal).with("part", "readers"));
        };
        // A deferred transaction: everything `look` reads is of the same moment.
        let transaction = reader.transaction().map_err(failed)?;
        look(&View { connection: &transaction, keys: &self.keys, name: &self.name })
    }
}

/// A poisoned lock means that a thread panicked between two statements; SQLite has rolled that transaction back, so
/// the connection itself is sound.
fn lock(mutex: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A consistent state of the database.
pub struct View<'a> {
    connection: &'a Connection,
    keys: &'a Keys,
    name: &'a [u8],
}

/// A change that is being made: everything a [`View`] can, and writing.
pub struct Tx<'a> {
    view: View<'a>,
    random: &'a dyn Random,
}

impl<'a> Deref for Tx<'a> {
    type Target = View<'a>;

    fn deref(&self) -> &View<'a> {
        &self.view
    }
}

fn migrate(connection: &mut Connection) -> Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    let version: u32 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(failed)?;
    let Some(missing) = usize::try_from(version).ok().and_then(|done| MIGRATIONS.get(done..)) else {
        return Err(Error::new(Code::StoreTooNew).with("schema", i64::from(version)));
    };
    if missing.is_empty() {
        return Ok(());
    }
    for migration in missing {
        transaction.execute_batch(migration).map_err(failed)?;
    }
    let current = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    transaction.pragma_update(None, "user_version", current).map_err(failed)?;
    transaction.commit().map_err(failed)
}

/// Looks for damage of the file: rows that are in no page, or in no index, would otherwise just be missing.
fn check_pages(connection: &Connection) -> Result<()> {
    let found: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(failed)?;
    if found == "ok" { Ok(()) } else { Err(Error::new(Code::StoreDamaged).with("table", "all")) }
}

/// Unwraps the root key, or makes one for a new database. The wrapping is asked for outside any transaction: a vault
/// may take seconds.
fn unlock(connection: &mut Connection, vault: &dyn Vault, random: &dyn Random) -> Result<(Keys, Vec<u8>)> {
    type Row = (Vec<u8>, Vec<u8>, Vec<u8>);
    let load = |connection: &Connection| -> Result<Option<Row>> {
        let sql = "SELECT name, wrapped, canary FROM keyring WHERE id = 1";
        row::optional(connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))))
    };
    if load(connection)?.is_none() {
        // A database that was written to had a key: a new one would only hide that it is gone.
        let sql = "SELECT EXISTS (SELECT 1 FROM setting) OR EXISTS (SELECT 1 FROM journal)";
        if connection.query_row(sql, [], |row| row.get(0)).map_err(failed)? {
            return Err(Error::new(Code::StoreDamaged).with("table", "keyring"));
        }
        let root = RootKey::generate(random)?;
        let wrapped = vault.wrap(root.as_bytes())?;
        let (name, canary) = (random.bytes::<16>()?, root.derive()?.canary());
        // Another process may have been first; its key stands.
        let sql = "INSERT OR IGNORE INTO keyring (id, name, wrapped, canary) VALUES (1, ?1, ?2, ?3)";
        connection.execute(sql, (name, wrapped, canary.as_bytes())).map_err(failed)?;
    }
    let Some((name, wrapped, canary)) = load(connection)? else {
        return Err(Error::new(Code::StoreDamaged).with("table", "keyring"));
    };
    let keys = RootKey::from_slice(&vault.unwrap(&wrapped)?)?.derive()?;
    if keys.canary().as_bytes().as_slice() != canary {
        return Err(Error::new(Code::StoreDamaged).with("table", "keyring").with("column", "canary"));
    }
    Ok((keys, name))
}

/// SQLite's error in our words. Its text may name values, so only its number is kept.
fn failed(error: rusqlite::Error) -> Error {
    match &error {
        rusqlite::Error::SqliteFailure(inner, _) => {
            let damaged = matches!(inner.code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase);
            let code = if damaged { Code::StoreDamaged } else { Code::StoreFailed };
            Error::new(code).with("sqlite", i64::from(inner.extended_code))
        }
        // A column that is not of the type the schema says.
        rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..) => Error::new(Code::StoreDamaged),
        _ => Error::new(Code::StoreFailed),
    }
}

redacted!(Store);

impl fmt::Debug for View<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("View(…)")
    }
}

impl fmt::Debug for Tx<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tx(…)")
    }
}
