//! What other people's parsers make of the same codes: the vectors, random valid codes, and codes broken on purpose. Every
//! disagreement is listed and judged in `docs/readers.md`, which this test writes (`cargo xtask readers`) and holds to be
//! current.

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

mod malformed;
mod peers;

use jigap::code::emv::Mpm;
use jigap::code::{Rules, Verdict, read};
use malformed::{Base, SCHEMES, cases};
use peers::Peers;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;
use std::panic::catch_unwind;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/readers.md");

/// Valid codes of each kind that the parsers are asked about.
const COUNT: &str = "10";

/// One text, and what it is.
struct Asked {
    /// Vector, kind of random code, or broken case.
    name: String,
    text: String,
}

/// What a reader made of a text.
#[derive(PartialEq, Eq)]
enum Answer {
    /// Taken; the root objects that are no templates.
    Took(BTreeMap<String, String>),
    Refused,
    Broke,
}

type Answers = BTreeMap<String, Answer>;

impl Answer {
    fn of(said: &Value) -> Option<Self> {
        match said {
            Value::Null => None,
            Value::String(word) if word == "broke" => Some(Self::Broke),
            Value::String(_) => Some(Self::Refused),
            objects => Some(Self::Took(
                objects
                    .as_object()
                    .unwrap()
                    .iter()
                    .map(|(tag, value)| (tag.clone(), value.as_str().unwrap().to_owned()))
                    .collect(),
            )),
        }
    }

    /// How another reader's answer differs from ours; nothing when it does not.
    fn differs_from(&self, ours: &Self) -> Option<&'static str> {
        match (self, ours) {
            (Self::Broke, _) => Some("breaks"),
            (Self::Refused, Self::Took(_)) => Some("refuses"),
            (Self::Took(_), Self::Refused) => Some("takes"),
            // Some add words to a value (`156 (CNY)`); some leave templates out.
            (Self::Took(theirs), Self::Took(ours)) => {
                let same = |(tag, value): (&String, &String)| ours.get(tag).is_some_and(|own| value.starts_with(own));
                (!theirs.iter().all(same)).then_some("reads otherwise")
            }
            _ => None,
        }
    }
}

/// Ours: what a wallet that carries everything does not call malformed, and no mere text.
fn our_answer(text: &str) -> Answer {
    let verdict = read(text, &Rules::every_scheme()).verdict;
    let Ok(code) = Mpm::parse(text.trim_matches(|c: char| c == '\u{feff}' || c.is_ascii_whitespace())) else {
        return Answer::Refused;
    };
    if matches!(verdict, Verdict::Malformed { .. }) {
        return Answer::Refused;
    }
    Answer::Took(code.objects().map(|object| (object.tag.to_string(), object.value.to_owned())).collect())
}

/// All that `emv-qrcps` found at the root.
struct Found(BTreeMap<String, String>);

impl<'a> emv_qrcps::Parsed<'a> for Found {
    fn from_lookup(map: &mut HashMap<&str, &'a str>) -> Self {
        Self(map.iter().map(|(tag, value)| ((*tag).to_owned(), (*value).to_owned())).collect())
    }
}

/// The parsers in Rust, which answer some texts with a panic.
fn crates(text: &str) -> Vec<(&'static str, Answer)> {
    let or_broke = |asked: std::thread::Result<Answer>| asked.unwrap_or(Answer::Broke);
    let emv_qrcps = || {
        if !emv_qrcps::helpers::validate(text) {
            return Answer::Refused;
        }
        let found: Found = emv_qrcps::base_parser(text);
        Answer::Took(found.0)
    };
    // What it took is not compared: it gives no list of what it found.
    let promptparse = || match promptparse::parse(text, true, true) {
        Some(_) => Answer::Took(BTreeMap::new()),
        None => Answer::Refused,
    };
    vec![
        ("crate emv-qrcps 0.1.1", or_broke(catch_unwind(emv_qrcps))),
        ("crate promptparse 1.2.0", or_broke(catch_unwind(promptparse))),
    ]
}

