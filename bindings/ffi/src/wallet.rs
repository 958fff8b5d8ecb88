//! The wallet itself.

use crate::error::JigapError;
use crate::ports::{HostTransport, HostVault, TransportPort, VaultPort};
use crate::records::{
    Balance, Change, Checkout, Condition, ConsentAnswer, ConsentRequest, Erased, Finding, HistoryPage, NetworkInfo,
    Payment, Preview, ProofMethod, Reading, ShownCode, ShownResult,
};
use jigap::app::{self, Ports, Setup, Trust, aside};
use jigap::crypto::{Blob, PublicKey, Signature, SystemRandom};
use jigap::error::Code;
use jigap::id::Id;
use jigap::network::Network;
use jigap::payment::Proof;
use jigap::store::Cursor;
use jigap::time::SystemClock;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

/// Why an observer did not hear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Error)]
pub enum ObserverFailure {
    /// It threw something; the news is gone, the wallet goes on.
    Threw,
}

impl std::fmt::Display for ObserverFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("threw")
    }
}

impl std::error::Error for ObserverFailure {}

impl From<uniffi::UnexpectedUniFFICallbackError> for ObserverFailure {
    fn from(_: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Threw
    }
}

/// Hears of changes, always from the same thread. May take its time.
#[uniffi::export(with_foreign)]
pub trait Observer: Send + Sync {
    /// These things changed.
    fn changed(&self, changes: Vec<Change>) -> Result<(), ObserverFailure>;
}

struct HostObserver(Arc<dyn Observer>);

impl app::Observer for HostObserver {
    fn changed(&self, changes: &[app::Change]) {
        // A failing observer is its own affair.
        let _ = self.0.changed(changes.iter().map(Into::into).collect());
    }
}

/// Ends when it is closed or dropped.
#[derive(uniffi::Object)]
pub struct Subscription(Mutex<Option<app::Subscription>>);

#[uniffi::export]
impl Subscription {
    /// Hears no more; news that is being told at this moment may still arrive.
    pub fn end(&self) -> Result<(), JigapError> {
        let gone = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(gone);
        Ok(())
    }
}

/// One user's wallet on this device.
#[derive(uniffi::Object)]
pub struct CoreWallet(RwLock<Option<Arc<app::Wallet>>>);

impl CoreWallet {
    fn open_wallet(&self) -> Result<Arc<app::Wallet>, JigapError> {
        let wallet = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        wallet.ok_or_else(|| Code::Closed.into())
    }
}

#[uniffi::export]
impl CoreWallet {
    /// Opens the wallet in a folder of the app's own, and takes up what was left unfinished. The two keys are P-256
    /// points of 65 bytes: whose configuration and whose consent documents count.
    #[uniffi::constructor]
    pub async fn open(
        folder: String,
        config_key: Vec<u8>,
        controller_key: Vec<u8>,
        vault: Arc<dyn VaultPort>,
        transport: Arc<dyn TransportPort>,
    ) -> Result<Arc<Self>, JigapError> {
        let config = PublicKey::from_point(&config_key)?;
        let controller = PublicKey::from_point(&controller_key)?;
        let setup = Setup { folder: PathBuf::from(folder), trust: Trust { config, controller } };
        let ports = Ports {
            vault: Arc::new(HostVault(vault)),
            transport: Arc::new(HostTransport(transport)),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
        };
        let wallet = aside(move || app::Wallet::open(setup, ports)).await?;
        Ok(Arc::new(Self(RwLock::new(Some(Arc::new(wallet))))))
    }

    /// Closes the wallet: a call already taken is still done, what is owed is on disk. Calls after this one fail with
    /// `Closed`.
    pub fn shut(&self) -> Result<(), JigapError> {
        let gone = self.0.write().unwrap_or_else(PoisonError::into_inner).take();
        // After the lock: its going wakes whoever waits, and they may call right back.
        drop(gone);
        Ok(())
    }

    /// Makes this device known: the company's login of the user, and the user's P-256 public key (65 bytes).
    pub async fn enrol(&self, user_token: String, user_key: Vec<u8>) -> Result<(), JigapError> {
        let user_key = PublicKey::from_point(&user_key)?;
        let ticket = self.open_wallet()?.enrol(user_token, user_key);
        Ok(ticket.await?)
    }

    /// Whether this device is enrolled.
    pub fn enrolled(&self) -> Result<bool, JigapError> {
        Ok(self.open_wallet()?.enrolled())
    }

    /// Fetches configuration and balance anew.
    pub async fn refresh(&self) -> Result<(), JigapError> {
        let ticket = self.open_wallet()?.refresh();
        Ok(ticket.await?)
    }

