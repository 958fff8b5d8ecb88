//! Opening: schema, keys, and the first look at what is there. Everything here is constant in the length of the history.

use super::{Head, MIGRATIONS, Store, Tip, Tx, View, failed, row};
use crate::crypto::Random;
use crate::error::{Code, Error, Result};
use crate::vault::{ChainKey, KeySet, Keys, RootKey, Vault};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::cell::RefCell;

/// What a migration cannot do in SQL, because it needs the keys; by the version it leads to.
const KEYED: &[(usize, fn(&Tx<'_>) -> Result<()>)] = &[(2, head_and_codes)];

const EPOCH: (&str, &str) = ("epoch", "s_key");

/// The keys of a database and its own random name.
pub(super) struct Opened {
    pub(super) keys: KeySet,
    pub(super) name: Vec<u8>,
    /// It was made just now.
    pub(super) new: bool,
    /// The vault would rather wrap the root key anew.
    pub(super) stale: bool,
}

struct Keyring {
    name: Vec<u8>,
    wrapped: Vec<u8>,
    canary: Vec<u8>,
}

/// Brings the schema up to date and unwraps the keys. The vault is asked outside any transaction: it may take seconds.
pub(super) fn open(connection: &mut Connection, vault: &dyn Vault, random: &dyn Random) -> Result<Opened> {
    let done = schema(connection)?;
    let Some(missing) = MIGRATIONS.get(done..) else {
        let number = i64::try_from(done).unwrap_or(i64::MAX);
        return Err(Error::new(Code::StoreTooNew).with("schema", number));
    };
    let kept = if done == 0 { None } else { keyring(connection)? };
    let (new, keyring) = match kept {
        Some(keyring) => (false, keyring),
        None => {
            // A database that was written to had a key: a new one would only hide that it is gone.
            let sql = "SELECT EXISTS (SELECT 1 FROM setting) OR EXISTS (SELECT 1 FROM journal)";
            if done > 0 && connection.query_row(sql, [], |row| row.get(0)).map_err(failed)? {
                return Err(Error::new(Code::StoreDamaged).with("table", "keyring"));
            }
            let root = RootKey::generate(random)?;
            let wrapped = vault.wrap(root.as_bytes())?;
            let canary = root.derive()?.canary().as_bytes().to_vec();
            begin(connection, Keyring { name: random.bytes::<16>()?.to_vec(), wrapped, canary }, &root)?
        }
    };
    let current = unwrapped(vault, &keyring.wrapped, &keyring.canary)?;
    let stale = vault.is_stale(&keyring.wrapped);
    // Read again: another process may have brought the schema up to date in the meantime.
    let done = schema(connection)?;
    if done < MIGRATIONS.len() && !missing.is_empty() {
        let keys = KeySet::new(current, None, Vec::new());
        migrate(connection, &keys, &keyring.name, random)?;
        return Ok(Opened { keys, name: keyring.name, new, stale });
    }
    let keys = with_rotation(connection, current, vault, &keyring.name)?;
    Ok(Opened { keys, name: keyring.name, new, stale })
}

fn schema(connection: &Connection) -> Result<usize> {
    let version: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(failed)?;
    usize::try_from(version).map_err(|_| Error::new(Code::StoreTooNew))
}

fn keyring(connection: &Connection) -> Result<Option<Keyring>> {
    let sql = "SELECT name, wrapped, canary FROM keyring WHERE id = 1";
    let read = |row: &rusqlite::Row<'_>| Ok(Keyring { name: row.get(0)?, wrapped: row.get(1)?, canary: row.get(2)? });
    row::optional(connection.query_row(sql, [], read))
}

/// A new database: schema, key and head in one transaction. Another process may have been first; its key stands.
fn begin(connection: &mut Connection, keyring: Keyring, root: &RootKey) -> Result<(bool, Keyring)> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    let done = schema(&transaction)?;
    if done > 0
        && let Some(first) = self::keyring(&transaction)?
    {
        return Ok((false, first));
    }
    for migration in MIGRATIONS.get(done..).unwrap_or_default() {
        transaction.execute_batch(migration).map_err(failed)?;
    }
    set_schema(&transaction)?;
    let sql = "INSERT INTO keyring (id, name, wrapped, canary) VALUES (1, ?1, ?2, ?3)";
    transaction.execute(sql, (&keyring.name, &keyring.wrapped, &keyring.canary)).map_err(failed)?;
    let keys = KeySet::new(root.derive()?, None, Vec::new());
    {
        let view = View { connection: &transaction, keys: &keys, name: &keyring.name };
        let tx = Tx { view, random: &crate::crypto::SystemRandom, head: RefCell::new(Some(Head::default())) };
        tx.finish()?;
    }
    transaction.commit().map_err(failed)?;
    Ok((true, keyring))
}

fn set_schema(transaction: &Transaction<'_>) -> Result<()> {
    let current = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    transaction.pragma_update(None, "user_version", current).map_err(failed)
}

/// Every missing migration and what it needs the keys for, in one transaction.
fn migrate(connection: &mut Connection, keys: &KeySet, name: &[u8], random: &dyn Random) -> Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    let done = schema(&transaction)?;
    for (number, sql) in (1..).zip(MIGRATIONS).skip(done) {
        transaction.execute_batch(sql).map_err(failed)?;
        let tx = Tx { view: View { connection: &transaction, keys, name }, random, head: RefCell::default() };
        KEYED.iter().filter(|(version, _)| *version == number).try_for_each(|(_, step)| step(&tx))?;
        tx.finish()?;
    }
    set_schema(&transaction)?;
    transaction.commit().map_err(failed)
}

fn unwrapped(vault: &dyn Vault, wrapped: &[u8], canary: &[u8]) -> Result<Keys> {
    let keys = RootKey::from_slice(&vault.unwrap(wrapped)?)?.derive()?;
    if keys.canary().as_bytes().as_slice() == canary {
        Ok(keys)
    } else {
        Err(Error::new(Code::StoreDamaged).with("table", "keyring").with("column", "canary"))
    }
}

/// The keys in force: while the root key is being changed there are two.
pub(super) fn with_rotation(connection: &Connection, old: Keys, vault: &dyn Vault, name: &[u8]) -> Result<KeySet> {
    let sql = "SELECT wrapped, canary FROM rotation WHERE id = 1";
    let coming: Option<(Vec<u8>, Vec<u8>)> =
        row::optional(connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))))?;
    let (current, previous) = match coming {
        Some((wrapped, canary)) => (unwrapped(vault, &wrapped, &canary)?, Some(old)),
        None => (old, None),
    };
    // The chain's keys are sealed under the newest root from the first step on.
    let sealing = KeySet::new(current, previous, Vec::new());
    let view = View { connection, keys: &sealing, name };
    let epochs = view.epochs()?;
    Ok(sealing.with_epochs(epochs))
}

