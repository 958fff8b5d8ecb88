//! The Swift toolchain: the machine's own, or one made by `toolchains/swift.sh`.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use crate::run::{self, Outcome};
use crate::tree::Tree;

/// The oldest Swift that the package is written for.
const OLDEST: (u32, u32) = (6, 0);
/// What the script answers when this machine cannot have the toolchain (EX_UNAVAILABLE).
const UNAVAILABLE: i32 = 69;

/// Where Swift comes from.
pub(crate) enum Swift {
    /// `swift` on PATH is new enough.
    Installed,
    /// A chroot that the script makes and enters.
    Chroot {
        /// The script.
        script: PathBuf,
    },
}

impl Swift {
    /// Takes the machine's own Swift when that is new enough, else the chroot.
    pub(crate) fn find(tree: &Tree) -> Self {
        let installed = run::output(tree.command("swift").arg("--version")).ok();
        if installed.as_deref().and_then(version).is_some_and(|found| found >= OLDEST) {
            return Self::Installed;
        }
        Self::Chroot { script: tree.root.join("xtask/toolchains/swift.sh") }
    }

    /// Starts making the chroot while the caller does something else; nothing to do for an installed Swift.
    pub(crate) fn start(&self, tree: &Tree) -> Outcome<Option<Child>> {
        let Self::Chroot { script } = self else {
            return Ok(None);
        };
        let mut command = self.scripted(tree, script);
        let child = command.arg("make").spawn().map_err(|e| format!("cannot start {}: {e}", script.display()))?;
        Ok(Some(child))
    }

    /// Waits for what [`Swift::start`] started.
    ///
    /// # Errors
    /// Why this machine cannot have the toolchain, and what to do about it.
    pub(crate) fn ready(started: Option<Child>) -> Outcome {
        let Some(mut child) = started else {
            return Ok(());
        };
        let status = child.wait().map_err(|e| format!("the Swift toolchain: {e}"))?;
        match status.code() {
            Some(0) => Ok(()),
            Some(UNAVAILABLE) => Err(format!(
                "Swift {}.{} or newer is needed: install it from swift.org, or run `cargo xtask swift` as root on a \
                 Debian-like machine (see above)",
                OLDEST.0, OLDEST.1
            )),
            _ => Err(format!("making the Swift toolchain failed ({status})")),
        }
    }

    /// `PROGRAM` with this toolchain; the caller adds arguments. The whole tree and the target folder keep their paths.
    pub(crate) fn command(&self, tree: &Tree, program: impl AsRef<OsStr>) -> Command {
        match self {
            Self::Installed => tree.command(Path::new(&program)),
            Self::Chroot { script } => {
                let mut command = self.scripted(tree, script);
                command.arg("run");
                if !tree.target.starts_with(&tree.root) {
                    command.arg("--bind").arg(&tree.target);
                }
                command.arg("--").arg(program);
                command
            }
        }
    }

    fn scripted(&self, tree: &Tree, script: &Path) -> Command {
        let mut command = tree.command(script);
        command.env("JIGAP_TOOLCHAINS", toolchains(tree));
        if std::env::var_os("JIGAP_DEBIAN_MIRROR").is_none()
            && let Some(mirror) = machine_mirror()
        {
            command.env("JIGAP_DEBIAN_MIRROR", mirror);
        }
        command
    }
}

/// `cargo xtask swift -- COMMAND`; without one it only makes the toolchain.
pub(crate) fn run(tree: &Tree, command: &[String]) -> Outcome {
    let swift = Swift::find(tree);
    Swift::ready(swift.start(tree)?)?;
    let mut words = command.iter();
    let mut started = match words.next() {
        Some(program) => swift.command(tree, program),
        None => swift.command(tree, "swift"),
    };
    if command.is_empty() {
        started.arg("--version");
    }
    if let Ok(here) = std::env::current_dir() {
        started.current_dir(here);
    }
    run::run(started.args(words))
}

fn toolchains(tree: &Tree) -> PathBuf {
    std::env::var_os("JIGAP_TOOLCHAINS").map_or_else(|| tree.target.join("toolchains"), PathBuf::from)
}

