//! What the wallet owes: rows that are committed with the state that owes it, and removed with the state that paid it.

use super::{Tx, View, failed};
use crate::crypto::Canonical;
use crate::error::Result;
use crate::time::ServerMs;

/// A kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TaskKind {
    /// Send a payment's stored bytes. Subject: the payment's key.
    Send,
    /// Ask what became of a payment. Subject: the payment's key.
    Ask,
    /// Tell the gateway that a payment is to be cancelled. Subject: the payment's key.
    Cancel,
    /// Tell the gateway that the user wants the money back. Subject: the payment's key.
    RequestRefund,
    /// Pull what is new in the gateway's history. No subject.
    PullHistory,
    /// Hold a day's sums against the gateway's statement. Subject: the day's beginning, eight bytes.
    CheckDay,
    /// Ask what became of a shown code. Subject: the code's identifier.
    AskCode,
    /// Bring a consent event to the gateway. Subject: its sequence number, eight bytes.
    UploadConsent,
    /// Ask what the user has. No subject.
    FetchBalance,
    /// Ask what became of a payment whose key was saved from a database that had to be set aside. Subject: its key.
    AskSalvaged,
    /// Tell the gateway that nobody is to use a code any more. Subject: the code's identifier.
    VoidCode,
    /// Fetch the next code while one is on screen. Subject: network, a zero byte, country.
    FetchCodes,
    /// Fetch keys for codes without network. No subject.
    FetchKeys,
    /// Say that new keys are on disk, so that the old ones end. Subject: the request's identifier.
    KeepKeys,
}

impl TaskKind {
    const ALL: [(Self, &'static str); 14] = [
        (Self::Send, "send"),
        (Self::Ask, "ask"),
        (Self::Cancel, "cancel"),
        (Self::RequestRefund, "request_refund"),
        (Self::PullHistory, "pull_history"),
        (Self::CheckDay, "check_day"),
        (Self::AskCode, "ask_code"),
        (Self::UploadConsent, "upload_consent"),
        (Self::FetchBalance, "fetch_balance"),
        (Self::AskSalvaged, "ask_salvaged"),
        (Self::VoidCode, "void_code"),
        (Self::FetchCodes, "fetch_codes"),
        (Self::FetchKeys, "fetch_keys"),
        (Self::KeepKeys, "keep_keys"),
    ];

    fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }
}

/// Something owed, at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// What.
    pub kind: TaskKind,
    /// About what.
    pub subject: Vec<u8>,
    /// When, by the server's time.
    pub due: ServerMs,
}

/// A task's row, as its code covers it.
fn mac_input(kind: &str, subject: &[u8], due: i64) -> Vec<u8> {
    Canonical::new(*b"JTK1").text(kind).bytes(subject).number(due).finish()
}

impl View<'_> {
    /// Everything owed, the most urgent first. A row that was altered, or is of a kind this version does not know, is
    /// left where it is and left out here: one such row must not keep the others from being done. [`View::spoiled_tasks`]
    /// counts them.
    ///
    /// # Errors
    /// [`crate::error::Code::StoreFailed`], [`crate::error::Code::StoreDamaged`].
    pub fn tasks(&self) -> Result<Vec<Task>> {
        Ok(self.all_tasks()?.into_iter().flatten().collect())
    }

    /// How many rows of what is owed cannot be believed.
    ///
    /// # Errors
    /// As [`View::tasks`].
    pub fn spoiled_tasks(&self) -> Result<usize> {
        Ok(self.all_tasks()?.iter().filter(|task| task.is_none()).count())
    }

    fn all_tasks(&self) -> Result<Vec<Option<Task>>> {
        let mut statement =
            self.connection.prepare_cached("SELECT kind, subject, due, mac FROM task ORDER BY due").map_err(failed)?;
        let mut rows = statement.query([]).map_err(failed)?;
        let mut tasks = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            tasks.push(self.task(row));
        }
        Ok(tasks)
    }

    fn task(&self, row: &rusqlite::Row<'_>) -> Option<Task> {
        let name: String = row.get(0).ok()?;
        let (subject, due, mac): (Vec<u8>, i64, Vec<u8>) = (row.get(1).ok()?, row.get(2).ok()?, row.get(3).ok()?);
        let (kind, _) = TaskKind::ALL.iter().find(|(_, known)| *known == name)?;
        let sound = self.keys.row_mac_is(&mac_input(&name, &subject, due), &mac);
        sound.then_some(Task { kind: *kind, subject, due: ServerMs(due) })
    }
}

