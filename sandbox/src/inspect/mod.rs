//! `inspect`: what a code says, for people and, line by line, for programs. `docs/inspector.md` is its manual. What a code
//! means is the core's business (`jigap::code::inspect`); here it is only laid out.

mod lines;
mod moment;
mod page;

use crate::documents;
use clap::{ArgGroup, Args};
use jigap::code::camera::{self, image::MAX_BYTES};
use jigap::code::{Rules, Situation, inspect};
use jigap::time::ServerMs;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// What to look at, and as whom.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true).args(["code", "image", "jsonl"]))]
pub struct Options {
    /// The exact text of the code
    #[arg(value_name = "CODE", allow_hyphen_values = true)]
    code: Option<String>,
    /// A picture with codes: a PNG or JPEG file
    #[arg(long, value_name = "FILE")]
    image: Option<PathBuf>,
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
        say(stdout, &texts(options)?, options.json, &rules, &situation)
    };
    match done {
        // Whoever was listening has heard enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done.map_err(|error| error.to_string()),
    }
}

/// The text that was given, or every text in the picture.
fn texts(options: &Options) -> Result<Vec<String>, String> {
    let Some(path) = &options.image else { return Ok(options.code.iter().cloned().collect()) };
    let problem = |problem: String| format!("{}: {problem}", path.display());
    let file = File::open(path).map_err(|error| problem(error.to_string()))?;
    // One byte more than is looked at: a file that is too long is not read to its end.
    let most = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes).map_err(|error| problem(error.to_string()))?;
    let found = camera::image(&bytes).map_err(|error| problem(error.to_string()))?;
    if found.is_empty() {
        return Err(problem("no code was found in the picture".to_owned()));
    }
    Ok(found.into_iter().map(|found| found.text).collect())
}

fn say(mut out: impl Write, texts: &[String], json: bool, rules: &Rules, situation: &Situation<'_>) -> io::Result<()> {
    for (at, text) in texts.iter().enumerate() {
        if at > 0 && !json {
            out.write_all(b"\n")?;
        }
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
