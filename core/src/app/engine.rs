//! The engine: carries out what is owed, and feeds the answers back through the same tables that owed it.
//!
//! Tasks are rows, committed with the state that owes them. A thread claims a due one, does the input or output
//! without any lock, and commits the next state, which takes the task away or owes the next. Killed at any point, the
//! rows say what is left to do.

use crate::app::herald::Change;
use crate::app::inner::Inner;
use crate::app::reconcile::Day;
use crate::app::wake::Done;
use crate::consent::{EventKind, LogFault, LogState};
use crate::error::{Code, Error, Result};
use crate::gateway::wire::{CodeStatus, PayRequest};
use crate::id::Id;
use crate::payment::{Effect, Event, Origin, Payment, Record, State, UnsentReason};
use crate::present::{Code as IssuedCode, CodeEffect, CodeEvent, CodeState, StageEvent};
use crate::store::{Task, TaskKind, Tx};
use crate::time::ServerMs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::PoisonError;
use std::time::Duration;

/// When the store cannot even be read.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest sleep: time passes differently while a phone sleeps, so the engine looks now and then.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// What was found unfinished when the wallet opened: a screen can show how it ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Payments that had not ended, oldest first.
    pub payments: Vec<Id>,
    /// Codes that were on screen.
    pub codes: Vec<Id>,
}

impl Inner {
    /// R12: what was left unfinished when the process ended is asked about first, before anything is sent.
    pub(super) fn recover(&self) -> Result<Recovered> {
        let (now, limits, waiting) = (self.now(), self.limits(), self.waiting());
        self.store.write(|tx| {
            let mut recovered = Recovered::default();
            for record in tx.unended_payments()? {
                recovered.payments.push(record.payment.key);
                let (record, effects) = record.step(&Event::Woke, now, &limits);
                tx.settle(&record, &effects, now)?;
            }
            for code in tx.live_codes()? {
                let (state, effect) = code.step(CodeEvent::Woke, now, &waiting);
                if state == CodeState::Shown {
                    recovered.codes.push(code.id);
                }
                if state != code.state || effect.is_some() {
                    tx.settle_code(&IssuedCode { state, ..code }, effect)?;
                }
            }
            if self.enrolment().is_ok() {
                tx.owe(TaskKind::PullHistory, &[], now)?;
            }
            Ok(recovered)
        })
    }

    /// A thread's life: until the wallet closes.
    pub(super) fn work(&self) {
        while !self.wake.stopped() {
            let seen = self.wake.count();
            let pause = catch_unwind(AssertUnwindSafe(|| self.work_once())).unwrap_or(Some(PAUSE));
            if let Some(pause) = pause {
                self.wake.sleep(seen, pause);
            }
        }
    }

    /// Carries out one task that is due. Nothing due: how long until there may be.
    pub(super) fn work_once(&self) -> Option<Duration> {
        if self.resting() {
            return Some(LONGEST_SLEEP);
        }
        let now = self.now();
        let Ok(tasks) = self.store.read(|view| view.tasks()) else { return Some(PAUSE) };
        let task = match self.wake.claim(tasks.iter().filter(|task| task.due <= now), self.moment()) {
            Ok(task) => task,
            // Nothing is owed right now: time for a piece of upkeep.
            Err(_) if self.tend() => return None,
            Err(left_alone) => {
                let next = tasks.iter().map(|task| task.due).filter(|due| *due > now).min();
                let wait = u64::try_from(next.map_or(i64::MAX, |due| due.since(now))).unwrap_or(0);
                let wait = Duration::from_millis(wait).min(left_alone.unwrap_or(LONGEST_SLEEP));
                return Some(wait.min(LONGEST_SLEEP));
            }
        };
        let done = catch_unwind(AssertUnwindSafe(|| self.carry_out(&task)));
        if matches!(&done, Ok(Err(error)) if error.code() == Code::StoreDamaged) {
            self.suspect();
        }
        self.wake.release(&task, done.unwrap_or(Ok(Done::Failed)).unwrap_or(Done::Failed), self.moment());
        None
    }