impl Tx<'_> {
    /// Owes this from now on; what was owed of the same kind about the same thing is replaced.
    ///
    /// # Errors
    /// [`crate::error::Code::StoreFailed`].
    pub fn owe(&self, kind: TaskKind, subject: &[u8], due: ServerMs) -> Result<()> {
        let mac = self.keys.row_mac(&mac_input(kind.as_str(), subject, due.0));
        let sql = "INSERT INTO task (kind, subject, due, mac) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (kind, subject) DO UPDATE SET due = excluded.due, mac = excluded.mac";
        let mut statement = self.connection.prepare_cached(sql).map_err(failed)?;
        statement.execute((kind.as_str(), subject, due.0, mac.as_bytes())).map(|_| ()).map_err(failed)
    }

    /// Owes nothing later than at this moment: the times were reckoned with a clock that was wrong. A day's check keeps its
    /// time, which the gateway told.
    ///
    /// # Errors
    /// [`crate::error::Code::StoreFailed`], [`crate::error::Code::StoreDamaged`].
    pub fn hurry(&self, now: ServerMs) -> Result<()> {
        if planted!(PutOffByClock) {
            return Ok(());
        }
        let late = self.tasks()?.into_iter().filter(|task| task.due > now && task.kind != TaskKind::CheckDay);
        late.into_iter().try_for_each(|task| self.owe(task.kind, &task.subject, now))
    }

    /// Owes this no longer.
    ///
    /// # Errors
    /// [`crate::error::Code::StoreFailed`].
    pub fn paid(&self, kind: TaskKind, subject: &[u8]) -> Result<()> {
        let sql = "DELETE FROM task WHERE kind = ?1 AND subject = ?2";
        let mut statement = self.connection.prepare_cached(sql).map_err(failed)?;
        statement.execute((kind.as_str(), subject)).map(|_| ()).map_err(failed)
    }

    /// Writes the code of every task anew: of those of the first schema, which had none (`uncoded`), and of all when keys
    /// change.
    pub(super) fn code_tasks(&self, uncoded: bool) -> Result<()> {
        let mut statement = self.connection.prepare("SELECT kind, subject, due, mac FROM task").map_err(failed)?;
        let mut rows = statement.query([]).map_err(failed)?;
        let mut sound: Vec<(String, Vec<u8>, i64)> = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            let (kind, subject, due): (String, Vec<u8>, i64) =
                (row.get(0).map_err(failed)?, row.get(1).map_err(failed)?, row.get(2).map_err(failed)?);
            let mac: Vec<u8> = row.get(3).map_err(failed)?;
            // What was spoiled stays spoiled: a new code would make it believed.
            if uncoded || self.keys.row_mac_is(&mac_input(&kind, &subject, due), &mac) {
                sound.push((kind, subject, due));
            }
        }
        for (kind, subject, due) in sound {
            let mac = self.keys.row_mac(&mac_input(&kind, &subject, due));
            let sql = "UPDATE task SET mac = ?4 WHERE kind = ?1 AND subject = ?2 AND due = ?3";
            self.connection.execute(sql, (&kind, &subject, due, mac.as_bytes())).map_err(failed)?;
        }
        Ok(())
    }

    /// Owes this no longer, if it was owed before this moment: what was done since then does not pay for what came after.
    ///
    /// # Errors
    /// [`crate::error::Code::StoreFailed`].
    pub fn paid_before(&self, kind: TaskKind, subject: &[u8], begun: ServerMs) -> Result<()> {
        if planted!(PaidInAdvance) {
            return self.paid(kind, subject);
        }
        let sql = "DELETE FROM task WHERE kind = ?1 AND subject = ?2 AND due < ?3";
        self.connection.execute(sql, (kind.as_str(), subject, begun.0)).map(|_| ()).map_err(failed)
    }
}
