//! `kill`: the real wallet process, real disk, real TLS – and SIGKILL at a random moment, again and again.
//!
//! What the simulator proves with a simulated disk is seen here once more with nothing simulated. After every kill the wallet
//! is opened anew, sometimes killed again while it takes things up, and then the two sides are laid beside each other: every charge
//! in the gateway's books is a paid payment of the wallet's history with the same sum, no order is charged twice, and nothing
//! that was once said to be paid is anything else.

use crate::run::Outcome;
use crate::stage::{Running, Sandbox, build, fresh};
use crate::tree::Tree;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// How often a build kills.
pub(crate) const TIMES: u32 = 200;

/// A shown code ends soon, so that one that nobody scans is not waited for.
const CODE_MS: &str = "15000";
/// By then the last of them is over, and a scan cannot be on its way any more.
const CODES_OVER: Duration = Duration::from_secs(90);
/// How long one attempt to take things up may wait for the gateway.
const PATIENCE_MS: &str = "4000";

/// Kills so often, and checks after each.
///
/// # Errors
/// What was found wrong, with the seed that finds it.
pub(crate) fn run(tree: &Tree, times: u32, seed: Option<u64>) -> Outcome {
    let binary = build(tree)?;
    let seed = seed.unwrap_or_else(|| fastrand::u64(..));
    println!("{times} kills, seed {seed}");
    let folder = fresh(tree, "kill")?;
    let mut trial = Trial::begin(&binary, &folder, seed)?;
    let began = Instant::now();
    for n in 1..=times {
        trial.once().map_err(|why| format!("kill {n} of seed {seed}: {why}"))?;
    }
    trial.last_check().map_err(|why| format!("at the end of seed {seed}: {why}"))?;
    println!(
        "{}\n{} s. One charge for every paid payment, none twice, none lost.",
        trial.tally,
        began.elapsed().as_secs()
    );
    Ok(())
}

struct Trial<'a> {
    binary: &'a Path,
    folder: &'a Path,
    sandbox: Sandbox<'a>,
    random: fastrand::Rng,
    /// Payments that the wallet said were paid.
    paid: BTreeSet<String>,
    /// How long the proof takes here, from the preview to the commit.
    proof: Duration,
    tally: Tally,
}

/// When it is killed.
#[derive(Clone, Copy)]
struct Moment {
    /// After this line, or after its start.
    after: Option<&'static str>,
    /// And then so much later.
    wait: Duration,
}

impl Moment {
    /// It ends by itself.
    const NEVER: Self = Self { after: Some("never"), wait: Duration::ZERO };
}

impl<'a> Trial<'a> {
    fn begin(binary: &'a Path, folder: &'a Path, seed: u64) -> Outcome<Self> {
        let random = fastrand::Rng::with_seed(seed);
        let sandbox = Sandbox::start_with(binary, folder, &["--code-ms", CODE_MS])?;
        let (paid, proof, tally) = (BTreeSet::new(), Duration::ZERO, Tally::default());
        let mut trial = Self { binary, folder, sandbox, random, paid, proof, tally };
        for args in [&["enrol"][..], &["agree", "alipayplus"], &["agree", "unionpay"]] {
            trial.wallet(args, 0)?;
        }
        // Enough for any number of kills.
        trial.sandbox.fault(&["set_balance", "--user", "demo", "--value", "900000000000"])?;
        let code = trial.sandbox.code("kuromon", "1")?;
        let (mut preview, mut proof) = (Instant::now(), Duration::ZERO);
        trial.victim(&["pay", &code], Moment::NEVER, |_, line| {
            match text(line, "event").as_str() {
                "preview" => preview = Instant::now(),
                "committed" => proof = preview.elapsed(),
                _ => {}
            }
            Ok(())
        })?;
        trial.proof = proof;
        trial.tally = Tally::default();
        Ok(trial)
    }

    /// One kill and what follows.
    fn once(&mut self) -> Outcome {
        match self.random.u8(..20) {
            0..12 => self.pay()?,
            12..17 => self.show()?,
            _ => self.consent()?,
        }
        self.sandbox.fault(&["clear"])?;
        if self.random.u8(..8) == 0 {
            self.restart_gateway()?;
        }
        if self.random.u8(..3) == 0 {
            let moment = Moment { after: None, wait: Duration::from_micros(self.random.u64(..12_000)) };
            self.victim(&["resume"], moment, |_, _| Ok(()))?;
        }
        // A code that nobody has scanned is not over yet; that every payment is, `check` looks at.
        self.resume(&[0, 3])?;
        self.check()
    }

