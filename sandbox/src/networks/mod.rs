//! The two networks behind the gateway: how their codes look, what they cost, where their shops are.

pub(crate) mod alipayplus;
pub(crate) mod emv;
pub(crate) mod shops;
pub(crate) mod unionpay;

use crate::refusal::Refused;
use jigap::crypto::{Random, SystemRandom};
use jigap::money::{Currency, Money, Rate};
use jigap::network::Network;
use jigap::time::ServerMs;
use shops::Shop;

/// A network of the sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rail {
    AlipayPlus,
    UnionPay,
}

/// ISO 3166-1 countries in which both networks can be used.
pub(crate) const COUNTRIES: [&str; 2] = ["JP", "CN"];

/// One payment at most: KRW 2,000,000 (`domain.md` §6.3).
pub(crate) const LIMIT_KRW: i64 = 2_000_000;

impl Rail {
    pub(crate) const ALL: [Self; 2] = [Self::AlipayPlus, Self::UnionPay];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::AlipayPlus => "alipayplus",
            Self::UnionPay => "unionpay",
        }
    }

    pub(crate) const fn display(self) -> &'static str {
        match self {
            Self::AlipayPlus => "Alipay+",
            Self::UnionPay => "UnionPay",
        }
    }

    pub(crate) fn network(self) -> Result<Network, Refused> {
        Ok(Network::parse(self.name())?)
    }

    pub(crate) fn of(network: Network) -> Result<Self, Refused> {
        Self::ALL.into_iter().find(|rail| rail.name() == network.as_str()).ok_or(Refused::NetworkUnknown)
    }

    /// The text of a code for a shop: dynamic with an amount, else the one printed on the wall.
    pub(crate) fn shop_code(self, shop: &Shop, amount: Option<Money>) -> Result<String, Refused> {
        let serial = digits(12)?;
        Ok(match (self, amount) {
            (Self::AlipayPlus, Some(_)) => alipayplus::order_code(shop, &serial),
            (Self::AlipayPlus, None) => alipayplus::entry_code(shop),
            (Self::UnionPay, amount) => unionpay::shop_code(shop, amount, &serial),
        })
    }

    /// The text of a code that a user shows in a country: digits, or in Japan an EMVCo consumer-presented code of UnionPay.
    pub(crate) fn shown_text(self, region: &str) -> Result<String, Refused> {
        Ok(match (self, region) {
            (Self::AlipayPlus, _) => alipayplus::shown_digits(&digits(14)?),
            (Self::UnionPay, "JP") => {
                let random: &dyn Random = &SystemRandom;
                unionpay::shown_emv(&random.bytes()?)
            }
            (Self::UnionPay, _) => unionpay::shown_digits(&digits(14)?),
        })
    }

    /// The network's own number of a payment: 20 digits, UnionPay calls it the QRC voucher number.
    pub(crate) fn reference(self, at: ServerMs, seq: i64) -> String {
        let code = match self {
            Self::AlipayPlus => 28,
            Self::UnionPay => 62,
        };
        format!("{code}{:011}{:07}", (at.0 / 1000).max(0), seq.rem_euclid(10_000_000))
    }
}

/// The example exchange rates, won for one yen or yuan.
pub(crate) fn rate(from: Currency) -> Result<Rate, Refused> {
    let (mantissa, scale) = match from.alpha() {
        "JPY" => (91_234, 4),
        "CNY" => (19_250, 2),
        _ => return Err(Refused::AmountInvalid),
    };
    Ok(Rate { from, to: home()?, mantissa, scale })
}

/// What users are charged in.
pub(crate) fn home() -> Result<Currency, Refused> {
    Ok(Currency::from_alpha("KRW")?)
}

/// So many random decimal digits.
pub(crate) fn digits(count: usize) -> Result<String, Refused> {
    let random: &dyn Random = &SystemRandom;
    let mut text = String::with_capacity(count);
    while text.len() < count {
        let [byte] = random.bytes::<1>()?;
        // 250 is the largest multiple of ten that a byte holds: above it, some digits would come more often.
        if byte < 250 {
            text.push(char::from(b'0'.saturating_add(byte % 10)));
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jigap::time::ServerMs;

    #[test]
    fn references_have_twenty_digits() {
        for rail in Rail::ALL {
            assert_eq!(rail.reference(ServerMs(1_795_000_000_123), 12_345_678).len(), 20);
        }
    }

    #[test]
    fn the_rates_are_the_published_examples() {
        let yen = Currency::from_alpha("JPY").unwrap();
        assert_eq!(rate(yen).unwrap().convert(Money::from_minor(yen, 1_280)).unwrap().minor(), 11_678);
        assert!(rate(Currency::from_alpha("USD").unwrap()).is_err());
    }
}
