//! `consent verify`: holds exports of consents against their own signatures, with the core's verifier.
//! `docs/verify_consent.py` says the same without it.

use clap::{Args, Subcommand};
use jigap::consent::verify;
use std::path::PathBuf;
use std::process::ExitCode;

/// What to do with exported consents.
#[derive(Debug, Args)]
pub struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Verify exports, as JSON or as pages; one line a file. Exit 1 when one is not right
    Verify {
        /// The files
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

/// Runs the command. Exit 0: every file is good; 1: one is not.
pub fn run(options: &Options) -> ExitCode {
    let Command::Verify { files } = &options.command;
    let mut end = ExitCode::SUCCESS;
    for file in files {
        let shown = file.display();
        match std::fs::read_to_string(file).ok().as_deref().map(verify) {
            Some(Ok(found)) => {
                let (device, controller, _) = found.keys;
                println!(
                    "good events {} effective {} proven {} logged {} device {device} controller {controller} {shown}",
                    found.events, found.effective, found.proven, found.logged,
                );
            }
            other => {
                let part = other.and_then(Result::err).and_then(|error| error.field("part"));
                println!("bad {} {shown}", part.map_or_else(|| "format".to_owned(), |part| part.to_string()));
                end = ExitCode::FAILURE;
            }
        }
    }
    end
}
