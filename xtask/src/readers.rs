//! `cargo xtask readers`: writes `docs/readers.md`, what other people's parsers make of the same codes.

use crate::run::{self, Outcome};
use crate::tree::Tree;

/// Asks them all again. A disagreement that nobody has judged is an error.
pub(crate) fn run(tree: &Tree) -> Outcome {
    let mut command = tree.cargo(&["test", "--quiet", "-p", "jigap", "--test", "code_peers"]);
    run::run(command.env("JIGAP_WRITE_READERS", "1").env("CI", "true"))
}
