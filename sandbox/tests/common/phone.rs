//! A phone with the real wallet on it, whose key store and line have moods.

use super::{Sandbox, network};
use jigap::app::{Checkout, ConsentAnswer, PaymentView, Ports, PreviewView, Setup, Trust, Wallet};
use jigap::consent::Shown;
use jigap::crypto::{PublicKey, Signature, SystemRandom};
use jigap::error::{Code, Error, NextAction};
use jigap::gateway::{Address, HttpsTransport, Request, Response, SendError, Transport};
use jigap::id::Id;
use jigap::payment::{Proof, ProofMethod};
use jigap::time::{Clock, Now, SystemClock};
use jigap::vault::{FileVault, PinKey, PinPolicy, Vault, VaultError};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use zeroize::Zeroizing;

/// How long anything may take before a test gives up on it.
pub const PATIENCE: Duration = Duration::from_secs(30);
pub const PIN: &[u8] = b"907541";

/// A key store that can be told to fail.
pub struct MoodyVault {
    vault: FileVault,
    mood: Mutex<Option<VaultError>>,
}

impl MoodyVault {
    pub fn set(&self, mood: Option<VaultError>) {
        *self.mood.lock().unwrap() = mood;
    }

    fn well(&self) -> Result<&FileVault, VaultError> {
        self.mood.lock().unwrap().map_or(Ok(&self.vault), Err)
    }
}

impl Vault for MoodyVault {
    fn wrap(&self, key: &[u8]) -> Result<Vec<u8>, VaultError> {
        self.well()?.wrap(key)
    }

    fn unwrap(&self, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        self.well()?.unwrap(wrapped)
    }

    fn device_key(&self) -> Result<PublicKey, VaultError> {
        self.well()?.device_key()
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, VaultError> {
        self.well()?.sign(message)
    }

    fn keep_witness(&self, witness: &[u8]) -> Result<(), VaultError> {
        self.well()?.keep_witness(witness)
    }

    fn witness(&self) -> Result<Option<Vec<u8>>, VaultError> {
        self.well()?.witness()
    }
}

/// Where a request is held up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// Before anything has left.
    Leaving,
    /// The gateway has answered, and the wallet has not heard it yet.
    Returning,
}

#[derive(Default)]
struct Line {
    hold: Option<(&'static str, &'static str, At)>,
    held: usize,
    sent: Vec<String>,
    bytes: Vec<Request>,
}

/// The machine's clocks, which can be set wrong and started anew.
#[derive(Default)]
pub struct OddClock {
    wall_ms: AtomicI64,
    boots: AtomicU8,
    boot_ms: AtomicI64,
}

impl OddClock {
    /// The user sets the wall clock so much later, or earlier.
    pub fn set_wall(&self, ms: i64) {
        self.wall_ms.store(ms, Ordering::SeqCst);
    }

    /// Time passes: all clocks go on by so much.
    pub fn pass(&self, ms: i64) {
        self.wall_ms.fetch_add(ms, Ordering::SeqCst);
        self.boot_ms.fetch_add(ms, Ordering::SeqCst);
    }

    /// The phone was restarted.
    pub fn reboot(&self) {
        self.boots.fetch_add(1, Ordering::SeqCst);
    }
}

impl Clock for OddClock {
    fn now(&self) -> Now {
        let Now { wall_ms, boot_ms, mut boot_id } = SystemClock.now();
        boot_id[0] ^= self.boots.load(Ordering::SeqCst);
        let boot_ms = boot_ms.saturating_add_signed(self.boot_ms.load(Ordering::SeqCst));
        Now { wall_ms: wall_ms + self.wall_ms.load(Ordering::SeqCst), boot_ms, boot_id }
    }
}

/// The real transport, on which requests can be held up and counted.
pub struct Wire {
    inner: Mutex<Arc<dyn Transport>>,
    line: Mutex<Line>,
    changed: Condvar,
}

