//! An amount of money.

use super::Currency;
use crate::error::{Code, Error, Result};
use serde::{Deserialize, Serialize};
use std::fmt;

/// An amount: minor units (yen, fen, cents) of one currency. May be zero or negative; where a price is meant,
/// [`Money::is_positive`] is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Money {
    currency: Currency,
    minor: i64,
}

/// `10^0 ..= 10^18`, all that fit an `i64`.
const POWERS: [i64; 19] = {
    let mut powers = [1i64; 19];
    let mut at = 1;
    while at < 19 {
        #[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "evaluated by the compiler")]
        {
            powers[at] = powers[at - 1] * 10;
            at += 1;
        }
    }
    powers
};

/// Ten to this power, while it fits.
pub(super) fn power_of_ten(exponent: u8) -> Result<i64> {
    POWERS.get(usize::from(exponent)).copied().ok_or_else(out_of_range)
}

pub(super) fn out_of_range() -> Error {
    Error::new(Code::MoneyOutOfRange)
}

impl Money {
    /// So many minor units of a currency.
    pub const fn from_minor(currency: Currency, minor: i64) -> Self {
        Self { currency, minor }
    }

    /// Reads a decimal amount in major units: digits with at most one point, which may stand at the end
    /// (EMVCo MPM §4.7.4.1: `98.73`, `98`, `98.`). More digits after the point than the currency has are taken only
    /// when the surplus ones are zeros, so that nothing is ever rounded.
    ///
    /// # Errors
    /// [`Code::AmountInvalid`] for any other text, [`Code::MoneyOutOfRange`] when it does not fit.
    pub fn parse(currency: Currency, text: &str) -> Result<Self> {
        let invalid = || Error::new(Code::AmountInvalid).with("exponent", i64::from(currency.exponent()));
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits_only = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !digits_only(whole) || !digits_only(fraction) {
            return Err(invalid());
        }
        let kept = usize::from(currency.exponent());
        if fraction.bytes().skip(kept).any(|b| b != b'0') {
            return Err(invalid());
        }
        let padded = fraction.bytes().chain(std::iter::repeat(b'0')).take(kept);
        let minor = whole.bytes().chain(padded).try_fold(0i64, |sum, digit| {
            let digit = i64::from(digit.wrapping_sub(b'0'));
            sum.checked_mul(10).and_then(|s| s.checked_add(digit)).ok_or_else(out_of_range)
        })?;
        Ok(Self { currency, minor })
    }

    /// The currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// The amount in minor units.
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// Whether it is more than nothing.
    pub const fn is_positive(self) -> bool {
        self.minor > 0
    }

    /// The sum.
    ///
    /// # Errors
    /// [`Code::ArgumentInvalid`] when the currencies differ, [`Code::MoneyOutOfRange`] when it does not fit.
    pub fn checked_add(self, other: Self) -> Result<Self> {
        self.same_currency(other)?;
        self.minor.checked_add(other.minor).map(|minor| Self { minor, ..self }).ok_or_else(out_of_range)
    }

    /// The difference.
    ///
    /// # Errors
    /// As [`Money::checked_add`].
    pub fn checked_sub(self, other: Self) -> Result<Self> {
        self.same_currency(other)?;
        self.minor.checked_sub(other.minor).map(|minor| Self { minor, ..self }).ok_or_else(out_of_range)
    }

    fn same_currency(self, other: Self) -> Result<()> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(Error::new(Code::ArgumentInvalid).with("field", "currency"))
        }
    }

    /// The amount in major units as plain decimal text, such as `1280` or `23.72`: for programs, not for people.
    pub fn decimal(self) -> String {
        let exponent = usize::from(self.currency.exponent());
        let sign = if self.minor < 0 { "-" } else { "" };
        let digits = format!("{:0>width$}", self.minor.unsigned_abs(), width = exponent.saturating_add(1));
        let (whole, fraction) = digits.split_at(digits.len().saturating_sub(exponent));
        if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
    }
}

impl fmt::Display for Money {
    /// For people who read English: thousands grouped, the alphabetic code in front, such as `JPY 1,280`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimal = self.decimal();
        let (sign, unsigned) = decimal.strip_prefix('-').map_or(("", decimal.as_str()), |rest| ("-", rest));
        let (whole, fraction) = unsigned.split_once('.').map_or((unsigned, None), |(w, fr)| (w, Some(fr)));
        write!(f, "{} {sign}", self.currency)?;
        let count = whole.len();
        for (at, digit) in whole.chars().enumerate() {
            if at > 0 && count.saturating_sub(at).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        fraction.map_or(Ok(()), |fraction| write!(f, ".{fraction}"))
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::as_conversions, reason = "test code")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn currency(alpha: &str) -> Currency {
        Currency::from_alpha(alpha).unwrap()
    }

    #[test]
    fn the_examples_of_the_standard_are_read_as_it_says() {
        // EMVCo MPM §4.7.4.1, and the trap of `domain.md` §1.6: more decimals than the currency has.
        for (alpha, text, minor) in [
            ("CNY", "98.73", Ok(9873)),
            ("CNY", "98", Ok(9800)),
            ("CNY", "98.", Ok(9800)),
            ("CNY", "98,73", Err(Code::AmountInvalid)),
            ("CNY", "3 705", Err(Code::AmountInvalid)),
            ("CNY", "", Err(Code::AmountInvalid)),
            ("CNY", ".5", Err(Code::AmountInvalid)),
            ("CNY", "1.2.3", Err(Code::AmountInvalid)),
            ("CNY", "-1", Err(Code::AmountInvalid)),
            ("CNY", "１２", Err(Code::AmountInvalid)),
            ("JPY", "100.5", Err(Code::AmountInvalid)),
            ("JPY", "100.00", Ok(100)),
            ("KRW", "9223372036854775807", Ok(i64::MAX)),
            ("KRW", "9223372036854775808", Err(Code::MoneyOutOfRange)),
        ] {
            assert_eq!(
                Money::parse(currency(alpha), text).map(Money::minor).map_err(|e| e.code()),
                minor,
                "{alpha} {text}"
            );
        }
    }

    #[test]
    fn money_of_two_currencies_does_not_add() {
        let (yen, won) = (Money::from_minor(currency("JPY"), 1), Money::from_minor(currency("KRW"), 1));
        assert_eq!(yen.checked_add(won).map_err(|e| e.code()), Err(Code::ArgumentInvalid));
        assert_eq!(
            Money::from_minor(currency("JPY"), i64::MAX).checked_add(yen).map_err(|e| e.code()),
            Err(Code::MoneyOutOfRange)
        );
    }

    #[test]
    fn people_see_grouped_digits() {
        assert_eq!(Money::from_minor(currency("JPY"), 1_280).to_string(), "JPY 1,280");
        assert_eq!(Money::from_minor(currency("CNY"), 123_456_789).to_string(), "CNY 1,234,567.89");
        assert_eq!(Money::from_minor(currency("CNY"), -5).to_string(), "CNY -0.05");
        assert_eq!(Money::from_minor(currency("KRW"), i64::MIN).decimal(), "-9223372036854775808");
    }

    proptest! {
        #[test]
        fn what_is_formatted_is_read_back(minor in 0i64.., alpha in prop::sample::select(vec!["JPY", "CNY", "KRW", "THB"])) {
            let money = Money::from_minor(currency(alpha), minor);
            prop_assert_eq!(Money::parse(money.currency(), &money.decimal()), Ok(money));
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".*") {
            let _ = Money::parse(currency("CNY"), &text);
        }
    }
}
