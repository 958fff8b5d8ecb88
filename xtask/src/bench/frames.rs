//! `cargo xtask bench --frames [DIR]`: synthetic frames, or a folder of photographs beside zxing-cpp.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::run::{self, Outcome};
use crate::tree::Tree;

/// The peer and what its Python needs, pinned: another version is another comparison.
const PEER: [&str; 3] = ["zxing-cpp==3.1.1", "numpy==2.4.6", "Pillow==13.0.0"];

/// What a reader made of one photograph.
#[derive(Deserialize)]
struct Line {
    file: String,
    hit: bool,
    wrong: bool,
    ms: f64,
}

/// Our line about a photograph, and the peer's.
type Pair<'a> = (&'a Line, Option<&'a Line>);

/// The synthetic frames, VGA and 720p.
pub(crate) fn synthetic(tree: &Tree, args: &[String]) -> Outcome {
    run::run(tree.cargo(&["bench", "-p", "jigap", "--bench", "frames", "--"]).args(args))
}

/// Every photograph that has a text beside it, read by us and by zxing-cpp with all its modes, in the same run.
///
/// # Errors
/// No Python with venv and pip, a folder without photographs, or fewer texts than the peer's.
pub(crate) fn photographs(tree: &Tree, folder: &Path) -> Outcome {
    let folder = folder.canonicalize().map_err(|e| format!("{}: {e}", folder.display()))?;
    let python = peer(tree)?;
    let ours = tree
        .cargo(&["bench", "-q", "-p", "jigap", "--bench", "frames", "--", "--photographs"])
        .arg(&folder)
        .to_lines()?;
    let theirs = Command::new(python).arg(tree.root.join("core/benches/frames/peer.py")).arg(&folder).to_lines()?;
    if ours.is_empty() {
        return Err(format!("{}: no PNG or JPEG with a text beside it", folder.display()));
    }
    let (found, peers) = compare(&ours, &theirs);
    if found < peers {
        return Err(format!("{found} texts found, {peers} by zxing-cpp"));
    }
    Ok(())
}

trait Lines {
    fn to_lines(&mut self) -> Outcome<Vec<Line>>;
}

impl Lines for Command {
    /// The lines of its output that are JSON objects.
    fn to_lines(&mut self) -> Outcome<Vec<Line>> {
        let output = run::output(self)?;
        let objects = output.lines().filter(|line| line.starts_with('{'));
        objects.map(|line| serde_json::from_str(line).map_err(|e| format!("{line}: {e}"))).collect()
    }
}

/// A Python of our own that has zxing-cpp, made below `target` when it is not there.
fn peer(tree: &Tree) -> Outcome<PathBuf> {
    let home = tree.target.join("peers/zxing-cpp");
    let python = home.join("bin/python");
    let has = |python: &Path| run::output(Command::new(python).args(["-c", "import zxingcpp, numpy, PIL"])).is_ok();
    if has(&python) {
        return Ok(python);
    }
    let needed =
        |problem: String| format!("zxing-cpp needs python3 with venv and pip (Debian: python3-venv)\n{problem}");
    run::output(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&home)).map_err(needed)?;
    run::run(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(PEER)).map_err(needed)?;
    if has(&python) { Ok(python) } else { Err(format!("{}: zxing-cpp does not start", python.display())) }
}

/// Prints both, set by set, and gives how many texts each found.
fn compare(ours: &[Line], theirs: &[Line]) -> (usize, usize) {
    let by_file: BTreeMap<&str, &Line> = theirs.iter().map(|line| (line.file.as_str(), line)).collect();
    let mut sets: BTreeMap<&str, Vec<Pair<'_>>> = BTreeMap::new();
    for line in ours {
        let set = line.file.rsplit_once('/').map_or(".", |(set, _)| set);
        sets.entry(set).or_default().push((line, by_file.get(line.file.as_str()).copied()));
    }
    println!("milliseconds of processor time of one thread, median of a picture; ours is the whole ladder");
    println!("{:<20} {:>8} {:>7} {:>7} | {:>9} {:>7}", "set", "pictures", "found", "ms", "zxing-cpp", "ms");
    let everything: Vec<_> = sets.values().flatten().copied().collect();
    for (set, lines) in sets.iter().map(|(set, lines)| (*set, lines)).chain([("all", &everything)]) {
        let peers = || lines.iter().filter_map(|(_, peer)| *peer);
        println!(
            "{set:<20} {:>8} {:>7} {:>7.2} | {:>9} {:>7.2}",
            lines.len(),
            lines.iter().filter(|(our, _)| our.hit).count(),
            median(lines.iter().map(|(our, _)| our.ms)),
            peers().filter(|peer| peer.hit).count(),
            median(peers().map(|peer| peer.ms)),
        );
    }
    let files = |title: &str, which: fn(&Pair<'_>) -> bool| {
        let files: Vec<&str> = everything.iter().filter(|pair| which(pair)).map(|(our, _)| our.file.as_str()).collect();
        println!("{title}: {}", if files.is_empty() { "none".to_owned() } else { files.join(", ") });
    };
    files("found by us alone", |(our, peer)| our.hit && peer.is_none_or(|peer| !peer.hit));
    files("found by zxing-cpp alone", |(our, peer)| !our.hit && peer.is_some_and(|peer| peer.hit));
    files("another text by us", |(our, _)| our.wrong);
    (ours.iter().filter(|line| line.hit).count(), theirs.iter().filter(|line| line.hit).count())
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(file: &str, hit: bool) -> Line {
        Line { file: file.to_owned(), hit, wrong: false, ms: 1.0 }
    }

    #[test]
    fn both_readers_are_counted_over_all_sets() {
        let ours = [line("a/1.png", true), line("a/2.png", true), line("b/1.png", false)];
        let theirs = [line("a/1.png", true), line("b/1.png", false)];
        assert_eq!(compare(&ours, &theirs), (2, 1));
    }

    #[test]
    fn only_objects_are_read_from_the_output() {
        let mut command = Command::new("printf");
        let lines =
            command.arg(r#"Running\n{"file":"a/1.png","hit":true,"wrong":false,"ms":1.5,"texts":1}\n"#).to_lines();
        assert_eq!(
            lines.unwrap().first().map(|line| (line.file.clone(), line.hit)),
            Some(("a/1.png".to_owned(), true))
        );
    }

    #[test]
    fn the_median_of_nothing_is_nothing() {
        assert!(median(std::iter::empty()).abs() < f64::EPSILON);
        assert!((median([3.0, 1.0, 2.0].into_iter()) - 2.0).abs() < f64::EPSILON);
    }
}
