//! What lives on the simulated disk found in the store, each as small as it gets.
#![allow(clippy::unwrap_used, reason = "test code")]

use jigap::crypto::{PublicKey, Signature, SystemRandom};
use jigap::money::{Currency, Money};
use jigap::store::{Disk as Place, Store};
use jigap::time::ServerMs;
use jigap::vault::{Vault, VaultError};
use jigap::wallet::Balance;
use jigap_simulator::disk::{Disk, Survival};
use jigap_simulator::rng::Rng;
use jigap_simulator::vfs;
use std::path::Path;
use std::sync::Arc;
use zeroize::Zeroizing;

struct Plain;

impl Vault for Plain {
    fn wrap(&self, key: &[u8]) -> Result<Vec<u8>, VaultError> {
        Ok(key.to_vec())
    }
    fn unwrap(&self, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        Ok(Zeroizing::new(wrapped.to_vec()))
    }
    fn device_key(&self) -> Result<PublicKey, VaultError> {
        Err(VaultError::Refused)
    }
    fn sign(&self, _: &[u8]) -> Result<Signature, VaultError> {
        Err(VaultError::Refused)
    }
}

fn open() -> Store {
    vfs::register();
    Store::open_on(Place::Vfs(vfs::NAME), Path::new("/sim"), &Plain, Arc::new(SystemRandom)).unwrap()
}

fn keep(store: &Store, version: u64) -> bool {
    let amount = Money::from_minor(Currency::from_alpha("KRW").unwrap(), 1);
    store.write(|tx| tx.set(&Balance { amount, version })).is_ok()
}

fn kept(store: &Store) -> Option<u64> {
    store.read(|view| view.setting::<Balance>()).unwrap().map(|balance| balance.version)
}

/// The deletion of the rollback journal under which a new file becomes one in WAL mode was not synced: it came back with the power, and
/// rolled the whole wallet back to an empty file.
#[test]
fn a_new_wallet_is_there_after_the_power_went() {
    vfs::start(Disk::default());
    let store = open();
    assert!(keep(&store, 1));
    vfs::with(Disk::die);
    drop(store);
    let image = vfs::with(|disk| disk.survivors(Survival::DropUnsynced, &mut Rng::new(1)));
    vfs::start(Disk::holding(&image));
    assert_eq!(kept(&open()), Some(1));
}

/// A process that dies between writing a commit and syncing it leaves it for the next one to read. What that one shows has to stay, even when
/// the power goes next.
#[test]
fn what_is_read_after_a_kill_stays_when_the_power_goes() {
    let mut read_unsynced = 0;
    for operation in 1..12 {
        vfs::start(Disk::default());
        let store = open();
        assert!(keep(&store, 1));
        vfs::with(|disk| disk.die_in(operation));
        let _ = keep(&store, 2);
        vfs::with(Disk::die);
        drop(store);
        vfs::start(vfs::with(std::mem::take).after_kill());
        let store = open();
        let shown = kept(&store);
        read_unsynced += u32::from(shown == Some(2));
        vfs::with(Disk::die);
        drop(store);
        let image = vfs::with(|disk| disk.survivors(Survival::DropUnsynced, &mut Rng::new(1)));
        vfs::start(Disk::holding(&image));
        assert_eq!(kept(&open()), shown, "killed at operation {operation}");
    }
    assert!(read_unsynced > 0);
}

/// Times that were reckoned with a clock that was far ahead do not keep a task waiting when the clock is right again.
#[test]
fn tasks_are_hurried_to_a_moment() {
    vfs::start(Disk::default());
    let store = open();
    let owed =
        |store: &Store| store.read(|view| view.tasks()).unwrap().into_iter().map(|t| t.due.0).collect::<Vec<_>>();
    store.write(|tx| tx.owe(jigap::store::TaskKind::Ask, &[1], ServerMs(90_000_000))).unwrap();
    store.write(|tx| tx.owe(jigap::store::TaskKind::Ask, &[2], ServerMs(500))).unwrap();
    store.write(|tx| tx.hurry(ServerMs(1_000))).unwrap();
    assert_eq!(owed(&store), [500, 1_000]);
}

/// Money that moved while the balance was on its way: the answer does not pay for the new question.
#[test]
fn what_is_owed_anew_meanwhile_stays_owed() {
    vfs::start(Disk::default());
    let store = open();
    let kind = jigap::store::TaskKind::FetchBalance;
    store.write(|tx| tx.owe(kind, &[], ServerMs(1_000))).unwrap();
    let begun = ServerMs(1_500);
    store.write(|tx| tx.owe(kind, &[], ServerMs(1_600))).unwrap();
    store.write(|tx| tx.paid_before(kind, &[], begun)).unwrap();
    assert_eq!(store.read(|view| view.tasks()).unwrap().len(), 1);
    store.write(|tx| tx.paid_before(kind, &[], ServerMs(1_700))).unwrap();
    assert_eq!(store.read(|view| view.tasks()).unwrap().len(), 0);
}
