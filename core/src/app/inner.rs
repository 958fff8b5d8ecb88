//! What every action and every task of the wallet works with: the store, the ports, and what is known right now.

use crate::app::herald::{Change, Herald};
use crate::app::offline::Session;
use crate::app::shown::Unanswered;
use crate::app::upkeep::Upkeep;
use crate::app::wake::Wake;
use crate::config::Config;
use crate::consent::{Ledger, Signed};
use crate::crypto::{PublicKey, Random};
use crate::error::{Code, Error, Result};
use crate::gateway::{Client, Timed, Transport};
use crate::id::Id;
use crate::network::Network;
use crate::payment::Limits;
use crate::present::offline::{Layout, Woc1};
use crate::present::{Stage, Trouble, Waiting};
use crate::store::{Disk, Enrolment, Store, Subject, TaskKind};
use crate::time::{Clock, Now, ServerAnchor, ServerMs};
use crate::vault::Vault;
use crate::wallet::Balance;
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

/// An anchor this much older or this far off is written anew, so that a restart begins near the truth.
const ANCHOR_KEEP_MS: i64 = 10 * 60 * 1000;
const ANCHOR_DRIFT_MS: i64 = 1_000;

/// Whose signatures count. Both keys belong to the wallet company and are built into its app.
#[derive(Debug, Clone)]
pub struct Trust {
    /// Signs the configuration.
    pub config: PublicKey,
    /// Signs consent documents.
    pub controller: PublicKey,
}

/// Where the wallet lives and whom it trusts.
#[derive(Debug, Clone)]
pub struct Setup {
    /// A folder of the app's own, excluded from backups.
    pub folder: PathBuf,
    /// Whose signatures count.
    pub trust: Trust,
}

/// The world, as the wallet sees it.
#[derive(Clone)]
pub struct Ports {
    /// The host's key store.
    pub vault: Arc<dyn Vault>,
    /// The way to the gateway.
    pub transport: Arc<dyn Transport>,
    /// The device's clocks.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
}

redacted!(Ports);

#[derive(Default)]
struct Known {
    enrolment: Option<Enrolment>,
    config: Option<Arc<Config>>,
    anchor: Option<ServerAnchor>,
    /// The anchor is of an earlier start of the device: the wall clock had to stand in, and any word of the server is better.
    guessed: bool,
    /// The server's time was thought to be later than it is: what is owed may have been put off, and still has to be hurried.
    put_off: bool,
    kept_anchor: Option<ServerAnchor>,
    ledger: Arc<Ledger>,
}

pub(super) struct Inner {
    pub(super) store: Store,
    pub(super) client: Client,
    pub(super) vault: Arc<dyn Vault>,
    pub(super) random: Arc<dyn Random>,
    pub(super) trust: Trust,
    pub(super) herald: Arc<Herald>,
    pub(super) wake: Wake,
    /// One consent event at a time: each stands on the one before.
    pub(super) consent_turn: Mutex<()>,
    /// One upload at a time: the gateway takes the events in their order.
    pub(super) upload_turn: Mutex<()>,
    pub(super) upkeep: Upkeep,
    /// The key for codes without network that is on screen.
    pub(super) offline: Mutex<Option<Session>>,
    pub(super) unanswered: Mutex<Unanswered>,
    stage: Mutex<Stage>,
    layout: RwLock<Arc<dyn Layout>>,
    /// Exchanges about codes that failed in a row.
    failures: AtomicU32,
    /// Payments whose bytes were handed to the transport, and of which the disk does not know yet what came of it.
    pub(super) unsettled: Mutex<HashSet<Id>>,
    clock: Arc<dyn Clock>,
    known: RwLock<Known>,
}

impl Inner {
    pub(super) fn open(setup: Setup, ports: Ports, disk: Disk) -> Result<Self> {
        let store = Store::open_on(disk, &setup.folder, ports.vault.as_ref(), Arc::clone(&ports.random))?;
        let known = store.read(|view| {
            let enrolment = view.setting::<Enrolment>()?;
            let signed: Option<Signed> = view.setting()?;
            // One that does not verify any more – an update brought another key – is as good as none: what is unfinished
            // can still be finished, and the next refresh brings one that does.
            let config = signed.and_then(|signed| Config::open(&signed, &setup.trust.config).ok()).map(Arc::new);
            let kept_anchor: Option<ServerAnchor> = view.setting()?;
            // Carried over to this start of the device, so that time goes on even when the wall clock was set back.
            let now = ports.clock.now();
            let anchor = kept_anchor.map(|kept| ServerAnchor { server: kept.estimate(&now), at: now });
            let guessed =
                kept_anchor.is_some_and(|kept| kept.at.boot_id != now.boot_id || now.boot_ms < kept.at.boot_ms);
            let ledger = match &enrolment {
                Some(enrolment) => view.ledger(&enrolment.device_key)?,
                None => Ledger::default(),
            };
            Ok(Known { enrolment, config, anchor, guessed, put_off: false, kept_anchor, ledger: Arc::new(ledger) })
        })?;
        let upkeep = Upkeep::of(&store)?;
        Ok(Self {
            store,
            client: Client::new(ports.transport, Arc::clone(&ports.vault)),
            vault: ports.vault,
            random: ports.random,
            trust: setup.trust,
            herald: Arc::default(),
            wake: Wake::default(),
            consent_turn: Mutex::new(()),
            upload_turn: Mutex::new(()),
            upkeep,
            offline: Mutex::new(None),
            unanswered: Mutex::new(None),
            stage: Mutex::default(),
            layout: RwLock::new(Arc::new(Woc1)),
            failures: AtomicU32::new(0),
            unsettled: Mutex::default(),
            clock: ports.clock,
            known: RwLock::new(known),
        })
    }

