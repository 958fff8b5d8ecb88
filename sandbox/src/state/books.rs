//! The books: accounts and entries that balance, in every currency by itself.
//!
//! A charge of ¥1,280 that costs the user ₩11,678 is one entry of four postings: the user's float −11,678 won, the
//! network's settlement account +11,678 won; the network's −1,280 yen, the shop's +1,280 yen.

use crate::networks::shops::Shop;
use crate::refusal::Refused;
use jigap::id::Id;
use jigap::money::{Currency, Money};
use jigap::network::Network;
use jigap::time::ServerMs;
use rusqlite::{OptionalExtension, Transaction, params};
use std::collections::BTreeMap;

/// Whose money it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Account<'a> {
    /// What the wallet company owes a user.
    User(&'a str),
    /// Where users' money comes from: the bank.
    Bank,
    /// What is between the company and a network.
    Network(Network),
    /// What a network owes a shop.
    Shop(&'a str),
}

/// What an entry is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    TopUp,
    Charge,
    Refund,
}

impl Kind {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::TopUp => "top_up",
            Self::Charge => "charge",
            Self::Refund => "refund",
        }
    }
}

impl Account<'_> {
    fn key(&self) -> (&'static str, &str) {
        match self {
            Self::User(name) => ("user", name),
            Self::Bank => ("bank", ""),
            Self::Network(network) => ("network", network.as_str()),
            Self::Shop(shop) => ("shop", shop),
        }
    }
}

/// Both sides of a payment: what the shop gets and what the user gives.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sides<'a> {
    pub(crate) user: &'a str,
    pub(crate) network: Network,
    pub(crate) shop: &'a Shop,
    pub(crate) order: Id,
    pub(crate) amount: Money,
    pub(crate) home: Money,
}

/// Charges a user for an order.
pub(crate) fn charge(tx: &Transaction<'_>, sides: &Sides<'_>, at: ServerMs) -> Result<i64, Refused> {
    post(tx, Kind::Charge, Some(sides.order), at, &lines(sides, sides.home, sides.amount)?)
}

/// Gives back all of a charge or a part of it.
pub(crate) fn refund(tx: &Transaction<'_>, sides: &Sides<'_>, at: ServerMs) -> Result<i64, Refused> {
    post(tx, Kind::Refund, Some(sides.order), at, &lines(sides, minus(sides.home)?, minus(sides.amount)?)?)
}

fn lines<'a>(sides: &Sides<'a>, home: Money, amount: Money) -> Result<[(Account<'a>, Money); 4], Refused> {
    Ok([
        (Account::User(sides.user), minus(home)?),
        (Account::Network(sides.network), home),
        (Account::Network(sides.network), minus(amount)?),
        (Account::Shop(sides.shop.id), amount),
    ])
}

/// Moves money between the bank and a user; a negative amount takes it away.
pub(crate) fn top_up(tx: &Transaction<'_>, user: &str, amount: Money, at: ServerMs) -> Result<i64, Refused> {
    post(tx, Kind::TopUp, None, at, &[(Account::Bank, minus(amount)?), (Account::User(user), amount)])
}

/// What an account holds.
pub(crate) fn balance(tx: &Transaction<'_>, account: Account<'_>, currency: Currency) -> Result<Money, Refused> {
    let (kind, owner) = account.key();
    let minor: Option<i64> = tx
        .query_row(
            "SELECT minor FROM accounts WHERE kind = ?1 AND owner = ?2 AND currency = ?3",
            params![kind, owner, currency.alpha()],
            |row| row.get(0),
        )
        .optional()?;
    Ok(Money::from_minor(currency, minor.unwrap_or(0)))
}

fn minus(money: Money) -> Result<Money, Refused> {
    Ok(Money::from_minor(money.currency(), 0).checked_sub(money)?)
}

/// Writes one entry. One that does not balance is refused.
fn post(
    tx: &Transaction<'_>,
    kind: Kind,
    order: Option<Id>,
    at: ServerMs,
    lines: &[(Account<'_>, Money)],
) -> Result<i64, Refused> {
    let mut sums: BTreeMap<Currency, Money> = BTreeMap::new();
    for (_, money) in lines {
        let sum = sums.entry(money.currency()).or_insert(Money::from_minor(money.currency(), 0));
        *sum = sum.checked_add(*money)?;
    }
    if sums.values().any(|sum| sum.minor() != 0) {
        return Err(Refused::Internal);
    }
    tx.execute(
        "INSERT INTO entries (kind, order_id, at) VALUES (?1, ?2, ?3)",
        params![kind.as_str(), order.map(|o| o.to_string()), at.0],
    )?;
    let entry = tx.last_insert_rowid();
    for (account, money) in lines {
        let (kind, owner) = account.key();
        let held = balance(tx, *account, money.currency())?.checked_add(*money)?;
        let id: i64 = tx.query_row(
            "INSERT INTO accounts (kind, owner, currency, minor) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (kind, owner, currency) DO UPDATE SET minor = excluded.minor RETURNING id",
            params![kind, owner, money.currency().alpha(), held.minor()],
            |row| row.get(0),
        )?;
        tx.execute(
            "INSERT INTO postings (entry, account, minor) VALUES (?1, ?2, ?3)",
            params![entry, id, money.minor()],
        )?;
        if let Account::User(name) = account {
            tx.execute("UPDATE users SET version = version + 1 WHERE name = ?1", params![name])?;
        }
    }
    Ok(entry)
}
