//! The users' consent events, as their devices signed and chained them.

use super::users::Caller;
use crate::documents::Documents;
use crate::refusal::Refused;
use jigap::consent::{Ledger, SignedEvent};
use jigap::crypto::{Blob, Digest, Signature};
use jigap::gateway::wire::ConsentUpload;
use jigap::network::Network;
use rusqlite::{Transaction, params};

/// Takes one event. The same one again changes nothing.
///
/// # Errors
/// [`Refused::ConsentRecordBroken`] when the signature, the bytes or the device are not right,
/// [`Refused::ConsentOutOfOrder`] when it does not stand on the last one.
pub(crate) fn take(tx: &Transaction<'_>, caller: &Caller, upload: ConsentUpload) -> Result<Digest, Refused> {
    let event = SignedEvent::open(upload.event.0, upload.signature, &caller.device_key)
        .map_err(|_| Refused::ConsentRecordBroken)?;
    if event.event.device != caller.device {
        return Err(Refused::ConsentRecordBroken);
    }
    let hash = event.hash();
    let mut ledger = ledger(tx, caller)?;
    if ledger.events().iter().any(|known| known.hash() == hash) {
        return Ok(hash);
    }
    ledger.append(event.clone()).map_err(|_| Refused::ConsentOutOfOrder)?;
    tx.execute(
        "INSERT INTO consents (device, seq, hash, bytes, signature) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            caller.device.to_string(),
            i64::try_from(event.event.seq).map_err(|_| Refused::ConsentRecordBroken)?,
            hash.to_string(),
            event.bytes,
            event.signature.0.0,
        ],
    )?;
    Ok(hash)
}

/// Whether this very consent is in force: uploaded, granted, not withdrawn, to the document that is required now.
pub(crate) fn require(
    tx: &Transaction<'_>,
    caller: &Caller,
    documents: &Documents,
    network: Network,
    record: Digest,
) -> Result<(), Refused> {
    let required = documents.required(network)?;
    let effective = ledger(tx, caller)?.effective(network, required).map_err(|_| Refused::ConsentMissing)?;
    if effective.record() == record { Ok(()) } else { Err(Refused::ConsentMissing) }
}

/// The consent in force for a network, whichever record it is.
pub(crate) fn in_force(
    tx: &Transaction<'_>,
    caller: &Caller,
    documents: &Documents,
    network: Network,
) -> Result<Option<Digest>, Refused> {
    let required = documents.required(network)?;
    Ok(ledger(tx, caller)?.effective(network, required).ok().map(|consent| consent.record()))
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
