//! Upkeep: what the engine does when nothing is owed. It tells gateway and vault how far the records have come, looks
//! through them in the background, seals them anew when keys change, and erases what need not be kept any longer.

use crate::app::herald::Change;
use crate::app::inner::Inner;
use crate::app::wake::Done;
use crate::crypto::Blob;
use crate::error::{Code, Error, Result};
use crate::gateway::wire::{ChainReport, ChainTip};
use crate::id::Id;
use crate::payment::{Event, Origin, Outcome, Payment, Record};
use crate::store::{Audit, Behind, Salvage, Store, TaskKind, Tip};
use crate::time::ServerMs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long an audit that came to its end counts.
const AUDIT_EVERY_MS: i64 = 24 * 60 * 60 * 1000;
/// The vault is told at the latest after so many changes, and otherwise when this time has passed.
const WITNESS_LINES: i64 = 8;
const WITNESS_EVERY: Duration = Duration::from_secs(30);
/// Upkeep that failed – no network, a locked phone – is left alone for so long.
const PAUSE: Duration = Duration::from_secs(60);
/// A key that was saved from a database set aside is asked about so often, and given up when the gateway has not seen it for
/// so long: longer than any request is under way or sent again.
const SALVAGE_PAUSE: Duration = Duration::from_secs(60);
const SALVAGE_MS: i64 = 24 * 60 * 60 * 1000;

/// How the wallet's records are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Condition {
    /// The records are older than what the vault or the gateway has seen of them, or were begun anew. Nothing is paid
    /// until the gateway's were taken in; the wallet does that by itself.
    pub behind: bool,
    /// Something in the records does not verify. Nothing is paid; payments that had not ended are still asked about. Only
    /// [`crate::app::Wallet::set_aside`] helps, after closing.
    pub damaged: bool,
    /// Rows of what is owed that cannot be believed, and are left alone.
    pub spoiled: u32,
    /// Databases that lie aside.
    pub set_aside: u32,
    /// Payments of those that are still being asked about.
    pub salvaging: u32,
    /// The root key is being changed.
    pub changing_keys: bool,
}

/// What the gateway has of this device's chain, as far as this process knows.
#[derive(Clone)]
enum Told {
    Unasked,
    /// This gateway keeps no such record.
    Nowhere,
    Until(Tip),
}

struct State {
    told: Told,
    witnessed: Option<Tip>,
    witnessed_at: Duration,
    audit: Audit,
    /// A row was met that does not verify: once a process, the audit begins anew for that.
    suspected: bool,
    /// Since the last look whether anything may be erased, no audit has ended.
    erased: bool,
    not_before: Duration,
}

pub(super) struct Upkeep {
    /// One piece at a time.
    turn: Mutex<()>,
    state: Mutex<State>,
    behind: AtomicBool,
    damaged: AtomicBool,
    resting: AtomicBool,
}

