//! `cargo xtask simulate`: whole lives of a wallet, and the planted bugs they have to find.

use std::process::Command;

use crate::run::{self, Outcome, Transcript};
use crate::test::results::Sum;
use crate::tree::Tree;

/// The first seed that `cargo xtask test` plays. It is fixed: one seed is one life, so a green build stays green, and one that turns
/// red was turned red by a change.
const FIRST_SEED: u64 = 1;
/// How many lives `cargo xtask test` plays.
const LIVES: u64 = 24_000;
/// Within so many lives each planted bug has to be found.
const MUTANT_LIVES: u64 = 10_000;

/// What is asked of the simulator.
#[derive(clap::Args)]
pub(crate) struct Wish {
    /// How many lives. For planted bugs: the most a bug is given.
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
    /// Only this planted bug, by its name or its words.
    #[arg(long)]
    mutant: Option<String>,
}

/// Builds the simulator and plays.
///
/// # Errors
/// Empty when something was violated or a bug was missed, since everything is said by then.
pub(crate) fn run(tree: &Tree, wish: &Wish) -> Outcome {
    let mutants = wish.mutants || wish.mutant.is_some();
    let mut command = program(tree, mutants)?;
    for (name, value) in [("--lives", wish.lives), ("--seed", wish.seed), ("--jobs", wish.jobs)] {
        command.arg(name).arg(value.to_string());
    }
    command.args([("--trace", wish.trace), ("--mutants", mutants)].iter().filter(|(_, on)| *on).map(|(name, _)| name));
    command.args(wish.mutant.iter().flat_map(|name| ["--mutant", name]));
    run::run(&mut command).map_err(|_| String::new())
}

/// Plays what every build plays: the lives, then the planted bugs. What is counted: the lives as one test, each bug as one.
pub(crate) fn both(tree: &Tree) -> Outcome<Sum> {
    let mut sum = Sum::default();
    for (mutants, lives) in [(false, LIVES), (true, MUTANT_LIVES)] {
        let mut command = program(tree, mutants)?;
        for (name, value) in [("--lives", lives), ("--seed", FIRST_SEED)] {
            command.arg(name).arg(value.to_string());
        }
        command.args(mutants.then_some("--mutants"));
        sum = sum.plus(counted(&run::transcript(&mut command)?, mutants));
    }
    Ok(sum)
}

fn counted(transcript: &Transcript, mutants: bool) -> Sum {
    let well = transcript.code == Some(0);
    if !mutants {
        return Sum { passed: u64::from(well), failed: u64::from(!well) };
    }
    let lines = |words: &str| {
        let lines = transcript.lines.iter().filter(|line| line.contains(words)).count();
        u64::try_from(lines).unwrap_or(u64::MAX)
    };
    let (passed, failed) = (lines(" found after "), lines(" MISSED in "));
    Sum { passed, failed: if well { failed } else { failed.max(1) } }
}

/// The simulator, built with all its checks and fast.
fn program(tree: &Tree, mutants: bool) -> Outcome<Command> {
    let mut build = tree.cargo(&["build", "--quiet", "--profile", "simulate", "-p", "jigap-simulator"]);
    build.args(mutants.then_some("--features=mutants"));
    run::run(&mut build)?;
    let name = format!("jigap-simulate{}", std::env::consts::EXE_SUFFIX);
    Ok(tree.command(tree.target.join("simulate").join(name)))
}

/// Features of the library that ships: among them there must be no planted bug.
///
/// # Errors
/// When cargo cannot tell.
pub(crate) fn planted_in_what_ships(tree: &Tree) -> Outcome<Vec<String>> {
    let listed = run::output(&mut tree.cargo(&["tree", "--locked", "-e", "features,normal", "-p", "jigap-ffi"]))?;
    if !listed.contains("jigap ") {
        return Err("cargo tree does not name the core".to_owned());
    }
    let planted = listed.lines().filter(|line| line.contains("mutants") || line.contains("jigap-simulator"));
    Ok(planted.map(|line| format!("jigap-ffi: {}", line.trim())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(code: i32, lines: &[&str]) -> Transcript {
        Transcript { lines: lines.iter().map(ToString::to_string).collect(), code: Some(code) }
    }

    #[test]
    fn bugs_are_counted_one_by_one_and_a_crash_is_a_failure() {
        let lines = ["a  found after 3 lives: I1 (seed 2)", "b  MISSED in 10 lives", "1 planted bugs found, 1 missed"];
        assert_eq!(counted(&ended(1, &lines), true), Sum { passed: 1, failed: 1 });
        assert_eq!(counted(&ended(101, &lines[..1]), true), Sum { passed: 1, failed: 1 });
        assert_eq!(counted(&ended(0, &[]), false), Sum { passed: 1, failed: 0 });
        assert_eq!(counted(&ended(1, &[]), false), Sum { passed: 0, failed: 1 });
    }
}
