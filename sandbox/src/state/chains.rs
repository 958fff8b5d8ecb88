//! How far each device's own chain of state changes has come: what shows a device that it was set back.

use crate::refusal::Refused;
use jigap::crypto::Blob;
use jigap::gateway::wire::{ChainReport, ChainTip};
use jigap::id::Id;
use rusqlite::{OptionalExtension, Transaction, params};

/// Longer than any link.
const LONGEST_LINK: usize = 64;

/// Takes what a device reports, if it knows what was there before. Gives what is there now.
pub(crate) fn report(tx: &Transaction<'_>, device: Id, report: ChainReport) -> Result<ChainTip, Refused> {
    if report.head.link.0.len() > LONGEST_LINK {
        return Err(Refused::BodyInvalid);
    }
    let device = device.to_string();
    let kept: Option<ChainTip> = tx
        .query_row("SELECT seq, link FROM chains WHERE device = ?1", params![device], |row| {
            Ok(ChainTip { seq: row.get(0)?, link: Blob(row.get(1)?) })
        })
        .optional()?;
    if let Some(kept) = kept.filter(|kept| report.known.as_ref() != Some(kept)) {
        return Ok(kept);
    }
    tx.execute(
        "INSERT INTO chains (device, seq, link) VALUES (?1, ?2, ?3)
         ON CONFLICT (device) DO UPDATE SET seq = excluded.seq, link = excluded.link",
        params![device, report.head.seq, report.head.link.0],
    )?;
    Ok(report.head)
}