    fn carry_out(&self, task: &Task) -> Result<Done> {
        match task.kind {
            TaskKind::Send => self.send(Id::from_slice(&task.subject)?)?,
            TaskKind::Ask => self.ask(Id::from_slice(&task.subject)?)?,
            TaskKind::Cancel => self.send_cancel(Id::from_slice(&task.subject)?)?,
            TaskKind::RequestRefund => self.send_refund_request(Id::from_slice(&task.subject)?)?,
            TaskKind::PullHistory => self.pull_history()?,
            TaskKind::CheckDay => self.check_day(&task.subject)?,
            TaskKind::AskCode => return self.ask_code(Id::from_slice(&task.subject)?),
            TaskKind::UploadConsent => self.upload_consents()?,
            TaskKind::FetchBalance => self.fetch_balance()?,
            TaskKind::AskSalvaged => return self.ask_salvaged(Id::from_slice(&task.subject)?),
            TaskKind::VoidCode => self.void_code(Id::from_slice(&task.subject)?)?,
            TaskKind::FetchCodes => self.fetch_ahead(&task.subject)?,
            TaskKind::FetchKeys => self.fetch_keys()?,
            TaskKind::KeepKeys => self.keep_keys(&task.subject)?,
        }
        Ok(Done::Paid)
    }

    fn send(&self, key: Id) -> Result<()> {
        let Some((record, bytes)) = self.store.read(|view| {
            let record = view.payment(key)?.filter(|record| record.payment.state == State::Sending);
            record.map(|record| Ok((record, view.request(key)?))).transpose()
        })?
        else {
            return self.store.write(|tx| tx.paid(TaskKind::Send, &key.0));
        };
        let Origin::Scanned { terms, .. } = &record.origin else {
            return Err(Error::new(Code::Internal).with("part", "origin"));
        };
        #[cfg(feature = "mutants")]
        let bytes = if planted!(NewKeyOnRetry) && record.payment.attempt > 1 {
            let other = Id::random(self.random.as_ref())?;
            String::from_utf8_lossy(&bytes).replace(&key.to_string(), &other.to_string()).into_bytes()
        } else {
            bytes
        };
        // R3: handed over before, and the disk could not keep what came of it: nothing here is "surely not sent" any more.
        if self.unsettled.lock().unwrap_or_else(PoisonError::into_inner).contains(&key) {
            return self.feed_sent(key, &Event::Lost);
        }
        let request = self.client.payment_request(self.enrolment()?.device, bytes);
        // What the request relies on has to be there before it. I11: an older copy of this database would pay again what it
        // has forgotten.
        let confirmed = self.upload_consents().and_then(|()| self.confirm_chain());
        // The consent is looked at again at the moment of sending, when vault and gateway have done their part: it may have been
        // withdrawn since (I9), and the quote have ended (R9).
        let consent = self.consent::<PayRequest>(terms.network);
        #[cfg(feature = "mutants")]
        let consent = match record.consent() {
            Some(given) if planted!(ConsentNotRechecked) => Ok(crate::consent::forged(terms.network, given)),
            _ => consent,
        };
        let event = match consent {
            Ok(_) if request.is_err() => Event::NotSent(UnsentReason::Unsigned),
            Ok(_) if !terms.alive(self.now()) => Event::NotSent(UnsentReason::OrderOver),
            Ok(consent) => match confirmed {
                Ok(()) => {
                    self.unsettled.lock().unwrap_or_else(PoisonError::into_inner).insert(key);
                    self.heard(self.client.pay(consent, key, &request?))
                }
                Err(error) => Event::NotSent(match error.code() {
                    Code::GatewayUnreachable => UnsentReason::Unreachable,
                    Code::GatewayUntrusted => UnsentReason::Untrusted,
                    Code::VaultUnavailable | Code::VaultRefused | Code::VaultKeyLost => UnsentReason::Unsigned,
                    _ => return Err(error),
                }),
            },
            // Withdrawn, or the network was switched off.
            Err(error)
                if matches!(error.code(), Code::ConsentNeeded | Code::NetworkUnknown | Code::TransfersSuspended) =>
            {
                Event::NotSent(UnsentReason::ConsentGone)
            }
            Err(error) => return Err(error),
        };
        self.feed_sent(key, &event)
    }

