//! The facade: [`Wallet`] is what an app holds.
//!
//! A user action is one call. It validates, commits what it decided – the state, and the tasks that state owes – and
//! delivers its outcome by a [`Ticket`]. The engine carries the tasks out on threads of its own. Whoever drops a ticket
//! gives up only the news. There is no async here, and no global state.

mod consents;
mod desk;
mod engine;
mod herald;
mod inner;
mod offline;
mod payments;
mod reconcile;
mod shown;
mod stepped;
mod ticket;
mod upkeep;
mod views;
mod wake;

pub use engine::Recovered;
pub use herald::{Change, Observer, Subscription};
pub use inner::{Ports, Setup, Trust};
pub use reconcile::{Finding, Moved};
pub use stepped::Stepped;
pub use ticket::{Ticket, aside};
pub use upkeep::Condition;
pub use views::{
    Checkout, ConsentAnswer, ConsentChoice, ConsentExport, ConsentRequest, Hints, HistoryPage, KeptConsent, KeptReason,
    LogStatus, NetworkView, OfflineView, PaymentView, PreviewView, RefundRequest, RefundedView, Section, ShownResult,
    ShownView, Status,
};

use crate::code::Reading;
use crate::crypto::PublicKey;
use crate::error::{Code, Error, Result};
use crate::id::Id;
use crate::network::Network;
use crate::payment::{CancelBy, Event, Proof};
use crate::present::offline::Layout;
use crate::present::{CodeState, StageEvent};
use crate::store::{self, Cursor, Disk, Enrolment, Erased, Subject};
use crate::wallet::Balance;
use desk::{Desk, Inbox};
use herald::{Round, Waiter};
use inner::Inner;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// Threads that carry out tasks: one slow exchange must not hold up another payment.
const CARRIERS: usize = 2;
/// Threads that take user actions.
const CLERKS: usize = 2;

/// One user's wallet on this device. Dropping it closes it: no new call is taken, one already
/// taken is still done, and what is owed is on disk.
pub struct Wallet {
    inner: Arc<Inner>,
    desk: Desk,
    recovered: Recovered,
}

impl Wallet {
    /// Opens the wallet in its folder, takes up what was left unfinished, and starts the engine.
    ///
    /// # Errors
    /// Those of [`crate::store::Store::open`], [`Code::ConfigInvalid`] when the kept configuration is not signed by
    /// the trusted key, [`Code::ConsentRecordBroken`], [`Code::Internal`] when no thread can be started.
    pub fn open(setup: Setup, ports: Ports) -> Result<Self> {
        let (wallet, inbox) = Self::at_rest(setup, ports, Disk::System)?;
        let inner = Arc::clone(&wallet.inner);
        let start = |name: &str, work: Box<dyn FnOnce(&Inner) + Send>| {
            let inner = Arc::clone(&inner);
            let thread = thread::Builder::new().name(name.to_owned());
            let started = thread.spawn(move || work(&inner));
            started.map(|_| ()).map_err(|_| Error::new(Code::Internal).with("part", "thread"))
        };
        for _ in 0..CARRIERS {
            start("jigap-engine", Box::new(Inner::work))?;
        }
        for _ in 0..CLERKS {
            let inbox = inbox.clone();
            start("jigap-desk", Box::new(move |inner| inbox.work(inner)))?;
        }
        start("jigap-herald", Box::new(announce))?;
        Ok(wallet)
    }

    /// The wallet, opened, with nobody to carry anything out yet.
    fn at_rest(setup: Setup, ports: Ports, disk: Disk) -> Result<(Self, Inbox)> {
        let inner = Arc::new(Inner::open(setup, ports, disk)?);
        let recovered = inner.recover()?;
        let (desk, inbox) = Desk::new();
        Ok((Self { inner, desk, recovered }, inbox))
    }

    /// What was unfinished when this wallet opened. It is being taken up already; [`Wallet::settled`] and
    /// [`Wallet::shown_result`] say how it ends.
    pub const fn recovered(&self) -> &Recovered {
        &self.recovered
    }

