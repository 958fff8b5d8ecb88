//! What other people's readers make of our symbols: zbarimg and zxing-cpp, both unchanged, read back every one of 2,000
//! random texts. `cargo xtask test` installs them; without them this says so, and on a build server it fails.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "test code"
)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jigap::code::draw::qr::{self, Level, Segmentation};
use jigap::code::draw::{code128, picture};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The Python of `cargo xtask`, with zxing-cpp in it.
fn python() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("python").join("bin/python")
}

fn missing() -> Option<&'static str> {
    let zbar = Command::new("zbarimg").arg("--version").output().is_ok();
    match (python().exists(), zbar) {
        (true, true) => None,
        (false, _) => Some("no Python with zxing-cpp: run `cargo xtask python` once"),
        (true, false) => Some("no zbarimg (Debian: apt-get install zbar-tools)"),
    }
}

/// What a payment code or a merchant code may hold, and the most characters that fit at level M.
fn kinds() -> Vec<(&'static str, BoxedStrategy<char>, usize)> {
    let of = |ranges: &[(char, char)]| {
        let ranges: Vec<_> = ranges.iter().map(|(a, b)| proptest::char::range(*a, *b)).collect();
        proptest::strategy::Union::new(ranges).boxed()
    };
    vec![
        ("digits", of(&[('0', '9')]), 5_596),
        ("base64", of(&[('0', '9'), ('A', 'Z'), ('a', 'z'), ('+', '+'), ('/', '/')]), 2_331),
        ("emv", of(&[('0', '9'), ('0', '9'), ('0', '9'), ('A', 'Z'), (' ', ' '), ('.', '.')]), 2_331),
        ("korean", of(&[('가', '힣'), ('0', '9'), (' ', ' ')]), 776),
        ("thai", of(&[('ก', 'ฮ'), ('ะ', 'ะ'), ('เ', 'ๅ'), ('0', '9')]), 776),
        ("chinese", of(&[('一', '龥'), ('0', '9')]), 776),
    ]
}

/// 2,000 QR texts: all lengths up to the limit, short ones more often, as in life. Seeded: a failure comes again.
fn texts() -> Vec<String> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, b"2,000 codes, as others read them");
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let kinds = kinds();
    let mut texts = Vec::new();
    for n in 0..2_010 {
        let (_, letter, most) = &kinds[n % kinds.len()];
        let longest = match n / kinds.len() % 4 {
            0 => 40,
            1 => 300.min(*most),
            2 => *most / 2,
            _ => *most,
        };
        let text = proptest::collection::vec(letter.clone(), 1..=longest)
            .prop_map(String::from_iter)
            .new_tree(&mut runner)
            .unwrap()
            .current();
        // A text of blanks at its ends is cut by XML and shells, not by readers of codes.
        texts.push(text.trim().to_owned());
    }
    texts.retain(|text| !text.is_empty());
    // The very limit of each kind.
    texts.extend(["7".repeat(5_596), "x".repeat(2_331), "한".repeat(776)]);
    texts
}

#[test]
fn two_readers_read_back_every_text() {
    if let Some(missing) = missing() {
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "CI=true, but {missing}");
        println!("SKIPPED, NOTHING TESTED: {missing}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut list = String::new();
    let texts = texts();
    assert!(texts.len() >= 2_000);
    for (n, text) in texts.iter().enumerate() {
        let level = Level::ALL[n / 24 % 4];
        let modules = qr::encode(text, level, Segmentation::Smallest)
            .or_else(|_| qr::encode(text, Level::M, Segmentation::Smallest))
            .unwrap();
        std::fs::write(folder.path().join(format!("{n}.png")), picture::png(&modules, 4).unwrap()).unwrap();
        writeln!(list, "{n}.png\tqr\t{}", STANDARD.encode(text)).unwrap();
    }
    for n in 0..200_usize {
        // Payment codes are digits; a letter here and there takes the encoder through its other sets.
        let mut text: String = (0..12 + n % 21).map(|at| char::from(b'0' + ((at * 7 + n * 13) % 10) as u8)).collect();
        if n % 3 == 0 {
            text.insert(n % text.len(), 'K');
        }
        let bars = code128::encode(&text).unwrap();
        std::fs::write(folder.path().join(format!("b{n}.png")), picture::png(&bars, 3).unwrap()).unwrap();
        writeln!(list, "b{n}.png\tcode128\t{}", STANDARD.encode(&text)).unwrap();
    }
    std::fs::write(folder.path().join("list.tsv"), list).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/readers/read.py");
    let said = Command::new(python()).arg(script).arg(folder.path()).output().unwrap();
    let (out, error) = (String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
    println!("{out}");
    assert!(said.status.success(), "{out}{error}");
    let all = texts.len() + 200;
    assert!(out.contains(&format!("zbarimg {all}/{all} zxing-cpp {all}/{all}")), "{out}");
}
