//! The terminal wallet as a process: what it says, how it exits, and that killing it loses nothing.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code")]

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const BINARY: &str = env!("CARGO_BIN_EXE_jigap-sandbox");

struct Stage {
    folder: tempfile::TempDir,
    server: Child,
    gateway: String,
    admin: String,
}

impl Drop for Stage {
    fn drop(&mut self) {
        drop(self.server.stdin.take());
        let _ = self.server.wait();
    }
}

impl Stage {
    fn new() -> Self {
        Self::in_folder(tempfile::tempdir().unwrap())
    }

    fn in_folder(folder: tempfile::TempDir) -> Self {
        let mut server = Command::new(BINARY)
            .args(["serve", "--listen", "127.0.0.1:0", "--stop-with-stdin", "--state"])
            .arg(folder.path().join("gateway"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut first = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let said: Value = serde_json::from_str(&first).unwrap();
        let text = |name: &str| said[name].as_str().unwrap().to_owned();
        Self { folder, server, gateway: text("gateway"), admin: text("admin") }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command.args(["wallet", "--json", "--gateway", &self.gateway, "--ca"]);
        command.arg(self.folder.path().join("gateway/ca.pem")).arg("--state").arg(self.folder.path().join("wallet"));
        command.args(args).stdin(Stdio::null());
        command
    }

    /// Exit code and every object that was said.
    fn wallet(&self, args: &[&str]) -> (i32, Vec<Value>) {
        said(&self.command(args).output().unwrap())
    }

    fn sandbox(&self, part: &str, args: &[&str]) -> Output {
        Command::new(BINARY).args([part, "--admin", &self.admin]).args(args).output().unwrap()
    }

    fn code(&self, shop: &str, amount: &str) -> String {
        let made = self.sandbox("shop", &["--json", "make-code", shop, "--amount", amount]);
        serde_json::from_slice::<Value>(&made.stdout).unwrap()["code"].as_str().unwrap().to_owned()
    }

    fn charges(&self) -> usize {
        let audit = self.sandbox("audit", &["--json"]);
        serde_json::from_slice::<Value>(&audit.stdout).unwrap()["charges"].as_array().unwrap().len()
    }

    fn ready() -> Self {
        let stage = Self::new();
        assert_eq!(stage.wallet(&["enrol"]).0, 0);
        assert_eq!(stage.wallet(&["agree", "alipayplus"]).0, 0);
        stage
    }
}

fn said(output: &Output) -> (i32, Vec<Value>) {
    let lines = std::str::from_utf8(&output.stdout).unwrap().lines();
    (output.status.code().unwrap(), lines.map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn error(objects: &[Value]) -> &str {
    objects.last().unwrap()["error"]["code"].as_str().unwrap()
}

#[test]
fn a_payment_from_enrolment_to_history() {
    let stage = Stage::new();
    let code = stage.code("kuromon", "1280");
    assert_eq!(error(&stage.wallet(&["pay", &code]).1), "ENROLMENT_NEEDED");
    let (exit, enrolled) = stage.wallet(&["enrol"]);
    assert_eq!((exit, enrolled[0]["balance"]["minor"].as_i64()), (0, Some(1_000_000)));
    let (exit, reading) = stage.wallet(&["read", &code]);
    assert_eq!((exit, reading[0]["verdict"].as_str()), (0, Some("payable")));
    let (exit, refused) = stage.wallet(&["pay", &code]);
    assert_eq!((exit, error(&refused)), (2, "CONSENT_NEEDED"));
    let (exit, agreed) = stage.wallet(&["--locale", "ko", "agree", "alipayplus"]);
    assert_eq!((exit, agreed[0]["sections"].as_array().unwrap().len()), (0, 5));

    let (exit, paid) = stage.wallet(&["pay", &code]);
    let events: Vec<_> = paid.iter().map(|o| o["event"].as_str().unwrap()).collect();
    assert_eq!((exit, events), (0, vec!["preview", "committed", "payment"]));
    assert_eq!(paid[0]["home"]["text"], paid[2]["home"]["text"]);
    assert_eq!(paid[2]["status"], "paid");
    let (exit, history) = stage.wallet(&["history"]);
    assert_eq!((exit, history.len(), &history[0]["payment"]), (0, 1, &paid[2]["payment"]));
    assert!(stage.sandbox("audit", &[]).status.success());
}

#[test]
fn a_refusal_exits_with_2_and_says_why() {
    let stage = Stage::ready();
    let code = stage.code("kuromon", "1280");
    for (args, why) in [
        (vec!["pay", "not a code"], "CODE_NOT_PAYABLE"),
        (vec!["--pin", "000000", "pay", &code], "PIN_WRONG"),
        (vec!["--pin", "000000", "enrol"], "PIN_WRONG"),
        (vec!["pay", &code, "--amount", "1.5", "--currency", "JPY"], "AMOUNT_INVALID"),
        (vec!["pay", &code, "--amount", "7", "--currency", "JPY"], "AMOUNT_FIXED"),
        (vec!["pay", &code, "--network", "unionpay"], "CODE_UNSUPPORTED"),
        (vec!["agree", "nobody"], "NETWORK_UNKNOWN"),
        (vec!["show", "unionpay"], "CONSENT_NEEDED"),
        (vec!["show", "alipayplus", "--region", "FR"], "CODE_UNSUPPORTED"),
    ] {
        let (exit, objects) = stage.wallet(&args);
        assert_eq!((exit, error(&objects)), (2, why), "{args:?}");
    }
    assert_eq!(stage.charges(), 0);
}

#[test]
fn what_is_not_known_yet_exits_with_3_and_is_finished_by_resume() {
    let stage = Stage::ready();
    let code = stage.code("kuromon", "1280");
    let fault = ["drop_answer", "--path", "/v1/payments*", "--times", "3"];
    assert!(stage.sandbox("fault", &fault).status.success());
    let (exit, checking) = stage.wallet(&["--wait-ms", "300", "pay", &code]);
    assert_eq!((exit, checking.last().unwrap()["status"].as_str()), (3, Some("checking")));
    assert!(stage.sandbox("fault", &["clear"]).status.success());
    let (exit, ended) = stage.wallet(&["resume"]);
    assert_eq!((exit, ended[0]["status"].as_str()), (0, Some("paid")));
    assert_eq!(stage.charges(), 1);
}

/// R1: the intent was on disk before the first byte left, so a SIGKILL in between loses nothing.
#[test]
fn killed_between_request_and_answer_there_is_one_charge_and_a_receipt() {
    let mut stage = Stage::ready();
    let code = stage.code("kuromon", "1280");
    let fault = ["delay_answer_ms", "--path", "/v1/payments", "--value", "30000"];
    assert!(stage.sandbox("fault", &fault).status.success());
    let mut wallet = stage.command(&["pay", &code]).stdout(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    while stage.charges() == 0 {
        assert!(begun.elapsed() < Duration::from_secs(20), "the request never arrived");
        std::thread::sleep(Duration::from_millis(10));
    }
    wallet.kill().unwrap();
    wallet.wait().unwrap();

    // The gateway starts anew as well: neither side has anything but its disk.
    let empty = tempfile::tempdir().unwrap();
    let folder = std::mem::replace(&mut stage.folder, empty);
    drop(stage);
    let stage = Stage::in_folder(folder);
    let (exit, ended) = stage.wallet(&["resume"]);
    assert_eq!((exit, ended[0]["status"].as_str()), (0, Some("paid")));
    assert!(ended[0]["reference"].is_string());
    assert_eq!(stage.wallet(&["history"]).1.len(), 1);
    assert_eq!((stage.charges(), stage.sandbox("audit", &[]).status.success()), (1, true));
}

#[test]
fn a_shown_code_is_paid_by_the_shop_and_withdrawn_consent_shows_none() {
    let stage = Stage::ready();
    let mut wallet = stage.command(&["show", "alipayplus", "--region", "JP"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(wallet.stdout.take().unwrap()).lines();
    let mut next = || serde_json::from_str::<Value>(&lines.next().unwrap().unwrap()).unwrap();
    let shown = next();
    let digits = shown["digits"].as_str().unwrap().to_owned();
    assert!(shown["masked"].as_str().unwrap().starts_with("•••• "));
    assert!(stage.sandbox("shop", &["scan", &digits, "--amount", "980"]).status.success());
    let paid = next();
    assert_eq!((paid["status"].as_str(), paid["scanned"].as_bool()), (Some("paid"), Some(false)));
    assert_eq!(wallet.wait().unwrap().code(), Some(0));
    assert_eq!(stage.wallet(&["withdraw", "alipayplus"]).0, 0);
    assert_eq!(error(&stage.wallet(&["show", "alipayplus", "--region", "JP"]).1), "CONSENT_NEEDED");
    assert!(!stage.sandbox("shop", &["scan", &digits, "--amount", "980"]).status.success());
    assert_eq!(stage.charges(), 1);
}

#[test]
fn nothing_secret_is_said_without_being_asked_for() {
    let stage = Stage::ready();
    let log: Vec<_> = ["history", "resume"].map(|c| format!("{:?}", stage.wallet(&[c]))).to_vec();
    let (_, refused) = stage.wallet(&["--pin", "864213", "pay", &stage.code("kuromon", "1280")]);
    let all = format!("{log:?}{:?}", refused.last());
    for secret in ["864213", "135790", "alipay.com"] {
        assert!(!all.contains(secret), "{secret}");
    }
    assert!(Path::new(&stage.folder.path().join("wallet/wallet/wallet.db")).exists());
}
