//! Random valid codes of every scheme, built by other people's encoders in Node and Python (`tests/peers`), read back field by
//! field.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "test code"
)]

mod peers;

use jigap::code::{Rules, Scheme, Situation, inspect};
use peers::Peers;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Codes of each kind.
const COUNT: &str = "60";

/// What the encoders do not speak about.
const NOT_COMPARED: &[&str] = &["reason", "fields", "networks", "warnings", "fault"];

#[test]
fn what_other_people_encode_is_read_back_field_by_field() {
    let Some(peers) = Peers::find() else { return };
    // Another seed: `JIGAP_SEED=1 cargo test -p jigap --test code_encoders`.
    let seed = std::env::var("JIGAP_SEED").unwrap_or_else(|_| "20261123".to_owned());
    let arguments = [seed.as_str(), COUNT];
    let mut codes = peers.script("encode.mjs", &arguments, "");
    codes.extend(peers.script("encode.py", &arguments, ""));
    let rules = Rules::every_scheme();
    let (mut wrong, mut counted) = (Vec::new(), BTreeMap::<String, usize>::new());
    for code in &codes {
        let (source, payload) = (code["source"].as_str().unwrap(), code["payload"].as_str().unwrap());
        let read = serde_json::to_value(inspect(payload, &rules, &Situation::default())).unwrap();
        let differing = differing(code["expected"].as_object().unwrap(), read.as_object().unwrap());
        if !differing.is_empty() {
            wrong.push(format!("{source}: {payload}\n  {}", differing.join("\n  ")));
        }
        assert!(is_loss_free(payload, &read["fields"]), "{source}: {payload}");
        for scheme in code["expected"]["schemes"].as_array().unwrap() {
            *counted.entry(scheme.as_str().unwrap().to_owned()).or_default() += 1;
        }
    }
    let shown: String = wrong.iter().take(10).map(|wrong| format!("{wrong}\n")).collect();
    assert!(wrong.is_empty(), "seed {seed}: {} of {} codes are read differently\n{shown}", wrong.len(), codes.len());
    for scheme in Scheme::ALL.iter().filter(|scheme| **scheme != Scheme::ZeroPay) {
        // Zero Pay's grammar is not public.
        assert!(counted.get(scheme.as_str()).is_some_and(|count| *count >= 10), "{scheme}: {counted:?}");
    }
    println!("{} codes of {} schemes: {counted:?}", codes.len(), counted.len());
}

/// What is not as expected; a key that is not expected has to be null. `*` is anything.
fn differing(expected: &Map<String, Value>, read: &Map<String, Value>) -> Vec<String> {
    let nothing = Value::Null;
    read.iter()
        .filter(|(key, _)| !NOT_COMPARED.contains(&key.as_str()))
        .filter_map(|(key, got)| {
            let wanted = expected.get(key).unwrap_or(&nothing);
            let same = wanted == got || *wanted == "*" || (key == "amount" && decimal(wanted) == decimal(got));
            (!same).then(|| format!("{key}: expected {wanted}, got {got}"))
        })
        .collect()
}

/// An amount without the zeros at its end: encoders write them as they like.
fn decimal(amount: &Value) -> Option<&str> {
    let text = amount.as_str()?;
    Some(if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text })
}

/// Whether the objects of a merchant-presented code, and those inside each template, put together are the code.
fn is_loss_free(payload: &str, fields: &Value) -> bool {
    let Some(fields) = fields.as_array().filter(|_| payload.starts_with("000201") || payload.starts_with("000202"))
    else {
        return true;
    };
    fn whole(fields: &[Value]) -> String {
        fields
            .iter()
            .map(|field| {
                let value = match field["fields"].as_array() {
                    Some(inner) => whole(inner),
                    None => field["value"].as_str().unwrap().to_owned(),
                };
                format!("{}{:02}{value}", field["tag"].as_str().unwrap(), value.chars().count())
            })
            .collect()
    }
    whole(fields) == payload
}
