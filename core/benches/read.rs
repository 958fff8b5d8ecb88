//! How long a code takes to read, with the peers in the same run: `cargo bench -p jigap --bench read`.
//!
//! Ten payloads of nine schemes, 74 to 363 bytes, one with a Chinese name. The peers panic on that one, so they get the
//! other nine.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark"
)]

use std::collections::HashMap;
use std::hint::black_box;
use std::time::Instant;

use criterion::{Criterion, criterion_group, criterion_main};
use jigap::code::emv::{Mpm, crc16};
use jigap::code::{Rules, classify, read};

/// Begins of the sources of the vectors, in the order of the report.
const SOURCES: [&str; 10] = [
    "PROMPTPAY-29",
    "PROMPTPAY-30",
    "QRIS-26/51",
    "SGQR-WECHAT",
    "VIETQR-38",
    "UPI-MPM",
    "npm pix-utils",
    "KHQR-29",
    "DUITNOW-HASH:",
    "synthetic, encoder of this repository's authors in Python, FPS mobile, Chinese name",
];

fn payloads() -> Vec<String> {
    let lines: Vec<serde_json::Value> = include_str!("../tests/vectors/schemes.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let find = |source: &&str| {
        let line = lines.iter().find(|line| line["source"].as_str().unwrap().starts_with(*source));
        line.unwrap_or_else(|| panic!("{source}"))["payload"].as_str().unwrap().to_owned()
    };
    SOURCES.iter().map(find).collect()
}

/// All that `emv-qrcps` found at the root; its own derive reads only the fields of PIX.
struct Found<'a>(HashMap<String, &'a str>);

impl<'a> emv_qrcps::Parsed<'a> for Found<'a> {
    fn from_lookup(map: &mut HashMap<&str, &'a str>) -> Self {
        Self(map.iter().map(|(tag, value)| ((*tag).to_owned(), *value)).collect())
    }
}

/// Nanoseconds a payload, median of 2001 rounds over all of them.
fn median(payloads: &[String], mut work: impl FnMut(&str)) -> u128 {
    const INNER: u32 = 50;
    let mut rounds: Vec<u128> = (0..2001)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..INNER {
                payloads.iter().for_each(|payload| work(payload));
            }
            start.elapsed().as_nanos()
        })
        .collect();
    rounds.sort_unstable();
    rounds[rounds.len() / 2] / u128::from(INNER) / u128::try_from(payloads.len()).unwrap()
}

/// What was made has to be made.
fn keep<T>(value: T) {
    black_box(value);
}

fn peer_emv_qrcps(text: &str) {
    assert!(emv_qrcps::helpers::validate(black_box(text)));
    let found: Found<'_> = emv_qrcps::base_parser(black_box(text));
    black_box(found.0.len());
}

fn peer_promptparse(text: &str) {
    black_box(promptparse::parse(black_box(text), true, true).unwrap());
}

/// One line a row, to be held against the budget of 250 ns and four times the fastest peer.
fn report() {
    let all = payloads();
    let ascii: Vec<String> = all.iter().filter(|p| p.is_ascii()).cloned().collect();
    let rules = Rules::every_scheme();
    let lengths: Vec<usize> = all.iter().map(String::len).collect();
    println!("payloads of {lengths:?} bytes; ns a payload, median");
    let line = |name: &str, ns: u128| println!("  {name:<52}{ns:>6}");
    line("checksum alone", median(&all, |p| keep(crc16(black_box(p.as_bytes())))));
    line("TLV + checksum", median(&all, |p| keep(Mpm::parse(black_box(p)).unwrap())));
    line("TLV + checksum + classify", median(&all, |p| keep(classify(black_box(p)).unwrap())));
    line("read, with rules, guards and facts", median(&all, |p| keep(read(black_box(p), &rules))));
    line("nine ASCII: TLV + checksum + classify", median(&ascii, |p| keep(classify(black_box(p)).unwrap())));
    line("nine ASCII: emv-qrcps 0.1.1 (TLV + checksum)", median(&ascii, peer_emv_qrcps));
    line("nine ASCII: promptparse 1.2.0 (TLV + checksum)", median(&ascii, peer_promptparse));
}

fn reading(c: &mut Criterion) {
    report();
    let all = payloads();
    let rules = Rules::every_scheme();
    let mut group = c.benchmark_group("read/ten payloads");
    group.bench_function("classify", |b| b.iter(|| all.iter().for_each(|p| keep(classify(black_box(p))))));
    group.bench_function("read", |b| b.iter(|| all.iter().for_each(|p| keep(read(black_box(p), &rules)))));
    group.finish();
}

criterion_group!(benches, reading);
criterion_main!(benches);
