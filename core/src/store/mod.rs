//! The store: stock SQLite in WAL, every commit synced, personal columns sealed, clear columns MACed, state changes
//! chained. One writer, a few readers that never wait for it (`security.md` §4).

mod audit;
mod codes;
mod consents;
mod erase;
mod head;
mod journal;
mod offline;
mod open;
mod payments;
mod quarantine;
mod rotation;
mod row;
mod settings;
pub mod table;
mod tasks;

pub use audit::Audit;
pub use erase::Erased;
pub use head::Tip;
pub use offline::{KeptBatch, KeyState, OfflineKey};
pub use payments::Cursor;
pub use quarantine::{Salvage, set_aside};
pub use settings::{Behind, Enrolment, Setting, Subject};
pub use tasks::{Task, TaskKind};

use crate::crypto::Random;
use crate::error::{Code, Error, Result};
use crate::vault::{KeySet, Vault};
use head::Head;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};
use std::cell::RefCell;
use std::fmt;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// The schema's history: each entry brings the database from version n to n + 1. Entries are never changed.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001.sql"),
    include_str!("migrations/0002.sql"),
    include_str!("migrations/0003.sql"),
    include_str!("migrations/0004.sql"),
];

/// The database's file.
const FILE: &str = "wallet.db";

/// How many statements a connection keeps prepared.
const STATEMENTS: usize = 48;

/// How many read connections there are: one for the screen, one for the engine.
const READERS: usize = 2;

/// R1: WAL and every commit synced, or a commit would not be on disk when it returns (`security.md` §0.1). `trusted_schema`
/// and `cell_size_check` harden against a doctored file; the two `fullfsync` make Apple's disks really write. In WAL mode EXTRA
/// is FULL; it comes first because a new file is made under a rollback journal, whose deletion only EXTRA syncs: one that came
/// back with the power would take the wallet with it.
const PRAGMAS: &str = "PRAGMA synchronous = EXTRA; PRAGMA journal_mode = WAL; PRAGMA fullfsync = ON;
    PRAGMA checkpoint_fullfsync = ON; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;
    PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY; PRAGMA busy_timeout = 5000;";

/// The disk a database lies on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disk {
    /// The device's own.
    System,
    /// A VFS that was registered with SQLite under this name: the simulator's, which can tear and fail. Everything
    /// else, every pragma too, is as on the device's own.
    Vfs(&'static str),
}

impl Disk {
    fn connect(self, path: &Path, flags: OpenFlags) -> Result<Connection> {
        match self {
            Self::System => Connection::open_with_flags(path, flags),
            Self::Vfs(name) => Connection::open_with_flags_and_vfs(path, flags, name),
        }
        .map_err(failed)
    }
}

/// The database of one wallet.
pub struct Store {
    disk: Disk,
    path: PathBuf,
    /// None: closed, and opened again by whoever comes next.
    writer: Mutex<Option<Connection>>,
    readers: [Mutex<Option<Connection>>; READERS],
    keys: RwLock<Arc<KeySet>>,
    name: Vec<u8>,
    random: Arc<dyn Random>,
    /// How far the chain had come when this process last looked.
    tip: Mutex<Tip>,
    /// The vault has seen this database further on than it is.
    behind: bool,
    suspended: AtomicBool,
}

impl Store {
    /// Opens the database in this folder, making or migrating it when needed, and checks that the vault's key is the
    /// one it was written with and that its end verifies. How long that takes does not depend on the history: the rest is
    /// checked when it is read, and by [`View::audit`].
    ///
    /// # Errors
    /// [`Code::StoreFailed`], [`Code::StoreDamaged`], [`Code::StoreTooNew`], and the vault's own. Nothing is ever
    /// deleted, and no new database is begun over an old one.
    pub fn open(folder: &Path, vault: &dyn Vault, random: Arc<dyn Random>) -> Result<Self> {
        Self::open_on(Disk::System, folder, vault, random)
    }

