//! A database that cannot be used any more is set aside, never deleted: it may hold evidence of money. What it says in the
//! clear about payments that had not ended is taken over, so that they are asked about even when its key is lost (§4.7).

use super::payments::UNENDED;
use super::{Behind, FILE, Setting, Store, TaskKind};
use crate::crypto::Random;
use crate::error::{Code, Error, Result};
use crate::time::ServerMs;
use crate::vault::Vault;
use rusqlite::{Connection, OpenFlags};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

/// Says that a database is being set aside, and under which number: whoever finds it finishes that first.
const MARK: &str = "wallet.db.aside";
/// The log before the file: a file without its log would be an older one.
const PARTS: [&str; 3] = ["-wal", "-shm", ""];

/// What was taken over from databases that had to be set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Salvage {
    /// How many databases lie aside.
    pub databases: u32,
    /// How many payments had not ended in them, and are asked about.
    pub payments: u32,
    /// When the gateway was first asked about one of them and had not seen it.
    pub since: Option<ServerMs>,
}

impl Setting for Salvage {
    const NAME: &'static str = "salvage";
}

fn io(_: std::io::Error) -> Error {
    Error::new(Code::StoreFailed).with("part", "quarantine")
}

fn aside(number: u32) -> String {
    format!("{FILE}.quarantine-{number}")
}

/// Sets a database aside that does not open because it is damaged or its key is lost, or that an audit found damaged. The
/// next opening begins a new one. Gives its number.
///
/// # Errors
/// [`Code::StoreInUse`] when it opens, and there is nothing wrong with it; those of [`Store::open`] that may pass.
/// [`Code::StoreFailed`] when the files cannot be renamed.
pub fn set_aside(folder: &Path, vault: &dyn Vault, random: Arc<dyn Random>) -> Result<u32> {
    match Store::open(folder, vault, random) {
        Ok(store) if !store.read(|view| view.setting())?.is_some_and(|audit: super::Audit| audit.damaged) => {
            return Err(Error::new(Code::StoreInUse));
        }
        Ok(_) => {}
        Err(error) if matches!(error.code(), Code::StoreDamaged | Code::VaultKeyLost) => {}
        Err(error) => return Err(error),
    }
    let free = |number: &u32| PARTS.iter().all(|part| !folder.join(aside(*number) + part).exists());
    let number = (1..u32::MAX).find(free).ok_or_else(|| Error::new(Code::StoreFailed))?;
    let mut mark = fs::File::create(folder.join(MARK)).map_err(io)?;
    mark.write_all(number.to_string().as_bytes()).and_then(|()| mark.sync_all()).map_err(io)?;
    sync(folder)?;
    finish(folder)?;
    Ok(number)
}

/// Finishes a setting aside that was begun. Killed anywhere in it, the next one goes on.
pub(super) fn finish(folder: &Path) -> Result<()> {
    let mark = folder.join(MARK);
    let Ok(text) = fs::read_to_string(&mark) else { return Ok(()) };
    // A mark that was not written whole: nothing has been renamed yet.
    if let Ok(number) = text.parse::<u32>() {
        for part in PARTS {
            let (from, to) = (folder.join(format!("{FILE}{part}")), folder.join(aside(number) + part));
            if from.exists() && !to.exists() {
                fs::rename(from, to).map_err(io)?;
            }
        }
        sync(folder)?;
    }
    fs::remove_file(mark).map_err(io)?;
    sync(folder)
}

/// Makes the names in a folder durable.
fn sync(folder: &Path) -> Result<()> {
    match fs::File::open(folder).and_then(|folder| folder.sync_all()) {
        // Not every system opens a folder as a file.
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => Ok(()),
        done => done.map_err(io),
    }
}

impl Store {
    /// Takes over from the databases that lie aside which payments had not ended, in a wallet that was begun anew. A key
    /// that was forged only makes one question too many.
    pub(super) fn salvage(&self, folder: &Path) -> Result<()> {
        let names = fs::read_dir(folder).map_err(io)?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let beginning = aside(0);
        let beginning = beginning.trim_end_matches('0');
        let number = |name: String| name.strip_prefix(beginning)?.parse::<u32>().ok();
        let numbers: BTreeSet<u32> = names.filter_map(number).collect();
        if numbers.is_empty() {
            return Ok(());
        }
        let keys: BTreeSet<Vec<u8>> = numbers.iter().flat_map(|number| unended(folder, *number)).collect();
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        self.write(|tx| {
            keys.iter().try_for_each(|key| tx.owe(TaskKind::AskSalvaged, key, ServerMs(0)))?;
            tx.set(&Behind { since: ServerMs(0) })?;
            tx.set(&Salvage { databases: count(numbers.len()), payments: count(keys.len()), since: None })
        })
    }
}

/// The keys of payments that had not ended, as far as they can be read without any key. A copy is looked at: what lies
/// aside is evidence, and SQLite would write its log back.
fn unended(folder: &Path, number: u32) -> BTreeSet<Vec<u8>> {
    let copy = |part: &str| folder.join(format!("{FILE}.salvage{part}"));
    for part in ["-wal", ""] {
        let _ = fs::copy(folder.join(aside(number) + part), copy(part));
    }
    let found = Connection::open_with_flags(copy(""), OpenFlags::SQLITE_OPEN_READ_WRITE)
        .map(|connection| look(&connection))
        .unwrap_or_default();
    for part in PARTS {
        let _ = fs::remove_file(copy(part));
    }
    found
}

fn look(connection: &Connection) -> BTreeSet<Vec<u8>> {
    let mut keys = BTreeSet::new();
    // Each row as far as it comes: a page that is damaged ends one way, and the other may still go on.
    let sql = format!("SELECT key FROM payment NOT INDEXED WHERE {UNENDED}");
    if let Ok(mut statement) = connection.prepare(&sql)
        && let Ok(mut rows) = statement.query([])
    {
        while let Ok(Some(row)) = rows.next() {
            keys.extend(row.get::<_, Vec<u8>>(0));
        }
    }
    let sql = format!("SELECT subject, {UNENDED} FROM journal ORDER BY seq");
    if let Ok(mut statement) = connection.prepare(&sql)
        && let Ok(mut rows) = statement.query([])
    {
        let mut newest = BTreeMap::new();
        while let Ok(Some(row)) = rows.next() {
            if let (Ok(subject), Ok(open)) = (row.get::<_, Vec<u8>>(0), row.get::<_, bool>(1)) {
                newest.insert(subject, open);
            }
        }
        keys.extend(newest.into_iter().filter(|(_, open)| *open).map(|(subject, _)| subject));
    }
    keys.retain(|key| key.len() == 16);
    keys
}