/// Asks everybody about every text.
fn ask(peers: &Peers, asked: &[Asked]) -> Vec<Answers> {
    let input: String = asked.iter().map(|asked| format!("{}\n", json!(asked.text))).collect();
    let said = [peers.script("parse.mjs", &[], &input), peers.script("parse.py", &[], &input)];
    asked
        .iter()
        .enumerate()
        .map(|(at, asked)| {
            let mut answers: Answers = BTreeMap::new();
            for (name, said) in said.iter().flat_map(|lines| lines[at].as_object().unwrap()) {
                answers.extend(Answer::of(said).map(|answer| (name.clone(), answer)));
            }
            answers.extend(crates(&asked.text).into_iter().map(|(name, answer)| (name.to_owned(), answer)));
            answers
        })
        .collect()
}

fn vectors() -> Vec<Asked> {
    let public = include_str!("vectors/merchant_codes.tsv").lines().skip(1);
    public
        .map(|line| {
            let id = line.split(['\t', ' ']).next().unwrap();
            Asked { name: id.to_owned(), text: line.rsplit('\t').next().unwrap().to_owned() }
        })
        .collect()
}

fn random(peers: &Peers) -> Vec<Asked> {
    let arguments = ["20261123", COUNT];
    let lines = [peers.script("encode.mjs", &arguments, ""), peers.script("encode.py", &arguments, "")].concat();
    lines
        .iter()
        .map(|line| {
            (line["source"].as_str().unwrap(), line["payload"].as_str().unwrap(), &line["expected"]["schemes"][0])
        })
        .filter(|(_, payload, _)| payload.starts_with("0002"))
        .map(|(_, payload, scheme)| Asked { name: scheme.as_str().unwrap().to_owned(), text: payload.to_owned() })
        .collect()
}

fn broken() -> Vec<Asked> {
    SCHEMES
        .iter()
        .flat_map(|scheme| cases(&Base::of(scheme)))
        .map(|(case, _, text)| Asked { name: case.to_owned(), text })
        .collect()
}

/// What differs, by name of the code and peer: how, and how often.
type Differences = BTreeMap<String, BTreeMap<String, BTreeMap<&'static str, usize>>>;

fn differences(asked: &[Asked], answers: &[Answers]) -> Differences {
    let mut all = Differences::new();
    for (asked, answers) in asked.iter().zip(answers) {
        let ours = our_answer(&asked.text);
        for (peer, answer) in answers {
            if let Some(how) = answer.differs_from(&ours) {
                *all.entry(asked.name.clone()).or_default().entry(peer.clone()).or_default().entry(how).or_default() +=
                    1;
            }
        }
    }
    all
}

