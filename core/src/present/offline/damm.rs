//! The check digit of Damm (2004): a quasigroup of order 10 that catches every single wrong digit and every swap of two
//! neighbours. Luhn misses 09 and 90.

/// H. Michael Damm, "Total anti-symmetrische Quasigruppen", 2004: the table everyone uses.
const TABLE: [[u8; 10]; 10] = [
    [0, 3, 1, 7, 5, 9, 8, 6, 4, 2],
    [7, 0, 9, 2, 1, 5, 4, 8, 6, 3],
    [4, 2, 0, 6, 8, 7, 1, 3, 5, 9],
    [1, 7, 5, 0, 9, 8, 3, 4, 2, 6],
    [6, 1, 2, 3, 0, 4, 5, 9, 7, 8],
    [3, 6, 7, 4, 2, 0, 9, 5, 8, 1],
    [5, 8, 6, 9, 7, 2, 0, 1, 3, 4],
    [8, 9, 4, 5, 3, 6, 2, 0, 1, 7],
    [9, 4, 3, 8, 6, 1, 7, 2, 0, 5],
    [2, 5, 8, 1, 4, 3, 6, 7, 9, 0],
];

/// The check digit of these digits, 0 to 9; over digits and check digit together it is 0. Nothing for other characters.
pub fn damm(digits: &str) -> Option<u8> {
    digits.bytes().try_fold(0_u8, |state, byte| {
        let digit = usize::from(byte.checked_sub(b'0')?);
        TABLE.get(usize::from(state))?.get(digit).copied()
    })
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::as_conversions, reason = "test code")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_published_example() {
        assert_eq!(damm("572"), Some(4));
        assert_eq!(damm("5724"), Some(0));
        assert_eq!([damm("57A"), damm("５")], [None, None]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn no_single_error_and_no_swap_of_neighbours_is_missed(text in "[0-9]{23}", at in 0..24_usize, by in 1..10_u8) {
            let whole = format!("{text}{}", damm(&text).unwrap());
            let mut wrong = whole.clone().into_bytes();
            wrong[at] = b'0' + (wrong[at] - b'0' + by) % 10;
            prop_assert_ne!(damm(std::str::from_utf8(&wrong).unwrap()), Some(0));
            let mut swapped = whole.into_bytes();
            if at > 0 && swapped[at] != swapped[at - 1] {
                swapped.swap(at, at - 1);
                prop_assert_ne!(damm(std::str::from_utf8(&swapped).unwrap()), Some(0));
            }
        }
    }
}
