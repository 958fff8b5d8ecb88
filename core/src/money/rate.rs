//! Exchange rates without floats.

use super::amount::{out_of_range, power_of_ten};
use super::{Currency, Money};
use crate::error::{Code, Error, Result};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What one major unit of one currency costs in major units of another: `mantissa × 10^-scale`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Rate {
    /// The currency being bought, such as JPY.
    pub from: Currency,
    /// The currency it is paid in, such as KRW.
    pub to: Currency,
    /// The digits of the price, above zero.
    pub mantissa: i64,
    /// How many of them stand after the point, 0 to 12.
    pub scale: u8,
}

impl Rate {
    /// The most digits after the point.
    pub const MAX_SCALE: u8 = 12;

    /// Converts an amount, rounding half away from zero at the target currency's last digit: the rule the gateway
    /// contract names, so that both sides come to the same number.
    ///
    /// # Errors
    /// [`Code::ArgumentInvalid`] when the amount is not in the rate's currency or the rate is not one,
    /// [`Code::MoneyOutOfRange`] when the result does not fit.
    pub fn convert(&self, amount: Money) -> Result<Money> {
        if amount.currency() != self.from || self.mantissa <= 0 || self.scale > Self::MAX_SCALE {
            return Err(Error::new(Code::ArgumentInvalid).with("field", "rate"));
        }
        // minor_to = minor_from / 10^exp_from * mantissa / 10^scale * 10^exp_to, in i128 so that only the end can overflow.
        let scaled = i128::from(amount.minor())
            .checked_mul(i128::from(self.mantissa))
            .and_then(|n| n.checked_mul(i128::from(power_of_ten(self.to.exponent()).ok()?)))
            .ok_or_else(out_of_range)?;
        let divisor = i128::from(power_of_ten(self.from.exponent().saturating_add(self.scale))?);
        let half = divisor / 2;
        let nudged = if scaled < 0 { scaled.checked_sub(half) } else { scaled.checked_add(half) };
        let minor = nudged.and_then(|n| n.checked_div(divisor)).ok_or_else(out_of_range)?;
        i64::try_from(minor).map(|minor| Money::from_minor(self.to, minor)).map_err(|_| out_of_range())
    }

    /// The price as plain decimal text, such as `9.1234`.
    pub fn decimal(&self) -> String {
        let scale = usize::from(self.scale);
        let digits = format!("{:0>width$}", self.mantissa, width = scale.saturating_add(1));
        let (whole, fraction) = digits.split_at(digits.len().saturating_sub(scale));
        if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1 {} = {} {}", self.from, self.decimal(), self.to)
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

    fn rate(from: &str, to: &str, mantissa: i64, scale: u8) -> Rate {
        Rate { from: currency(from), to: currency(to), mantissa, scale }
    }

    #[test]
    fn amounts_convert_exactly_and_round_half_up() {
        let yen = rate("JPY", "KRW", 91_234, 4);
        assert_eq!(yen.convert(Money::from_minor(yen.from, 1_280)), Ok(Money::from_minor(yen.to, 11_678)));
        let yuan = rate("CNY", "KRW", 19_250, 2);
        // 23.72 × 192.50 = 4566.1
        assert_eq!(yuan.convert(Money::from_minor(yuan.from, 2_372)), Ok(Money::from_minor(yuan.to, 4_566)));
        let half = rate("JPY", "KRW", 5, 1);
        assert_eq!(half.convert(Money::from_minor(half.from, 1)), Ok(Money::from_minor(half.to, 1)));
        assert_eq!(yen.to_string(), "1 JPY = 9.1234 KRW");
    }

    #[test]
    fn a_rate_refuses_what_it_is_not_for() {
        let yen = rate("JPY", "KRW", 91_234, 4);
        let wrong = Money::from_minor(currency("CNY"), 1);
        assert_eq!(yen.convert(wrong).map_err(|e| e.code()), Err(Code::ArgumentInvalid));
        let nothing = Rate { mantissa: 0, ..yen };
        assert!(nothing.convert(Money::from_minor(yen.from, 1)).is_err());
        let huge = rate("JPY", "KRW", i64::MAX, 0);
        assert_eq!(
            huge.convert(Money::from_minor(huge.from, i64::MAX)).map_err(|e| e.code()),
            Err(Code::MoneyOutOfRange)
        );
    }

    proptest! {
        #[test]
        fn the_result_is_within_half_a_unit_of_the_exact_value(minor in 0i64..10_000_000, mantissa in 1i64..10_000_000, scale in 0u8..=6) {
            let rate = rate("CNY", "KRW", mantissa, scale);
            let got = rate.convert(Money::from_minor(rate.from, minor)).unwrap();
            let divisor = 10i128.pow(2 + u32::from(scale));
            let exact = i128::from(minor) * i128::from(mantissa);
            let off = (i128::from(got.minor()) * divisor - exact).abs();
            prop_assert!(off * 2 <= divisor);
        }
    }
}
