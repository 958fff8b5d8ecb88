//! The command line of the sandbox.
#![allow(clippy::print_stderr, reason = "printing is what a tool in a terminal is for")]

use clap::{Parser, Subcommand};
use jigap_sandbox::{audit, consent, draw, fault, inspect, serve, shop, wallet};
use std::process::ExitCode;

/// A gateway, the networks behind it and a shop, for developers and tests. NEVER FOR PRODUCTION.
#[derive(Debug, Parser)]
#[command(name = "jigap-sandbox", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the gateway; the first line on standard output is one JSON object that says where it is
    Serve(serve::Options),
    /// Be a shop at a running gateway
    Shop(shop::Options),
    /// Check the books of a running gateway; exit 1 when they do not balance or an order was charged twice
    Audit(audit::Options),
    /// Make something go wrong at a running gateway
    Fault(fault::Options),
    /// Verify exported consents
    Consent(consent::Options),
    /// Draw a code into a PNG or SVG file. Exit 2 when the text cannot be drawn
    Draw(draw::Options),
    /// Say what a code is: tag by tag for a person, or JSON lines for programs. Exit 0 said, 2 not readable input
    Inspect(inspect::Options),
    /// Be a user: the real core in a terminal. Exit 0 done, 2 refused with a reason, 3 not known yet
    Wallet(wallet::Options),
}

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Serve(options) => match serve::run(&options) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("jigap-sandbox: {error}");
                ExitCode::FAILURE
            }
        },
        Command::Shop(options) => shop::run(&options),
        Command::Audit(options) => audit::run(&options),
        Command::Fault(options) => fault::run(&options),
        Command::Consent(options) => consent::run(&options),
        Command::Draw(options) => draw::run(&options),
        Command::Inspect(options) => inspect::run(&options),
        Command::Wallet(options) => wallet::run(&options),
    }
}
