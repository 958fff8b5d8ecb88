//! The shops of the sandbox. Names and numbers are invented.

use crate::refusal::Refused;
use jigap::money::Currency;
use jigap::payment::Merchant;

/// A shop, reached by both networks.
#[derive(Debug)]
pub(crate) struct Shop {
    /// What commands call it.
    pub(crate) id: &'static str,
    /// In Latin letters, at most 25 (EMVCo MPM, object 59).
    pub(crate) name: &'static str,
    pub(crate) local_name: &'static str,
    /// At most 15 letters (object 60).
    pub(crate) city: &'static str,
    pub(crate) local_city: &'static str,
    pub(crate) country: &'static str,
    pub(crate) currency: &'static str,
    /// ISO 639 of the local name.
    pub(crate) language: &'static str,
    /// ISO 18245.
    pub(crate) category: &'static str,
    /// Four digits that its codes carry.
    pub(crate) number: &'static str,
    /// Whether it only has a printed code, and the user types the amount.
    pub(crate) printed_only: bool,
}

pub(crate) static SHOPS: [Shop; 4] = [
    Shop {
        id: "kuromon",
        name: "Kuromon Takoyaki",
        local_name: "黒門たこ焼き",
        city: "Osaka",
        local_city: "大阪",
        country: "JP",
        currency: "JPY",
        language: "JA",
        category: "5814",
        number: "0101",
        printed_only: false,
    },
    Shop {
        id: "dotonbori",
        name: "Dotonbori Fan Shop",
        local_name: "道頓堀扇子店",
        city: "Osaka",
        local_city: "大阪",
        country: "JP",
        currency: "JPY",
        language: "JA",
        category: "5947",
        number: "0102",
        printed_only: true,
    },
    Shop {
        id: "westlake",
        name: "West Lake Tea House",
        local_name: "西湖茶馆",
        city: "Hangzhou",
        local_city: "杭州",
        country: "CN",
        currency: "CNY",
        language: "ZH",
        category: "5812",
        number: "0201",
        printed_only: false,
    },
    Shop {
        id: "hefang",
        name: "Hefang Silk Stall",
        local_name: "河坊丝绸摊",
        city: "Hangzhou",
        local_city: "杭州",
        country: "CN",
        currency: "CNY",
        language: "ZH",
        category: "5949",
        number: "0202",
        printed_only: true,
    },
];

impl Shop {
    pub(crate) fn find(id: &str) -> Result<&'static Self, Refused> {
        SHOPS.iter().find(|shop| shop.id == id).ok_or(Refused::ShopUnknown)
    }

    /// The first shop of a country.
    pub(crate) fn in_country(country: &str) -> Result<&'static Self, Refused> {
        SHOPS.iter().find(|shop| shop.country == country).ok_or(Refused::ShopUnknown)
    }

    pub(crate) fn currency(&self) -> Result<Currency, Refused> {
        Ok(Currency::from_alpha(self.currency)?)
    }

    /// The shop as the network names it.
    pub(crate) fn merchant(&self) -> Merchant {
        Merchant {
            name: self.name.to_owned(),
            local_name: Some(self.local_name.to_owned()),
            city: Some(self.city.to_owned()),
            country: self.country.to_owned(),
        }
    }
}
