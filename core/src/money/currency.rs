//! Currencies of ISO 4217.

use crate::error::{Code, Error, Result};
use std::fmt;

/// A currency the wallet knows. Which one a payment is in comes from the code or the order, never from a default.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency(&'static Row);

#[derive(PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Row {
    numeric: u16,
    alpha: &'static str,
    exponent: u8,
}

macro_rules! rows {
    ($( $numeric:literal $alpha:ident $exponent:literal )*) => {
        /// Numeric and alphabetic code and exponent: ISO 4217 list one, and `domain.md` §1.7 for those seen in codes.
        static ROWS: &[Row] = &[ $( Row { numeric: $numeric, alpha: stringify!($alpha), exponent: $exponent }, )* ];
    };
}

// In order of the numeric code, for the binary search.
rows! {
    36 AUD 2  104 MMK 2  116 KHR 2  124 CAD 2  144 LKR 2  156 CNY 2  344 HKD 2  356 INR 2  360 IDR 2  392 JPY 0
    398 KZT 2  410 KRW 0  418 LAK 2  446 MOP 2  458 MYR 2  496 MNT 2  524 NPR 2  554 NZD 2  608 PHP 2  634 QAR 2
    682 SAR 2  702 SGD 2  704 VND 0  756 CHF 2  764 THB 2  784 AED 2  826 GBP 2  840 USD 2  860 UZS 2  901 TWD 2
    949 TRY 2  978 EUR 2  986 BRL 2
}

impl Currency {
    /// The currency with this ISO 4217 numeric code.
    ///
    /// # Errors
    /// [`Code::CurrencyUnknown`] when the wallet does not know it.
    pub fn from_numeric(numeric: u16) -> Result<Self> {
        ROWS.binary_search_by_key(&numeric, |row| row.numeric)
            .ok()
            .and_then(|at| ROWS.get(at))
            .map(Self)
            .ok_or_else(|| Error::new(Code::CurrencyUnknown).with("currency", i64::from(numeric)))
    }

    /// The currency with this alphabetic code, upper case.
    ///
    /// # Errors
    /// [`Code::CurrencyUnknown`] when the wallet does not know it.
    pub fn from_alpha(alpha: &str) -> Result<Self> {
        ROWS.iter().find(|row| row.alpha == alpha).map(Self).ok_or_else(|| Error::new(Code::CurrencyUnknown))
    }

    /// ISO 4217 numeric code, such as 392.
    pub const fn numeric(self) -> u16 {
        self.0.numeric
    }

    /// ISO 4217 alphabetic code, such as `JPY`.
    pub const fn alpha(self) -> &'static str {
        self.0.alpha
    }

    /// How many digits stand after the decimal point, 0 to 2.
    pub const fn exponent(self) -> u8 {
        self.0.exponent
    }

    /// Every currency the wallet knows, by numeric code.
    pub fn all() -> impl Iterator<Item = Self> {
        ROWS.iter().map(Self)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.alpha())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.alpha())
    }
}

json_as_text!(Currency, Self::from_alpha);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_currency_is_found_by_both_codes() {
        for currency in Currency::all() {
            assert_eq!(Currency::from_numeric(currency.numeric()), Ok(currency));
            assert_eq!(Currency::from_alpha(currency.alpha()), Ok(currency));
        }
        assert_eq!(Currency::from_numeric(999).map_err(|e| e.code()), Err(Code::CurrencyUnknown));
        assert_eq!(Currency::from_alpha("jpy").map_err(|e| e.code()), Err(Code::CurrencyUnknown));
        assert_eq!(Currency::from_numeric(392).map(Currency::exponent), Ok(0));
    }
}
