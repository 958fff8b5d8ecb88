//! `docs/data_map.md` is what the code says, and the code says it of every column there is. To write it anew:
//! `JIGAP_WRITE=1 cargo test -p jigap --test data_map`.
#![allow(clippy::unwrap_used, reason = "test code")]

use jigap::crypto::SystemRandom;
use jigap::gateway::table::sent;
use jigap::store::Store;
use jigap::store::table::STORED;
use jigap::vault::FileVault;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

fn written() -> String {
    let mut page = String::from(
        "# Data map\n\nWritten by `core/tests/data_map.rs` from the tables in the code, and checked there to be current. Not to be edited by hand.\n\n\
         ## What leaves the phone\n\nEverything goes to the wallet company's gateway. The last column says which of it reaches a network abroad, as \
         which item; the gate lets the call pass only under a consent that lists the item.\n\n\
         | call | field | what for | kept | reaches a network as |\n|---|---|---|---|---|\n",
    );
    for (call, fields) in sent() {
        for field in fields {
            let item = field.item.map_or("–", |item| item.as_str());
            writeln!(page, "| {call} | {} | {} | {} | {item} |", field.name, field.purpose, field.retention).unwrap();
        }
    }
    page.push_str(
        "\n## What stays on the phone\n\nNobody receives it. Columns that begin with `s_` are sealed.\n\n\
         | column | what | what for | kept |\n|---|---|---|---|\n",
    );
    for column in STORED {
        writeln!(page, "| {} | {} | {} | {} |", column.name, column.what, column.purpose, column.retention).unwrap();
    }
    page
}

#[test]
fn the_data_map_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/data_map.md");
    if std::env::var_os("JIGAP_WRITE").is_some() {
        std::fs::write(&path, written()).unwrap();
    }
    assert!(std::fs::read_to_string(path).unwrap() == written(), "JIGAP_WRITE=1 cargo test -p jigap --test data_map");
}

#[test]
fn every_column_of_the_database_is_in_the_map() {
    let folder = tempfile::tempdir().unwrap();
    let vault = FileVault::open(&folder.path().join("vault")).unwrap();
    drop(Store::open(&folder.path().join("wallet"), &vault, Arc::new(SystemRandom)).unwrap());
    let database = rusqlite::Connection::open(folder.path().join("wallet/wallet.db")).unwrap();
    let sql = "SELECT t.name || '.' || c.name FROM sqlite_schema t, pragma_table_info(t.name) c
        WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'";
    let mut statement = database.prepare(sql).unwrap();
    let there: BTreeSet<String> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let listed: BTreeSet<String> = STORED.iter().map(|column| column.name.to_owned()).collect();
    assert_eq!(there, listed);
    assert!(STORED.len() == listed.len() && STORED.iter().all(|c| !c.what.is_empty() && !c.retention.is_empty()));
}
