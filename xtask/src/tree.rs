//! Where things lie in the checked-out tree.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX, EXE_SUFFIX};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::{self, Outcome};

/// The folders every command works in.
pub(crate) struct Tree {
    /// The top of the checkout.
    pub(crate) root: PathBuf,
    /// Cargo's target folder, which need not lie in the checkout.
    pub(crate) target: PathBuf,
}

#[derive(serde::Deserialize)]
struct Metadata {
    workspace_root: PathBuf,
    target_directory: PathBuf,
}

impl Tree {
    /// Asks cargo, which alone knows about its configuration.
    pub(crate) fn find() -> Outcome<Self> {
        let mut command = Command::new("cargo");
        command.args(["metadata", "--format-version", "1", "--no-deps", "--manifest-path"]);
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"));
        let text = run::output(&mut command)?;
        let found: Metadata = serde_json::from_str(&text).map_err(|e| format!("cargo metadata: {e}"))?;
        Ok(Self { root: found.workspace_root, target: found.target_directory })
    }

    /// A command that runs at the top of the tree.
    pub(crate) fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = run::clean(program.as_ref());
        command.current_dir(&self.root);
        command
    }

    /// `cargo ARGS` at the top of the tree.
    pub(crate) fn cargo(&self, args: &[&str]) -> Command {
        let mut command = self.command("cargo");
        command.args(args);
        command
    }

    /// Where `cargo build` leaves the native library and the sandbox.
    pub(crate) fn debug(&self) -> PathBuf {
        self.target.join("debug")
    }

    /// The native library of a debug build. It keeps its symbols: the binding generator reads them.
    pub(crate) fn library(&self) -> PathBuf {
        self.debug().join(library_name())
    }

    /// The sandbox of a debug build.
    pub(crate) fn sandbox(&self) -> PathBuf {
        self.debug().join(format!("jigap-sandbox{EXE_SUFFIX}"))
    }

    /// Builds what the Kotlin and Swift tests run against: the library with the features it ships with, then the sandbox.
    /// In one build cargo would give the library the sandbox's features too, and hide that it lacks one.
    /// `plant-panic` changes no interface; with it the tests can see a panic arrive as an error.
    pub(crate) fn build_for_bindings(&self) -> Outcome {
        run::run(&mut self.cargo(&["build", "--quiet", "-p", "jigap-ffi", "--features", "plant-panic"]))?;
        run::run(&mut self.cargo(&["build", "--quiet", "-p", "jigap-sandbox"]))
    }
}

/// The file name of the native library on this machine.
pub(crate) fn library_name() -> String {
    format!("{DLL_PREFIX}jigap_ffi{DLL_SUFFIX}")
}
