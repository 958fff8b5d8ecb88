//! The export as a page that a person can read and print, with the export itself inside.

use super::verify::{PAGE_END, PAGE_MARK};
use serde_json::Value;

/// The readable part, from the export's content: the page up to where the export stands.
pub fn readable(content: &Value) -> String {
    let mut page = String::from(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Consent record</title>\n<style>\n\
         body{font:11pt/1.5 sans-serif;margin:2em auto;max-width:50em;padding:0 1em}\n\
         table{border-collapse:collapse;width:100%;margin:.5em 0 1.5em}\n\
         td,th{border:1px solid #999;padding:.3em .5em;text-align:left;vertical-align:top}\n\
         th{width:11em;background:#eee}h2{margin-top:2em}.important{font-weight:bold;font-size:120%}\n\
         code{font-size:80%;word-break:break-all}@media print{h2{break-after:avoid}table{break-inside:avoid}}\n\
         </style>\n</head>\n<body>\n<h1>Consent record</h1>\n",
    );
    let at = |path: &str| word(content.pointer(path));
    page.push_str(&format!(
        "<p>What this wallet asked, what its user answered, and the proof of both. Made {}. Device <code>{}</code>.</p>\n",
        at("/made"),
        at("/device")
    ));
    let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let effective = list(content.get("effective"));
    page.push_str("<h2>In force</h2>\n<ul>\n");
    for agreement in &effective {
        let (network, purpose) = (word(agreement.get("network")), word(agreement.get("purpose")));
        page.push_str(&format!("<li>{network}: {purpose}</li>\n"));
    }
    page.push_str(if effective.is_empty() { "<li>nothing</li>\n</ul>\n" } else { "</ul>\n" });
    for record in list(content.get("records")) {
        let purpose = record.pointer("/pii_processing/purposes/0").cloned().unwrap_or_default();
        page.push_str(&format!("<h2>{}</h2>\n<table>\n", word(purpose.get("title"))));
        let rows = [
            ("Network", purpose.pointer("/services/0"), false),
            ("Act", purpose.get("lawful_basis"), false),
            ("What", purpose.get("items"), true),
            ("Where, when, how", purpose.pointer("/processing_method/0"), false),
            ("To whom", purpose.get("recipient"), true),
            ("What for", purpose.get("purpose"), true),
            ("How long", purpose.get("retention_period"), true),
            ("How to refuse", purpose.get("withdrawal_method"), false),
            ("Document", record.pointer("/pii_processing/privacy_notice"), false),
        ];
        for (name, value, important) in rows.into_iter().filter(|(_, value, _)| value.is_some_and(|v| !v.is_null())) {
            let class = if important { " class=\"important\"" } else { "" };
            page.push_str(&format!("<tr><th>{name}</th><td{class}>{}</td></tr>\n", word(value)));
        }
        page.push_str("</table>\n<table>\n<tr><th>When (UTC)</th><th>What happened</th><th>How</th></tr>\n");
        for event in list(record.get("event")) {
            let of = |name: &str| word(event.get(name));
            let how = match event.get("kind").and_then(Value::as_str) {
                Some("granted" | "declined") => format!(
                    "in {}, {} pt, read to the end: {}, {} ms; proof of the user: {}",
                    of("language"),
                    of("font_pt"),
                    of("scrolled_to_end"),
                    of("dwell_ms"),
                    of("proof")
                ),
                Some("acknowledged") => format!("place {} of the log", of("log_index")),
                _ => String::new(),
            };
            page.push_str(&format!(
                "<tr><td>{}</td><td>{}<br><code>{}</code></td><td>{how}</td></tr>\n",
                of("event_time"),
                of("kind"),
                of("digest")
            ));
        }
        page.push_str("</table>\n");
    }
    page.push_str(
        "<p>The events, documents, signatures and keys stand in this file, after this text. Verify them with \
         <code>docs/verify_consent.py</code> or <code>jigap-sandbox consent verify</code>, and compare the keys with those that \
         the company publishes.</p>\n",
    );
    page
}

/// The whole page: the readable part, and the sealed export.
pub fn whole(readable: &str, export: &Value) -> String {
    // A text in a document must not end the element it stands in.
    let json = export.to_string().replace('<', "\\u003c");
    format!("{readable}{PAGE_MARK}{json}{PAGE_END}")
}

/// A value as text, safe inside HTML.
fn word(value: Option<&Value>) -> String {
    let text = match value {
        None | Some(Value::Null) => "–".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Bool(yes)) => if *yes { "yes" } else { "no" }.to_owned(),
        Some(other) => other.to_string(),
    };
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
