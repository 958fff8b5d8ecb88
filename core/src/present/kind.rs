//! What the codes that users show look like: a table of the published kinds, and kinds from the signed configuration.
//!
//! A code is drawn as it was issued. The table is only there to refuse an answer of the gateway that no till could read,
//! and to say which symbols a till expects.

use serde::{Deserialize, Serialize};

/// Which characters a kind is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Alphabet {
    /// `0` to `9`.
    Digits,
    /// Base64 with padding (RFC 4648 §4), as EMVCo CPM §3.2 encodes its objects.
    Base64,
}

/// Which symbols a till may want to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Symbologies {
    /// QR and Code 128.
    QrAndBars,
    /// QR alone: the text is too long for lines.
    Qr,
}

/// A kind of code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// Its stable name.
    pub name: String,
    /// Its characters.
    pub alphabet: Alphabet,
    /// What it begins with: one of these, ends of a range included, both of one length. Empty: anything.
    #[serde(default)]
    pub prefixes: Vec<(String, String)>,
    /// How many characters it may have: ranges, ends included.
    pub lengths: Vec<(u16, u16)>,
    /// Which symbols it is drawn as.
    pub symbologies: Symbologies,
    /// How long a code of this kind is good, in milliseconds; the gateway's word on a single code comes first.
    pub life_ms: i64,
}

struct Published {
    name: &'static str,
    alphabet: Alphabet,
    prefixes: &'static [(&'static str, &'static str)],
    lengths: &'static [(u16, u16)],
    symbologies: Symbologies,
    life_ms: i64,
}

/// The kinds that are public (`domain.md` §2, §4). Zero Pay's is not: it comes by the signed configuration.
const PUBLISHED: [Published; 5] = [
    // Alipay+ code_format: 17 to 32 digits, terminals take 32; its issuers' numbers begin 25 to 30. Good for a minute.
    Published {
        name: "alipayplus",
        alphabet: Alphabet::Digits,
        prefixes: &[("25", "30")],
        lengths: &[(17, 32)],
        symbologies: Symbologies::QrAndBars,
        life_ms: 60_000,
    },
    // The mainstream form: issuer (CII, 6), type (BTI, 2), number (UIN, 16).
    Published {
        name: "alipayplus_24",
        alphabet: Alphabet::Digits,
        prefixes: &[("25", "30")],
        lengths: &[(24, 24)],
        symbologies: Symbologies::QrAndBars,
        life_ms: 60_000,
    },
    Published {
        name: "unionpay_19",
        alphabet: Alphabet::Digits,
        prefixes: &[("62", "62")],
        lengths: &[(19, 19)],
        symbologies: Symbologies::QrAndBars,
        life_ms: 60_000,
    },
    // EMVCo CPM §3.2, §4.1: Base64 of `85 05 "CPV"`; readers take 512 bytes, which are 684 characters.
    Published {
        name: "emv_cpm",
        alphabet: Alphabet::Base64,
        prefixes: &[("hQVDUFY", "hQVDUFY")],
        lengths: &[(16, 684)],
        symbologies: Symbologies::Qr,
        life_ms: 60_000,
    },
    // What a Chinese wallet's user shows in Korea, at the inbound bridge.
    Published {
        name: "wechatpay_18",
        alphabet: Alphabet::Digits,
        prefixes: &[("10", "15")],
        lengths: &[(18, 18)],
        symbologies: Symbologies::QrAndBars,
        life_ms: 60_000,
    },
];

impl Kind {
    /// The published kind of this name.
    pub fn published(name: &str) -> Option<Self> {
        let found = PUBLISHED.iter().find(|kind| kind.name == name)?;
        let text = |(low, high): &(&str, &str)| ((*low).to_owned(), (*high).to_owned());
        Some(Self {
            name: found.name.to_owned(),
            alphabet: found.alphabet,
            prefixes: found.prefixes.iter().map(text).collect(),
            lengths: found.lengths.to_vec(),
            symbologies: found.symbologies,
            life_ms: found.life_ms,
        })
    }

    /// Names of the published kinds.
    pub fn published_names() -> impl Iterator<Item = &'static str> {
        PUBLISHED.iter().map(|kind| kind.name)
    }

    /// Whether a text is a code of this kind.
    pub fn fits(&self, text: &str) -> bool {
        let letters = match self.alphabet {
            Alphabet::Digits => text.bytes().all(|b| b.is_ascii_digit()),
            Alphabet::Base64 => is_base64(text),
        };
        let length =
            self.lengths.iter().any(|(least, most)| (usize::from(*least)..=usize::from(*most)).contains(&text.len()));
        let begins = |(low, high): &(String, String)| {
            text.get(..low.len()).is_some_and(|start| (low.as_str()..=high.as_str()).contains(&start))
        };
        letters && length && (self.prefixes.is_empty() || self.prefixes.iter().any(begins))
    }

    /// Whether it is one that can be: lengths that a symbol holds, prefixes of one length each, a life.
    pub fn sound(&self) -> bool {
        let most = match self.symbologies {
            Symbologies::QrAndBars => 80,
            Symbologies::Qr => 684,
        };
        let lengths = self.lengths.iter().all(|(least, high)| *least >= 8 && least <= high && *high <= most);
        let prefixes = self.prefixes.iter().all(|(low, high)| low.is_ascii() && low.len() == high.len() && low <= high);
        !self.lengths.is_empty() && lengths && prefixes && (1_000..=600_000).contains(&self.life_ms)
    }
}

fn is_base64(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    let padding = text.len().saturating_sub(body.len());
    let letter = |b: u8| b.is_ascii_alphanumeric() || b == b'+' || b == b'/';
    text.len().is_multiple_of(4) && padding <= 2 && body.bytes().all(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_kinds_are_sound_and_take_their_own_codes_only() {
        let emv = "hQVDUFYwMWEfTwigAAAAZQOSAlcTMViZAHkkKUPUkSEhAAAFEgAADw==";
        let samples = [
            ("251001020123456789012345", vec!["alipayplus", "alipayplus_24"]),
            ("28763443825664394", vec!["alipayplus"]),
            ("6212345678901234567", vec!["unionpay_19"]),
            ("134567890123456789", vec!["wechatpay_18"]),
            (emv, vec!["emv_cpm"]),
            ("621234567890123456", vec![]),
            ("62123456789012345６7", vec![]),
            ("hQVDUFYwMWEfTwigAAAAZQOSAlcTMViZAHkkKUPUkSEhAAAFEgAADw=", vec![]),
            ("", vec![]),
        ];
        for (text, expected) in samples {
            let kinds = Kind::published_names().filter(|name| Kind::published(name).unwrap().fits(text));
            assert_eq!(kinds.collect::<Vec<_>>(), expected, "{text}");
        }
        assert!(Kind::published_names().all(|name| Kind::published(name).unwrap().sound()));
    }

    #[test]
    fn a_kind_of_the_configuration_has_to_be_sound() {
        let kind = Kind {
            name: "zeropay_example".to_owned(),
            alphabet: Alphabet::Digits,
            prefixes: vec![("80".to_owned(), "80".to_owned())],
            lengths: vec![(24, 24)],
            symbologies: Symbologies::QrAndBars,
            life_ms: 180_000,
        };
        assert!(kind.sound() && kind.fits(&format!("80{:022}", 7)));
        assert!(!Kind { lengths: vec![(24, 90)], ..kind.clone() }.sound());
        assert!(!Kind { prefixes: vec![("8".to_owned(), "90".to_owned())], ..kind.clone() }.sound());
        assert!(!Kind { life_ms: 0, ..kind }.sound());
    }
}
