//! Every object of a code, nested, with nothing lost.

use super::names;
use crate::code::emv::{BerObject, Cpm, Mpm, Object, Objects, Tag, Template, diagnose};
use crate::code::link::strip_prefix_ignore_case;
use crate::code::other::is_consumer_presented;
use crate::code::read::{is_merchant_presented, trimmed};
use crate::code::scheme::{self, Scheme, UPI_LINKS, account_names, alipay_object, alipay_objects, names_under};
use serde::Serialize;
use std::fmt;

/// One object or parameter of a code. Its `Debug` hides the value.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Its ID, such as `26`, or its name in a link.
    pub tag: String,
    /// What it is called; empty when nobody says.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub name: &'static str,
    /// Its value, as written; hexadecimal digits for a consumer-presented code.
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
    fn leaf(object: &Object<'_>, name: &'static str) -> Self {
        Self { tag: object.tag.to_string(), name, value: object.value.to_owned(), fields: Vec::new() }
    }

    fn parameter(tag: &str, name: &'static str, value: &str) -> Self {
        Self { tag: tag.to_owned(), name, value: value.to_owned(), fields: Vec::new() }
    }
}

/// The objects of a code in the order of the text; empty for a text that has none. Of a broken merchant-presented code,
/// those that can be read, doubles too.
pub fn fields(text: &str) -> Vec<Field> {
    let text = trimmed(text);
    if let Ok(code) = Mpm::parse(text) {
        return of_sound(&code);
    }
    if let Some(query) = UPI_LINKS.iter().find_map(|begin| strip_prefix_ignore_case(text, begin)) {
        return parameters(query);
    }
    if let Some((_, query)) = strip_prefix_ignore_case(text, "TWQRP://").and_then(|rest| rest.split_once('?')) {
        return parameters(query);
    }
    if is_consumer_presented(text) {
        return Cpm::parse(text).map(|code| code.objects().map(|object| ber(&object)).collect()).unwrap_or_default();
    }
    if let Some(objects) = alipay_objects(text) {
        return alipay_fields(&objects, &ALIPAY_LEVELS);
    }
    if let Some(lines) = scheme::thai_barcode_lines(text) {
        const NAMES: [&str; 4] = ["biller", "reference 1", "reference 2", "amount in satang"];
        let numbered = lines.iter().zip(NAMES).zip(["1", "2", "3", "4"]);
        return numbered.map(|((line, name), tag)| Field::parameter(tag, name, line)).collect();
    }
    if is_merchant_presented(text) {
        return diagnose(text).objects.iter().map(|object| of_broken(object, text.is_ascii())).collect();
    }
    let objects: Result<Vec<_>, _> = Objects::of(text).collect();
    objects.map(|objects| objects.iter().map(slip_object).collect()).unwrap_or_default()
}

fn of_sound(code: &Mpm<'_>) -> Vec<Field> {
    let schemes = scheme::of_emv(code).schemes;
    let with_receiver = schemes.contains(Scheme::VietQr);
    code.objects()
        .map(|object| {
            let number = object.tag.number();
            let leaf = Field::leaf(&object, names::root(number));
            let Some(template) = code.template(number) else { return leaf };
            let account = match number {
                26..=51 => account_names(code, object.tag, template),
                99 if schemes.contains(Scheme::Khqr) => KHQR_TIMES,
                _ => &[],
            };
            Field { fields: inside(&template, number, account, with_receiver), ..leaf }
        })
        .collect()
}

/// Cambodia keeps two moments where others have an identifier.
const KHQR_TIMES: &[(u8, &str)] = &[(0, "made, ms since 1970"), (1, "expiry, ms since 1970")];

fn of_broken(object: &Object<'_>, ascii: bool) -> Field {
    let number = object.tag.number();
    let leaf = Field::leaf(object, names::root(number));
    let may_nest = is_account(number) || matches!(number, 62 | 64);
    let Some(template) = may_nest.then(|| Template::read(object, ascii)).flatten() else { return leaf };
    let account = names_under(template.get(0).unwrap_or_default());
    Field { fields: inside(&template, number, account, false), ..leaf }
}

const fn is_account(tag: u8) -> bool {
    matches!(tag, 26..=51)
}

/// Templates inside templates: the payment systems' own in 62-50 to 62-99 (MPM Table 4.4), and VietQR's receiver.
fn inside(template: &Template<'_>, outer: u8, account: &[(u8, &'static str)], with_receiver: bool) -> Vec<Field> {
    template
        .objects()
        .map(|object| {
            let number = object.tag.number();
            let leaf = Field::leaf(&object, name_inside(outer, object.tag, account));
            let nests = (outer == 62 && number >= 50) || (with_receiver && is_account(outer) && number == 1);
            let Some(nested) = nests.then(|| template.nested(number)).flatten() else { return leaf };
            let name = |object: &Object<'_>| match (object.tag.number(), outer) {
                (0, 62) => "identifier",
                (0, _) => "bank (BIN)",
                (1, 26..=51) => "account or card",
                _ => "",
            };
            Field { fields: nested.objects().map(|object| Field::leaf(&object, name(&object))).collect(), ..leaf }
        })
        .collect()
}

