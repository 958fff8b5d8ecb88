//! The small slices: money, terms, shown codes, seals, the bytes a request is signed over. Each is on the way of every
//! payment, so each has a figure. Codes, drawing, payment, consent and store have benches of their own.
#![allow(clippy::unwrap_used, missing_docs, reason = "a bench stops at the first surprise")]

use criterion::{Criterion, criterion_group, criterion_main};
use jigap::crypto::{Digest, HostKey, SystemRandom};
use jigap::gateway::wire::request_to_sign;
use jigap::id::Id;
use jigap::money::{Currency, Money, Rate};
use jigap::network::Network;
use jigap::payment::{Merchant, Preview, Terms};
use jigap::present::{Code, CodeEvent, CodeState, Waiting, next};
use jigap::time::ServerMs;
use jigap::vault::{Place, RootKey};
use std::hint::black_box;

fn currency(alpha: &str) -> Currency {
    Currency::from_alpha(alpha).unwrap()
}

fn terms() -> Terms {
    let rate = Rate { from: currency("JPY"), to: currency("KRW"), mantissa: 91_234, scale: 4 };
    let amount = Money::from_minor(rate.from, 1_280);
    Terms {
        order: Id([1; 16]),
        quote: Id([2; 16]),
        network: Network::parse("alipayplus").unwrap(),
        code: Digest([3; 32]),
        merchant: Merchant {
            name: "Kuromon Takoyaki".to_owned(),
            local_name: Some("黒門たこ焼き".to_owned()),
            city: Some("Osaka".to_owned()),
            country: "JP".to_owned(),
        },
        amount,
        home: rate.convert(amount).unwrap(),
        rate,
        expires: ServerMs(180_000),
    }
}

fn money(c: &mut Criterion) {
    let yuan = Rate { from: currency("CNY"), to: currency("KRW"), mantissa: 19_250, scale: 2 };
    let amount = Money::parse(yuan.from, "1234567.89").unwrap();
    let mut group = c.benchmark_group("money");
    group.bench_function("parse", |b| b.iter(|| Money::parse(yuan.from, black_box("1234567.89"))));
    group.bench_function("convert", |b| b.iter(|| yuan.convert(black_box(amount))));
    group.bench_function("format", |b| b.iter(|| black_box(amount).to_string()));
    group.finish();
}

fn agreeing(c: &mut Criterion) {
    let (terms, key) = (terms(), HostKey::generate().unwrap());
    let preview = Preview::new(terms.clone(), ServerMs(0), &SystemRandom).unwrap();
    let challenge = preview.challenge(Id([4; 16]));
    let signature = key.sign(&challenge).unwrap();
    let mut group = c.benchmark_group("agreeing");
    group.bench_function("terms: check", |b| b.iter(|| black_box(&terms).check()));
    group.bench_function("terms: digest", |b| b.iter(|| black_box(&terms).digest()));
    group.bench_function("proof: verify", |b| b.iter(|| key.public().verifies(black_box(&challenge), &signature)));
    group.finish();
}

fn presenting(c: &mut Criterion) {
    let network = Network::parse("unionpay").unwrap();
    let codes: Vec<_> = (0..10u8)
        .map(|n| Code {
            id: Id([n; 16]),
            network,
            region: "CN".to_owned(),
            digits: "6212345678901234567".to_owned(),
            expires: ServerMs(60_000_i64.saturating_add(i64::from(n))),
            state: CodeState::Fresh,
            offline: false,
        })
        .collect();
    let waiting = Waiting { on_screen_ms: 1_000, afterwards_ms: 5_000 };
    let mut group = c.benchmark_group("presenting");
    group.bench_function("next of ten", |b| b.iter(|| next(black_box(&codes), network, "CN", ServerMs(0)).is_some()));
    group.bench_function("step", |b| {
        b.iter(|| codes.first().map(|code| code.step(black_box(CodeEvent::Show), ServerMs(0), &waiting)));
    });
    group.finish();
}

fn sealing(c: &mut Criterion) {
    let keys = RootKey::generate(&SystemRandom).unwrap().derive().unwrap();
    let place = Place { database: b"db", table: "payment", column: "s_body", row: &[7; 16], version: 1 };
    let plain = [5; 300];
    let sealed = keys.seal(&place, &plain, &SystemRandom).unwrap();
    let mut group = c.benchmark_group("sealing");
    group.bench_function("seal 300 B", |b| b.iter(|| keys.seal(&place, black_box(&plain), &SystemRandom).unwrap()));
    group.bench_function("open 300 B", |b| b.iter(|| keys.open(&place, black_box(&sealed)).unwrap()));
    group.finish();
}

fn signing(c: &mut Criterion) {
    let (key, body) = (HostKey::generate().unwrap(), vec![b'x'; 1_200]);
    let mut group = c.benchmark_group("signing");
    group.bench_function("request: bytes", |b| {
        b.iter(|| request_to_sign("POST", "/v1/payments", Id([1; 16]), black_box(&body)));
    });
    let bytes = request_to_sign("POST", "/v1/payments", Id([1; 16]), &body);
    group.bench_function("request: sign", |b| b.iter(|| key.sign(black_box(&bytes)).unwrap()));
    group.finish();
}

criterion_group!(benches, money, agreeing, presenting, sealing, signing);
criterion_main!(benches);
