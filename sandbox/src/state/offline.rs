//! Keys for codes that phones make without network (WOC-1), and what happens when a shop scans one.
//!
//! The keys themselves are not kept: each follows from the master key, the device, the epoch and the handle. What is kept is
//! what must be unique, spent or locked.

use super::codes::Scanned;
use super::payments::{self, About};
use super::users::{self, Caller};
use super::{consents, orders, remember, remembered};
use crate::documents::{Documents, OFFLINE_PREFIXES};
use crate::networks::shops::Shop;
use crate::networks::{Rail, digits, home, rate};
use crate::refusal::Refused;
use jigap::crypto::{Digest, HostKey, SystemRandom};
use jigap::gateway::wire::CodeStatus;
use jigap::id::Id;
use jigap::money::Money;
use jigap::payment::{Answer, DeclineReason, Outcome};
use jigap::present::offline::{Batch, KeysRequest, OfflineLimits, Parts, Woc1, issuer};
use jigap::time::ServerMs;
use rusqlite::{OptionalExtension, Transaction, params};

/// Keys in a batch.
const KEYS: usize = 16;
/// How long a batch is good: 72 hours, in which a clock drifts by less than the window.
const VALID_MS: i64 = 72 * 60 * 60 * 1000;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// What one payment may charge, and what it may when the phone is not sure of the time.
const LIMIT_KRW: i64 = 50_000;
const LIMIT_UNSURE_KRW: i64 = 20_000;
const PER_DAY: u32 = 3;
const PER_30_DAYS: u32 = 10;
/// Wrong passwords after which a handle is dead, and wrong codes a day after which a terminal is.
const HANDLE_TRIES: i64 = 5;
const TERMINAL_TRIES: i64 = 20;

/// What signs and what keys follow from.
#[derive(Debug)]
pub(crate) struct Issuer {
    pub(crate) master: [u8; 32],
    pub(crate) key: HostKey,
}

/// Issues a batch. The same request again gives the same answer.
pub(crate) fn issue(
    tx: &Transaction<'_>,
    caller: &Caller,
    keys: &Issuer,
    request: &KeysRequest,
    body: Digest,
    now: ServerMs,
) -> Result<Vec<u8>, Refused> {
    if !request.verifies(caller.device, &caller.device_key) {
        return Err(Refused::SignatureInvalid);
    }
    if let Some(answer) = remembered(tx, caller.device, "offline_keys", request.request, body)? {
        return Ok(answer);
    }
    let device = caller.device.to_string();
    let number = |sql: &str| tx.query_row(sql, params![device], |row| row.get::<_, i64>(0));
    let kept = number("SELECT coalesce(max(epoch), 0) FROM offline_batches WHERE device = ?1 AND kept = 1")?;
    if request.epoch != 0 && i64::from(request.epoch) < kept {
        // It held newer keys before: a backup was restored, and keys it takes for unused may be spent.
        return Err(Refused::KeysSetBack);
    }
    if request.epoch == 0 {
        tx.execute("UPDATE offline_keys SET live = 0 WHERE device = ?1", params![device])?;
    }
    let last = number("SELECT coalesce(max(epoch), 0) FROM offline_batches WHERE device = ?1")?;
    let epoch = u32::try_from(last.saturating_add(1)).map_err(|_| Refused::Internal)?;
    let mut batch = Batch { epoch, issued: now, valid_until: now.plus(VALID_MS), limits: limits()?, keys: Vec::new() };
    while batch.keys.len() < KEYS {
        let handle = digits(Woc1::HALF)?;
        let key = issuer::key_of(&keys.master, caller.device, epoch, &handle);
        let sql = "INSERT OR IGNORE INTO offline_keys (id, handle, device, epoch, ends) VALUES (?1, ?2, ?3, ?4, ?5)";
        let row = params![key.id().to_string(), handle, device, epoch, batch.valid_until.0];
        if tx.execute(sql, row)? == 1 {
            batch.keys.push(key);
        }
    }
    tx.execute(
        "INSERT INTO offline_batches (device, epoch, request) VALUES (?1, ?2, ?3)",
        params![device, epoch, request.request.to_string()],
    )?;
    let answer = issuer::answer(caller.device, request, &batch, &SystemRandom, |bytes| keys.key.sign(bytes))?;
    let answer = serde_json::to_vec(&answer)?;
    remember(tx, caller.device, "offline_keys", request.request, body, &answer)?;
    Ok(answer)
}

