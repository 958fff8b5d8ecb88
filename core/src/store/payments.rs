//! Previews and payments.

use super::journal::ERASED;
use super::{Tx, View, failed, row};
use crate::crypto::Canonical;
use crate::error::{Code, Error, Result};
use crate::id::Id;
use crate::payment::{Origin, Preview, Record, State};
use crate::time::ServerMs;

const PREVIEW: (&str, &str) = ("preview", "s_value");
const BODY: (&str, &str) = ("payment", "s_body");
const REQUEST: (&str, &str) = ("payment", "s_request");
/// Payments that have not ended: what [`State::ended`] says, as the index has it.
pub(super) const UNENDED: &str = "state IN ('sending', 'unknown', 'not_seen', 'pending', 'cancel_wanted')";
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

    /// Its place in the history too: there is no other payment there, and none is missing below the newest.
    fn mac_input(&self) -> Vec<u8> {
        self.mac_input_from(Canonical::new(*b"JPY2").number(self.n))
    }

    /// As the first schema had it.
    fn first_mac_input(&self) -> Vec<u8> {
        self.mac_input_from(Canonical::new(*b"JPY1"))
    }

    fn mac_input_from(&self, begun: Canonical) -> Vec<u8> {
        let absent = || Canonical::new(*b"none").finish();
        let clear = begun
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

    /// The row with this order: while keys change it may stand under either index.
    fn order_row(&self, order: Id) -> Result<Option<Row>> {
        for index in self.keys.indexes("order", &order.0) {
            if let Some(row) = self.payment_row("open_order", &index)? {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }

    /// What a row holds; nothing when it was erased.
    fn open_row(&self, row: &Row) -> Result<Option<Record>> {
        self.check_mac("payment", &row.mac_input(), &row.mac)?;
        if row.state == ERASED { Ok(None) } else { self.open_payment(row).map(Some) }
    }

    /// Opens everything of the rows after this place, at most `limit`: gives the last place, or none when there are no
    /// more.
    pub(super) fn audit_payments(&self, after: i64, limit: i64) -> Result<Option<i64>> {
        let sql = format!("SELECT {COLUMNS} FROM payment WHERE n > ?1 ORDER BY n LIMIT ?2");
        let mut statement = self.connection.prepare_cached(&sql).map_err(failed)?;
        let rows = statement.query_map([after, limit], Row::read).map_err(failed)?;
        let mut last = after;
        for row in rows {
            let row = row.map_err(failed)?;
            if row.n != last.saturating_add(1) {
                return Err(Error::new(Code::StoreDamaged).with("table", "payment"));
            }
            last = row.n;
            self.open_row(&row)?;
            if let Some(sealed) = &row.request {
                self.open_bytes(REQUEST, &row.key, 1, sealed)?;
            }
        }
        Ok((last > after).then_some(last))
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
        let sql = "SELECT expires, s_value FROM preview WHERE id = ?1";
        let found: Option<(i64, Vec<u8>)> =
            row::optional(self.connection.query_row(sql, [id.0], |row| Ok((row.get(0)?, row.get(1)?))))?;
        found.map(|(expires, sealed)| self.open_json(PREVIEW, &id.0, expires, &sealed)).transpose()
    }

    /// The payment with this key.
    ///
    /// # Errors
    /// [`Code::StoreDamaged`], [`Code::StoreFailed`].
    pub fn payment(&self, key: Id) -> Result<Option<Record>> {
        self.payment_row("key", &key.0)?.map_or(Ok(None), |row| self.open_row(&row))
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
        self.order_row(order)?.map(|row| self.open_payment(&row)).transpose()
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
        let sql = format!("SELECT {COLUMNS} FROM payment WHERE {UNENDED} ORDER BY n");
        let mut statement = self.connection.prepare_cached(&sql).map_err(failed)?;
        let rows = statement.query_map([], Row::read).map_err(failed)?;
        rows.map(|row| self.open_payment(&row.map_err(failed)?)).collect()
    }

    /// Up to `limit` payments, newest first, older than `before`; with each its place.
    ///
    /// # Errors
    /// As [`View::payment`]; also when one is missing between them.
    pub fn history(&self, before: Option<Cursor>, limit: u32) -> Result<Vec<(Cursor, Record)>> {
        let newest = self.head()?.payments;
        let sql = format!("SELECT {COLUMNS} FROM payment WHERE n <= ?1 ORDER BY n DESC");
        let mut statement = self.connection.prepare_cached(&sql).map_err(failed)?;
        // Places have no gaps: a row that is not where the next one must be is gone, or hidden by a damaged page.
        let mut expected = before.map_or(newest, |cursor| cursor.0.saturating_sub(1).min(newest));
        let mut rows = statement.query([expected]).map_err(failed)?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut page = Vec::new();
        while page.len() < limit && expected > 0 {
            let row = rows.next().map_err(failed)?.map(Row::read).transpose().map_err(failed)?;
            let Some(row) = row.filter(|row| row.n == expected) else {
                return Err(Error::new(Code::StoreDamaged).with("table", "payment"));
            };
            page.extend(self.open_row(&row)?.map(|record| (Cursor(row.n), record)));
            expected = expected.saturating_sub(1);
        }
        Ok(page)
    }
}

impl Tx<'_> {
    /// Keeps a preview, and drops those that ended before `now`.
    ///
    /// # Errors
    /// [`Code::StoreFailed`].
    pub fn keep_preview(&self, preview: &Preview, now: ServerMs) -> Result<()> {
        self.connection.execute("DELETE FROM preview WHERE expires < ?1", [now.0]).map_err(failed)?;
        if planted!(SecretInTheClear) {
            let name = (preview.id.0, preview.terms.merchant.name.as_bytes());
            self.connection.execute("INSERT INTO document (digest, s_value) VALUES (?1, ?2)", name).map_err(failed)?;
        }
        // When it ends is part of its place: it cannot be moved alone.
        let sealed = self.seal_json(PREVIEW, &preview.id.0, preview.terms.expires.0, preview)?;
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
            if row.state == ERASED {
                // What was erased stays erased, whoever tells of it again.
                return Ok(());
            }
        }
        let version = before.as_ref().map_or(0, |row| row.version).saturating_add(1);
        let state = record.payment.state;
        let (preview, open_order) = match &record.origin {
            Origin::Scanned { preview, terms, .. } => {
                let index = self.keys.index("order", &terms.order.0).to_vec();
                // A contradiction after the order was freed and taken by another payment: that one keeps it.
                let freed = before.as_ref().is_some_and(|row| row.open_order.is_none());
                let taken = freed && self.order_row(terms.order)?.is_some();
                (Some(preview.0.to_vec()), (!state.frees_order() && !taken).then_some(index))
            }
            Origin::Shown { .. } | Origin::Told { .. } => (None, None),
        };
        let was_open = before.as_ref().is_some_and(|row| State::parse(&row.state).is_some_and(|state| !state.ended()));
        let place = before.as_ref().map(|row| row.n);
        let newest = self.head_now()?.payments;
        if self.keys.changing()
            && let (Some(_), Origin::Scanned { terms, .. }) = (&open_order, &record.origin)
            && self.order_row(terms.order)?.is_some_and(|holder| holder.key != key.0)
        {
            // The index keeps two payments of one order apart (R6), but not while one of them stands under the old keys.
            return Err(Error::new(Code::StoreFailed).with("table", "payment").with("column", "open_order"));
        }
        let sealed_request = match before.and_then(|row| row.request) {
            Some(_) if planted!(RetryDropsBytes) => None,
            Some(kept) => Some(kept),
            None => request.map(|bytes| self.seal_bytes(REQUEST, &key.0, 1, bytes)).transpose()?,
        };
        let mut row = Row {
            n: place.unwrap_or_else(|| newest.saturating_add(1)),
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
        let sql = "INSERT INTO payment (n, key, preview, open_order, state, version, s_request, s_body, mac)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
            ON CONFLICT (key) DO UPDATE SET open_order = excluded.open_order, state = excluded.state,
                version = excluded.version, s_request = excluded.s_request, s_body = excluded.s_body, mac = excluded.mac";
        let (n, preview, order) = (row.n, &row.preview, &row.open_order);
        let values = (n, &row.key, preview, order, &row.state, row.version, &row.request, &row.body, &row.mac);
        let mut statement = self.connection.prepare_cached(sql).map_err(failed)?;
        statement.execute(values).map_err(failed)?;
        self.move_head(|head| {
            head.payments = head.payments.max(n);
            let more = i64::from(!state.ended()).saturating_sub(i64::from(was_open));
            head.unended = head.unended.saturating_add(more);
        })?;
        self.append_journal(&key.0, state.as_str(), version)
    }

    /// Seals the previews under the current keys. There are few, and they end soon.
    pub(super) fn reseal_previews(&self) -> Result<()> {
        let mut statement = self.connection.prepare("SELECT id, expires, s_value FROM preview").map_err(failed)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        let rows: Vec<(Vec<u8>, i64, Vec<u8>)> = rows.and_then(Iterator::collect).map_err(failed)?;
        for (id, expires, sealed) in rows {
            let plain = self.open_bytes(PREVIEW, &id, expires, &sealed)?;
            let anew = self.seal_bytes(PREVIEW, &id, expires, &plain)?;
            let sql = "UPDATE preview SET s_value = ?2 WHERE id = ?1";
            self.connection.execute(sql, (id, anew)).map_err(failed)?;
        }
        Ok(())
    }

    /// Gives the payments of the first schema places without gaps, and codes that cover them. How many there are, and
    /// how many have not ended.
    pub(super) fn renumber_payments(&self) -> Result<(i64, i64)> {
        let (mut after, mut place, mut unended) = (0, 0, 0);
        loop {
            let sql = format!("SELECT {COLUMNS} FROM payment WHERE n > ?1 ORDER BY n LIMIT 1");
            let found = row::optional(self.connection.query_row(&sql, [after], Row::read))?;
            let Some(mut row) = found else { return Ok((place, unended)) };
            self.check_mac("payment", &row.first_mac_input(), &row.mac)?;
            let old = row.n;
            (after, place) = (old, place.saturating_add(1));
            row.n = place;
            unended = unended.saturating_add(i64::from(State::parse(&row.state).is_some_and(|state| !state.ended())));
            let mac = self.keys.row_mac(&row.mac_input());
            let sql = "UPDATE payment SET n = ?2, mac = ?3 WHERE n = ?1";
            self.connection.execute(sql, (old, place, mac.as_bytes())).map_err(failed)?;
        }
    }

    /// Seals the payments after this place under the current keys, at most `limit`: gives the last place done.
    pub(super) fn reseal_payments(&self, after: i64, limit: i64) -> Result<Option<i64>> {
        let sql = format!("SELECT {COLUMNS} FROM payment WHERE n > ?1 ORDER BY n LIMIT ?2");
        let mut statement = self.connection.prepare_cached(&sql).map_err(failed)?;
        let rows = statement.query_map([after, limit], Row::read).and_then(Iterator::collect);
        let rows: Vec<Row> = rows.map_err(failed)?;
        let last = rows.last().map(|row| row.n);
        for mut row in rows {
            self.check_mac("payment", &row.mac_input(), &row.mac)?;
            if row.state != ERASED {
                if let (Some(_), Origin::Scanned { terms, .. }) = (&row.open_order, self.open_payment(&row)?.origin) {
                    row.open_order = Some(self.keys.index("order", &terms.order.0).to_vec());
                }
                let body = self.open_bytes(BODY, &row.key, row.version, &row.body)?;
                row.body = self.seal_bytes(BODY, &row.key, row.version, &body)?;
            }
            if let Some(sealed) = &row.request {
                let request = self.open_bytes(REQUEST, &row.key, 1, sealed)?;
                row.request = Some(self.seal_bytes(REQUEST, &row.key, 1, &request)?);
            }
            self.replace_payment(&mut row)?;
        }
        Ok(last)
    }

    fn replace_payment(&self, row: &mut Row) -> Result<()> {
        row.mac = self.keys.row_mac(&row.mac_input()).as_bytes().to_vec();
        let sql =
            "UPDATE payment SET preview = ?2, open_order = ?3, state = ?4, version = ?5, s_request = ?6, s_body = ?7,
            mac = ?8 WHERE n = ?1";
        let values = (row.n, &row.preview, &row.open_order, &row.state, row.version, &row.request, &row.body, &row.mac);
        self.connection.execute(sql, values).map(|_| ()).map_err(failed)
    }

    /// Erases the ended payments after this place that need not be kept any longer, looking at most at `limit`. Gives the
    /// last place looked at, how many were erased, and until when each of the others has to be kept.
    pub(super) fn erase_payments(
        &self,
        after: i64,
        limit: i64,
        now: ServerMs,
    ) -> Result<(Option<i64>, u32, Vec<ServerMs>)> {
        let sql = format!("SELECT {COLUMNS} FROM payment WHERE n > ?1 ORDER BY n LIMIT ?2");
        let mut statement = self.connection.prepare_cached(&sql).map_err(failed)?;
        let rows = statement.query_map([after, limit], Row::read).and_then(Iterator::collect);
        let rows: Vec<Row> = rows.map_err(failed)?;
        let last = rows.last().map(|row| row.n);
        let (mut erased, mut kept) = (0u32, Vec::new());
        for mut row in rows {
            let Some(record) = self.open_row(&row)? else { continue };
            match record.keep_until() {
                Some(until) if until <= now => {
                    erased = erased.saturating_add(1);
                    let version = row.version.saturating_add(1);
                    (row.preview, row.open_order, row.request, row.body) = (None, None, None, Vec::new());
                    (row.state, row.version) = (ERASED.to_owned(), version);
                    self.replace_payment(&mut row)?;
                    self.append_journal(&row.key, ERASED, version)?;
                }
                until => kept.push(until.unwrap_or(ServerMs(i64::MAX))),
            }
        }
        Ok((last, erased, kept))
    }
}
