//! Codes that users show, and what happens when a shop scans one.

use super::offline::{self, Issuer};
use super::payments::{self, About, Recorded};
use super::users::{self, Caller};
use super::{consents, new_id, orders, remember, remembered};
use crate::documents::Documents;
use crate::networks::shops::Shop;
use crate::networks::{COUNTRIES, Rail, rate};
use crate::refusal::Refused;
use jigap::crypto::Digest;
use jigap::gateway::wire::{CodeStatus, CodesRequest, CodesResponse, IssuedCode};
use jigap::id::Id;
use jigap::money::Money;
use jigap::network::Network;
use jigap::payment::{Answer, DeclineReason, Merchant, Outcome};
use jigap::time::ServerMs;
use rusqlite::{OptionalExtension, Transaction, params};

/// Issues codes. The same request again gives the same codes.
pub(crate) fn issue(
    tx: &Transaction<'_>,
    caller: &Caller,
    documents: &Documents,
    request: &CodesRequest,
    body: Digest,
    now: ServerMs,
    code_ms: i64,
) -> Result<Vec<u8>, Refused> {
    consents::require::<CodesRequest>(tx, caller, documents, request.network, request.consent, now)?;
    if let Some(answer) = remembered(tx, caller.device, "codes", request.nonce, body)? {
        return Ok(answer);
    }
    let rail = Rail::of(request.network)?;
    if !COUNTRIES.contains(&request.region.as_str()) {
        return Err(Refused::RegionUnsupported);
    }
    if !(1..=10).contains(&request.quantity) {
        return Err(Refused::QuantityInvalid);
    }
    let mut codes = Vec::new();
    for _ in 0..request.quantity {
        let code = IssuedCode { id: new_id()?, digits: rail.shown_text(&request.region)?, expires: now.plus(code_ms) };
        tx.execute(
            "INSERT INTO shown_codes (id, digits, device, network, region, consent, expires)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                code.id.to_string(),
                code.digits,
                caller.device.to_string(),
                request.network.as_str(),
                request.region,
                request.consent.to_string(),
                code.expires.0,
            ],
        )?;
        codes.push(code);
    }
    let answer = serde_json::to_vec(&CodesResponse { codes })?;
    remember(tx, caller.device, "codes", request.nonce, body, &answer)?;
    Ok(answer)
}

/// A code that was issued.
struct Shown {
    id: Id,
    device: Id,
    network: Network,
    region: String,
    consent: Digest,
    expires: ServerMs,
    shop: Option<String>,
}

impl Shown {
    /// By identifier or by digits.
    fn load(tx: &Transaction<'_>, column: &'static str, value: &str) -> Result<Self, Refused> {
        let sql =
            format!("SELECT id, device, network, region, consent, expires, shop FROM shown_codes WHERE {column} = ?1");
        type Row = (String, String, String, String, String, i64, Option<String>);
        let found: Option<Row> = tx
            .query_row(&sql, params![value], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?))
            })
            .optional()?;
        let (id, device, network, region, consent, expires, shop) = found.ok_or(Refused::CodeUnknown)?;
        Ok(Self {
            id: Id::parse(&id)?,
            device: Id::parse(&device)?,
            network: Network::parse(&network)?,
            region,
            consent: Digest::parse(&consent)?,
            expires: ServerMs(expires),
            shop,
        })
    }
}

/// What became of a code.
pub(crate) fn status(tx: &Transaction<'_>, caller: &Caller, id: Id, now: ServerMs) -> Result<CodeStatus, Refused> {
    let code = match Shown::load(tx, "id", &id.to_string()) {
        Err(Refused::CodeUnknown) => return offline::status(tx, caller, id, now),
        found => found?,
    };
    if code.device != caller.device {
        return Err(Refused::CodeUnknown);
    }
    match code.shop {
        Some(shop) => {
            let answer = payments::current(tx, caller, id)?;
            Ok(CodeStatus::Used { answer: Box::new(answer), merchant: Some(Shop::find(&shop)?.merchant()) })
        }
        None if now >= code.expires => Ok(CodeStatus::Expired),
        None => Ok(CodeStatus::Waiting),
    }
}

/// What a shop's scan came to.
#[derive(Debug, serde::Serialize)]
pub(crate) struct Scanned {
    /// The shop that scanned.
    pub(crate) merchant: Merchant,
    /// The payment; its key is the code's identifier.
    pub(crate) answer: Answer,
}

