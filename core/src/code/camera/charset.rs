//! Bytes of a QR symbol to text.
//!
//! Payment codes are ASCII or UTF-8. The rest is what shops and posters have: Kanji mode and Shift JIS, which Japanese
//! makers write without saying so, and Latin-1, the standard's own where nothing is said.

const ROWS: usize = 77;
const CELLS: usize = 94;
/// JIS X 0208, rows 1 to 8 and 16 to 84 (the others are empty); U+FFFD where there is no character. From Python's `euc_jp`,
/// which agrees with its `shift_jis` on every cell. The file is UTF-8, so that it can be read; the library has it by cells,
/// which is a third smaller.
static JIS_X_0208: [[u16; CELLS]; ROWS] = cells(include_bytes!("jis0208.txt"));

#[allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "evaluated by the compiler over a fixed file"
)]
const fn cells(text: &[u8]) -> [[u16; CELLS]; ROWS] {
    let mut cells = [[0; CELLS]; ROWS];
    let (mut at, mut row, mut cell) = (0, 0, 0);
    while at < text.len() {
        let byte = text[at] as u16;
        let (value, length) = match byte {
            0..=0x7F => (byte, 1),
            0xC0..=0xDF => (((byte & 0x1F) << 6) | (text[at + 1] as u16 & 0x3F), 2),
            _ => (((byte & 0x0F) << 12) | ((text[at + 1] as u16 & 0x3F) << 6) | (text[at + 2] as u16 & 0x3F), 3),
        };
        if value == b'\n' as u16 {
            assert!(cell == CELLS, "a row of JIS X 0208 has 94 cells");
            (row, cell) = (row + 1, 0);
        } else {
            cells[row][cell] = value;
            cell += 1;
        }
        at += length;
    }
    assert!(row == ROWS, "all rows are there");
    cells
}

/// Extended channels (AIM ECI) that are known here: Latin-1, Shift JIS, UTF-8, ASCII.
const LATIN1: [u32; 3] = [0, 1, 3];
const SHIFT_JIS: u32 = 20;
const UTF8: u32 = 26;
const ASCII: u32 = 27;

/// Text as it grows: what is decided, and bytes whose character set is not.
#[derive(Default)]
pub(super) struct Text {
    done: String,
    bytes: Vec<u8>,
    channel: Option<u32>,
    /// Some bytes are in a character set that is not known here, or are none of its characters.
    strange: bool,
}

