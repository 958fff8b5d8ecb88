//! The payment machine: what deciding costs, next to what it decides about.
#![allow(missing_docs, reason = "a bench")]

#[path = "../tests/sample/mod.rs"]
mod sample;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use jigap::payment::{Event, Known, Payment};
use sample::{KEY, LIMITS, ORDER_ENDS, START, answer, succeeded};
use std::hint::black_box;

fn step(c: &mut Criterion) {
    let (sending, _) = Payment::begin(KEY, ORDER_ENDS, START);
    let (unknown, _) = sending.step(&Event::Lost, START, &LIMITS);
    let paid = Event::Answered(answer(4, succeeded("A-1")));
    let mut group = c.benchmark_group("payment");
    for (name, payment, event) in [
        ("step: answer lost", &sending, &Event::Lost),
        ("step: never seen, send again", &unknown, &Event::NotSeen),
        ("step: paid", &sending, &paid),
    ] {
        group.bench_function(name, |b| b.iter(|| black_box(payment).step(black_box(event), START, &LIMITS)));
    }
    let known = || Known::from_answer(answer(4, succeeded("A-1")));
    group.bench_function("merge", |b| {
        b.iter_batched(|| (known(), known()), |(one, other)| one.merge(other), BatchSize::SmallInput);
    });
    group.finish();
}

criterion_group!(benches, step);
criterion_main!(benches);
