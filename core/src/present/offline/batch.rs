//! What the phone holds: keys, each for one payment, and the limits under which they are good.

use crate::crypto::{Canonical, Reader};
use crate::error::{Code, Error, Result};
use crate::id::Id;
use crate::money::{Currency, Money};
use crate::time::ServerMs;
use ring::hmac;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// A key that pays at most once.
#[derive(Clone, PartialEq, Eq)]
pub struct LimitedKey {
    /// By which the gateway finds it: nine digits, random.
    pub handle: String,
    /// The key.
    pub secret: Zeroizing<[u8; 32]>,
}

redacted!(LimitedKey);

impl LimitedKey {
    /// Names the key without being it, and is the key of the payment it may lead to: the first 16 bytes of
    /// `HMAC-SHA256(key, "woc1 id")`.
    pub fn id(&self) -> Id {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, self.secret.as_slice()), b"woc1 id");
        Id(tag.as_ref().first_chunk::<16>().copied().unwrap_or_default())
    }
}

/// How much codes made on the device may charge. The gateway enforces it; the phone says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfflineLimits {
    /// One payment.
    pub payment: Money,
    /// One payment, when the phone cannot be sure of the time: it was restarted without network.
    pub payment_unsure: Money,
    /// Payments in 24 hours.
    pub per_day: u32,
    /// Payments in 30 days.
    pub per_30_days: u32,
}

/// A batch of keys.
#[derive(Clone, PartialEq, Eq)]
pub struct Batch {
    /// Counts up with every batch of this device; the gateway ends the one before.
    pub epoch: u32,
    /// When it was issued.
    pub issued: ServerMs,
    /// Until when its keys pay.
    pub valid_until: ServerMs,
    /// What they may charge.
    pub limits: OfflineLimits,
    /// The keys; none after they were put away one by one.
    pub keys: Vec<LimitedKey>,
}

redacted!(Batch);

impl Batch {
    /// The bytes that are sealed for the phone, format `WOB1`.
    pub fn canonical(&self) -> Zeroizing<Vec<u8>> {
        let limits = &self.limits;
        let written = Canonical::new(*b"WOB1")
            .number(i64::from(self.epoch))
            .number(self.issued.0)
            .number(self.valid_until.0)
            .text(limits.payment.currency().alpha())
            .number(limits.payment.minor())
            .number(limits.payment_unsure.minor())
            .number(i64::from(limits.per_day))
            .number(i64::from(limits.per_30_days))
            .list(&self.keys, |w, key| w.text(&key.handle).bytes(key.secret.as_slice()));
        Zeroizing::new(written.finish())
    }

    /// Reads what [`Batch::canonical`] wrote.
    ///
    /// # Errors
    /// [`Code::GatewayAnswer`] when it is not that, or a handle is not nine digits, or there are none or more than 64 keys.
    pub fn open(bytes: &[u8]) -> Result<Self> {
        Self::read(bytes).map_err(|_| Error::new(Code::GatewayAnswer).with("field", "batch"))
    }

    fn read(bytes: &[u8]) -> Result<Self> {
        let wrong = || Error::new(Code::GatewayAnswer);
        let mut reader = Reader::new(*b"WOB1", bytes)?;
        let epoch = u32::try_from(reader.number()?).map_err(|_| wrong())?;
        let (issued, valid_until) = (ServerMs(reader.number()?), ServerMs(reader.number()?));
        let currency = Currency::from_alpha(reader.text()?)?;
        let payment = Money::from_minor(currency, reader.number()?);
        let payment_unsure = Money::from_minor(currency, reader.number()?);
        let mut count = || reader.number().and_then(|n| u32::try_from(n).map_err(|_| wrong()));
        let limits = OfflineLimits { payment, payment_unsure, per_day: count()?, per_30_days: count()? };
        let keys = reader.list(|r| {
            let handle = r.text()?.to_owned();
            let secret: [u8; 32] = r.bytes()?.try_into().map_err(|_| wrong())?;
            if handle.len() != 9 || !handle.bytes().all(|b| b.is_ascii_digit()) {
                return Err(wrong());
            }
            Ok(LimitedKey { handle, secret: Zeroizing::new(secret) })
        })?;
        reader.end()?;
        if keys.is_empty() || keys.len() > 64 || valid_until <= issued {
            return Err(wrong());
        }
        Ok(Self { epoch, issued, valid_until, limits, keys })
    }
}
