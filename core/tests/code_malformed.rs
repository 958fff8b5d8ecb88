//! Codes that are broken in the ways live codes are: 32 cases for each of eight schemes, and every single change of a
//! character.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "test code"
)]

use jigap::code::emv::{Mpm, crc16};
use jigap::code::{Rules, Verdict, read};
use proptest::prelude::*;

/// One object.
fn object(tag: &str, value: &str) -> String {
    format!("{tag}{:02}{value}", value.chars().count())
}

/// Adds the checksum.
fn sealed(body: &str) -> String {
    let text = format!("{body}6304");
    format!("{text}{:04X}", crc16(text.as_bytes()))
}

/// Name, account object and what stands in it, currency, country.
type Scheme = (&'static str, &'static str, &'static [(&'static str, &'static str)], &'static str, &'static str);

/// Synthetic accounts under the identifiers of `domain.md` §3.6 and §3.7.
const SCHEMES: &[Scheme] = &[
    ("qris", "51", &[("00", "ID.CO.QRIS.WWW"), ("02", "ID2000000000001"), ("03", "UMI")], "360", "ID"),
    ("pix", "26", &[("00", "br.gov.bcb.pix"), ("01", "loja@example.com")], "986", "BR"),
    // Bank and account are nested in 01.
    ("vietqr", "38", &[("00", "A000000727"), ("01", "00069704160109000000001"), ("02", "QRIBFTTA")], "704", "VN"),
    ("khqr", "30", &[("00", "test_shop@demo"), ("01", "123456")], "116", "KH"),
    ("paynow", "26", &[("00", "SG.PAYNOW"), ("01", "2"), ("02", "200000000W")], "702", "SG"),
    (
        "promptpay_bill",
        "30",
        &[("00", "A000000677010112"), ("01", "000000000000001"), ("02", "CUSTOMER1")],
        "764",
        "TH",
    ),
    ("duitnow", "26", &[("00", "A0000006150001"), ("01", "000000"), ("02", "TEST0001")], "458", "MY"),
    ("hkqr", "26", &[("00", "hk.com.hkicl"), ("02", "000000001")], "344", "HK"),
];

struct Base {
    /// Root objects in order, without the checksum.
    objects: Vec<(String, String)>,
}

impl Base {
    fn of(scheme: &Scheme) -> Self {
        let (_, tag, account, currency, country) = *scheme;
        let account: String = account.iter().map(|(tag, value)| object(tag, value)).collect();
        let own = |t: &str, v: &str| (t.to_owned(), v.to_owned());
        Self {
            objects: vec![
                own("00", "01"),
                own("01", "12"),
                own(tag, &account),
                own("52", "5812"),
                own("53", currency),
                own("54", "100"),
                own("58", country),
                own("59", "TEST SHOP"),
                own("60", "TEST CITY"),
                own("62", "0705POS01"),
            ],
        }
    }

    fn body(&self) -> String {
        self.objects.iter().map(|(tag, value)| object(tag, value)).collect()
    }

    /// With another value for an object.
    fn with(&self, tag: &str, value: &str) -> String {
        let objects = self.objects.iter().map(|(t, v)| object(t, if t == tag { value } else { v }));
        sealed(&objects.collect::<String>())
    }

    /// With object 59 replaced by raw text.
    fn with_raw_59(&self, raw: &str) -> String {
        let objects = self.objects.iter().map(|(t, v)| if t == "59" { raw.to_owned() } else { object(t, v) });
        sealed(&objects.collect::<String>())
    }
}

fn cases(base: &Base) -> Vec<(&'static str, Option<bool>, String)> {
    let (body, valid) = (base.body(), sealed(&base.body()));
    let (accept, reject, either) = (Some(true), Some(false), None);
    let crc = &valid[valid.len() - 4..];
    let other = if crc == "0000" { "0001" } else { "0000" };
    let cut = &valid[..valid.len() - 20];
    let filler: String = (65..=99).map(|tag| object(&tag.to_string(), &"A".repeat(99))).collect();
    let account = &base.objects[2];
    let broken_account = format!("{}0199", account.1);
    vec![
        ("valid", accept, valid.clone()),
        ("bad_crc", reject, format!("{}{other}", &valid[..valid.len() - 4])),
        ("crc_lowercase", accept, format!("{}{}", &valid[..valid.len() - 4], crc.to_ascii_lowercase())),
        ("no_crc", reject, body.clone()),
        ("crc_not_last", reject, {
            let head = sealed(&body[..6]);
            format!("{head}{}", &body[6..])
        }),
        ("trunc_value", reject, cut.to_owned()),
        ("trunc_value_crc_ok", reject, sealed(&format!("{body}6199short"))),
        ("trunc_len", reject, sealed(&format!("{body}610"))),
        ("len_nondigit", reject, base.with_raw_59("59XXTEST SHOP")),
        ("len_plus", reject, base.with_raw_59("59+9TEST SHOP")),
        ("len_space", reject, base.with_raw_59("59 9TEST SHOP")),
        ("len_arabic_digits", reject, base.with_raw_59("59٠٩TEST SHOP")),
        ("len_zero", reject, base.with_raw_59("5900")),
        ("utf8_char_len", accept, base.with("59", "비씨카드 가게")),
        ("utf8_byte_len", either, base.with_raw_59(&format!("59{:02}비씨카드", "비씨카드".len()))),
        ("dup_tag59", reject, sealed(&format!("{body}{}", object("59", "TEST SHOP")))),
        ("dup_tag54", reject, sealed(&format!("{body}{}", object("54", "200")))),
        ("dup_tag00", reject, sealed(&format!("{body}{}", object("00", "01")))),
        ("no_tag00", reject, sealed(&body[6..])),
        ("tag00_not_first", reject, sealed(&format!("{}{}", &body[6..], &body[..6]))),
        ("tmpl_inner_overflow", reject, base.with(&account.0, &broken_account)),
        ("trail_newline", either, format!("{valid}\n")),
        ("trail_garbage", reject, format!("{valid}garbage")),
        ("lead_bom", either, format!("\u{feff}{valid}")),
        ("empty", reject, String::new()),
        ("short", reject, "0002".to_owned()),
        ("utf8_tail", reject, format!("{}가", &valid[..valid.len() - 4])),
        ("url", reject, "https://example.com/pay?id=1".to_owned()),
        ("long_4k", reject, sealed(&format!("{body}{filler}"))),
        ("amount_exp", reject, base.with("54", "1e3")),
        ("amount_neg", reject, base.with("54", "-5")),
        ("amount_zero", reject, base.with("54", "0")),
    ]
}

#[test]
fn thirty_two_cases_of_eight_schemes() {
    let rules = Rules::every_scheme();
    let mut wrong = Vec::new();
    for scheme in SCHEMES {
        let cases = cases(&Base::of(scheme));
        assert_eq!(cases.len(), 32);
        for (case, expected, text) in cases {
            let verdict = read(&text, &rules).verdict;
            let accepted = !matches!(verdict, Verdict::Malformed { .. } | Verdict::NotPayable { .. });
            if expected.is_some_and(|expected| expected != accepted) {
                wrong.push(format!("{} {case}: {verdict:?}", scheme.0));
            }
            // Nothing but the spelling of the checksum, and what a scanner adds, is ever taken as sound.
            if verdict.error().is_none() {
                let sound = matches!(case, "valid" | "crc_lowercase" | "utf8_char_len" | "trail_newline" | "lead_bom");
                assert!(sound, "{} {case}", scheme.0);
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The objects of a code, to compare two of them.
fn objects(code: &Mpm<'_>) -> Vec<(u8, String)> {
    code.objects().map(|o| (o.tag.number(), o.value.to_owned())).collect()
}

/// The tags whose values differ, or that only one of the codes has.
fn differing(a: &Mpm<'_>, b: &Mpm<'_>) -> Vec<u8> {
    (0..100).filter(|tag| a.get(*tag) != b.get(*tag)).collect()
}

fn scheme() -> impl Strategy<Value = String> {
    (0..SCHEMES.len()).prop_map(|at| sealed(&Base::of(&SCHEMES[at]).body()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    /// A cut, doubled, swapped or flipped character breaks the checksum, unless it only changes the case of it.
    #[test]
    fn one_changed_character_is_refused(text in scheme(), at in any::<prop::sample::Index>(), new in any::<char>()) {
        let characters: Vec<char> = text.chars().collect();
        let at = at.index(characters.len());
        let flipped: String = characters.iter().enumerate().map(|(i, c)| if i == at { new } else { *c }).collect();
        let cut: String = characters.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, c)| *c).collect();
        let doubled: String = characters.iter().enumerate().flat_map(|(i, c)| std::iter::repeat_n(*c, if i == at { 2 } else { 1 })).collect();
        let mut swapped = characters.clone();
        if at + 1 < swapped.len() {
            swapped.swap(at, at + 1);
        }
        let swapped: String = swapped.into_iter().collect();
        let original = Mpm::parse(&text).unwrap();
        for changed in [flipped, cut, doubled, swapped] {
            if let Ok(code) = Mpm::parse(&changed) {
                prop_assert!(changed.eq_ignore_ascii_case(&text));
                prop_assert!(differing(&original, &code).iter().all(|tag| *tag == 63));
            }
        }
    }

    /// With the checksum made right again, a changed character of a value changes that object alone.
    #[test]
    fn a_changed_value_changes_its_object_alone(text in scheme(), which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), new in "[ -~가-힣]") {
        let original = Mpm::parse(&text).unwrap();
        let all: Vec<_> = original.objects().collect();
        let object = all[which.index(all.len() - 1)];
        let start = object.value_offset() + at.index(object.value.len());
        let body = format!("{}{new}{}", &text[..start], &text[start + 1..text.len() - 8]);
        let changed = sealed(&body);
        if let Ok(code) = Mpm::parse(&changed) {
            let differing: Vec<_> = differing(&original, &code).into_iter().filter(|tag| *tag != 63).collect();
            prop_assert!(differing.is_empty() || differing == [object.tag.number()], "{:?}", differing);
        }
    }

    /// Whatever is read is rendered back byte for byte, nested objects too.
    #[test]
    fn rendering_what_was_read_gives_the_text(text in scheme(), name in "[ -~가-힣]{1,25}") {
        let named = Mpm::parse(&text).unwrap();
        let body: String = named
            .objects()
            .filter(|o| o.tag.number() != 63)
            .map(|o| object(&o.tag.to_string(), if o.tag.number() == 59 { &name } else { o.value }))
            .collect();
        let text = sealed(&body);
        let code = Mpm::parse(&text).unwrap();
        let rendered: String = code
            .objects()
            .map(|root| {
                let value = match code.template(root.tag.number()) {
                    Some(template) => template.objects().map(|o| object(&o.tag.to_string(), o.value)).collect(),
                    None => root.value.to_owned(),
                };
                object(&root.tag.to_string(), &value)
            })
            .collect();
        prop_assert_eq!(rendered, text.clone());
        prop_assert_eq!(objects(&code).len(), named.objects().count());
    }

    #[test]
    fn any_text_gets_a_verdict(text in "(\\PC{0,80}|0002[0-9]{0,60}|[a-z]{2,9}:(//)?[!-~]{0,60}|\\|[0-9\\r]{0,40}|[0-9]{8,40})") {
        let _ = read(&text, &Rules::every_scheme());
        let _ = jigap::code::emv::diagnose(&text);
        let _ = jigap::code::fields(&text);
    }
}
