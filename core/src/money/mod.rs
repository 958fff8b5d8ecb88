//! Money: whole minor units and a currency, checked arithmetic, no floats.

mod amount;
mod currency;
mod rate;

pub use amount::Money;
pub use currency::Currency;
pub use rate::Rate;
