//! The items of personal information a call may carry, and the rows that say which call carries which to whom.

use crate::error::{Code, Error, Result};
use std::fmt;

macro_rules! items {
    ($( $(#[$doc:meta])* $name:ident $word:literal; )*) => {
        /// An item of personal information that reaches a network. The word is the one consent documents list.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Item { $( $(#[$doc])* $name, )* }

        impl Item {
            /// Every item there is. What is not here reaches no network.
            pub const ALL: &'static [Self] = &[ $( Self::$name, )* ];

            /// The stable word.
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$name => $word, )* }
            }
        }
    };
}

items! {
    /// Whose payment it is: the gateway puts it, encrypted, in place of the device's identifier.
    CustomerNumber "customer_number";
    /// The exact text of a scanned code.
    ScannedCode "scanned_code";
    /// The order: shop, amounts, rate.
    PaymentOrder "payment_order";
    /// What became of the payment, with the network's reference.
    PaymentResult "payment_result";
    /// The digits that the user shows to a shop.
    PaymentCode "payment_code";
    /// The country the user is in.
    CountryOfStay "country_of_stay";
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One field of a request: what it is for, how long it is kept, and whether it reaches a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// The field's name on the wire.
    pub name: &'static str,
    /// The item that a network receives by it; none for what stays with the wallet company.
    pub item: Option<Item>,
    /// What it is for.
    pub purpose: &'static str,
    /// How long its receivers keep it.
    pub retention: &'static str,
}

/// A call that lets data reach a network's recipients. Implemented by [`carries!`](crate::carries) alone, from the rows
/// of `gateway/table.rs`.
pub trait Carries {
    /// Method and path, such as `POST /v1/payments`.
    const CALL: &'static str;
    /// Every field, the request's headers included.
    const FIELDS: &'static [Field];

    /// The items that reach a network by this call.
    fn items() -> impl Iterator<Item = Item> {
        Self::FIELDS.iter().filter_map(|field| field.item)
    }
}

/// Writes the rows of a request: for each field, whether it stays with the gateway or which item it carries abroad.
///
/// The request is taken apart without `..`, so a field that has no row does not compile:
///
/// ```
/// struct Request { code: String }
/// jigap::carries! { Request, "POST /x", [] { code: (Some(jigap::consent::Item::ScannedCode), "to pay", "5 years") } }
/// ```
/// ```compile_fail
/// struct Request { code: String, email: String }
/// jigap::carries! { Request, "POST /x", [] { code: (Some(jigap::consent::Item::ScannedCode), "to pay", "5 years") } }
/// ```
///
/// Nor does a row for a field that is not there:
///
/// ```compile_fail
/// struct Request { code: String }
/// jigap::carries! { Request, "POST /x", [] {
///     code: (Some(jigap::consent::Item::ScannedCode), "to pay", "5 years"),
///     email: (None, "to write", "never"),
/// } }
/// ```
#[macro_export]
macro_rules! carries {
    ($request:ident, $call:expr, [$($header:expr),* $(,)?] {
        $( $field:ident: ($item:expr, $purpose:expr, $retention:expr) ),* $(,)?
    }) => {
        impl $crate::consent::Carries for $request {
            const CALL: &'static str = $call;
            const FIELDS: &'static [$crate::consent::Field] = &[
                $( $header, )*
                $( $crate::consent::Field {
                    name: stringify!($field), item: $item, purpose: $purpose, retention: $retention,
                } ),*
            ];
        }
        const _: fn(&$request) = |request| {
            let $request { $( $field: _ ),* } = request;
        };
    };
}

/// Which act a consent is asked for under, and with it what has to be told first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Basis {
    /// Collection and use: PIPA 15(1)1, told by 15(2).
    Collection,
    /// Provision to a third party: PIPA 17(1)1, told by 17(2).
    Provision,
    /// Transfer abroad: PIPA 28-8(1)1, told by 28-8(2).
    Transfer,
}

impl Basis {
    const ALL: [(Self, &'static str); 3] = [
        (Self::Collection, "KR-PIPA-15-1-1"),
        (Self::Provision, "KR-PIPA-17-1-1"),
        (Self::Transfer, "KR-PIPA-28-8-1-1"),
    ];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(basis, _)| *basis == self).map_or("", |(_, name)| name)
    }

    pub(super) fn parse(text: &str) -> Result<Self> {
        let found = Self::ALL.iter().find(|(_, name)| *name == text).map(|(basis, _)| *basis);
        found.ok_or_else(|| Error::new(Code::ArgumentInvalid).with("field", "basis"))
    }

    /// The fields of [`Text`](super::Text) that must not be missing, in the order they are shown.
    pub const fn asks(self) -> &'static [&'static str] {
        match self {
            Self::Collection => &["title", "items", "purpose", "retention", "refusal"],
            Self::Provision => &["title", "items", "recipient", "purpose", "retention", "refusal"],
            // Item 4 is one field: the recipient's purpose and how long it keeps the data.
            Self::Transfer => &["title", "items", "transfer", "recipient", "purpose", "refusal"],
        }
    }
}

impl fmt::Display for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

json_as_text!(Basis, Self::parse);
