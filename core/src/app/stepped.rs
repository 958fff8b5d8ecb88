//! A wallet without threads, for the simulator: whoever holds it carries everything out, one step after another.

use crate::app::desk::Inbox;
use crate::app::inner::{Ports, Setup};
use crate::app::{Wallet, announce_round};
use crate::error::Result;
use crate::store::{Disk, View};
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// The same wallet as [`Wallet::open`] gives, before its threads are started. What the threads would do is done by
/// the caller, at the moments and in the order the caller chooses; time is what the caller's clock says.
///
/// A step may be made while another one waits for the transport: as if a second thread ran. Not while a consent event
/// is under way to the gateway, since its turn is held then.
pub struct Stepped {
    wallet: Wallet,
    inbox: Inbox,
}

impl Stepped {
    /// Opens the wallet and takes up what was left unfinished, as [`Wallet::open`] does.
    ///
    /// # Errors
    /// Those of [`Wallet::open`].
    pub fn open(setup: Setup, ports: Ports, disk: Disk) -> Result<Self> {
        Wallet::at_rest(setup, ports, disk).map(|(wallet, inbox)| Self { wallet, inbox })
    }

    /// What a desk's thread does: carries out one user action that was taken. False when none was.
    pub fn serve(&self) -> bool {
        let action = self.inbox.next();
        let any = action.is_some();
        action.into_iter().for_each(|action| action(&self.wallet.inner));
        any
    }

    /// What an engine's thread does: carries out one task that is due. Nothing due: how long until there may be.
    pub fn work(&self) -> Option<Duration> {
        catch_unwind(AssertUnwindSafe(|| self.wallet.inner.work_once())).unwrap_or(Some(Duration::from_secs(1)))
    }

    /// What the herald's thread does: tells waiters and observers what there is to tell. False when there is nothing.
    pub fn announce(&self) -> bool {
        let round = self.wallet.inner.herald.round_now();
        let any = round.is_some();
        round.into_iter().for_each(|round| announce_round(&self.wallet.inner, round));
        any
    }

    /// Reads the database as it is, for checks that a screen has no question for.
    ///
    /// # Errors
    /// What `look` gives, or [`crate::error::Code::StoreFailed`].
    pub fn look<T>(&self, look: impl FnOnce(&View<'_>) -> Result<T>) -> Result<T> {
        self.wallet.inner.store.read(look)
    }
}

impl Deref for Stepped {
    type Target = Wallet;

    fn deref(&self) -> &Wallet {
        &self.wallet
    }
}

redacted!(Stepped);
