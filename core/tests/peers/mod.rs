//! Other people's encoders and parsers: installs them below the target folder from pinned lists, and talks to them.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers");

/// The packages, ready to run.
pub(crate) struct Peers {
    folder: PathBuf,
}

impl Peers {
    /// Installs what is missing. Without Node or Python there are none: on a build server that is a failure.
    pub(crate) fn find() -> Option<Self> {
        let on_ci = std::env::var_os("CI").is_some_and(|value| value == "true" || value == "1");
        let missing: Vec<&str> = ["node", "npm", "python3"].into_iter().filter(|tool| !answers(tool)).collect();
        if !missing.is_empty() {
            assert!(
                !on_ci,
                "CI=true, but these are missing: {missing:?} (Debian: apt-get install nodejs npm python3-pip)"
            );
            eprintln!("SKIPPED, NOTHING TESTED: these are missing: {missing:?}");
            return None;
        }
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("peers");
        let peers = Self { folder };
        peers.install();
        Some(peers)
    }

    fn install(&self) {
        let pinned = ["package-lock.json", "requirements.txt"]
            .map(|name| fs::read_to_string(Path::new(HERE).join(name)).unwrap());
        let (stamp, wanted) = (self.folder.join("installed"), pinned.concat());
        fs::create_dir_all(&self.folder).unwrap();
        for file in fs::read_dir(HERE).unwrap().map(|file| file.unwrap().path()) {
            fs::copy(&file, self.folder.join(file.file_name().unwrap())).unwrap();
        }
        if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
            return;
        }
        let npm = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
        self.run("npm", npm, "");
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps"];
        let into = ["--upgrade", "--target", "site", "-r", "requirements.txt"];
        self.run("python3", pip.into_iter().chain(into), "");
        fs::write(stamp, wanted).unwrap();
    }

    /// Runs a script of this folder with `input` on its standard input; gives its lines.
    pub(crate) fn script(&self, name: &str, arguments: &[&str], input: &str) -> Vec<serde_json::Value> {
        let program = if name.ends_with(".py") { "python3" } else { "node" };
        let text = self.run(program, [name].iter().chain(arguments), input);
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn run(&self, program: &str, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>, input: &str) -> String {
        let mut child = Command::new(program)
            .args(arguments)
            .current_dir(&self.folder)
            .env("PYTHONPATH", self.folder.join("site"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PYTHONIOENCODING", "utf-8")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (mut stdin, input) = (child.stdin.take().unwrap(), input.to_owned());
        // A script that answers before it has read everything must not stop both.
        let writer = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
        let done = child.wait_with_output().unwrap();
        writer.join().unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{program} failed: {said}");
        String::from_utf8(done.stdout).unwrap()
    }
}

fn answers(tool: &str) -> bool {
    let version = Command::new(tool).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    version.is_ok_and(|status| status.success())
}