    /// Makes this device known to the gateway: the company's login of the user, and the key whose proofs count.
    ///
    /// # Errors (by the ticket)
    /// [`Code::EnrolmentRefused`], [`Code::DeviceKeyChanged`], [`Code::ConfigInvalid`], the vault's, the gateway's, the store's.
    pub fn enrol(&self, user_token: String, user_key: PublicKey) -> Ticket<()> {
        self.desk.take(move |inner| {
            let device_key = inner.vault.device_key()?;
            // The ledger is signed by the key that was: under another it would not verify any more.
            if inner.enrolment().is_ok_and(|old| old.device_key != device_key) && inner.ledger()?.head().is_some() {
                return Err(Error::new(Code::DeviceKeyChanged));
            }
            let answer = inner.client.enrol(user_token, user_key.clone())?;
            let answer = inner.heard(answer);
            // Another name for this device: events would then stand on ones that this name never had.
            if inner.enrolment().is_ok_and(|old| old.device != answer.device) && inner.ledger()?.head().is_some() {
                return Err(Error::new(Code::DeviceKeyChanged));
            }
            let enrolment = Enrolment { device: answer.device, device_key, user_key };
            let subject = Subject { guardian: answer.guardian };
            inner.adopt_config(&answer.config, Some((&enrolment, &answer.balance, &subject)))?;
            inner.store.write(|tx| inner.owe_keys_in(tx))?;
            inner.wake.up();
            Ok(())
        })
    }

    /// Whether this device is enrolled.
    pub fn enrolled(&self) -> bool {
        self.inner.enrolment().is_ok()
    }

    /// Fetches the configuration and the balance anew.
    ///
    /// # Errors (by the ticket)
    /// [`Code::EnrolmentNeeded`], [`Code::ConfigInvalid`], the gateway's, the store's.
    pub fn refresh(&self) -> Ticket<()> {
        self.desk.take(|inner| {
            inner.refresh_config()?;
            // Whoever asks for what is new goes into the basement next: keys are there when this returns.
            inner.fetch_keys_if_due()?;
            inner.fetch_balance()
        })
    }

    /// The balance as the gateway last gave it.
    ///
    /// # Errors
    /// [`Code::EnrolmentNeeded`], the store's.
    pub fn balance(&self) -> Result<Balance> {
        self.inner.store.read(|view| view.setting())?.ok_or_else(|| Error::new(Code::EnrolmentNeeded))
    }

    /// What a scanned text is, by the rules in force. Takes about a microsecond and leaves nothing behind.
    ///
    /// # Errors
    /// [`Code::EnrolmentNeeded`] when there are no rules yet. An unreadable code is a reading, not an error.
    pub fn read(&self, text: &str) -> Result<Reading> {
        self.inner.read(text)
    }

    /// Every network of the configuration, and whether its consent is given.
    ///
    /// # Errors
    /// [`Code::EnrolmentNeeded`], [`Code::ConsentRecordBroken`], the store's.
    pub fn networks(&self) -> Result<Vec<NetworkView>> {
        self.inner.networks()
    }

    /// What has to be shown before a user can agree that data goes to a network, in a language (BCP 47).
    ///
    /// # Errors (by the ticket)
    /// [`Code::NetworkUnknown`], [`Code::TransfersSuspended`], [`Code::ConsentDocumentInvalid`], the gateway's, the vault's, the
    /// store's.
    pub fn consent_request(&self, network: Network, locale: String) -> Ticket<ConsentRequest> {
        self.desk.take(move |inner| inner.consent_request(network, &locale))
    }

    /// Keeps the user's answer as a signed event. It is durable when the ticket delivers.
    ///
    /// # Errors (by the ticket)
    /// [`Code::ConsentDocumentChanged`] when another document is in force, [`Code::ConsentUnread`] when it was not shown as it
    /// has to be, [`Code::GuardianNeeded`], [`Code::ProofInvalid`], the vault's, the store's.
    pub fn answer_consent(&self, answer: ConsentAnswer) -> Ticket<()> {
        self.desk.take(move |inner| inner.answer_consent(answer))
    }

