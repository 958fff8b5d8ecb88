//! Public payloads, good and bad, each with its source (`tests/vectors/merchant_codes.tsv`), read as their source says.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    reason = "test code"
)]

use jigap::code::emv::Mpm;
use jigap::code::{Fee, Initiation, Rules, Verdict, read};
use jigap::error::Code;

struct Vector {
    id: &'static str,
    source: &'static str,
    payload: &'static str,
}

fn vectors() -> Vec<Vector> {
    include_str!("vectors/merchant_codes.tsv")
        .lines()
        .skip(1)
        .map(|line| {
            let mut columns = line.split('\t');
            let mut next = || columns.next().expect("five columns");
            let id = next().split(' ').next().expect("an id");
            let (_, _, source) = (next(), next(), next());
            Vector { id, source, payload: next() }
        })
        .collect()
}

fn vector(id: &str) -> &'static str {
    vectors().into_iter().find(|v| v.id == id).expect("a vector").payload
}

fn rules() -> Rules {
    serde_json::from_str(
        r#"[{"network":"unionpay","priority":10,"match":{"emv":{"tags":[15,16]}},"scheme":"unionpay"},
            {"network":"wechatpay","priority":10,"match":{"emv":{"identifiers":["com.qq.weixin.pay"],"currency":"SGD"}}},
            {"network":"unionpay","priority":10,"kind":"entry","country":"CN","currency":"CNY","scheme":"unionpay",
             "match":{"host":{"host":"qr.95516.com"}}},
            {"network":"alipayplus","priority":20,"kind":"order","scheme":"alipayplus",
             "match":{"host":{"host":"pay.jigap.example","path":"/281"}}}]"#,
    )
    .expect("rules")
}

/// What the reading of each bad vector must name as its fault.
const BAD: &[(&str, &str)] = &[
    ("NEG-CRC", "crc_mismatch"),
    ("NEG-TRUNC", "truncated"),
    ("NEG-DUP", "duplicate"),
    ("NEG-AMT-COMMA", "amount_syntax"),
    ("NEG-AMT-SPACE", "amount_syntax"),
    ("NEG-AMT-ZERO", "amount_zero"),
    ("NEG-JPY-DEC", "amount_precision"),
    ("NEG-55-02-no56", "tip_fee"),
];

#[test]
fn every_vector_is_read_as_its_source_says() {
    let rules = rules();
    let all = vectors();
    assert!(all.len() >= 36, "{}", all.len());
    for Vector { id, source, payload } in all {
        let reading = read(payload, &rules);
        match BAD.iter().find(|(bad, _)| *bad == id) {
            Some((_, word)) => {
                let Verdict::Malformed { fault } = reading.verdict else {
                    panic!("{id} ({source}): {:?}", reading.verdict)
                };
                assert_eq!(fault.kind.as_str(), *word, "{id} ({source})");
                let error = Verdict::Malformed { fault }.error().expect("an error");
                assert_eq!(error.code(), Code::CodeMalformed);
            }
            None => {
                assert!(!id.starts_with("NEG"), "{id} is in the table");
                assert!(
                    !matches!(reading.verdict, Verdict::Malformed { .. }),
                    "{id} ({source}): {:?}",
                    reading.verdict
                );
                let code = Mpm::parse(payload).unwrap_or_else(|fault| panic!("{id} ({source}): {fault}"));
                let rendered: String =
                    code.objects().map(|o| format!("{}{:02}{}", o.tag, o.value.chars().count(), o.value)).collect();
                assert_eq!(rendered, payload, "{id}: nothing is lost");
            }
        }
    }
}

#[test]
fn the_example_of_the_standard_is_read_field_by_field() {
    let payload = vector("EMV-1");
    let facts = read(payload, &rules()).facts;
    assert_eq!(facts.amount.map(|m| m.to_string()).as_deref(), Some("CNY 23.72"));
    assert_eq!(facts.initiation, Initiation::Dynamic);
    assert_eq!(facts.fee, Some(Fee::Prompt));
    assert_eq!(facts.country.as_deref(), Some("CN"));
    assert_eq!(facts.merchant_name.as_deref(), Some("BEST TRANSPORT"));
    assert_eq!(facts.merchant_city.as_deref(), Some("BEIJING"));
    assert_eq!(facts.local_language.as_deref(), Some("ZH"));
    assert_eq!(facts.local_name.as_deref(), Some("最佳运输"));
    assert_eq!(facts.local_city.as_deref(), Some("北京"));
    let code = Mpm::parse(payload).expect("sound");
    let accounts: Vec<_> = code.accounts().map(|(tag, id, _)| (tag.number(), id)).collect();
    assert_eq!(accounts, [(29, "D15600000000"), (31, "D15600000001")]);
    assert_eq!(code.template(62).and_then(|t| t.get(9)), Some("ME"));
    assert_eq!(code.template(91).and_then(|t| t.get(7)), Some("12345678"));
}

