//! A sandbox of its own for a demo or a trial, and the processes that use it.

use crate::run::{Outcome, clean, output, run};
use crate::tree::Tree;
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Builds the sandbox.
pub(crate) fn build(tree: &Tree) -> Outcome<PathBuf> {
    run(&mut tree.cargo(&["build", "--locked", "--package", "jigap-sandbox"]))?;
    Ok(tree.sandbox())
}

/// An empty folder for the state of a demo: the one before is gone.
pub(crate) fn fresh(tree: &Tree, name: &str) -> Outcome<PathBuf> {
    let folder = tree.target.join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|e| format!("cannot clear {}: {e}", folder.display()))?;
    }
    fs::create_dir_all(&folder).map_err(|e| format!("cannot make {}: {e}", folder.display()))?;
    Ok(folder)
}

/// A running sandbox; it ends with this process, whatever happens.
pub(crate) struct Sandbox<'a> {
    pub(crate) binary: &'a Path,
    folder: &'a Path,
    server: Child,
    gateway: String,
    pub(crate) admin: String,
}

impl Drop for Sandbox<'_> {
    fn drop(&mut self) {
        // Closing its standard input stops it in order; killing is for when it does not.
        drop(self.server.stdin.take());
        let begun = Instant::now();
        while matches!(self.server.try_wait(), Ok(None)) {
            if begun.elapsed() > Duration::from_secs(10) {
                let _ = self.server.kill();
            }
            sleep(Duration::from_millis(20));
        }
    }
}

impl<'a> Sandbox<'a> {
    pub(crate) fn start(binary: &'a Path, folder: &'a Path) -> Outcome<Self> {
        Self::start_with(binary, folder, &[])
    }

    /// One that serves with these options too.
    pub(crate) fn start_with(binary: &'a Path, folder: &'a Path, options: &[&str]) -> Outcome<Self> {
        let mut server = clean(binary)
            .args(["serve", "--listen", "127.0.0.1:0", "--stop-with-stdin", "--state"])
            .arg(folder.join("gateway"))
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| format!("cannot start the sandbox: {e}"))?;
        let mut first = String::new();
        if let Some(out) = server.stdout.take() {
            BufReader::new(out).read_line(&mut first).map_err(|e| format!("the sandbox said nothing: {e}"))?;
        }
        let said: Value = serde_json::from_str(&first).map_err(|_| "the sandbox did not start".to_owned())?;
        let text = |name: &str| said.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(Self { binary, folder, server, gateway: text("gateway"), admin: text("admin") })
    }

    /// The terminal wallet, for one action.
    pub(crate) fn wallet(&self, args: &[&str]) -> Command {
        let mut command = clean(self.binary);
        command.args(["wallet", "--gateway", &self.gateway, "--ca"]).arg(self.folder.join("gateway/ca.pem"));
        command.arg("--state").arg(self.folder.join("wallet")).args(args);
        command
    }

    /// One action of the user, shown as it is said.
    pub(crate) fn user(&self, title: &str, args: &[&str]) -> Outcome<ExitStatus> {
        println!("\n── {title}");
        println!("   $ wallet {}", args.join(" "));
        self.wallet(args).status().map_err(|e| format!("cannot start the wallet: {e}"))
    }

    /// One action of the user that has to end so.
    pub(crate) fn user_must(&self, title: &str, args: &[&str], code: i32) -> Outcome {
        let status = self.user(title, args)?;
        if status.code() == Some(code) { Ok(()) } else { Err(format!("that should have ended with {code}: {status}")) }
    }

    /// Something a shop does; its answer.
    pub(crate) fn shop(&self, args: &[&str]) -> Outcome<Value> {
        let said = output(clean(self.binary).args(["shop", "--admin", &self.admin, "--json"]).args(args))?;
        serde_json::from_str(&said).map_err(|e| format!("the shop said something odd: {e}"))
    }

    /// A code of this shop for this amount, in the shop's currency.
    pub(crate) fn code(&self, shop: &str, amount: &str) -> Outcome<String> {
        let made = self.shop(&["make-code", shop, "--amount", amount])?;
        made.get("code").and_then(Value::as_str).map(ToOwned::to_owned).ok_or("the shop made no code".to_owned())
    }

    /// The same, said aloud.
    pub(crate) fn make_code(&self, shop: &str, amount: &str) -> Outcome<String> {
        let code = self.code(shop, amount)?;
        println!("\n── The shop shows a code\n   {code}");
        Ok(code)
    }

    /// Something that goes wrong from now on: `jigap-sandbox fault`.
    pub(crate) fn fault(&self, args: &[&str]) -> Outcome {
        run(clean(self.binary).args(["fault", "--admin", &self.admin]).args(args))
    }

    /// What the audit says. It exits with 1 when the books do not hold, and says why all the same.
    pub(crate) fn report(&self) -> Outcome<Value> {
        let asked = clean(self.binary).args(["audit", "--admin", &self.admin, "--json"]).output();
        let said = asked.map_err(|e| format!("cannot start the audit: {e}"))?.stdout;
        serde_json::from_slice(&said).map_err(|e| format!("the audit said something odd: {e}"))
    }

    /// How many charges are in the books.
    pub(crate) fn charges(&self) -> Outcome<usize> {
        Ok(self.report()?.get("charges").and_then(Value::as_array).map_or(0, Vec::len))
    }

    /// Ends the gateway's process with SIGKILL.
    pub(crate) fn kill_server(&mut self) -> Outcome {
        self.server.kill().and_then(|()| self.server.wait()).map(|_| ()).map_err(|e| format!("not killed: {e}"))
    }

    /// The audit, for people.
    pub(crate) fn audit(&self) -> Outcome {
        println!("\n── The audit of the gateway's books");
        run(clean(self.binary).args(["audit", "--admin", &self.admin]))
    }
}

/// A wallet process that does not outlive a demo that failed.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
