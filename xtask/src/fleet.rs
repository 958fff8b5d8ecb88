//! `cargo xtask simulate-fleet`: a day of many wallets, by the core's own policies; draws the pictures of `docs/fleet.md`.

use crate::run::{self, Outcome};
use crate::tree::Tree;

/// Plays it, in a release build, and puts the pictures into `docs/fleet`.
///
/// # Errors
/// When a bound does not hold.
pub(crate) fn run(tree: &Tree, wallets: u64, seed: u64) -> Outcome {
    let mut command = tree.cargo(&["run", "--quiet", "--release", "--locked", "-p", "jigap-fleet", "--"]);
    command.args(["--wallets", &wallets.to_string(), "--seed", &seed.to_string(), "--pictures"]);
    run::run(command.arg("docs/fleet"))
}
