//! Refunds: a ledger beside the payments, which they never rewrite.

use super::books::{self, Sides};
use super::orders::Order;
use super::payments::Recorded;
use super::users;
use crate::refusal::Refused;
use jigap::id::Id;
use jigap::money::Money;
use jigap::payment::{Answer, Outcome};
use jigap::time::ServerMs;
use rusqlite::{Transaction, params};

/// What was given back.
#[derive(Debug, Clone, Copy, serde::Serialize)]
pub(crate) struct Refunded {
    /// In the shop's currency.
    pub(crate) amount: Money,
    /// In the user's.
    pub(crate) home: Money,
}

/// Gives back a part of a payment, or all that is left of it.
///
/// The user gets the difference between what all refunds so far are worth at the payment's rate and what they got
/// already: so parts never add up to more or less than the whole.
///
/// # Errors
/// [`Refused::NotSeen`] when there is no such charged payment, [`Refused::AmountInvalid`] when it is more than is left.
pub(crate) fn refund(tx: &Transaction<'_>, key: Id, amount: Option<&str>, now: ServerMs) -> Result<Refunded, Refused> {
    let recorded = Recorded::load(tx, key)?.ok_or(Refused::NotSeen)?;
    let answer: Answer = serde_json::from_slice(&recorded.answer)?;
    let (Outcome::Succeeded { receipt }, Some(order)) = (answer.outcome, recorded.order.as_ref()) else {
        return Err(Refused::NotSeen);
    };
    let (done, done_home): (i64, i64) = tx.query_row(
        "SELECT coalesce(sum(minor), 0), coalesce(sum(home_minor), 0) FROM refunds WHERE key = ?1",
        params![key.to_string()],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let currency = receipt.amount.currency();
    let done = Money::from_minor(currency, done);
    let left = receipt.amount.checked_sub(done)?;
    let amount = match amount {
        Some(text) => Money::parse(currency, text).map_err(|_| Refused::AmountInvalid)?,
        None => left,
    };
    if !amount.is_positive() || amount.minor() > left.minor() {
        return Err(Refused::AmountInvalid);
    }
    let worth = receipt.rate.convert(done.checked_add(amount)?)?;
    let home = worth.checked_sub(Money::from_minor(worth.currency(), done_home))?;

    let order = Order::load(tx, Id::parse(order)?)?;
    let user = users::caller(tx, recorded.device()?)?.user;
    let sides = Sides { user: &user, network: order.network, shop: order.shop, order: order.id, amount, home };
    let entry = books::refund(tx, &sides, now)?;
    tx.execute(
        "INSERT INTO refunds (entry, key, currency, minor, home_currency, home_minor) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![entry, key.to_string(), currency.alpha(), amount.minor(), home.currency().alpha(), home.minor()],
    )?;
    Ok(Refunded { amount, home })
}