    /// Commits what came of handing a payment over; from then on the disk knows it.
    fn feed_sent(&self, key: Id, event: &Event) -> Result<()> {
        self.feed(key, event)?;
        self.unsettled.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
        Ok(())
    }

    fn ask(&self, key: Id) -> Result<()> {
        let event = self.heard(self.client.ask(self.enrolment()?.device, key));
        self.feed(key, &event)
    }

    fn send_cancel(&self, key: Id) -> Result<()> {
        let record = self.store.read(|view| view.payment(key))?;
        let by = record.filter(|record| record.payment.state == State::CancelWanted).and_then(|r| r.payment.cancel);
        let Some(by) = by else { return self.store.write(|tx| tx.paid(TaskKind::Cancel, &key.0)) };
        let event = self.heard(self.client.cancel(self.enrolment()?.device, key, by));
        self.feed(key, &event)
    }

    fn send_refund_request(&self, key: Id) -> Result<()> {
        let record = self.store.read(|view| view.payment(key))?;
        if record.is_none_or(|record| !record.payment.owes_refund_request()) {
            return self.store.write(|tx| tx.paid(TaskKind::RequestRefund, &key.0));
        }
        let event = self.heard(self.client.request_refund(self.enrolment()?.device, key));
        self.feed(key, &event)
    }

    /// Puts what happened through the table and commits what comes of it, all in one transaction (R8).
    pub(super) fn feed(&self, key: Id, event: &Event) -> Result<()> {
        let (now, limits, luck) = (self.now(), self.limits(), self.luck());
        self.store.write(|tx| {
            let record = tx.payment(key)?.ok_or(Code::PaymentUnknown)?;
            let (mut record, mut effects) = record.step(event, now, &limits);
            if planted!(CancelForgets) && matches!(event, Event::CancelAsked(_)) {
                effects.clear();
            }
            if planted!(ReceiptLater) {
                record.payment.known.best =
                    record.payment.known.best.filter(|_| record.payment.state != State::Succeeded);
            }
            tx.settle(&record, &spread(effects, now, luck), now)
        })?;
        #[cfg(feature = "mutants")]
        if let (true, Event::Answered(_)) = (planted!(ReceiptLater), event) {
            self.store.write(|tx| {
                let record = tx.payment(key)?.ok_or(Code::PaymentUnknown)?;
                let (record, effects) = record.step(event, now, &limits);
                tx.settle(&record, &effects, now)
            })?;
        }
        self.herald.tell(Change::Payment(key));
        self.wake.up();
        Ok(())
    }

    /// What spreads waiting times; without randomness they are not spread.
    fn luck(&self) -> u8 {
        self.random.bytes::<1>().map_or(0, |[luck]| luck)
    }

