//! The project's commands: `cargo xtask --help` lists them.
//!
//! Everything a developer or a build server does with the tree goes through here, so that both do the same.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool talks to its user")]

mod bench;
mod bindings;
mod check;
mod demo;
mod fleet;
mod fuzz;
mod kill;
mod python;
mod readers;
mod reliability;
mod run;
mod stage;
mod swift;
mod test;
mod tree;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::demo::Play;
use crate::run::Outcome;
use crate::tree::Tree;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's commands.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Both payments as a user would see them, against a sandbox on this machine, ending with the audit.
    Demo {
        /// Kill the wallet between request and answer, instead.
        #[arg(long)]
        kill: bool,
        /// Take the killed payment up again.
        #[arg(long)]
        resume: bool,
    },
    /// Format, lints, docs, licences, dependency rules, layering, and that the committed bindings are current.
    Check {
        /// Also look for known vulnerabilities. Fetches the advisory database, which not every machine can reach.
        #[arg(long)]
        advisories: bool,
    },
    /// Every test of every language, and `check`. The last line is `N passed, N failed`.
    Test {
        /// Run one part alone.
        #[arg(long, value_enum)]
        only: Option<test::Part>,
    },
    /// Generate the Kotlin and Swift bindings from the FFI crate.
    Bindings {
        /// Change nothing; say what differs from what the tree generates.
        #[arg(long)]
        check: bool,
    },
    /// Print the payment's table from the code into docs/reliability.md.
    Reliability {
        /// Change nothing; say whether the page is stale.
        #[arg(long)]
        check: bool,
    },
    /// The benches of each slice.
    Bench {
        /// Build the library as it ships and compare its stripped size with the budget, instead.
        #[arg(long)]
        size: bool,
        /// How many codes the camera finds and how long a frame takes, instead: over synthetic frames, or over the photographs
        /// in DIR, each with its text beside it (`1.png`, `1.txt`), next to zxing-cpp.
        #[arg(long, value_name = "DIR", num_args = 0..=1, conflicts_with = "size")]
        frames: Option<Option<PathBuf>>,
        /// Passed on to the benches, for example a name to filter by.
        #[arg(last = true)]
        args: Vec<String>,
    },
    /// Kill a real wallet process at random moments, over real TLS on a real disk: nothing is charged twice or lost.
    Kill {
        /// How often.
        #[arg(long, default_value_t = kill::TIMES)]
        times: u32,
        /// Begin with this seed; without it, another one every time.
        #[arg(long)]
        seed: Option<u64>,
    },
    /// Make the Python environment that some tests need: other people's readers of codes, and their cryptography.
    Python,
    /// A day of many wallets by the core's own policies: codes, questions, peaks, waste. Exit 1 when a bound does not hold.
    SimulateFleet {
        /// How many wallets.
        #[arg(long, default_value_t = 1_000_000)]
        wallets: u64,
        /// Decides everything.
        #[arg(long, default_value_t = 8)]
        seed: u64,
    },
    /// Search for inputs that break the readers of codes, guided by coverage.
    Fuzz {
        /// How long each target is searched.
        #[arg(long, value_name = "N", default_value_t = 60)]
        seconds: u32,
        /// One target alone.
        #[arg(long)]
        target: Option<String>,
    },
    /// Ask other people's parsers about the same codes, and write `docs/readers.md`.
    Readers,
    /// Run a command with the Swift toolchain, making that first when the machine has none.
    Swift {
        /// The command, for example `swift test`. Nothing: only make the toolchain.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<String>,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = Tree::find().and_then(|tree| run_command(&tree, cli.command));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            if !problem.is_empty() {
                eprintln!("{problem}");
            }
            ExitCode::FAILURE
        }
    }
}

fn run_command(tree: &Tree, command: Command) -> Outcome {
    match command {
        Command::Demo { kill, resume } => {
            let plays = [(kill, Play::Kill), (resume, Play::Resume), (!kill && !resume, Play::Both)];
            let wanted: Vec<_> = plays.into_iter().filter(|(wanted, _)| *wanted).map(|(_, play)| play).collect();
            demo::run_demo(tree, &wanted)
        }
        Command::Check { advisories } => check::run(tree, advisories),
        Command::Test { only } => test::run(tree, only),
        Command::Bindings { check } => bindings::run(tree, check),
        Command::Reliability { check } => reliability::run(tree, check),
        Command::Bench { size: true, .. } => bench::size(tree),
        Command::Bench { frames: Some(None), args, .. } => bench::frames::synthetic(tree, &args),
        Command::Bench { frames: Some(Some(folder)), .. } => bench::frames::photographs(tree, &folder),
        Command::Bench { args, .. } => bench::run(tree, &args),
        Command::Kill { times, seed } => kill::run(tree, times, seed),
        Command::Python => python::make(tree),
        Command::SimulateFleet { wallets, seed } => fleet::run(tree, wallets, seed),
        Command::Fuzz { seconds, target } => fuzz::run(tree, seconds, target.as_deref()),
        Command::Readers => readers::run(tree),
        Command::Swift { command } => swift::run(tree, &command),
    }
}
