//! The tables of ARCHITECTURE.md that say where a payment's rules are kept: what they cite is there.

use std::fs;
use std::path::{Path, PathBuf};

use crate::run::Outcome;

const PAGE: &str = "ARCHITECTURE.md";
/// The section with the two tables.
const SECTION: &str = "\n## The rules of a payment";
/// Where a cited file may be: code by its place below `core/src`, tests by their name.
const FOLDERS: [&str; 6] = [
    "core/src",
    "core/src/present",
    "core/tests",
    "sandbox/tests",
    "bindings/kotlin/src/test/kotlin/io/jigap",
    "bindings/swift/Tests/JigapTests",
];

/// Every cited file or name that is not there, and every rule that is not named where it is kept and tested.
///
/// # Errors
/// A page or file that cannot be read, or a page without the section.
pub(crate) fn violations(root: &Path) -> Outcome<Vec<String>> {
    let page = fs::read_to_string(root.join(PAGE)).map_err(|e| format!("{PAGE}: {e}"))?;
    let (_, after) = page.split_once(SECTION).ok_or_else(|| format!("{PAGE}: no section{SECTION}"))?;
    let section = after.split("\n## ").next().unwrap_or_default();
    let rows: Vec<Vec<&str>> = section.lines().filter(|line| line.starts_with("| ")).map(cells).collect();
    let mut found = Vec::new();
    for row in rows.iter().filter(|row| !matches!(row.first(), Some(&"rule" | &"what leaves"))) {
        let [what, _, kept, tested] = row[..] else {
            found.push(format!("{PAGE}: a row has not four cells: {}", row.join(" | ")));
            continue;
        };
        for cell in [kept, tested] {
            let cited = cited(cell);
            if cited.is_empty() {
                found.push(format!("{PAGE}: {what}: nothing is cited in \"{cell}\""));
            }
            let mut named = !rule(what);
            for (file, names) in cited {
                let Some(text) = read(root, file) else {
                    found.push(format!("{PAGE}: {what}: there is no {file}"));
                    continue;
                };
                let missing = names.iter().filter(|name| !text.contains(**name));
                found.extend(missing.map(|name| format!("{PAGE}: {what}: {file} has no {name}")));
                named |= names_rule(&text, what);
            }
            if !named {
                found.push(format!("{PAGE}: {what} is named in none of the files of \"{cell}\""));
            }
        }
    }
    if rows.len() < 20 {
        found.push(format!("{PAGE}: the tables of the rules have shrunk to {} rows", rows.len()));
    }
    Ok(found)
}

fn cells(line: &str) -> Vec<&str> {
    line.trim_matches('|').split('|').map(str::trim).collect()
}

/// The files of a cell and the names in each: `file: name, name`.
fn cited(cell: &str) -> Vec<(&str, Vec<&str>)> {
    let quoted = cell.split('`').skip(1).step_by(2);
    quoted.filter_map(|text| text.split_once(": ")).map(|(file, names)| (file, names.split(", ").collect())).collect()
}

fn read(root: &Path, file: &str) -> Option<String> {
    let places = FOLDERS.iter().map(|folder| root.join(folder).join(file));
    places.filter(|place: &PathBuf| place.is_file()).find_map(|place| fs::read_to_string(place).ok())
}

/// Whether a row is about a rule, such as R4.
fn rule(what: &str) -> bool {
    what.strip_prefix('R').is_some_and(|number| number.parse::<u8>().is_ok())
}

/// Whether a text names the rule itself, and not a longer number.
fn names_rule(text: &str, rule: &str) -> bool {
    text.match_indices(rule).any(|(at, _)| {
        let end = at.saturating_add(rule.len());
        let next = text.get(end..).and_then(|rest| rest.chars().next());
        let before = text.get(..at).and_then(|head| head.chars().next_back());
        !next.is_some_and(|c| c.is_alphanumeric()) && !before.is_some_and(|c| c.is_alphanumeric())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_said() {
        let root = tempfile::tempdir().unwrap();
        let write = |place: &str, text: &str| {
            let file = root.path().join(place);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        };
        write("core/src/a.rs", "// R1: kept\nfn kept() {}");
        write("core/tests/t.rs", "/// R11\nfn tested() {}");
        write(
            PAGE,
            "\n## The rules of a payment\n\n| rule | a | b | c |\n|---|---|---|---|\n| R1 | x | `a.rs: kept, gone` | `t.rs: tested`; `no.rs: x` |\n\n## Next\n| R2 | | | |\n",
        );
        let found = violations(root.path()).unwrap();
        let expected = [
            "R1: a.rs has no gone",
            "R1: there is no no.rs",
            "R1 is named in none of the files of \"`t.rs: tested`; `no.rs: x`\"",
            "the tables of the rules have shrunk to 2 rows",
        ];
        assert_eq!(found, expected.map(|line| format!("{PAGE}: {line}")));
    }

    #[test]
    fn the_tables_of_this_tree_hold() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        assert_eq!(violations(&root).unwrap(), Vec::<String>::new());
    }
}