    fn ask_code(&self, id: Id) -> Result<Done> {
        let status = self.client.code_status(self.enrolment()?.device, id).map(|answer| self.heard(answer));
        let event = match &status {
            Ok(CodeStatus::Waiting) => CodeEvent::StillWaiting,
            Ok(CodeStatus::Expired) => CodeEvent::Over,
            // An answer about something else is no answer.
            Ok(CodeStatus::Used { answer, .. }) if answer.key != id => CodeEvent::AskFailed,
            Ok(CodeStatus::Used { .. }) => CodeEvent::Used,
            // CODE_UNKNOWN, the contract's own word: the gateway holds no such code, so no shop can use it.
            Err(error) if error.code() == Code::CodeUnsupported => CodeEvent::Over,
            Err(_) => CodeEvent::AskFailed,
        };
        self.line_works(event != CodeEvent::AskFailed);
        let (now, limits) = (self.now(), self.limits());
        // Before the transaction: the stage is locked around those of its own.
        let visible = self.stage(|stage| !stage.covered && stage.on.is_some_and(|on| on.code == id));
        // Read again inside: what was true before the exchange may not be any more.
        let (done, used) = self.store.write(|tx| {
            let Some(code) = tx.code(id)? else {
                return tx.paid(TaskKind::AskCode, &id.0).map(|()| (Done::Paid, false));
            };
            let (state, effect) = code.step(event, now, &self.waiting_for(&code, visible, now));
            if let (true, Some(CodeEffect::Ask(at))) = (state == code.state, effect) {
                // Nothing new: no version, no line in the journal, and no sync every second for a code on screen.
                let pause = Duration::from_millis(u64::try_from(at.since(now)).unwrap_or(0));
                return Ok((Done::Again(pause), false));
            }
            tx.settle_code(&IssuedCode { state, ..code.clone() }, effect)?;
            if state == CodeState::Used && code.offline {
                tx.spend_key(id)?;
            }
            if let (CodeState::Used, Ok(CodeStatus::Used { answer, merchant }), None) = (state, status, tx.payment(id)?)
            {
                let (payment, effects) = Payment::heard(*answer, now, &limits);
                let origin = Origin::Shown { network: code.network, region: code.region, merchant };
                tx.settle(&Record { payment, origin, created: now }, &effects, now)?;
            }
            Ok((Done::Paid, state == CodeState::Used))
        })?;
        if used {
            self.herald.tell(Change::Payment(id));
        }
        if done == Done::Paid {
            let over = if used { StageEvent::Used(id) } else { StageEvent::Ended(id) };
            self.put_stage(|stage| stage.leave(&over));
            self.herald.tell(Change::Code(id));
        }
        Ok(done)
    }

    /// Asks what the user has now: money has moved, or a screen wants to know.
    pub(super) fn fetch_balance(&self) -> Result<()> {
        let begun = self.now();
        let balance = self.heard(self.client.balance(self.enrolment()?.device)?);
        self.store.write(|tx| {
            tx.keep_balance(&balance)?;
            // Money that moved while this answer was on its way is not in it.
            tx.paid_before(TaskKind::FetchBalance, &[], begun)
        })?;
        self.herald.tell(Change::Balance);
        Ok(())
    }

    fn upload_consent(&self, subject: &[u8]) -> Result<()> {
        let enrolment = self.enrolment()?;
        let seq = subject.try_into().map(i64::from_be_bytes).map_err(|_| Code::StoreDamaged)?;
        let event = self.store.read(|view| view.consent_event(seq, &enrolment.device_key))?;
        let Some(event) = event else { return self.store.write(|tx| tx.paid(TaskKind::UploadConsent, subject)) };
        let mut log: LogState = self.store.read(|view| view.setting())?.unwrap_or_default();
        let size = log.head.as_ref().map_or(0, |head| head.size);
        let received = self.heard(self.client.upload_consent(enrolment.device, &event, size)?);
        let config = self.config()?;
        // What keeps the log's proof is not itself in the log.
        let Some(key) = config.log_key().filter(|_| event.event.kind != EventKind::Acknowledged) else {
            return self.store.write(|tx| tx.paid(TaskKind::UploadConsent, subject));
        };
        let judged = received.log.as_ref().ok_or(LogFault::Silent);
        let proof = match judged.and_then(|receipt| receipt.verify(event.hash(), key, log.head.as_ref())) {
            Ok(proof) => proof,
            Err(fault) => {
                // Still owed: nothing that relies on it is sent until the log proves that it holds it.
                log = LogState { fault: Some(fault), evidence: received.log, ..log };
                self.store.write(|tx| tx.set(&log))?;
                self.herald.tell(Change::Consent(event.event.network));
                return Err(fault.into());
            }
        };
        self.store.write(|tx| {
            tx.set(&LogState { head: Some(proof.head.clone()), fault: None, evidence: log.evidence })?;
            tx.paid(TaskKind::UploadConsent, subject)
        })?;
        self.acknowledge(&event, proof)
    }