#[test]
fn fees_make_the_total_the_standard_shows() {
    for (id, total) in [("POS-FEE-FIXED", "USD 60.75"), ("POS-FEE-PCT", "USD 3,090.00"), ("QRIS-TIP", "IDR 2,003.00")] {
        let facts = read(vector(id), &rules()).facts;
        let (fee, amount) = (facts.fee.expect("a fee"), facts.amount.expect("an amount"));
        assert_eq!(fee.total(amount).map(|m| m.to_string()).as_deref(), Ok(total), "{id}");
    }
    let facts = read(vector("POS-AMT-TRAILDOT"), &rules()).facts;
    assert_eq!(facts.amount.map(|m| m.to_string()).as_deref(), Some("USD 98.00"));
}

#[test]
fn unionpay_is_routed_by_object_15_and_by_its_link() {
    for text in
        [vector("UPI-MPM"), vector("BCCARD-KR"), "https://qr.95516.com/00010000/62028489073949969691921655610979"]
    {
        let reading = read(text, &rules());
        assert!(
            matches!(reading.verdict, Verdict::Payable { network } if network.as_str() == "unionpay"),
            "{reading:?}"
        );
    }
    let facts = read(vector("UPI-MPM"), &rules()).facts;
    assert_eq!(facts.amount.map(|m| m.to_string()).as_deref(), Some("NPR 150.00"));
    let facts = read(vector("BCCARD-KR"), &rules()).facts;
    assert_eq!(facts.amount.map(|m| m.to_string()).as_deref(), Some("KRW 3,251"));
    assert_eq!(facts.local_name.as_deref(), Some("비씨카드"));
}

#[test]
fn an_order_code_is_routed_by_its_exact_host_and_path() {
    let rules = rules();
    let reading = read("HTTPS://PAY.JIGAP.EXAMPLE/281600040000123", &rules);
    assert!(matches!(reading.verdict, Verdict::Payable { network } if network.as_str() == "alipayplus"), "{reading:?}");
    assert_eq!(reading.facts.initiation, Initiation::Dynamic);
    assert_eq!(reading.facts.amount, None);
    for (text, verdict) in [
        ("https://pay.jigap.example/999", "not_payable"),
        ("http://pay.jigap.example/281", "not_payable"),
        ("https://pay.jigap.example.evil.kr/281", "suspicious"),
        ("https://pay.jigap.example@evil.kr/281", "suspicious"),
        ("https://pay.jigap.example:8443/281", "suspicious"),
        ("https://pay.jigap.example\\@evil.kr/281", "suspicious"),
        ("https://pay.jigap.example/281/../x", "suspicious"),
        ("https://evil.kr/?https://pay.jigap.example/281", "not_payable"),
    ] {
        let reading = read(text, &rules);
        assert_eq!(reading.verdict.as_str(), verdict, "{text}");
        let code = reading.verdict.error().expect("not payable").code();
        assert!(matches!(code, Code::CodeNotPayable | Code::CodeSuspicious), "{text}: {code}");
    }
}

#[test]
fn a_grammar_that_is_not_public_is_known_by_a_rule() {
    // The prefix is an example; the real grammar of Zero Pay is not public.
    let rules: Rules = serde_json::from_str(
        r#"[{"network":"zeropay","scheme":"zeropay","country":"KR","currency":"KRW",
             "match":{"prefix":{"text":"EXAMPLEZERO:"}}}]"#,
    )
    .expect("rules");
    let reading = read("EXAMPLEZERO:0123", &rules);
    assert!(matches!(reading.verdict, Verdict::Payable { network } if network.as_str() == "zeropay"), "{reading:?}");
    assert_eq!(reading.facts.country.as_deref(), Some("KR"));
    assert_eq!(reading.facts.currency.map(|c| c.numeric()), Some(410));
    assert_eq!(read("EXAMPLEZERO:0123", &Rules::every_scheme()).verdict.as_str(), "not_payable");
}