/// Why we stand by our answer, for every name that is ever disagreed on.
const JUDGED: &[(&str, &str)] = &[
    (
        "BCCARD-KR",
        "Taken: lengths count characters and the checksum UTF-8 bytes (MPM 4.4.1.1, 4.7.3). The others count bytes and cut inside a character, or sum UTF-16 units.",
    ),
    ("BHARATQR", "Taken: the checksum is B6A9 over the bytes. `emvqr` refuses it."),
    (
        "EMV-1",
        "Taken: lengths count characters and the checksum UTF-8 bytes (MPM 4.4.1.1, 4.7.3). The others count bytes and cut inside a character, or sum UTF-16 units.",
    ),
    (
        "HKQR-FPS",
        "Taken: a sound code. `emvqr` looks category, currency and country up in lists of its own and falls over what is not there.",
    ),
    (
        "JPQR",
        "Taken: lengths count characters and the checksum UTF-8 bytes (MPM 4.4.1.1, 4.7.3). The others count bytes and cut inside a character, or sum UTF-16 units.",
    ),
    (
        "NEG-55-02-no56",
        "Refused: indicator 02 needs a fee in object 56 (MPM 4.7.7); otherwise nobody knows what is added.",
    ),
    (
        "NEG-AMT-COMMA",
        "Refused: digits and at most one point (MPM 4.7.4.1). Who strips the comma asks for a hundred times the amount.",
    ),
    ("NEG-AMT-SPACE", "Refused: digits and at most one point (MPM 4.7.4.1)."),
    (
        "NEG-AMT-ZERO",
        "Refused: an amount is not zero (MPM 4.7.4.1). Only Cambodia's printed codes write it and mean none.",
    ),
    ("NEG-CRC", "Refused: the checksum does not fit."),
    ("NEG-DUP", "Refused: an ID occurs once on a level (MPM 4.3.1.2). Two currencies are two prices."),
    ("NEG-JPY-DEC", "Refused: yen have no decimals, and nothing is rounded."),
    ("NEG-TRUNC", "Refused: the checksum is cut off."),
    (
        "QRPH-P2P",
        "Taken: a sound code. `emvqr` looks category, currency and country up in lists of its own and falls over what is not there.",
    ),
    (
        "SGQR-PAYNOW-DYN",
        "Taken: a sound code. `emvqr` looks category, currency and country up in lists of its own and falls over what is not there.",
    ),
    (
        "SGQR-PAYNOW-REF",
        "Taken: a sound code. `emvqr` looks category, currency and country up in lists of its own and falls over what is not there.",
    ),
    (
        "SGQR-URL",
        "Taken: a sound code. `emvqr` looks category, currency and country up in lists of its own and falls over what is not there.",
    ),
    (
        "SGQR-WECHAT",
        "Taken: a sound code. `emvqr` looks category, currency and country up in lists of its own and falls over what is not there.",
    ),
    (
        "UPI-MPM",
        "Taken: a lower-case checksum is live in Nepal and India; the standard's upper case binds writers. `emvqr` compares text.",
    ),
    (
        "amex",
        "Taken: a sound code. `emvqr` looks category, currency and country up in lists of its own and falls over what is not there.",
    ),
    ("amount_exp", "Refused: `1e3` is no amount (MPM 4.7.4.1)."),
    ("amount_neg", "Refused: an amount has no sign (MPM 4.7.4.1)."),
    (
        "amount_zero",
        "Refused: an amount is not zero (MPM 4.7.4.1). Only Cambodia's printed codes write it and mean none.",
    ),
    ("bad_crc", "Refused: the checksum does not fit."),
    (
        "bccard",
        "Taken: a sound code. `emvqr` looks category, currency and country up in lists of its own and falls over what is not there.",
    ),
    (
        "bharatqr",
        "Taken: a sound code. `emvqr` looks category, currency and country up in lists of its own and falls over what is not there.",
    ),
    (
        "crc_lowercase",
        "Taken: a lower-case checksum is live in Nepal and India; the standard's upper case binds writers. `emvqr` compares text.",
    ),
    ("crc_not_last", "Refused: object 63 is last (MPM 4.6.1); what follows it is covered by nothing."),
    (
        "discover",
        "Taken: a sound code. `emvqr` looks category, currency and country up in lists of its own and falls over what is not there.",
    ),
    (
        "duitnow",
        "Taken: lengths count characters and the checksum UTF-8 bytes (MPM 4.4.1.1, 4.7.3). The others count bytes and cut inside a character, or sum UTF-16 units. `emvqr` looks category, currency and country up in lists of its own and falls over what is not there.",
    ),
    (
        "dup_tag00",
        "Refused: an ID occurs once on a level (MPM 4.3.1.2). Of two values, two readers take different ones.",
    ),
    (
        "dup_tag54",
        "Refused: an ID occurs once on a level (MPM 4.3.1.2). Of two values, two readers take different ones.",
    ),
    (
        "dup_tag59",
        "Refused: an ID occurs once on a level (MPM 4.3.1.2). Of two values, two readers take different ones.",
    ),
    ("empty", "Refused, without falling over."),
    (
        "hkqr",
        "Taken: a sound code. `emvqr` looks category, currency and country up in lists of its own and falls over what is not there.",
    ),
    (
        "jcb",
        "Taken: a sound code. `emvqr` looks category, currency and country up in lists of its own and falls over what is not there.",
    ),
    (
        "jpqr",
        "Taken: a sound code. `emvqr` looks category, currency and country up in lists of its own and falls over what is not there.",
    ),
    (
        "khqr",
        "Taken: lengths count characters and the checksum UTF-8 bytes (MPM 4.4.1.1, 4.7.3). The others count bytes and cut inside a character, or sum UTF-16 units.",
    ),
    (
        "laoqr",
        "Taken: a sound code. `emvqr` looks category, currency and country up in lists of its own and falls over what is not there.",
    ),
    (
        "lead_bom",
        "Taken: scanners put a byte order mark in front. It is no part of the code; nothing inside is ever repaired.",
    ),
    ("len_arabic_digits", "Refused: lengths are ASCII digits (MPM 4.4.1)."),
    ("len_nondigit", "Refused: a length is two digits (MPM 4.4.1)."),
    ("len_plus", "Refused: a length is two digits (MPM 4.4.1)."),
    ("len_space", "Refused: a length is two digits (MPM 4.4.1)."),
    ("len_zero", "Refused: a length is 01 to 99 (MPM 4.4.1)."),
    ("long_4k", "Refused: more than a QR code in byte mode can hold (2,953 bytes), so nobody scanned it."),
    (
        "mastercard",
        "Taken: a sound code. `emvqr` looks category, currency and country up in lists of its own and falls over what is not there.",
    ),
    (
        "nets",
        "Taken: a sound code. `emvqr` looks category, currency and country up in lists of its own and falls over what is not there.",
    ),
    ("no_crc", "Refused: object 63 is mandatory and last (MPM 4.6.1)."),
    ("no_tag00", "Refused: object 00 is mandatory and first (MPM 4.6.1)."),
    (
        "paynow",
        "Taken: a sound code. `emvqr` looks category, currency and country up in lists of its own and falls over what is not there.",
    ),
    (
        "pix",
        "Taken: a sound code. `emvqr` looks category, currency and country up in lists of its own and falls over what is not there.",
    ),
    (
        "qris",
        "Taken: a sound code. `emvqr` looks category, currency and country up in lists of its own and falls over what is not there.",
    ),
    (
        "qrph_p2m",
        "Taken: a sound code. `emvqr` looks category, currency and country up in lists of its own and falls over what is not there.",
    ),
    (
        "qrph_p2p",
        "Taken: a sound code. `emvqr` looks category, currency and country up in lists of its own and falls over what is not there.",
    ),
    ("short", "Refused, without falling over."),
    ("tag00_not_first", "Refused: object 00 is mandatory and first (MPM 4.6.1)."),
    (
        "tmpl_inner_overflow",
        "Refused: an object inside the account ends beyond it. Who reads on may take another payee.",
    ),
    ("trail_garbage", "Refused: nothing follows object 63 (MPM 4.6.1)."),
    ("trail_newline", "Taken: scanners end a text with a line break, which is no part of the code."),
    ("trunc_len", "Refused: three characters are no object."),
    ("trunc_value", "Refused: the value is shorter than its length says."),
    ("trunc_value_crc_ok", "Refused: the value is shorter than its length says."),
    (
        "unionpay",
        "Taken: a sound code. `emvqr` looks category, currency and country up in lists of its own and falls over what is not there.",
    ),
    ("url", "Refused: a link is no merchant-presented code."),
    (
        "utf8_byte_len",
        "Refused: lengths count characters (MPM 4.4.1.1). No live code that counts bytes is known; `diagnose` says it when it meets one.",
    ),
    (
        "utf8_char_len",
        "Taken: lengths count characters and the checksum UTF-8 bytes (MPM 4.4.1.1, 4.7.3). The others count bytes and cut inside a character, or sum UTF-16 units.",
    ),
    ("utf8_tail", "Refused: the checksum is four hexadecimal digits."),
    (
        "vietqr",
        "Taken: a sound code. `emvqr` looks category, currency and country up in lists of its own and falls over what is not there.",
    ),
    (
        "visa",
        "Taken: a sound code. `emvqr` looks category, currency and country up in lists of its own and falls over what is not there.",
    ),
    (
        "wechatpay",
        "Taken: a sound code. `emvqr` looks category, currency and country up in lists of its own and falls over what is not there.",
    ),
];

