//! How long a code takes to draw, with the peers in the same run: `cargo bench -p jigap --bench draw`.
//!
//! libqrencode is a C library: it is timed by a C program (`qrencode.c`), compiled and run here, so that no foreign call
//! weighs on its figure. It needs `cc` and libqrencode (Debian: `apt-get install libqrencode-dev`).
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::print_stdout,
    reason = "a benchmark"
)]

use std::hint::black_box;
use std::process::Command;

use criterion::{Criterion, criterion_group, criterion_main};
use jigap::code::draw::qr::{self, Level, Segmentation};
use jigap::code::draw::{code128, picture};

/// A payment code of 19 digits, an EMV consumer code of 60 bytes, a merchant code of 250 bytes.
fn texts() -> [(&'static str, String); 3] {
    let consumer = "hQVDUFYwMWFaTwfUEAAAAUAQVxNTUCBpAAAAZtIAdgEAAAAAAAmfXzQBAmM2";
    let merchant = "00020101021226580014ID.CO.EXAMPLE.WWW01189360091100123456780215ID10200123456780303UMI51440014ID.CO.QRIS.WWW\
                    0215ID10200300400500303UMI5204581253033605405250005802ID5918WARUNG MAKAN CONTOH6013JAKARTA PUSAT\
                    610510110623201121234567890120712ABCDEF1234567 6304A1B2";
    let texts = [
        ("19 digits", "6212345678901234567".to_owned()),
        ("60 B", format!("{consumer:A<60.60}")),
        ("250 B", format!("{merchant:0<250.250}")),
    ];
    assert_eq!(texts.each_ref().map(|(_, text)| text.len()), [19, 60, 250]);
    texts
}

/// libqrencode over the same texts, in the same run.
fn libqrencode(_: &mut Criterion) {
    let folder = env!("CARGO_TARGET_TMPDIR");
    let program = format!("{folder}/qrencode");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/qrencode.c");
    let compiled = Command::new("cc").args(["-O2", "-o", &program, source, "-lqrencode"]).output();
    if !compiled.is_ok_and(|done| done.status.success()) {
        println!("libqrencode: NOT MEASURED, no cc or no libqrencode here (Debian: apt-get install libqrencode-dev)");
        return;
    }
    let done = Command::new(program).args(texts().map(|(_, text)| text)).output().unwrap();
    let medians = String::from_utf8(done.stdout).unwrap();
    for ((name, _), nanoseconds) in texts().iter().zip(medians.lines()) {
        println!("qr/{name}/libqrencode     median {nanoseconds} ns");
    }
}

fn qr_codes(c: &mut Criterion) {
    for (name, text) in texts() {
        let mut group = c.benchmark_group(format!("qr/{name}"));
        let ours = qr::encode(&text, Level::M, Segmentation::Smallest).unwrap();
        println!("qr/{name}: {ours:?}");
        group.bench_function("jigap", |b| b.iter(|| qr::encode(black_box(&text), Level::M, Segmentation::Smallest)));
        group.bench_function("jigap, bytes only", |b| {
            b.iter(|| qr::encode(black_box(&text), Level::M, Segmentation::ByteOnly));
        });
        group.bench_function("fast_qr", |b| {
            b.iter(|| fast_qr::QRBuilder::new(black_box(text.as_str())).ecl(fast_qr::ECL::M).build().unwrap());
        });
        group.bench_function("qrcode", |b| {
            b.iter(|| qrcode::QrCode::with_error_correction_level(black_box(&text), qrcode::EcLevel::M).unwrap());
        });
        group.bench_function("qrcodegen", |b| {
            b.iter(|| qrcodegen::QrCode::encode_text(black_box(&text), qrcodegen::QrCodeEcc::Medium).unwrap());
        });
        group.finish();
    }
}

fn code_128(c: &mut Criterion) {
    let mut group = c.benchmark_group("code128");
    group.bench_function("19 digits", |b| b.iter(|| code128::encode(black_box("6212345678901234567"))));
    group.bench_function("20 mixed", |b| b.iter(|| code128::encode(black_box("AB12345678cd90123456"))));
    group.finish();
}

fn pictures(c: &mut Criterion) {
    let [_, _, (_, text)] = texts();
    let modules = qr::encode(&text, Level::M, Segmentation::Smallest).unwrap();
    let mut group = c.benchmark_group("picture/250 B");
    group.bench_function("luma", |b| b.iter(|| picture::luma(black_box(&modules))));
    group.bench_function("rgba 1080", |b| b.iter(|| picture::rgba(black_box(&modules), 1080, 1080)));
    group.bench_function("svg", |b| b.iter(|| picture::svg(black_box(&modules))));
    group.bench_function("png, 8 px a module", |b| b.iter(|| picture::png(black_box(&modules), 8)));
    group.finish();
}

criterion_group!(benches, libqrencode, qr_codes, code_128, pictures);
criterion_main!(benches);
