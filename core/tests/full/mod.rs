//! A wallet's home on disk with something of everything in it, for the tests of the store.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "test code, of which every test uses a part"
)]

use crate::sample::{self, LIMITS, NOW, ORDER_ENDS, START, answer, declined, money, network, succeeded, terms};
use jigap::consent::{Document, EventKind, Signed, SignedEvent};
use jigap::crypto::{Digest, HostKey, SystemRandom};
use jigap::error::{Code, Error, Result};
use jigap::id::Id;
use jigap::payment::{DeclineReason, Event, Origin, Payment, Preview, Record};
use jigap::present::{Code as ShownCode, CodeState};
use jigap::store::{Audit, Enrolment, Store, TaskKind};
use jigap::time::ServerAnchor;
use jigap::vault::{FileVault, Vault};
use jigap::wallet::Balance;
use rusqlite::Connection;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;

/// A place where a wallet keeps its things.
pub struct Home(pub TempDir);

impl Home {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn folder(&self) -> PathBuf {
        self.0.path().join("wallet")
    }

    pub fn file(&self) -> PathBuf {
        self.folder().join("wallet.db")
    }

    pub fn open_with(&self, vault: &dyn Vault) -> Result<Store> {
        Store::open(&self.folder(), vault, Arc::new(SystemRandom))
    }

    pub fn vault(&self) -> FileVault {
        FileVault::open(&self.0.path().join("vault")).unwrap()
    }

    pub fn open(&self) -> Result<Store> {
        self.open_with(&self.vault())
    }

    /// The database as anyone who holds the file may open it.
    pub fn raw(&self) -> Connection {
        Connection::open(self.file()).unwrap()
    }

    /// Everything in one file: the log is written back and emptied.
    pub fn checkpoint(&self) {
        self.raw().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    }

    /// Every byte this wallet has on disk.
    pub fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let files = fs::read_dir(self.folder()).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<_> = files.map(|path| (path.clone(), fs::read(path).unwrap())).collect();
        files.sort();
        files
    }
}

pub fn scanned(key: u8, order: u8) -> Record {
    let (payment, _) = Payment::begin(Id([key; 16]), ORDER_ENDS, START);
    let origin = Origin::Scanned { preview: Id([key; 16]), terms: Box::new(terms(order)), consent: Digest([1; 32]) };
    Record { payment, origin, created: START }
}

pub fn after(record: &Record, event: &Event) -> Record {
    Record { payment: record.payment.step(event, START, &LIMITS).0, ..record.clone() }
}

pub fn paid(record: &Record) -> Record {
    let answer = jigap::payment::Answer { key: record.payment.key, ..answer(4, succeeded("A-1")) };
    after(record, &Event::Answered(answer))
}

pub fn refused(record: &Record) -> Record {
    let answer =
        jigap::payment::Answer { key: record.payment.key, ..answer(4, declined(DeclineReason::LimitExceeded)) };
    after(record, &Event::Answered(answer))
}

/// Looks at everything, as the engine does in the background.
pub fn audited(store: &Store) -> Result<()> {
    let mut audit = Audit::default();
    while let Some(next) = store.read(|view| view.audit(&audit))? {
        audit = next;
    }
    Ok(())
}

pub fn put(store: &Store, record: &Record, request: Option<&[u8]>) -> Result<()> {
    store.write(|tx| tx.put_payment(record, request))
}

/// Something of everything a wallet keeps.
pub struct Full {
    pub device: HostKey,
    pub controller: HostKey,
    pub document: (Document, Signed),
    pub events: Vec<SignedEvent>,
    pub payments: Vec<Record>,
    pub codes: Vec<ShownCode>,
    pub preview: Preview,
    pub enrolment: Enrolment,
    pub anchor: ServerAnchor,
    pub balance: Balance,
}

