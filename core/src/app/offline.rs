//! Codes without network: keys fetched while there is one, codes made when there is none.

use crate::app::inner::Inner;
use crate::app::views::{OfflineView, ShownView};
use crate::error::{Code, Error, Result};
use crate::gateway::wire::CodesRequest;
use crate::present::offline::{FEW_KEYS, Layout, OLD_BATCH_MS, Provisioning};
use crate::present::{self, CodeEffect, CodeState, OnScreen, Page};
use crate::store::{KeptBatch, KeyState, OfflineKey, TaskKind, Tx};
use crate::time::ServerMs;
use std::sync::PoisonError;

/// The key on screen: in memory alone, so that a process that was killed takes the next one.
pub(super) struct Session {
    key: OfflineKey,
    batch: KeptBatch,
    began: ServerMs,
    last: u64,
    left: usize,
}

fn unavailable(why: &'static str) -> Error {
    Error::new(Code::CodesUnavailable).with("offline", why)
}

impl Inner {
    /// Whether a code could be made here: terms, keys, time.
    pub(super) fn could_make(&self, page: &Page, now: ServerMs) -> bool {
        let Ok(config) = self.config() else { return false };
        if config.presenting().offline_here(page.network, &page.region).is_none() {
            return false;
        }
        let looked = self.store.read(|view| {
            let batch: Option<KeptBatch> = view.setting()?;
            let any = view.offline_keys()?.iter().any(|key| key.state != KeyState::Spent);
            Ok(any && batch.is_some_and(|batch| now < batch.valid_until))
        });
        looked.unwrap_or(false)
    }

    /// Makes the code of this moment. The key is marked on disk before its first code is seen.
    pub(super) fn make(&self, page: &Page, same_key: bool) -> Result<(OnScreen, ShownView)> {
        let config = self.config()?;
        let terms = config.presenting().offline_here(page.network, &page.region);
        let terms = terms.ok_or_else(|| unavailable("place"))?;
        // Withdrawn: nothing more is shown for this network, made here or not.
        drop(self.consent::<CodesRequest>(page.network)?);
        let layout = self.layout();
        let now = self.now();
        let mut kept = self.offline.lock().unwrap_or_else(PoisonError::into_inner);
        let (step_ms, session_ms) = (layout.step_ms().max(1), layout.session_ms());
        let step = u64::try_from(now.0.div_euclid(step_ms)).unwrap_or(0);
        let going_on = kept
            .take()
            .filter(|session| same_key && now.since(session.began) < session_ms && now < session.batch.valid_until);
        let mut session = match going_on {
            Some(session) => session,
            None => self.take_key(page, now, step, layout.as_ref())?,
        };
        // The step never goes back, whatever the clock does.
        session.last = session.last.max(step);
        let text = layout.write(&session.key.key, &terms.prefix, session.batch.epoch, session.last)?;
        let next_step = i64::try_from(session.last.saturating_add(1)).unwrap_or(i64::MAX).saturating_mul(step_ms);
        let until = session.began.plus(session_ms);
        // A clock behind the last step: the same code stays for a step.
        let renew = ServerMs(next_step.min(now.0.saturating_add(step_ms)).min(until.0));
        let on = OnScreen { code: session.key.id, offline: true, renew, until };
        let mut view = self.draw(page, &on, text)?;
        let sure = self.sure_of_time();
        let limits = session.batch.limits;
        view.offline = Some(OfflineView {
            limit: if sure { limits.payment } else { limits.payment_unsure },
            per_day: limits.per_day,
            sure_of_time: sure,
            keys_left: u32::try_from(session.left).unwrap_or(u32::MAX),
            valid_for_ms: session.batch.valid_until.since(now).max(0),
        });
        *kept = Some(session);
        drop(kept);
        Ok((on, view))
    }

    /// The next key: one that was never on a screen, and only when there is none, the one that was seen longest ago.
    fn take_key(&self, page: &Page, now: ServerMs, step: u64, layout: &dyn Layout) -> Result<Session> {
        let steps = u64::try_from(layout.session_ms().checked_div(layout.step_ms().max(1)).unwrap_or(0))
            .unwrap_or(0)
            .saturating_add(1);
        self.store.write(|tx| {
            drop(self.consent::<CodesRequest>(page.network)?);
            let batch: KeptBatch = tx.setting()?.ok_or_else(|| unavailable("no_keys"))?;
            if now >= batch.valid_until {
                return Err(unavailable("too_old"));
            }
            let keys = tx.offline_keys()?;
            let usable = keys.iter().filter(|key| key.state != KeyState::Spent);
            let next = usable.min_by_key(|key| (key.state != KeyState::Unused, key.since));
            let mut key = next.cloned().ok_or_else(|| unavailable("no_keys"))?;
            let first = step.max(key.since);
            (key.state, key.since) = (KeyState::InUse, first.saturating_add(steps));
            tx.put_offline_key(&key)?;
            let code = present::Code {
                id: key.id,
                network: page.network,
                region: page.region.clone(),
                digits: String::new(),
                expires: now.plus(layout.session_ms()),
                state: CodeState::Shown,
                offline: true,
            };
            tx.settle_code(&code, Some(CodeEffect::Ask(now.plus(self.waiting().on_screen_ms))))?;
            let unused = keys.iter().filter(|key| key.state == KeyState::Unused).count();
            Ok(Session { key, batch, began: now, last: first, left: unused.saturating_sub(1) })
        })
    }

