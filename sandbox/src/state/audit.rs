//! The audit: reads the books as they stand and says whether they hold. It trusts no total that it can add up itself.

use crate::refusal::Refused;
use jigap::payment::{Answer, Outcome};
use rusqlite::Transaction;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One entry of the books that belongs to an order.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Line {
    /// `charge`, `refund` or `reversal`.
    pub kind: String,
    /// The order.
    pub order: String,
    /// When, in server milliseconds.
    pub at: i64,
    /// The shop.
    pub shop: String,
    /// The network.
    pub network: String,
    /// Whose money.
    pub user: String,
    /// What the user's balance changed by, in minor units of their currency.
    pub user_minor: i64,
    /// What the shop's account changed by, in minor units of its currency.
    pub shop_minor: i64,
    /// The shop's currency.
    pub shop_currency: String,
}

/// One order.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OrderLine {
    /// Its identifier.
    pub order: String,
    /// The shop.
    pub shop: String,
    /// The network.
    pub network: String,
    /// What it is over, in minor units.
    pub minor: i64,
    /// Of this currency.
    pub currency: String,
    /// How often it was charged: 0 or 1, if all is well.
    pub charges: u32,
}

/// What the audit found.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// Every charge, oldest first.
    pub charges: Vec<Line>,
    /// Every refund, oldest first.
    pub refunds: Vec<Line>,
    /// Every late cancel, oldest first.
    pub reversals: Vec<Line>,
    /// Every order.
    pub orders: Vec<OrderLine>,
    /// The sum of all postings by currency, in minor units: zero each, if all is well.
    pub sums: BTreeMap<String, i64>,
    /// Whether every entry balances, every account is the sum of its postings, every charge has its receipt, no refund
    /// exceeds its charge and no user is below zero.
    pub balanced: bool,
    /// What does not hold, as stable words with a number: empty if all is well.
    pub faults: Vec<String>,
    /// Orders that were charged more than once.
    pub double_charged: Vec<String>,
}

/// Questions whose every row is a fault.
const QUESTIONS: [(&str, &str); 7] = [
    (
        "entry_unbalanced",
        "SELECT p.entry FROM postings p JOIN accounts a ON a.id = p.account
         GROUP BY p.entry, a.currency HAVING sum(p.minor) <> 0",
    ),
    ("entry_empty", "SELECT id FROM entries WHERE id NOT IN (SELECT entry FROM postings)"),
    (
        "account_differs",
        "SELECT a.id FROM accounts a
         WHERE a.minor <> (SELECT coalesce(sum(p.minor), 0) FROM postings p WHERE p.account = a.id)",
    ),
    ("refund_untold", "SELECT id FROM entries WHERE kind = 'refund' AND id NOT IN (SELECT entry FROM refunds)"),
    (
        "reversed_in_part",
        "SELECT o.rowid FROM orders o WHERE EXISTS (SELECT 1 FROM entries WHERE order_id = o.id AND kind = 'reversal') AND
           (SELECT coalesce(sum(p.minor), 0) FROM postings p JOIN entries e ON e.id = p.entry
            JOIN accounts a ON a.id = p.account WHERE e.order_id = o.id AND a.kind = 'shop') <> 0",
    ),
    ("user_below_zero", "SELECT id FROM accounts WHERE kind = 'user' AND minor < 0"),
    (
        "refunded_too_much",
        "SELECT o.rowid FROM orders o WHERE
           (SELECT coalesce(sum(p.minor), 0) FROM postings p JOIN entries e ON e.id = p.entry
            JOIN accounts a ON a.id = p.account WHERE e.order_id = o.id AND a.kind = 'shop') < 0",
    ),
];

