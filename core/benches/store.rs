//! The store on this machine's disk: a durable commit next to the floor that the disk itself sets, a page of history,
//! and the cold start up to the first code.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, reason = "a bench")]

#[path = "../tests/sample/mod.rs"]
mod sample;

use criterion::{Criterion, criterion_group, criterion_main};
use jigap::code::draw::{code128, picture, qr};
use jigap::crypto::{Digest, SystemRandom};
use jigap::id::Id;
use jigap::payment::{Answer, Event, Origin, Payment, Record};
use jigap::present::{Code, CodeState, next};
use jigap::store::{Store, TaskKind};
use jigap::vault::FileVault;
use sample::{LIMITS, ORDER_ENDS, START, answer, network, succeeded, terms};
use std::hint::black_box;
use std::io::{Seek, SeekFrom, Write};
use std::sync::Arc;
use tempfile::TempDir;

/// Not in the system's folder for temporary files, which may be memory.
fn folder() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

fn open(folder: &TempDir) -> Store {
    let vault = FileVault::open(&folder.path().join("vault")).unwrap();
    Store::open(&folder.path().join("wallet"), &vault, Arc::new(SystemRandom)).unwrap()
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

/// So many paid payments, in commits of a hundred.
fn fill(store: &Store, count: u64) {
    let request = vec![b'x'; 1_200];
    for first in (0..count).step_by(100) {
        let put = |n: u64| paid(&record(n));
        store
            .write(|tx| (first..count.min(first + 100)).try_for_each(|n| tx.put_payment(&put(n), Some(&request))))
            .unwrap();
    }
}

fn commit(c: &mut Criterion) {
    let folder = folder();
    let store = open(&folder);
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

fn history(c: &mut Criterion) {
    let folder = folder();
    let store = open(&folder);
    fill(&store, 1_000);
    let mut group = c.benchmark_group("history");
    group.bench_function("page of 50 of 1,000", |b| {
        b.iter(|| store.read(|view| view.history(black_box(None), 50)).unwrap());
    });
    group.finish();
}

fn start(c: &mut Criterion) {
    let mut group = c.benchmark_group("start");
    group.sample_size(20);
    for count in [0, 100, 1_000, 5_000] {
        let folder = folder();
        let store = open(&folder);
        fill(&store, count);
        let code = |n: u8| Code {
            id: Id([n; 16]),
            network: network("unionpay"),
            region: "CN".to_owned(),
            digits: format!("62123456789012345{n:02}"),
            expires: ORDER_ENDS.plus(i64::from(n)),
            state: CodeState::Fresh,
            offline: false,
        };
        store.write(|tx| (1..=3).try_for_each(|n| tx.put_code(&code(n)))).unwrap();
        drop(store);
        group.bench_function(format!("open, with {count} payments"), |b| b.iter(|| open(&folder)));
        group.bench_function(format!("open to first code drawn, with {count} payments"), |b| {
            b.iter(|| {
                let store = open(&folder);
                let codes = store.read(|view| view.live_codes()).unwrap();
                let code = next(&codes, network("unionpay"), "CN", START).unwrap();
                let symbol = qr::encode(&code.digits, qr::Level::M, qr::Segmentation::Smallest).unwrap();
                (picture::luma(&symbol), picture::luma(&code128::encode(&code.digits).unwrap()))
            });
        });
    }
    group.finish();
}

criterion_group!(benches, commit, history, start);
criterion_main!(benches);