impl Wire {
    fn to(address: &Address) -> Arc<Self> {
        let inner: Arc<dyn Transport> = Arc::new(HttpsTransport::new(address).unwrap());
        Arc::new(Self { inner: Mutex::new(inner), line: Mutex::default(), changed: Condvar::new() })
    }

    /// From now on the requests go to this address.
    pub fn turn_to(&self, address: &Address) {
        *self.inner.lock().unwrap() = Arc::new(HttpsTransport::new(address).unwrap());
    }

    /// Holds up every request with this method and beginning of the path.
    pub fn hold(&self, method: &'static str, path: &'static str, at: At) {
        self.line.lock().unwrap().hold = Some((method, path, at));
    }

    /// Lets go what is held up, and holds nothing more.
    pub fn release(&self) {
        self.line.lock().unwrap().hold = None;
        self.changed.notify_all();
    }

    /// Waits until so many requests are held up.
    pub fn wait_held(&self, count: usize) {
        let line = self.line.lock().unwrap();
        let (_line, timeout) = self.changed.wait_timeout_while(line, PATIENCE, |line| line.held < count).unwrap();
        assert!(!timeout.timed_out(), "fewer than {count} requests were held up");
    }

    /// How many requests with this method and beginning of the path were made.
    pub fn sent(&self, method: &str, path: &str) -> usize {
        let begin = format!("{method} {path}");
        self.line.lock().unwrap().sent.iter().filter(|line| line.starts_with(&begin)).count()
    }

    /// Every request that was made, whole.
    pub fn recorded(&self) -> Vec<Request> {
        self.line.lock().unwrap().bytes.clone()
    }

    fn pass(&self, request: &Request, here: At) {
        let fits = |line: &Line| {
            line.hold.is_some_and(|(method, path, at)| {
                method == request.method && request.path.starts_with(path) && at == here
            })
        };
        let mut line = self.line.lock().unwrap();
        if fits(&line) {
            line.held += 1;
            self.changed.notify_all();
            let mut line = self.changed.wait_timeout_while(line, PATIENCE, |line| fits(line)).unwrap().0;
            line.held -= 1;
        }
    }
}

impl Transport for Wire {
    fn send(&self, request: &Request) -> Result<Response, SendError> {
        {
            let mut line = self.line.lock().unwrap();
            line.sent.push(format!("{} {}", request.method, request.path));
            line.bytes.push(request.clone());
        }
        self.pass(request, At::Leaving);
        let inner = Arc::clone(&self.inner.lock().unwrap());
        let answer = inner.send(request);
        self.pass(request, At::Returning);
        answer
    }
}

/// The gateway of this sandbox, as its own authority vouches for it.
pub fn address(sandbox: &Sandbox) -> Address {
    Address::new(&sandbox.addresses.gateway, &std::fs::read(&sandbox.addresses.ca).unwrap())
}

pub struct Phone {
    wallet: Option<Wallet>,
    pub vault: Arc<MoodyVault>,
    pub wire: Arc<Wire>,
    pub clock: Arc<OddClock>,
    pub pin: PinKey,
    trust: Trust,
    folder: TempDir,
}

impl Phone {
    pub fn enrolled(sandbox: &Sandbox, token: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let vault = FileVault::open(&folder.path().join("vault")).unwrap();
        let policy = PinPolicy { rounds: NonZeroU32::new(100).unwrap(), tries: 3 };
        let pin = PinKey::at(&folder.path().join("user.key"), policy);
        let user_key = pin.create(PIN).unwrap();
        let trust = Trust {
            config: sandbox.addresses.config_key.clone(),
            controller: sandbox.addresses.controller_key.clone(),
        };
        let mut phone = Self {
            wallet: None,
            vault: Arc::new(MoodyVault { vault, mood: Mutex::new(None) }),
            wire: Wire::to(&address(sandbox)),
            clock: Arc::default(),
            pin,
            trust,
            folder,
        };
        phone.open().unwrap();
        phone.wallet().enrol(token.to_owned(), user_key).wait().unwrap();
        phone
    }

