use super::*;
use proptest::prelude::*;

/// Adds object 63.
fn sealed(body: &str) -> String {
    let text = format!("{body}6304");
    let crc = crc16(text.as_bytes());
    format!("{text}{crc:04X}")
}

fn kind(text: &str) -> Result<(), FaultKind> {
    Mpm::parse(text).map(|_| ()).map_err(|fault| fault.kind)
}

#[test]
fn length_counts_characters_and_the_checksum_counts_bytes() {
    let text = sealed("0002015902비씨");
    assert_eq!(Mpm::parse(&text).unwrap().get(59), Some("비씨"));
    assert!(Mpm::parse(&sealed("0002015906비씨")).is_err(), "six bytes, but two characters");
}

#[test]
fn a_lower_case_checksum_is_taken() {
    let text = sealed("0002015802KR");
    let (body, crc) = text.split_at(text.len() - 4);
    assert_eq!(kind(&format!("{body}{}", crc.to_ascii_lowercase())), Ok(()));
}

#[test]
fn faults_name_the_byte_and_the_object() {
    let text = sealed("00020126110003abc01x15802KR");
    let fault = Mpm::parse(&text).unwrap_err();
    assert_eq!((fault.kind, fault.offset, fault.path.to_string()), (FaultKind::LengthSyntax, 19, "26-01".into()));
    assert_eq!(fault.to_string(), "byte 19, object 26-01: expected a length of two digits");
    let error = crate::error::Error::from(fault);
    assert_eq!(error.code(), crate::error::Code::CodeMalformed);
    assert_eq!(error.field("offset"), Some(19usize.into()));
    assert_eq!(error.field("tag"), Some(26i64.into()));
}

#[test]
fn every_rule_of_the_standard_has_its_fault() {
    for (body, expected) in [
        ("0002010102115802KR", Ok(())),
        ("0102115802KR", Err(FaultKind::IndicatorNotFirst)),
        ("00020100020158 2KR", Err(FaultKind::Duplicate)),
        ("0002015802KR5802KR", Err(FaultKind::Duplicate)),
        ("00020126120003abc0109x", Err(FaultKind::Truncated)),
        ("00020126140003abc0003abc", Err(FaultKind::Duplicate)),
        ("00020126070103abc", Err(FaultKind::IdentifierMissing)),
        ("0002015900", Err(FaultKind::LengthZero)),
        ("000201590+abc", Err(FaultKind::LengthSyntax)),
        ("00020159 3abc", Err(FaultKind::LengthSyntax)),
        ("000201590٣abc", Err(FaultKind::LengthSyntax)),
        ("0002035802KR", Err(FaultKind::Version)),
        ("0002015203411", Err(FaultKind::CategorySyntax)),
        ("0002015303KRW", Err(FaultKind::CurrencySyntax)),
        ("0002015802K1", Err(FaultKind::CountrySyntax)),
        ("000201530341054011", Ok(())),
        ("00020154011", Err(FaultKind::CurrencyMissing)),
        ("00020153034105403-11", Err(FaultKind::AmountSyntax)),
        ("000201530341054031e3", Err(FaultKind::AmountSyntax)),
        ("0002015303410540598,73", Err(FaultKind::AmountSyntax)),
        ("000201530341054053 705", Err(FaultKind::AmountSyntax)),
        ("0002015303410540398.", Ok(())),
        ("00020153034105402.5", Err(FaultKind::AmountSyntax)),
        ("0002015502015303410", Ok(())),
        ("0002015502025303410", Err(FaultKind::TipFee)),
        ("00020155020256010", Err(FaultKind::TipFee)),
        ("00020155020256015", Ok(())),
        ("00020156015", Err(FaultKind::TipFee)),
        ("0002015502035701x", Err(FaultKind::TipPercentage)),
        ("0002015502035705100.0", Err(FaultKind::TipPercentage)),
        ("000201550203570500.01", Ok(())),
        ("000201550203", Err(FaultKind::TipPercentage)),
        ("000201550204", Err(FaultKind::TipSyntax)),
        // Raw text where a template may stand: DuitNow's hash, and a broken 62.
        ("0002018204ab12", Ok(())),
        ("0002016204ab12", Ok(())),
        ("00020162100101a0101b", Err(FaultKind::Duplicate)),
        ("00020164100001a0001b", Err(FaultKind::Duplicate)),
        ("00020182100001a0001b", Ok(())),
    ] {
        let text = sealed(body);
        assert_eq!(kind(&text), expected, "{body}");
    }
    assert_eq!(kind(""), Err(FaultKind::Empty));
    assert_eq!(kind("000201"), Err(FaultKind::CrcMissing));
    assert_eq!(kind(&format!("{}58", sealed("000201"))), Err(FaultKind::CrcNotLast));
    assert_eq!(kind(&format!("{}\n", sealed("000201"))), Err(FaultKind::CrcNotLast));
    assert_eq!(kind("0002016304ZZZZ"), Err(FaultKind::CrcSyntax));
    assert_eq!(kind("0002016303123"), Err(FaultKind::CrcSyntax));
    assert_eq!(kind("00020163040000"), Err(FaultKind::CrcMismatch));
    assert_eq!(kind("000201630400"), Err(FaultKind::Truncated));
}

#[test]
fn no_value_shows_in_debug() {
    let text = sealed("0002015908CleanTop5802KR");
    let code = Mpm::parse(&text).unwrap();
    let shown = format!("{code:?} {:?}", code.objects().collect::<Vec<_>>());
    assert!(!shown.contains("Clean"), "{shown}");
}

fn render(code: &Mpm<'_>) -> String {
    code.objects().map(|o| format!("{}{:02}{}", o.tag, o.value.chars().count(), o.value)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_is_read_renders_back(values in prop::collection::btree_map(65u8..80, "[ -~가-힣]{1,99}", 0..10)) {
        let body: String = values.iter().map(|(t, v)| format!("{t:02}{:02}{v}", v.chars().count())).collect();
        let text = sealed(&format!("000201{body}"));
        let code = Mpm::parse(&text).unwrap();
        prop_assert_eq!(render(&code), text.clone());
        for (tag, value) in &values {
            prop_assert_eq!(code.get(*tag), Some(value.as_str()));
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC*") {
        let _ = Mpm::parse(&text);
        let _ = Mpm::parse(&sealed(&format!("000201{text}")));
    }
}
