//! What the wallet owes: rows that are committed with the state that owes it, and removed with the state that paid it.

use super::{Tx, View, failed};
use crate::error::{Code, Error, Result};
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
    const ALL: [(Self, &'static str); 13] = [
        (Self::Send, "send"),
        (Self::Ask, "ask"),
        (Self::Cancel, "cancel"),
        (Self::RequestRefund, "request_refund"),
        (Self::PullHistory, "pull_history"),
        (Self::CheckDay, "check_day"),
        (Self::AskCode, "ask_code"),
        (Self::UploadConsent, "upload_consent"),
        (Self::FetchBalance, "fetch_balance"),
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

impl View<'_> {
    /// Everything owed, the most urgent first.
    ///
    /// # Errors
    /// [`Code::StoreFailed`], [`Code::StoreDamaged`].
    pub fn tasks(&self) -> Result<Vec<Task>> {
        let mut statement =
            self.connection.prepare_cached("SELECT kind, subject, due FROM task ORDER BY due").map_err(failed)?;
        let rows =
            statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?))).map_err(failed)?;
        rows.map(|row| {
            let (name, subject, due) = row.map_err(failed)?;
            let kind = TaskKind::ALL.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind);
            let kind = kind.ok_or_else(|| Error::new(Code::StoreDamaged).with("table", "task"))?;
            Ok(Task { kind, subject, due: ServerMs(due) })
        })
        .collect()
    }
}

impl Tx<'_> {
    /// Owes this from now on; what was owed of the same kind about the same thing is replaced.
    ///
    /// # Errors
    /// [`Code::StoreFailed`].
    pub fn owe(&self, kind: TaskKind, subject: &[u8], due: ServerMs) -> Result<()> {
        let sql = "INSERT INTO task (kind, subject, due) VALUES (?1, ?2, ?3)
            ON CONFLICT (kind, subject) DO UPDATE SET due = excluded.due";
        self.connection.execute(sql, (kind.as_str(), subject, due.0)).map(|_| ()).map_err(failed)
    }

    /// Owes this no longer.
    ///
    /// # Errors
    /// [`Code::StoreFailed`].
    pub fn paid(&self, kind: TaskKind, subject: &[u8]) -> Result<()> {
        let sql = "DELETE FROM task WHERE kind = ?1 AND subject = ?2";
        self.connection.execute(sql, (kind.as_str(), subject)).map(|_| ()).map_err(failed)
    }
}
