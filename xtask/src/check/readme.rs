//! The samples in README.md are the ones that the tests compile and run, to the letter.

use crate::run::Outcome;
use std::fs;
use std::path::Path;

/// The mark in README.md, and the file whose lines between `// readme:begin` and `// readme:end` stand there.
const SAMPLES: [(&str, &str); 2] = [
    ("kotlin", "bindings/kotlin/src/test/kotlin/io/jigap/ReadmeSample.kt"),
    ("swift", "bindings/swift/Tests/JigapTests/ReadmeSample.swift"),
];

/// What stands in README.md otherwise than in its source.
pub(super) fn violations(root: &Path) -> Outcome<Vec<String>> {
    let read = |path: &str| fs::read_to_string(root.join(path)).map_err(|e| format!("{path}: {e}"));
    let readme = read("README.md")?;
    let mut found = Vec::new();
    for (language, file) in SAMPLES {
        let sample =
            sample(&read(file)?).ok_or_else(|| format!("{file}: no lines between readme:begin and readme:end"))?;
        let block = format!("<!-- readme:{language} -->\n```{language}\n{sample}```\n<!-- /readme:{language} -->");
        if !readme.contains(&block) {
            found.push(format!("README.md: the {language} sample is not the one in {file}; it has to be:\n{block}"));
        }
    }
    Ok(found)
}

/// The lines between the marks, moved left together.
fn sample(source: &str) -> Option<String> {
    let lines = source.lines().skip_while(|line| line.trim() != "// readme:begin").skip(1);
    let lines: Vec<&str> = lines.take_while(|line| line.trim() != "// readme:end").collect();
    let indent = |line: &&str| line.len().saturating_sub(line.trim_start().len());
    let least = lines.iter().filter(|line| !line.trim().is_empty()).map(indent).min()?;
    Some(lines.iter().map(|line| format!("{}\n", line.get(least..).unwrap_or_default())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(readme: &str) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (_, file) in SAMPLES {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "top\n    // readme:begin\n    one {\n\n      two\n    }\n    // readme:end\nend\n")
                .unwrap();
        }
        fs::write(root.path().join("README.md"), readme).unwrap();
        root
    }

    #[test]
    fn a_sample_that_drifted_is_found() {
        let block = |l: &str, two: &str| {
            format!("<!-- readme:{l} -->\n```{l}\none {{\n\n  {two}\n}}\n```\n<!-- /readme:{l} -->\n")
        };
        let good = tree(&format!("{}{}", block("kotlin", "two"), block("swift", "two")));
        assert_eq!(violations(good.path()), Ok(vec![]));
        let drifted = tree(&format!("{}{}", block("kotlin", "two"), block("swift", "three")));
        let found = violations(drifted.path()).unwrap();
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("the swift sample"));
    }
}
