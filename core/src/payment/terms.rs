//! What the user is shown before they agree, and what they agree to.

use crate::crypto::{Canonical, Digest, PublicKey, Random, Signature};
use crate::error::{Code, Error, Result};
use crate::id::Id;
use crate::money::{Money, Rate};
use crate::network::Network;
use crate::time::ServerMs;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Milliseconds before a quote's end in which nothing is sent any more: the request has to arrive in time (R9).
const SEND_MARGIN_MS: i64 = 2_000;

/// The shop, as the network names it. Never taken from the code alone, which anyone can print.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Merchant {
    /// The name in Latin letters, or the only one.
    pub name: String,
    /// The name in the shop's own script.
    #[serde(default)]
    pub local_name: Option<String>,
    /// The city.
    #[serde(default)]
    pub city: Option<String>,
    /// ISO 3166-1 alpha-2 country.
    pub country: String,
}

/// The terms of one payment, as the gateway quoted them. All of it goes into the digest that the user's proof and the
/// request carry: what was shown is what is paid.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// The shop's order at the gateway. One order is charged at most once.
    pub order: Id,
    /// The quote these terms come from.
    pub quote: Id,
    /// Who carries the payment.
    pub network: Network,
    /// Digest of the exact text that was scanned.
    pub code: Digest,
    /// The shop.
    pub merchant: Merchant,
    /// What the shop asks for, in its currency.
    pub amount: Money,
    /// What is charged to the user, in their currency.
    pub home: Money,
    /// The rate between the two.
    pub rate: Rate,
    /// Until when the quote holds.
    pub expires: ServerMs,
}

impl Terms {
    /// Whether the terms hold together: a positive amount, and a home amount that is the amount at the rate.
    ///
    /// # Errors
    /// [`Code::QuoteInconsistent`] with the field that contradicts.
    pub fn check(&self) -> Result<()> {
        let bad = |field: &'static str| Error::new(Code::QuoteInconsistent).with("field", field);
        if !self.amount.is_positive() {
            return Err(bad("amount"));
        }
        if self.rate.convert(self.amount).map_err(|_| bad("rate"))? != self.home || !self.home.is_positive() {
            return Err(bad("home"));
        }
        let country = self.merchant.country.as_bytes();
        if country.len() != 2 || !country.iter().all(u8::is_ascii_uppercase) {
            return Err(bad("country"));
        }
        if self.merchant.name.trim().is_empty() {
            return Err(bad("merchant"));
        }
        Ok(())
    }

    /// Whether a request may still be sent under this quote, by the server's time.
    pub fn alive(&self, now: ServerMs) -> bool {
        now < self.expires.plus(-SEND_MARGIN_MS) || planted!(StaleQuote)
    }

    /// The canonical bytes of the terms, format `JPV1` (docs/gateway.md, "Signed bytes").
    pub fn canonical(&self) -> Vec<u8> {
        Canonical::new(*b"JPV1")
            .bytes(&self.order.0)
            .bytes(&self.quote.0)
            .text(self.network.as_str())
            .bytes(self.code.as_bytes())
            .text(&self.merchant.name)
            .option(self.merchant.local_name.as_deref())
            .option(self.merchant.city.as_deref())
            .text(&self.merchant.country)
            .text(self.amount.currency().alpha())
            .number(self.amount.minor())
            .text(self.home.currency().alpha())
            .number(self.home.minor())
            .number(self.rate.mantissa)
            .number(i64::from(self.rate.scale))
            .number(self.expires.0)
            .finish()
    }

    /// The digest of [`Terms::canonical`].
    pub fn digest(&self) -> Digest {
        Digest::of(&self.canonical())
    }
}

/// Immutable terms with the challenge that binds the user's proof to them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// Names this preview on this device.
    pub id: Id,
    /// What is agreed.
    pub terms: Terms,
    /// Makes each challenge new, even for equal terms.
    pub nonce: [u8; 16],
}

impl Preview {
    /// Freezes terms into a preview.
    ///
    /// # Errors
    /// [`Code::QuoteInconsistent`] when the terms contradict themselves, [`Code::QuoteExpired`] when they are over.
    pub fn new(terms: Terms, now: ServerMs, random: &dyn Random) -> Result<Self> {
        terms.check()?;
        if !terms.alive(now) {
            return Err(Error::new(Code::QuoteExpired));
        }
        Ok(Self { id: Id::random(random)?, terms, nonce: random.bytes()? })
    }

    /// What the user's key has to sign: format `JCH1`, naming the terms' digest, this device and a nonce.
    pub fn challenge(&self, device: Id) -> Vec<u8> {
        Canonical::new(*b"JCH1").bytes(self.terms.digest().as_bytes()).bytes(&self.nonce).bytes(&device.0).finish()
    }

    /// Checks a proof against this preview.
    ///
    /// # Errors
    /// [`Code::ProofInvalid`] when the signature is not the user's over this very challenge.
    pub fn verify(&self, device: Id, user_key: &PublicKey, proof: &Proof) -> Result<()> {
        if user_key.verifies(&self.challenge(device), &proof.signature) {
            Ok(())
        } else {
            Err(Error::new(Code::ProofInvalid))
        }
    }
}

/// How the user proved who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProofMethod {
    /// A PIN opened the user's key.
    Pin,
    /// Biometrics opened it.
    Biometric,
    /// The phone's own lock opened it.
    DeviceLock,
}

impl ProofMethod {
    /// The stable name, as it stands in requests and records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pin => "pin",
            Self::Biometric => "biometric",
            Self::DeviceLock => "device_lock",
        }
    }
}

/// The user's key's signature over a preview's challenge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// How the key was opened.
    pub method: ProofMethod,
    /// The signature over [`Preview::challenge`].
    pub signature: Signature,
}

impl fmt::Debug for Merchant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Merchant({})", self.country)
    }
}

impl fmt::Debug for Terms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Terms({:?})", self.digest())
    }
}

impl fmt::Debug for Preview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Preview({})", self.id)
    }
}