    /// Enrolled as `demo`, and agreed to both networks.
    pub fn ready(sandbox: &Sandbox) -> Self {
        let phone = Self::enrolled(sandbox, "demo");
        phone.answer("alipayplus", true);
        phone.answer("unionpay", true);
        phone
    }

    pub fn wallet(&self) -> &Wallet {
        self.wallet.as_ref().unwrap()
    }

    pub fn close(&mut self) {
        self.wallet = None;
    }

    /// Opens the wallet (again), with a line of its own.
    pub fn open(&mut self) -> Result<(), Error> {
        self.close();
        self.wallet = Some(Wallet::open(self.setup(), self.ports())?);
        Ok(())
    }

    fn setup(&self) -> Setup {
        Setup { folder: self.wallet_folder(), trust: self.trust.clone() }
    }

    fn ports(&self) -> Ports {
        Ports {
            vault: Arc::clone(&self.vault) as Arc<dyn Vault>,
            transport: Arc::clone(&self.wire) as Arc<dyn Transport>,
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            random: Arc::new(SystemRandom),
        }
    }

    /// What the app does when the user has decided to begin anew.
    pub fn set_aside(&self) -> Result<u32, Error> {
        Wallet::set_aside(&self.setup(), &self.ports())
    }

    /// A line of its own for the next wallet: what the old one still holds up does not hold up the new one.
    pub fn new_wire(&mut self, sandbox: &Sandbox) -> Arc<Wire> {
        std::mem::replace(&mut self.wire, Wire::to(&address(sandbox)))
    }

    pub fn wallet_folder(&self) -> PathBuf {
        self.folder.path().join("wallet")
    }

    pub fn answer(&self, name: &str, agreed: bool) {
        let request = self.wallet().consent_request(network(name), "ko-KR".to_owned()).wait().unwrap();
        assert_eq!((request.main.locale.as_str(), request.main.sections.len()), ("ko", 5));
        let shown = Shown {
            locale: request.main.locale,
            font_pt: 14,
            scrolled_to_end: true,
            dwell_ms: 5_000,
            ..Shown::default()
        };
        let answer = ConsentAnswer {
            network: network(name),
            document: request.main.document,
            agreed,
            choices: vec![],
            shown,
            proof: None,
            guardian: None,
        };
        self.wallet().answer_consent(answer).wait().unwrap();
    }

    pub fn prepare(&self, code: &str) -> Result<PreviewView, Error> {
        self.wallet().prepare(Checkout { code: code.to_owned(), network: None, amount: None }).wait()
    }

    pub fn proof(&self, preview: &PreviewView) -> Proof {
        Proof { method: ProofMethod::Pin, signature: self.pin.sign(PIN, &preview.challenge).unwrap() }
    }

    /// Commits the payment; what becomes of it is another matter.
    pub fn commit(&self, preview: &PreviewView) -> Result<PaymentView, Error> {
        self.wallet().pay(preview.id, self.proof(preview)).wait()
    }

    pub fn settled(&self, id: Id) -> PaymentView {
        let view = self.wallet().settled(id, PATIENCE).wait().unwrap();
        assert_eq!(self.wallet().payment(id).unwrap(), view);
        view
    }

    /// From the code to the end.
    pub fn pay(&self, code: &str) -> PaymentView {
        let preview = self.prepare(code).unwrap();
        let payment = self.commit(&preview).unwrap();
        self.settled(payment.id)
    }

    /// Waits until a payment looks like this.
    pub fn wait_for(&self, id: Id, looks: impl Fn(&PaymentView) -> bool) -> PaymentView {
        let until = Instant::now() + PATIENCE;
        loop {
            let view = self.wallet().payment(id).unwrap();
            if looks(&view) {
                return view;
            }
            assert!(Instant::now() < until, "still {:?}", view.status);
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub fn history(&self) -> Vec<PaymentView> {
        self.wallet().history(None, 200).unwrap().payments
    }
}

/// What an error tells: its code and what can be done, after checking that both fit together.
pub fn tells(error: &Error) -> (Code, NextAction) {
    (error.code(), error.code().next())
}
