//! The binary: its first line, how it stops, what a shop and an auditor see in a terminal.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "test code")]

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const BIN: &str = env!("CARGO_BIN_EXE_jigap-sandbox");

/// Ends the process when a test fails.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn serve(state: &Path) -> (Server, Value) {
    let mut child = Command::new(BIN)
        .args(["serve", "--stop-with-stdin", "--state"])
        .arg(state)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (Server(child), serde_json::from_str(&line).unwrap())
}

fn ended(server: &mut Server) -> bool {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(10) {
        if let Some(status) = server.0.try_wait().unwrap() {
            return status.success();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    false
}

fn run(arguments: &[&str]) -> Output {
    Command::new(BIN).args(arguments).output().unwrap()
}

fn out(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap().trim()
}

#[test]
fn the_first_line_says_where_it_is_and_it_stops_with_its_parent() {
    let folder = tempfile::tempdir().unwrap();
    let (mut server, first) = serve(folder.path());
    assert!(first["gateway"].as_str().unwrap().starts_with("https://127.0.0.1:"));
    assert!(first["admin"].as_str().unwrap().starts_with("http://127.0.0.1:"));
    assert!(Path::new(first["ca"].as_str().unwrap()).is_absolute());
    assert!(Path::new(first["ca"].as_str().unwrap()).exists());
    assert_eq!(first["config_key"].as_str().unwrap().len(), 88);
    assert_eq!(first["controller_key"].as_str().unwrap().len(), 88);
    drop(server.0.stdin.take());
    assert!(ended(&mut server), "it stops when standard input closes");
    let mut words = String::new();
    std::io::Read::read_to_string(server.0.stderr.as_mut().unwrap(), &mut words).unwrap();
    assert!(words.contains("never for production"), "{words}");
    assert!(String::from_utf8(run(&["--help"]).stdout).unwrap().contains("NEVER FOR PRODUCTION"));
}

#[cfg(unix)]
#[test]
fn it_stops_at_a_signal_and_keeps_its_secrets_to_itself() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (mut server, _) = serve(folder.path());
    for name in ["config.pk8", "controller.pk8", "server.key"] {
        let mode = std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let killed = Command::new("kill").arg(server.0.id().to_string()).status().unwrap();
    assert!(killed.success() && ended(&mut server), "it stops at SIGTERM");
}

#[test]
fn a_shop_and_an_auditor_get_text_or_json() {
    let folder = tempfile::tempdir().unwrap();
    let (_server, first) = serve(folder.path());
    let admin = first["admin"].as_str().unwrap();
    let shop = |arguments: &[&str]| run(&[&["shop", "--admin", admin], arguments].concat());

    let list = shop(&["list"]);
    assert!(out(&list).contains("Kuromon Takoyaki (黒門たこ焼き), Osaka JP, JPY"));
    let code = shop(&["make-code", "kuromon", "--amount", "1280"]);
    assert!(code.status.success() && out(&code).starts_with("https://alipay.com/28100204"));
    let code = shop(&["--json", "make-code", "westlake", "--network", "unionpay"]);
    let code: Value = serde_json::from_str(out(&code)).unwrap();
    assert!(code["code"].as_str().unwrap().starts_with("000201010211"));

    for (arguments, word) in [
        (["make-code", "nowhere", "--amount", "1"], "SHOP_UNKNOWN"),
        (["make-code", "kuromon", "--amount", "1.5"], "AMOUNT_INVALID"),
        (["make-code", "dotonbori", "--amount", "100"], "AMOUNT_INVALID"),
        (["scan", "62", "--amount", "1"], "CODE_UNKNOWN"),
    ] {
        let refused = shop(&arguments);
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}");
        assert!(String::from_utf8(refused.stderr).unwrap().contains(word), "{arguments:?}");
        let refused = shop(&[&["--json"], arguments.as_slice()].concat());
        assert_eq!(serde_json::from_str::<Value>(out(&refused)).unwrap()["error"], word);
    }

    let audit = run(&["audit", "--admin", admin]);
    assert!(audit.status.success() && out(&audit).ends_with("The books balance."), "{}", out(&audit));
    let audit = run(&["audit", "--admin", admin, "--json"]);
    let report: Value = serde_json::from_str(out(&audit)).unwrap();
    assert_eq!((&report["balanced"], report["orders"].as_array().unwrap().len()), (&Value::Bool(true), 1));
}

#[test]
fn an_auditor_who_finds_something_wrong_says_so_with_exit_1() {
    let folder = tempfile::tempdir().unwrap();
    let (_server, first) = serve(folder.path());
    let admin = first["admin"].as_str().unwrap();
    let database = rusqlite::Connection::open(folder.path().join("gateway.db")).unwrap();
    let wrong = "INSERT INTO accounts (kind, owner, currency, minor) VALUES ('bank', '', 'KRW', 5)";
    database.execute(wrong, []).unwrap();
    let audit = run(&["audit", "--admin", admin]);
    assert_eq!(audit.status.code(), Some(1));
    assert!(out(&audit).contains("FAULT account_differs"), "{}", out(&audit));
    assert_eq!(run(&["audit", "--admin", "http://127.0.0.1:1"]).status.code(), Some(1));
}

#[test]
fn the_administration_stays_on_this_machine() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().to_str().unwrap();
    let refused = run(&["serve", "--state", state, "--admin-listen", "0.0.0.0:0"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(refused.stdout.is_empty());
}

#[test]
fn draw_writes_a_picture_and_says_what_does_not_fit() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (png, svg, bars) = (file("code.png"), file("code.svg"), file("bars.png"));
    assert!(run(&["draw", "6212345678901234567", "-o", &png, "--scale", "4"]).status.success());
    let header = std::fs::read(&png).unwrap();
    // 21 modules and twice the quiet zone of 4, times 4 pixels: the width in the header of the PNG.
    assert_eq!((&header[1..4], &header[16..20]), (b"PNG".as_slice(), 116_u32.to_be_bytes().as_slice()));
    assert!(run(&["draw", "한국어 결제", "-o", &svg]).status.success());
    assert!(std::fs::read_to_string(&svg).unwrap().contains("<path"));
    assert!(run(&["draw", "--code128", "6212345678901234567", "-o", &bars]).status.success());

    let long = "가".repeat(2_000);
    for (arguments, said) in [
        (vec!["draw", &long, "-o", &png], "too long"),
        (vec!["draw", "", "-o", &png], "no text"),
        (vec!["draw", "--code128", "한국어", "-o", &png], "ASCII only"),
        (vec!["draw", "123", "-o", "code.gif"], ".png or .svg"),
        (vec!["draw", long.get(..1_998).unwrap(), "--scale", "64", "-o", &png], "pixels a side"),
    ] {
        let output = run(&arguments);
        assert_eq!(output.status.code(), Some(2), "{said}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(said) && !error.contains("가"), "{error}");
    }
    assert_eq!(run(&["draw", "123", "-o", &file("no/such/folder.png")]).status.code(), Some(1));
}
