//! `jigap-simulate`: plays lives. `cargo xtask simulate` builds and runs it.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool talks to its user")]

use clap::Parser;
use jigap_simulator::run::{Plan, run};
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "jigap-simulate", about = "Plays whole lives of a wallet and checks what must never happen.")]
struct Cli {
    /// How many lives.
    #[arg(long, default_value_t = 10_000)]
    lives: u64,
    /// The first seed; each life has the next one.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How many at once.
    #[arg(long, default_value_t = 2)]
    jobs: u64,
    /// Print the story of every life; for one or a few.
    #[arg(long)]
    trace: bool,
    /// Play with each planted bug in turn until it is found.
    #[arg(long)]
    mutants: bool,
    /// Only this bug.
    #[arg(long)]
    mutant: Option<String>,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let plan = Plan { lives: cli.lives, seed: cli.seed, jobs: cli.jobs.max(1), trace: cli.trace };
    let mutants = cli.mutants || cli.mutant.is_some();
    let well = if mutants { jigap_simulator::run::mutants(&plan, cli.mutant.as_deref()) } else { run(&plan) };
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
