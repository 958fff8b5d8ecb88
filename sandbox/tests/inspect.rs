//! The inspector, as a program is used: arguments, pictures, lines, exit codes.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "test code")]

use jigap::code::draw::{picture, qr};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Output, Stdio};

const BIN: &str = env!("CARGO_BIN_EXE_jigap-sandbox");

/// `EMV-1`, `SGQR-PAYNOW-DYN`, `PROMPTPAY-30` and `KHQR-29` of the vectors.
const EMV: &str = "00020101021229300012D156000000000510A93FO3230Q31280012D15600000001030812345678520441115802CN5914BEST TRANSPORT6007BEIJING64200002ZH0104最佳运输0202北京540523.7253031565502016233030412340603***0708A60086670902ME91320016A0112233449988770708123456786304A13A";
const PAYNOW: &str = "00020101021226580009SG.PAYNOW010120213201929813CSPP030100414202308011802005204000053037025402205802SG5925SHOPEEPAY PRIVATE LIMITED6009SINGAPORE62270123SPP1844414393533165284563047A0C";
const BILL: &str =
    "00020101021230650016A00000067701011201150994000165501000212123456789012030667042953037645802TH54073649.2263044534";
const UNIONPAY: &str = "000201010212153127330524000203441005000000000015204729953035245406150.005802NP5915TEST MERCHANT 16009KATHMANDU62600120201809281708350113950520201809281708350113960708100505016304b919";

fn inspect(arguments: &[&str]) -> Output {
    Command::new(BIN).arg("inspect").args(arguments).stdin(Stdio::null()).output().unwrap()
}