fn name_inside(outer: u8, tag: Tag, account: &[(u8, &'static str)]) -> &'static str {
    let number = tag.number();
    match outer {
        62 => names::additional(number),
        64 => names::language(number),
        _ => account
            .iter()
            .find(|(known, _)| *known == number)
            .map_or(if number == 0 { "identifier" } else { "" }, |(_, name)| *name),
    }
}

/// Object 00 of a Thai slip is a template.
fn slip_object(object: &Object<'_>) -> Field {
    let name = match object.tag.number() {
        0 => "bank and transaction",
        51 => "country",
        91 => "checksum",
        _ => "",
    };
    let inner: Result<Vec<_>, _> =
        if object.tag.number() == 0 { Objects::of(object.value).collect() } else { Ok(Vec::new()) };
    let fields =
        inner.map(|objects| objects.iter().map(|object| Field::leaf(object, "")).collect()).unwrap_or_default();
    Field { fields, ..Field::leaf(object, name) }
}

fn ber(object: &BerObject<'_>) -> Field {
    Field {
        tag: object.tag.to_string(),
        name: names::consumer_presented(object.tag.0),
        value: object.value.iter().map(|byte| format!("{byte:02X}")).collect(),
        fields: if object.tag.is_template() { object.objects().map(|inner| ber(&inner)).collect() } else { Vec::new() },
    }
}

/// The levels of Alipay+'s standard merchant code: characters of an ID, digits of a length, and who has a next level.
const ALIPAY_LEVELS: [(usize, usize, &[&str]); 3] = [(4, 3, &["GPLD"]), (4, 3, &["CDSD", "CIRD"]), (2, 2, &[])];

fn alipay_fields(mut text: &str, levels: &[(usize, usize, &[&str])]) -> Vec<Field> {
    let Some(((id, digits, nesting), deeper)) = levels.split_first() else { return Vec::new() };
    let mut fields = Vec::new();
    while let Some((tag, value, rest)) = alipay_object(text, *id, *digits) {
        let inner = if nesting.contains(&tag) { alipay_fields(value, deeper) } else { Vec::new() };
        fields.push(Field { fields: inner, ..Field::parameter(tag, names::alipay(tag), value) });
        text = rest;
    }
    fields
}

fn parameters(query: &str) -> Vec<Field> {
    query
        .split('&')
        .map(|pair| {
            let (tag, value) = pair.split_once('=').unwrap_or((pair, ""));
            Field::parameter(tag, names::parameter(tag), value)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `VIETQR-38` of the vectors.
    const VIETQR: &str = "00020101021138530010A0000007270123000697041601092576788590208QRIBFTTA53037045802VN6304AE9F";

    fn tags(fields: &[Field]) -> Vec<&str> {
        fields.iter().map(|field| field.tag.as_str()).collect()
    }

    #[test]
    fn every_object_is_there_in_its_place() {
        let all = fields(VIETQR);
        assert_eq!(tags(&all), ["00", "01", "38", "53", "58", "63"]);
        let account = &all[2];
        assert_eq!(tags(&account.fields), ["00", "01", "02"]);
        let receiver: Vec<_> = account.fields[1].fields.iter().map(|f| (f.name, f.value.as_str())).collect();
        assert_eq!(receiver, [("bank (BIN)", "970416"), ("account or card", "257678859")]);
        assert_eq!((all[3].name, account.fields[2].name), ("currency", "service"));
        assert!(!format!("{all:?}").contains("257678859"));
    }

    #[test]
    fn links_slips_bills_and_payment_codes_have_fields_too() {
        let upi = fields("upi://pay?pa=shop@bank&am=1");
        assert_eq!(
            upi.iter().map(|f| (f.tag.as_str(), f.name, f.value.as_str())).collect::<Vec<_>>(),
            [("pa", "payee address", "shop@bank"), ("am", "amount", "1")]
        );
        let slip = fields("004000060000010103002021900021231231212000115102TH91049C30");
        assert_eq!(slip[0].fields.len(), 3);
        let bill = fields("|099400016550100\r123456789012\r670429\r364922");
        assert_eq!(
            bill.iter().map(|f| f.value.as_str()).collect::<Vec<_>>(),
            ["099400016550100", "123456789012", "670429", "364922"]
        );
        // EMVCo CPM annex B, example 1.
        let shown = fields("hQVDUFYwMWEaTwegAAAAVVVVVw8SNFZ4kBI0WNGRIgESNF8=");
        assert_eq!((tags(&shown), tags(&shown[1].fields)), (vec!["85", "61"], vec!["4F", "57"]));
        assert_eq!(shown[1].fields[0].value, "A0000000555555");
        assert_eq!(fields("https://example.com"), []);
        // The sample of the Alipay+ documents (mpmcodesample).
        let alipayplus = fields(
            "HTTPS://QR.SAMPLEDOMAIN.COM/MPM/3/R1BMRDA5NVBMVlMwMDIwMUNEU0QwMzMwMTE0U0FNUExFUExBVEZPUk0wMjExU0FNUExFTUVSSURDSVJEMDM5MDExMlNBTVBMRUlTU1VFUjAyMDIxMjAzMTNNSU5JUFJPR1JBTUlE",
        );
        let inside = &alipayplus[0].fields;
        assert_eq!(tags(inside), ["PLVS", "CDSD", "CIRD"]);
        assert_eq!(
            inside[1].fields.iter().map(|f| f.value.as_str()).collect::<Vec<_>>(),
            ["SAMPLEPLATFORM", "SAMPLEMERID"]
        );
        assert_eq!(tags(&inside[2].fields), ["01", "02", "03"]);
    }

    #[test]
    fn a_broken_code_shows_what_can_be_read() {
        let broken = VIETQR.replace("6304AE9F", "6304AE9E");
        assert_eq!(tags(&fields(&broken)), ["00", "01", "38", "53", "58", "63"]);
        assert_eq!(tags(&fields(&broken)[2].fields), ["00", "01", "02"]);
        let cut = VIETQR.get(..70).unwrap();
        assert_eq!(tags(&fields(cut)), ["00", "01", "38"]);
    }
}
