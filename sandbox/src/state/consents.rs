//! The users' consent events, as their devices signed and chained them, and what went to a network under them.

use super::log;
use super::users::Caller;
use crate::documents::Documents;
use crate::refusal::Refused;
use jigap::consent::{Carries, EventKind, Item, Ledger, SignedEvent};
use jigap::crypto::{Blob, Digest, Signature};
use jigap::gateway::wire::{CodesRequest, ConsentReceived, ConsentUpload};
use jigap::network::Network;
use jigap::time::ServerMs;
use rusqlite::{Transaction, params};
use serde::{Deserialize, Serialize};

/// Takes one event, and puts it into the log. The same one again changes nothing.
///
/// # Errors
/// [`Refused::ConsentRecordBroken`] when the signature, the bytes or the device are not right,
/// [`Refused::ConsentOutOfOrder`] when it does not stand on the last one.
pub(crate) fn take(
    tx: &Transaction<'_>,
    caller: &Caller,
    documents: &Documents,
    upload: ConsentUpload,
    now: ServerMs,
) -> Result<ConsentReceived, Refused> {
    let event = SignedEvent::open(upload.event.0, upload.signature, &caller.device_key)
        .map_err(|_| Refused::ConsentRecordBroken)?;
    if event.event.device != caller.device {
        return Err(Refused::ConsentRecordBroken);
    }
    let record = event.hash();
    let mut ledger = ledger(tx, caller)?;
    if !ledger.events().iter().any(|known| known.hash() == record) {
        ledger.append(event.clone()).map_err(|_| Refused::ConsentOutOfOrder)?;
        tx.execute(
            "INSERT INTO consents (device, seq, hash, bytes, signature) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                caller.device.to_string(),
                i64::try_from(event.event.seq).map_err(|_| Refused::ConsentRecordBroken)?,
                record.to_string(),
                event.bytes,
                event.signature.0.0,
            ],
        )?;
    }
    // What keeps the log's own proof is not in the log: it would never come to an end.
    if event.event.kind == EventKind::Acknowledged {
        return Ok(ConsentReceived { record, log: None });
    }
    log::append(tx, record)?;
    Ok(ConsentReceived { record, log: Some(log::receipt(tx, documents, record, upload.log_size, now)?) })
}

/// Whether this very consent is in force – uploaded, granted, not withdrawn, to the document that is required now, for
/// every item of the call – and if so, writes down what goes to the network under it.
pub(crate) fn require<C: Carries>(
    tx: &Transaction<'_>,
    caller: &Caller,
    documents: &Documents,
    network: Network,
    record: Digest,
    now: ServerMs,
) -> Result<(), Refused> {
    let required = documents.required(network)?;
    let effective = ledger(tx, caller)?.effective::<C>(network, required, now).map_err(|_| Refused::ConsentMissing)?;
    if effective.record() != record {
        return Err(Refused::ConsentMissing);
    }
    let items: Vec<&str> = C::items().map(Item::as_str).collect();
    tx.execute(
        "INSERT INTO transfers (user, network, call, items, consent, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![caller.user, network.as_str(), C::CALL, items.join(" "), record.to_string(), now.0],
    )?;
    Ok(())
}

/// One hand-over to a network: `GET /admin/transfers`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Transfer {
    /// Whose data.
    pub user: String,
    /// To which network.
    pub network: String,
    /// By which call.
    pub call: String,
    /// Which items.
    pub items: Vec<String>,
    /// Under which consent.
    pub consent: Digest,
}

/// Everything that was handed to a network, oldest first.
pub(crate) fn transfers(tx: &Transaction<'_>) -> Result<Vec<Transfer>, Refused> {
    let mut statement = tx.prepare("SELECT user, network, call, items, consent FROM transfers ORDER BY seq")?;
    let rows = statement.query_map([], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get::<_, String>(3)?, row.get::<_, String>(4)?))
    })?;
    rows.map(|row| {
        let (user, network, call, items, consent) = row?;
        let items = items.split(' ').map(str::to_owned).collect();
        Ok(Transfer { user, network, call, items, consent: Digest::parse(&consent)? })
    })
    .collect()
}

/// The consent in force for a network, whichever record it is.
pub(crate) fn in_force(
    tx: &Transaction<'_>,
    caller: &Caller,
    documents: &Documents,
    network: Network,
    now: ServerMs,
) -> Result<Option<Digest>, Refused> {
    let required = match documents.required(network) {
        Err(Refused::TransfersSuspended) => return Ok(None),
        required => required?,
    };
    let effective = ledger(tx, caller)?.effective::<CodesRequest>(network, required, now);
    Ok(effective.ok().map(|consent| consent.record()))
}

fn ledger(tx: &Transaction<'_>, caller: &Caller) -> Result<Ledger, Refused> {
    let mut statement = tx.prepare("SELECT bytes, signature FROM consents WHERE device = ?1 ORDER BY seq")?;
    let rows = statement.query_map(params![caller.device.to_string()], |row| {
        Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Vec<u8>>(1)?))
    })?;
    let mut events = Vec::new();
    for row in rows {
        let (bytes, signature) = row?;
        events.push(SignedEvent::open(bytes, Signature(Blob(signature)), &caller.device_key)?);
    }
    Ok(Ledger::new(events)?)
}
