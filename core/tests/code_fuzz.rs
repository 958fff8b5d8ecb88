//! The fuzz targets (`core/fuzz`), run over their corpora: what a search found once is never lost again.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    unreachable_pub,
    missing_docs,
    reason = "test code"
)]

#[path = "../fuzz/targets.rs"]
mod targets;

use std::path::Path;

/// Runs every file of a corpus, and every file cut in the middle.
fn replay(name: &str, target: fn(&[u8]), fewest: usize) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= fewest, "{name}: {} files", files.len());
    for file in files {
        let data = std::fs::read(&file).unwrap();
        for data in [&data[..], &data[..data.len() / 2]] {
            let ran = std::panic::catch_unwind(|| target(data));
            assert!(ran.is_ok(), "{}, {} bytes of it", file.display(), data.len());
        }
    }
}

#[test]
fn merchant_presented_codes() {
    replay("mpm", targets::mpm, 70);
}

#[test]
fn consumer_presented_codes() {
    replay("cpm", targets::cpm, 9);
}

#[test]
fn texts() {
    replay("read", targets::read_text, 60);
}

#[test]
fn links() {
    replay("link", targets::link, 27);
}

#[cfg(feature = "images")]
#[test]
fn picture_files() {
    replay("image", targets::image, 14);
}

#[test]
fn frames() {
    replay("frame", targets::frame, 10);
}

#[test]
fn the_bug_put_there_on_purpose_is_one() {
    targets::canary(b"5904SHOP");
    assert!(std::panic::catch_unwind(|| targets::canary(b"5904SEED")).is_err());
}