    /// Brings every consent event that the gateway has not got yet, oldest first: before anything that relies on one.
    pub(super) fn upload_consents(&self) -> Result<()> {
        let _turn = self.upload_turn.lock().unwrap_or_else(PoisonError::into_inner);
        let tasks = self.store.read(|view| view.tasks())?;
        let mut waiting: Vec<_> = tasks.into_iter().filter(|task| task.kind == TaskKind::UploadConsent).collect();
        waiting.sort_by(|a, b| a.subject.cmp(&b.subject));
        waiting.iter().try_for_each(|task| self.upload_consent(&task.subject))
    }
}

/// Shortens every waiting time by up to a quarter, so that phones that lost a gateway at the same moment do not all
/// come back to it at the same moment.
fn spread(effects: Vec<Effect>, now: ServerMs, luck: u8) -> Vec<Effect> {
    let earlier = |at: ServerMs| {
        let off = at.since(now).max(0).saturating_mul(i64::from(luck)).checked_div(4 * 256).unwrap_or(0);
        at.plus(off.saturating_neg())
    };
    let spread = |effect| match effect {
        Effect::Send => Effect::Send,
        Effect::Ask(at) => Effect::Ask(earlier(at)),
        Effect::Cancel(at) => Effect::Cancel(earlier(at)),
        Effect::RequestRefund(at) => Effect::RequestRefund(earlier(at)),
    };
    effects.into_iter().map(spread).collect()
}

