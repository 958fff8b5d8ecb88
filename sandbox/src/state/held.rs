//! Payments that were taken in and are not done: what a slow network, or a bridge, leaves in a gateway's hands.

use super::payments::{self, About};
use super::users::{self, Caller};
use super::{history, wishes};
use crate::documents::Documents;
use crate::refusal::Refused;
use jigap::crypto::Digest;
use jigap::gateway::wire::{HistoryLine, PayRequest};
use jigap::id::Id;
use jigap::payment::{Answer, Outcome};
use jigap::time::ServerMs;
use rusqlite::{OptionalExtension, Transaction, params};

/// Takes a payment in and leaves it pending. The same one again is the same.
///
/// # Errors
/// As [`payments::pay`].
pub(crate) fn take(
    tx: &Transaction<'_>,
    caller: &Caller,
    request: &PayRequest,
    body: Digest,
    now: ServerMs,
) -> Result<Vec<u8>, Refused> {
    if let Some(answer) = payments::known(tx, caller, request.key, body)? {
        return Ok(answer);
    }
    if let Some(held) = Held::load(tx, request.key)? {
        let same = held.body == body.to_string() && held.device == caller.device.to_string();
        return if same { Ok(serde_json::to_vec(&held.told(tx)?)?) } else { Err(Refused::KeyReused) };
    }
    let answer = Answer::new(request.key, payments::next_seq(tx)?, Outcome::Pending);
    tx.execute(
        "INSERT INTO held (key, seq, device, body, request, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            request.key.to_string(),
            i64::try_from(answer.seq).map_err(|_| Refused::Internal)?,
            caller.device.to_string(),
            body.to_string(),
            serde_json::to_vec(request)?,
            now.0,
        ],
    )?;
    let (network, merchant) = (request.terms.network, Some(request.terms.merchant.clone()));
    let line = HistoryLine { n: 0, answer: answer.clone(), network, scanned: true, created: now, merchant };
    history::append(tx, &caller.user, line)?;
    Ok(serde_json::to_vec(&answer)?)
}

/// How a payment that is not done stands.
///
/// # Errors
/// [`Refused::NotSeen`] when this user has none with this key.
pub(crate) fn current(tx: &Transaction<'_>, caller: &Caller, key: Id) -> Result<Answer, Refused> {
    let held = Held::load(tx, key)?.ok_or(Refused::NotSeen)?;
    let owner = users::caller(tx, Id::parse(&held.device)?)?;
    if owner.user == caller.user { held.told(tx) } else { Err(Refused::NotSeen) }
}

/// Ends a payment that is not done without charging it: its key is dead from now on.
pub(crate) fn bury(tx: &Transaction<'_>, key: Id, now: ServerMs) -> Result<Answer, Refused> {
    let held = Held::load(tx, key)?.ok_or(Refused::NotSeen)?;
    let (device, request): (Id, PayRequest) = (Id::parse(&held.device)?, serde_json::from_slice(&held.request)?);
    let answer = Answer::new(key, payments::next_seq(tx)?, Outcome::Cancelled);
    let about = About { network: request.terms.network, scanned: true, merchant: Some(request.terms.merchant) };
    drop_one(tx, key)?;
    payments::record(tx, device, None, None, &answer, Some(about), now)?;
    Ok(answer)
}

/// Does what was held up, in the order in which it came.
pub(crate) fn release(tx: &Transaction<'_>, documents: &Documents, now: ServerMs) -> Result<(), Refused> {
    let mut statement = tx.prepare("SELECT key FROM held ORDER BY seq")?;
    let keys: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for key in keys {
        let key = Id::parse(&key)?;
        let Some(held) = Held::load(tx, key)? else { continue };
        let caller = users::caller(tx, Id::parse(&held.device)?)?;
        let request: PayRequest = serde_json::from_slice(&held.request)?;
        drop_one(tx, key)?;
        // It arrived in time, however long it was held up.
        payments::pay(tx, &caller, documents, &request, Digest::parse(&held.body)?, ServerMs(held.at).min(now))?;
    }
    Ok(())
}

/// Loses everything that is not done, as a restart of a gateway without a memory does: a fault for tests.
pub(crate) fn lose_all(tx: &Transaction<'_>) -> Result<(), Refused> {
    tx.execute("DELETE FROM held", [])?;
    Ok(())
}

fn drop_one(tx: &Transaction<'_>, key: Id) -> Result<(), Refused> {
    tx.execute("DELETE FROM held WHERE key = ?1", params![key.to_string()])?;
    Ok(())
}

struct Held {
    key: Id,
    seq: i64,
    device: String,
    body: String,
    request: Vec<u8>,
    at: i64,
}

impl Held {
    fn load(tx: &Transaction<'_>, key: Id) -> Result<Option<Self>, Refused> {
        let sql = "SELECT seq, device, body, request, at FROM held WHERE key = ?1";
        Ok(tx
            .query_row(sql, params![key.to_string()], |row| {
                let (seq, device, body) = (row.get(0)?, row.get(1)?, row.get(2)?);
                Ok(Self { key, seq, device, body, request: row.get(3)?, at: row.get(4)? })
            })
            .optional()?)
    }

    fn told(&self, tx: &Transaction<'_>) -> Result<Answer, Refused> {
        let seq = u64::try_from(self.seq).map_err(|_| Refused::Internal)?;
        Ok(Answer { beside: wishes::beside(tx, self.key)?, ..Answer::new(self.key, seq, Outcome::Pending) })
    }
}
