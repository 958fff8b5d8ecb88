//! A change of the root key: a new one is wrapped, everything is sealed anew in small steps, then the old one goes. A kill
//! between two steps leaves a database that is read under both, and the next step goes on where the last one ended.

use super::{Store, Tx, View, failed, row};
use crate::error::{Code, Error, Result};
use crate::vault::{KeySet, RootKey, Vault};
use std::cell::RefCell;
use std::sync::{Arc, PoisonError};

/// Rows a step seals anew: a few milliseconds of the writer.
const BATCH: i64 = 64;

/// Seals some rows of a table after a cursor under the current keys; gives the cursor to go on from, or none when the
/// table is done.
type Step = fn(&Tx<'_>, &[u8]) -> Result<Option<Vec<u8>>>;

/// Every table that holds a seal or a code, in the order it is done in. `head` is written with the last step, `epoch` with
/// the first; `keyring` and `rotation` hold what the vault wrapped, `journal` is chained and keeps its links.
const STEPS: &[(&str, Step)] = &[
    ("setting", |tx, _| tx.reseal_settings().map(|()| None)),
    ("document", |tx, _| tx.reseal_documents().map(|()| None)),
    ("preview", |tx, _| tx.reseal_previews().map(|()| None)),
    ("consent", |tx, at| Ok(tx.reseal_consents(number(at), BATCH)?.map(bytes))),
    ("payment", |tx, at| Ok(tx.reseal_payments(number(at), BATCH)?.map(bytes))),
    ("code", |tx, at| tx.reseal_codes(at, BATCH)),
    ("offline_key", |tx, _| tx.reseal_offline_keys().map(|()| None)),
    ("task", |tx, _| tx.code_tasks(false).map(|()| None)),
];

fn number(cursor: &[u8]) -> i64 {
    cursor.try_into().map_or(0, i64::from_be_bytes)
}

fn bytes(cursor: i64) -> Vec<u8> {
    cursor.to_be_bytes().to_vec()
}

impl View<'_> {
    fn rotation(&self) -> Result<Option<(usize, Vec<u8>)>> {
        let sql = "SELECT step, cursor FROM rotation WHERE id = 1";
        let found: Option<(i64, Vec<u8>)> =
            row::optional(self.connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))))?;
        let damaged = || Error::new(Code::StoreDamaged).with("table", "rotation");
        found.map(|(step, cursor)| Ok((usize::try_from(step).map_err(|_| damaged())?, cursor))).transpose()
    }
}

impl Store {
    /// Begins to change the root key, unless that is under way already. From here on what is written is sealed under the
    /// new one.
    ///
    /// # Errors
    /// The vault's, when it does not wrap the new key: then nothing has changed. [`Code::StoreFailed`].
    pub fn begin_rotation(&self, vault: &dyn Vault) -> Result<()> {
        if self.rotating() {
            return Ok(());
        }
        let root = RootKey::generate(self.random.as_ref())?;
        let (wrapped, new) = (vault.wrap(root.as_bytes())?, root.derive()?);
        self.write_with_keys(|tx| {
            if tx.keys.changing() {
                return Ok(None);
            }
            let keys = tx.keys.changing_to(new.clone(), tx.head_now()?.tip.seq.saturating_add(1));
            let view = View { connection: tx.connection, keys: &keys, name: tx.name };
            let coming = Tx { view, random: tx.random, head: RefCell::default() };
            keys.epochs().iter().try_for_each(|(first, key)| coming.keep_epoch(*first, key))?;
            let sql = "INSERT INTO rotation (id, wrapped, canary, step, cursor) VALUES (1, ?1, ?2, 0, x'')";
            tx.connection.execute(sql, (&wrapped, new.canary().as_bytes())).map_err(failed)?;
            Ok(Some(keys))
        })
    }

    /// Whether the root key is being changed.
    pub fn rotating(&self) -> bool {
        self.keys().changing()
    }

    /// One step of a change that is under way, committed when this returns. False when there is nothing left to do.
    ///
    /// # Errors
    /// [`Code::StoreFailed`]; [`Code::StoreDamaged`] when a row does not verify: it is not sealed anew.
    pub fn rotate(&self) -> Result<bool> {
        self.write_with_keys(|tx| {
            let Some((step, cursor)) = tx.rotation()? else { return Ok(None) };
            let Some((_, reseal)) = STEPS.get(step) else { return tx.end_rotation().map(Some) };
            let (step, cursor) = match reseal(tx, &cursor)? {
                Some(cursor) => (step, cursor),
                None => (step.saturating_add(1), Vec::new()),
            };
            let step = i64::try_from(step).map_err(|_| Error::new(Code::Internal))?;
            tx.connection.execute("UPDATE rotation SET step = ?1, cursor = ?2", (step, cursor)).map_err(failed)?;
            Ok(None)
        })?;
        Ok(self.rotating())
    }

    /// A change that may bring other keys: nobody else writes between the commit and their coming into force.
    fn write_with_keys(&self, change: impl FnOnce(&Tx<'_>) -> Result<Option<KeySet>>) -> Result<()> {
        let mut writer = super::lock(&self.writer);
        let result = self.write_on(&mut writer, change).map(|keys| {
            if let Some(keys) = keys {
                *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
            }
        });
        self.leave(&mut writer);
        result
    }
}

impl Tx<'_> {
    fn end_rotation(&self) -> Result<KeySet> {
        let sql = "UPDATE keyring SET (wrapped, canary) = (SELECT wrapped, canary FROM rotation WHERE id = 1)";
        self.connection.execute(sql, []).map_err(failed)?;
        self.connection.execute("DELETE FROM rotation", []).map_err(failed)?;
        // The head's code is the last one that may still be under the old keys.
        self.move_head(|_| ())?;
        Ok(self.keys.changed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::SystemRandom;
    use crate::vault::FileVault;

    /// A table that a later schema brings, with a seal or a code, has to be sealed anew too.
    #[test]
    fn every_table_with_a_seal_or_a_code_has_its_step() {
        let home = tempfile::tempdir().unwrap();
        let vault = FileVault::open(&home.path().join("vault")).unwrap();
        let store = Store::open(&home.path().join("wallet"), &vault, Arc::new(SystemRandom)).unwrap();
        let sql = "SELECT DISTINCT t.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c
            WHERE t.type = 'table' AND (c.name LIKE 's\\_%' ESCAPE '\\' OR c.name = 'mac') ORDER BY t.name";
        let sealed: Vec<String> = store
            .read(|view| {
                let mut statement = view.connection.prepare(sql).map_err(failed)?;
                let names = statement.query_map([], |row| row.get(0)).map_err(failed)?;
                names.collect::<rusqlite::Result<_>>().map_err(failed)
            })
            .unwrap();
        let mut steps: Vec<&str> = STEPS.iter().map(|(table, _)| *table).chain(["head", "epoch"]).collect();
        steps.sort_unstable();
        assert_eq!(sealed, steps);
    }
}
