//! The Python of the tests: an environment of its own in the target folder, with pinned packages. Readers of codes and
//! cryptography that are not ours check what we draw and derive.

use std::fs;

use crate::run::{self, Outcome};
use crate::tree::Tree;

/// What the environment holds, and nothing else is asked for.
const PACKAGES: [&str; 3] = ["cryptography==48.0.0", "pillow==13.0.0", "zxing-cpp==3.1.1"];

/// Makes the environment `target/python`, once for each list of packages.
///
/// # Errors
/// No `python3` with `venv`, or the package registry cannot be reached.
pub(crate) fn make(tree: &Tree) -> Outcome {
    let folder = tree.target.join("python");
    let stamp = folder.join("packages.txt");
    let wanted = PACKAGES.join("\n");
    if fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    println!("making the Python environment of the tests in {}", folder.display());
    run::run(tree.command("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    let mut install = tree.command(folder.join("bin/python"));
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"]);
    run::run(install.args(PACKAGES))?;
    fs::write(&stamp, wanted).map_err(|e| format!("{}: {e}", stamp.display()))
}
