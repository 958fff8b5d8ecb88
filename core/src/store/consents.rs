//! The consent ledger and the documents its events name.

use super::{Tx, View, failed, row};
use crate::consent::{Document, Ledger, Signed, SignedEvent};
use crate::crypto::{Blob, Digest, PublicKey, Signature};
use crate::error::{Code, Error, Result};
use serde::{Deserialize, Serialize};

const EVENT: (&str, &str) = ("consent", "s_event");
const DOCUMENT: (&str, &str) = ("document", "s_value");

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredEvent {
    event: Blob,
    signature: Signature,
}

impl View<'_> {
    /// The ledger, every signature and link of it verified.
    ///
    /// # Errors
    /// [`Code::ConsentRecordBroken`] when one does not verify, [`Code::StoreDamaged`], [`Code::StoreFailed`].
    pub fn ledger(&self, device_key: &PublicKey) -> Result<Ledger> {
        let mut statement =
            self.connection.prepare_cached("SELECT seq, s_event FROM consent ORDER BY seq").map_err(failed)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).map_err(failed)?;
        let mut ledger = Ledger::default();
        for row in rows {
            let (seq, sealed): (i64, Vec<u8>) = row.map_err(failed)?;
            ledger.append(self.open_event(seq, &sealed, device_key)?)?;
        }
        Ok(ledger)
    }

    /// How many events there are: tells whether a ledger read before is still the whole one.
    ///
    /// # Errors
    /// [`Code::StoreFailed`].
    pub fn ledger_length(&self) -> Result<u64> {
        let mut statement =
            self.connection.prepare_cached("SELECT coalesce(max(seq), 0) FROM consent").map_err(failed)?;
        let length: i64 = statement.query_row([], |row| row.get(0)).map_err(failed)?;
        u64::try_from(length).map_err(|_| Error::new(Code::StoreDamaged).with("table", "consent"))
    }

    /// One event as it was signed.
    ///
    /// # Errors
    /// As [`View::ledger`].
    pub fn consent_event(&self, seq: i64, device_key: &PublicKey) -> Result<Option<SignedEvent>> {
        let sql = "SELECT s_event FROM consent WHERE seq = ?1";
        let sealed: Option<Vec<u8>> = row::optional(self.connection.query_row(sql, [seq], |row| row.get(0)))?;
        sealed.map(|sealed| self.open_event(seq, &sealed, device_key)).transpose()
    }

    fn open_event(&self, seq: i64, sealed: &[u8], device_key: &PublicKey) -> Result<SignedEvent> {
        let stored: StoredEvent = self.open_json(EVENT, &seq.to_be_bytes(), 1, sealed)?;
        SignedEvent::open(stored.event.0, stored.signature, device_key)
    }

    /// A consent document by its digest, as it was signed.
    ///
    /// # Errors
    /// [`Code::StoreDamaged`], [`Code::StoreFailed`].
    pub fn signed_document(&self, digest: Digest) -> Result<Option<Signed>> {
        let sql = "SELECT s_value FROM document WHERE digest = ?1";
        let found = self.connection.query_row(sql, [digest.as_bytes()], |row| row.get(0));
        let sealed: Option<Vec<u8>> = row::optional(found)?;
        sealed.map(|sealed| self.open_json(DOCUMENT, digest.as_bytes(), 1, &sealed)).transpose()
    }

    /// A consent document by its digest, verified again.
    ///
    /// # Errors
    /// [`Code::ConsentDocumentInvalid`], [`Code::StoreDamaged`], [`Code::StoreFailed`].
    pub fn document(&self, digest: Digest, controller: &PublicKey) -> Result<Option<Document>> {
        self.signed_document(digest)?.map(|signed| Document::open(&signed, controller)).transpose()
    }
}