#[test]
fn several_networks_ask_the_user_and_local_codes_go_first() {
    let reading = read(vector("SGQR-WECHAT"), &rules());
    let Verdict::NeedsChoice { networks } = &reading.verdict else { panic!("{reading:?}") };
    assert_eq!(networks.iter().map(|n| n.as_str()).collect::<Vec<_>>(), ["unionpay", "wechatpay"]);
    assert_eq!(reading.verdict.error().map(|e| e.code()), Some(Code::NetworkChoiceNeeded));
    let local: Rules = serde_json::from_str(
        r#"[{"network":"unionpay","priority":10,"match":{"emv":{"tags":[15]}}},
            {"network":"sgqr","priority":1,"match":{"emv":{"identifiers":["SG.SGQR"],"country":"SG","currency":"SGD"}}}]"#,
    )
    .expect("rules");
    let reading = read(vector("SGQR-WECHAT"), &local);
    assert!(matches!(reading.verdict, Verdict::Payable { network } if network.as_str() == "sgqr"), "{reading:?}");
}

#[test]
fn without_a_network_a_sound_code_is_unsupported() {
    let reading = read(vector("UPI-MPM"), &Rules::default());
    assert_eq!(
        reading.verdict.error().map(|e| e.to_string()).as_deref(),
        Some("CODE_UNSUPPORTED: No network of this wallet carries this code here. scheme=unionpay")
    );
}

#[test]
fn hidden_characters_in_a_name_are_suspicious() {
    let payload = vector("BCCARD-KR");
    let body = payload.get(..payload.len() - 8).expect("a checksum").replace("비씨카드", "비씨\u{202e}드");
    let text = format!("{body}6304");
    let text = format!("{text}{:04X}", jigap::code::emv::crc16(text.as_bytes()));
    let reading = read(&text, &rules());
    assert_eq!(reading.verdict.error().map(|e| e.code()), Some(Code::CodeSuspicious), "{reading:?}");
}

#[test]
fn what_a_scanner_adds_around_a_code_does_not_count_but_offsets_do() {
    let payload = vector("UPI-MPM");
    assert_eq!(read(&format!("\u{feff}{payload}\r\n"), &rules()).verdict.as_str(), "payable");
    let Verdict::Malformed { fault } = read(&format!(" {}", vector("NEG-TRUNC")), &rules()).verdict else { panic!() };
    let Verdict::Malformed { fault: bare } = read(vector("NEG-TRUNC"), &rules()).verdict else { panic!() };
    assert_eq!(fault.offset, bare.offset + 1);
}

#[test]
fn no_text_of_a_code_shows_in_debug() {
    for Vector { id, payload, .. } in vectors() {
        let shown = format!("{:?}", read(payload, &rules()));
        for name in ["BEST", "CleanTop", "비씨카드", "MASJID", "YANAMIKUBOTZ"] {
            assert!(!shown.contains(name), "{id}: {shown}");
        }
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(512))]

    #[test]
    fn any_text_gets_a_verdict(text in "\\PC{0,200}") {
        let _ = read(&text, &rules());
    }

    #[test]
    fn any_change_of_a_code_gets_a_verdict(at in 0usize..400, byte in proptest::prelude::any::<char>()) {
        let characters: Vec<char> = vector("EMV-1").chars().collect();
        let at = at % characters.len();
        for changed in [
            characters.iter().enumerate().map(|(i, c)| if i == at { byte } else { *c }).collect::<String>(),
            characters.iter().take(at).collect(),
            characters.iter().chain(characters.iter().skip(at)).collect(),
        ] {
            let same = changed == vector("EMV-1");
            let refused = matches!(read(&changed, &rules()).verdict, Verdict::Malformed { .. } | Verdict::NotPayable { .. });
            proptest::prop_assert!(same || refused, "one change must break the checksum");
        }
    }
}

#[test]
fn a_text_of_any_length_is_answered() {
    let long = "0".repeat(8193);
    assert_eq!(read(&long, &rules()).verdict.error().and_then(|e| e.field("reason")), Some("too_long".into()));
    assert_eq!(read("", &rules()).verdict.as_str(), "malformed");
}
