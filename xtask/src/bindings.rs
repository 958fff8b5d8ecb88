//! `cargo xtask bindings`: the Kotlin and Swift code that UniFFI generates from the FFI crate, committed.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::run::{self, Outcome};
use crate::tree::Tree;

/// The Kotlin package that `uniffi.toml` asks for. UniFFI's own default is another one, used when it ignores the file.
const KOTLIN_PACKAGE: &str = "io.jigap.ffi";

/// One language: what the generator writes and where that is committed.
struct Language {
    name: &'static str,
    /// File that the generator writes, and its place in the tree.
    files: &'static [(&'static str, &'static str)],
}

const LANGUAGES: [Language; 2] = [
    Language {
        name: "kotlin",
        files: &[("io/jigap/ffi/jigap_ffi.kt", "bindings/kotlin/src/generated/kotlin/io/jigap/ffi/jigap_ffi.kt")],
    },
    Language {
        name: "swift",
        files: &[
            ("JigapFFI.swift", "bindings/swift/Sources/JigapFFI/JigapFFI.swift"),
            ("jigap_ffiFFI.h", "bindings/swift/Sources/jigap_ffiFFI/jigap_ffiFFI.h"),
            // SwiftPM looks for this name alone.
            ("jigap_ffiFFI.modulemap", "bindings/swift/Sources/jigap_ffiFFI/module.modulemap"),
        ],
    },
];

/// Folders in which nothing but generated files may lie.
const GENERATED_ONLY: [&str; 2] = ["bindings/kotlin/src/generated", "bindings/swift/Sources/jigap_ffiFFI"];

/// Generates the bindings into the tree, or with `check` only says what differs from the committed ones.
///
/// # Errors
/// A build or generator failure, a configuration that was not obeyed, and with `check` each file that differs.
pub(crate) fn run(tree: &Tree, check: bool) -> Outcome {
    tree.build_for_bindings()?; // a moment when it is built already; a stale library would prove nothing
    let library = tree.library();
    let generated = generate(tree, &library)?;
    if check {
        let differing = differences(&tree.root, &generated)?;
        if differing.is_empty() {
            return Ok(());
        }
        return Err(format!("{}\nrun `cargo xtask bindings` and commit the result", differing.join("\n")));
    }
    for (place, bytes) in &generated {
        let file = tree.root.join(place);
        if fs::read(&file).is_ok_and(|old| old == *bytes) {
            continue; // builds go by the time of change
        }
        let folder = file.parent().unwrap_or(&tree.root);
        fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        fs::write(&file, bytes).map_err(|e| format!("{}: {e}", file.display()))?;
        println!("bindings: wrote {place}");
    }
    Ok(())
}

/// Generates every language into the target folder; gives each file's place in the tree and its bytes.
fn generate(tree: &Tree, library: &Path) -> Outcome<BTreeMap<&'static str, Vec<u8>>> {
    let mut generated = BTreeMap::new();
    for language in LANGUAGES {
        let out = tree.target.join("bindings").join(language.name);
        if let Err(e) = fs::remove_dir_all(&out)
            && e.kind() != ErrorKind::NotFound
        {
            return Err(format!("{}: {e}", out.display()));
        }
        let mut command = tree.cargo(&["run", "--quiet", "-p", "uniffi-bindgen", "--", "generate"]);
        command.args(["--config", "uniffi.toml", "--language", language.name, "--no-format", "--out-dir"]);
        run::run(command.arg(&out).arg(library))?;
        let written = files_below(&out)?;
        let expected: Vec<PathBuf> = language.files.iter().map(|(from, _)| PathBuf::from(from)).collect();
        if let Some(other) = written.iter().find(|file| !expected.contains(file)) {
            return Err(format!("the generator wrote {}: it did not obey uniffi.toml", other.display()));
        }
        for (from, place) in language.files {
            let bytes = fs::read(out.join(from)).map_err(|e| format!("the generator did not write {from}: {e}"))?;
            generated.insert(*place, bytes);
        }
        if language.name == "kotlin" {
            for (from, _) in language.files {
                let text = fs::read_to_string(out.join(from)).map_err(|e| format!("{from}: {e}"))?;
                obeyed(&text)?;
            }
        }
    }
    Ok(generated)
}