fn judgement(name: &str) -> Option<&'static str> {
    JUDGED.iter().find(|(judged, _)| *judged == name).map(|(_, why)| *why)
}

fn table(page: &mut String, asked: &[Asked], answers: &[Answers], unjudged: &mut BTreeSet<String>) {
    let differences = differences(asked, answers);
    let mut totals: BTreeMap<&str, usize> = BTreeMap::new();
    asked.iter().for_each(|asked| *totals.entry(asked.name.as_str()).or_default() += 1);
    writeln!(page, "| code | disagreeing | ours, and why |\n|---|---|---|").unwrap();
    for (name, peers) in &differences {
        let who: Vec<String> = peers
            .iter()
            .map(|(peer, hows)| {
                let hows: Vec<String> = hows
                    .iter()
                    .map(|(how, count)| {
                        if totals[name.as_str()] == *count {
                            (*how).to_owned()
                        } else {
                            format!("{how} {count} of {}", totals[name.as_str()])
                        }
                    })
                    .collect();
                format!("{peer} {}", hows.join(", "))
            })
            .collect();
        let why = judgement(name).unwrap_or_else(|| {
            unjudged.insert(format!("{name}: {}", who.join("; ")));
            "?"
        });
        writeln!(page, "| {name} | {} | {why} |", who.join("; ")).unwrap();
    }
    let agreed: BTreeSet<&str> = totals.keys().copied().filter(|name| !differences.contains_key(*name)).collect();
    let agreed: Vec<&str> = agreed.into_iter().collect();
    if !agreed.is_empty() {
        writeln!(page, "\nAll agree on: {}.", agreed.join(", ")).unwrap();
    }
}