    /// Takes a consent back: durable when the ticket delivers, in force at once. Payments already sent are finished.
    ///
    /// # Errors (by the ticket)
    /// [`Code::NetworkUnknown`], the vault's, the store's.
    pub fn withdraw_consent(&self, network: Network) -> Ticket<()> {
        self.desk.take(move |inner| inner.withdraw_consent(network))
    }

    /// Takes back the agreement to one optional purpose of a network; paying with it goes on.
    ///
    /// # Errors (by the ticket)
    /// The vault's, the store's.
    pub fn withdraw_purpose(&self, network: Network, purpose: String) -> Ticket<()> {
        self.desk.take(move |inner| inner.withdraw_purpose(network, &purpose))
    }

    /// Everything about this user's consents, sealed by the device's key: for the user, or whoever they show it to. Leaves
    /// nothing out and needs no network.
    ///
    /// # Errors (by the ticket)
    /// [`Code::EnrolmentNeeded`], the vault's, the store's.
    pub fn export_consents(&self) -> Ticket<ConsentExport> {
        self.desk.take(Inner::export_consents)
    }

    /// What stays of the consents when the user asks to be erased, why, and until when. An agreement in force stays until
    /// it is taken back.
    ///
    /// # Errors
    /// [`Code::ConsentRecordBroken`], the store's.
    pub fn consents_kept(&self) -> Result<Vec<KeptConsent>> {
        self.inner.consents_kept()
    }

    /// How the gateway's log of consents stands: whether it proved that it holds what it was given, and nothing less than
    /// before.
    ///
    /// # Errors
    /// [`Code::EnrolmentNeeded`], the store's.
    pub fn consent_log(&self) -> Result<LogStatus> {
        self.inner.log_status()
    }

    /// Resolves a scanned code into terms that do not change any more.
    ///
    /// # Errors (by the ticket)
    /// Those of [`crate::code::Verdict::error`], [`Code::ConsentNeeded`], [`Code::AmountNeeded`],
    /// [`Code::AmountFixed`], [`Code::QuoteInconsistent`], the gateway's, the store's. Nothing is charged by any.
    pub fn prepare(&self, checkout: Checkout) -> Ticket<PreviewView> {
        self.desk.take(move |inner| inner.prepare(checkout))
    }

    /// Pays exactly what a preview showed, proven by the user's key. The intent is durable when the ticket delivers;
    /// the result comes by [`Wallet::settled`]. Calling it twice is one payment.
    ///
    /// # Errors (by the ticket)
    /// [`Code::PreviewUnknown`], [`Code::ProofInvalid`], [`Code::QuoteExpired`], [`Code::ConsentNeeded`], the store's.
    /// Nothing is charged by any.
    pub fn pay(&self, preview: Id, proof: Proof) -> Ticket<PaymentView> {
        self.desk.take(move |inner| inner.pay(preview, proof))
    }

    /// Wants a payment cancelled that is not known to have ended: durable when the ticket delivers, and from then on
    /// nothing of it is sent any more. It ends as cancelled, or as what it was when the cancel arrived. Of a charged one
    /// the user wants the money back: as [`Wallet::request_refund`].
    ///
    /// # Errors (by the ticket)
    /// [`Code::PaymentUnknown`], the store's.
    pub fn cancel(&self, id: Id) -> Ticket<PaymentView> {
        self.desk.take(move |inner| inner.wish(id, &Event::CancelAsked(CancelBy::User)))
    }

    /// Asks for the money of a charged payment: durable when the ticket delivers. The gateway, or a person behind it,
    /// decides; what comes back is shown beside the payment. One request a payment.
    ///
    /// # Errors (by the ticket)
    /// [`Code::PaymentUnknown`], the store's.
    pub fn request_refund(&self, id: Id) -> Ticket<PaymentView> {
        self.desk.take(move |inner| inner.wish(id, &Event::RefundAsked))
    }

    /// A push arrived. It is not looked at, for anyone may have sent it: it only makes the wallet ask the gateway what
    /// is new, and what became of everything that is open.
    ///
    /// # Errors
    /// The store's.
    pub fn pushed(&self) -> Result<()> {
        // Perhaps it is about the code on screen.
        self.inner.stage(|stage| stage.on).into_iter().for_each(|on| self.inner.hurry_code(on.code));
        self.inner.pushed()
    }

