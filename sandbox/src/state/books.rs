//! The books: accounts and entries that balance, in every currency by itself.
//!
//! A charge of ¥1,280 that costs the user ₩11,678 is one entry of four postings: the user's float −11,678 won, the
//! network's settlement account +11,678 won; the network's −1,280 yen, the shop's +1,280 yen.

use crate::networks::shops::Shop;
use crate::refusal::Refused;
use jigap::gateway::wire::Statement;
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
    Reversal,
}

impl Kind {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::TopUp => "top_up",
            Self::Charge => "charge",
            Self::Refund => "refund",
            Self::Reversal => "reversal",
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

/// Gives back what is left of a charge, because the network cancelled it.
pub(crate) fn reverse(tx: &Transaction<'_>, sides: &Sides<'_>, at: ServerMs) -> Result<i64, Refused> {
    post(tx, Kind::Reversal, Some(sides.order), at, &lines(sides, minus(sides.home)?, minus(sides.amount)?)?)
}

/// What moved for a user from `from` until just before `until`, by currency.
pub(crate) fn statement(
    tx: &Transaction<'_>,
    user: &str,
    from: ServerMs,
    until: ServerMs,
) -> Result<Statement, Refused> {
    let sums = |kind: Kind, sign: i64| -> Result<Vec<Money>, Refused> {
        let mut statement = tx.prepare(
            "SELECT a.currency, sum(p.minor) FROM postings p JOIN entries e ON e.id = p.entry JOIN accounts a ON a.id = p.account
             WHERE a.kind = 'user' AND a.owner = ?1 AND e.kind = ?2 AND e.at >= ?3 AND e.at < ?4
             GROUP BY a.currency HAVING sum(p.minor) <> 0 ORDER BY a.currency",
        )?;
        let rows = statement.query_map(params![user, kind.as_str(), from.0, until.0], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))
        })?;
        let mut sums = Vec::new();
        for row in rows {
            let (currency, minor) = row?;
            let minor = minor.checked_mul(sign).ok_or(Refused::Internal)?;
            sums.push(Money::from_minor(Currency::from_alpha(&currency)?, minor));
        }
        Ok(sums)
    };
    Ok(Statement {
        charged: sums(Kind::Charge, -1)?,
        refunded: sums(Kind::Refund, 1)?,
        reversed: sums(Kind::Reversal, 1)?,
    })
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

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::as_conversions, reason = "test code")]
mod tests {
    use super::*;
    use crate::networks::{Rail, home, rate};
    use crate::state::payments::{About, next_seq, record, settle};
    use crate::state::{Store, audit, new_id, orders, refunds, users, wishes};
    use jigap::crypto::{Digest, HostKey};
    use jigap::payment::{Answer, Outcome};
    use proptest::prelude::*;

    const NOW: ServerMs = ServerMs(1_800_000_000_000);

    /// One step of a shop's day.
    #[derive(Debug, Clone)]
    enum Step {
        Pay { user: usize, shop: usize, rail: usize, minor: i64 },
        Refund { payment: usize, minor: Option<i64>, rate: Option<&'static str> },
        LateCancel { payment: usize },
        Cancel { payment: usize },
        TopUp { user: usize, minor: i64 },
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            3 => (0..2usize, 0..4usize, 0..2usize, 1..60_000i64)
                .prop_map(|(user, shop, rail, minor)| Step::Pay { user, shop, rail, minor }),
            2 => (0..8usize, proptest::option::of(1..60_000i64), proptest::sample::select(vec![None, Some("9.5"), Some("200")]))
                .prop_map(|(payment, minor, rate)| Step::Refund { payment, minor, rate }),
            1 => (0..8usize).prop_map(|payment| Step::LateCancel { payment }),
            1 => (0..8usize).prop_map(|payment| Step::Cancel { payment }),
            1 => (0..2usize, 1..500_000i64).prop_map(|(user, minor)| Step::TopUp { user, minor }),
        ]
    }

    fn enrol(tx: &Transaction<'_>, name: &str) -> users::Caller {
        let (device, user) = (HostKey::generate().unwrap().public(), HostKey::generate().unwrap().public());
        users::enrol(tx, name, &device, &user, NOW).unwrap()
    }