impl Tx<'_> {
    /// Writes a payment and exactly what it owes now (R8: state, receipt, journal line and debts, one transaction).
    pub(super) fn settle(&self, record: &Record, effects: &[Effect], now: ServerMs) -> Result<()> {
        let (payment, key) = (&record.payment, record.payment.key);
        self.put_payment(record, None)?;
        if let Some(receipt) = record.receipt() {
            self.owe(TaskKind::FetchBalance, &[], now)?;
            // When no late cancel can come any more, the day is held against the gateway's statement.
            let day = Day::of(receipt.paid_at);
            if day.worth_checking(now) {
                self.owe(TaskKind::CheckDay, &day.name(), day.closes())?;
            }
        }
        // What crossed the sending or the cancel, such as a question of another process, does not take it away.
        let still_owed = [
            (TaskKind::Send, payment.state == State::Sending),
            (TaskKind::Cancel, payment.owes_cancel()),
            (TaskKind::RequestRefund, payment.owes_refund_request()),
            (TaskKind::Ask, false),
        ];
        for (kind, _) in still_owed.into_iter().filter(|(_, owed)| !owed) {
            self.paid(kind, &key.0)?;
        }
        effects.iter().try_for_each(|effect| match effect {
            Effect::Send => self.owe(TaskKind::Send, &key.0, now),
            Effect::Ask(at) => self.owe(TaskKind::Ask, &key.0, *at),
            Effect::Cancel(at) => self.owe(TaskKind::Cancel, &key.0, *at),
            Effect::RequestRefund(at) => self.owe(TaskKind::RequestRefund, &key.0, *at),
        })
    }

    /// Writes a code and exactly what it owes now.
    pub(super) fn settle_code(&self, code: &IssuedCode, effect: Option<CodeEffect>) -> Result<()> {
        self.put_code(code)?;
        match effect {
            Some(CodeEffect::Ask(at)) => self.owe(TaskKind::AskCode, &code.id.0, at),
            None => self.paid(TaskKind::AskCode, &code.id.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{Digest, SystemRandom};
    use crate::money::{Currency, Money, Rate};
    use crate::network::Network;
    use crate::payment::{Limits, Merchant, Terms};
    use crate::store::Store;
    use crate::vault::FileVault;
    use std::sync::Arc;

    fn record(key: Id, now: ServerMs) -> (Record, Vec<Effect>) {
        let [yen, won] = ["JPY", "KRW"].map(|alpha| Currency::from_alpha(alpha).unwrap());
        let network = Network::parse("alipayplus").unwrap();
        let merchant = Merchant { name: "Shop".to_owned(), local_name: None, city: None, country: "JP".to_owned() };
        let terms = Terms {
            order: Id([1; 16]),
            quote: Id([2; 16]),
            network,
            code: Digest([0; 32]),
            merchant,
            amount: Money::from_minor(yen, 100),
            home: Money::from_minor(won, 900),
            rate: Rate { from: yen, to: won, mantissa: 9, scale: 0 },
            expires: now.plus(60_000),
        };
        let (payment, effects) = Payment::begin(key, terms.expires, now);
        let origin = Origin::Scanned { preview: Id([3; 16]), terms: Box::new(terms), consent: Digest([4; 32]) };
        (Record { payment, origin, created: now }, effects)
    }

    #[test]
    fn waiting_times_are_shortened_by_up_to_a_quarter_and_never_lengthened() {
        let (now, at) = (ServerMs(1_000), ServerMs(9_000));
        let spread_by = |luck| spread(vec![Effect::Send, Effect::Ask(at), Effect::Cancel(at)], now, luck);
        assert_eq!(spread_by(0), [Effect::Send, Effect::Ask(at), Effect::Cancel(at)]);
        let waits: Vec<i64> = (0..=u8::MAX)
            .map(|luck| match spread_by(luck)[..] {
                [Effect::Send, Effect::Ask(ask), Effect::Cancel(cancel)] if ask == cancel => ask.since(now),
                ref other => panic!("{other:?}"),
            })
            .collect();
        assert!(waits.is_sorted_by(|a, b| a > b) && waits.iter().all(|wait| (6_000..=8_000).contains(wait)));
        // What is due at once, or was due, stays so.
        assert_eq!(
            spread(vec![Effect::Ask(now), Effect::Ask(ServerMs(0))], now, 255),
            [Effect::Ask(now), Effect::Ask(ServerMs(0))]
        );
    }

    /// Another process on the same database may ask while this one is about to send.
    #[test]
    fn a_question_that_crosses_the_sending_leaves_it_owed() {
        let folder = tempfile::tempdir().unwrap();
        let vault = FileVault::open(&folder.path().join("vault")).unwrap();
        let store = Store::open(&folder.path().join("wallet"), &vault, Arc::new(SystemRandom)).unwrap();
        let limits =
            Limits { resend_horizon_ms: 60_000, order_skew_ms: 60_000, ask_first_ms: 1_000, ask_longest_ms: 30_000 };
        let (key, now) = (Id([9; 16]), ServerMs(1_000));
        let (mut record, effects) = record(key, now);
        store.write(|tx| tx.settle(&record, &effects, now)).unwrap();
        let owed = || -> Vec<TaskKind> { store.read(|v| v.tasks()).unwrap().iter().map(|task| task.kind).collect() };
        for (event, expected) in [
            (Event::NotSeen, TaskKind::Send),
            (Event::AskFailed, TaskKind::Send),
            (Event::Lost, TaskKind::Ask),
            (Event::NotSeen, TaskKind::Send),
            (Event::Woke, TaskKind::Ask),
        ] {
            let (payment, effects) = record.payment.step(&event, now, &limits);
            record.payment = payment;
            store.write(|tx| tx.settle(&record, &effects, now)).unwrap();
            assert_eq!(owed(), [expected], "{event:?}");
        }
    }
}