    /// Where the wallet's own sums and the gateway's statement differ. None, if all is well.
    ///
    /// # Errors
    /// The store's.
    pub fn findings(&self) -> Result<Vec<Finding>> {
        self.inner.findings()
    }

    /// A payment as it stands. Never waits for the network.
    ///
    /// # Errors
    /// [`Code::PaymentUnknown`], the store's.
    pub fn payment(&self, id: Id) -> Result<PaymentView> {
        self.inner.payment(id)
    }

    /// Waits until a payment has ended, at most as long as `patience`; then gives it as it stands, perhaps checking.
    ///
    /// # Errors (by the ticket)
    /// [`Code::PaymentUnknown`], the store's.
    pub fn settled(&self, id: Id, patience: Duration) -> Ticket<PaymentView> {
        let (promise, ticket) = ticket::promise();
        self.inner.herald.wait_for(deadline(patience), Waiter::Payment(id, promise));
        ticket
    }

    /// Payments, newest first, at most 200 a page.
    ///
    /// # Errors
    /// [`Code::StoreDamaged`], the store's.
    pub fn history(&self, before: Option<Cursor>, limit: u32) -> Result<HistoryPage> {
        self.inner.history(before, limit)
    }

    /// Puts the next code of a network on screen, for the country the user is in (ISO 3166-1 alpha-2).
    ///
    /// # Errors (by the ticket)
    /// [`Code::ConsentNeeded`], [`Code::CodeUnsupported`], [`Code::CodesUnavailable`], the gateway's, the store's.
    pub fn show(&self, network: Network, region: String) -> Ticket<ShownView> {
        self.desk.take(move |inner| inner.show(network, &region))
    }

    /// What is to be on screen now, by the clock: the same code a step later, the next one, or nothing new. To be called
    /// when `renew_in_ms` of the last one has passed.
    ///
    /// # Errors (by the ticket)
    /// Those of [`Wallet::show`].
    pub fn renew(&self) -> Ticket<Option<ShownView>> {
        self.desk.take(|inner| inner.present(StageEvent::Tick))
    }

    /// Another code: the shop's scan failed, or the user wants one. The one on screen is not shown again.
    ///
    /// # Errors (by the ticket)
    /// Those of [`Wallet::show`].
    pub fn new_code(&self) -> Ticket<Option<ShownView>> {
        self.desk.take(|inner| inner.present(StageEvent::NewCode))
    }

    /// The page is covered, or the app leaves the screen: nothing of a code may stay visible.
    ///
    /// # Errors (by the ticket)
    /// The store's.
    pub fn cover(&self) -> Ticket<()> {
        self.desk.take(|inner| inner.present(StageEvent::Covered).map(drop))
    }

    /// The page is visible again: the same code while it lives, else the next one.
    ///
    /// # Errors (by the ticket)
    /// Those of [`Wallet::show`].
    pub fn uncover(&self) -> Ticket<Option<ShownView>> {
        self.desk.take(|inner| inner.present(StageEvent::Uncovered))
    }

    /// The user leaves the page.
    ///
    /// # Errors (by the ticket)
    /// The store's.
    pub fn leave_page(&self) -> Ticket<()> {
        self.desk.take(|inner| inner.present(StageEvent::Close).map(drop))
    }

    /// The network whose code the user showed last in this country (ISO 3166-1 alpha-2).
    ///
    /// # Errors
    /// The store's.
    pub fn chosen_network(&self, region: &str) -> Result<Option<Network>> {
        self.inner.chosen_network(region)
    }

    /// Brings another layout for codes without network than [`crate::present::offline::Woc1`]. To be called once, after
    /// opening; the gateway has to know the same layout.
    pub fn use_offline_layout(&self, layout: Arc<dyn Layout>) {
        self.inner.use_layout(layout);
    }

