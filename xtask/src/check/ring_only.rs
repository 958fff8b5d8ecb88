//! Cryptography comes from ring alone, on every target that the library is built for.

use std::collections::BTreeSet;

use crate::run::{self, Outcome};
use crate::tree::Tree;

/// Other sources of cryptography: they double the size of the library, or bring a system library that phones do not have.
const FORBIDDEN: [&str; 7] =
    ["aws-lc-rs", "aws-lc-sys", "aws-lc-fips-sys", "openssl", "openssl-sys", "openssl-src", "native-tls"];
/// The machine it is tested on, and what apps are built for. Windows and wasm are not ours, though cargo could resolve them.
const TARGETS: [&str; 8] = [
    "x86_64-unknown-linux-gnu",
    "aarch64-apple-darwin",
    "aarch64-linux-android",
    "armv7-linux-androideabi",
    "x86_64-linux-android",
    "aarch64-apple-ios",
    "aarch64-apple-ios-sim",
    "x86_64-apple-ios",
];

/// Every forbidden crate in the resolved tree, build and development dependencies included.
pub(crate) fn violations(tree: &Tree) -> Outcome<Vec<String>> {
    let mut command = tree.cargo(&["tree", "--workspace", "--all-features", "--prefix", "none", "--format", "{p}"]);
    command.args(["--edges", "normal,build,dev"]);
    for target in TARGETS {
        command.args(["--target", target]);
    }
    let text = run::output(&mut command)?;
    if !text.lines().any(|line| line.starts_with("ring v")) {
        return Err("ring itself was not found: `cargo tree` answers otherwise than this check expects".to_owned());
    }
    Ok(forbidden(&text))
}

fn forbidden(text: &str) -> Vec<String> {
    let crates: BTreeSet<&str> =
        text.lines().filter(|line| FORBIDDEN.contains(&line.split(' ').next().unwrap_or(""))).collect();
    crates
        .iter()
        .map(|name| {
            format!(
                "{name}: see `cargo tree --workspace --target all --invert {}`",
                name.split(' ').next().unwrap_or("")
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_forbidden_crate_is_found_and_no_other() {
        for name in FORBIDDEN {
            let text =
                format!("jigap v0.1.0 (core)\nring v0.17.14\n{name} v1.0.0\nrustls v0.23.46\n{name} v1.0.0 (*)\n");
            let found = forbidden(&text);
            assert!(!found.is_empty() && found.iter().all(|line| line.starts_with(name)), "{found:?}");
        }
        assert_eq!(
            forbidden("ring v0.17.14\nopenssl-probe v0.2.0\nrustls-native-certs v0.8.0\n"),
            Vec::<String>::new()
        );
    }
}
