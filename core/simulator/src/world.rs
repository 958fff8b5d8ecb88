//! What is around the wallet in one life: time, chance, the phone's key store, the gateway, and what has been seen so far.
//!
//! All of it belongs to the thread that plays the life; the wallet reaches it through its four ports.

use crate::gateway::{Fault, Gateway};
use crate::model::Model;
use crate::report::Report;
use crate::rng::Rng;
use crate::vfs;
use jigap::app::{Ports, Stepped};
use jigap::crypto::{Blob, HostKey, PublicKey, Random, Signature};
use jigap::error::Result;
use jigap::time::{Clock, Now};
use jigap::vault::{Vault, VaultError};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use zeroize::Zeroizing;

/// When a life begins, in milliseconds since 1970.
pub(crate) const BEGIN: i64 = 1_795_000_000_000;

/// How the phone's key store behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VaultMood {
    /// It answers.
    Ready,
    /// It answers after so many milliseconds, and other threads run meanwhile.
    Slow(i64),
    /// It does not answer now.
    Unavailable,
    /// It has lost the key that wraps.
    KeyLost,
}

/// What goes wrong in a life at present, and how often: one in so many, 0 for never.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mischief {
    /// An exchange meets a fault of the network or the gateway.
    pub exchange: u64,
    /// While an exchange waits, other threads of the wallet, or the user, do something.
    pub meanwhile: u64,
    /// Only these faults; all when empty.
    pub faults: Vec<Fault>,
    /// Until when nobody reaches the gateway.
    pub outage_until: i64,
}

/// The world of one life.
pub(crate) struct World {
    /// True time, which the gateway's clock tells.
    pub now: i64,
    /// What the user's wall clock is off.
    pub wall_off: i64,
    /// When the phone started.
    pub booted: i64,
    /// Which start it was.
    pub boot: u8,
    /// Decides what happens.
    pub rng: Rng,
    /// What the wallet draws from.
    pub wallet_rng: Rng,
    /// The key store.
    pub vault: VaultMood,
    /// The gateway and the shops.
    pub gateway: Gateway,
    /// What goes wrong.
    pub mischief: Mischief,
    /// What the user saw, and what has to be true because of it.
    pub model: Model,
    /// What is counted.
    pub report: Report,
    /// The story so far, when somebody wants to read it.
    pub trace: Option<Vec<String>>,
    /// How deep inside an exchange the wallet is.
    pub depth: u32,
    /// Exchanges so far.
    pub exchanges: u64,
    /// What the key store was told of the records, and how often: it survives every death.
    pub witness: (Option<Vec<u8>>, u64),
    /// The longest an answer took to come: so far may the wallet be behind the server's time.
    pub lag: i64,
    /// A balance was answered, and nobody has looked at the screen since.
    pub balance_told: bool,
    /// The server has been heard since the last jump of a clock.
    pub time_known: bool,
}

/// The keys of one run of the simulator. Which ones makes no difference to what happens.
pub(crate) struct Keys {
    /// Signs configurations.
    pub config: HostKey,
    /// Signs consent documents.
    pub controller: HostKey,
    /// Signs as the device.
    pub device: HostKey,
    /// Signs as the user.
    pub user: HostKey,
}

thread_local! {
    static WORLD: RefCell<Option<World>> = const { RefCell::new(None) };
    static WALLET: RefCell<Option<Rc<Stepped>>> = const { RefCell::new(None) };
    static KEYS: Keys = Keys {
        config: HostKey::generate().expect("a key"),
        controller: HostKey::generate().expect("a key"),
        device: HostKey::generate().expect("a key"),
        user: HostKey::generate().expect("a key"),
    };
}

/// Works with this thread's world.
pub(crate) fn world<T>(work: impl FnOnce(&mut World) -> T) -> T {
    WORLD.with_borrow_mut(|world| work(world.as_mut().expect("a life is being played")))
}

/// Puts another world in place of this thread's.
pub(crate) fn enter(new: Option<World>) -> Option<World> {
    WORLD.replace(new)
}

/// The wallet that is open, if one is.
pub(crate) fn wallet() -> Option<Rc<Stepped>> {
    WALLET.with_borrow(Clone::clone)
}

/// Puts another wallet in place. The one before is closed here.
pub(crate) fn set_wallet(new: Option<Rc<Stepped>>) {
    let old = WALLET.replace(new);
    drop(old);
}

/// Works with this thread's keys.
pub(crate) fn keys<T>(work: impl FnOnce(&Keys) -> T) -> T {
    KEYS.with(work)
}

