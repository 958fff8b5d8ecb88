//! Refunds: a ledger beside the payments, which they never rewrite.

use super::books::{self, Sides};
use super::orders::Order;
use super::payments::Recorded;
use super::{new_id, wishes};
use crate::refusal::Refused;
use jigap::id::Id;
use jigap::money::{Money, Rate};
use jigap::payment::{Outcome, Refund};
use jigap::time::ServerMs;
use rusqlite::{Transaction, params};

/// Gives back a part of a payment, or all that is left of it, at a rate of its own: the day's price of one unit of the
/// shop's currency, as decimal text; without one, the payment's.
///
/// At the payment's own rate, parts come to exactly as much as the whole: each is worth what all so far are worth, less
/// what those before it were worth.
///
/// # Errors
/// [`Refused::NotSeen`] when there is no such charged payment, [`Refused::AmountInvalid`] when it is more than is left.
pub(crate) fn refund(
    tx: &Transaction<'_>,
    key: Id,
    amount: Option<&str>,
    rate: Option<&str>,
    now: ServerMs,
) -> Result<Refund, Refused> {
    let recorded = Recorded::load(tx, key)?.ok_or(Refused::NotSeen)?;
    let told = recorded.told(tx)?;
    let (Outcome::Succeeded { receipt }, Some(order)) = (told.outcome, recorded.order.as_ref()) else {
        return Err(Refused::NotSeen);
    };
    let currency = receipt.amount.currency();
    let mut done = Money::from_minor(currency, 0);
    for refund in &told.beside.refunds {
        done = done.checked_add(refund.amount)?;
    }
    let left = if told.beside.reversed.is_some() {
        Money::from_minor(currency, 0)
    } else {
        receipt.amount.checked_sub(done)?
    };
    let amount = match amount {
        Some(text) => Money::parse(currency, text).map_err(|_| Refused::AmountInvalid)?,
        None => left,
    };
    if !amount.is_positive() || amount.minor() > left.minor() {
        return Err(Refused::AmountInvalid);
    }
    let (rate, home) = match rate {
        Some(text) => {
            let rate = price(receipt.rate, text).ok_or(Refused::AmountInvalid)?;
            (rate, rate.convert(amount).map_err(|_| Refused::AmountInvalid)?)
        }
        None => {
            let worth = |money| receipt.rate.convert(money);
            (receipt.rate, worth(done.checked_add(amount)?)?.checked_sub(worth(done)?)?)
        }
    };
    let order = Order::load(tx, Id::parse(order)?)?;
    let caller = wishes::owner(tx, key)?;
    let sides = Sides { user: &caller.user, network: order.network, shop: order.shop, order: order.id, amount, home };
    let entry = books::refund(tx, &sides, now)?;
    let refund = Refund { id: new_id()?, at: now, amount, home, rate };
    tx.execute(
        "INSERT INTO refunds (entry, id, key, refund) VALUES (?1, ?2, ?3, ?4)",
        params![entry, refund.id.to_string(), key.to_string(), serde_json::to_vec(&refund)?],
    )?;
    wishes::tell(tx, &caller, key)?;
    Ok(refund)
}

/// All that was given back of a payment, oldest first.
pub(crate) fn of(tx: &Transaction<'_>, key: Id) -> Result<Vec<Refund>, Refused> {
    let mut statement = tx.prepare("SELECT refund FROM refunds WHERE key = ?1 ORDER BY entry")?;
    let rows = statement.query_map(params![key.to_string()], |row| row.get::<_, Vec<u8>>(0))?;
    let mut refunds = Vec::new();
    for row in rows {
        refunds.push(serde_json::from_slice(&row?)?);
    }
    Ok(refunds)
}

/// The same currencies at another price.
fn price(like: Rate, text: &str) -> Option<Rate> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let scale = u8::try_from(fraction.len()).ok().filter(|scale| *scale <= Rate::MAX_SCALE)?;
    let mantissa = format!("{whole}{fraction}").parse().ok().filter(|mantissa| *mantissa > 0)?;
    Some(Rate { mantissa, scale, ..like })
}
