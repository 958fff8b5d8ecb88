//! Payments: at most one charge a key, at most one charge an order.

use super::books::{self, Sides};
use super::consents;
use super::orders::{Order, Quote};
use super::users::{self, Caller};
use crate::documents::Documents;
use crate::networks::{LIMIT_KRW, Rail};
use crate::refusal::Refused;
use jigap::crypto::Digest;
use jigap::gateway::wire::PayRequest;
use jigap::id::Id;
use jigap::money::{Money, Rate};
use jigap::payment::{Answer, DeclineReason, Outcome, Preview, Receipt};
use jigap::time::ServerMs;
use rusqlite::{OptionalExtension, Transaction, params};

/// Why there is no charge: a final answer of the business, or a refusal of the request.
pub(crate) enum Stop {
    Declined(DeclineReason),
    Refused(Refused),
}

impl From<Refused> for Stop {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

/// Pays an order under a quote. The same key with the same body gives the same bytes again, whatever happened since.
///
/// # Errors
/// [`Refused::KeyReused`] when the key came before with another body or from another device.
pub(crate) fn pay(
    tx: &Transaction<'_>,
    caller: &Caller,
    documents: &Documents,
    request: &PayRequest,
    body: Digest,
    now: ServerMs,
) -> Result<Vec<u8>, Refused> {
    if let Some(known) = Recorded::load(tx, request.key)? {
        let same = known.device == caller.device.to_string() && known.body == body.to_string();
        return if same { Ok(known.answer) } else { Err(Refused::KeyReused) };
    }
    let seq = next_seq(tx)?;
    let (order, outcome) = match judge(tx, caller, documents, request, now) {
        Ok((order, rate, home)) => {
            let outcome = settle(tx, &caller.user, &order, home, rate, seq, now)?;
            (Some(order.id), outcome)
        }
        Err(Stop::Declined(reason)) => (None, Outcome::Declined { reason }),
        Err(Stop::Refused(refused)) => return Err(refused),
    };
    let answer = Answer { key: request.key, seq, outcome };
    record(tx, caller.device, order, body, &answer, now)
}

/// Everything that has to be right before money moves, in the order of `docs/gateway.md`.
fn judge(
    tx: &Transaction<'_>,
    caller: &Caller,
    documents: &Documents,
    request: &PayRequest,
    now: ServerMs,
) -> Result<(Order, Rate, Money), Stop> {
    let quote =
        Quote::load(tx, caller.device, request.terms.quote)?.ok_or(Stop::Declined(DeclineReason::TermsDiffer))?;
    // The digest is computed from what was quoted, never from what came back.
    if request.terms != quote.terms || request.digest != quote.terms.digest() {
        return Err(Stop::Declined(DeclineReason::TermsDiffer));
    }
    let terms = quote.terms;
    consents::require::<PayRequest>(tx, caller, documents, terms.network, request.consent, now).map_err(|refused| {
        match refused {
            Refused::ConsentMissing | Refused::TransfersSuspended => Stop::Declined(DeclineReason::ConsentMissing),
            other => Stop::Refused(other),
        }
    })?;
    let nonce = request.nonce.0.as_slice().try_into().map_err(|_| Stop::Declined(DeclineReason::ProofInvalid))?;
    let (order_id, rate, home) = (terms.order, terms.rate, terms.home);
    Preview { id: request.key, terms, nonce }
        .verify(caller.device, &caller.user_key, &request.proof)
        .map_err(|_| Stop::Declined(DeclineReason::ProofInvalid))?;
    let order = Order::load(tx, order_id)?;
    if !order.is_open(tx, now)? {
        return Err(Stop::Declined(DeclineReason::OrderClosed));
    }
    if now >= quote.expires {
        return Err(Stop::Declined(DeclineReason::QuoteExpired));
    }
    Ok((order, rate, home))
}

/// Moves the money, if limit and balance allow it.
pub(crate) fn settle(
    tx: &Transaction<'_>,
    user: &str,
    order: &Order,
    home: Money,
    rate: Rate,
    seq: u64,
    now: ServerMs,
) -> Result<Outcome, Refused> {
    if home.minor() > LIMIT_KRW {
        return Ok(Outcome::Declined { reason: DeclineReason::LimitExceeded });
    }
    if users::balance(tx, user)?.amount.checked_sub(home)?.minor() < 0 {
        return Ok(Outcome::Declined { reason: DeclineReason::BalanceInsufficient });
    }
    let (network, amount) = (order.network, order.amount);
    books::charge(tx, &Sides { user, network, shop: order.shop, order: order.id, amount, home }, now)?;
    let number = i64::try_from(seq).map_err(|_| Refused::Internal)?;
    let reference = Rail::of(network)?.reference(now, number);
    let merchant = order.shop.merchant();
    let receipt = Receipt { reference, paid_at: now, network, merchant, amount, home, rate };
    Ok(Outcome::Succeeded { receipt: Box::new(receipt) })
}

/// Keeps how a payment ended, and gives the bytes that say so from now on.
pub(crate) fn record(
    tx: &Transaction<'_>,
    device: Id,
    order: Option<Id>,
    body: Digest,
    answer: &Answer,
    now: ServerMs,
) -> Result<Vec<u8>, Refused> {
    let bytes = serde_json::to_vec(answer)?;
    tx.execute(
        "INSERT INTO payments (seq, key, device, order_id, body, charged, answer, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            i64::try_from(answer.seq).map_err(|_| Refused::Internal)?,
            answer.key.to_string(),
            device.to_string(),
            order.map(|o| o.to_string()),
            body.to_string(),
            matches!(answer.outcome, Outcome::Succeeded { .. }),
            bytes,
            now.0,
        ],
    )?;
    Ok(bytes)
}

/// The next running number. Nothing is ever deleted and there is one writer, so none is given twice.
pub(crate) fn next_seq(tx: &Transaction<'_>) -> Result<u64, Refused> {
    let last: i64 = tx.query_row("SELECT coalesce(max(seq), 0) FROM payments", [], |row| row.get(0))?;
    u64::try_from(last.saturating_add(1)).map_err(|_| Refused::Internal)
}

/// A payment that has ended.
pub(crate) struct Recorded {
    device: String,
    pub(crate) order: Option<String>,
    body: String,
    pub(crate) answer: Vec<u8>,
}

impl Recorded {
    /// The payment with this key.
    pub(crate) fn load(tx: &Transaction<'_>, key: Id) -> Result<Option<Self>, Refused> {
        Ok(tx
            .query_row(
                "SELECT device, order_id, body, answer FROM payments WHERE key = ?1",
                params![key.to_string()],
                |row| Ok(Self { device: row.get(0)?, order: row.get(1)?, body: row.get(2)?, answer: row.get(3)? }),
            )
            .optional()?)
    }

    /// The payment with this key, if this device made it.
    pub(crate) fn of(tx: &Transaction<'_>, caller: &Caller, key: Id) -> Result<Self, Refused> {
        let found = Self::load(tx, key)?.filter(|known| known.device == caller.device.to_string());
        found.ok_or(Refused::NotSeen)
    }

    /// The device that made it.
    pub(crate) fn device(&self) -> Result<Id, Refused> {
        Ok(Id::parse(&self.device)?)
    }
}
