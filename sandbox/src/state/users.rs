//! Users and their devices.

use super::{books, new_id};
use crate::networks::home;
use crate::refusal::Refused;
use jigap::crypto::PublicKey;
use jigap::id::Id;
use jigap::money::Money;
use jigap::time::ServerMs;
use jigap::wallet::Balance;
use rusqlite::{OptionalExtension, Transaction, params};

/// What a new user has: KRW 1,000,000.
const START_KRW: i64 = 1_000_000;

/// An enrolled device and whose it is.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) device: Id,
    pub(crate) user: String,
    pub(crate) device_key: PublicKey,
    pub(crate) user_key: PublicKey,
}

/// Users whose names begin so are under 14.
const MINOR: &str = "child-";

/// Whether this user's consents need a guardian.
pub(crate) fn is_minor(user: &str) -> bool {
    user.starts_with(MINOR)
}

/// The user that a login token stands for: `demo`, or `user:` and 1 to 32 letters, digits, `-` or `_`. This is the
/// sandbox's stand-in for the company's own login.
pub(crate) fn of_token(token: &str) -> Result<&str, Refused> {
    let name = if token == "demo" { token } else { token.strip_prefix("user:").unwrap_or_default() };
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if plain && (1..=32).contains(&name.len()) { Ok(name) } else { Err(Refused::EnrolmentRefused) }
}

/// Enrols a device. The same keys again are the same device, so that a lost answer does no harm.
///
/// # Errors
/// [`Refused::KeyReused`] when the device key came before with another user or user key.
pub(crate) fn enrol(
    tx: &Transaction<'_>,
    user: &str,
    device_key: &PublicKey,
    user_key: &PublicKey,
    now: ServerMs,
) -> Result<Caller, Refused> {
    let known: Option<String> = tx
        .query_row("SELECT id FROM devices WHERE device_key = ?1", params![device_key.as_point()], |row| row.get(0))
        .optional()?;
    if let Some(id) = known {
        let caller = caller(tx, Id::parse(&id)?)?;
        let same = caller.user == user && caller.user_key == *user_key;
        return if same { Ok(caller) } else { Err(Refused::KeyReused) };
    }
    if tx.execute("INSERT OR IGNORE INTO users (name, version) VALUES (?1, 0)", params![user])? == 1 {
        books::top_up(tx, user, Money::from_minor(home()?, START_KRW), now)?;
    }
    let device = new_id()?;
    tx.execute(
        "INSERT INTO devices (id, user, device_key, user_key) VALUES (?1, ?2, ?3, ?4)",
        params![device.to_string(), user, device_key.as_point(), user_key.as_point()],
    )?;
    caller(tx, device)
}

/// The device with this identifier.
pub(crate) fn caller(tx: &Transaction<'_>, device: Id) -> Result<Caller, Refused> {
    let found: Option<(String, Vec<u8>, Vec<u8>)> = tx
        .query_row("SELECT user, device_key, user_key FROM devices WHERE id = ?1", params![device.to_string()], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    let (user, device_key, user_key) = found.ok_or(Refused::DeviceUnknown)?;
    Ok(Caller {
        device,
        user,
        device_key: PublicKey::from_point(&device_key)?,
        user_key: PublicKey::from_point(&user_key)?,
    })
}

/// What a user has.
pub(crate) fn balance(tx: &Transaction<'_>, user: &str) -> Result<Balance, Refused> {
    let version: i64 = tx.query_row("SELECT version FROM users WHERE name = ?1", params![user], |row| row.get(0))?;
    let amount = books::balance(tx, books::Account::User(user), home()?)?;
    Ok(Balance { amount, version: u64::try_from(version).unwrap_or(0) })
}

/// Sets what a user has, for tests of empty wallets.
pub(crate) fn set_balance(tx: &Transaction<'_>, user: &str, minor: i64, now: ServerMs) -> Result<(), Refused> {
    let wanted = Money::from_minor(home()?, minor);
    let change = wanted.checked_sub(balance(tx, user)?.amount)?;
    books::top_up(tx, user, change, now)?;
    Ok(())
}