    fn pay(&mut self) -> Outcome {
        let code = self.sandbox.code("kuromon", &self.random.u32(1..5_000).to_string())?;
        let delay = self.random.u32(1..40).to_string();
        let faults: &[&[&str]] = &[
            &["delay_answer_ms", "--path", "/v1/payments", "--times", "1", "--value", &delay],
            &["drop_answer", "--path", "/v1/payments", "--times", "1"],
            &["drop_request", "--path", "/v1/payments", "--times", "1"],
            &["answer_500", "--path", "/v1/payments", "--times", "1"],
        ];
        if let Some(fault) = faults.get(self.random.usize(..8)) {
            self.sandbox.fault(fault)?;
        }
        // The proof takes most of the time and nothing is owed yet: three of four kills come after it.
        let moment = match self.random.u8(..4) {
            0 => Moment { after: None, wait: self.part(0, 200) },
            1 => Moment { after: Some("preview"), wait: self.part(90, 110) },
            _ => Moment { after: Some("committed"), wait: Duration::from_micros(self.random.u64(..12_000)) },
        };
        self.victim(&["pay", &code], moment, |_, _| Ok(()))
    }

    /// So many hundredths of the time that a proof takes.
    fn part(&mut self, least: u32, most: u32) -> Duration {
        self.proof.saturating_mul(self.random.u32(least..most)).checked_div(100).unwrap_or_default()
    }