/// A signature of the commonest length: others would move the disk's operations, and a seed would not be one life.
pub(crate) fn sign(key: &HostKey, message: &[u8]) -> Signature {
    loop {
        let signature = key.sign(message).expect("a signature");
        if signature.0.0.len() == 71 {
            return signature;
        }
    }
}

/// Says something in the trace. The text is only made when somebody reads it.
#[macro_export]
macro_rules! say {
    ($($arg:tt)*) => {
        $crate::world::world(|world| if world.trace.is_some() { world.tell(format!($($arg)*)) })
    };
}

impl World {
    /// Writes a line into the trace.
    pub(crate) fn tell(&mut self, line: String) {
        let at = self.now - BEGIN;
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{:>9}.{:03} s  {}{line}", at / 1000, at % 1000, "  ".repeat(self.depth as usize)));
        }
    }

    /// Notes what must not happen.
    pub(crate) fn violation(&mut self, invariant: &'static str, what: String) {
        self.tell(format!("VIOLATION {invariant}: {what}"));
        self.report.violations.push((invariant, what));
    }

    /// Checks an invariant.
    pub(crate) fn must(&mut self, holds: bool, invariant: &'static str, what: impl FnOnce() -> String) {
        if !holds {
            let what = what();
            self.violation(invariant, what);
        }
    }

    /// Lets time pass, and whatever was on its way arrive.
    pub(crate) fn pass(&mut self, ms: i64) {
        let end = self.now + ms.max(0);
        while let Some(at) = self.gateway.next_event().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.gateway_events();
        }
        self.now = end;
    }
}

/// The wallet's four ports.
pub(crate) fn ports() -> Ports {
    Ports {
        vault: Arc::new(Phone),
        transport: Arc::new(crate::transport::Line),
        clock: Arc::new(Phone),
        random: Arc::new(Phone),
    }
}

/// The phone: clocks, randomness, key store.
#[derive(Debug)]
pub(crate) struct Phone;

impl Clock for Phone {
    fn now(&self) -> Now {
        world(|world| Now {
            wall_ms: world.now + world.wall_off,
            boot_ms: (world.now - world.booted) as u64,
            boot_id: [world.boot; 16],
        })
    }
}

impl Random for Phone {
    fn fill(&self, out: &mut [u8]) -> Result<()> {
        world(|world| world.wallet_rng.fill(out));
        Ok(())
    }
}

const WRAP: u8 = 0x5a;

impl Phone {
    fn mood() -> Result<(), VaultError> {
        let mood = world(|world| match world.vault {
            VaultMood::Slow(ms) => {
                world.report.count("vault slow");
                world.pass(ms);
                world.vault
            }
            mood => mood,
        });
        match mood {
            VaultMood::Unavailable | VaultMood::KeyLost => {
                world(|world| world.report.count("vault unavailable"));
                Err(VaultError::Unavailable)
            }
            VaultMood::Ready | VaultMood::Slow(_) if vfs::with(|disk| disk.dead()) => Err(VaultError::Unavailable),
            VaultMood::Ready | VaultMood::Slow(_) => Ok(()),
        }
    }
}

impl Vault for Phone {
    fn wrap(&self, key: &[u8]) -> Result<Vec<u8>, VaultError> {
        Self::mood()?;
        Ok(key.iter().map(|byte| byte ^ WRAP).collect())
    }

    fn unwrap(&self, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        if world(|world| world.vault) == VaultMood::KeyLost {
            world(|world| world.report.count("vault key lost"));
            return Err(VaultError::KeyLost);
        }
        Self::mood()?;
        Ok(Zeroizing::new(wrapped.iter().map(|byte| byte ^ WRAP).collect()))
    }

    fn device_key(&self) -> Result<PublicKey, VaultError> {
        Self::mood()?;
        Ok(keys(|keys| keys.device.public()))
    }

    fn keep_witness(&self, witness: &[u8]) -> Result<(), VaultError> {
        Self::mood()?;
        world(|world| world.witness = (Some(witness.to_vec()), world.witness.1 + 1));
        Ok(())
    }

    fn witness(&self) -> Result<Option<Vec<u8>>, VaultError> {
        Self::mood()?;
        Ok(world(|world| world.witness.0.clone()))
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, VaultError> {
        Self::mood()?;
        if message.starts_with(b"JRQ1") {
            // While a slow key store signs a request, other threads run. (For an event its turn is held.)
            if matches!(world(|world| world.vault), VaultMood::Slow(_))
                && !message.windows(12).any(|w| w == b"/v1/consents")
            {
                crate::transport::meanwhile();
            }
            // Requests are signed by the hundred and the gateway here takes them as they are: no real signature.
            return Ok(Signature(Blob(vec![0; 71])));
        }
        Ok(keys(|keys| sign(&keys.device, message)))
    }
}
