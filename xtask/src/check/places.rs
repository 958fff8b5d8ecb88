//! No committed file names a folder of one person's or one company's machine.

use std::fs;

use crate::run::{self, Outcome};
use crate::tree::Tree;

/// Top-level folders that another clone does not have. Without their slashes, so that this file does not find itself.
const FOLDERS: [&str; 3] = ["work", "root", "tmp"];

/// Every line of a tracked text file that names such a folder.
pub(crate) fn violations(tree: &Tree) -> Outcome<Vec<String>> {
    let tracked = run::output(tree.command("git").args(["ls-files", "-z"]))?;
    let mut found = Vec::new();
    for name in tracked.split('\0').filter(|name| !name.is_empty()) {
        // What is not UTF-8 is a picture or a sample, and a tracked file may be deleted in the work tree.
        let Ok(text) = fs::read_to_string(tree.root.join(name)) else {
            continue;
        };
        for (number, line) in (1_usize..).zip(text.lines()) {
            if let Some(folder) = named(line) {
                found.push(format!("{name}:{number}: names the folder {folder} of one machine"));
            }
        }
    }
    Ok(found)
}

/// The folder that the line names from the top of the file system.
fn named(line: &str) -> Option<String> {
    FOLDERS.iter().map(|folder| format!("/{folder}/")).find(|folder| {
        line.match_indices(folder.as_str()).any(|(at, _)| {
            // Within a longer path or an address it is something else: target/work/, https://example/work/.
            let before = line.get(..at).and_then(|head| head.chars().next_back());
            before.is_none_or(|c| !c.is_alphanumeric() && !"._-~}*/".contains(c))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_at_the_top_is_found_and_one_further_down_is_not() {
        for folder in FOLDERS {
            for line in ["see {}x", "\"{}x\"", "{}", "(cd {}y)", "A={}", "--dir={}"] {
                let line = line.replace("{}", &format!("/{folder}/"));
                assert!(named(&line).is_some(), "{line}");
            }
            for line in ["target{}x", "https://host.example{}x", "$HOME/..{}", "~{}", "a/b{}", "${TMPDIR}{}"] {
                let line = line.replace("{}", &format!("/{folder}/"));
                assert_eq!(named(&line), None, "{line}");
            }
            assert_eq!(named(&format!("HOME=/{folder} /{folder}s/")), None);
        }
    }
}
