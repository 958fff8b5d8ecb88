//! `docs/law.md` names tests that exist, and has a row for each article.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::run::Outcome;

/// The articles that have to have a row.
const ARTICLES: [&str; 20] = [
    "PIPA 15",
    "PIPA 17",
    "PIPA 22",
    "PIPA 22-2",
    "PIPA 28-8(1)",
    "PIPA 28-8(2)",
    "PIPA 28-8(3)",
    "PIPA 28-9",
    "PIPA 28-11",
    "EFTA 6",
    "EFTA 7",
    "EFTA 8",
    "EFTA 10",
    "EFTA 14",
    "EFTA 21",
    "EFTA 22",
    "EFTA 24",
    "Credit Information Act 17",
    "Credit Information Act 32",
    "article",
];

/// Every row that is missing or odd, and every name in backticks that is no test.
pub(crate) fn violations(root: &Path) -> Outcome<Vec<String>> {
    let read = |path: &Path| fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()));
    let mut tests = BTreeSet::new();
    for folder in ["core", "sandbox", "xtask"] {
        collect(&root.join(folder), &mut tests)?;
    }
    Ok(judge(&read(&root.join("docs/law.md"))?, &tests))
}

fn judge(page: &str, tests: &BTreeSet<String>) -> Vec<String> {
    let mut found = Vec::new();
    let mut rows = BTreeSet::new();
    for (number, line) in (1_usize..).zip(page.lines()) {
        let named: Vec<&str> = line.split('`').skip(1).step_by(2).collect();
        for name in named.iter().filter(|name| !tests.contains(**name)) {
            found.push(format!("docs/law.md:{number}: there is no test `{name}`"));
        }
        if !line.starts_with("| ") {
            continue;
        }
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, article, asks, kept, shown, _] = cells.as_slice() else {
            found.push(format!("docs/law.md:{number}: a row has four cells"));
            continue;
        };
        if asks.is_empty() || kept.is_empty() || (*article != "article" && !shown.contains('`')) {
            found.push(format!("docs/law.md:{number}: a cell is empty, or the last one names no test"));
        }
        rows.insert(*article);
    }
    found.extend(ARTICLES.iter().filter(|a| !rows.contains(**a)).map(|a| format!("docs/law.md: no row for {a}")));
    found
}

/// The names of all functions that carry a `#[test]` in the Rust files below a folder.
fn collect(folder: &Path, tests: &mut BTreeSet<String>) -> Outcome {
    let at = |e: std::io::Error| format!("{}: {e}", folder.display());
    for entry in fs::read_dir(folder).map_err(at)? {
        let path = entry.map_err(at)?.path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            collect(&path, tests)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).map_err(at)?;
            let mut marked = false;
            for line in text.lines().map(str::trim) {
                if let Some(name) = line.strip_prefix("fn ").and_then(|rest| rest.split(['(', '<']).next())
                    && marked
                {
                    tests.insert(name.to_owned());
                }
                marked = line == "#[test]" || (marked && line.starts_with(['#', '/']));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
    }

    #[test]
    fn every_test_that_the_law_page_names_exists() {
        assert_eq!(violations(&tree()).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn a_name_that_is_no_test_a_missing_row_and_an_empty_cell_are_found() {
        let tests = BTreeSet::from(["there".to_owned()]);
        let page = |row: &str| {
            let rows: String = ARTICLES.iter().map(|a| format!("| {a} | asks | kept | `there` |\n")).collect();
            format!("{rows}{row}")
        };
        assert_eq!(judge(&page(""), &tests), Vec::<String>::new());
        for (row, expected) in [
            ("| x | asks | kept | `gone` |", "no test `gone`"),
            ("| x | asks | kept | – |", "names no test"),
            ("| x | | kept | `there` |", "empty"),
            ("| x | asks | `there` |", "four cells"),
            ("`gone`", "no test `gone`"),
        ] {
            let found = judge(&page(row), &tests);
            assert!(found.len() == 1 && found[0].contains(expected), "{row}: {found:?}");
        }
        assert_eq!(judge(&page("").replace("PIPA 28-9 ", "PIPA 29 "), &tests), ["docs/law.md: no row for PIPA 28-9"]);
    }
}
