//! `wallet`: the real core in a terminal. What a developer without a phone pays with, and what tests kill.

mod commands;
mod say;

use clap::{Args, Subcommand};
use say::Say;
use std::path::PathBuf;
use std::process::ExitCode;

/// A user's wallet at a running gateway.
#[derive(Debug, Args)]
pub struct Options {
    /// The gateway's address, from the first line of `serve`
    #[arg(long, value_name = "URL")]
    gateway: String,
    /// The certificate authority of the gateway
    #[arg(long, value_name = "PEM")]
    ca: PathBuf,
    /// The wallet's folder
    #[arg(long, value_name = "DIR")]
    state: PathBuf,
    /// Say everything as JSON, one object a line
    #[arg(long, global = true)]
    json: bool,
    /// The language of consent documents
    #[arg(long, global = true, value_name = "LANG", default_value = "en")]
    locale: String,
    /// The user's PIN, six to twelve digits. On a command line only here: this is a toy for developers
    #[arg(long, global = true, value_name = "DIGITS", default_value = "135790")]
    pin: String,
    /// How long to wait for a result, in milliseconds
    #[arg(long, global = true, value_name = "MS", default_value_t = 10_000)]
    wait_ms: u64,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make this folder a wallet that the gateway knows
    Enrol {
        /// The user: `demo`, or `user:NAME`
        #[arg(long, value_name = "TOKEN", default_value = "demo")]
        user: String,
    },
    /// Say what a scanned text is
    Read {
        /// The exact text of the code
        code: String,
    },
    /// Show a network's consent document, and agree to it
    Agree {
        /// The network
        network: String,
    },
    /// Pay a scanned code
    Pay {
        /// The exact text of the code
        code: String,
        /// What to pay in the shop's currency, where the code leaves it open
        #[arg(long, value_name = "A")]
        amount: Option<String>,
        /// Its currency, where the code names none: ISO 4217, such as JPY
        #[arg(long, value_name = "CUR")]
        currency: Option<String>,
        /// The network, where several can carry it
        #[arg(long, value_name = "N")]
        network: Option<String>,
    },
    /// Show a code for a shop to scan, and wait for the result
    Show {
        /// The network
        network: String,
        /// The country the user is in: ISO 3166-1 alpha-2
        #[arg(long, value_name = "CC", default_value = "CN")]
        region: String,
    },
    /// Cancel a payment that is not known to have ended, and wait for its end. Exit 0: it is not charged
    Cancel {
        /// The payment
        payment: String,
    },
    /// Ask for the money of a payment
    Refund {
        /// The payment
        payment: String,
    },
    /// Take up what was left unfinished, and say how it ended
    Resume,
    /// List the payments, newest first
    History,
    /// Write the consents with everything that verifies them to a file: a page for NAME.html, else JSON
    Export {
        /// The file
        file: PathBuf,
    },
    /// Take a network's consent back
    Withdraw {
        /// The network
        network: String,
    },
}

/// How a command ended.
enum End {
    /// Done.
    Done,
    /// Refused, and the reason was said.
    Refused,
    /// Not known yet: the wallet is checking.
    Checking,
}

/// Runs the command. Exit 0: done; 2: refused with a reason; 3: not known yet.
pub fn run(options: &Options) -> ExitCode {
    let say = Say::new(options.json);
    let end = commands::act(options, &say).unwrap_or_else(|error| {
        say.error(&error);
        End::Refused
    });
    ExitCode::from(match end {
        End::Done => 0,
        End::Refused => 2,
        End::Checking => 3,
    })
}
