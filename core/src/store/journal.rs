//! The journal: every change of a payment, a code or a consent, each line chained to the one before (§4.6).

use super::{Head, Tip, Tx, View, failed, row};
use crate::crypto::Canonical;
use crate::error::{Code, Error, Result};
use std::collections::HashSet;

/// How many lines are checked at every start; the whole of it is for the background (`store/audit.rs`).
const TAIL: i64 = 64;

/// The state of a row that was erased, in the journal and in what is left of a payment.
pub(super) const ERASED: &str = "erased";

pub(super) struct Line {
    pub(super) seq: i64,
    pub(super) subject: Vec<u8>,
    pub(super) state: String,
    pub(super) version: i64,
    pub(super) link: Vec<u8>,
}

pub(super) fn damaged(seq: i64) -> Error {
    Error::new(Code::StoreDamaged).with("table", "journal").with("seq", seq)
}

impl View<'_> {
    fn link(&self, previous: &[u8], seq: i64, subject: &[u8], state: &str, version: i64) -> Vec<u8> {
        let input = Canonical::new(*b"JJN1").bytes(previous).number(seq).bytes(subject).text(state).number(version);
        self.keys.link(seq, &input.finish()).as_bytes().to_vec()
    }

    /// Whether a line stands on the one before it.
    pub(super) fn follows(&self, before: &Tip, line: &Line) -> bool {
        before.seq.saturating_add(1) == line.seq
            && self.link(&before.link, line.seq, &line.subject, &line.state, line.version) == line.link
    }

    /// Lines in their order: those after `after`, at most `limit`.
    pub(super) fn lines(&self, after: i64, limit: i64) -> Result<Vec<Line>> {
        let sql = "SELECT seq, subject, state, version, link FROM journal WHERE seq > ?1 ORDER BY seq LIMIT ?2";
        let mut statement = self.connection.prepare_cached(sql).map_err(failed)?;
        statement
            .query_map([after, limit], |row| {
                Ok(Line {
                    seq: row.get(0)?,
                    subject: row.get(1)?,
                    state: row.get(2)?,
                    version: row.get(3)?,
                    link: row.get(4)?,
                })
            })
            .and_then(Iterator::collect)
            .map_err(failed)
    }

    /// The link of the line with this number; empty before the first.
    pub(super) fn link_of(&self, seq: i64) -> Result<Option<Vec<u8>>> {
        if seq == 0 {
            return Ok(Some(Vec::new()));
        }
        let mut statement =
            self.connection.prepare_cached("SELECT link FROM journal WHERE seq = ?1").map_err(failed)?;
        row::optional(statement.query_row([seq], |row| row.get(0)))
    }

    /// Whether the chain has come by this tip: if not, this database is older, or another one.
    ///
    /// # Errors
    /// [`Code::StoreFailed`], [`Code::StoreDamaged`].
    pub fn has_passed(&self, tip: &Tip) -> Result<bool> {
        Ok(self.link_of(tip.seq)?.as_ref() == Some(&tip.link))
    }

    /// Checks what can be checked in constant time: the head, the last lines of the journal, the rows they speak about – a
    /// row alone can be genuine and yet be an old one, or be gone –, and that nothing that has not ended is missing.
    ///
    /// # Errors
    /// [`Code::StoreDamaged`] when a line or a row was changed, removed, put in or put back.
    pub fn check_journal(&self) -> Result<()> {
        let head = self.head()?;
        self.check_tail(&head)?;
        self.check_ends(&head)
    }

    /// Whether the row that a line speaks about is as the line left it.
    fn stands(&self, line: &Line) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM payment WHERE key = ?1 AND state = ?2 AND version = ?3)
            OR EXISTS (SELECT 1 FROM code WHERE id = ?1 AND state = ?2 AND version = ?3)
            OR (?2 IN ('presented', 'granted', 'declined', 'withdrawn', 'superseded', 'expired', 'acknowledged')
                AND EXISTS (SELECT 1 FROM consent WHERE seq = ?3))
            OR (?2 = 'erased' AND NOT (EXISTS (SELECT 1 FROM payment WHERE key = ?1)
                AND EXISTS (SELECT 1 FROM code WHERE id = ?1)))";
        // A code and the payment it led to have one name: the code may be erased and the payment stay.
        let mut statement = self.connection.prepare_cached(sql).map_err(failed)?;
        statement.query_row((&line.subject, &line.state, line.version), |row| row.get(0)).map_err(failed)
    }

    fn check_tail(&self, head: &Head) -> Result<()> {
        let first = head.tip.seq.saturating_sub(TAIL).max(0);
        // One that was never removed: every line from the first to the head's is there.
        let Some(link) = self.link_of(first)? else { return Err(damaged(first)) };
        let lines = self.lines(first, i64::MAX)?;
        let end = lines.iter().try_fold(Tip { seq: first, link }, |before, line| {
            let next = Tip { seq: line.seq, link: line.link.clone() };
            if self.follows(&before, line) { Ok(next) } else { Err(damaged(line.seq)) }
        })?;
        if end != head.tip {
            return Err(damaged(head.tip.seq));
        }
        let mut seen = HashSet::new();
        for newest in lines.iter().rev().filter(|line| seen.insert(&line.subject)) {
            if !self.stands(newest)? {
                return Err(damaged(newest.seq));
            }
        }
        Ok(())
    }

    /// The ends of the tables, and how much of what has not ended there is.
    fn check_ends(&self, head: &Head) -> Result<()> {
        let unended = super::payments::UNENDED;
        let live = super::codes::LIVE;
        let sql = format!(
            "SELECT (SELECT coalesce(max(n), 0) FROM payment), (SELECT count(*) FROM payment WHERE {unended}),
                (SELECT count(*) FROM code WHERE {live}), (SELECT coalesce(max(seq), 0) FROM consent)"
        );
        let found: [i64; 4] = self
            .connection
            .query_row(&sql, [], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?]))
            .map_err(failed)?;
        let expected = [head.payments, head.unended, head.codes, head.consents];
        let tables = ["payment", "payment", "code", "consent"];
        let differs = tables.into_iter().zip(found.into_iter().zip(expected)).find(|(_, (found, head))| found != head);
        match differs {
            None => Ok(()),
            Some((table, _)) => Err(Error::new(Code::StoreDamaged).with("table", table)),
        }
    }
}

impl Tx<'_> {
    pub(super) fn append_journal(&self, subject: &[u8], state: &str, version: i64) -> Result<()> {
        if planted!(ChainNotExtended) && state == "succeeded" {
            return Ok(());
        }
        let Tip { seq, link } = self.head_now()?.tip;
        let seq = seq.saturating_add(1);
        let link = self.link(&link, seq, subject, state, version);
        let sql = "INSERT INTO journal (seq, subject, state, version, link) VALUES (?1, ?2, ?3, ?4, ?5)";
        let mut statement = self.connection.prepare_cached(sql).map_err(failed)?;
        statement.execute((seq, subject, state, version, &link)).map_err(failed)?;
        self.move_head(|head| head.tip = Tip { seq, link })
    }
}
