//! Every object of a code, nested, with nothing lost: for inspectors and support desks, not for payments.

use super::emv::{Mpm, Object, Objects, Template};
use super::link::strip_prefix_ignore_case;
use super::scheme::{Scheme, of_emv};
use serde::Serialize;
use std::fmt;

/// One object or parameter of a code. Its `Debug` hides the value.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Its ID, such as `26`, or its name in a link.
    pub tag: String,
    /// Its value, as written.
    pub value: String,
    /// What stands inside it, if it is a template.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Self>,
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{} bytes]", self.tag, self.value.len())?;
        if self.fields.is_empty() { Ok(()) } else { f.debug_list().entries(&self.fields).finish() }
    }
}

impl Field {
    fn leaf(object: &Object<'_>) -> Self {
        Self { tag: object.tag.to_string(), value: object.value.to_owned(), fields: Vec::new() }
    }
}

/// The objects of a code in the order of the text; empty for a text that has none, or a broken one.
pub fn fields(text: &str) -> Vec<Field> {
    let text = text.trim_matches(|c: char| c == '\u{feff}' || c.is_ascii_whitespace());
    if let Ok(code) = Mpm::parse(text) {
        let with_accounts = of_emv(&code).schemes.contains(Scheme::VietQr);
        return code
            .objects()
            .map(|object| {
                let number = object.tag.number();
                let inner = code.template(number).map(|t| inside(&t, number, with_accounts)).unwrap_or_default();
                Field { fields: inner, ..Field::leaf(&object) }
            })
            .collect();
    }
    if let Some(query) = ["upi://pay?", "upiGlobal://pay?"].iter().find_map(|b| strip_prefix_ignore_case(text, b)) {
        return parameters(query);
    }
    if let Some((_, query)) = strip_prefix_ignore_case(text, "TWQRP://").and_then(|rest| rest.split_once('?')) {
        return parameters(query);
    }
    let objects: Result<Vec<_>, _> = Objects::of(text).collect();
    objects.map(|objects| objects.iter().map(slip_object).collect()).unwrap_or_default()
}

/// Templates inside templates: the payment systems' own in 62-50 to 62-99 (MPM Table 4.4), and VietQR's receiver.
fn inside(template: &Template<'_>, outer: u8, with_accounts: bool) -> Vec<Field> {
    template
        .objects()
        .map(|object| {
            let number = object.tag.number();
            let nests = (outer == 62 && number >= 50) || (with_accounts && (26..=51).contains(&outer) && number == 1);
            let inner = nests.then(|| template.nested(number)).flatten();
            let inner = inner.map(|t| t.objects().map(|object| Field::leaf(&object)).collect()).unwrap_or_default();
            Field { fields: inner, ..Field::leaf(&object) }
        })
        .collect()
}

/// Object 00 of a Thai slip is a template.
fn slip_object(object: &Object<'_>) -> Field {
    let inner: Result<Vec<_>, _> =
        if object.tag.number() == 0 { Objects::of(object.value).collect() } else { Ok(Vec::new()) };
    let fields = inner.map(|objects| objects.iter().map(Field::leaf).collect()).unwrap_or_default();
    Field { fields, ..Field::leaf(object) }
}

fn parameters(query: &str) -> Vec<Field> {
    query
        .split('&')
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Field { tag: name.to_owned(), value: value.to_owned(), fields: Vec::new() }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `VIETQR-38` of the vectors.
    const VIETQR: &str = "00020101021138530010A0000007270123000697041601092576788590208QRIBFTTA53037045802VN6304AE9F";

    #[test]
    fn every_object_is_there_in_its_place() {
        let all = fields(VIETQR);
        assert_eq!(all.iter().map(|f| f.tag.as_str()).collect::<Vec<_>>(), ["00", "01", "38", "53", "58", "63"]);
        let account = &all[2];
        assert_eq!(account.fields.iter().map(|f| f.tag.as_str()).collect::<Vec<_>>(), ["00", "01", "02"]);
        let receiver: Vec<_> = account.fields[1].fields.iter().map(|f| (f.tag.as_str(), f.value.as_str())).collect();
        assert_eq!(receiver, [("00", "970416"), ("01", "257678859")]);
        assert!(!format!("{all:?}").contains("257678859"));
    }

    #[test]
    fn links_and_slips_have_fields_too() {
        let upi = fields("upi://pay?pa=shop@bank&am=1");
        assert_eq!(
            upi.iter().map(|f| (f.tag.as_str(), f.value.as_str())).collect::<Vec<_>>(),
            [("pa", "shop@bank"), ("am", "1")]
        );
        let slip = fields("004000060000010103002021900021231231212000115102TH91049C30");
        assert_eq!(slip[0].fields.len(), 3);
        assert_eq!(fields("https://example.com"), []);
    }
}
