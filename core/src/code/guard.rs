//! Characters that make a text show as something it is not (`domain.md` §9.32).

/// Whether the text holds characters that cannot be seen or that turn the direction of what follows.
pub(super) fn has_hidden_characters(text: &str) -> bool {
    !text.bytes().all(|b| (b' '..=b'~').contains(&b)) && text.chars().any(is_hidden)
}

/// Controls, zero-width characters, bidirectional marks, embeddings, overrides and isolates, tags (Unicode: Cc, and
/// of Cf those without a shape of their own).
pub(super) const fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}'
        | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a word mixes Latin letters with those of a script that has letters of the same shape, or is written in letters
/// that are copies of Latin ones. A name wholly in its own script is left alone, as browsers do with host names
/// (Unicode UTS 39 §5.1, mixed scripts).
pub(super) fn has_confusable_letters(text: &str) -> bool {
    !text.is_ascii()
        && text.split(|c: char| !c.is_alphabetic()).any(|word| {
            let latin = word.chars().any(|c| matches!(c, 'A'..='Z' | 'a'..='z' | '\u{c0}'..='\u{24f}'));
            word.chars().any(|c| is_copy(c) || (latin && looks_latin(c)))
        })
}

/// Greek, Coptic, Cyrillic, Armenian, Cherokee, Lisu: the scripts with letters of Latin shape.
const fn looks_latin(c: char) -> bool {
    matches!(c,
        '\u{370}'..='\u{3ff}' | '\u{400}'..='\u{58f}' | '\u{13a0}'..='\u{13ff}' | '\u{1c80}'..='\u{1c8f}'
        | '\u{1f00}'..='\u{1fff}' | '\u{2c80}'..='\u{2dff}' | '\u{a4d0}'..='\u{a4ff}' | '\u{a640}'..='\u{a69f}'
        | '\u{ab70}'..='\u{abbf}')
}

/// Mathematical alphabets: letters for formulas.
const fn is_copy(c: char) -> bool {
    matches!(c, '\u{1d400}'..='\u{1d7ff}')
}

/// Countries and the currencies (ISO 4217 numbers) shops there name in their codes; for others anything goes. Own
/// currency first; US dollars, Hong Kong dollars or renminbi where they are in daily use.
const CURRENCIES: &[(&str, &[u16])] = &[
    ("AE", &[784]),
    ("AU", &[36]),
    ("BR", &[986]),
    ("CA", &[124]),
    ("CH", &[756, 978]),
    ("CN", &[156]),
    ("GB", &[826]),
    ("HK", &[344, 156]),
    ("ID", &[360]),
    ("IN", &[356]),
    ("JP", &[392]),
    ("KH", &[116, 840]),
    ("KR", &[410]),
    ("KZ", &[398]),
    ("LA", &[418, 764, 840]),
    ("LK", &[144]),
    ("MM", &[104, 840]),
    ("MN", &[496]),
    ("MO", &[446, 344, 156]),
    ("MY", &[458]),
    ("NP", &[524]),
    ("NZ", &[554]),
    ("PH", &[608]),
    ("QA", &[634]),
    ("SA", &[682]),
    ("SG", &[702]),
    ("TH", &[764]),
    ("TR", &[949]),
    ("TW", &[901]),
    ("US", &[840]),
    ("UZ", &[860, 840]),
    ("VN", &[704]),
];

/// Whether shops of this country name this currency (`domain.md` §9.12).
pub(super) fn currency_fits(country: &str, currency: u16) -> bool {
    let here = CURRENCIES.iter().find(|(c, _)| c.eq_ignore_ascii_case(country));
    here.is_none_or(|(_, currencies)| currencies.contains(&currency))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_pass_for_others_are_found_and_scripts_are_left_alone() {
        // Cyrillic А and о, Greek omicron, a formula's A.
        for mixed in ["\u{410}lipay", "Starbucks C\u{43e}ffee", "G\u{3bf}ogle", "\u{1d400}lipay"] {
            assert!(has_confusable_letters(mixed), "{mixed:?}");
        }
        for clean in ["Alipay", "Café Zoë", "Кофе Time", "Ω mega", "비씨카드 BC", "7-Eleven ร้าน", "ＡＢＣ商店"]
        {
            assert!(!has_confusable_letters(clean), "{clean}");
        }
    }

    #[test]
    fn hidden_characters_are_found_and_scripts_are_left_alone() {
        for hidden in ["a\u{202e}b", "a\u{200b}b", "\u{2066}a", "a\u{feff}", "a\tb", "\u{e0041}"] {
            assert!(has_hidden_characters(hidden), "{hidden:?}");
        }
        for clean in ["BEST TRANSPORT", "비씨카드", "最佳运输", "メルペイ カフェ", "ร้านกาแฟ", "مقهى", "Café Zoë"]
        {
            assert!(!has_hidden_characters(clean), "{clean}");
        }
    }
}
