//! What a code says, for the screen.

use super::emv::Initiation;
use super::scheme::Schemes;
use crate::error::Code;
use crate::money::{Currency, Money};
use crate::time::ServerMs;
use std::fmt;

/// A tip or convenience fee the code asks for (EMVCo MPM §4.7.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fee {
    /// The user is asked for a tip and may give none.
    Prompt,
    /// This much is added.
    Fixed(Money),
    /// This part of the amount is added, in hundredths of a per cent: 1 to 9999.
    Percentage(u16),
}

impl Fee {
    /// What is paid in all for this amount before the fee. A percentage is rounded half up at the currency's last
    /// digit: the standard leaves the rounding open (`domain.md` §1.6). A tip that is asked for counts as none.
    ///
    /// # Errors
    /// [`Code::MoneyOutOfRange`] when it does not fit, [`Code::ArgumentInvalid`] when the currencies differ.
    pub fn total(self, amount: Money) -> crate::error::Result<Money> {
        match self {
            Self::Prompt => Ok(amount),
            Self::Fixed(fee) => amount.checked_add(fee),
            Self::Percentage(hundredths) => {
                let fee = i128::from(amount.minor())
                    .checked_mul(i128::from(hundredths))
                    .and_then(|n| n.checked_add(5_000))
                    .and_then(|n| i64::try_from(n / 10_000).ok())
                    .ok_or(Code::MoneyOutOfRange)?;
                amount.checked_add(Money::from_minor(amount.currency(), fee))
            }
        }
    }
}

/// Something the code asks of the user beside the amount (EMVCo MPM §4.8: `***`, and object 62-09).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Prompt {
    /// 62-01.
    BillNumber,
    /// 62-02.
    MobileNumber,
    /// 62-03.
    Store,
    /// 62-04.
    LoyaltyNumber,
    /// 62-05.
    Reference,
    /// 62-06.
    Customer,
    /// 62-07.
    Terminal,
    /// 62-08.
    Purpose,
    /// `A` in 62-09.
    ConsumerAddress,
    /// `M` in 62-09.
    ConsumerMobile,
    /// `E` in 62-09.
    ConsumerEmail,
}

impl Prompt {
    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BillNumber => "bill_number",
            Self::MobileNumber => "mobile_number",
            Self::Store => "store",
            Self::LoyaltyNumber => "loyalty_number",
            Self::Reference => "reference",
            Self::Customer => "customer",
            Self::Terminal => "terminal",
            Self::Purpose => "purpose",
            Self::ConsumerAddress => "consumer_address",
            Self::ConsumerMobile => "consumer_mobile",
            Self::ConsumerEmail => "consumer_email",
        }
    }
}

/// What the code says. Only for the screen: what goes upstream is the scanned text itself. `Debug` shows no text of it.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// The schemes it belongs to.
    pub schemes: Schemes,
    /// Whether it pays a person.
    pub p2p: bool,
    /// ISO 3166-1 alpha-2, of the code or of its scheme.
    pub country: Option<String>,
    /// The currency to pay in.
    pub currency: Option<Currency>,
    /// The amount, above zero; none when the user is to type it or the network is to say it.
    pub amount: Option<Money>,
    /// A tip or convenience fee.
    pub fee: Option<Fee>,
    /// Printed once, or made for one order.
    pub initiation: Initiation,
    /// The shop, in Latin letters (object 59).
    pub merchant_name: Option<String>,
    /// Its city (object 60).
    pub merchant_city: Option<String>,
    /// ISO 639 language of the two below, as written (object 64-00).
    pub local_language: Option<String>,
    /// The shop's name in its own language (object 64-01).
    pub local_name: Option<String>,
    /// Its city, likewise (object 64-02).
    pub local_city: Option<String>,
    /// ISO 18245 merchant category, four digits (object 52).
    pub mcc: Option<String>,
    /// The payee in the first of `schemes`, as written in the code.
    pub account: Option<String>,
    /// The payee's bank or acquirer, as that scheme numbers them.
    pub bank: Option<String>,
    /// Reference of the payment (object 62-05, or the scheme's own).
    pub reference: Option<String>,
    /// Bill number (object 62-01).
    pub bill_number: Option<String>,
    /// Store (object 62-03).
    pub store: Option<String>,
    /// Terminal (object 62-07).
    pub terminal: Option<String>,
    /// Postal code (object 61).
    pub postal_code: Option<String>,
    /// When the code ends to be valid, if its scheme says so.
    pub expiry: Option<ServerMs>,
    /// What the user has to be asked for.
    pub prompts: Vec<Prompt>,
}

impl fmt::Debug for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Facts")
            .field("schemes", &self.schemes)
            .field("p2p", &self.p2p)
            .field("currency", &self.currency)
            .field("initiation", &self.initiation)
            .finish_non_exhaustive()
    }
}
