//! What is wanted of a payment after it was sent: that it be cancelled, that the money come back. And what the network
//! does by itself: the late cancel.

use super::books::{self, Sides};
use super::orders::Order;
use super::payments::{self, Recorded};
use super::users::{self, Caller};
use super::{held, history, refunds};
use crate::refusal::Refused;
use jigap::id::Id;
use jigap::money::Money;
use jigap::payment::{Answer, Asked, Beside, Outcome, late_cancel_ends};
use jigap::time::ServerMs;
use rusqlite::{OptionalExtension, Transaction, params};

/// What is wanted of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// That it be cancelled before it is charged.
    Cancel,
    /// That the money come back.
    Refund,
}

/// Cancels a payment that is not charged: from then on its key is dead. One that has ended is told as it is.
pub(crate) fn cancel(
    tx: &Transaction<'_>,
    caller: &Caller,
    key: Id,
    by_hand: bool,
    now: ServerMs,
) -> Result<Answer, Refused> {
    match payments::current(tx, caller, key) {
        // Not here yet: whatever arrives finds the tombstone.
        Err(Refused::NotSeen) if Recorded::load(tx, key)?.is_none() => {
            let answer = Answer::new(key, payments::next_seq(tx)?, Outcome::Cancelled);
            payments::record(tx, caller.device, None, None, &answer, None, now)?;
            Ok(answer)
        }
        Ok(Answer { outcome: Outcome::Pending, .. }) if by_hand => ask(tx, caller, key, Wish::Cancel),
        Ok(Answer { outcome: Outcome::Pending, .. }) => held::bury(tx, key, now),
        told => told,
    }
}

/// Gives a charged payment back, or has a person decide about it. What was asked before is told as it stands.
pub(crate) fn refund(
    tx: &Transaction<'_>,
    caller: &Caller,
    key: Id,
    by_hand: bool,
    now: ServerMs,
) -> Result<Answer, Refused> {
    let told = payments::current(tx, caller, key)?;
    let charged = matches!(told.outcome, Outcome::Succeeded { .. }) && told.beside.reversed.is_none();
    match (charged, told.beside.refund) {
        (false, _) | (_, Some(_)) => Ok(told),
        (true, None) if by_hand => ask(tx, caller, key, Wish::Refund),
        (true, None) => decide(tx, key, Wish::Refund, true, now),
    }
}

fn ask(tx: &Transaction<'_>, caller: &Caller, key: Id, wish: Wish) -> Result<Answer, Refused> {
    stand(tx, key, wish, Asked::Open)?;
    tell(tx, caller, key)
}

/// A person decides about a wish. A refused cancel leaves the payment as it is.
///
/// # Errors
/// [`Refused::NotSeen`] when there is no such payment.
pub(crate) fn decide(tx: &Transaction<'_>, key: Id, wish: Wish, grant: bool, now: ServerMs) -> Result<Answer, Refused> {
    let caller = owner(tx, key)?;
    match (wish, grant) {
        (Wish::Cancel, true) => {
            if matches!(payments::current(tx, &caller, key)?.outcome, Outcome::Pending) {
                return held::bury(tx, key, now);
            }
            return payments::current(tx, &caller, key);
        }
        (Wish::Refund, true) => match refunds::refund(tx, key, None, None, now) {
            // Nothing was left: then it is all back already.
            Ok(_) | Err(Refused::AmountInvalid) => stand(tx, key, wish, Asked::Granted)?,
            Err(other) => return Err(other),
        },
        (_, false) => stand(tx, key, wish, Asked::Refused)?,
    }
    tell(tx, &caller, key)
}

/// The network cancels what it charged: everything that is left of it goes back.
///
/// # Errors
/// [`Refused::NotSeen`] when there is no such charged payment, [`Refused::CancelTooLate`] after the networks' own
/// deadline. A second time changes nothing.
pub(crate) fn late_cancel(tx: &Transaction<'_>, key: Id, now: ServerMs) -> Result<Answer, Refused> {
    let recorded = Recorded::load(tx, key)?.ok_or(Refused::NotSeen)?;
    let caller = owner(tx, key)?;
    let told = recorded.told(tx)?;
    let (Outcome::Succeeded { receipt }, Some(order)) = (&told.outcome, recorded.order.as_ref()) else {
        return Err(Refused::NotSeen);
    };
    if told.beside.reversed.is_some() {
        return Ok(told);
    }
    if now > late_cancel_ends(receipt.paid_at) {
        return Err(Refused::CancelTooLate);
    }
    let (mut amount, mut home) = (receipt.amount, receipt.home);
    for refund in &told.beside.refunds {
        amount = amount.checked_sub(refund.amount)?;
        home = home.checked_sub(refund.home)?;
    }
    // Parts at a better rate may have given more than was paid: that stays with the user.
    let home = if home.minor() < 0 { Money::from_minor(home.currency(), 0) } else { home };
    let order = Order::load(tx, Id::parse(order)?)?;
    let sides = Sides { user: &caller.user, network: order.network, shop: order.shop, order: order.id, amount, home };
    books::reverse(tx, &sides, now)?;
    tx.execute(
        "INSERT INTO beside (key, reversed) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET reversed = excluded.reversed",
        params![key.to_string(), now.0],
    )?;
    tell(tx, &caller, key)
}

/// What stands beside a payment.
pub(crate) fn beside(tx: &Transaction<'_>, key: Id) -> Result<Beside, Refused> {
    type Row = (Option<String>, Option<String>, Option<i64>);
    let found: Option<Row> = tx
        .query_row("SELECT cancel, refund, reversed FROM beside WHERE key = ?1", params![key.to_string()], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    let (cancel, refund, reversed) = found.unwrap_or_default();
    let asked = |text: Option<String>| text.map(|text| serde_json::from_str::<Asked>(&text)).transpose();
    Ok(Beside {
        cancel: asked(cancel)?,
        refund: asked(refund)?,
        refunds: refunds::of(tx, key)?,
        reversed: reversed.map(ServerMs),
    })
}

/// The history hears of it, and so does whoever asked.
pub(crate) fn tell(tx: &Transaction<'_>, caller: &Caller, key: Id) -> Result<Answer, Refused> {
    let answer = Answer { seq: payments::next_seq(tx)?, ..payments::current(tx, caller, key)? };
    history::changed(tx, &caller.user, answer.clone())?;
    Ok(answer)
}

/// Whose payment it is.
pub(crate) fn owner(tx: &Transaction<'_>, key: Id) -> Result<Caller, Refused> {
    let sql = "SELECT device FROM payments WHERE key = ?1 UNION SELECT device FROM held WHERE key = ?1";
    let device: Option<String> = tx.query_row(sql, params![key.to_string()], |row| row.get(0)).optional()?;
    users::caller(tx, Id::parse(&device.ok_or(Refused::NotSeen)?)?)
}

fn stand(tx: &Transaction<'_>, key: Id, wish: Wish, asked: Asked) -> Result<(), Refused> {
    let sql = match wish {
        Wish::Cancel => "INSERT INTO beside (key, cancel) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET cancel = ?2",
        Wish::Refund => "INSERT INTO beside (key, refund) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET refund = ?2",
    };
    tx.execute(sql, params![key.to_string(), serde_json::to_string(&asked)?])?;
    Ok(())
}
