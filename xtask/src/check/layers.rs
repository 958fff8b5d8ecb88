//! The layers of core: who may name whom. Arrows point down only.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::tokens::{self, Named, What};
use crate::run::Outcome;

/// Modules of core that stand on one level.
struct Layer {
    name: &'static str,
    modules: &'static [&'static str],
    /// Crates that no module of the layer names.
    forbidden: &'static [&'static str],
}

/// The outside world: storage, network, executor, foreign languages.
const WORLD: &[&str] = &["rusqlite", "reqwest", "tokio", "uniffi"];
/// Core knows nothing of foreign languages; that is the FFI crate's work.
const FOREIGN: &[&str] = &["uniffi"];

/// From the top down. A module may name the layers below its own.
const LAYERS: &[Layer] = &[
    Layer { name: "facade", modules: &["app"], forbidden: FOREIGN },
    Layer { name: "shell", modules: &["store", "gateway", "vault"], forbidden: FOREIGN },
    Layer { name: "domain", modules: &["payment", "present", "wallet", "consent", "config"], forbidden: WORLD },
    Layer { name: "codes", modules: &["code"], forbidden: WORLD },
    Layer { name: "money", modules: &["money"], forbidden: WORLD },
    Layer { name: "base", modules: &["text", "mutant", "id", "crypto", "time", "network", "error"], forbidden: WORLD },
];

/// A module may also name these of its own layer.
const SIDEWAYS: &[(&str, &str, &str)] = &[
    ("store", "vault", "columns are sealed with keys that the vault unwraps"),
    ("gateway", "vault", "a request is signed as the device, which the vault does"),
    ("payment", "consent", "a payment takes the consent in force as an argument: forgetting it does not compile"),
    ("present", "consent", "a shown code needs the consent in force, as a payment does"),
    ("config", "present", "the policy of presenting is part of the signed configuration"),
    ("config", "consent", "a consent document is published as signed configuration is"),
    ("id", "crypto", "an id is drawn from the random source"),
    ("id", "error", ERROR),
    ("crypto", "error", ERROR),
    ("time", "error", ERROR),
    ("network", "error", ERROR),
    ("error", "network", "an error may say which network it is about"),
];
/// Why the other modules of the base name `error`.
const ERROR: &str = "every fallible function returns the one error type";

