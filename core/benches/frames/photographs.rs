//! Photographs with a text beside each: `1.png` and `1.txt`, or `1.bin` where the content is bytes. Folders are sets.

use std::fs;
use std::path::{Path, PathBuf};

use jigap::code::camera::{self, Frame, image};

use crate::processor_ms;

/// One JSON object a line: the file, whether its text was found, how many other texts, and the milliseconds.
pub fn score(folder: &Path) {
    let mut files = Vec::new();
    collect(folder, &mut files);
    files.sort();
    for file in files {
        let Some(wanted) = wanted(&file) else { continue };
        let bytes = fs::read(&file).unwrap();
        let (found, took) = match image::grey(&bytes) {
            Ok(grey) => {
                let frame = Frame::new(&grey.pixels, grey.width, grey.height, grey.width, 0).unwrap();
                let before = processor_ms();
                let found = camera::still(&frame);
                (found, processor_ms() - before)
            }
            Err(_) => (Vec::new(), 0.0),
        };
        let hit = found.iter().any(|found| wanted.contains(&found.text.trim_end().to_owned()));
        let shown = file.strip_prefix(folder).unwrap_or(&file).display().to_string();
        let line = serde_json::json!({
            "file": shown, "hit": hit, "texts": found.len(), "ms": took, "wrong": !hit && !found.is_empty(),
        });
        println!("{line}");
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|kind| ["png", "jpg", "jpeg"].iter().any(|known| kind == *known)) {
            files.push(path);
        }
    }
}

/// The text beside a picture; bytes as UTF-8 or, where they are not, as Latin-1. Several encodings are let pass.
fn wanted(file: &Path) -> Option<Vec<String>> {
    let bytes = ["txt", "bin"].iter().find_map(|kind| fs::read(file.with_extension(kind)).ok())?;
    let latin = bytes.iter().copied().map(char::from).collect::<String>();
    let texts = [String::from_utf8(bytes).ok(), Some(latin)];
    Some(texts.into_iter().flatten().map(|text| text.trim_end().to_owned()).collect())
}