fn sums(page: &mut String, parts: [(&[Asked], &[Answers]); 3]) {
    let mut rows: BTreeMap<&str, [(usize, usize, usize); 3]> = BTreeMap::new();
    for (at, (asked, answers)) in parts.iter().enumerate() {
        for (asked, answers) in asked.iter().zip(*answers) {
            let ours = our_answer(&asked.text);
            for (peer, answer) in answers {
                let cell = &mut rows.entry(peer).or_default()[at];
                match answer.differs_from(&ours) {
                    None => cell.0 += 1,
                    Some("breaks") => cell.2 += 1,
                    Some(_) => cell.1 += 1,
                }
            }
        }
    }
    writeln!(page, "| parser | vectors | random valid codes | broken codes |\n|---|---|---|---|").unwrap();
    for (peer, cells) in rows {
        let cells = cells.map(|(agrees, differs, breaks)| format!("{agrees} / {differs} / {breaks}"));
        writeln!(page, "| {peer} | {} |", cells.join(" | ")).unwrap();
    }
}

#[test]
fn every_disagreement_with_other_parsers_is_judged_and_listed() {
    let Some(peers) = Peers::find() else { return };
    // Peers that panic would fill the screen.
    std::panic::set_hook(Box::new(|_| {}));
    let corpora = [vectors(), random(&peers), broken()];
    let answers = corpora.each_ref().map(|asked| ask(&peers, asked));
    let _ = std::panic::take_hook();

    let mut page = include_str!("peers/readers_head.md").to_owned();
    let mut unjudged = BTreeSet::new();
    let [on_vectors, on_random, on_broken] = [0, 1, 2].map(|at| (corpora[at].as_slice(), answers[at].as_slice()));
    sums(&mut page, [on_vectors, on_random, on_broken]);
    for (title, (asked, answers)) in [
        ("The vectors", on_vectors),
        ("Random valid codes, by scheme", on_random),
        ("Broken codes: 32 cases of eight schemes", on_broken),
    ] {
        writeln!(page, "\n## {title}\n\n{} codes.\n", asked.len()).unwrap();
        table(&mut page, asked, answers, &mut unjudged);
    }
    assert!(unjudged.is_empty(), "not judged:\n{}", unjudged.into_iter().collect::<Vec<_>>().join("\n"));
    if std::env::var_os("JIGAP_WRITE_READERS").is_some() {
        std::fs::write(PAGE, &page).unwrap();
    }
    let committed = std::fs::read_to_string(PAGE).unwrap_or_default();
    assert!(
        committed == page,
        "docs/readers.md is not what the parsers say now: run `cargo xtask readers` and look at the difference"
    );
}
