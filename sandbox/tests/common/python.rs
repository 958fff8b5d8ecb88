//! Python with the package `cryptography`, for the verifier that shares no code with us.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

const PACKAGE: &str = "cryptography==48.0.0";

fn has_cryptography(python: &Path) -> bool {
    Command::new(python).args(["-c", "import cryptography"]).output().is_ok_and(|output| output.status.success())
}

/// The Python that `cargo xtask test` has made, else the machine's own when it has the package, else one made below the
/// target folder.
///
/// # Panics
/// With `CI=true`, when there is no Python or the package cannot be had. Elsewhere the answer is none, and said so.
pub fn python() -> Option<&'static Path> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    let found = FOUND.get_or_init(|| {
        let tests = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../python/bin/python");
        if has_cryptography(&tests) {
            return Some(tests);
        }
        let ours = PathBuf::from("python3");
        if has_cryptography(&ours) {
            return Some(ours);
        }
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("verify-consent");
        let made = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
        if !has_cryptography(&made) {
            let run = |program: &Path, arguments: &[&str]| -> Option<Output> {
                Command::new(program).args(arguments).output().ok().filter(|output| output.status.success())
            };
            let _ = run(&ours, &["-m", "venv", "--clear", folder.to_str().unwrap()]);
            let _ = run(&made, &["-m", "pip", "install", "--quiet", PACKAGE]);
        }
        has_cryptography(&made).then_some(made)
    });
    if found.is_none() {
        let why = "python3 with venv is needed for docs/verify_consent.py (Debian: apt-get install python3-venv)";
        assert!(std::env::var("CI").as_deref() != Ok("true"), "CI=true, but {why}");
        #[allow(clippy::print_stdout, reason = "a skipped test says so")]
        {
            println!("SKIPPED: {why}");
        }
    }
    found.as_deref()
}

/// What `docs/verify_consent.py` says about each file, one line a file.
pub fn verdicts(python: &Path, files: &[PathBuf]) -> Vec<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/verify_consent.py");
    let output = Command::new(python).arg(script).args(files).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), files.len(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.success(), lines.iter().all(|line| line.starts_with("good")));
    lines
}