    fn known<T>(&self, look: impl FnOnce(&Known) -> T) -> T {
        look(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn learn(&self, change: impl FnOnce(&mut Known)) {
        change(&mut self.known.write().unwrap_or_else(PoisonError::into_inner));
    }

    pub(super) fn clocks(&self) -> Now {
        self.clock.now()
    }

    /// Time since the device started: what pauses in memory are measured by.
    pub(super) fn moment(&self) -> Duration {
        Duration::from_millis(self.clock.now().boot_ms)
    }

    /// The server's time as far as it can be known: before the first answer, the wall clock's.
    pub(super) fn now(&self) -> ServerMs {
        let now = self.clock.now();
        self.known(|known| known.anchor.map_or(ServerMs(now.wall_ms), |anchor| anchor.estimate(&now)))
    }

    /// Takes the time out of an answer. The anchor is written only when it says something new: a commit costs a sync.
    pub(super) fn heard<T>(&self, answer: Timed<T>) -> T {
        if let Some(server) = answer.server {
            let fresh = ServerAnchor { server, at: self.clock.now() };
            let (mut keep, mut put_off) = (None, false);
            self.learn(|known| {
                let thought = known.anchor.map_or(ServerMs(fresh.at.wall_ms), |old| old.estimate(&fresh.at));
                let anchor = known.anchor.filter(|_| !known.guessed).map_or(fresh, |old| old.later(fresh));
                known.guessed = false;
                known.put_off |= thought.since(anchor.estimate(&fresh.at)) > ANCHOR_DRIFT_MS;
                put_off = known.put_off;
                known.anchor = Some(anchor);
                let stale = known.kept_anchor.is_none_or(|kept| {
                    let off = anchor.server.since(kept.estimate(&anchor.at));
                    off.saturating_abs() > ANCHOR_DRIFT_MS
                        || anchor.server.since(kept.server) > ANCHOR_KEEP_MS
                        || kept.at.boot_id != anchor.at.boot_id
                });
                if stale || put_off {
                    known.kept_anchor = Some(anchor);
                    keep = Some(anchor);
                }
            });
            if let Some(anchor) = keep {
                // Not kept is not lost: the next start falls back to the anchor before. What was put off by a clock that was
                // ahead, set by hand before a restart, would otherwise wait for as long (R10).
                let kept = self.store.write(|tx| {
                    tx.set(&anchor)?;
                    if put_off { tx.hurry(server) } else { Ok(()) }
                });
                if put_off && kept.is_ok() {
                    self.learn(|known| known.put_off = false);
                }
            }
        }
        answer.value
    }

    /// Who this device is.
    pub(super) fn enrolment(&self) -> Result<Enrolment> {
        self.known(|known| known.enrolment.clone()).ok_or_else(|| Error::new(Code::EnrolmentNeeded))
    }

    /// The configuration in force.
    pub(super) fn config(&self) -> Result<Arc<Config>> {
        self.known(|known| known.config.clone()).ok_or_else(|| match self.enrolment() {
            Ok(_) => Error::new(Code::ConfigInvalid).with("part", "kept"),
            Err(error) => error,
        })
    }

    /// Fetches the configuration anew.
    pub(super) fn refresh_config(&self) -> Result<()> {
        let signed = self.heard(self.client.config(self.enrolment()?.device)?);
        self.adopt_config(&signed, None)
    }

    /// The gateway lets nothing through where the wallet would: it may require another document by now, or have been ordered
    /// to stop. The error stays;
    /// the next question asks for the right one.
    pub(super) fn consent_refused(&self, network: Network, error: Error) -> Error {
        if matches!(error.code(), Code::ConsentNeeded | Code::TransfersSuspended) {
            // Not fetched is not worse than before.
            let _ = self.refresh_config();
            return error.with("network", network);
        }
        error
    }

    /// Takes a configuration in, unless it is older than the one in force.
    pub(super) fn adopt_config(
        &self,
        signed: &Signed,
        enrolment: Option<(&Enrolment, &Balance, &Subject)>,
    ) -> Result<()> {
        let fresh = Config::open(signed, &self.trust.config)?;
        let fresh = match self.known(|known| known.config.clone()) {
            Some(current) => Config::clone(&current).newer(fresh)?,
            None => fresh,
        };
        self.store.write(|tx| {
            tx.set(signed)?;
            let Some((enrolment, balance, subject)) = enrolment else { return Ok(()) };
            tx.set(enrolment)?;
            tx.set(balance)?;
            tx.set(subject)?;
            // What this user paid before this phone, or before the app was installed anew.
            tx.owe(TaskKind::PullHistory, &[], self.now())
        })?;
        self.learn(|known| {
            known.config = Some(Arc::new(fresh));
            if let Some((enrolment, _, _)) = enrolment {
                known.enrolment = Some(enrolment.clone());
            }
        });
        self.herald.tell(Change::Config);
        self.wake.up();
        Ok(())
    }

    /// The ledger as it is on disk now. Another process may have written to it, so its length is looked at first.
    pub(super) fn ledger(&self) -> Result<Arc<Ledger>> {
        let Ok(enrolment) = self.enrolment() else { return Ok(Arc::default()) };
        let ledger = self.known(|known| Arc::clone(&known.ledger));
        let length = self.store.read(|view| view.ledger_length())?;
        if u64::try_from(ledger.events().len()) == Ok(length) {
            return Ok(ledger);
        }
        let ledger = Arc::new(self.store.read(|view| view.ledger(&enrolment.device_key))?);
        self.learn(|known| known.ledger = Arc::clone(&ledger));
        Ok(ledger)
    }

    pub(super) fn limits(&self) -> Limits {
        let patience = self.known(|known| known.config.as_ref().map(|config| *config.patience()));
        patience.map_or(
            Limits { resend_horizon_ms: 0, order_skew_ms: 60_000, ask_first_ms: 1_000, ask_longest_ms: 3_600_000 },
            |p| Limits {
                resend_horizon_ms: p.resend_horizon_ms,
                order_skew_ms: p.order_skew_ms,
                ask_first_ms: p.ask_first_ms,
                ask_longest_ms: p.ask_longest_ms,
            },
        )
    }

    pub(super) fn waiting(&self) -> Waiting {
        let limits = self.limits();
        Waiting { on_screen_ms: limits.ask_first_ms, afterwards_ms: limits.ask_first_ms.saturating_mul(5) }
    }

    /// How long to wait between questions about this code, by the policy: longer the longer it is on screen, and much
    /// longer while the gateway does not answer, with chance in it so that phones do not ask together.
    pub(super) fn waiting_for(&self, code: &crate::present::Code, visible: bool, now: ServerMs) -> Waiting {
        let Ok(config) = self.config() else { return self.waiting() };
        let policy = config.presenting();
        let roll = self.random.bytes::<4>().map_or(0, u32::from_be_bytes);
        let on_screen = visible.then(|| self.present_life_ms(code).saturating_sub(code.expires.since(now)));
        Waiting {
            on_screen_ms: policy.ask_after(on_screen, Trouble::default(), roll),
            afterwards_ms: match self.trouble() {
                Trouble { failures: 0 } => policy.ask_ms.saturating_mul(5),
                trouble => policy.back_off(trouble, roll),
            },
        }
    }

    fn present_life_ms(&self, code: &crate::present::Code) -> i64 {
        if code.offline { self.layout().session_ms() } else { 60_000 }
    }

    /// What is on the screen.
    pub(super) fn stage<T>(&self, look: impl FnOnce(&Stage) -> T) -> T {
        look(&self.stage.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn put_stage<T>(&self, change: impl FnOnce(&mut Stage) -> T) -> T {
        change(&mut self.stage.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn layout(&self) -> Arc<dyn Layout> {
        Arc::clone(&self.layout.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn use_layout(&self, layout: Arc<dyn Layout>) {
        *self.layout.write().unwrap_or_else(PoisonError::into_inner) = layout;
    }

    pub(super) fn trouble(&self) -> Trouble {
        Trouble { failures: self.failures.load(Ordering::Relaxed) }
    }

    /// An exchange about codes went well, or did not.
    pub(super) fn line_works(&self, well: bool) {
        let failures = if well { 0 } else { self.failures.load(Ordering::Relaxed).saturating_add(1) };
        self.failures.store(failures, Ordering::Relaxed);
    }

    /// Whether the estimate of the server's time rests on the boot clock, and not on a wall clock that anyone can set.
    pub(super) fn sure_of_time(&self) -> bool {
        let boot = self.clock.now().boot_id;
        self.known(|known| !known.guessed && known.anchor.is_some_and(|anchor| anchor.at.boot_id == boot))
    }
}
