//! Previews and payments.

use super::{Tx, View, failed, row};
use crate::crypto::Canonical;
use crate::error::{Code, Error, Result};
use crate::id::Id;
use crate::payment::{Origin, Preview, Record, State};
use crate::time::ServerMs;

const PREVIEW: (&str, &str) = ("preview", "s_value");
const BODY: (&str, &str) = ("payment", "s_body");
const REQUEST: (&str, &str) = ("payment", "s_request");
const COLUMNS: &str = "n, key, preview, open_order, state, version, s_request, s_body, mac";

/// A place in the history, to page on from. Opaque outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor(pub i64);

struct Row {
    n: i64,
    key: Vec<u8>,
    preview: Option<Vec<u8>>,
    open_order: Option<Vec<u8>>,
    state: String,
    version: i64,
    request: Option<Vec<u8>>,
    body: Vec<u8>,
    mac: Vec<u8>,
}

impl Row {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            n: row.get(0)?,
            key: row.get(1)?,
            preview: row.get(2)?,
            open_order: row.get(3)?,
            state: row.get(4)?,
            version: row.get(5)?,
            request: row.get(6)?,
            body: row.get(7)?,
            mac: row.get(8)?,
        })
    }

    /// Everything but `n`, which is only an order: moving a row in the list changes no payment.
    fn mac_input(&self) -> Vec<u8> {
        let absent = || Canonical::new(*b"none").finish();
        let clear = Canonical::new(*b"JPY1")
            .bytes(&self.preview.clone().unwrap_or_else(absent))
            .bytes(&self.open_order.clone().unwrap_or_else(absent))
            .finish();
        let request = self.request.clone().unwrap_or_default();
        row::mac_input("payment", &self.key, &self.state, self.version, &clear, &[&request, &self.body])
    }
}

impl View<'_> {
    fn payment_row(&self, column: &str, value: &[u8]) -> Result<Option<Row>> {
        let sql = format!("SELECT {COLUMNS} FROM payment WHERE {column} = ?1");
        let mut statement = self.connection.prepare_cached(&sql).map_err(failed)?;
        row::optional(statement.query_row([value], Row::read))
    }

    fn open_payment(&self, row: &Row) -> Result<Record> {
        self.check_mac("payment", &row.mac_input(), &row.mac)?;
        let record: Record = self.open_json(BODY, &row.key, row.version, &row.body)?;
        let damaged = || Error::new(Code::StoreDamaged).with("table", "payment");
        if State::parse(&row.state) != Some(record.payment.state) || record.payment.key.0.as_slice() != row.key {
            return Err(damaged().with("column", "state"));
        }
        Ok(record)
    }

    /// A preview.
    ///
    /// # Errors
    /// [`Code::StoreDamaged`], [`Code::StoreFailed`].
    pub fn preview(&self, id: Id) -> Result<Option<Preview>> {
        let sql = "SELECT s_value FROM preview WHERE id = ?1";
        let sealed: Option<Vec<u8>> = row::optional(self.connection.query_row(sql, [id.0], |row| row.get(0)))?;
        sealed.map(|sealed| self.open_json(PREVIEW, &id.0, 1, &sealed)).transpose()
    }

    /// The payment with this key.
    ///
    /// # Errors
    /// [`Code::StoreDamaged`], [`Code::StoreFailed`].
    pub fn payment(&self, key: Id) -> Result<Option<Record>> {
        self.payment_row("key", &key.0)?.map(|row| self.open_payment(&row)).transpose()
    }

    /// The payment that came of this preview.
    ///
    /// # Errors
    /// As [`View::payment`].
    pub fn payment_of_preview(&self, preview: Id) -> Result<Option<Record>> {
        self.payment_row("preview", &preview.0)?.map(|row| self.open_payment(&row)).transpose()
    }

    /// The payment that holds this order: one that has not ended, or has ended with a charge (R6, R7).
    ///
    /// # Errors
    /// As [`View::payment`].
    pub fn payment_of_order(&self, order: Id) -> Result<Option<Record>> {
        let index = self.keys.index("order", &order.0);
        self.payment_row("open_order", &index)?.map(|row| self.open_payment(&row)).transpose()
    }

    /// The exact bytes that were committed for a payment.
    ///
    /// # Errors
    /// As [`View::payment`]; [`Code::PaymentUnknown`] when there is none, or it has none.
    pub fn request(&self, key: Id) -> Result<Vec<u8>> {
        let row = self.payment_row("key", &key.0)?.ok_or(Code::PaymentUnknown)?;
        self.check_mac("payment", &row.mac_input(), &row.mac)?;
        let sealed = row.request.ok_or(Code::PaymentUnknown)?;
        self.open_bytes(REQUEST, &row.key, 1, &sealed)
    }

    /// All payments that have not ended.
    ///
    /// # Errors
    /// As [`View::payment`].
    pub fn unended_payments(&self) -> Result<Vec<Record>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM payment WHERE state IN ('sending', 'unknown', 'not_seen', 'pending', 'cancel_wanted') ORDER BY n"
        );
        let mut statement = self.connection.prepare_cached(&sql).map_err(failed)?;
        let rows = statement.query_map([], Row::read).map_err(failed)?;
        rows.map(|row| self.open_payment(&row.map_err(failed)?)).collect()
    }

    /// Up to `limit` payments, newest first, older than `before`; with each its place.
    ///
    /// # Errors
    /// As [`View::payment`].
    pub fn history(&self, before: Option<Cursor>, limit: u32) -> Result<Vec<(Cursor, Record)>> {
        let sql = format!("SELECT {COLUMNS} FROM payment WHERE n < ?1 ORDER BY n DESC LIMIT ?2");
        let mut statement = self.connection.prepare_cached(&sql).map_err(failed)?;
        let before = before.map_or(i64::MAX, |cursor| cursor.0);
        let rows = statement.query_map((before, limit), Row::read).map_err(failed)?;
        rows.map(|row| row.map_err(failed).and_then(|row| Ok((Cursor(row.n), self.open_payment(&row)?)))).collect()
    }
}