/// Whether the Kotlin text is of the package that `uniffi.toml` asks for.
fn obeyed(kotlin: &str) -> Outcome {
    match kotlin.lines().find_map(|line| line.strip_prefix("package ")) {
        Some(package) if package.trim_end_matches(';') == KOTLIN_PACKAGE => Ok(()),
        other => Err(format!("Kotlin package {other:?} instead of {KOTLIN_PACKAGE}: uniffi.toml was ignored")),
    }
}

/// Each committed file that is missing, stale, or generated no more.
fn differences(root: &Path, generated: &BTreeMap<&str, Vec<u8>>) -> Outcome<Vec<String>> {
    let mut found = Vec::new();
    for (place, bytes) in generated {
        match fs::read(root.join(place)) {
            Ok(committed) if committed == *bytes => {}
            Ok(committed) => found.push(format!("{place} is stale, from line {}", first_difference(&committed, bytes))),
            Err(_) => found.push(format!("{place} is missing")),
        }
    }
    for folder in GENERATED_ONLY {
        if !root.join(folder).is_dir() {
            continue; // its files were reported missing
        }
        for file in files_below(&root.join(folder))? {
            let place = Path::new(folder).join(file);
            if !generated.keys().any(|known| Path::new(known) == place) {
                found.push(format!("{} is not generated any more", place.display()));
            }
        }
    }
    Ok(found)
}

fn first_difference(committed: &[u8], generated: &[u8]) -> usize {
    let lines = |bytes: &[u8]| -> Vec<Vec<u8>> { bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect() };
    let same = lines(committed).iter().zip(lines(generated)).take_while(|(a, b)| *a == b).count();
    same.saturating_add(1)
}

/// Every file below a folder, named from there.
fn files_below(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))? {
        let entry = entry.map_err(|e| e.to_string())?;
        let name = PathBuf::from(entry.file_name());
        if entry.path().is_dir() {
            found.extend(files_below(&entry.path())?.into_iter().map(|below| name.join(below)));
        } else {
            found.push(name);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_kotlin_is_of_the_package_that_the_configuration_names() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for (_, place) in LANGUAGES[0].files {
            obeyed(&fs::read_to_string(root.join(place)).unwrap()).unwrap();
        }
    }

    #[test]
    fn an_ignored_configuration_is_noticed() {
        assert!(obeyed("// generated\npackage io.jigap.ffi\n").is_ok());
        assert!(obeyed("package uniffi.jigap_ffi\n").unwrap_err().contains("ignored"));
        assert!(obeyed("// package io.jigap.ffi\n").is_err());
    }

    #[test]
    fn stale_missing_and_left_over_files_are_named() {
        let root = tempfile::tempdir().unwrap();
        let places = ["bindings/kotlin/src/generated/kotlin/A.kt", "bindings/swift/Sources/JigapFFI/JigapFFI.swift"];
        let generated: BTreeMap<&str, Vec<u8>> = places.iter().map(|place| (*place, b"one\ntwo\n".to_vec())).collect();
        let write = |place: &str, text: &str| {
            let file = root.path().join(place);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        };
        assert_eq!(differences(root.path(), &generated).unwrap(), places.map(|place| format!("{place} is missing")));
        for place in places {
            write(place, "one\ntwo\n");
        }
        assert_eq!(differences(root.path(), &generated).unwrap(), Vec::<String>::new());
        write(places[0], "one\ntwo \n");
        write("bindings/kotlin/src/generated/kotlin/old/B.kt", "");
        assert_eq!(
            differences(root.path(), &generated).unwrap(),
            [
                format!("{} is stale, from line 2", places[0]),
                "bindings/kotlin/src/generated/kotlin/old/B.kt is not generated any more".to_owned()
            ]
        );
    }
}