impl Tx<'_> {
    /// Appends an event and its line in the journal.
    ///
    /// # Errors
    /// [`Code::ConsentRecordBroken`] when another event already stands at its place, [`Code::StoreFailed`].
    pub fn append_consent(&self, event: &SignedEvent) -> Result<()> {
        let broken = || Error::new(Code::ConsentRecordBroken);
        let seq = i64::try_from(event.event.seq).map_err(|_| broken())?;
        let stored = StoredEvent { event: Blob(event.bytes.clone()), signature: event.signature.clone() };
        let sealed = self.seal_json(EVENT, &seq.to_be_bytes(), 1, &stored)?;
        let sql = "INSERT OR IGNORE INTO consent (seq, s_event) VALUES (?1, ?2)";
        if self.connection.execute(sql, (seq, sealed)).map_err(failed)? != 1 {
            return Err(broken().with("seq", seq));
        }
        self.move_head(|head| head.consents = head.consents.max(seq))?;
        self.append_journal(&event.event.record.0, event.event.kind.as_str(), seq)
    }

    /// Seals the ledger's events after this one under the current keys, at most `limit`: gives the last one done. What
    /// was signed stays as it is.
    pub(super) fn reseal_consents(&self, after: i64, limit: i64) -> Result<Option<i64>> {
        let sql = "SELECT seq, s_event FROM consent WHERE seq > ?1 ORDER BY seq LIMIT ?2";
        let mut statement = self.connection.prepare(sql).map_err(failed)?;
        let rows = statement.query_map([after, limit], |row| Ok((row.get(0)?, row.get(1)?)));
        let rows: Vec<(i64, Vec<u8>)> = rows.and_then(Iterator::collect).map_err(failed)?;
        if rows.is_empty() {
            return Ok(None);
        }
        // The table refuses every change. For this one it is told otherwise, within the transaction.
        let rule: String = self
            .connection
            .query_row("SELECT sql FROM sqlite_schema WHERE name = 'consent_is_never_changed'", [], |row| row.get(0))
            .map_err(failed)?;
        self.connection.execute_batch("DROP TRIGGER consent_is_never_changed").map_err(failed)?;
        for (seq, sealed) in &rows {
            let plain = self.open_bytes(EVENT, &seq.to_be_bytes(), 1, sealed)?;
            let anew = self.seal_bytes(EVENT, &seq.to_be_bytes(), 1, &plain)?;
            self.connection.execute("UPDATE consent SET s_event = ?2 WHERE seq = ?1", (seq, anew)).map_err(failed)?;
        }
        self.connection.execute_batch(&rule).map_err(failed)?;
        Ok(rows.last().map(|(seq, _)| *seq))
    }

    /// Seals the documents under the current keys. There are as many as networks and their versions.
    pub(super) fn reseal_documents(&self) -> Result<()> {
        let mut statement = self.connection.prepare("SELECT digest, s_value FROM document").map_err(failed)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        let rows: Vec<(Vec<u8>, Vec<u8>)> = rows.and_then(Iterator::collect).map_err(failed)?;
        for (digest, sealed) in rows {
            let anew = self.seal_bytes(DOCUMENT, &digest, 1, &self.open_bytes(DOCUMENT, &digest, 1, &sealed)?)?;
            let sql = "UPDATE document SET s_value = ?2 WHERE digest = ?1";
            self.connection.execute(sql, (digest, anew)).map_err(failed)?;
        }
        Ok(())
    }

    /// Keeps a document as it was signed.
    ///
    /// # Errors
    /// [`Code::StoreFailed`].
    pub fn keep_document(&self, document: &Document, signed: &Signed) -> Result<()> {
        let digest = document.digest();
        let sealed = self.seal_json(DOCUMENT, digest.as_bytes(), 1, signed)?;
        let sql = "INSERT OR IGNORE INTO document (digest, s_value) VALUES (?1, ?2)";
        self.connection.execute(sql, (digest.as_bytes(), sealed)).map(|_| ()).map_err(failed)
    }
}
