//! `cargo xtask check`: everything that can be said about the tree without running its tests.

mod law;
mod layers;
mod places;
mod readme;
mod ring_only;
mod rules;
mod tokens;

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use crate::bindings;
use crate::run::{self, Outcome};
use crate::simulate;
use crate::tree::Tree;

/// The version the licence and ban rules of `deny.toml` were written for.
const CARGO_DENY: &str = "0.20.2";

/// All checks, the committed bindings included.
pub(crate) fn run(tree: &Tree, advisories: bool) -> Outcome {
    let mut problems = source_problems(tree);
    step(&mut problems, "bindings are current", || bindings::run(tree, true));
    if advisories {
        step(&mut problems, "cargo-deny, advisories", || deny(tree, tools(tree)?, &["advisories"]));
    } else {
        println!(
            "check: known vulnerabilities were not looked for: `cargo xtask check --advisories` (needs the network)"
        );
    }
    verdict(&problems)
}

/// The checks of the sources alone.
pub(crate) fn source(tree: &Tree) -> Outcome {
    verdict(&source_problems(tree))
}

fn source_problems(tree: &Tree) -> Vec<String> {
    let mut problems = Vec::new();
    let tools = tools(tree); // first: it may have to be compiled, which the other checks need not wait for
    step(&mut problems, "format", || run::run(&mut tree.cargo(&["fmt", "--all", "--check"])));
    step(&mut problems, "layers of core", || listed(&layers::violations(&tree.root.join("core/src"))?));
    step(&mut problems, "no machine's own folders", || listed(&places::violations(tree)?));
    step(&mut problems, "tests in docs/law.md", || listed(&law::violations(&tree.root)?));
    step(&mut problems, "samples in README.md", || listed(&readme::violations(&tree.root)?));
    step(&mut problems, "rules of a payment", || listed(&rules::violations(&tree.root)?));
    step(&mut problems, "no planted bugs in what ships", || listed(&simulate::planted_in_what_ships(tree)?));
    step(&mut problems, "ring only", || listed(&ring_only::violations(tree)?));
    step(&mut problems, "clippy", || {
        run::run(&mut tree.cargo(&["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"]))
    });
    step(&mut problems, "rustdoc", || {
        let mut command = tree.cargo(&["doc", "--quiet", "--workspace", "--no-deps"]);
        run::run(command.env("RUSTDOCFLAGS", "-D warnings"))
    });
    step(&mut problems, "cargo-deny", || deny(tree, tools?, &["bans", "licenses", "sources"]));
    problems
}

fn step(problems: &mut Vec<String>, name: &str, work: impl FnOnce() -> Outcome) {
    let began = Instant::now();
    match work() {
        Ok(()) => println!("check: {name}: ok, {} s", began.elapsed().as_secs()),
        Err(problem) => {
            println!("check: {name}: FAILED\n{problem}");
            problems.push(name.to_owned());
        }
    }
}

fn verdict(problems: &[String]) -> Outcome {
    if problems.is_empty() { Ok(()) } else { Err(format!("check failed: {}", problems.join(", "))) }
}

fn listed(found: &[String]) -> Outcome {
    if found.is_empty() { Ok(()) } else { Err(found.join("\n")) }
}

/// cargo-deny in the target folder, perhaps still being compiled.
struct Tools {
    program: PathBuf,
    installing: Option<(Child, PathBuf)>,
}

fn tools(tree: &Tree) -> Outcome<Tools> {
    let folder = tree.target.join("tools");
    let program = folder.join("bin").join(format!("cargo-deny{}", std::env::consts::EXE_SUFFIX));
    let version = run::output(Command::new(&program).arg("--version"));
    if version.is_ok_and(|version| version.trim().ends_with(CARGO_DENY)) {
        return Ok(Tools { program, installing: None });
    }
    println!("check: compiling cargo-deny {CARGO_DENY} into {} (some minutes, once)", folder.display());
    fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let log = folder.join("cargo-deny.log");
    let file = fs::File::create(&log).map_err(|e| format!("{}: {e}", log.display()))?;
    let child = tree
        .cargo(&["install", "--locked", "--force", "cargo-deny", "--version", CARGO_DENY, "--root"])
        .arg(&folder)
        .stdout(Stdio::null())
        .stderr(file)
        .spawn()
        .map_err(|e| format!("cannot start cargo install: {e}"))?;
    Ok(Tools { program, installing: Some((child, log)) })
}

fn deny(tree: &Tree, tools: Tools, checks: &[&str]) -> Outcome {
    if let Some((mut child, log)) = tools.installing {
        let status = child.wait().map_err(|e| format!("cargo install: {e}"))?;
        if !status.success() {
            let said = fs::read_to_string(&log).unwrap_or_default();
            let last: Vec<&str> = said.lines().rev().take(15).collect();
            return Err(last.into_iter().rev().collect::<Vec<_>>().join("\n"));
        }
    }
    let mut command = tree.command(&tools.program);
    command
        .args(["--log-level", "error", "--workspace", "--all-features", "check", "--hide-inclusion-graph"])
        .args(checks);
    run::run(&mut command)
}
