//! The gate in front of every call that lets data leave, behind a ledger of a thousand events.
#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]

#[path = "../tests/sample/mod.rs"]
mod sample;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use jigap::consent::{EventKind, Ledger, SignedEvent};
use jigap::crypto::HostKey;
use jigap::gateway::wire::PayRequest;
use std::hint::black_box;

const EVENTS: usize = 1_000;

fn gate(c: &mut Criterion) {
    let (device, controller) = (HostKey::generate().unwrap(), HostKey::generate().unwrap());
    let [(often, _), (once, _)] = ["alipayplus", "unionpay"].map(|name| sample::document(name, 1, &controller));
    // The first event is the only one about its network: the gate has to look through all of them to find it.
    let mut events = vec![sample::consent(&once, EventKind::Granted, None, &device)];
    while events.len() < EVENTS {
        let kind = if events.len().is_multiple_of(2) { EventKind::Declined } else { EventKind::Granted };
        events.push(sample::consent(&often, kind, events.last(), &device));
    }
    let ledger = Ledger::new(events.clone()).unwrap();
    let mut group = c.benchmark_group("consent");
    for (name, document) in [("gate: the last of 1,000", &often), ("gate: the first of 1,000", &once)] {
        assert!(ledger.effective::<PayRequest>(document.network(), document.digest(), sample::START).is_ok());
        group.bench_function(name, |b| {
            b.iter(|| {
                black_box(&ledger).effective::<PayRequest>(document.network(), document.digest(), sample::START).is_ok()
            });
        });
    }
    group.bench_function("chain of 1,000", |b| b.iter_batched(|| events.clone(), Ledger::new, BatchSize::LargeInput));
    let one = events.pop().unwrap();
    group.bench_function("event: verify and read", |b| {
        b.iter_batched(
            || (one.bytes.clone(), one.signature.clone()),
            |(bytes, signature)| SignedEvent::open(bytes, signature, &device.public()).is_ok(),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

criterion_group!(benches, gate);
criterion_main!(benches);
