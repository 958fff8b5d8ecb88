//! Rows: sealed values as JSON, and the code over what stays clear.
//!
//! The JSON inside a seal has no version of its own: the database's schema version covers it, and a migration that
//! changes its form rewrites it.

use super::{Tx, View, failed};
use crate::crypto::{Canonical, Digest};
use crate::error::{Code, Error, Result};
use crate::vault::Place;
use serde::{Serialize, de::DeserializeOwned};

/// The clear columns of a row and digests of its sealed blobs, as the MAC covers them.
pub(super) fn mac_input(
    table: &'static str,
    row: &[u8],
    state: &str,
    version: i64,
    clear: &[u8],
    sealed: &[&[u8]],
) -> Vec<u8> {
    Canonical::new(*b"JRW1")
        .text(table)
        .bytes(row)
        .text(state)
        .number(version)
        .bytes(clear)
        .list(sealed, |w, blob| w.bytes(Digest::of(blob).as_bytes()))
        .finish()
}

/// No row is not an error.
pub(super) fn optional<T>(result: rusqlite::Result<T>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(rusqlite::Error::QueryReturnedNoRows) => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

impl View<'_> {
    fn place<'p>(&'p self, table: &'static str, column: &'static str, row: &'p [u8], version: i64) -> Place<'p> {
        Place { database: self.name, table, column, row, version }
    }

    pub(super) fn open_bytes(
        &self,
        (table, column): (&'static str, &'static str),
        row: &[u8],
        version: i64,
        sealed: &[u8],
    ) -> Result<Vec<u8>> {
        self.keys.open(&self.place(table, column, row, version), sealed).map(|plain| plain.to_vec())
    }

    pub(super) fn open_json<T: DeserializeOwned>(
        &self,
        (table, column): (&'static str, &'static str),
        row: &[u8],
        version: i64,
        sealed: &[u8],
    ) -> Result<T> {
        let plain = self.keys.open(&self.place(table, column, row, version), sealed)?;
        serde_json::from_slice(&plain)
            .map_err(|_| Error::new(Code::StoreDamaged).with("table", table).with("column", column))
    }

    pub(super) fn check_mac(&self, table: &'static str, input: &[u8], mac: &[u8]) -> Result<()> {
        if self.keys.row_mac_is(input, mac) {
            Ok(())
        } else {
            Err(Error::new(Code::StoreDamaged).with("table", table).with("column", "mac"))
        }
    }
}

impl Tx<'_> {
    pub(super) fn seal_bytes(
        &self,
        (table, column): (&'static str, &'static str),
        row: &[u8],
        version: i64,
        plain: &[u8],
    ) -> Result<Vec<u8>> {
        self.keys.seal(&self.place(table, column, row, version), plain, self.random)
    }

    pub(super) fn seal_json(
        &self,
        place: (&'static str, &'static str),
        row: &[u8],
        version: i64,
        value: &impl Serialize,
    ) -> Result<Vec<u8>> {
        let plain = serde_json::to_vec(value).map_err(|_| Error::new(Code::Internal).with("table", place.0))?;
        self.seal_bytes(place, row, version, &plain)
    }
}