    /// As [`Store::open`], on this disk.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_on(disk: Disk, folder: &Path, vault: &dyn Vault, random: Arc<dyn Random>) -> Result<Self> {
        if disk == Disk::System {
            std::fs::create_dir_all(folder).map_err(|_| Error::new(Code::StoreFailed).with("part", "folder"))?;
            quarantine::finish(folder)?;
        }
        let path = folder.join(FILE);
        let mut writer = connect(disk, &path, OpenFlags::default())?;
        sync_what_was_left(&writer)?;
        let opened = open::open(&mut writer, vault, random.as_ref())?;
        let witness = vault.witness().ok().flatten();
        let (tip, behind) = {
            let transaction = writer.transaction().map_err(failed)?;
            let view = View { connection: &transaction, keys: &opened.keys, name: &opened.name };
            view.check_journal()?;
            (view.tip()?, !opened.new && witness.is_some_and(|witness| !view.bears_out(&witness)))
        };
        let store = Self {
            disk,
            path,
            writer: Mutex::new(Some(writer)),
            readers: Default::default(),
            keys: RwLock::new(Arc::new(opened.keys)),
            name: opened.name,
            random,
            tip: Mutex::new(tip),
            behind,
            suspended: AtomicBool::new(false),
        };
        if opened.new {
            // A witness of the database before would only say that this one is another: the gateway's does that.
            let _ = store.bear_witness(vault);
            if disk == Disk::System {
                store.salvage(folder)?;
            }
        }
        if opened.stale {
            // Not now is not never: the old wrapping still opens.
            let _ = store.wrap_anew(vault);
        }
        Ok(store)
    }

    /// Changes the database: all of what `change` does is committed and on disk when this returns, or none of it.
    ///
    /// # Errors
    /// What `change` gives, or [`Code::StoreFailed`].
    pub fn write<T>(&self, change: impl FnOnce(&Tx<'_>) -> Result<T>) -> Result<T> {
        let mut writer = lock(&self.writer);
        let result = self.write_on(&mut writer, change);
        self.leave(&mut writer);
        result
    }

    fn write_on<T>(&self, writer: &mut Option<Connection>, change: impl FnOnce(&Tx<'_>) -> Result<T>) -> Result<T> {
        let keys = self.keys();
        let connection = self.connected(writer, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        let view = View { connection: &transaction, keys: &keys, name: &self.name };
        let tx = Tx { view, random: self.random.as_ref(), head: RefCell::default() };
        let result = change(&tx)?;
        let tip = tx.finish()?;
        drop(tx);
        transaction.commit().map_err(failed)?;
        if let Some(tip) = tip {
            *self.tip.lock().unwrap_or_else(PoisonError::into_inner) = tip;
        }
        Ok(result)
    }

    /// Reads one consistent state, without waiting for the writer.
    ///
    /// # Errors
    /// What `look` gives, or [`Code::StoreFailed`].
    pub fn read<T>(&self, look: impl FnOnce(&View<'_>) -> Result<T>) -> Result<T> {
        if self.suspended.load(Ordering::SeqCst) {
            // By the writing connection: one that only reads cannot write the log back when it goes.
            let mut writer = lock(&self.writer);
            let result = self.read_on(&mut writer, OpenFlags::SQLITE_OPEN_READ_WRITE, look);
            self.leave(&mut writer);
            return result;
        }
        let free = self.readers.iter().find_map(|reader| reader.try_lock().ok());
        let Some(mut reader) = free.or_else(|| self.readers.first().map(lock)) else {
            return Err(Error::new(Code::Internal).with("part", "readers"));
        };
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let result = self.read_on(&mut reader, flags, look);
        self.leave(&mut reader);
        result
    }

    fn read_on<T>(
        &self,
        reader: &mut Option<Connection>,
        flags: OpenFlags,
        look: impl FnOnce(&View<'_>) -> Result<T>,
    ) -> Result<T> {
        let keys = self.keys();
        let connection = self.connected(reader, flags)?;
        // A deferred transaction: everything `look` reads is of the same moment.
        let transaction = connection.transaction().map_err(failed)?;
        look(&View { connection: &transaction, keys: &keys, name: &self.name })
    }

    /// How far the chain of state changes has come, as far as this process knows.
    pub fn tip(&self) -> Tip {
        self.tip.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the vault has seen this database further on than it was when it was opened: it is an older copy.
    pub const fn behind(&self) -> bool {
        self.behind
    }

    /// Has the vault keep how far the database has come.
    ///
    /// # Errors
    /// The vault's.
    pub fn bear_witness(&self, vault: &dyn Vault) -> Result<Tip> {
        let tip = self.tip();
        vault.keep_witness(&head::witness(&self.name, &tip))?;
        Ok(tip)
    }

    /// Closes every connection, so that no lock on any file is held: iOS ends an app that is suspended with one
    /// (0xdead10cc). What is under way is finished first. Calls after this one still work; each opens the file for itself
    /// and closes it again, until [`Store::resume`].
    pub fn suspend(&self) {
        self.suspended.store(true, Ordering::SeqCst);
        // The writer last: the last one to go writes the log back and removes it.
        for connection in self.readers.iter().chain([&self.writer]) {
            self.leave(&mut lock(connection));
        }
    }

    /// Keeps connections again.
    pub fn resume(&self) {
        self.suspended.store(false, Ordering::SeqCst);
    }

    fn leave(&self, connection: &mut Option<Connection>) {
        if self.suspended.load(Ordering::SeqCst) {
            drop(connection.take());
        }
    }

    fn keys(&self) -> Arc<KeySet> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The connection, opened if it is closed. The file must be the one that was left: it may have been swapped meanwhile.
    fn connected<'c>(&self, slot: &'c mut Option<Connection>, flags: OpenFlags) -> Result<&'c mut Connection> {
        let connection = match slot.take() {
            Some(connection) => connection,
            None => {
                let connection = connect(self.disk, &self.path, flags)?;
                let (keys, tip) = (self.keys(), self.tip());
                let view = View { connection: &connection, keys: &keys, name: &self.name };
                if !view.has_passed(&tip)? {
                    return Err(journal::damaged(tip.seq));
                }
                connection
            }
        };
        Ok(slot.insert(connection))
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.suspend();
    }
}

fn connect(disk: Disk, path: &Path, flags: OpenFlags) -> Result<Connection> {
    let connection = disk.connect(path, flags)?;
    connection.execute_batch(PRAGMAS).map_err(failed)?;
    if planted!(NormalInsteadOfFull) {
        connection.execute_batch("PRAGMA synchronous = NORMAL").map_err(failed)?;
    }
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

/// A process that died between writing a commit and syncing it left it to be read. What is read from now on is shown to
/// people, so it is made durable first. After an orderly end there is nothing to do, and nothing is synced.
fn sync_what_was_left(connection: &Connection) -> Result<()> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())).map_err(failed)
}

/// A poisoned lock means that a thread panicked between two statements; SQLite has rolled that transaction back, so
/// the connection itself is sound.
fn lock(mutex: &Mutex<Option<Connection>>) -> MutexGuard<'_, Option<Connection>> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A consistent state of the database.
pub struct View<'a> {
    connection: &'a Connection,
    keys: &'a KeySet,
    name: &'a [u8],
}

/// A change that is being made: everything a [`View`] can, and writing.
pub struct Tx<'a> {
    view: View<'a>,
    random: &'a dyn Random,
    /// The head as this change leaves it, once it has moved.
    head: RefCell<Option<Head>>,
}

impl<'a> Deref for Tx<'a> {
    type Target = View<'a>;

    fn deref(&self) -> &View<'a> {
        &self.view
    }
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
