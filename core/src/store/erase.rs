//! What need not be kept any longer goes, and nothing of it is left in any byte.

use super::{Store, failed};
use crate::error::Result;
use crate::time::ServerMs;
use rusqlite::OpenFlags;

/// Payments looked at in one transaction.
const BATCH: i64 = 256;

/// What was erased, and what the law has kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Erased {
    /// Payments that are gone. Only their random identifiers and their places are left.
    pub payments: u32,
    /// Codes that are gone.
    pub codes: u32,
    /// Payments that are kept: Electronic Financial Transactions Act, Article 22, and its decree.
    pub kept: u32,
    /// When the last of those may go; none when there are none, or one has not ended and no day can be named.
    pub kept_until: Option<ServerMs>,
}

impl Store {
    /// Erases the payments whose time is over and the codes that are over. Cheap when there are none.
    ///
    /// # Errors
    /// [`crate::error::Code::StoreDamaged`], [`crate::error::Code::StoreFailed`].
    pub fn erase_old(&self, now: ServerMs) -> Result<Erased> {
        let mut erased = Erased { codes: self.write(|tx| tx.erase_codes(now))?, ..Erased::default() };
        let (mut after, mut latest, mut open) = (0, None, false);
        loop {
            let (last, gone, kept) = self.write(|tx| tx.erase_payments(after, BATCH, now))?;
            erased.payments = erased.payments.saturating_add(gone);
            erased.kept = erased.kept.saturating_add(u32::try_from(kept.len()).unwrap_or(u32::MAX));
            open |= kept.contains(&ServerMs(i64::MAX));
            latest = latest.max(kept.into_iter().max());
            let Some(last) = last else { break };
            after = last;
        }
        erased.kept_until = latest.filter(|_| !open);
        if erased.payments > 0 || erased.codes > 0 {
            self.scrub()?;
        }
        Ok(erased)
    }

    /// Erases everything that no law has kept: what [`Store::erase_old`] does, and previews, whenever they end. Consent
    /// events stay: they are the proof of what was allowed.
    ///
    /// # Errors
    /// As [`Store::erase_old`].
    pub fn erase(&self, now: ServerMs) -> Result<Erased> {
        self.write(|tx| tx.connection.execute("DELETE FROM preview", []).map(|_| ()).map_err(failed))?;
        let erased = self.erase_old(now)?;
        self.scrub()?;
        Ok(erased)
    }

    /// Writes the file anew, so that what was deleted is in no page and in no log.
    fn scrub(&self) -> Result<()> {
        let mut writer = super::lock(&self.writer);
        let connection = self.connected(&mut writer, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let truncate = "PRAGMA wal_checkpoint(TRUNCATE)";
        let scrubbed = connection
            .execute_batch("VACUUM")
            .and_then(|()| connection.query_row(truncate, [], |_| Ok(())))
            .map_err(failed);
        self.leave(&mut writer);
        scrubbed
    }
}