    /// Owes new keys where the configuration wants them and they are due.
    pub(super) fn owe_keys_in(&self, tx: &Tx<'_>) -> Result<()> {
        let wanted = self.keys_wanted();
        if wanted && self.keys_due(tx)? { tx.owe(TaskKind::FetchKeys, &[], self.now()) } else { Ok(()) }
    }

    /// Who never turned a network on needs none, and none are asked for.
    fn keys_wanted(&self) -> bool {
        let agreed = || self.networks().is_ok_and(|all| all.iter().any(|n| n.consented && !n.suspended));
        self.config().is_ok_and(|config| !config.presenting().offline.is_empty()) && agreed()
    }

    fn keys_due(&self, tx: &Tx<'_>) -> Result<bool> {
        let batch: Option<KeptBatch> = tx.setting()?;
        let unused = tx.offline_keys()?.iter().filter(|key| key.state == KeyState::Unused).count();
        Ok(batch.is_none_or(|batch| unused < FEW_KEYS || self.now().since(batch.issued) > OLD_BATCH_MS))
    }

    /// New keys now, where the configuration wants them and they are due.
    pub(super) fn fetch_keys_if_due(&self) -> Result<()> {
        if self.keys_wanted() { self.fetch_keys() } else { Ok(()) }
    }

    /// The engine's part: a batch, opened and on disk, and the gateway told so.
    pub(super) fn fetch_keys(&self) -> Result<()> {
        let due = self.store.write(|tx| self.keys_due(tx))?;
        if !due {
            return self.store.write(|tx| tx.paid(TaskKind::FetchKeys, &[]));
        }
        let device = self.enrolment()?.device;
        let epoch = self.store.read(|view| view.setting::<KeptBatch>())?.map_or(0, |batch| batch.epoch);
        let sign = |bytes: &[u8]| self.vault.sign(bytes).map_err(Error::from);
        let provisioning = Provisioning::begin(device, epoch, self.random.as_ref(), sign)?;
        let request = provisioning.request().request;
        let answer = match self.client.offline_keys(device, provisioning.request()) {
            Ok(answer) => self.heard(answer),
            Err(error) => {
                if error.code() == Code::StoreDamaged && epoch > 0 {
                    // This phone was set back: its keys may have paid already. They go, and the next request says so.
                    self.store.write(|tx| {
                        tx.wipe_offline_keys()?;
                        let batch: Option<KeptBatch> = tx.setting()?;
                        batch.map_or(Ok(()), |batch| tx.set(&KeptBatch { epoch: 0, ..batch }))
                    })?;
                    return self.fetch_keys();
                }
                return Err(error);
            }
        };
        let batch = provisioning.finish(&answer, &self.trust.config)?;
        let now = self.now();
        self.store.write(|tx| {
            // Two may have asked at once; the younger keys stay.
            if tx.setting::<KeptBatch>()?.is_none_or(|kept| kept.epoch < batch.epoch) {
                tx.keep_batch(&batch)?;
            }
            tx.paid(TaskKind::FetchKeys, &[])?;
            tx.owe(TaskKind::KeepKeys, &request.0, now)
        })?;
        self.wake.up();
        Ok(())
    }

    pub(super) fn keep_keys(&self, subject: &[u8]) -> Result<()> {
        let request = crate::id::Id::from_slice(subject)?;
        let done = self.client.keys_kept(self.enrolment()?.device, request)?;
        self.heard(done);
        self.store.write(|tx| tx.paid(TaskKind::KeepKeys, subject))
    }
}

impl Tx<'_> {
    /// The key has paid: it is never shown again.
    pub(super) fn spend_key(&self, id: crate::id::Id) -> Result<()> {
        match self.offline_keys()?.into_iter().find(|key| key.id == id) {
            Some(key) => self.put_offline_key(&OfflineKey { state: KeyState::Spent, ..key }),
            None => Ok(()),
        }
    }
}