/// Audits the books.
pub(crate) fn audit(tx: &Transaction<'_>) -> Result<Report, Refused> {
    let mut faults = Vec::new();
    for (word, question) in QUESTIONS {
        let mut statement = tx.prepare(question)?;
        for row in statement.query_map([], |row| row.get::<_, i64>(0))? {
            faults.push(format!("{word} {}", row?));
        }
    }
    let lines = lines(tx)?;
    faults.extend(receipts(tx, &lines)?);
    let orders = orders(tx)?;
    let double_charged = orders.iter().filter(|o| o.charges > 1).map(|o| o.order.clone()).collect();
    let sums = sums(tx)?;
    let balanced = faults.is_empty() && sums.values().all(|sum| *sum == 0);
    let of = |kind: &str| lines.iter().filter(|line| line.kind == kind).cloned().collect();
    let (charges, refunds, reversals) = (of("charge"), of("refund"), of("reversal"));
    Ok(Report { charges, refunds, reversals, orders, sums, balanced, faults, double_charged })
}

fn lines(tx: &Transaction<'_>) -> Result<Vec<Line>, Refused> {
    let mut statement = tx.prepare(
        "SELECT e.kind, e.order_id, e.at, o.shop, o.network,
           max(CASE a.kind WHEN 'user' THEN a.owner END),
           sum(CASE a.kind WHEN 'user' THEN p.minor ELSE 0 END),
           sum(CASE a.kind WHEN 'shop' THEN p.minor ELSE 0 END),
           max(CASE a.kind WHEN 'shop' THEN a.currency END)
         FROM entries e JOIN orders o ON o.id = e.order_id
         JOIN postings p ON p.entry = e.id JOIN accounts a ON a.id = p.account
         WHERE e.kind IN ('charge', 'refund', 'reversal') GROUP BY e.id ORDER BY e.id",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(Line {
            kind: row.get(0)?,
            order: row.get(1)?,
            at: row.get(2)?,
            shop: row.get(3)?,
            network: row.get(4)?,
            user: row.get(5)?,
            user_minor: row.get(6)?,
            shop_minor: row.get(7)?,
            shop_currency: row.get(8)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Every receipt that was given stands in the books with its amounts, and every charge has a receipt.
fn receipts(tx: &Transaction<'_>, lines: &[Line]) -> Result<Vec<String>, Refused> {
    let mut faults = Vec::new();
    let mut given = BTreeMap::new();
    let mut statement = tx.prepare("SELECT seq, order_id, answer FROM payments ORDER BY seq")?;
    let rows = statement.query_map([], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, Option<String>>(1)?, row.get::<_, Vec<u8>>(2)?))
    })?;
    for row in rows {
        let (seq, order, answer) = row?;
        let answer: Answer = serde_json::from_slice(&answer)?;
        if let (Outcome::Succeeded { receipt }, Some(order)) = (answer.outcome, order) {
            let fits = lines.iter().any(|line| {
                line.kind == "charge"
                    && line.order == order
                    && line.shop_minor == receipt.amount.minor()
                    && line.user_minor.checked_neg() == Some(receipt.home.minor())
            });
            if !fits {
                faults.push(format!("receipt_without_charge {seq}"));
            }
            given.insert(order, seq);
        }
    }
    let without = lines.iter().filter(|line| line.kind == "charge" && !given.contains_key(&line.order));
    faults.extend(without.map(|line| format!("charge_without_receipt {}", line.at)));
    Ok(faults)
}

fn orders(tx: &Transaction<'_>) -> Result<Vec<OrderLine>, Refused> {
    let mut statement = tx.prepare(
        "SELECT o.id, o.shop, o.network, o.minor, o.currency,
           (SELECT count(*) FROM entries e WHERE e.order_id = o.id AND e.kind = 'charge')
         FROM orders o ORDER BY o.rowid",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(OrderLine {
            order: row.get(0)?,
            shop: row.get(1)?,
            network: row.get(2)?,
            minor: row.get(3)?,
            currency: row.get(4)?,
            charges: row.get(5)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn sums(tx: &Transaction<'_>) -> Result<BTreeMap<String, i64>, Refused> {
    let mut statement = tx.prepare(
        "SELECT a.currency, sum(p.minor) FROM postings p JOIN accounts a ON a.id = p.account GROUP BY a.currency",
    )?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
