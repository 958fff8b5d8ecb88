//! WOC-1 against an independent implementation in Python (`readers/woc1.py`), by a file of vectors and by playing the
//! gateway. `cargo xtask python` installs what it needs; without it this says so, and on a build server it fails.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "test code"
)]

use jigap::crypto::{HostKey, PublicKey, SystemRandom};
use jigap::error::Code;
use jigap::id::Id;
use jigap::present::offline::{Batch, KeysResponse, Layout, Provisioning, Woc1, issuer};
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const VECTORS: &str = include_str!("vectors/woc1.json");

fn python() -> Option<PathBuf> {
    let python = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("python").join("bin/python");
    if python.exists() {
        return Some(python);
    }
    let missing = "no Python with cryptography: run `cargo xtask python` once";
    assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "CI=true, but {missing}");
    println!("SKIPPED, NOTHING TESTED: {missing}");
    None
}

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/readers/woc1.py")
}

fn bytes(hex: &Value) -> Vec<u8> {
    let hex = hex.as_str().unwrap();
    (0..hex.len() / 2).map(|n| u8::from_str_radix(hex.get(2 * n..2 * n + 2).unwrap(), 16).unwrap()).collect()
}

#[test]
fn the_core_makes_the_codes_of_the_vectors() {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    let codes = vectors["codes"].as_array().unwrap();
    assert!(codes.len() >= 8);
    for v in codes {
        let (epoch, handle) = (u32::try_from(v["epoch"].as_u64().unwrap()).unwrap(), v["handle"].as_str().unwrap());
        let master = bytes(&v["master"]).try_into().unwrap();
        let key = issuer::key_of(&master, Id::parse(v["device"].as_str().unwrap()).unwrap(), epoch, handle);
        assert_eq!(key.secret.to_vec(), bytes(&v["key"]));
        assert_eq!(key.id().to_string(), v["id"].as_str().unwrap());
        let code = Woc1.write(&key, v["prefix"].as_str().unwrap(), epoch, v["step"].as_u64().unwrap()).unwrap();
        assert_eq!(code, v["code"].as_str().unwrap());
        let parts = Woc1::parse(&code).unwrap();
        assert_eq!((parts.handle, u32::from(parts.epoch)), (handle, epoch % 10));
    }
    for v in vectors["transport"].as_array().unwrap() {
        let batch = Batch::open(&bytes(&v["plain"])).unwrap();
        assert_eq!(batch.canonical().to_vec(), bytes(&v["plain"]), "the same bytes again");
        assert_eq!(u64::from(batch.epoch), v["epoch"].as_u64().unwrap());
    }
}

#[test]
fn python_makes_the_codes_of_the_vectors() {
    let Some(python) = python() else { return };
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/woc1.json");
    let done = Command::new(python).arg(script()).arg("vectors").arg(file).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    println!("{}", String::from_utf8_lossy(&done.stdout));
}

#[test]
fn python_plays_the_gateway_and_the_core_opens_its_batch() {
    let Some(python) = python() else { return };
    let (device, device_key) = (Id([7; 16]), HostKey::generate().unwrap());
    let begun = Provisioning::begin(device, 4, &SystemRandom, |bytes| device_key.sign(bytes)).unwrap();
    let asked = json!({ "request": begun.request(), "device": device.to_string(), "device_key": device_key.public() });
    let mut child = Command::new(python)
        .arg(script())
        .arg("issue")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(asked.to_string().as_bytes()).unwrap();
    let done = child.wait_with_output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let said: Value = serde_json::from_slice(&done.stdout).unwrap();
    let answer: KeysResponse = serde_json::from_value(said["answer"].clone()).unwrap();
    let signer: PublicKey = serde_json::from_value(said["signer"].clone()).unwrap();
    let batch = begun.finish(&answer, &signer).unwrap();
    assert_eq!((batch.epoch, batch.keys.len(), batch.limits.payment.to_string()), (5, 4, "KRW 50,000".to_owned()));
    for (n, key) in batch.keys.iter().enumerate() {
        let codes: Vec<String> =
            [0, 59_833_333, 1 << 63].map(|step| Woc1.write(key, "2810", 5, step).unwrap()).to_vec();
        assert_eq!(json!(codes), said["codes"][n]);
        assert_eq!(json!(key.id().to_string()), said["ids"][n]);
    }
}

#[test]
fn an_answer_that_was_touched_or_is_for_another_is_refused() {
    let (device, device_key, signer) = (Id([7; 16]), HostKey::generate().unwrap(), HostKey::generate().unwrap());
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    let mut batch = Batch::open(&bytes(&vectors["transport"][0]["plain"])).unwrap();
    batch.epoch = 5;
    let begin = |epoch| Provisioning::begin(device, epoch, &SystemRandom, |bytes| device_key.sign(bytes)).unwrap();
    let answer_to = |begun: &Provisioning| {
        assert!(begun.request().verifies(device, &device_key.public()));
        assert!(!begun.request().verifies(Id([8; 16]), &device_key.public()));
        issuer::answer(device, begun.request(), &batch, &SystemRandom, |bytes| signer.sign(bytes)).unwrap()
    };
    let begun = begin(4);
    let answer = answer_to(&begun);
    assert_eq!(begun.finish(&answer, &signer.public()).unwrap(), batch);

    let field = |result: Result<Batch, jigap::error::Error>| {
        let error = result.unwrap_err();
        assert_eq!(error.code(), Code::GatewayAnswer);
        error.field("field").unwrap().to_string()
    };
    let begun = begin(4);
    let mut touched = answer_to(&begun);
    touched.sealed.0[9] ^= 1;
    assert_eq!(field(begun.finish(&touched, &signer.public())), "signature");
    let begun = begin(4);
    let answer = answer_to(&begun);
    assert_eq!(field(begun.finish(&answer, &HostKey::generate().unwrap().public())), "signature");
    let (one, other) = (begin(4), begin(4));
    assert_eq!(field(other.finish(&answer_to(&one), &signer.public())), "signature", "another request's answer");
    let begun = begin(5);
    let answer = answer_to(&begun);
    assert_eq!(field(begun.finish(&answer, &signer.public())), "epoch", "never back to older keys");
}
