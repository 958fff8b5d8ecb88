//! `fault`: makes something go wrong at a running sandbox, from a terminal.

use crate::client::ask;
use clap::Args;
use serde_json::{Map, Value, json};
use std::process::ExitCode;

/// Something that goes wrong: see `docs/gateway.md`, "Faults".
#[derive(Debug, Args)]
pub struct Options {
    /// The administration's address, from the first line of `serve`
    #[arg(long, value_name = "URL")]
    admin: String,
    /// What goes wrong, such as `drop_answer`, `delay_answer_ms` or `clear`
    kind: String,
    /// Only requests to this path; ends in * for everything that begins so
    #[arg(long)]
    path: Option<String>,
    /// Only requests with this method
    #[arg(long)]
    method: Option<String>,
    /// How often
    #[arg(long)]
    times: Option<u32>,
    /// Milliseconds, seconds, a status or an amount, as the kind asks
    #[arg(long, allow_hyphen_values = true)]
    value: Option<i64>,
    /// Whose balance, for `set_balance`, such as `demo`
    #[arg(long)]
    user: Option<String>,
}

/// Runs the command. Exit 0: armed or done; 2: refused; 1: it could not be asked.
pub fn run(options: &Options) -> ExitCode {
    let mut body = Map::from_iter([("kind".to_owned(), json!(options.kind))]);
    let given = [
        ("path", options.path.as_ref().map(|v| json!(v))),
        ("method", options.method.as_ref().map(|v| json!(v))),
        ("times", options.times.map(|v| json!(v))),
        ("value", options.value.map(|v| json!(v))),
        ("user", options.user.as_ref().map(|v| json!(v))),
    ];
    body.extend(given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    match ask::<Value>(&options.admin, "/admin/fault", Some(&body)) {
        Ok(_) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("jigap-sandbox: {failure}");
            ExitCode::from(if matches!(failure, crate::client::Failure::Refused(_)) { 2 } else { 1 })
        }
    }
}
