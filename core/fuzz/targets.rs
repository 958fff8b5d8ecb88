//! What the fuzzer runs, and what `core/tests/code_fuzz.rs` replays: each takes any bytes, and panics when something is wrong
//! beyond a crash.
#![allow(dead_code, reason = "each fuzz target is a program of its own and uses one of these")]

#[cfg(feature = "images")]
use jigap::code::camera::image::{MAX_PIXELS, grey};
use jigap::code::camera::{Frame, Scanner, still};
use jigap::code::emv::{Cpm, Mpm, crc16, diagnose};
use jigap::code::{Field, Rules, Situation, Verdict, fields, inspect, read, read_at};
use jigap::time::ServerMs;
use std::sync::LazyLock;

static EVERY_SCHEME: LazyLock<Rules> = LazyLock::new(Rules::every_scheme);

/// Text of the bytes, and the same with a right checksum: without one the search would never get past it.
fn texts(data: &[u8]) -> impl Iterator<Item = String> {
    let text = str::from_utf8(data).ok().map(str::to_owned);
    let sealed = text.as_ref().map(|text| {
        let body = format!("000201{text}6304");
        format!("{body}{:04X}", crc16(body.as_bytes()))
    });
    text.into_iter().chain(sealed)
}

/// Merchant-presented codes: what is read renders back to the same text, and is never called broken.
pub fn mpm(data: &[u8]) {
    for text in texts(data) {
        let diagnosis = diagnose(&text);
        let Ok(code) = Mpm::parse(&text) else {
            assert!(!diagnosis.findings.is_empty(), "refused, and nothing is wrong");
            continue;
        };
        let rendered: String =
            code.objects().map(|o| format!("{}{:02}{}", o.tag, o.value.chars().count(), o.value)).collect();
        assert_eq!(rendered, text);
        for (_, identifier, template) in code.accounts() {
            assert_eq!(template.get(0), Some(identifier));
            let nested = template.objects().filter_map(|object| template.nested(object.tag.number()));
            assert!(nested.count() < 100, "each ID once");
        }
        assert!(diagnosis.findings.iter().all(|finding| finding.fault.kind == jigap::code::FaultKind::AmountZero));
    }
}

/// Consumer-presented codes: in Base64, and the bytes themselves behind the beginning of one.
pub fn cpm(data: &[u8]) {
    if let Ok(text) = str::from_utf8(data) {
        let _ = Cpm::parse(text).map(|code| code.objects().map(|object| object.objects().count()).sum::<usize>());
    }
    let framed = [b"\x85\x05CPV01\x61", data].concat();
    if let Ok(code) = Cpm::parse(&base64(&framed)) {
        let mut inside = code.objects().flat_map(|object| object.objects());
        assert!(inside.any(|object| object.tag.0 == 0x4F), "an application has a name");
    }
}

/// RFC 4648, so that the search need not learn it.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().chain(&[0; 2]).take(3).fold(0u32, |group, byte| group << 8 | u32::from(*byte));
        for at in 0..4 {
            let index = usize::try_from(group >> (18 - 6 * at) & 63).unwrap_or_default();
            text.push(if at <= chunk.len() { char::from(ALPHABET[index]) } else { '=' });
        }
    }
    text
}

/// Any text: read, inspected and its objects listed, with every rule of the reading's own kept.
pub fn read_text(data: &[u8]) {
    for text in texts(data) {
        let reading = read(&text, &EVERY_SCHEME);
        let nothing = read(&text, &Rules::default());
        assert!(!matches!(nothing.verdict, Verdict::Payable { .. } | Verdict::NeedsChoice { .. }));
        let late = Situation { now: Some(ServerMs(i64::MAX)), region: Some("KR") };
        let later = read_at(&text, &EVERY_SCHEME, &late);
        assert!(reading.facts.expiry.is_none() || later.verdict.error().is_some(), "it has expired by then");
        let inspection = inspect(&text, &EVERY_SCHEME, &late);
        assert_eq!(inspection.reading, later.verdict.as_str());
        if let (Verdict::Payable { .. }, Ok(_)) = (&reading.verdict, Mpm::parse(&text)) {
            assert_eq!(whole(&fields(&text)), text, "nothing is lost");
        }
        if let Some(amount) = reading.facts.amount {
            assert!(amount.is_positive());
        }
    }
}

fn whole(fields: &[Field]) -> String {
    fields
        .iter()
        .map(|field| {
            let value = if field.fields.is_empty() { field.value.clone() } else { whole(&field.fields) };
            format!("{}{:02}{value}", field.tag, value.chars().count())
        })
        .collect()
}

/// Links: whatever stands behind the host of a network, nobody else's host is ever payable.
pub fn link(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    const HOSTS: &[&str] =
        &["alipay.com", "qr.alipay.com", "d.alipay.com", "wx.tenpay.com", "qr.95516.com", "qr.paypay.ne.jp"];
    for address in [text.to_owned(), format!("https://{text}"), format!("https://qr.alipay.com{text}")] {
        let reading = read(&address, &EVERY_SCHEME);
        let Some((scheme, rest)) = address.trim().split_once("://") else { continue };
        if !scheme.eq_ignore_ascii_case("https") || reading.verdict.error().is_some() {
            continue;
        }
        // The Alipay+ standard code may stand on any host; it is known by its path.
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let is_known = HOSTS.iter().any(|known| known.eq_ignore_ascii_case(host));
        assert!(is_known || rest.to_ascii_uppercase().contains("/MPM/3/"), "{host} is nobody's");
    }
}

#[cfg(feature = "images")]
/// Picture files: the header and what follows, never more memory than the limits say.
pub fn image(data: &[u8]) {
    if let Ok(grey) = grey(data) {
        assert_eq!(grey.pixels.len(), grey.width * grey.height);
        assert!(grey.pixels.len() <= MAX_PIXELS);
    }
}

/// Frames: a small picture of any pixels, in any turn, by the whole ladder and rung by rung.
pub fn frame(data: &[u8]) {
    let [width, turn, pixels @ ..] = data else { return };
    let width = usize::from(*width).max(1);
    let height = (pixels.len() / width).min(256);
    let Ok(frame) = Frame::new(pixels, width, height, width, u32::from(*turn % 5) * 90) else { return };
    let once = still(&frame);
    assert_eq!(once, still(&frame), "the same picture says the same");
    let scanner = Scanner::new();
    (0..2).for_each(|_| drop(scanner.offer(&frame)));
}

/// A bug put there on purpose, behind the walk through the objects and four bytes: a search that does not find it finds
/// nothing.
pub fn canary(data: &[u8]) {
    const WORD: &[u8] = b"SEED";
    let Ok(text) = str::from_utf8(data) else { return };
    let body = format!("000201{text}6304");
    let sealed = format!("{body}{:04X}", crc16(body.as_bytes()));
    let Ok(code) = Mpm::parse(&sealed) else { return };
    let name = code.get(59).unwrap_or_default().bytes();
    let mut right = 0;
    // A comparison of the whole word would leave no trace of being nearly right (hence `words.dict` for the others).
    for (written, wanted) in name.zip(WORD) {
        if std::hint::black_box(written) != *wanted {
            break;
        }
        right += 1;
    }
    assert!(right < WORD.len(), "the bug that was put there on purpose");
}
