//! `cargo xtask bench`: how fast the slices are, and how large the library.

pub(crate) mod frames;

use std::fs;
use std::process::Command;

use crate::run::{self, Outcome};
use crate::tree::{self, Tree};

/// The shipped library, stripped, may have this many bytes for each processor architecture (DESIGN: 4.5 MB).
const BUDGET: u64 = 4_500_000;

/// Runs the benches of the whole workspace.
pub(crate) fn run(tree: &Tree, args: &[String]) -> Outcome {
    let mut command = tree.cargo(&["bench", "--workspace", "--bench", "*", "--"]);
    run::run(command.args(args))
}

/// Builds the library as it ships, strips a copy and compares its size with the budget.
///
/// # Errors
/// When it is larger than the budget.
pub(crate) fn size(tree: &Tree) -> Outcome {
    run::run(&mut tree.cargo(&["rustc", "-p", "jigap-ffi", "--lib", "--profile", "dist", "--crate-type", "cdylib"]))?;
    let folder = tree.target.join("dist");
    let (built, stripped) = (folder.join(tree::library_name()), folder.join("stripped").join(tree::library_name()));
    fs::create_dir_all(folder.join("stripped")).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut strip = Command::new("strip");
    if cfg!(target_os = "macos") {
        strip.arg("-x"); // strip of macOS refuses to take the exported symbols, and has no other word for the rest
    } else {
        strip.arg("--strip-all");
    }
    run::output(strip.arg("-o").arg(&stripped).arg(&built))?;
    let bytes = |file| fs::metadata(file).map(|found| found.len()).map_err(|e| e.to_string());
    let (as_built, as_shipped) = (bytes(&built)?, bytes(&stripped)?);
    println!("as built {as_built} bytes ({}), {}", megabytes(as_built), built.display());
    println!("stripped {as_shipped} bytes ({}), budget {}", megabytes(as_shipped), megabytes(BUDGET));
    within(as_shipped)
}

fn within(bytes: u64) -> Outcome {
    if bytes <= BUDGET { Ok(()) } else { Err(format!("{} bytes over the budget", bytes.saturating_sub(BUDGET))) }
}

/// Decimal megabytes with two digits, cut rather than rounded.
fn megabytes(bytes: u64) -> String {
    format!("{}.{:02} MB", bytes / 1_000_000, bytes % 1_000_000 / 10_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_is_the_last_size_that_passes() {
        assert!(within(BUDGET).is_ok());
        assert!(within(BUDGET.saturating_add(1)).is_err());
    }

    #[test]
    fn megabytes_have_two_digits() {
        assert_eq!(megabytes(4_500_000), "4.50 MB");
        assert_eq!(megabytes(3_079_999), "3.07 MB");
    }
}
