//! What a code says, as a page for a terminal.

use super::moment;
use jigap::code::emv::{FaultKind, Finding, Hint, diagnose};
use jigap::code::inspect::{Field, Inspection, meaning, sentence, visible};
use std::fmt::{self, Write};

/// The whole page. Characters that cannot be seen, or would steer the terminal, are written as escapes.
pub(super) fn page(text: &str, inspection: &Inspection) -> String {
    let mut page = String::new();
    // A `String` takes whatever is written.
    let _ = write_page(&mut page, text, inspection);
    page
}

fn write_page(page: &mut String, text: &str, inspection: &Inspection) -> fmt::Result {
    match inspection.reason {
        Some(reason) if inspection.reading == "malformed" => {
            writeln!(page, "malformed ({reason}): expected {}", sentence(reason))?;
        }
        Some(reason) => writeln!(page, "{} ({reason}): {}", inspection.reading, sentence(reason))?,
        None => writeln!(page, "{}", inspection.reading)?,
    }
    carriers(page, inspection)?;
    facts(page, inspection)?;
    wrong(page, text, inspection)?;
    if let Some(fields) = &inspection.fields {
        writeln!(page, "\nobjects")?;
        let is_merchant_presented = inspection.fields.iter().flatten().any(|field| field.tag == "63");
        fields.iter().try_for_each(|field| object(page, field, 1, None, is_merchant_presented))?;
    }
    Ok(())
}

fn carriers(page: &mut String, inspection: &Inspection) -> fmt::Result {
    let who = match inspection.networks.as_slice() {
        [] => "nobody here".to_owned(),
        networks => networks.join(", or "),
    };
    writeln!(page, "carried by {who}")?;
    for warning in &inspection.warnings {
        let words = match *warning {
            "long" => "longer than the 512 characters of the standard",
            "elsewhere" => "of another country than the one the user is in",
            other => other,
        };
        writeln!(page, "note: {words}")?;
    }
    Ok(())
}

fn facts(page: &mut String, inspection: &Inspection) -> fmt::Result {
    let schemes: Vec<&str> = inspection.schemes.iter().map(jigap::code::Scheme::as_str).collect();
    let schemes = (!schemes.is_empty()).then(|| schemes.join(", "));
    let expiry = inspection.expiry.map(|ms| moment::text(ms).unwrap_or_else(|| format!("{ms} ms since 1970")));
    let to_person = inspection.p2p.filter(|p2p| *p2p).map(|_| "a person".to_owned());
    let initiation = inspection.initiation.map(str::to_owned);
    let rows = [
        ("schemes", &schemes),
        ("pays", &to_person),
        ("country", &inspection.country),
        ("currency", &inspection.currency),
        ("amount", &inspection.amount),
        ("initiation", &initiation),
        ("merchant name", &inspection.merchant_name),
        ("merchant city", &inspection.merchant_city),
        ("local name", &inspection.local_name),
        ("local city", &inspection.local_city),
        ("category", &inspection.mcc),
        ("account", &inspection.account),
        ("bank", &inspection.bank),
        ("reference", &inspection.reference),
        ("bill number", &inspection.bill_number),
        ("store", &inspection.store),
        ("terminal", &inspection.terminal),
        ("postal code", &inspection.postal_code),
        ("expiry", &expiry),
    ];
    if rows.iter().any(|(_, value)| value.is_some()) {
        writeln!(page, "\nwhat it says")?;
    }
    for (name, value) in rows {
        if let Some(value) = value {
            writeln!(page, "  {name:<14} {}", visible(value))?;
        }
    }
    Ok(())
}

/// Everything wrong with a code, where, what stood there and what was expected.
fn wrong(page: &mut String, text: &str, inspection: &Inspection) -> fmt::Result {
    let Some(fault) = inspection.fault.as_ref().filter(|_| inspection.reading == "malformed") else { return Ok(()) };
    writeln!(page, "\nwhat is wrong")?;
    let skipped =
        text.len().saturating_sub(text.trim_start_matches(|c: char| c == '\u{feff}' || c.is_whitespace()).len());
    let diagnosis = text.get(skipped..).map(|text| diagnose(text.trim_end())).unwrap_or_default();
    let is_known = |finding: &Finding<'_>| {
        Some(finding.fault.kind.as_str()) == inspection.reason
            && finding.fault.offset.saturating_add(skipped) == fault.offset
    };
    // Only what means to be a merchant-presented code is walked; and some rules need more than the walk knows.
    let merchant_presented = inspection.fields.is_some() && text.get(skipped..).is_some_and(|t| t.starts_with("00"));
    if !merchant_presented || !diagnosis.findings.iter().any(is_known) {
        writeln!(page, "  byte {}, object {}: expected {}", fault.offset, fault.object, fault.expected)?;
    }
    for finding in diagnosis.findings.iter().filter(|_| merchant_presented) {
        let at = finding.fault.moved(skipped);
        write!(page, "  {at}; found \"{}\"", visible(finding.found))?;
        match finding.hint {
            Some(Hint::Checksum(right)) => write!(page, "; it would have to be {right:04X}")?,
            Some(Hint::LengthsCountBytes) => {
                write!(page, "; the lengths count bytes where they must count characters")?
            }
            Some(Hint::UrlEncoded) => write!(page, "; the text has been percent-encoded on its way")?,
            Some(Hint::CutOff) if finding.fault.kind == FaultKind::Truncated => write!(page, "; the text is cut off")?,
            _ => {}
        }
        writeln!(page)?;
    }
    Ok(())
}

fn object(page: &mut String, field: &Field, depth: usize, outer: Option<&str>, explained: bool) -> fmt::Result {
    let indent = depth.saturating_mul(2);
    let width = 44usize.saturating_sub(indent);
    let label = format!("{}  {}", field.tag, field.name);
    write!(page, "{:indent$}{label:<width$} {}", "", visible(&field.value))?;
    match meaning(outer, &field.tag, &field.value).filter(|_| explained) {
        Some(meaning) => writeln!(page, "  ({})", visible(&meaning))?,
        None => writeln!(page)?,
    }
    field.fields.iter().try_for_each(|inner| object(page, inner, depth.saturating_add(1), Some(&field.tag), explained))
}