impl Upkeep {
    pub(super) fn of(store: &Store) -> Result<Self> {
        let (audit, behind) = store.read(|view| Ok((view.setting::<Audit>()?, view.setting::<Behind>()?)))?;
        if store.behind() && behind.is_none() {
            // The vault has seen more. Known from now on, whatever becomes of this process.
            store.write(|tx| {
                tx.wipe_offline_keys()?;
                tx.set(&Behind { since: ServerMs(0) })
            })?;
        }
        let audit = audit.unwrap_or_default();
        let damaged = audit.damaged;
        let state = State {
            told: Told::Unasked,
            witnessed: None,
            witnessed_at: Duration::ZERO,
            audit,
            suspected: false,
            erased: true,
            not_before: Duration::ZERO,
        };
        Ok(Self {
            turn: Mutex::new(()),
            state: Mutex::new(state),
            behind: AtomicBool::new(behind.is_some() || store.behind()),
            damaged: AtomicBool::new(damaged),
            resting: AtomicBool::new(false),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wire(tip: &Tip) -> ChainTip {
    ChainTip { seq: tip.seq, link: Blob(tip.link.clone()) }
}

impl Inner {
    /// Whether something new may be paid: the records are whole, and not older than the gateway's.
    pub(super) fn may_pay(&self) -> Result<()> {
        if self.upkeep.damaged.load(Ordering::SeqCst) {
            return Err(Error::new(Code::StoreDamaged).with("part", "audit"));
        }
        if self.upkeep.behind.load(Ordering::SeqCst) {
            return Err(Error::new(Code::WalletBehind));
        }
        Ok(())
    }

    pub(super) fn condition(&self) -> Result<Condition> {
        let (spoiled, salvage, salvaging) = self.store.read(|view| {
            let salvaging = view.tasks()?.iter().filter(|task| task.kind == TaskKind::AskSalvaged).count();
            Ok((view.spoiled_tasks()?, view.setting::<Salvage>()?, salvaging))
        })?;
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Ok(Condition {
            behind: self.upkeep.behind.load(Ordering::SeqCst),
            damaged: self.upkeep.damaged.load(Ordering::SeqCst),
            spoiled: count(spoiled),
            set_aside: salvage.map_or(0, |salvage| salvage.databases),
            salvaging: count(salvaging),
            changing_keys: self.store.rotating(),
        })
    }

    /// Nothing is begun while the app is in the background.
    pub(super) fn resting(&self) -> bool {
        self.upkeep.resting.load(Ordering::SeqCst)
    }

    pub(super) fn suspend(&self) {
        self.upkeep.resting.store(true, Ordering::SeqCst);
        // A witness that is not kept now is kept later; the gateway has its own.
        let _ = self.bear_witness();
        self.store.suspend();
    }

    pub(super) fn resume(&self) {
        self.store.resume();
        self.upkeep.resting.store(false, Ordering::SeqCst);
        self.wake.up();
    }

    /// One piece of upkeep. False when there is none, or another thread is at it.
    pub(super) fn tend(&self) -> bool {
        let Ok(_turn) = self.upkeep.turn.try_lock() else { return false };
        let moment = self.moment();
        if moment < self.upkeep.state().not_before {
            return false;
        }
        let pieces: [fn(&Self) -> Result<bool>; 6] = [
            Self::tell_chain,
            Self::catch_up,
            |inner| Ok(inner.store.rotating() && inner.store.rotate()?),
            Self::audit,
            Self::erase_old,
            Self::witness_now_and_then,
        ];
        for piece in pieces {
            match piece(self) {
                Ok(false) => {}
                Ok(true) => return true,
                Err(_) => {
                    self.upkeep.state().not_before = moment.saturating_add(PAUSE);
                    return false;
                }
            }
        }
        false
    }

    /// Makes sure that the gateway has not seen this chain further on than it is: once a process, and before anything is
    /// sent that may charge (I11).
    pub(super) fn confirm_chain(&self) -> Result<()> {
        if matches!(self.upkeep.state().told, Told::Unasked) {
            self.report_chain(None)?;
        }
        self.may_pay()
    }

    /// Tells the gateway how far the chain has come, and looks at what it has.
    fn report_chain(&self, known: Option<ChainTip>) -> Result<()> {
        let device = self.enrolment()?.device;
        let tip = self.store.tip();
        let report = ChainReport { known, head: wire(&tip) };
        let Some(answer) = self.client.chain(device, &report)? else {
            self.upkeep.state().told = Told::Nowhere;
            return Ok(());
        };
        let latest = self.heard(answer).latest;
        let latest = Tip { seq: latest.seq, link: latest.link.0 };
        let ours = self.store.read(|view| view.has_passed(&latest))?;
        self.upkeep.state().told = Told::Until(latest);
        if ours { Ok(()) } else { self.fall_behind() }
    }

    /// Somebody has seen more of these records than there is: from now on nothing new is sent.
    fn fall_behind(&self) -> Result<()> {
        if !self.upkeep.behind.swap(true, Ordering::SeqCst) {
            self.herald.tell(Change::Condition);
        }
        let since = self.now();
        self.store.write(|tx| {
            // An older copy holds keys for codes that may have paid since (security.md §4.6).
            tx.wipe_offline_keys()?;
            if tx.setting::<Behind>()?.is_some() { Ok(()) } else { tx.set(&Behind { since }) }
        })
    }

    fn tell_chain(&self) -> Result<bool> {
        if self.enrolment().is_err() {
            return Ok(false);
        }
        let told = self.upkeep.state().told.clone();
        match told {
            Told::Unasked => self.report_chain(None).map(|()| true),
            Told::Until(tip) if tip != self.store.tip() && !self.upkeep.behind.load(Ordering::SeqCst) => {
                self.report_chain(Some(wire(&tip))).map(|()| true)
            }
            Told::Nowhere | Told::Until(_) => Ok(false),
        }
    }

    /// Takes the gateway's record in, when this one is older: everything that has not ended is asked about; only when all of
    /// it was answered, this chain counts again.
    fn catch_up(&self) -> Result<bool> {
        if !self.upkeep.behind.load(Ordering::SeqCst) {
            return Ok(false);
        }
        // Not enrolled yet, as after beginning anew: there is nobody to ask.
        let Ok(enrolment) = self.enrolment() else { return Ok(false) };
        let (unended, salvaging) = self.store.read(|view| {
            let salvaging = view.tasks()?.into_iter().filter(|task| task.kind == TaskKind::AskSalvaged);
            Ok((view.unended_payments()?, salvaging.collect::<Vec<_>>()))
        })?;
        for record in unended {
            let key = record.payment.key;
            let event = self.heard(self.client.ask(enrolment.device, key));
            let answered = event != Event::AskFailed;
            self.feed(key, &event)?;
            if !answered {
                return Err(Error::new(Code::WalletBehind));
            }
        }
        for task in salvaging {
            if self.ask_salvaged(Id::from_slice(&task.subject)?)? == Done::Failed {
                return Err(Error::new(Code::WalletBehind));
            }
        }
        self.pull_history()?;
        self.fetch_balance()?;
        let told = self.upkeep.state().told.clone();
        if let Told::Until(latest) = told {
            let report = ChainReport { known: Some(wire(&latest)), head: wire(&self.store.tip()) };
            if let Some(answer) = self.client.chain(enrolment.device, &report)? {
                let now = self.heard(answer).latest;
                self.upkeep.state().told = Told::Until(Tip { seq: now.seq, link: now.link.0.clone() });
                if now != report.head {
                    // Another copy has told more in the meantime.
                    return Err(Error::new(Code::WalletBehind));
                }
            }
        }
        self.store.write(|tx| tx.forget::<Behind>())?;
        self.upkeep.behind.store(false, Ordering::SeqCst);
        self.bear_witness()?;
        self.herald.tell(Change::Condition);
        for task in self.store.read(|view| view.tasks())?.iter().filter(|task| task.kind == TaskKind::Send) {
            self.wake.hurry(task.kind, &task.subject);
        }
        Ok(true)
    }

    /// Work met something in the records that does not verify. The audit does not wait for its day: until it has looked,
    /// nobody is told, and something new might be paid.
    pub(super) fn suspect(&self) {
        let mut state = self.upkeep.state();
        if !std::mem::replace(&mut state.suspected, true) {
            state.audit.finished = None;
            state.not_before = Duration::ZERO;
        }
    }

    fn audit(&self) -> Result<bool> {
        let (audit, now) = (self.upkeep.state().audit.clone(), self.now());
        let rests =
            audit.at_start() && audit.finished.is_some_and(|end| now.since(end).saturating_abs() < AUDIT_EVERY_MS);
        if audit.damaged || rests {
            return Ok(false);
        }
        let step = self.store.read(|view| view.audit(&audit));
        let next = match step {
            Ok(Some(next)) => next,
            Ok(None) => Audit::ended(now),
            Err(error) if error.code() == Code::StoreDamaged => {
                self.upkeep.damaged.store(true, Ordering::SeqCst);
                self.herald.tell(Change::Condition);
                Audit::spoiled()
            }
            Err(error) => return Err(error),
        };
        // Between its parts and at its end; within one it is cheaper to look again than to write.
        if next.at_start() || next.part_begins() {
            self.store.write(|tx| tx.set(&next))?;
        }
        let mut state = self.upkeep.state();
        state.erased &= !next.at_start() || next.damaged;
        state.audit = next;
        Ok(true)
    }

    fn erase_old(&self) -> Result<bool> {
        if self.upkeep.state().erased || self.upkeep.damaged.load(Ordering::SeqCst) {
            return Ok(false);
        }
        self.store.erase_old(self.now())?;
        self.upkeep.state().erased = true;
        Ok(true)
    }

    fn bear_witness(&self) -> Result<()> {
        if self.upkeep.behind.load(Ordering::SeqCst) {
            // What the vault has seen stays its word until the gateway's record was taken in.
            return Ok(());
        }
        let tip = self.store.bear_witness(self.vault.as_ref())?;
        let moment = self.moment();
        let mut state = self.upkeep.state();
        (state.witnessed, state.witnessed_at) = (Some(tip), moment);
        Ok(())
    }

    fn witness_now_and_then(&self) -> Result<bool> {
        let (tip, moment) = (self.store.tip(), self.moment());
        let due = {
            let state = self.upkeep.state();
            let lines = state.witnessed.as_ref().map_or(WITNESS_LINES, |seen| tip.seq.saturating_sub(seen.seq));
            let late = moment.saturating_sub(state.witnessed_at) >= WITNESS_EVERY;
            state.witnessed.as_ref() != Some(&tip) && (lines >= WITNESS_LINES || late)
        };
        if due && !self.upkeep.behind.load(Ordering::SeqCst) {
            self.bear_witness()?;
        }
        Ok(false)
    }

    /// Asks about a payment of which only the key was left.
    pub(super) fn ask_salvaged(&self, key: Id) -> Result<Done> {
        let event = self.heard(self.client.ask(self.enrolment()?.device, key));
        let (now, limits) = (self.now(), self.limits());
        let done = match event {
            Event::Answered(answer) => self.store.write(|tx| {
                if let (None, Outcome::Succeeded { receipt }) = (tx.payment(key)?, &answer.outcome) {
                    let (network, merchant) = (receipt.network, Some(receipt.merchant.clone()));
                    let created = receipt.paid_at;
                    let (payment, effects) = Payment::heard(answer.clone(), now, &limits);
                    let origin = Origin::Told { network, scanned: true, merchant };
                    tx.settle(&Record { payment, origin, created }, &effects, now)?;
                }
                if answer.outcome == Outcome::Pending {
                    return Ok(Done::Again(SALVAGE_PAUSE));
                }
                // Declined, it was never charged, and there is nothing left of it to show.
                tx.paid(TaskKind::AskSalvaged, &key.0).map(|()| Done::Paid)
            })?,
            Event::NotSeen => self.store.write(|tx| {
                let Some(salvage) = tx.setting::<Salvage>()? else { return Ok(Done::Failed) };
                let since = salvage.since.unwrap_or(now);
                if salvage.since.is_none() {
                    tx.set(&Salvage { since: Some(now), ..salvage })?;
                }
                if now.since(since) < SALVAGE_MS {
                    return Ok(Done::Again(SALVAGE_PAUSE));
                }
                tx.paid(TaskKind::AskSalvaged, &key.0).map(|()| Done::Paid)
            })?,
            _ => Done::Failed,
        };
        if done == Done::Paid {
            self.herald.tell(Change::Payment(key));
            self.herald.tell(Change::Condition);
        }
        Ok(done)
    }
}