fn limits() -> Result<OfflineLimits, Refused> {
    let won = |minor| Ok::<_, Refused>(Money::from_minor(home()?, minor));
    Ok(OfflineLimits {
        payment: won(LIMIT_KRW)?,
        payment_unsure: won(LIMIT_UNSURE_KRW)?,
        per_day: PER_DAY,
        per_30_days: PER_30_DAYS,
    })
}

/// The phone has a batch on disk: the ones before it end.
pub(crate) fn kept(tx: &Transaction<'_>, caller: &Caller, request: Id) -> Result<(), Refused> {
    let device = caller.device.to_string();
    let sql = "SELECT epoch FROM offline_batches WHERE device = ?1 AND request = ?2";
    let epoch: Option<i64> = tx.query_row(sql, params![device, request.to_string()], |row| row.get(0)).optional()?;
    let epoch = epoch.ok_or(Refused::RequestInvalid)?;
    tx.execute("UPDATE offline_batches SET kept = 1 WHERE device = ?1 AND epoch = ?2", params![device, epoch])?;
    tx.execute("UPDATE offline_keys SET live = 0 WHERE device = ?1 AND epoch < ?2", params![device, epoch])?;
    Ok(())
}

/// What became of a key of this device, asked for by its name.
pub(crate) fn status(tx: &Transaction<'_>, caller: &Caller, id: Id, now: ServerMs) -> Result<CodeStatus, Refused> {
    let sql = "SELECT shop, live, ends FROM offline_keys WHERE id = ?1 AND device = ?2";
    let row: Option<(Option<String>, bool, i64)> = tx
        .query_row(sql, params![id.to_string(), caller.device.to_string()], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    match row.ok_or(Refused::CodeUnknown)? {
        (Some(shop), ..) => {
            let answer = payments::current(tx, caller, id)?;
            Ok(CodeStatus::Used { answer: Box::new(answer), merchant: Some(Shop::find(&shop)?.merchant()) })
        }
        (None, true, ends) if now.0 < ends => Ok(CodeStatus::Waiting),
        _ => Ok(CodeStatus::Expired),
    }
}

/// Takes a code apart, when it begins as those of this company's phones do.
pub(crate) fn parts(code: &str) -> Option<(Rail, Parts<'_>)> {
    let parts = Woc1::parse(code)?;
    let rail = OFFLINE_PREFIXES.iter().find(|(_, prefix)| *prefix == parts.prefix).map(|(rail, _)| *rail)?;
    Some((rail, parts))
}

struct Key {
    id: Id,
    device: Id,
    epoch: u32,
    wrong: i64,
    last: i64,
    live: bool,
    ends: i64,
    shop: Option<String>,
    request: Option<String>,
}

impl Key {
    fn load(tx: &Transaction<'_>, handle: &str) -> Result<Option<Self>, Refused> {
        let sql =
            "SELECT id, device, epoch, wrong, last, live, ends, shop, request FROM offline_keys WHERE handle = ?1";
        type Row = (String, String, u32, i64, i64, bool, i64, Option<String>, Option<String>);
        let found: Option<Row> = tx
            .query_row(sql, params![handle], |row| {
                Ok((
                    row.get(0)?,
                    row.get(1)?,
                    row.get(2)?,
                    row.get(3)?,
                    row.get(4)?,
                    row.get(5)?,
                    row.get(6)?,
                    row.get(7)?,
                    row.get(8)?,
                ))
            })
            .optional()?;
        let Some((id, device, epoch, wrong, last, live, ends, shop, request)) = found else { return Ok(None) };
        let (id, device) = (Id::parse(&id)?, Id::parse(&device)?);
        Ok(Some(Self { id, device, epoch, wrong, last, live, ends, shop, request }))
    }
}

/// A shop's terminal scans a code that was made on a phone. A refusal is a result, not an error: what it counted has to stay.
///
/// # Errors
/// When the database or the books fail; nothing is kept then.
pub(crate) fn scan(
    tx: &Transaction<'_>,
    documents: &Documents,
    keys: &Issuer,
    (rail, parts): (Rail, &Parts<'_>),
    (amount, shop, request): (&str, &'static Shop, Option<&str>),
    now: ServerMs,
) -> Result<Result<Scanned, Refused>, Refused> {
    let sql = "SELECT count(*) FROM bad_scans WHERE terminal = ?1 AND at > ?2";
    let bad: i64 = tx.query_row(sql, params![shop.id, now.plus(-DAY_MS).0], |row| row.get(0))?;
    if bad >= TERMINAL_TRIES {
        return Ok(Err(Refused::TerminalLocked));
    }
    let wrong = || -> Result<Result<Scanned, Refused>, Refused> {
        tx.execute("INSERT INTO bad_scans (terminal, at) VALUES (?1, ?2)", params![shop.id, now.0])?;
        Ok(Err(Refused::CodeUnknown))
    };
    let Some(key) = Key::load(tx, parts.handle)? else { return wrong() };
    let luk = issuer::key_of(&keys.master, key.device, key.epoch, parts.handle);
    if u32::from(parts.epoch) != key.epoch % 10 || key.wrong >= HANDLE_TRIES {
        return wrong();
    }
    let least = u64::try_from(key.last).unwrap_or(0);
    let Some(step) = issuer::accepted_step(&luk, key.epoch, parts, now.0, least) else {
        tx.execute("UPDATE offline_keys SET wrong = wrong + 1 WHERE id = ?1", params![key.id.to_string()])?;
        return wrong();
    };
    if let Some(first) = &key.shop {
        // The till's network asks again: the same question, the same answer. Anyone else: used.
        let same = request.is_some() && key.request.as_deref() == request && first == shop.id;
        return if same {
            let caller = users::caller(tx, key.device)?;
            let answer = payments::current(tx, &caller, key.id)?;
            Ok(Ok(Scanned { merchant: shop.merchant(), answer }))
        } else {
            Ok(Err(Refused::CodeUsed))
        };
    }
    if !key.live || now.0 >= key.ends {
        return Ok(Err(Refused::CodeExpired));
    }
    let Ok(amount) = shop.currency().and_then(|c| Money::parse(c, amount).map_err(|_| Refused::AmountInvalid)) else {
        return Ok(Err(Refused::AmountInvalid));
    };
    let rate = rate(amount.currency())?;
    let Ok(home) = rate.convert(amount) else { return Ok(Err(Refused::AmountInvalid)) };
    if !amount.is_positive() || !home.is_positive() {
        return Ok(Err(Refused::AmountInvalid));
    }
    let caller = users::caller(tx, key.device)?;
    let seq = payments::next_seq(tx)?;
    let network = rail.network()?;
    let paid = |days: i64| -> Result<i64, Refused> {
        let sql = "SELECT count(*) FROM payments JOIN offline_keys ON offline_keys.id = payments.key
            WHERE payments.device = ?1 AND charged = 1 AND at > ?2";
        let since = now.plus(days.saturating_mul(-DAY_MS)).0;
        Ok(tx.query_row(sql, params![key.device.to_string(), since], |row| row.get(0))?)
    };
    let over = home.minor() > LIMIT_KRW || paid(1)? >= i64::from(PER_DAY) || paid(30)? >= i64::from(PER_30_DAYS);
    let granted = consents::in_force(tx, &caller, documents, network, now)?;
    let (order, outcome) = match (granted, over) {
        (None, _) => (None, Outcome::Declined { reason: DeclineReason::ConsentMissing }),
        (Some(_), true) => (None, Outcome::Declined { reason: DeclineReason::LimitExceeded }),
        (Some(_), false) => {
            let order = orders::open_order(tx, shop, network, amount, now)?;
            (Some(order.id), payments::settle(tx, &caller.user, &order, home, rate, seq, now)?)
        }
    };
    let answer = Answer::new(key.id, seq, outcome);
    let body = Digest::of(parts.otp.as_bytes());
    let about = About { network, scanned: false, merchant: Some(shop.merchant()) };
    payments::record(tx, key.device, order, body, &answer, Some(about), now)?;
    // Whatever came of it, this key has had its payment.
    tx.execute(
        "UPDATE offline_keys SET shop = ?1, request = ?2, last = ?3 WHERE id = ?4",
        params![shop.id, request, i64::try_from(step).unwrap_or(i64::MAX), key.id.to_string()],
    )?;
    Ok(Ok(Scanned { merchant: shop.merchant(), answer }))
}