impl Text {
    /// One byte of a numeric, alphanumeric or byte segment.
    pub(super) fn push(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    /// One character of a segment in Kanji mode: 13 bits (ISO/IEC 18004 §7.4.6).
    pub(super) fn kanji(&mut self, value: u32) -> Option<()> {
        self.flush();
        let pair = ((value / 0xC0) << 8) | (value % 0xC0);
        let pair = pair.saturating_add(if pair < 0x1F00 { 0x8140 } else { 0xC140 });
        let [.., first, second] = pair.to_be_bytes();
        self.done.push(double(first, second)?);
        Some(())
    }

    /// Bytes from here on belong to another channel.
    pub(super) fn switch(&mut self, channel: u32) {
        self.flush();
        self.channel = Some(channel);
    }

    /// The whole text. `None` when there are bytes that cannot be made out.
    pub(super) fn end(mut self) -> Option<String> {
        self.flush();
        (!self.strange).then_some(self.done)
    }

    fn flush(&mut self) {
        let bytes = core::mem::take(&mut self.bytes);
        let text = match self.channel {
            None => Some(guessed(bytes)),
            Some(UTF8 | ASCII) => String::from_utf8(bytes).ok(),
            Some(SHIFT_JIS) => shift_jis(&bytes).map(|(text, _)| text),
            Some(channel) if LATIN1.contains(&channel) => Some(latin1(&bytes)),
            // Whatever the set is, ASCII is ASCII in all that are in use.
            Some(_) if bytes.is_ascii() => String::from_utf8(bytes).ok(),
            Some(_) => None,
        };
        match text {
            Some(text) => self.done.push_str(&text),
            None => self.strange = true,
        }
    }
}

/// UTF-8 where it is UTF-8; Shift JIS where it surely looks so; else Latin-1.
fn guessed(bytes: Vec<u8>) -> String {
    match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(not) => match shift_jis(not.as_bytes()) {
            Some((text, true)) => text,
            _ => latin1(not.as_bytes()),
        },
    }
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// The text in Shift JIS, and whether that is likely: it has a character of two bytes, or two half-wide Katakana in a row. One
/// alone may as well be an accented letter.
fn shift_jis(bytes: &[u8]) -> Option<(String, bool)> {
    let mut text = String::with_capacity(bytes.len());
    let (mut likely, mut last_half) = (false, false);
    let mut rest = bytes.iter().copied();
    while let Some(byte) = rest.next() {
        let half = matches!(byte, 0xA1..=0xDF);
        likely |= half && last_half;
        last_half = half;
        match byte {
            0..=0x7F => text.push(char::from(byte)),
            // U+FF61 stands for 0xA1, and so on in order.
            0xA1..=0xDF => text.push(char::from_u32(u32::from(byte).saturating_add(0xFEC0))?),
            _ => {
                text.push(double(byte, rest.next()?)?);
                likely = true;
            }
        }
    }
    Some((text, likely))
}

/// A character of two bytes (JIS X 0208 appendix 1).
fn double(first: u8, second: u8) -> Option<char> {
    let (first, second) = (usize::from(first), usize::from(second));
    let upper = match first {
        0x81..=0x9F => first.checked_sub(0x81)?,
        0xE0..=0xEF => first.checked_sub(0xC1)?,
        _ => return None,
    };
    // A first byte stands for two rows; which, the second says.
    let (odd, cell) = match second {
        0x40..=0x7E => (0, second.checked_sub(0x40)?),
        0x80..=0x9E => (0, second.checked_sub(0x41)?),
        0x9F..=0xFC => (1, second.checked_sub(0x9F)?),
        _ => return None,
    };
    let row = upper.checked_mul(2)?.checked_add(odd)?;
    let line = match row {
        0..=7 => row,
        15..=83 => row.checked_sub(7)?,
        _ => return None,
    };
    let value = *JIS_X_0208.get(line)?.get(cell)?;
    let character = char::from_u32(u32::from(value))?;
    (character != char::REPLACEMENT_CHARACTER).then_some(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(channel: Option<u32>, bytes: &[u8]) -> Option<String> {
        let mut text = Text { channel, ..Text::default() };
        bytes.iter().for_each(|byte| text.push(*byte));
        text.end()
    }

    #[test]
    fn the_table_is_whole() {
        let text = include_str!("jis0208.txt");
        assert_eq!(text.chars().filter(|c| !matches!(c, '\n' | '\u{FFFD}')).count(), 6_879);
        for (line, cells) in text.lines().zip(&JIS_X_0208) {
            assert!(line.chars().eq(cells.iter().filter_map(|cell| char::from_u32(u32::from(*cell)))));
        }
    }

    #[test]
    fn what_is_not_said_is_utf_8_then_shift_jis_then_latin_1() {
        assert_eq!(text(None, "5911黒門たこ焼き".as_bytes()).unwrap(), "5911黒門たこ焼き");
        assert_eq!(text(None, b"\x83\x82\x83o\x83C\x83\x8b").unwrap(), "モバイル");
        assert_eq!(text(None, b"*\xc3\xde\xbb\xde\xb2\xddQR*").unwrap(), "*ﾃﾞｻﾞｲﾝQR*");
        assert_eq!(text(None, b"\x88\x9f\xea\xa4").unwrap(), "亜熙");
        assert_eq!(text(None, b"Caf\xe9 Stra\xdfe Gr\xf6\xdfe").unwrap(), "Café Straße Größe");
        assert_eq!(text(None, b"").unwrap(), "");
    }

    #[test]
    fn a_channel_is_believed_or_the_text_is_none() {
        assert_eq!(text(Some(20), b"\xb1").unwrap(), "ｱ");
        assert_eq!(text(Some(3), b"\xb1").unwrap(), "±");
        assert_eq!(text(Some(26), b"\xb1"), None);
        assert_eq!(text(Some(28), b"0002"), Some("0002".to_owned()));
        assert_eq!(text(Some(28), b"\xb1\xb1"), None);
    }

    #[test]
    fn kanji_mode() {
        let mut text = Text::default();
        // The standard's own example: 点 is 0D9F, 茗 is 1AAA.
        text.kanji(0x0D9F).unwrap();
        text.kanji(0x1AAA).unwrap();
        assert_eq!(text.end().unwrap(), "点茗");
        assert!(Text::default().kanji(0x1FFF).is_none());
    }
}
