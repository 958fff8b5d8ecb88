//! `demo`: both payments as a user would see them, and what happens when the phone dies in the middle of one.
//!
//! Everything is done by the real binaries: a sandbox is started, and the terminal wallet is run once for every action, as
//! if the app had been opened anew each time.

use crate::run::{Outcome, clean, run};
use crate::stage::{Running, Sandbox, build, fresh};
use crate::tree::Tree;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Which demo is played.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Play {
    /// A payment scanned and a payment shown.
    Both,
    /// A payment, killed between request and answer.
    Kill,
    /// The killed payment, taken up again.
    Resume,
}

pub(crate) fn run_demo(tree: &Tree, plays: &[Play]) -> Outcome {
    let binary = build(tree)?;
    for play in plays {
        match play {
            Play::Both => both(&binary, &fresh(tree, "demo")?)?,
            Play::Kill => kill(&binary, &fresh(tree, "demo-kill")?)?,
            Play::Resume => resume(&binary, &tree.target.join("demo-kill"))?,
        }
    }
    Ok(())
}

fn both(binary: &Path, folder: &Path) -> Outcome {
    let sandbox = Sandbox::start(binary, folder)?;
    sandbox.user_must("Enrol this device", &["enrol"], 0)?;
    let code = sandbox.make_code("kuromon", "1280")?;
    sandbox.user_must("Read the code", &["read", &code], 0)?;
    sandbox.user_must("Pay: nothing leaves before the user has agreed", &["pay", &code], 2)?;
    sandbox.user_must("What is to be agreed to", &["agree", "alipayplus"], 0)?;
    sandbox.user_must("Pay in Osaka", &["pay", &code], 0)?;

    sandbox.user_must("In Hangzhou, by another network", &["agree", "unionpay"], 0)?;
    show(&sandbox, "unionpay", "28.50", || Ok(()))?;
    println!("\n── Down in a basement: the gateway cannot be reached, and the phone makes the code itself");
    sandbox.fault(&["status_500", "--path", "/v1/codes*", "--times", "100000", "--value", "503"])?;
    show(&sandbox, "alipayplus", "32.00", || {
        println!("\n── The network is back");
        sandbox.fault(&["clear"])
    })?;
    sandbox.user_must("History", &["history"], 0)?;
    sandbox.audit()
}

/// Shows a code; while it is on screen, the shop scans it. Then something may happen before the phone hears of it.
fn show(sandbox: &Sandbox<'_>, network: &str, amount: &str, then: impl FnOnce() -> Outcome) -> Outcome {
    println!("\n── Show a code\n   $ wallet show {network} --region CN");
    // Once as the user sees it, and its digits from the same run by way of --json: a code is shown only once.
    let wallet = sandbox.wallet(&["--json", "show", network, "--region", "CN"]).stdout(Stdio::piped()).spawn();
    let mut wallet = Running(wallet.map_err(|e| format!("cannot start the wallet: {e}"))?);
    let mut lines = wallet.0.stdout.take().map(|out| BufReader::new(out).lines()).ok_or("the wallet said nothing")?;
    let mut event = |name: &str| -> Outcome<Value> {
        let line = lines.next().and_then(Result::ok).unwrap_or_default();
        let said: Value = serde_json::from_str(&line).map_err(|_| "the wallet stopped early".to_owned())?;
        let is = said.get("event").and_then(Value::as_str) == Some(name);
        if is { Ok(said) } else { Err(format!("the wallet said: {line}")) }
    };
    let shown = event("shown")?;
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    println!("{}\n   {}", text(&shown, "picture"), text(&shown, "masked"));
    if shown.get("offline").and_then(Value::as_bool) == Some(true) {
        println!("   made without network; the result comes later");
    }
    println!("\n── The shop in Hangzhou scans it for CNY {amount}");
    run(clean(sandbox.binary)
        .args(["shop", "--admin", &sandbox.admin, "scan", &text(&shown, "digits")])
        .args(["--amount", amount, "--shop", "westlake"]))?;
    then()?;
    let paid = event("payment")?;
    println!("   the phone hears: {} {}", text(&paid, "status"), text(&paid, "reference"));
    let status = wallet.0.wait().map_err(|e| e.to_string())?;
    if status.success() { Ok(()) } else { Err(format!("the shown code was not paid: {status}")) }
}

fn kill(binary: &Path, folder: &Path) -> Outcome {
    let sandbox = Sandbox::start(binary, folder)?;
    sandbox.user_must("Enrol this device", &["enrol"], 0)?;
    sandbox.user_must("Agree to Alipay+", &["agree", "alipayplus"], 0)?;
    let code = sandbox.make_code("kuromon", "1280")?;
    // The gateway charges at once, and takes half a minute to say so: time enough to die in.
    sandbox.fault(&["delay_answer_ms", "--path", "/v1/payments", "--value", "30000"])?;
    println!("\n── Pay; the answer will be slow\n   $ wallet pay {code}");
    let wallet = sandbox.wallet(&["pay", &code]).spawn();
    let mut wallet = Running(wallet.map_err(|e| format!("cannot start the wallet: {e}"))?);
    let begun = Instant::now();
    while sandbox.charges()? == 0 {
        if begun.elapsed() > Duration::from_secs(20) {
            return Err("the request never arrived".to_owned());
        }
        sleep(Duration::from_millis(20));
    }
    // SIGKILL: no destructor, no flush, no goodbye.
    wallet.0.kill().and_then(|()| wallet.0.wait()).map_err(|e| format!("the wallet could not be killed: {e}"))?;
    println!("\n── The wallet process was killed: the gateway has charged, the phone has no answer");
    println!("   take it up again: cargo xtask demo --resume");
    Ok(())
}

fn resume(binary: &Path, folder: &Path) -> Outcome {
    if !folder.join("wallet").exists() {
        return Err("nothing was killed yet: cargo xtask demo --kill".to_owned());
    }
    let sandbox = Sandbox::start(binary, folder)?;
    sandbox.user_must("Open the wallet again", &["resume"], 0)?;
    sandbox.user_must("History: the receipt is there", &["history"], 0)?;
    sandbox.audit()?;
    match sandbox.charges()? {
        1 => Ok(()),
        count => Err(format!("one charge was to be there, not {count}")),
    }
}