impl View<'_> {
    /// The chain's keys, each with the first line it made; none while the first root key is in force.
    fn epochs(&self) -> Result<Vec<(i64, ChainKey)>> {
        let mut statement = self.connection.prepare("SELECT first, s_key FROM epoch ORDER BY first").map_err(failed)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).map_err(failed)?;
        rows.map(|row| {
            let (first, sealed): (i64, Vec<u8>) = row.map_err(failed)?;
            let secret = zeroize::Zeroizing::new(self.open_bytes(EPOCH, &first.to_be_bytes(), 1, &sealed)?);
            Ok((first, ChainKey::from_slice(&secret)?))
        })
        .collect()
    }
}

impl Tx<'_> {
    /// Keeps a key of the chain with the first line it makes, or seals it anew.
    pub(super) fn keep_epoch(&self, first: i64, key: &ChainKey) -> Result<()> {
        let sealed = self.seal_bytes(EPOCH, &first.to_be_bytes(), 1, key.as_bytes())?;
        let sql = "INSERT INTO epoch (first, s_key) VALUES (?1, ?2)
            ON CONFLICT (first) DO UPDATE SET s_key = excluded.s_key";
        self.connection.execute(sql, (first, sealed)).map(|_| ()).map_err(failed)
    }
}

/// From the first schema to the second. There, opening checked the whole file and the sums of all rows; that is done for
/// the last time here, and what came of it goes into the head.
fn head_and_codes(tx: &Tx<'_>) -> Result<()> {
    let damaged = |table: &'static str| Error::new(Code::StoreDamaged).with("table", table);
    let sound: String = tx.connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(failed)?;
    if sound != "ok" {
        return Err(damaged("all"));
    }
    let lines = tx.lines(0, i64::MAX)?;
    let tip = lines.iter().try_fold(Tip::default(), |before, line| {
        let next = Tip { seq: line.seq, link: line.link.clone() };
        if tx.follows(&before, line) { Ok(next) } else { Err(damaged("journal")) }
    })?;
    let (payments, unended) = tx.renumber_payments()?;
    let live = super::codes::LIVE;
    let sql = format!(
        "SELECT (SELECT count(*) FROM code WHERE {live}), (SELECT count(*) FROM consent),
            (SELECT coalesce(sum(version), 0) FROM payment) + (SELECT coalesce(sum(version), 0) FROM code)"
    );
    let (codes, consents, versions): (i64, i64, i64) =
        tx.connection.query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).map_err(failed)?;
    if versions.checked_add(consents) != Some(tip.seq) {
        return Err(damaged("journal"));
    }
    tx.code_tasks(true)?;
    *tx.head.borrow_mut() = Some(Head { tip, payments, unended, codes, consents, gone: 0 });
    Ok(())
}

impl Store {
    /// Wraps the root key anew, when the vault has said that its own key was replaced. A vault that cannot now is asked
    /// again at the next opening.
    pub(super) fn wrap_anew(&self, vault: &dyn Vault) -> Result<()> {
        let keyring = self.read(|view| keyring(view.connection))?;
        let Some(Keyring { wrapped, .. }) = keyring else { return Ok(()) };
        let anew = vault.wrap(&vault.unwrap(&wrapped)?)?;
        self.write(|tx| {
            // Only in place of what was unwrapped: a change of the root key may have come first.
            let sql = "UPDATE keyring SET wrapped = ?1 WHERE id = 1 AND wrapped = ?2";
            tx.connection.execute(sql, (&anew, &wrapped)).map(|_| ()).map_err(failed)
        })
    }
}
