//! `cargo xtask test`: every test of every language, and one sum at the end.

pub(crate) mod results;

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::Instant;

use crate::run::{self, Outcome, Transcript};
use crate::swift::Swift;
use crate::tree::Tree;
use crate::{bindings, check, kill, python};
use results::Sum;

/// A part that can be run alone.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Part {
    /// `cargo xtask check`.
    Check,
    /// The Rust workspace.
    Rust,
    /// `cargo xtask kill`: a real process, killed again and again.
    Kill,
    /// `bindings/kotlin` with Maven.
    Kotlin,
    /// `bindings/swift` with SwiftPM.
    Swift,
}

/// What one step came to.
enum Step {
    /// Its runner counted.
    Counted(Sum),
    /// It has nothing to count and went well.
    Passed,
    /// It failed without counting a failure; the text says how.
    Failed(String),
    /// A tool is missing and the machine is not a build server.
    Skipped(String),
}

/// Runs the parts in order. The last line says how many tests passed and failed.
///
/// # Errors
/// Empty, since everything is said by then: when anything failed.
pub(crate) fn run(tree: &Tree, only: Option<Part>) -> Outcome {
    let wanted = |part| only.is_none_or(|one| one == part);
    let mut report = Report::default();

    // Making the Swift toolchain waits for the network and the disk, the rest mostly for the processor.
    let swift = wanted(Part::Swift).then(|| Swift::find(tree));
    let toolchain = swift.as_ref().map(|swift| swift.start(tree));

    if wanted(Part::Check) {
        report.step("check", || passed(check::source(tree)));
    }
    if wanted(Part::Rust) {
        // Tests that need it say that it is missing, and fail on a build server.
        report.step("python", || python::make(tree).map_or_else(|why| missing(&why), |()| Step::Passed));
        report.step("rust tests", || rust(tree));
    }
    if wanted(Part::Check) || wanted(Part::Kotlin) || wanted(Part::Swift) {
        report.step("native library and sandbox", || passed(tree.build_for_bindings()));
    }
    if only.is_none() || only == Some(Part::Check) {
        report.step("bindings are current", || passed(bindings::run(tree, true)));
    }
    if wanted(Part::Kill) {
        report.step("killed wallets", || one(kill::run(tree, kill::TIMES, None)));
    }
    if wanted(Part::Kotlin) {
        report.step("kotlin tests", || kotlin(tree));
    }
    if let (Some(swift), Some(toolchain)) = (swift, toolchain) {
        report.step("swift tests", || swift_tests(tree, &swift, toolchain));
    }
    report.end()
}

#[derive(Default)]
struct Report {
    sum: Sum,
    lines: Vec<String>,
}

impl Report {
    fn step(&mut self, name: &str, work: impl FnOnce() -> Step) {
        println!("\n=== {name}");
        let began = Instant::now();
        let step = work();
        let took = format!("{} s", began.elapsed().as_secs());
        let line = match step {
            Step::Passed => format!("{name}: ok, {took}"),
            Step::Counted(sum) => {
                self.sum = self.sum.plus(sum);
                format!("{name}: {sum}, {took}")
            }
            Step::Failed(why) => {
                self.sum = self.sum.plus(Sum { passed: 0, failed: 1 });
                format!("{name}: FAILED, {took}: {why}")
            }
            Step::Skipped(why) => format!("{name}: SKIPPED, NOTHING TESTED: {why}"),
        };
        println!("=== {line}");
        self.lines.push(line);
    }

    fn end(self) -> Outcome {
        println!("\n{}\n{}", self.lines.join("\n"), self.sum);
        if self.sum.failed == 0 { Ok(()) } else { Err(String::new()) }
    }
}

fn passed(outcome: Outcome) -> Step {
    match outcome {
        Ok(()) => Step::Passed,
        Err(why) => Step::Failed(why),
    }
}

/// A long trial counts as one test.
fn one(outcome: Outcome) -> Step {
    match outcome {
        Ok(()) => Step::Counted(Sum { passed: 1, failed: 0 }),
        Err(why) => Step::Failed(why),
    }
}