impl Tx<'_> {
    /// Keeps a preview, and drops those that ended before `now`.
    ///
    /// # Errors
    /// [`Code::StoreFailed`].
    pub fn keep_preview(&self, preview: &Preview, now: ServerMs) -> Result<()> {
        self.connection.execute("DELETE FROM preview WHERE expires < ?1", [now.0]).map_err(failed)?;
        let sealed = self.seal_json(PREVIEW, &preview.id.0, 1, preview)?;
        let sql = "INSERT INTO preview (id, expires, s_value) VALUES (?1, ?2, ?3)";
        self.connection.execute(sql, (preview.id.0, preview.terms.expires.0, sealed)).map(|_| ()).map_err(failed)
    }

    /// Writes a payment as it now is, with its line in the journal. `request` is kept at the first writing and never
    /// changed after (R2).
    ///
    /// # Errors
    /// [`Code::StoreFailed`], [`Code::StoreDamaged`].
    pub fn put_payment(&self, record: &Record, request: Option<&[u8]>) -> Result<()> {
        let key = record.payment.key;
        let before = self.payment_row("key", &key.0)?;
        if let Some(row) = &before {
            self.check_mac("payment", &row.mac_input(), &row.mac)?;
        }
        let version = before.as_ref().map_or(0, |row| row.version).saturating_add(1);
        let state = record.payment.state;
        let (preview, open_order) = match &record.origin {
            Origin::Scanned { preview, terms, .. } => {
                let index = self.keys.index("order", &terms.order.0).to_vec();
                // A contradiction after the order was freed and taken by another payment: that one keeps it.
                let freed = before.as_ref().is_some_and(|row| row.open_order.is_none());
                let taken = freed && self.payment_row("open_order", &index)?.is_some();
                (Some(preview.0.to_vec()), (!state.frees_order() && !taken).then_some(index))
            }
            Origin::Shown { .. } | Origin::Told { .. } => (None, None),
        };
        let sealed_request = match before.and_then(|row| row.request) {
            Some(kept) => Some(kept),
            None => request.map(|bytes| self.seal_bytes(REQUEST, &key.0, 1, bytes)).transpose()?,
        };
        let mut row = Row {
            n: 0,
            key: key.0.to_vec(),
            preview,
            open_order,
            state: state.as_str().to_owned(),
            version,
            request: sealed_request,
            body: self.seal_json(BODY, &key.0, version, record)?,
            mac: Vec::new(),
        };
        row.mac = self.keys.row_mac(&row.mac_input()).as_bytes().to_vec();
        let sql = "INSERT INTO payment (key, preview, open_order, state, version, s_request, s_body, mac)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
            ON CONFLICT (key) DO UPDATE SET open_order = excluded.open_order, state = excluded.state,
                version = excluded.version, s_request = excluded.s_request, s_body = excluded.s_body, mac = excluded.mac";
        let values =
            (&row.key, &row.preview, &row.open_order, &row.state, row.version, &row.request, &row.body, &row.mac);
        self.connection.execute(sql, values).map_err(failed)?;
        self.append_journal(&key.0, state.as_str(), version)
    }
}
