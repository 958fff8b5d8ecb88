//! What is to be done with a scanned text, and why.

use super::emv::Fault;
use super::scheme::Scheme;
use crate::error::{Code, Error};
use crate::network::Network;

/// What a scanned text is not, when it is no shop's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NotPayable {
    /// Somebody's payment code, meant to be scanned by a shop.
    PaymentCode,
    /// The number of a payment card.
    CardNumber,
    /// A code to pay a person, which purchase rails do not carry.
    Personal,
    /// The verification code of a slip: the payment has been made.
    Slip,
    /// A Wi-Fi network.
    Wifi,
    /// A contact card.
    Contact,
    /// A boarding pass.
    BoardingPass,
    /// A link. It is not opened.
    Link,
    /// Anything else.
    Text,
}

impl NotPayable {
    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PaymentCode => "payment_code",
            Self::CardNumber => "card_number",
            Self::Personal => "personal",
            Self::Slip => "slip",
            Self::Wifi => "wifi",
            Self::Contact => "contact",
            Self::BoardingPass => "boarding_pass",
            Self::Link => "link",
            Self::Text => "text",
        }
    }
}

/// Why a code is not to be trusted although it can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Suspicion {
    /// Characters that cannot be seen or turn the direction of text, in a name or a link.
    HiddenCharacters,
    /// A word of a name mixes Latin letters with letters of another script that look like them.
    ConfusableLetters,
    /// The currency is not one of the country, or neither fits the scheme (`domain.md` §9.12).
    CountryCurrency,
    /// The code says it has expired.
    Expired,
    /// A link that only looks like a payment network's; the word says which trick.
    Link(&'static str),
}

impl Suspicion {
    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HiddenCharacters => "hidden_characters",
            Self::ConfusableLetters => "confusable_letters",
            Self::CountryCurrency => "country_currency",
            Self::Expired => "expired",
            Self::Link(trick) => trick,
        }
    }
}

/// What is to be done with a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// One network carries it.
    Payable {
        /// That network.
        network: Network,
    },
    /// Several networks carry it equally well; the user chooses.
    NeedsChoice {
        /// The networks, in the order of the configuration; at least two.
        networks: Vec<Network>,
    },
    /// It is no shop's code.
    NotPayable {
        /// What it is instead.
        kind: NotPayable,
    },
    /// It is a payment code, but none of this wallet's networks carries it here.
    Unsupported {
        /// Its scheme, if that is known.
        scheme: Option<Scheme>,
    },
    /// It is damaged, or not built as its format asks.
    Malformed {
        /// What is wrong, and at which byte of the text.
        fault: Fault,
    },
    /// Something in it does not fit together.
    Suspicious {
        /// What.
        reason: Suspicion,
    },
}

impl Verdict {
    /// The stable name.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Payable { .. } => "payable",
            Self::NeedsChoice { .. } => "needs_choice",
            Self::NotPayable { .. } => "not_payable",
            Self::Unsupported { .. } => "unsupported",
            Self::Malformed { .. } => "malformed",
            Self::Suspicious { .. } => "suspicious",
        }
    }

    /// The error that stands for this verdict where a payable code was wanted; none for a payable one.
    pub fn error(&self) -> Option<Error> {
        Some(match self {
            Self::Payable { .. } => return None,
            Self::NeedsChoice { networks } => Error::new(Code::NetworkChoiceNeeded).with("networks", networks.len()),
            Self::NotPayable { kind } => Error::new(Code::CodeNotPayable).with("kind", kind.as_str()),
            Self::Unsupported { scheme: None } => Error::new(Code::CodeUnsupported),
            Self::Unsupported { scheme: Some(scheme) } => {
                Error::new(Code::CodeUnsupported).with("scheme", scheme.as_str())
            }
            Self::Malformed { fault } => (*fault).into(),
            Self::Suspicious { reason: Suspicion::Expired } => Error::new(Code::CodeExpired),
            Self::Suspicious { reason } => Error::new(Code::CodeSuspicious).with("reason", reason.as_str()),
        })
    }
}

/// Something the user, or a support desk, may want to know of a code that is fine otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Warning {
    /// Over 512 characters (EMVCo MPM §4.1); live joint labels are.
    Long,
    /// The code is of another country than the one the user is in.
    Elsewhere,
}

impl Warning {
    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Long => "long",
            Self::Elsewhere => "elsewhere",
        }
    }
}