/// The version in `swift --version`'s answer; `None` for another program of that name.
fn version(text: &str) -> Option<(u32, u32)> {
    let (_, rest) = text.split_once("Swift version ")?;
    let mut numbers = rest.split(|c: char| !c.is_ascii_digit()).map(str::parse::<u32>);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

/// The Debian mirror this machine uses itself: the nearest, and perhaps the only one it can reach.
fn machine_mirror() -> Option<String> {
    let mut files = vec![PathBuf::from("/etc/apt/sources.list")];
    let mut parts: Vec<PathBuf> =
        fs::read_dir("/etc/apt/sources.list.d").ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    parts.sort();
    files.extend(parts);
    files.iter().filter_map(|file| fs::read_to_string(file).ok()).find_map(|text| mirror(&text))
}

/// The first Debian archive in an apt sources file, one-line or deb822. Told by its suite, since a mirror may lie at any path.
fn mirror(sources: &str) -> Option<String> {
    one_line(sources).or_else(|| sources.split("\n\n").find_map(deb822))
}

fn one_line(sources: &str) -> Option<String> {
    sources.lines().find_map(|line| {
        let rest = line.trim().strip_prefix("deb ")?.trim_start();
        let rest = if rest.starts_with('[') { rest.split_once(']')?.1 } else { rest };
        let mut words = rest.split_whitespace();
        let uri = words.next()?;
        (is_debian(words.next()?) && is_http(uri)).then(|| uri.to_owned())
    })
}

fn deb822(stanza: &str) -> Option<String> {
    let field = |name: &str| {
        let mut values = stanza.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(':'));
        Some(values.find(|(key, _)| key.eq_ignore_ascii_case(name))?.1.trim())
    };
    let usable = field("Types")?.split_whitespace().any(|kind| kind == "deb")
        && field("Suites")?.split_whitespace().any(is_debian)
        && field("Enabled").is_none_or(|enabled| enabled != "no");
    if !usable {
        return None;
    }
    field("URIs")?.split_whitespace().find(|uri| is_http(uri)).map(str::to_owned)
}

fn is_debian(suite: &str) -> bool {
    ["bookworm", "trixie", "forky", "bullseye", "stable", "oldstable", "testing", "unstable", "sid"].contains(&suite)
}

fn is_http(uri: &str) -> bool {
    uri.starts_with("http://") || uri.starts_with("https://")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_both_vendors_are_read_and_other_programs_are_not() {
        assert_eq!(version("Swift version 6.0.3 (swift-6.0.3-RELEASE)\nTarget: x86_64"), Some((6, 0)));
        assert_eq!(version("swift-driver version: 1.1\nApple Swift version 6.2 (swiftlang-6.2)"), Some((6, 2)));
        assert_eq!(version("Swift version 5.10.1"), Some((5, 10)));
        assert_eq!(version("python-swiftclient 4.2.0"), None);
    }

    #[test]
    fn the_mirror_of_one_line_sources() {
        let sources = "# deb http://old.example/debian bookworm main\n\
            deb http://security.example/debian-security bookworm-security main\n\
            deb https://packages.example/apt cloud-sdk-bookworm main\n\
            deb-src http://source.example/debian bookworm main\n\
            deb [arch=amd64 signed-by=/k.gpg] https://near.example/proxy/deb12/ bookworm main contrib\n";
        assert_eq!(mirror(sources).as_deref(), Some("https://near.example/proxy/deb12/"));
    }

    #[test]
    fn the_mirror_of_deb822_sources() {
        let sources = "Types: deb\nURIs: http://off.example/debian\nSuites: bookworm\nEnabled: no\n\n\
            Types: deb\nURIs: http://security.example/debian-security\nSuites: bookworm-security\n\n\
            Types: deb deb-src\n# URIs: http://snapshot.example\nURIs: file:/mnt http://near.example/debian\n\
            Suites: bookworm bookworm-updates\nComponents: main\n";
        assert_eq!(mirror(sources).as_deref(), Some("http://near.example/debian"));
    }

    #[test]
    fn no_debian_archive_no_mirror() {
        assert_eq!(mirror("deb http://archive.ubuntu.example/ubuntu noble main\n"), None);
        assert_eq!(mirror(""), None);
    }
}
