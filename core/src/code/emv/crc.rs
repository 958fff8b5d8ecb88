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

/// Takes a block in one step: the checksum so far goes into the first two bytes, then every byte is looked up for itself,
/// in the table for as many bytes as follow it. Written out, because the compiler does not unroll it by itself.
macro_rules! step {
    ($name:ident, $width:literal, $($table:ident)+, $first:ident $second:ident $($byte:ident)*, $top:ident $next:ident $($below:ident)*) => {
        #[inline(always)]
        fn $name(crc: u16, block: &[u8; $width]) -> u16 {
            let [$($table,)+ ..] = &TABLES;
            let [$first, $second, $($byte),*] = block;
            let [high, low] = crc.to_be_bytes();
            // What does not wait for the block before goes first; the processor does it meanwhile.
            let ahead = 0 $(^ look_up($below, *$byte))*;
            ahead ^ (look_up($top, $first ^ high) ^ look_up($next, $second ^ low))
        }
    };
}

step!(step_16, 16,
    t0 t1 t2 t3 t4 t5 t6 t7 t8 t9 t10 t11 t12 t13 t14 t15,
    b0 b1 b2 b3 b4 b5 b6 b7 b8 b9 b10 b11 b12 b13 b14 b15,
    t15 t14 t13 t12 t11 t10 t9 t8 t7 t6 t5 t4 t3 t2 t1 t0);
step!(step_8, 8, t0 t1 t2 t3 t4 t5 t6 t7, b0 b1 b2 b3 b4 b5 b6 b7, t7 t6 t5 t4 t3 t2 t1 t0);
step!(step_4, 4, t0 t1 t2 t3, b0 b1 b2 b3, t3 t2 t1 t0);

/// CRC-16/CCITT-FALSE: polynomial 1021, initial FFFF, not reflected, no final xor. Sixteen bytes a step, because the
/// checksum is a good part of the work of reading a code; the rest in steps of 8 and 4 as far as it goes.
pub fn crc16(bytes: &[u8]) -> u16 {
    let (blocks, rest) = bytes.as_chunks::<WIDTH>();
    let crc = blocks.iter().fold(INITIAL, step_16);
    let (eight, rest) = rest.as_chunks::<8>();
    let crc = eight.iter().fold(crc, step_8);
    let (four, rest) = rest.as_chunks::<4>();
    let crc = four.iter().fold(crc, step_4);
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
