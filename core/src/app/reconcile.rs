//! Reconciliation: what the gateway knows and the wallet does not, and whether a day's sums are the same on both sides
//! (`security.md` §6.6).

use crate::app::herald::Change;
use crate::app::inner::Inner;
use crate::error::{Code, Error, Result};
use crate::gateway::wire::{HistoryLine, Statement};
use crate::money::{Currency, Money};
use crate::payment::{Event, Origin, Payment, Record, late_cancel_ends};
use crate::store::{Cursor, Setting, TaskKind, Tx};
use crate::time::ServerMs;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How many payments are read at once when a day is added up.
const PAGE: u32 = 200;
/// A day that closed longer ago than this was checked, or is told by a history that begins anew.
const OLD_MS: i64 = 7 * DAY_MS;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// So many findings are kept, the newest: a month of days on which everything differs.
const KEPT: usize = 31;

/// A kind of movement that is added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moved {
    /// Charged.
    Charged,
    /// Given back by refunds.
    Refunded,
    /// Given back by the networks' late cancels.
    Reversed,
}

/// A day on which the wallet's payments and the gateway's statement do not come to the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The day's beginning, midnight at UTC+8, by the server's time.
    pub day: ServerMs,
    /// What differs.
    pub moved: Moved,
    /// What the wallet's payments come to, a sum a currency.
    pub here: Vec<Money>,
    /// What the gateway says.
    pub there: Vec<Money>,
}

#[derive(Default, Serialize, Deserialize)]
struct Findings(Vec<Finding>);

impl Setting for Findings {
    const NAME: &'static str = "findings";
}

/// How far the gateway's history has been read: the number of the last line.
#[derive(Default, Clone, Copy, Serialize, Deserialize)]
struct ReadUntil(u64);

impl Setting for ReadUntil {
    const NAME: &'static str = "history";
}

/// A day as the networks count it, at UTC+8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Day(ServerMs);

impl Day {
    /// The day of a moment.
    pub(super) fn of(moment: ServerMs) -> Self {
        // Late cancels end half an hour into the next day: the one definition of a day.
        Self(late_cancel_ends(moment).plus(-DAY_MS - 30 * 60 * 1000))
    }

    /// The day a task names.
    fn named(name: &[u8]) -> Result<Self> {
        let begins = name.try_into().map(i64::from_be_bytes).map_err(|_| Error::new(Code::StoreDamaged))?;
        Ok(Self(ServerMs(begins)))
    }

    pub(super) const fn name(self) -> [u8; 8] {
        self.0.0.to_be_bytes()
    }

    /// When nothing of it can change any more.
    pub(super) fn closes(self) -> ServerMs {
        late_cancel_ends(self.0).plus(1)
    }

    pub(super) fn worth_checking(self, now: ServerMs) -> bool {
        now.since(self.closes()) < OLD_MS
    }

    const fn ends(self) -> ServerMs {
        self.0.plus(DAY_MS)
    }

    fn has(self, moment: ServerMs) -> bool {
        (self.0..self.ends()).contains(&moment)
    }
}

impl Inner {
    pub(super) fn pushed(&self) -> Result<()> {
        if self.enrolment().is_err() {
            return Ok(());
        }
        let now = self.now();
        let mut asked = vec![(TaskKind::PullHistory, Vec::new())];
        self.store.write(|tx| {
            let questions =
                tx.tasks()?.into_iter().filter(|task| matches!(task.kind, TaskKind::Ask | TaskKind::AskCode));
            asked.extend(questions.map(|task| (task.kind, task.subject)));
            asked.iter().try_for_each(|(kind, subject)| tx.owe(*kind, subject, now))
        })?;
        asked.iter().for_each(|(kind, subject)| self.wake.hurry(*kind, subject));
        Ok(())
    }

    pub(super) fn findings(&self) -> Result<Vec<Finding>> {
        Ok(self.store.read(|view| view.setting::<Findings>())?.unwrap_or_default().0)
    }

    /// Reads the gateway's history from where it was read to, to its end.
    pub(super) fn pull_history(&self) -> Result<()> {
        let device = self.enrolment()?.device;
        loop {
            let begun = self.now();
            let since = self.store.read(|view| view.setting::<ReadUntil>())?.unwrap_or_default();
            let page = self.heard(self.client.history(device, since.0)?);
            let (now, limits) = (self.now(), self.limits());
            // A gap: what follows it waits until the missing lines were pulled.
            let expected = (since.0.saturating_add(1)..).zip(&page.lines);
            let lines: Vec<&HistoryLine> =
                expected.take_while(|(n, line)| line.n == *n).map(|(_, line)| line).collect();
            self.store.write(|tx| {
                for line in &lines {
                    tx.take(line, now, &limits)?;
                }
                match lines.last() {
                    // Another thread or process may have read further meanwhile.
                    Some(last) if tx.setting::<ReadUntil>()?.unwrap_or_default().0 < last.n => {
                        tx.set(&ReadUntil(last.n))
                    }
                    _ => Ok(()),
                }
            })?;
            lines.iter().for_each(|line| self.herald.tell(Change::Payment(line.answer.key)));
            self.wake.up();
            if lines.len() < page.lines.len() || (page.more && lines.is_empty()) {
                return Err(Error::new(Code::GatewayAnswer).with("field", "n"));
            }
            if !page.more {
                // A push that came while the last page was on its way is about what is not in it.
                return self.store.write(|tx| tx.paid_before(TaskKind::PullHistory, &[], begun));
            }
        }
    }