/// Judges a runner by what it printed and by its exit code: a crash after the last result line is a failure too.
fn judged(name: &str, ran: Outcome<Transcript>, count: impl Fn(&[String]) -> Sum) -> Step {
    let transcript = match ran {
        Ok(transcript) => transcript,
        Err(why) => return Step::Failed(why),
    };
    let mut sum = count(&transcript.lines);
    match transcript.code {
        Some(0) if sum == Sum::default() => Step::Failed(format!("{name} ran no test")),
        Some(0) => Step::Counted(sum),
        code if sum == Sum::default() => Step::Failed(format!("{name} ended with code {code:?} before any test")),
        code => {
            if sum.failed == 0 {
                println!("{name} ended with code {code:?} though no test failed: counted as one failure");
                sum.failed = 1;
            }
            Step::Counted(sum)
        }
    }
}

fn missing(what: &str) -> Step {
    if run::on_ci() { Step::Failed(format!("CI=true, but {what}")) } else { Step::Skipped(what.to_owned()) }
}

fn rust(tree: &Tree) -> Step {
    let ran = run::transcript(&mut tree.cargo(&["test", "--workspace", "--no-fail-fast"]));
    judged("cargo test", ran, results::cargo)
}

fn kotlin(tree: &Tree) -> Step {
    for tool in ["java", "mvn"] {
        if !run::on_path(tool) {
            return missing(&format!(
                "`{tool}` is needed: JDK 17 or newer and Maven 3.8 (Debian: apt-get install openjdk-17-jdk-headless maven)"
            ));
        }
    }
    let mut command = tree.command("mvn");
    command.args(["--batch-mode", "--no-transfer-progress"]);
    // Tests that fail in one module must not keep another's from being counted.
    command.args(["--fail-at-end", "test"]);
    command.current_dir(tree.root.join("bindings/kotlin"));
    with_native(tree, &mut command);
    judged("mvn test", run::transcript(&mut command), results::surefire)
}

fn swift_tests(tree: &Tree, swift: &Swift, toolchain: Outcome<Option<Child>>) -> Step {
    if let Err(why) = toolchain.and_then(Swift::ready) {
        return missing(&why);
    }
    let mut command = swift.command(tree, "swift");
    command.arg("test").arg("--scratch-path").arg(tree.target.join("swift"));
    command.arg("-Xlinker").arg(format!("-L{}", tree.debug().display()));
    command.current_dir(tree.root.join("bindings/swift"));
    with_native(tree, &mut command);
    judged("swift test", run::transcript(&mut command), results::swift)
}

/// Tells a test where the native library and the sandbox lie.
fn with_native(tree: &Tree, command: &mut Command) {
    command.env("JIGAP_SANDBOX", tree.sandbox()).env("JIGAP_LIB_DIR", tree.debug());
    for name in ["LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"] {
        command.env(name, first_on(name, tree.debug()));
    }
}

fn first_on(name: &str, folder: PathBuf) -> OsString {
    let rest = env::var_os(name).unwrap_or_default();
    let paths = [folder.clone()].into_iter().chain(env::split_paths(&rest));
    env::join_paths(paths).unwrap_or_else(|_| folder.into_os_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(code: i32, lines: &[&str]) -> Outcome<Transcript> {
        Ok(Transcript { lines: lines.iter().map(ToString::to_string).collect(), code: Some(code) })
    }

    #[test]
    fn an_exit_code_without_a_counted_failure_is_one() {
        let line = "test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out";
        let Step::Counted(sum) = judged("t", ended(101, &[line]), results::cargo) else { panic!("not counted") };
        assert_eq!(sum, Sum { passed: 2, failed: 1 });
    }

    #[test]
    fn a_runner_that_tests_nothing_has_failed() {
        assert!(matches!(judged("t", ended(0, &["all is well"]), results::cargo), Step::Failed(_)));
        assert!(matches!(judged("t", ended(1, &["error: no"]), results::cargo), Step::Failed(_)));
        assert!(matches!(judged("t", Err("gone".into()), results::cargo), Step::Failed(_)));
    }

    #[test]
    fn the_sum_counts_failed_steps_and_fails() {
        let mut report = Report::default();
        report.step("a", || Step::Counted(Sum { passed: 3, failed: 0 }));
        report.step("b", || Step::Passed);
        report.step("c", || Step::Skipped("no".into()));
        assert_eq!(report.sum.to_string(), "3 passed, 0 failed");
        report.step("d", || Step::Failed("why".into()));
        assert_eq!(report.sum.to_string(), "3 passed, 1 failed");
        assert!(report.end().is_err());
    }
}
