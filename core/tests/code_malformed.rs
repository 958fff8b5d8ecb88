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

mod malformed;

use jigap::code::emv::Mpm;
use jigap::code::{Rules, Verdict, read};
use malformed::{Base, SCHEMES, cases, object, sealed};
use proptest::prelude::*;

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
