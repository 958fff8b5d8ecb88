//! `cargo xtask fuzz`: searches for inputs that break the readers, guided by coverage (libFuzzer).
//!
//! It does what `cargo fuzz --sanitizer none` does, with the compiler the tree is pinned to: the coverage passes are LLVM's
//! and need no nightly. Memory is the language's business: `core` has no unsafe code.

use std::env::consts::EXE_SUFFIX;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::{self, Outcome};
use crate::tree::Tree;

/// What can be searched, with the longest input worth trying, in bytes.
const TARGETS: [(&str, u32); 6] =
    [("mpm", 600), ("cpm", 700), ("read", 600), ("link", 300), ("image", 4_096), ("frame", 16_384)];

/// Has a bug put there on purpose; a search that does not find it is worth nothing.
const CANARY: (&str, u32) = ("canary", 64);

/// How long the canary may stay hidden, in seconds. It takes a few.
const CANARY_SECONDS: u32 = 120;

/// Coverage of edges as counters, and the operands of comparisons, so that the search learns what is compared with what.
const FLAGS: [&str; 7] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
    "--cfg fuzzing",
];

/// Searches each target, or one of them, for so many seconds.
///
/// # Errors
/// When an input breaks a target (it is kept and named), or the canary is not found.
pub(crate) fn run(tree: &Tree, seconds: u32, only: Option<&str>) -> Outcome {
    let wanted: Vec<_> = TARGETS.iter().filter(|(name, _)| only.is_none_or(|only| only == *name)).collect();
    if wanted.is_empty() {
        return Err(format!("the targets are {}", TARGETS.map(|(name, _)| name).join(", ")));
    }
    let programs = build(tree)?;
    let folder = tree.target.join("fuzz");
    let mut broken: Vec<String> = canary(tree, &programs, &folder).err().into_iter().collect();
    for (name, longest) in wanted {
        println!("\n=== {name}, {seconds} s");
        let mut command = searcher(tree, &programs, &folder, (name, *longest), seconds)?;
        let seeds = tree.root.join("core/fuzz/corpus").join(name);
        if seeds.is_dir() {
            command.arg(seeds);
        }
        if run::run(&mut command).is_err() {
            broken.push(format!("{name}: the input is in {}", folder.join("artifacts").join(name).display()));
        }
    }
    if broken.is_empty() { Ok(()) } else { Err(broken.join("\n")) }
}

/// Builds every target; gives the folder of the programs. The target is named so that build scripts stay without coverage.
fn build(tree: &Tree) -> Outcome<PathBuf> {
    let host = run::output(Command::new("rustc").args(["--print", "host-tuple"]))?;
    let (host, folder) = (host.trim(), tree.target.join("fuzz"));
    let mut command = tree.cargo(&["build", "--release", "--locked", "--manifest-path", "core/fuzz/Cargo.toml"]);
    command.args(["--target", host]).env("CARGO_TARGET_DIR", &folder).env("RUSTFLAGS", FLAGS.join(" "));
    run::run(&mut command)?;
    Ok(folder.join(host).join("release"))
}

/// A search that keeps what it finds below the target folder.
fn searcher(
    tree: &Tree,
    programs: &Path,
    folder: &Path,
    (name, longest): (&str, u32),
    seconds: u32,
) -> Outcome<Command> {
    let (found, artifacts) = (folder.join("corpus").join(name), folder.join("artifacts").join(name));
    for folder in [&found, &artifacts] {
        fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    }
    let mut command = tree.command(programs.join(format!("{name}{EXE_SUFFIX}")));
    command.arg(format!("-max_total_time={seconds}")).arg(format!("-max_len={longest}"));
    command.args(["-print_final_stats=1", "-verbosity=0", "-rss_limit_mb=1024", "-timeout=10"]);
    command.arg(format!("-artifact_prefix={}/", artifacts.display()));
    command.arg(format!("-dict={}", tree.root.join("core/fuzz/words.dict").display())).arg(found);
    Ok(command)
}

fn canary(tree: &Tree, programs: &Path, folder: &Path) -> Outcome {
    // Found anew each time.
    let _ = fs::remove_dir_all(folder.join("corpus").join(CANARY.0));
    let mut command = searcher(tree, programs, folder, CANARY, CANARY_SECONDS)?;
    command.arg(tree.root.join("core/fuzz/corpus").join(CANARY.0));
    let done = command.output().map_err(|e| format!("cannot start `{}`: {e}", run::shown(&command)))?;
    let said = String::from_utf8_lossy(&done.stderr);
    if done.status.success() || !said.contains("the bug that was put there on purpose") {
        return Err(format!("the canary was not found in {CANARY_SECONDS} s: this search finds nothing\n{said}"));
    }
    println!("fuzz: the bug that was put there on purpose was found");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_a_program_with_a_corpus() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/fuzz");
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        let mut named: Vec<_> = TARGETS.iter().chain([&CANARY]).map(|(name, _)| *name).collect();
        let mut built: Vec<_> =
            manifest.lines().filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"')).collect();
        built.retain(|name| *name != "jigap-fuzz");
        named.sort_unstable();
        built.sort_unstable();
        assert_eq!(named, built);
        for (name, _) in TARGETS {
            assert!(fs::read_dir(folder.join("corpus").join(name)).unwrap().count() > 5, "{name}");
        }
    }
}
