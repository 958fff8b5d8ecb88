//! The journal: every change of a payment, a code or a consent, each line chained to the one before (§4.6).

use super::{Tx, View, failed, row};
use crate::crypto::Canonical;
use crate::error::{Code, Error, Result};
use std::collections::HashSet;

/// How many lines are checked at every start; the whole of it is for the background.
const TAIL: i64 = 64;

struct Line {
    seq: i64,
    subject: Vec<u8>,
    state: String,
    version: i64,
    link: Vec<u8>,
}

impl View<'_> {
    fn link(&self, previous: &[u8], seq: i64, subject: &[u8], state: &str, version: i64) -> Vec<u8> {
        let input = Canonical::new(*b"JJN1").bytes(previous).number(seq).bytes(subject).text(state).number(version);
        self.keys.chain(&input.finish()).as_bytes().to_vec()
    }

    /// Checks the last lines of the journal, and the rows they speak about against it: a row alone can be genuine and
    /// yet be an old one, or be gone.
    ///
    /// # Errors
    /// [`Code::StoreDamaged`] when a line or a row was changed, removed, put in or put back.
    pub fn check_journal(&self) -> Result<()> {
        self.check_count()?;
        self.check_tail()
    }

    /// Every change of a row counts its version up and writes one line: the sums are equal, whatever is missing.
    fn check_count(&self) -> Result<()> {
        let sql =
            "SELECT (SELECT coalesce(sum(version), 0) FROM payment) + (SELECT coalesce(sum(version), 0) FROM code)
            + (SELECT count(*) FROM consent) - (SELECT coalesce(max(seq), 0) FROM journal)";
        let surplus: i64 = self.connection.query_row(sql, [], |row| row.get(0)).map_err(failed)?;
        if surplus == 0 { Ok(()) } else { Err(Error::new(Code::StoreDamaged).with("table", "journal")) }
    }

    /// Whether the row that a line speaks about is as the line left it.
    fn stands(&self, line: &Line) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM payment WHERE key = ?1 AND state = ?2 AND version = ?3)
            OR EXISTS (SELECT 1 FROM code WHERE id = ?1 AND state = ?2 AND version = ?3)
            OR (?2 IN ('presented', 'granted', 'declined', 'withdrawn', 'superseded', 'expired', 'acknowledged') AND EXISTS (SELECT 1 FROM consent WHERE seq = ?3))";
        let mut statement = self.connection.prepare_cached(sql).map_err(failed)?;
        statement.query_row((&line.subject, &line.state, line.version), |row| row.get(0)).map_err(failed)
    }

    fn check_tail(&self) -> Result<()> {
        let sql = "SELECT seq, subject, state, version, link FROM journal ORDER BY seq DESC LIMIT ?1";
        let mut statement = self.connection.prepare_cached(sql).map_err(failed)?;
        let lines = statement
            .query_map([TAIL.saturating_add(1)], |row| {
                Ok(Line {
                    seq: row.get(0)?,
                    subject: row.get(1)?,
                    state: row.get(2)?,
                    version: row.get(3)?,
                    link: row.get(4)?,
                })
            })
            .and_then(Iterator::collect::<rusqlite::Result<Vec<_>>>)
            .map_err(failed)?;
        let damaged = |seq: i64| Error::new(Code::StoreDamaged).with("table", "journal").with("seq", seq);
        let mut seen = HashSet::new();
        for newest in lines.iter().filter(|line| seen.insert(&line.subject)) {
            if !self.stands(newest)? {
                return Err(damaged(newest.seq));
            }
        }
        let mut lines = lines.iter().rev();
        let Some(first) = lines.next() else { return Ok(()) };
        // The oldest line read can be checked itself only when it is the very first one, and that one is always there.
        if first.seq != 1 && lines.len() < usize::try_from(TAIL).unwrap_or(usize::MAX) {
            return Err(damaged(1));
        }
        if first.seq == 1 && self.link(&[], 1, &first.subject, &first.state, first.version) != first.link {
            return Err(damaged(1));
        }
        lines
            .try_fold(first, |before, line| {
                let link = self.link(&before.link, line.seq, &line.subject, &line.state, line.version);
                let next = before.seq.saturating_add(1) == line.seq;
                if next && link == line.link { Ok(line) } else { Err(damaged(line.seq)) }
            })
            .map(|_| ())
    }
}

impl Tx<'_> {
    pub(super) fn append_journal(&self, subject: &[u8], state: &str, version: i64) -> Result<()> {
        let sql = "SELECT seq, link FROM journal ORDER BY seq DESC LIMIT 1";
        let last: Option<(i64, Vec<u8>)> =
            row::optional(self.connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))))?;
        let (seq, previous) = last.unwrap_or_default();
        let seq = seq.saturating_add(1);
        let link = self.link(&previous, seq, subject, state, version);
        let sql = "INSERT INTO journal (seq, subject, state, version, link) VALUES (?1, ?2, ?3, ?4, ?5)";
        self.connection.execute(sql, (seq, subject, state, version, link)).map(|_| ()).map_err(failed)
    }
}