impl Full {
    pub fn new() -> Self {
        let (device, controller) = (HostKey::generate().unwrap(), HostKey::generate().unwrap());
        let document = sample::document("alipayplus", 1, &controller);
        let granted = sample::consent(&document.0, EventKind::Granted, None, &device);
        let declined = sample::consent(&document.0, EventKind::Declined, Some(&granted), &device);
        let again = sample::consent(&document.0, EventKind::Granted, Some(&declined), &device);
        let withdrawn = sample::withdrawal(&again, &again, &device);
        let shown = |id: u8, state| ShownCode {
            id: Id([id; 16]),
            network: network("unionpay"),
            region: "CN".to_owned(),
            digits: format!("62123456789012345{id}"),
            expires: ORDER_ENDS,
            state,
            offline: false,
        };
        Self {
            events: vec![granted, declined, again, withdrawn],
            payments: vec![after(&scanned(1, 1), &Event::Lost), paid(&scanned(2, 2)), refused(&scanned(3, 3))],
            codes: vec![shown(11, CodeState::Fresh), shown(12, CodeState::Shown)],
            preview: Preview { id: Id([42; 16]), terms: terms(9), nonce: [6; 16] },
            enrolment: Enrolment { device: Id([5; 16]), device_key: device.public(), user_key: controller.public() },
            anchor: ServerAnchor { server: START, at: NOW },
            balance: Balance { amount: money("KRW", 988_322), version: 3 },
            document,
            device,
            controller,
        }
    }

    pub fn fill(&self, store: &Store) {
        store
            .write(|tx| {
                tx.set(&self.enrolment)?;
                tx.set(&self.document.1)?;
                tx.set(&self.anchor)?;
                tx.set(&self.balance)?;
                tx.keep_document(&self.document.0, &self.document.1)?;
                tx.keep_preview(&self.preview, START)?;
                for code in &self.codes {
                    tx.put_code(&ShownCode { state: CodeState::Fresh, ..code.clone() })?;
                    tx.put_code(code)?;
                }
                self.events.iter().try_for_each(|event| tx.append_consent(event))?;
                tx.owe(TaskKind::Ask, &[1; 16], START)
            })
            .unwrap();
        for record in &self.payments {
            let Origin::Scanned { preview, .. } = record.origin else { panic!() };
            put(store, &scanned(preview.0[0], preview.0[0]), Some(&preview.0)).unwrap();
            put(store, record, None).unwrap();
        }
    }

    /// Reads all of it. What differs from the truth is a failed test, unless it is an error.
    pub fn read(&self, store: &Store) -> Result<()> {
        store.read(|view| {
            let tasks = view.tasks()?;
            assert!(tasks.iter().all(|task| (task.kind, task.due) == (TaskKind::Ask, START)), "{tasks:?}");
            // One that cannot be believed stops no other, and is told of.
            if view.spoiled_tasks()? > 0 {
                return Err(Error::new(Code::StoreDamaged).with("table", "task"));
            }
            let ledger = view.ledger(&self.device.public())?;
            assert_eq!(ledger.events(), self.events);
            assert_eq!(view.ledger_length()?, 4);
            // A setting that is not found makes the wallet ask for it again: that loses nothing.
            assert!(view.setting()?.is_none_or(|found: Enrolment| found == self.enrolment));
            assert!(view.setting()?.is_none_or(|found: ServerAnchor| found == self.anchor));
            assert!(view.setting()?.is_none_or(|found: Balance| found == self.balance));
            assert!(view.setting()?.is_none_or(|found: Signed| found == self.document.1));
            let mut history: Vec<Record> = view.history(None, 50)?.into_iter().map(|(_, record)| record).collect();
            history.sort_by_key(|record| record.payment.key);
            assert_eq!(history, self.payments);
            let unended = view.unended_payments()?;
            assert_eq!(unended, self.payments[..1]);
            for record in &self.payments {
                let key = record.payment.key;
                assert_eq!(view.payment(key)?.as_ref(), Some(record));
                assert_eq!(view.payment_of_preview(key)?.as_ref(), Some(record));
                let holder = (!record.payment.state.frees_order()).then_some(record);
                assert_eq!(view.payment_of_order(key)?.as_ref(), holder);
                assert_eq!(view.request(key)?, key.0);
            }
            let mut codes = view.live_codes()?;
            codes.sort_by_key(|code| code.id);
            assert_eq!(codes, self.codes);
            for code in &self.codes {
                assert_eq!(view.code(code.id)?.as_ref(), Some(code));
            }
            // A preview or a document that is not found is asked for again: that loses nothing.
            let preview = view.preview(self.preview.id)?;
            assert!(preview.is_none_or(|preview| preview == self.preview));
            let document = view.document(self.document.0.digest(), &self.controller.public())?;
            assert!(document.is_none_or(|document| document == self.document.0));
            Ok(())
        })
    }
}