    fn show(&mut self) -> Outcome {
        let amount = format!("{}.{:02}", self.random.u32(1..90), self.random.u32(..100));
        let scanned_late = self.random.u8(..4) == 0;
        let moment = match self.random.u8(..5) {
            0 => Moment { after: None, wait: Duration::from_micros(self.random.u64(..30_000)) },
            _ => Moment { after: Some("shown"), wait: Duration::from_micros(self.random.u64(..30_000)) },
        };
        let scan = |sandbox: &Sandbox<'_>, shown: &Value| {
            let digits = text(shown, "digits");
            sandbox.shop(&["scan", &digits, "--amount", &amount]).map(|_| ())
        };
        let mut late = None;
        self.victim(&["show", "unionpay", "--region", "CN"], moment, |sandbox, line| {
            match text(line, "event").as_str() {
                "shown" if scanned_late => late = Some(line.clone()),
                "shown" => scan(sandbox, line)?,
                _ => {}
            }
            Ok(())
        })?;
        match late {
            Some(shown) => scan(&self.sandbox, &shown),
            None => Ok(()),
        }
    }

    fn consent(&mut self) -> Outcome {
        let command = if self.random.bool() { "withdraw" } else { "agree" };
        let moment = Moment { after: None, wait: Duration::from_micros(self.random.u64(..15_000)) };
        self.victim(&[command, "unionpay"], moment, |_, _| Ok(()))?;
        self.wallet(&["agree", "unionpay"], 0).map(|_| ())
    }

    /// Starts the wallet and kills it at this moment, or when it ends by itself. Every line it said is looked at.
    fn victim(
        &mut self,
        args: &[&str],
        moment: Moment,
        mut on_line: impl FnMut(&Sandbox<'_>, &Value) -> Outcome,
    ) -> Outcome {
        let mut command = self.sandbox.wallet(&["--json"]);
        let child = command.args(args).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut child = Running(child.map_err(|e| format!("cannot start the wallet: {e}"))?);
        let lines = lines_of(&mut child)?;
        let soon = || Instant::now().checked_add(moment.wait);
        let mut deadline = if moment.after.is_none() { soon() } else { None };
        let mut last = "start".to_owned();
        let ended = loop {
            // A line that is waited for may never come: the wallet ends by itself then.
            let patience = deadline.map_or(Duration::from_secs(60), |at| at.saturating_duration_since(Instant::now()));
            match lines.recv_timeout(patience) {
                Ok(line) => {
                    last = text(&line, "event");
                    if deadline.is_none() && moment.after == Some(last.as_str()) {
                        deadline = soon();
                    }
                    self.heard(&line);
                    on_line(&self.sandbox, &line)?;
                }
                Err(RecvTimeoutError::Timeout) if deadline.is_some() => break false,
                Err(RecvTimeoutError::Timeout) => return Err(format!("{args:?} hangs after {last}")),
                Err(RecvTimeoutError::Disconnected) => break true,
            }
        };
        // SIGKILL: no destructor, no flush, no goodbye.
        child.0.kill().and_then(|()| child.0.wait()).map_err(|e| format!("the wallet could not be killed: {e}"))?;
        // What it said before it died was seen by the user.
        for line in lines {
            last = text(&line, "event");
            self.heard(&line);
            on_line(&self.sandbox, &line)?;
        }
        self.tally.killed(args.first().copied().unwrap_or_default(), if ended { "its end" } else { &last });
        Ok(())
    }

    /// Both sides have nothing but their disks.
    fn restart_gateway(&mut self) -> Outcome {
        self.sandbox.kill_server()?;
        self.sandbox = Sandbox::start_with(self.binary, self.folder, &["--code-ms", CODE_MS])?;
        count(&mut self.tally.restarts, 1);
        Ok(())
    }

    /// Opens the wallet again and lets it end what is open.
    fn resume(&mut self, allowed: &[i32]) -> Outcome {
        let (code, lines) = self.say(&["--wait-ms", PATIENCE_MS, "resume"])?;
        lines.iter().for_each(|line| self.heard(line));
        if code.is_some_and(|code| allowed.contains(&code)) {
            Ok(())
        } else {
            Err(format!("resume: {code:?} {lines:?}"))
        }
    }

    fn heard(&mut self, line: &Value) {
        if text(line, "event") == "payment" && text(line, "status") == "paid" {
            self.paid.insert(text(line, "payment"));
        }
    }

    /// Lays history and books beside each other.
    fn check(&mut self) -> Outcome {
        let report = self.sandbox.report()?;
        let list = |name: &str| report.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
        if report.get("balanced") != Some(&Value::Bool(true)) || !list("double_charged").is_empty() {
            return Err(format!("the books do not hold: {report}"));
        }
        // What the user was charged, by sum: how often each sum stands on either side.
        let mut sums: BTreeMap<i64, i32> = BTreeMap::new();
        for charge in list("charges") {
            let minor = charge.get("user_minor").and_then(Value::as_i64).ok_or("a charge without a sum")?;
            count(sums.entry(minor.saturating_neg()).or_default(), 1);
        }
        let (_, history) = self.say(&["history"])?;
        let mut kept = BTreeSet::new();
        for payment in history.iter().filter(|line| text(line, "event") == "payment") {
            match text(payment, "status").as_str() {
                "paid" => {
                    let home = payment.get("home").and_then(|home| home.get("minor")).and_then(Value::as_i64);
                    count(sums.entry(home.ok_or("a paid payment without a sum")?).or_default(), -1);
                    kept.insert(text(payment, "payment"));
                }
                "declined" | "not_sent" => {}
                other => return Err(format!("a payment is still {other}: {payment}")),
            }
        }
        if sums.values().any(|surplus| *surplus != 0) {
            return Err(format!("charges that are not in the history (or the other way round): {sums:?}"));
        }
        match self.paid.difference(&kept).next() {
            Some(lost) => Err(format!("{lost} was said to be paid, and is not in the history")),
            None => {
                self.tally.charges = kept.len();
                Ok(())
            }
        }
    }

    /// Every shown code is over some time, and then nothing is left to take up.
    fn last_check(&mut self) -> Outcome {
        let began = Instant::now();
        while began.elapsed() < CODES_OVER && self.resume(&[0]).is_err() {}
        self.resume(&[0])?;
        self.check()
    }

    fn wallet(&self, args: &[&str], code: i32) -> Outcome<Vec<Value>> {
        let (ended, lines) = self.say(args)?;
        if ended == Some(code) { Ok(lines) } else { Err(format!("wallet {args:?}: {ended:?} {lines:?}")) }
    }

    fn say(&self, args: &[&str]) -> Outcome<(Option<i32>, Vec<Value>)> {
        let output = self.sandbox.wallet(&["--json"]).args(args).output();
        let output = output.map_err(|e| format!("cannot start the wallet: {e}"))?;
        let said = String::from_utf8_lossy(&output.stdout);
        Ok((output.status.code(), said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()))
    }
}

/// The lines of a process as they come. A line cut off by the kill is none.
fn lines_of(child: &mut Running) -> Outcome<Receiver<Value>> {
    let out = child.0.stdout.take().ok_or("the wallet said nothing")?;
    let (sender, lines) = channel();
    thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            if let Ok(value) = serde_json::from_str(&line)
                && sender.send(value).is_err()
            {
                return;
            }
        }
    });
    Ok(lines)
}

fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn count(number: &mut i32, more: i32) {
    *number = number.saturating_add(more);
}

/// What was hit.
#[derive(Default)]
struct Tally {
    kills: BTreeMap<(String, String), i32>,
    restarts: i32,
    charges: usize,
}

impl Tally {
    fn killed(&mut self, command: &str, after: &str) {
        count(self.kills.entry((command.to_owned(), after.to_owned())).or_default(), 1);
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for ((command, after), count) in &self.kills {
            writeln!(f, "{count:>6} × `{command}` killed after {after}")?;
        }
        write!(f, "{:>6} × the gateway killed as well\n{:>6} charges", self.restarts, self.charges)
    }
}
