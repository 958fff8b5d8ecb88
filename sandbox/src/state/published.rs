//! What an administrator has changed of the published documents, kept so that a restart publishes the same.

use crate::documents::Change;
use crate::networks::Rail;
use crate::refusal::Refused;
use rusqlite::{OptionalExtension, Transaction, params};
use std::collections::BTreeMap;

pub(crate) fn load(tx: &Transaction<'_>) -> Result<BTreeMap<&'static str, Change>, Refused> {
    let mut all = BTreeMap::new();
    for rail in Rail::ALL {
        let sql = "SELECT revisions, suspended, count FROM published WHERE network = ?1";
        let row = tx.query_row(sql, params![rail.name()], |row| {
            Ok(Change { revisions: row.get(0)?, suspended: row.get(1)?, count: row.get(2)? })
        });
        if let Some(change) = row.optional()? {
            all.insert(rail.name(), change);
        }
    }
    Ok(all)
}

pub(crate) fn keep(tx: &Transaction<'_>, rail: Rail, change: Change) -> Result<(), Refused> {
    tx.execute(
        "INSERT OR REPLACE INTO published (network, revisions, suspended, count) VALUES (?1, ?2, ?3, ?4)",
        params![rail.name(), change.revisions, change.suspended, change.count],
    )?;
    Ok(())
}
