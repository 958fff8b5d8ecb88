//! The audit: everything that opening does not look at, a little at a time, in the background.

use super::journal::damaged;
use super::{Setting, Tip, View, failed};
use crate::crypto::Blob;
use crate::error::{Code, Error, Result};
use crate::time::ServerMs;
use rusqlite::Connection;
use serde::{Deserialize, Serialize};

/// Rows or lines a step looks at.
const BATCH: i64 = 256;
/// A file of at most so many pages is looked at in one step.
const SMALL: i64 = 2_048;

/// How far an audit has come. Kept between steps, and across starts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    part: Part,
    /// The last row, line or table of this part that was looked at.
    at: i64,
    id: Blob,
    /// Lines whose row is gone, and how many there have to be.
    absent: i64,
    gone: i64,
    /// When the last one came to its end.
    pub finished: Option<ServerMs>,
    /// Something did not verify. It stays so: only setting the database aside helps.
    pub damaged: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Part {
    #[default]
    Pages,
    Sums,
    Journal,
    Payments,
    Codes,
}

impl Setting for Audit {
    const NAME: &'static str = "audit";
}

impl Audit {
    /// One that came to its end.
    pub fn ended(at: ServerMs) -> Self {
        Self { finished: Some(at), ..Self::default() }
    }

    /// One that found something that does not verify.
    pub fn spoiled() -> Self {
        Self { damaged: true, ..Self::default() }
    }

    /// Whether this is the beginning of the next one.
    pub fn at_start(&self) -> bool {
        self.part == Part::Pages && self.at == 0
    }

    /// Whether this is the beginning of a part.
    pub const fn part_begins(&self) -> bool {
        self.at == 0 && self.id.0.is_empty()
    }

    fn part(&self, part: Part) -> Self {
        Self { part, finished: self.finished, damaged: self.damaged, ..Self::default() }
    }
}

impl View<'_> {
    /// The next step of an audit, and how far it has come then; none when it has come to its end.
    ///
    /// # Errors
    /// [`Code::StoreDamaged`] when something is missing, too much, or not as it was written.
    pub fn audit(&self, audit: &Audit) -> Result<Option<Audit>> {
        Ok(match audit.part {
            Part::Pages => Some(self.audit_pages(audit)?),
            Part::Sums => {
                self.audit_sums()?;
                let gone = self.head()?.gone;
                Some(Audit { gone, ..audit.part(Part::Journal) })
            }
            Part::Journal => Some(self.audit_journal(audit)?),
            Part::Payments => Some(match self.audit_payments(audit.at, BATCH)? {
                Some(at) => Audit { at, ..audit.clone() },
                None => audit.part(Part::Codes),
            }),
            Part::Codes => {
                let last = self.audit_codes(&audit.id.0, BATCH)?;
                if last.is_none() {
                    self.offline_keys()?;
                }
                last.map(|id| Audit { id: Blob(id), ..audit.clone() })
            }
        })
    }

    /// The pages of the file: rows that are in no page, or in no index, would otherwise just be missing. A large file is
    /// looked at table by table.
    fn audit_pages(&self, audit: &Audit) -> Result<Audit> {
        let pages: i64 = self.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).map_err(failed)?;
        if pages <= SMALL {
            check(self.connection, "PRAGMA integrity_check(1)")?;
            return Ok(audit.part(Part::Sums));
        }
        let sql =
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 ORDER BY name LIMIT 1 OFFSET ?1";
        let name: Option<String> = super::row::optional(self.connection.query_row(sql, [audit.at], |row| row.get(0)))?;
        let Some(name) = name else { return Ok(audit.part(Part::Sums)) };
        if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Err(Error::new(Code::StoreDamaged).with("table", "all"));
        }
        check(self.connection, &format!("PRAGMA integrity_check({name})"))?;
        Ok(Audit { at: audit.at.saturating_add(1), ..audit.clone() })
    }

    /// Every change of a row counts its version up and writes one line: the sums are equal, whatever is missing.
    fn audit_sums(&self) -> Result<()> {
        let head = self.head()?;
        let sql =
            "SELECT (SELECT coalesce(sum(version), 0) FROM payment) + (SELECT coalesce(sum(version), 0) FROM code)
            + (SELECT count(*) FROM consent), (SELECT count(*) FROM payment), (SELECT count(*) FROM journal)";
        let (versions, payments, lines): (i64, i64, i64) =
            self.connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).map_err(failed)?;
        let sound =
            versions.checked_add(head.gone) == Some(head.tip.seq) && payments == head.payments && lines == head.tip.seq;
        if sound { Ok(()) } else { Err(damaged(head.tip.seq)) }
    }

    /// The chain from its beginning, and that each line's row is as new as the line.
    fn audit_journal(&self, audit: &Audit) -> Result<Audit> {
        let head = self.head()?;
        if head.gone != audit.gone {
            // Something was erased in the meantime: counted again.
            return Ok(Audit { gone: head.gone, ..audit.part(Part::Journal) });
        }
        let Some(link) = self.link_of(audit.at)? else { return Err(damaged(audit.at)) };
        let mut tip = Tip { seq: audit.at, link };
        let mut absent = audit.absent;
        let sql = "SELECT CASE
            WHEN EXISTS (SELECT 1 FROM payment WHERE key = ?1 AND (version > ?3 OR (version = ?3 AND state = ?2))) THEN 1
            WHEN EXISTS (SELECT 1 FROM code WHERE id = ?1 AND (version > ?3 OR (version = ?3 AND state = ?2))) THEN 1
            WHEN ?2 IN ('presented', 'granted', 'declined', 'withdrawn', 'superseded', 'expired', 'acknowledged') AND EXISTS (SELECT 1 FROM consent WHERE seq = ?3) THEN 1
            WHEN EXISTS (SELECT 1 FROM payment WHERE key = ?1) OR EXISTS (SELECT 1 FROM code WHERE id = ?1) THEN 0
            ELSE 2 END";
        let mut stands = self.connection.prepare_cached(sql).map_err(failed)?;
        for line in self.lines(audit.at, BATCH)? {
            let found: i64 =
                stands.query_row((&line.subject, &line.state, line.version), |row| row.get(0)).map_err(failed)?;
            if found == 0 || !self.follows(&tip, &line) {
                return Err(damaged(line.seq));
            }
            absent = absent.saturating_add(i64::from(found == 2));
            tip = Tip { seq: line.seq, link: line.link };
        }
        if tip.seq != audit.at {
            return Ok(Audit { at: tip.seq, absent, ..audit.clone() });
        }
        if tip != head.tip || absent != head.gone {
            return Err(damaged(head.tip.seq));
        }
        Ok(audit.part(Part::Payments))
    }
}

fn check(connection: &Connection, pragma: &str) -> Result<()> {
    let found: String = connection.query_row(pragma, [], |row| row.get(0)).map_err(failed)?;
    if found == "ok" { Ok(()) } else { Err(Error::new(Code::StoreDamaged).with("table", "all")) }
}