/// Every name in `core/src` that points up, sideways without leave, or to a forbidden crate.
///
/// # Errors
/// A file that cannot be read or is not Rust.
pub(crate) fn violations(src: &Path) -> Outcome<Vec<String>> {
    let mut files = Vec::new();
    collect(src, &mut files).map_err(|e| format!("{}: {e}", src.display()))?;
    files.sort();
    let words: BTreeSet<&str> = LAYERS.iter().flat_map(|layer| layer.forbidden.iter().copied()).collect();
    let words: Vec<&str> = words.into_iter().collect();
    let mut violations = Vec::new();
    for file in files {
        let shown = file.strip_prefix(src).unwrap_or(&file);
        let text = fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
        let module = module_of(shown);
        if module.first().is_some_and(|top| layer_of(top).is_none()) {
            violations
                .push(format!("{}: this module has no layer: add it to xtask/src/check/layers.rs", shown.display()));
            continue;
        }
        let named = tokens::names(&text, &module, &words).map_err(|e| format!("{}: {e}", shown.display()))?;
        violations.extend(
            named.iter().filter_map(|named| Some(format!("{}:{}: {}", shown.display(), named.line, judge(named)?))),
        );
    }
    Ok(violations)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

/// `payment/table.rs` is `payment::table`; `lib.rs` is the root.
fn module_of(file: &Path) -> Vec<String> {
    let mut parts: Vec<String> =
        file.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if parts.last().is_some_and(|last| last == "mod" || last == "lib") {
        parts.pop();
    }
    parts
}

fn layer_of(module: &str) -> Option<(usize, &'static Layer)> {
    LAYERS.iter().enumerate().find(|(_, layer)| layer.modules.contains(&module))
}

/// Why this name must not stand here; `None` when it may.
fn judge(named: &Named) -> Option<String> {
    let Some(from) = named.within.first() else {
        // The root wires the modules and says what is public.
        return match &named.what {
            What::Word(word) if FOREIGN.contains(&word.as_str()) => Some(format!("core names `{word}`")),
            _ => None,
        };
    };
    let Some((own_level, own)) = layer_of(from) else {
        return Some(format!("module `{from}` has no layer: add it to xtask/src/check/layers.rs"));
    };
    match &named.what {
        What::Word(word) if own.forbidden.contains(&word.as_str()) => {
            Some(format!("`{from}` is of the layer {} and must not name `{word}`", own.name))
        }
        What::Word(_) => None,
        What::Root => Some("names the whole root: name the module that has what you need".to_owned()),
        What::InRoot(to) if to == from => None,
        What::InRoot(to) => match layer_of(to) {
            None => Some(format!("`crate::{to}` is no module with a layer: name the module that has what you need")),
            Some((level, other)) if level < own_level => Some(format!(
                "`{from}` is of the layer {} and must not name `{to}` above it ({})",
                own.name, other.name
            )),
            Some((level, _)) if level == own_level && !SIDEWAYS.iter().any(|(a, b, _)| a == from && b == to) => {
                Some(format!("`{from}` and `{to}` stand side by side in the layer {}: it must not name it", own.name))
            }
            Some(_) => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The violations of a tree with these files.
    fn tree(files: &[(&str, &str)]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        violations(folder.path()).unwrap()
    }

    const CLEAN: &[(&str, &str)] = &[
        ("lib.rs", "//! Names uniffi.\npub mod app; mod store; pub use app::Wallet; use crate::store::Db;"),
        ("app/mod.rs", "use crate::{store::Db, payment::Payment, error::Error};\nuse tokio::sync;"),
        ("app/engine.rs", "use super::super::gateway::Client; use super::Wallet;"),
        ("store/schema.rs", "use rusqlite::Connection; use crate::payment::Payment;"),
        ("gateway.rs", "fn client() -> reqwest::Client { todo!() }"),
        (
            "payment/table.rs",
            "// crate::store and tokio\nuse crate::consent::EffectiveConsent; use crate::money::Money;",
        ),
        ("code/emv/tlv.rs", "use super::super::super::error::Error; const T: &str = \"use crate::store\";"),
        ("money.rs", "use crate::error::Error;"),
        ("error.rs", ""),
        ("time.rs", "use crate::error::Error;"),
    ];

    #[test]
    fn a_clean_tree_passes() {
        assert_eq!(tree(CLEAN), Vec::<String>::new());
    }

    #[test]
    fn each_kind_of_planted_violation_is_found_in_the_clean_tree() {
        for (file, planted, expected) in [
            (
                "payment/plant.rs",
                "use crate::store::Db;",
                "payment/plant.rs:1: `payment` is of the layer domain and must not name `store`",
            ),
            ("store/plant.rs", "use crate::app::Wallet;", "must not name `app` above it"),
            ("money/plant.rs", "\n\nfn f() { crate::code::read() }", "money/plant.rs:3: `money`"),
            ("error/plant.rs", "use super::super::money::Money;", "`error` is of the layer base"),
            ("code/plant.rs", "use crate::{money::M, consent::{self, X}};", "must not name `consent`"),
            ("wallet.rs", "use crate::payment::Payment;", "side by side"),
            ("consent.rs", "use crate::payment::Payment;", "side by side"),
            ("vault.rs", "use crate::gateway::Client;", "side by side"),
            ("error/plant.rs", "use crate::crypto::Digest;", "side by side"),
            ("payment/plant.rs", "use rusqlite::Connection;", "must not name `rusqlite`"),
            ("present/plant.rs", "fn f(c: reqwest::Client) {}", "must not name `reqwest`"),
            ("config.rs", "#[cfg(test)] mod tests { #[tokio::test] async fn t() {} }", "must not name `tokio`"),
            ("code/plant.rs", "#[derive(uniffi::Record)] struct S;", "must not name `uniffi`"),
            ("app/plant.rs", "#[uniffi::export] fn f() {}", "must not name `uniffi`"),
            ("gateway/plant.rs", "use uniffi as u;", "must not name `uniffi`"),
            ("lib.rs", "uniffi::setup_scaffolding!();", "core names `uniffi`"),
            ("lib.rs", "mod payment { use crate::store::Db; }", "must not name `store`"),
            ("lib.rs", "mod odd { use crate::store::Db; }", "`odd` has no layer"),
            ("surprise.rs", "", "no layer"),
            ("payment/plant.rs", "use crate::Wallet;", "no module with a layer"),
            ("payment/plant.rs", "use crate::*;", "whole root"),
        ] {
            let mut files = CLEAN.to_vec();
            files.push((file, planted)); // written after the clean one of that name, in its place
            let found = tree(&files);
            assert!(found.len() == 1 && found[0].contains(expected), "{file}: {planted}: {found:?}");
        }
    }

    #[test]
    fn a_file_that_is_not_rust_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("money.rs"), "fn f( {").unwrap();
        assert!(violations(folder.path()).unwrap_err().starts_with("money.rs: line "));
    }

    #[test]
    fn the_table_names_each_module_once_and_lets_sideways_only_within_a_layer() {
        let modules: Vec<&str> = LAYERS.iter().flat_map(|layer| layer.modules.iter().copied()).collect();
        assert_eq!(modules.iter().collect::<BTreeSet<_>>().len(), modules.len());
        for (from, to, reason) in SIDEWAYS {
            assert_eq!(layer_of(from).map(|found| found.0), layer_of(to).map(|found| found.0), "{from} {to}");
            assert!(reason.len() > 20);
        }
    }
}