    /// The balance as the gateway last gave it.
    pub fn balance(&self) -> Result<Balance, JigapError> {
        Ok(Balance { amount: self.open_wallet()?.balance()?.amount.into() })
    }

    /// What a scanned text is.
    pub fn read(&self, code: String) -> Result<Reading, JigapError> {
        planted(&code);
        Ok(self.open_wallet()?.read(&code)?.into())
    }

    /// Every network, and whether its consent is given.
    pub fn networks(&self) -> Result<Vec<NetworkInfo>, JigapError> {
        Ok(self.open_wallet()?.networks()?.into_iter().map(Into::into).collect())
    }

    /// What has to be shown before a user can agree, in a language (BCP 47).
    pub async fn consent_request(&self, network: String, locale: String) -> Result<ConsentRequest, JigapError> {
        let ticket = self.open_wallet()?.consent_request(Network::parse(&network)?, locale);
        Ok(ticket.await?.into())
    }

    /// Keeps the user's answer; durable when this returns.
    pub async fn answer_consent(&self, answer: ConsentAnswer) -> Result<(), JigapError> {
        let ticket = self.open_wallet()?.answer_consent(answer.try_into()?);
        Ok(ticket.await?)
    }

    /// Takes a consent back; durable when this returns.
    pub async fn withdraw_consent(&self, network: String) -> Result<(), JigapError> {
        let ticket = self.open_wallet()?.withdraw_consent(Network::parse(&network)?);
        Ok(ticket.await?)
    }

    /// Resolves a scanned code into terms that do not change any more. Charges nothing.
    pub async fn prepare(&self, checkout: Checkout) -> Result<Preview, JigapError> {
        let ticket = self.open_wallet()?.prepare(checkout.try_into()?);
        Ok(ticket.await?.into())
    }

    /// Pays exactly what a preview showed, proven by the user's signature over its challenge (ASN.1 DER). The intent
    /// is durable when this returns; the result comes by `settled`. Calling it twice is one payment.
    pub async fn pay(&self, preview: String, method: ProofMethod, signature: Vec<u8>) -> Result<Payment, JigapError> {
        let proof = Proof { method: method.into(), signature: Signature(Blob(signature)) };
        let ticket = self.open_wallet()?.pay(Id::parse(&preview)?, proof);
        Ok(ticket.await?.into())
    }

    /// Wants a payment cancelled that is not known to have ended; durable when this returns. Of a charged one the user
    /// wants the money back, as by `request_refund`.
    pub async fn cancel(&self, id: String) -> Result<Payment, JigapError> {
        let ticket = self.open_wallet()?.cancel(Id::parse(&id)?);
        Ok(ticket.await?.into())
    }

    /// Asks for the money of a charged payment; durable when this returns. What comes back is shown beside the payment.
    pub async fn request_refund(&self, id: String) -> Result<Payment, JigapError> {
        let ticket = self.open_wallet()?.request_refund(Id::parse(&id)?);
        Ok(ticket.await?.into())
    }

    /// A push arrived. Its content is not asked for: it only makes the wallet ask the gateway what is new.
    pub fn pushed(&self) -> Result<(), JigapError> {
        Ok(self.open_wallet()?.pushed()?)
    }

    /// Where the wallet's own sums and the gateway's statement differ. None, if all is well.
    pub fn findings(&self) -> Result<Vec<Finding>, JigapError> {
        Ok(self.open_wallet()?.findings()?.into_iter().map(Into::into).collect())
    }

    /// A payment as it stands. Never waits for the network.
    pub fn payment(&self, id: String) -> Result<Payment, JigapError> {
        Ok(self.open_wallet()?.payment(Id::parse(&id)?)?.into())
    }

    /// Waits until a payment has ended, at most so many milliseconds; then gives it as it stands.
    pub async fn settled(&self, id: String, patience_ms: u64) -> Result<Payment, JigapError> {
        let ticket = self.open_wallet()?.settled(Id::parse(&id)?, Duration::from_millis(patience_ms));
        Ok(ticket.await?.into())
    }

    /// Payments, newest first, at most 200 a page.
    pub fn history(&self, before: Option<i64>, limit: u32) -> Result<HistoryPage, JigapError> {
        Ok(self.open_wallet()?.history(before.map(Cursor), limit)?.into())
    }

    /// Puts the next code of a network on screen, for the country the user is in (ISO 3166-1 alpha-2).
    pub async fn show(&self, network: String, region: String) -> Result<ShownCode, JigapError> {
        let ticket = self.open_wallet()?.show(Network::parse(&network)?, region);
        Ok(ticket.await?.into())
    }

