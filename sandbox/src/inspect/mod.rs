//! `inspect`: what a code says, for people and, line by line, for programs. `docs/inspector.md` is its manual. What a code
//! means is the core's business (`jigap::code::inspect`); here it is only laid out.

mod lines;
mod moment;
mod page;

use crate::documents;
use clap::{ArgGroup, Args};
use jigap::code::{Rules, Situation, inspect};
use jigap::time::ServerMs;
use std::io::{self, Write};
use std::process::ExitCode;

/// What to look at, and as whom.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true).args(["code", "jsonl"]))]
pub struct Options {
    /// The exact text of the code
    #[arg(value_name = "CODE", allow_hyphen_values = true)]
    code: Option<String>,
    /// One JSON string a line on standard input; one JSON object a line on standard output, in order
    #[arg(long)]
    jsonl: bool,
    /// Say it as one JSON object instead of a page
    #[arg(long, conflicts_with = "jsonl")]
    json: bool,
    /// The time against which a code's own expiry is held: RFC 3339, or milliseconds since 1970. Without it no code has
    /// expired
    #[arg(long, value_name = "TIME", value_parser = moment::parse)]
    at: Option<ServerMs>,
    /// The country the user is in: ISO 3166-1 alpha-2
    #[arg(long, value_name = "CC", value_parser = country)]
    region: Option<String>,
    /// Read as a wallet that carries every public scheme, instead of as the sandbox's own
    #[arg(long)]
    all_networks: bool,
}

fn country(text: &str) -> Result<String, String> {
    let sound = text.len() == 2 && text.bytes().all(|b| b.is_ascii_alphabetic());
    sound.then(|| text.to_ascii_uppercase()).ok_or_else(|| "two letters, such as TH".to_owned())
}

/// Runs the command. Exit 0: looked at, whatever it was; 2: could not be looked at.
pub fn run(options: &Options) -> ExitCode {
    match act(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("jigap-sandbox: {problem}");
            ExitCode::from(2)
        }
    }
}

fn act(options: &Options) -> Result<(), String> {
    let rules = if options.all_networks {
        Rules::every_scheme()
    } else {
        documents::rules().map_err(|refused| refused.word().to_owned())?
    };
    let situation = Situation { now: options.at, region: options.region.as_deref() };
    let stdout = io::stdout().lock();
    let done = if options.jsonl {
        lines::answer(io::stdin().lock(), stdout, &rules, &situation)
    } else {
        let texts: Vec<&str> = options.code.iter().map(String::as_str).collect();
        say(stdout, &texts, options.json, &rules, &situation)
    };
    match done {
        // Whoever was listening has heard enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done.map_err(|error| error.to_string()),
    }
}

fn say(mut out: impl Write, texts: &[&str], json: bool, rules: &Rules, situation: &Situation<'_>) -> io::Result<()> {
    for text in texts {
        let inspection = inspect(text, rules, situation);
        if json {
            serde_json::to_writer(&mut out, &inspection)?;
            out.write_all(b"\n")?;
        } else {
            out.write_all(page::page(text, &inspection).as_bytes())?;
        }
    }
    out.flush()
}