    fn pay(tx: &Transaction<'_>, caller: &users::Caller, shop: usize, rail: usize, minor: i64) -> Answer {
        let shop = &crate::networks::shops::SHOPS[shop];
        let amount = Money::from_minor(shop.currency().unwrap(), minor);
        let rate = rate(amount.currency()).unwrap();
        let order = orders::open_order(tx, shop, Rail::ALL[rail].network().unwrap(), amount, NOW).unwrap();
        let seq = next_seq(tx).unwrap();
        let home = rate.convert(amount).unwrap();
        let outcome = settle(tx, &caller.user, &order, home, rate, seq, NOW).unwrap();
        let answer = Answer::new(new_id().unwrap(), seq, outcome);
        let about = About { network: order.network, scanned: true, merchant: None };
        record(tx, caller.device, Some(order.id), Digest([0; 32]), &answer, Some(about), NOW).unwrap();
        answer
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn any_sequence_of_payments_and_refunds_balances(steps in proptest::collection::vec(step(), 0..24)) {
            let store = Store::in_memory().unwrap();
            store.write(|tx| {
                let callers = [enrol(tx, "a"), enrol(tx, "b")];
                // A second way to count: what each user should have.
                let mut expected = [1_000_000i64; 2];
                let mut paid: Vec<(usize, Answer)> = Vec::new();
                for step in &steps {
                    match *step {
                        Step::Pay { user, shop, rail, minor } => {
                            let answer = pay(tx, &callers[user], shop, rail, minor);
                            if let Outcome::Succeeded { receipt } = &answer.outcome {
                                expected[user] -= receipt.home.minor();
                                paid.push((user, answer));
                            }
                        }
                        Step::Refund { payment, minor, rate } => {
                            let Some((user, answer)) = paid.get(payment) else { continue };
                            let Outcome::Succeeded { receipt } = &answer.outcome else { continue };
                            let text = minor.map(|m| Money::from_minor(receipt.amount.currency(), m).decimal());
                            if let Ok(back) = refunds::refund(tx, answer.key, text.as_deref(), rate, NOW) {
                                expected[*user] += back.home.minor();
                            }
                        }
                        Step::LateCancel { payment } => {
                            let Some((user, answer)) = paid.get(payment) else { continue };
                            let before = users::balance(tx, &callers[*user].user).unwrap().amount.minor();
                            // What was given back at a better rate than it was paid at is the user's; the rest goes back.
                            if wishes::late_cancel(tx, answer.key, NOW).is_ok() {
                                expected[*user] += users::balance(tx, &callers[*user].user).unwrap().amount.minor() - before;
                            }
                        }
                        Step::Cancel { payment } => {
                            let Some((user, answer)) = paid.get(payment) else { continue };
                            let told = wishes::cancel(tx, &callers[*user], answer.key, false, NOW).unwrap();
                            assert_eq!(told.outcome, answer.outcome, "what is paid cannot be cancelled");
                        }
                        Step::TopUp { user, minor } => {
                            let amount = Money::from_minor(home().unwrap(), minor);
                            top_up(tx, &callers[user].user, amount, NOW).unwrap();
                            expected[user] += minor;
                        }
                    }
                }
                let report = audit::audit(tx).unwrap();
                assert!(report.holds(), "{}", report.text());
                assert_eq!(report.charges.len(), paid.len());
                for (caller, expected) in callers.iter().zip(expected) {
                    assert_eq!(users::balance(tx, &caller.user).unwrap().amount.minor(), expected);
                }
                Ok(())
            }).unwrap();
        }
    }

    #[test]
    fn an_entry_that_does_not_balance_is_refused() {
        let store = Store::in_memory().unwrap();
        let won = Money::from_minor(home().unwrap(), 5);
        let written = store.write(|tx| post(tx, Kind::TopUp, None, NOW, &[(Account::Bank, won)]));
        assert_eq!(written.unwrap_err(), Refused::Internal);
        let yen = Money::from_minor(Currency::from_alpha("JPY").unwrap(), -5);
        let lines = [(Account::Bank, won), (Account::User("a"), yen)];
        assert!(store.write(|tx| post(tx, Kind::TopUp, None, NOW, &lines)).is_err());
    }

    /// Plants one wrong thing and says which words the audit finds.
    fn planted(sql: &str) -> (audit::Report, Vec<String>) {
        let store = Store::in_memory().unwrap();
        store
            .write(|tx| {
                let caller = enrol(tx, "a");
                pay(tx, &caller, 0, 0, 1_280);
                assert!(audit::audit(tx).unwrap().holds());
                tx.execute_batch(sql).unwrap();
                let report = audit::audit(tx).unwrap();
                let words = report.faults.iter().map(|f| f.split(' ').next().unwrap().to_owned()).collect();
                Ok((report, words))
            })
            .unwrap()
    }

    #[test]
    fn the_audit_finds_what_is_planted() {
        for (sql, word) in [
            ("UPDATE postings SET minor = minor + 1 WHERE rowid = 3", "entry_unbalanced"),
            ("UPDATE accounts SET minor = minor + 1 WHERE kind = 'shop'", "account_differs"),
            ("UPDATE accounts SET minor = -1 WHERE kind = 'user'", "user_below_zero"),
            ("DELETE FROM postings WHERE entry = 2", "entry_empty"),
            ("DELETE FROM payments", "charge_without_receipt"),
            ("UPDATE entries SET kind = 'other' WHERE kind = 'charge'", "receipt_without_charge"),
        ] {
            let (report, words) = planted(sql);
            assert!(!report.balanced && words.iter().any(|w| w == word), "{sql}: {words:?}");
        }
    }

    #[test]
    fn the_audit_finds_an_order_that_was_charged_twice() {
        // The same four postings once more: every sum still holds, and yet the user paid twice.
        let (report, _) = planted(
            "INSERT INTO entries (kind, order_id, at) SELECT kind, order_id, at FROM entries WHERE kind = 'charge';
             INSERT INTO postings SELECT (SELECT max(id) FROM entries), account, minor FROM postings WHERE entry = 2;
             UPDATE accounts SET minor = (SELECT sum(minor) FROM postings WHERE account = accounts.id);",
        );
        assert!(report.balanced);
        assert_eq!(report.double_charged.len(), 1);
        assert!(!report.holds());
    }
}
