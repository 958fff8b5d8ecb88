//! The history: every change of every payment of a user, numbered without gaps.

use super::users::Caller;
use crate::refusal::Refused;
use jigap::gateway::wire::{HistoryLine, HistoryResponse};
use jigap::payment::Answer;
use rusqlite::{OptionalExtension, Transaction, params};

/// How many lines one answer holds.
const PAGE: usize = 100;

/// Writes a line; its number is given here.
pub(crate) fn append(tx: &Transaction<'_>, user: &str, line: HistoryLine) -> Result<(), Refused> {
    let sql = "SELECT coalesce(max(n), 0) + 1 FROM changes WHERE user = ?1";
    let n: i64 = tx.query_row(sql, params![user], |row| row.get(0))?;
    let line = HistoryLine { n: u64::try_from(n).map_err(|_| Refused::Internal)?, ..line };
    tx.execute(
        "INSERT INTO changes (seq, user, n, line) VALUES (?1, ?2, ?3, ?4)",
        params![i64::try_from(line.answer.seq).map_err(|_| Refused::Internal)?, user, n, serde_json::to_vec(&line)?],
    )?;
    Ok(())
}

/// Writes that a payment changed again. What the history never told of it tells nothing now: a key that was dead from
/// the beginning.
pub(crate) fn changed(tx: &Transaction<'_>, user: &str, answer: Answer) -> Result<(), Refused> {
    let sql = "SELECT line FROM changes WHERE user = ?1 AND line ->> '$.answer.key' = ?2 ORDER BY n DESC LIMIT 1";
    let last: Option<Vec<u8>> =
        tx.query_row(sql, params![user, answer.key.to_string()], |row| row.get(0)).optional()?;
    let Some(last) = last else { return Ok(()) };
    append(tx, user, HistoryLine { answer, ..serde_json::from_slice(&last)? })
}

/// What changed after a number.
pub(crate) fn since(tx: &Transaction<'_>, caller: &Caller, n: u64) -> Result<HistoryResponse, Refused> {
    let mut statement = tx.prepare("SELECT line FROM changes WHERE user = ?1 AND n > ?2 ORDER BY n LIMIT ?3")?;
    let limit = i64::try_from(PAGE).unwrap_or(i64::MAX).saturating_add(1);
    let rows = statement
        .query_map(params![caller.user, i64::try_from(n).unwrap_or(i64::MAX), limit], |row| row.get::<_, Vec<u8>>(0))?;
    let mut lines = Vec::new();
    for row in rows {
        lines.push(serde_json::from_slice(&row?)?);
    }
    let more = lines.len() > PAGE;
    lines.truncate(PAGE);
    Ok(HistoryResponse { lines, more })
}
