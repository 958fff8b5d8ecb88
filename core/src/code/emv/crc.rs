//! The checksum of object 63: CRC-16/CCITT-FALSE (EMVCo MPM §4.7.3, ISO/IEC 13239).

const POLYNOMIAL: u16 = 0x1021;
const INITIAL: u16 = 0xFFFF;
const WIDTH: usize = 16;

/// `TABLES[k][b]`: what byte `b` adds to the checksum when `k` more bytes follow in its block of sixteen.
static TABLES: [[u16; 256]; WIDTH] = tables();

#[allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "evaluated by the compiler, which refuses what overflows"
)]
const fn tables() -> [[u16; 256]; WIDTH] {
    let mut tables = [[0u16; 256]; WIDTH];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = (byte as u16) << 8;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ POLYNOMIAL };
            bit += 1;
        }
        tables[0][byte] = crc;
        byte += 1;
    }
    let mut after = 1;
    while after < WIDTH {
        let mut byte = 0;
        while byte < 256 {
            let crc = tables[after - 1][byte];
            tables[after][byte] = (crc << 8) ^ tables[0][(crc >> 8) as usize];
            byte += 1;
        }
        after += 1;
    }
    tables
}

#[inline(always)]
fn look_up(table: &[u16; 256], byte: u8) -> u16 {
    table.get(usize::from(byte)).copied().unwrap_or_default()
}

/// CRC-16/CCITT-FALSE: polynomial 1021, initial FFFF, not reflected, no final xor. Sixteen bytes a step, because the
/// checksum is more than half of the work of reading a code.
pub fn crc16(bytes: &[u8]) -> u16 {
    let (blocks, rest) = bytes.as_chunks::<WIDTH>();
    let mut crc = INITIAL;
    for block in blocks {
        let [high, low] = crc.to_be_bytes();
        let [first, second, tail @ ..] = block;
        let [last, tables @ .., next, top] = &TABLES;
        crc = look_up(top, first ^ high) ^ look_up(next, second ^ low);
        let [ahead @ .., end] = tail;
        for (table, byte) in tables.iter().rev().zip(ahead) {
            crc ^= look_up(table, *byte);
        }
        crc ^= look_up(last, *end);
    }
    let [single, ..] = &TABLES;
    rest.iter().fold(crc, |crc, byte| {
        let [high, low] = crc.to_be_bytes();
        u16::from_be_bytes([low, 0]) ^ look_up(single, high ^ byte)
    })
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::as_conversions, reason = "test code")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition, bit by bit.
    fn by_the_book(bytes: &[u8]) -> u16 {
        bytes.iter().fold(INITIAL, |crc, byte| {
            (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
                if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ POLYNOMIAL }
            })
        })
    }

    #[test]
    fn the_check_value_of_the_algorithm() {
        assert_eq!(crc16(b"123456789"), 0x29B1);
        assert_eq!(crc16(b""), 0xFFFF);
    }

    proptest! {
        #[test]
        fn the_fast_form_agrees_with_the_definition(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(crc16(&bytes), by_the_book(&bytes));
        }
    }
}