fn page(arguments: &[&str]) -> String {
    let output = inspect(arguments);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn lines(arguments: &[&str], input: &[u8]) -> Vec<Value> {
    let mut child = Command::new(BIN)
        .args(["inspect", "--jsonl"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut stdin, input) = (child.stdin.take().unwrap(), input.to_vec());
    let writer = std::thread::spawn(move || stdin.write_all(&input).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert_eq!(output.status.code(), Some(0));
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_line_has_every_key_in_its_place() {
    let answers = lines(&["--all-networks"], format!("{}\n{}\n", json!(BILL), json!(EMV)).as_bytes());
    let keys: Vec<&str> = answers[0].as_object().unwrap().keys().map(String::as_str).collect();
    let mut wanted = [
        "reading",
        "reason",
        "schemes",
        "p2p",
        "country",
        "currency",
        "amount",
        "initiation",
        "merchant_name",
        "merchant_city",
        "local_name",
        "local_city",
        "mcc",
        "account",
        "bank",
        "reference",
        "bill_number",
        "store",
        "terminal",
        "postal_code",
        "expiry",
        "fields",
        "networks",
        "warnings",
        "fault",
    ];
    wanted.sort_unstable();
    assert_eq!(keys, wanted);
    let said = |key: &str| answers[0][key].clone();
    assert_eq!(said("reading"), "payable");
    assert_eq!(said("schemes"), json!(["promptpay_bill"]));
    assert_eq!((said("country"), said("currency"), said("amount")), (json!("TH"), json!("764"), json!("3649.22")));
    assert_eq!((said("account"), said("reference")), (json!("099400016550100"), json!("123456789012")));
    assert_eq!(
        (said("initiation"), said("p2p"), said("mcc"), said("reason")),
        (json!("dynamic"), json!(false), Value::Null, Value::Null)
    );
    let second = &answers[1];
    assert_eq!((&second["local_name"], &second["local_city"]), (&json!("最佳运输"), &json!("北京")));
    assert_eq!(second["fields"][2]["fields"][1], json!({"tag": "05", "value": "A93FO3230Q"}));
}

#[test]
fn malformed_lines_are_answered_too_and_in_order() {
    let input =
        [format!("{}\n", json!("hi")).as_bytes(), b"{\n\xff\n7\n\n", json!("WIFI:S:a;;").to_string().as_bytes()]
            .concat();
    let answers = lines(&[], &input);
    let reasons: Vec<&str> = answers.iter().map(|answer| answer["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons, ["text", "line_not_json", "line_not_utf8", "line_not_a_string", "line_not_json", "wifi"]);
    assert!(answers[1..5].iter().all(|answer| answer["reading"] == "malformed" && answer["schemes"] == json!([])));
}

#[test]
fn it_ends_quietly_when_nobody_listens_any_more() {
    let mut child = Command::new(BIN)
        .args(["inspect", "--jsonl"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    writeln!(stdin, "{}", json!(EMV)).unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.starts_with('{'), "one line in, its answer out, without waiting for more");
    let line = format!("{}\n", json!(EMV));
    while stdin.write_all(line.as_bytes()).is_ok() {}
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0));
}

#[test]
fn a_page_names_every_tag_and_says_what_it_means() {
    let page = page(&["--all-networks", EMV]);
    for part in [
        "unsupported (no_network)",
        "merchant name  BEST TRANSPORT",
        "local name     最佳运输",
        "54  amount",
        "(CNY)",
        "dynamic: made for one order",
        "the app asks for address, mobile number, e-mail address",
        "the app asks the user for it",
        "63  checksum",
    ] {
        // 62-09 is `ME`: no address.
        let part = part.replace("address, mobile", "mobile");
        assert!(page.contains(&part), "{part}\n{page}");
    }
    assert!(self::page(&["--all-networks", BILL]).contains("carried by promptpay_bill"));
    // The sandbox's own wallet knows UnionPay.
    let page = self::page(&["--region", "kr", UNIONPAY]);
    assert!(page.contains("carried by unionpay") && page.contains("of another country"), "{page}");
}

#[test]
fn what_is_wrong_is_said_with_place_and_what_was_expected() {
    let broken = EMV.replace("23.72", "23,72");
    let page = page(&[&broken]);
    assert!(page.starts_with("malformed (crc_mismatch)"), "{page}");
    for part in [
        "object 54: expected digits with at most one point; found \"23,72",
        "object 63",
        "found \"A13A\"; it would have to be ",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    let page = self::page(&["upi://pay?pa=a@b&am=x"]);
    assert!(page.contains("expected digits with at most one point"), "{page}");
    // Nothing of a code steers the terminal.
    assert!(!self::page(&["WIFI:\u{1b}[31m\u{202e};;"]).contains('\u{1b}'));
}

#[test]
fn a_code_expires_at_the_time_that_is_given() {
    for (at, reading) in [
        ("2023-08-01T10:01:59Z", "payable"),
        ("2023-08-01T18:02:00+08:00", "suspicious"),
        ("1690884120000", "suspicious"),
    ] {
        let answer = &lines(&["--all-networks", "--at", at], json!(PAYNOW).to_string().as_bytes())[0];
        assert_eq!((&answer["reading"], &answer["expiry"]), (&json!(reading), &json!(1_690_884_120_000_i64)), "{at}");
    }
    assert!(page(&["--all-networks", "--at", "2024-01-01", PAYNOW]).starts_with("suspicious (expired)"));
    assert!(page(&["--all-networks", PAYNOW]).contains("expiry         2023-08-01T10:02:00Z"));
}

#[test]
fn pictures_are_read_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("code.png");
    let modules = qr::encode(BILL, qr::Level::M, qr::Segmentation::Smallest).unwrap();
    std::fs::write(&path, picture::png(&modules, 4).unwrap()).unwrap();
    let path = path.to_str().unwrap();
    assert!(page(&["--all-networks", "--image", path]).contains("promptpay_bill"));
    let object: Value = serde_json::from_str(&page(&["--all-networks", "--json", "--image", path])).unwrap();
    assert_eq!(object["amount"], "3649.22");

    let broken = folder.path().join("broken.png");
    std::fs::write(&broken, b"\x89PNG\r\n\x1a\n").unwrap();
    for bad in [broken.to_str().unwrap(), "/nowhere/at/all.png", folder.path().to_str().unwrap()] {
        let output = inspect(&["--image", bad]);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{bad}");
        assert!(String::from_utf8(output.stderr).unwrap().starts_with("jigap-sandbox: "), "{bad}");
    }
}

#[test]
fn what_it_is_to_look_at_is_said_once() {
    for arguments in
        [&[][..], &["a", "--jsonl"], &["a", "--image", "b"], &["--at", "noon", "a"], &["--region", "Thailand", "a"]]
    {
        assert_eq!(inspect(arguments).status.code(), Some(2), "{arguments:?}");
    }
}
