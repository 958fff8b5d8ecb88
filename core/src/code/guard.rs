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

#[cfg(test)]
mod tests {
    use super::*;

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
