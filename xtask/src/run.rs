//! Starting other programs.

use std::env;
use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// What a command comes to. The text says what went wrong; empty when it has been said already.
pub(crate) type Outcome<T = ()> = Result<T, String>;

/// Variables that `cargo run` sets for this tool itself. A nested cargo that sees them rebuilds crates that watch them (ring does).
const OURS: [&str; 4] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"];

/// A command with nothing on stdin and without cargo's variables for this tool.
pub(crate) fn clean(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null());
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(|name| OURS.iter().any(|prefix| name.starts_with(prefix))) {
            command.env_remove(name);
        }
    }
    if let Some(paths) = env::var_os("LD_LIBRARY_PATH") {
        // Cargo puts its own build folders first; a test must not find a library there by luck.
        let kept = env::split_paths(&paths).filter(|path| !path.components().any(|part| part.as_os_str() == "target"));
        command.env("LD_LIBRARY_PATH", env::join_paths(kept).unwrap_or_default());
    }
    command
}

/// The command as a person would type it.
pub(crate) fn shown(command: &Command) -> String {
    let words: Vec<OsString> =
        [command.get_program()].into_iter().chain(command.get_args()).map(OsString::from).collect();
    words.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// Runs to the end with the output passed through.
pub(crate) fn run(command: &mut Command) -> Outcome {
    let status = command.status().map_err(|e| format!("cannot start `{}`: {e}", shown(command)))?;
    if status.success() { Ok(()) } else { Err(format!("`{}` failed ({status})", shown(command))) }
}

/// Runs to the end and gives stdout; stderr is part of the error.
pub(crate) fn output(command: &mut Command) -> Outcome<String> {
    let done = command.stdin(Stdio::null()).output().map_err(|e| format!("cannot start `{}`: {e}", shown(command)))?;
    if done.status.success() {
        return String::from_utf8(done.stdout).map_err(|_| format!("`{}` wrote no UTF-8", shown(command)));
    }
    let said = String::from_utf8_lossy(&done.stderr);
    Err(format!("`{}` failed ({})\n{said}", shown(command), done.status))
}

/// What a passed-through run left behind.
pub(crate) struct Transcript {
    /// Every line of stdout and stderr, without colours, in the order they came.
    pub(crate) lines: Vec<String>,
    /// The exit code; `None` when a signal ended it.
    pub(crate) code: Option<i32>,
}

/// Runs to the end, passing every line through and keeping it.
pub(crate) fn transcript(command: &mut Command) -> Outcome<Transcript> {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| format!("cannot start `{}`: {e}", shown(command)))?;
    let lines = Mutex::new(Vec::new());
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    thread::scope(|scope| {
        if let Some(stderr) = stderr {
            scope.spawn(|| pass_through(stderr, &lines));
        }
        if let Some(stdout) = stdout {
            pass_through(stdout, &lines);
        }
    });
    let status = child.wait().map_err(|e| format!("`{}`: {e}", shown(command)))?;
    Ok(Transcript { lines: lines.into_inner().unwrap_or_else(PoisonError::into_inner), code: status.code() })
}

fn pass_through(from: impl Read, lines: &Mutex<Vec<String>>) {
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
        // One lock for both: the printed order is the kept order.
        let mut kept = lines.lock().unwrap_or_else(PoisonError::into_inner);
        let mut out = io::stdout().lock();
        // A reader that went away must not stop the tests.
        let _ = out.write_all(&line).and_then(|()| out.flush());
        kept.push(without_colours(&String::from_utf8_lossy(&line)));
        line.clear();
    }
}

/// The text without ANSI colour sequences and line ends.
fn without_colours(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.trim_end().chars();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            // ESC [ … letter
            let _ = chars.by_ref().find(char::is_ascii_alphabetic);
        } else {
            plain.push(c);
        }
    }
    plain
}

/// Whether a program is on PATH.
pub(crate) fn on_path(program: &str) -> bool {
    env::var_os("PATH").is_some_and(|paths| env::split_paths(&paths).any(|folder| folder.join(program).is_file()))
}

/// Whether a build server runs this: there a missing tool is a failure.
pub(crate) fn on_ci() -> bool {
    env::var_os("CI").is_some_and(|value| value == "true" || value == "1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_taken_off() {
        assert_eq!(without_colours("\u{1b}[1;31mTests run: 1\u{1b}[m, Failures: 0\r\n"), "Tests run: 1, Failures: 0");
    }

    #[cfg(unix)]
    #[test]
    fn a_transcript_keeps_both_streams_and_the_code() {
        let mut command = clean(Path::new("sh"));
        command.args(["-c", "echo out; echo err >&2; exit 3"]);
        let mut transcript = transcript(&mut command).unwrap();
        transcript.lines.sort();
        assert_eq!(transcript.lines, ["err", "out"]);
        assert_eq!(transcript.code, Some(3));
    }

    #[cfg(unix)]
    #[test]
    fn a_failed_command_is_named() {
        let problem = run(clean(Path::new("sh")).args(["-c", "exit 1"])).unwrap_err();
        assert!(problem.contains("sh -c exit 1"), "{problem}");
    }
}
