//! The store on this machine's disk: a durable commit next to the floor that the disk itself sets, a page of history,
//! and the cold start up to the first code.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, reason = "a bench")]

#[path = "../tests/sample/mod.rs"]
mod sample;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use jigap::code::draw::{code128, picture, qr};
use jigap::crypto::{Digest, SystemRandom};
use jigap::id::Id;
use jigap::payment::{Answer, Event, Origin, Payment, Record};
use jigap::present::{Code, CodeState, next};
use jigap::store::{Cursor, Store, TaskKind};
use jigap::vault::FileVault;
use sample::{LIMITS, ORDER_ENDS, START, answer, network, succeeded, terms};
use std::hint::black_box;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// Not in the system's folder for temporary files, which may be memory.
fn folder() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

fn open(folder: &Path) -> Store {
    let vault = FileVault::open(&folder.join("vault")).unwrap();
    Store::open(&folder.join("wallet"), &vault, Arc::new(SystemRandom)).unwrap()
}

fn record(n: u64) -> Record {
    let id = Id(u128::from(n).to_be_bytes());
    let mut terms = terms(1);
    terms.order = id;
    let origin = Origin::Scanned { preview: id, terms: Box::new(terms), consent: Digest([1; 32]) };
    Record { payment: Payment::begin(id, ORDER_ENDS, START).0, origin, created: START }
}

fn paid(record: &Record) -> Record {
    let answer = Answer { key: record.payment.key, ..answer(4, succeeded("A-1")) };
    Record { payment: record.payment.step(&Event::Answered(answer), START, &LIMITS).0, ..record.clone() }
}

fn commit(c: &mut Criterion) {
    let folder = folder();
    let store = open(folder.path());
    let mut log = std::fs::File::create(folder.path().join("floor")).unwrap();
    let (request, mut n) = (vec![b'x'; 1_200], 0u64);
    let mut group = c.benchmark_group("durable");
    group.sample_size(40);
    group.bench_function("floor: append 4 KiB, fdatasync", |b| {
        b.iter(|| {
            log.write_all(&[7; 4096]).unwrap();
            log.sync_data().unwrap();
        });
    });
    // What SQLite's log does once it has reached its size: the file does not grow, only the data has to go down.
    group.bench_function("floor: overwrite 4 KiB, fdatasync", |b| {
        b.iter(|| {
            log.seek(SeekFrom::Start(0)).unwrap();
            log.write_all(&[7; 4096]).unwrap();
            log.sync_data().unwrap();
        });
    });
    group.bench_function("intent: row, request, journal, task", |b| {
        b.iter(|| {
            n += 1;
            let record = record(n);
            store
                .write(|tx| {
                    tx.put_payment(&record, Some(&request))?;
                    tx.owe(TaskKind::Send, &record.payment.key.0, START)
                })
                .unwrap();
        });
    });
    let intent = record(1);
    group.bench_function("receipt: row, journal, task", |b| {
        b.iter(|| {
            store
                .write(|tx| {
                    tx.put_payment(&paid(&intent), None)?;
                    tx.paid(TaskKind::Send, &intent.payment.key.0)
                })
                .unwrap();
        });
    });
    group.finish();
}

/// A payment as it stands in a long history: a shown code that a shop scanned, charged.
fn kept(n: u64) -> Record {
    let key = Id(u128::from(n).to_be_bytes());
    let merchant = Some(terms(1).merchant);
    let origin = Origin::Shown { network: network("unionpay"), region: "CN".to_owned(), merchant };
    let answer = Answer { key, ..answer(4, succeeded("A-1")) };
    Record { payment: Payment::heard(answer, START, &LIMITS).0, origin, created: START }
}

/// So many kept payments and three fresh codes. A large one is made once and stays below `target`.
fn home(count: u64) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("history-2-{count}"));
    let store = open(&folder);
    let there = store.read(|view| view.history(None, 1)).unwrap().first().map_or(0, |(cursor, _)| cursor.0);
    let there = u64::try_from(there).unwrap();
    for first in (there..count).step_by(5_000) {
        let last = count.min(first + 5_000);
        store.write(|tx| (first..last).try_for_each(|n| tx.put_payment(&kept(n), None))).unwrap();
    }
    let code = |n: u8| Code {
        id: Id([n; 16]),
        network: network("unionpay"),
        region: "CN".to_owned(),
        digits: format!("62123456789012345{n:02}"),
        expires: ORDER_ENDS.plus(i64::from(n)),
        offline: false,
        state: CodeState::Fresh,
    };
    if store.read(|view| view.live_codes()).unwrap().is_empty() {
        store.write(|tx| (1..=3).try_for_each(|n| tx.put_code(&code(n)))).unwrap();
    }
    folder
}

fn history(c: &mut Criterion) {
    let mut group = c.benchmark_group("history");
    for count in [1_000, 1_000_000] {
        let store = open(&home(count));
        let page = |before| store.read(|view| view.history(before, 50)).unwrap();
        group.bench_function(format!("newest 50 of {count}"), |b| b.iter(|| page(black_box(None))));
        let middle = Some(Cursor(i64::try_from(count / 2).unwrap()));
        group.bench_function(format!("50 from the middle of {count}"), |b| b.iter(|| page(black_box(middle))));
    }
    group.finish();
}

/// Has the system forget a file, so that opening reads the disk.
#[cfg(target_os = "linux")]
fn forget(folder: &Path) {
    for file in std::fs::read_dir(folder.join("wallet")).unwrap().map(Result::unwrap) {
        let file = std::fs::File::open(file.path()).unwrap();
        file.sync_all().unwrap();
        rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed).unwrap();
    }
}

fn first_code(folder: &Path) -> (picture::Luma, picture::Luma) {
    let store = open(folder);
    let codes = store.read(|view| view.live_codes()).unwrap();
    let code = next(&codes, network("unionpay"), "CN", START).unwrap();
    let symbol = qr::encode(&code.digits, qr::Level::M, qr::Segmentation::Smallest).unwrap();
    (picture::luma(&symbol), picture::luma(&code128::encode(&code.digits).unwrap()))
}

fn start(c: &mut Criterion) {
    let mut group = c.benchmark_group("start");
    group.sample_size(20);
    for count in [0, 1_000, 1_000_000] {
        let folder = home(count);
        let file = folder.join("wallet/wallet.db");
        group.bench_function(format!("floor: read a page of the file, {count} payments"), |b| {
            b.iter(|| {
                let mut page = [0; 4096];
                std::fs::File::open(&file).unwrap().read_exact(&mut page).unwrap();
                page
            });
        });
        group.bench_function(format!("open to first code drawn, {count} payments, warm"), |b| {
            b.iter(|| first_code(&folder));
        });
        #[cfg(target_os = "linux")]
        group.bench_function(format!("open to first code drawn, {count} payments, file cold"), |b| {
            b.iter_batched(|| forget(&folder), |()| first_code(&folder), BatchSize::PerIteration);
        });
    }
    group.finish();
}

criterion_group!(benches, commit, history, start);
criterion_main!(benches);