    /// Holds a day's sums against the gateway's statement. When they differ, the whole history is read once more first.
    pub(super) fn check_day(&self, name: &[u8]) -> Result<()> {
        let day = Day::named(name)?;
        let device = self.enrolment()?.device;
        self.pull_history()?;
        let there = self.heard(self.client.statement(device, day.0, day.ends())?);
        let mut found = differences(day, &self.add_up(day)?, &there);
        if !found.is_empty() {
            self.store.write(|tx| tx.set(&ReadUntil(0)))?;
            self.pull_history()?;
            found = differences(day, &self.add_up(day)?, &there);
        }
        self.store.write(|tx| {
            let mut kept = tx.setting::<Findings>()?.unwrap_or_default().0;
            let before = kept.clone();
            kept.retain(|finding| finding.day != day.0);
            kept.extend(found);
            kept.sort_by_key(|finding| finding.day);
            let surplus = kept.len().saturating_sub(KEPT);
            kept.drain(..surplus);
            if kept != before {
                tx.set(&Findings(kept))?;
            }
            tx.paid(TaskKind::CheckDay, name)
        })?;
        self.herald.tell(Change::Findings);
        Ok(())
    }

    /// What the wallet's own payments come to on a day.
    fn add_up(&self, day: Day) -> Result<Statement> {
        let [mut charged, mut refunded, mut reversed] = [Sums::default(), Sums::default(), Sums::default()];
        let mut before: Option<Cursor> = None;
        loop {
            let page = self.store.read(|view| view.history(before, PAGE))?;
            for (_, record) in &page {
                let Some(receipt) = record.receipt() else { continue };
                let known = &record.payment.known;
                charged.add(receipt.home, day.has(receipt.paid_at))?;
                for refund in known.refunds.values() {
                    refunded.add(refund.home, day.has(refund.at))?;
                }
                // What a refund gave back before, the late cancel does not give again.
                let back = known.refunded().map_or(Ok(receipt.home), |(_, home)| receipt.home.checked_sub(home))?;
                let back = Money::from_minor(back.currency(), back.minor().max(0));
                reversed.add(back, known.reversed.is_some_and(|at| day.has(at)))?;
            }
            before = page.last().map(|(cursor, _)| *cursor);
            if before.is_none() {
                return Ok(Statement { charged: charged.list(), refunded: refunded.list(), reversed: reversed.list() });
            }
        }
    }
}

impl Tx<'_> {
    /// Takes one line of the gateway's history: an answer like any other, about a payment that may be new here.
    fn take(&self, line: &HistoryLine, now: ServerMs, limits: &crate::payment::Limits) -> Result<()> {
        let key = line.answer.key;
        let (record, effects) = match self.payment(key)? {
            Some(record) => record.step(&Event::Answered(line.answer.clone()), now, limits),
            None => {
                let (payment, effects) = Payment::heard(line.answer.clone(), now, limits);
                // A code of this phone that a shop scanned, heard of before the question about the code was answered.
                let (network, merchant) = (line.network, line.merchant.clone());
                let origin = match self.code(key)? {
                    Some(code) => Origin::Shown { network, region: code.region, merchant },
                    None => Origin::Told { network, scanned: line.scanned, merchant },
                };
                (Record { payment, origin, created: line.created }, effects)
            }
        };
        // What was known already costs no version and no line in the journal.
        if self.payment(key)?.is_some_and(|kept| kept.payment.known == record.payment.known) {
            return Ok(());
        }
        self.settle(&record, &effects, now)
    }
}

/// Sums by currency.
#[derive(Default)]
struct Sums(BTreeMap<Currency, Money>);

impl Sums {
    fn add(&mut self, money: Money, counts: bool) -> Result<()> {
        if counts && money.minor() != 0 {
            let sum = self.0.entry(money.currency()).or_insert(Money::from_minor(money.currency(), 0));
            *sum = sum.checked_add(money)?;
        }
        Ok(())
    }

    fn list(self) -> Vec<Money> {
        self.0.into_values().collect()
    }
}

fn differences(day: Day, here: &Statement, there: &Statement) -> Vec<Finding> {
    let sides = [
        (Moved::Charged, &here.charged, &there.charged),
        (Moved::Refunded, &here.refunded, &there.refunded),
        (Moved::Reversed, &here.reversed, &there.reversed),
    ];
    let sorted = |side: &Vec<Money>| {
        let mut side = side.clone();
        side.sort();
        side
    };
    let differing = sides.into_iter().map(|(moved, here, there)| (moved, sorted(here), sorted(there)));
    differing
        .filter(|(_, here, there)| here != there)
        .map(|(moved, here, there)| Finding { day: day.0, moved, here, there })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_one_of_utc_8_and_closes_when_no_late_cancel_can_come_any_more() {
        // 2026-11-23 16:00:00 UTC: midnight at UTC+8.
        let midnight = ServerMs(1_795_449_600_000);
        let day = Day::of(midnight);
        assert_eq!((day, Day::of(midnight.plus(DAY_MS - 1))), (Day(midnight), Day(midnight)));
        assert_eq!(Day::of(midnight.plus(-1)), Day(midnight.plus(-DAY_MS)));
        assert_eq!(Day::named(&day.name()), Ok(day));
        assert_eq!(day.closes(), late_cancel_ends(midnight).plus(1));
        assert!(day.has(midnight) && !day.has(midnight.plus(DAY_MS)) && !day.has(midnight.plus(-1)));
        assert!(day.worth_checking(day.closes()) && !day.worth_checking(day.closes().plus(OLD_MS)));
    }
}
