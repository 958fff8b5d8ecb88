//! Payments: at most one charge a key, at most one charge an order.

use super::books::{self, Sides};
use super::orders::{Order, Quote};
use super::users::{self, Caller};
use super::{consents, held, history, wishes};
use crate::documents::Documents;
use crate::networks::{LIMIT_KRW, Rail};
use crate::refusal::Refused;
use jigap::crypto::Digest;
use jigap::gateway::wire::{HistoryLine, PayRequest};
use jigap::id::Id;
use jigap::money::{Money, Rate};
use jigap::network::Network;
use jigap::payment::{Answer, DeclineReason, Merchant, Outcome, Preview, Receipt};
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

/// Pays an order under a quote. The same key with the same body gives the same bytes again, whatever happened since; a
/// tombstone answers any body.
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
    if let Some(answer) = known(tx, caller, request.key, body)? {
        return Ok(answer);
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
    let answer = Answer::new(request.key, seq, outcome);
    if Recorded::load(tx, request.key)?.is_some() {
        // The key was forgotten, the payment was not: this is another request, and what is recorded stays.
        return Ok(serde_json::to_vec(&answer)?);
    }
    let about = About { network: request.terms.network, scanned: true, merchant: Some(request.terms.merchant.clone()) };
    record(tx, caller.device, order, body, &answer, Some(about), now)
}

/// What is stored under this key for this very request.
///
/// # Errors
/// [`Refused::KeyReused`] when the key came before with another body or from another device.
pub(crate) fn known(tx: &Transaction<'_>, caller: &Caller, key: Id, body: Digest) -> Result<Option<Vec<u8>>, Refused> {
    let Some(known) = Recorded::load(tx, key)?.filter(|known| known.keyed) else { return Ok(None) };
    let same = known.body.is_empty() || known.body == body.to_string();
    if same && known.device == caller.device.to_string() { Ok(Some(known.answer)) } else { Err(Refused::KeyReused) }
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

/// What the history says about a payment besides its answer.
#[derive(Debug, Clone)]
pub(crate) struct About {
    pub(crate) network: Network,
    pub(crate) scanned: bool,
    pub(crate) merchant: Option<Merchant>,
}

/// Keeps how a payment ended, and gives the bytes that say so from now on. Without a request's digest it is a tombstone.
pub(crate) fn record(
    tx: &Transaction<'_>,
    device: Id,
    order: Option<Id>,
    body: impl Into<Option<Digest>>,
    answer: &Answer,
    about: Option<About>,
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
            body.into().map(|body| body.to_string()).unwrap_or_default(),
            matches!(answer.outcome, Outcome::Succeeded { .. }),
            bytes,
            now.0,
        ],
    )?;
    if let Some(About { network, scanned, merchant }) = about {
        let user = users::caller(tx, device)?.user;
        let line = HistoryLine { n: 0, answer: answer.clone(), network, scanned, created: now, merchant };
        history::append(tx, &user, line)?;
    }
    Ok(bytes)
}

/// The next running number. Nothing is ever taken away and there is one writer, so none is given twice.
pub(crate) fn next_seq(tx: &Transaction<'_>) -> Result<u64, Refused> {
    let last: i64 = tx.query_row(
        "SELECT max((SELECT coalesce(max(seq), 0) FROM payments), (SELECT coalesce(max(seq), 0) FROM changes),
           (SELECT coalesce(max(seq), 0) FROM held))",
        [],
        |row| row.get(0),
    )?;
    u64::try_from(last.saturating_add(1)).map_err(|_| Refused::Internal)
}

/// How a payment of this user stands now, with what stands beside it.
///
/// # Errors
/// [`Refused::NotSeen`] when no payment of this user has this key.
pub(crate) fn current(tx: &Transaction<'_>, caller: &Caller, key: Id) -> Result<Answer, Refused> {
    match Recorded::load(tx, key)? {
        Some(recorded) => recorded.belongs(tx, caller)?.told(tx),
        None => held::current(tx, caller, key),
    }
}

/// A payment that has ended.
pub(crate) struct Recorded {
    device: String,
    pub(crate) order: Option<String>,
    body: String,
    pub(crate) answer: Vec<u8>,
    /// Whether its key still makes the same request the same.
    keyed: bool,
}

impl Recorded {
    /// The payment with this key.
    pub(crate) fn load(tx: &Transaction<'_>, key: Id) -> Result<Option<Self>, Refused> {
        Ok(tx
            .query_row(
                "SELECT device, order_id, body, answer, keyed FROM payments WHERE key = ?1",
                params![key.to_string()],
                |row| {
                    Ok(Self {
                        device: row.get(0)?,
                        order: row.get(1)?,
                        body: row.get(2)?,
                        answer: row.get(3)?,
                        keyed: row.get(4)?,
                    })
                },
            )
            .optional()?)
    }

    /// The payment, if it is this user's, on whichever phone.
    pub(crate) fn belongs(self, tx: &Transaction<'_>, caller: &Caller) -> Result<Self, Refused> {
        if users::caller(tx, self.device()?)?.user == caller.user { Ok(self) } else { Err(Refused::NotSeen) }
    }

    /// The answer, with what stands beside it by now.
    pub(crate) fn told(&self, tx: &Transaction<'_>) -> Result<Answer, Refused> {
        let answer: Answer = serde_json::from_slice(&self.answer)?;
        Ok(Answer { beside: wishes::beside(tx, answer.key)?, ..answer })
    }

    /// The device that made it.
    pub(crate) fn device(&self) -> Result<Id, Refused> {
        Ok(Id::parse(&self.device)?)
    }

    /// Forgets every idempotency key, as a gateway does after its retention: a fault for tests.
    pub(crate) fn forget_keys(tx: &Transaction<'_>) -> Result<(), Refused> {
        tx.execute("UPDATE payments SET keyed = 0", [])?;
        tx.execute("DELETE FROM answers", [])?;
        Ok(())
    }
}