/// Nobody is to use these codes of the device any more. One that a shop has scanned stays scanned.
pub(crate) fn void(tx: &Transaction<'_>, caller: &Caller, codes: &[Id], now: ServerMs) -> Result<(), Refused> {
    let sql = "UPDATE shown_codes SET expires = ?1 WHERE id = ?2 AND device = ?3 AND shop IS NULL AND expires > ?1";
    for code in codes {
        tx.execute(sql, params![now.0, code.to_string(), caller.device.to_string()])?;
    }
    Ok(())
}

/// What a till sends with a code.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Till<'a> {
    /// Decimal text in the shop's currency.
    pub(crate) amount: &'a str,
    /// The shop; without it, the first one of the country the code is for.
    pub(crate) shop: Option<&'a str>,
    /// The terminal's own number of this scan: the same again is the same question.
    pub(crate) request: Option<&'a str>,
}

/// A till scans a code, issued or made on a phone. A refusal is a result: what it counted stays.
///
/// # Errors
/// When the database or the books fail; nothing is kept then.
pub(crate) fn scan_any(
    tx: &Transaction<'_>,
    documents: &Documents,
    keys: &Issuer,
    text: &str,
    till: Till<'_>,
    now: ServerMs,
) -> Result<Result<Scanned, Refused>, Refused> {
    match offline::parts(text) {
        Some((rail, parts)) => {
            // Such a code says no country: it is the till that stands in one.
            let Ok(shop) = till.shop.map_or_else(|| Shop::in_country("CN"), Shop::find) else {
                return Ok(Err(Refused::ShopUnknown));
            };
            offline::scan(tx, documents, keys, (rail, &parts), (till.amount, shop, till.request), now)
        }
        None => scan(tx, documents, text, till.amount, till.shop, now).map(Ok),
    }
}

/// A shop scans a user's code and asks for an amount, as decimal text in its currency.
///
/// # Errors
/// [`Refused::CodeUnknown`], [`Refused::CodeUsed`], [`Refused::CodeExpired`], [`Refused::RegionUnsupported`] when the
/// shop is in another country than the code is for, [`Refused::AmountInvalid`].
fn scan(
    tx: &Transaction<'_>,
    documents: &Documents,
    digits: &str,
    amount: &str,
    shop: Option<&str>,
    now: ServerMs,
) -> Result<Scanned, Refused> {
    let code = Shown::load(tx, "digits", digits)?;
    if code.shop.is_some() {
        return Err(Refused::CodeUsed);
    }
    // A cancelled code has a tombstone under its identifier.
    if now >= code.expires || Recorded::load(tx, code.id)?.is_some() {
        return Err(Refused::CodeExpired);
    }
    let shop = shop.map_or_else(|| Shop::in_country(&code.region), Shop::find)?;
    if shop.country != code.region {
        return Err(Refused::RegionUnsupported);
    }
    let amount = Money::parse(shop.currency()?, amount).map_err(|_| Refused::AmountInvalid)?;
    let rate = rate(amount.currency())?;
    let home = rate.convert(amount).map_err(|_| Refused::AmountInvalid)?;
    if !amount.is_positive() || !home.is_positive() {
        return Err(Refused::AmountInvalid);
    }
    let caller = users::caller(tx, code.device)?;
    let seq = payments::next_seq(tx)?;
    let (order, outcome) =
        match consents::require::<CodesRequest>(tx, &caller, documents, code.network, code.consent, now) {
            Ok(()) => {
                let order = orders::open_order(tx, shop, code.network, amount, now)?;
                (Some(order.id), payments::settle(tx, &caller.user, &order, home, rate, seq, now)?)
            }
            Err(Refused::ConsentMissing | Refused::TransfersSuspended) => {
                (None, Outcome::Declined { reason: DeclineReason::ConsentMissing })
            }
            Err(other) => return Err(other),
        };
    let answer = Answer::new(code.id, seq, outcome);
    let about = About { network: code.network, scanned: false, merchant: Some(shop.merchant()) };
    payments::record(tx, code.device, order, Digest::of(digits.as_bytes()), &answer, Some(about), now)?;
    tx.execute("UPDATE shown_codes SET shop = ?1 WHERE id = ?2", params![shop.id, code.id.to_string()])?;
    Ok(Scanned { merchant: shop.merchant(), answer })
}

/// Ends all shown codes now: a fault for tests.
pub(crate) fn expire_all(tx: &Transaction<'_>, now: ServerMs) -> Result<usize, Refused> {
    Ok(tx.execute("UPDATE shown_codes SET expires = ?1 WHERE expires > ?1", params![now.0])?)
}