    /// What is to be on screen now, by the clock: to be called when `renew_in_ms` has passed. Nothing: the code stays.
    pub async fn renew(&self) -> Result<Option<ShownCode>, JigapError> {
        let ticket = self.open_wallet()?.renew();
        Ok(ticket.await?.map(Into::into))
    }

    /// Another code: the scan failed, or the user wants one. The one on screen is not shown again.
    pub async fn new_code(&self) -> Result<Option<ShownCode>, JigapError> {
        let ticket = self.open_wallet()?.new_code();
        Ok(ticket.await?.map(Into::into))
    }

    /// The page is covered: nothing of a code may stay visible.
    pub async fn cover(&self) -> Result<(), JigapError> {
        let ticket = self.open_wallet()?.cover();
        Ok(ticket.await?)
    }

    /// The page is visible again: the same code while it lives, else the next one.
    pub async fn uncover(&self) -> Result<Option<ShownCode>, JigapError> {
        let ticket = self.open_wallet()?.uncover();
        Ok(ticket.await?.map(Into::into))
    }

    /// The user leaves the page.
    pub async fn leave_page(&self) -> Result<(), JigapError> {
        let ticket = self.open_wallet()?.leave_page();
        Ok(ticket.await?)
    }

    /// The network whose code the user showed last in a country (ISO 3166-1 alpha-2).
    pub fn chosen_network(&self, region: String) -> Result<Option<String>, JigapError> {
        Ok(self.open_wallet()?.chosen_network(&region)?.map(|network| network.to_string()))
    }

    /// Waits until a shown code has been used or is over, at most so many milliseconds.
    pub async fn shown_result(&self, id: String, patience_ms: u64) -> Result<ShownResult, JigapError> {
        let ticket = self.open_wallet()?.shown_result(Id::parse(&id)?, Duration::from_millis(patience_ms));
        Ok(ticket.await?.into())
    }

    /// The app goes to the background: finishes what is being written and closes every file, so that no lock is held while
    /// the app is suspended. Nothing more is sent until `resumed`; calls still work.
    pub async fn suspend(&self) -> Result<(), JigapError> {
        let wallet = self.open_wallet()?;
        aside(move || {
            wallet.suspend();
            Ok::<_, jigap::error::Error>(())
        })
        .await?;
        Ok(())
    }

    /// Erases what no law has kept, and says what stays and how long.
    pub async fn erase(&self) -> Result<Erased, JigapError> {
        let ticket = self.open_wallet()?.erase();
        Ok(ticket.await?.into())
    }

    /// Begins to change the root key; everything is sealed anew in the background.
    pub async fn change_keys(&self) -> Result<(), JigapError> {
        let ticket = self.open_wallet()?.change_keys();
        Ok(ticket.await?)
    }

    /// How the wallet's own records are.
    pub fn condition(&self) -> Result<Condition, JigapError> {
        Ok(self.open_wallet()?.condition()?.into())
    }

    /// The app is in front again: looks at once at what is due.
    pub fn resumed(&self) -> Result<(), JigapError> {
        self.open_wallet()?.resumed();
        Ok(())
    }

    /// Tells an observer of every change until the subscription ends.
    pub fn observe(&self, observer: Arc<dyn Observer>) -> Result<Arc<Subscription>, JigapError> {
        let subscription = self.open_wallet()?.observe(Arc::new(HostObserver(observer)));
        Ok(Arc::new(Subscription(Mutex::new(Some(subscription)))))
    }
}

/// Sets a database aside that does not open any more (`StoreDamaged`, `VaultKeyLost`), or that was found damaged. It is
/// renamed, never deleted; the next opening begins anew. Gives the number it lies aside under. `StoreInUse` when there is
/// nothing wrong with it. The wallet must be closed.
#[uniffi::export]
pub async fn set_aside(folder: String, vault: Arc<dyn VaultPort>) -> Result<u32, JigapError> {
    let vault = HostVault(vault);
    let done = aside(move || jigap::store::set_aside(&PathBuf::from(folder), &vault, Arc::new(SystemRandom)));
    Ok(done.await?)
}

/// With the feature `plant-panic`, one scanned text panics here: it proves that a panic arrives as an error in every
/// language and that the wallet goes on. A library that ships is built without it.
#[cfg(feature = "plant-panic")]
#[allow(clippy::panic, reason = "the very point of the feature")]
fn planted(code: &str) {
    assert!(code != "jigap:panic", "planted");
}

#[cfg(not(feature = "plant-panic"))]
const fn planted(_: &str) {}