    /// Waits until a shown code has been used or is over, at most as long as `patience`.
    ///
    /// # Errors (by the ticket)
    /// [`Code::ShownCodeUnknown`], the store's.
    pub fn shown_result(&self, id: Id, patience: Duration) -> Ticket<ShownResult> {
        let (promise, ticket) = ticket::promise();
        self.inner.hurry_code(id);
        self.inner.herald.wait_for(deadline(patience), Waiter::Code(id, promise));
        ticket
    }

    /// The app goes to the background: finishes what is being written, and closes every file, so that no lock is held
    /// while the app is suspended (iOS ends an app for that: 0xdead10cc). Nothing more is sent until
    /// [`Wallet::resumed`]. Calls still work; each opens the files for itself. May take as long as one write and one call
    /// of the vault.
    pub fn suspend(&self) {
        self.inner.suspend();
    }

    /// Erases what no law has kept: payments and codes whose time is over, and previews. Says what stays, and how long.
    ///
    /// # Errors (by the ticket)
    /// The store's.
    pub fn erase(&self) -> Ticket<Erased> {
        self.desk.take(|inner| inner.store.erase(inner.now()))
    }

    /// Begins to change the root key; the engine seals everything anew, in steps, whenever nothing else is to be done. A
    /// change that is under way goes on at the next start.
    ///
    /// # Errors (by the ticket)
    /// The vault's, the store's. Then nothing has changed.
    pub fn change_keys(&self) -> Ticket<()> {
        self.desk.take(|inner| {
            inner.store.begin_rotation(inner.vault.as_ref())?;
            inner.wake.up();
            Ok(())
        })
    }

    /// How the wallet's records are.
    ///
    /// # Errors
    /// The store's.
    pub fn condition(&self) -> Result<Condition> {
        self.inner.condition()
    }

    /// Sets a database aside that does not open any more ([`Code::StoreDamaged`], [`Code::VaultKeyLost`]), or that was
    /// found damaged. It is renamed, never deleted. The next [`Wallet::open`] begins anew: this device has to be enrolled
    /// again, payments that had not ended are asked about, and nothing is paid before the gateway's record was taken in.
    /// It is a decision, so it is never made by opening. Gives the number it lies aside under.
    ///
    /// # Errors
    /// [`Code::StoreInUse`] when there is nothing wrong with it. The store's, the vault's.
    pub fn set_aside(setup: &Setup, ports: &Ports) -> Result<u32> {
        store::set_aside(&setup.folder, ports.vault.as_ref(), Arc::clone(&ports.random))
    }

    /// The app is in front again: looks at once at what is due. Threads' sleep does not count while a phone sleeps, so
    /// without this call the engine may be up to a minute late.
    pub fn resumed(&self) {
        self.inner.resume();
    }

    /// Tells an observer of every change until the subscription is dropped.
    pub fn observe(&self, observer: Arc<dyn Observer>) -> Subscription {
        self.inner.herald.subscribe(observer)
    }
}

impl Drop for Wallet {
    fn drop(&mut self) {
        self.desk.close();
        self.inner.wake.stop();
        self.inner.herald.stop();
    }
}

redacted!(Wallet);

fn deadline(patience: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(patience.min(Duration::from_secs(24 * 3600))).unwrap_or(now)
}

/// The herald's thread: attached once, tells everyone, holds no lock while it does.
fn announce(inner: &Inner) {
    while let Some(round) = inner.herald.next_round() {
        announce_round(inner, round);
    }
}

fn announce_round(inner: &Inner, Round { changes, observers, waiters }: Round) {
    for (impatient, deadline, waiter) in waiters {
        match waiter {
            Waiter::Payment(id, promise) => match inner.payment(id) {
                Ok(view) if view.status.open() && !impatient => {
                    inner.herald.keep(deadline, Waiter::Payment(id, promise));
                }
                result => promise.fulfil(result),
            },
            Waiter::Code(id, promise) => match inner.shown_result(id) {
                Ok(result) if result.state == CodeState::Shown && !impatient => {
                    inner.herald.keep(deadline, Waiter::Code(id, promise));
                }
                result => promise.fulfil(result),
            },
        }
    }
    if !changes.is_empty() {
        for observer in observers {
            // One that panics loses this news, and nobody else does.
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| observer.changed(&changes)));
        }
    }
}
