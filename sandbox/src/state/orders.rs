//! Shops' codes and orders, and the quotes that users get for them.

use super::users::Caller;
use super::{consents, new_id, remember, remembered};
use crate::documents::Documents;
use crate::networks::shops::{SHOPS, Shop};
use crate::networks::{Rail, rate};
use crate::refusal::Refused;
use jigap::crypto::Digest;
use jigap::gateway::wire::{CheckoutRequest, CheckoutResponse};
use jigap::id::Id;
use jigap::money::{Currency, Money};
use jigap::network::Network;
use jigap::payment::Terms;
use jigap::time::ServerMs;
use rusqlite::{OptionalExtension, Transaction, params};

/// How long an order can be paid: an acquirer's order code has to be paid in less than 30 minutes (`domain.md` §6).
const ORDER_MS: i64 = 30 * 60 * 1000;

/// One order of a shop.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) id: Id,
    pub(crate) shop: &'static Shop,
    pub(crate) network: Network,
    pub(crate) amount: Money,
    ends: ServerMs,
}

/// A quote as the gateway recorded it.
pub(crate) struct Quote {
    pub(crate) terms: Terms,
    pub(crate) expires: ServerMs,
}

/// Prints the codes that hang on the walls.
pub(crate) fn print_wall_codes(tx: &Transaction<'_>) -> Result<(), Refused> {
    for shop in &SHOPS {
        for rail in Rail::ALL {
            tx.execute(
                "INSERT OR IGNORE INTO shop_codes (code, shop, network) VALUES (?1, ?2, ?3)",
                params![rail.shop_code(shop, None)?, shop.id, rail.name()],
            )?;
        }
    }
    Ok(())
}

/// Makes a code for a shop: one order with an amount, else the one on the wall.
pub(crate) fn make_code(
    tx: &Transaction<'_>,
    shop: &'static Shop,
    rail: Rail,
    amount: Option<Money>,
    now: ServerMs,
) -> Result<String, Refused> {
    let code = rail.shop_code(shop, amount)?;
    if let Some(amount) = amount {
        if shop.printed_only || !amount.is_positive() {
            return Err(Refused::AmountInvalid);
        }
        let order = open_order(tx, shop, rail.network()?, amount, now)?;
        tx.execute(
            "INSERT INTO shop_codes (code, shop, network, order_id) VALUES (?1, ?2, ?3, ?4)",
            params![code, shop.id, rail.name(), order.id.to_string()],
        )?;
    }
    Ok(code)
}

pub(crate) fn open_order(
    tx: &Transaction<'_>,
    shop: &'static Shop,
    network: Network,
    amount: Money,
    now: ServerMs,
) -> Result<Order, Refused> {
    let order = Order { id: new_id()?, shop, network, amount, ends: now.plus(ORDER_MS) };
    tx.execute(
        "INSERT INTO orders (id, shop, network, currency, minor, ends) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            order.id.to_string(),
            shop.id,
            network.as_str(),
            amount.currency().alpha(),
            amount.minor(),
            order.ends.0
        ],
    )?;
    Ok(order)
}

impl Order {
    pub(crate) fn load(tx: &Transaction<'_>, id: Id) -> Result<Self, Refused> {
        let (shop, network, currency, minor, ends): (String, String, String, i64, i64) = tx.query_row(
            "SELECT shop, network, currency, minor, ends FROM orders WHERE id = ?1",
            params![id.to_string()],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)),
        )?;
        Ok(Self {
            id,
            shop: Shop::find(&shop)?,
            network: Network::parse(&network)?,
            amount: Money::from_minor(Currency::from_alpha(&currency)?, minor),
            ends: ServerMs(ends),
        })
    }

    /// Whether it can still be paid.
    pub(crate) fn is_open(&self, tx: &Transaction<'_>, now: ServerMs) -> Result<bool, Refused> {
        let paid: bool = tx.query_row(
            "SELECT EXISTS (SELECT 1 FROM payments WHERE order_id = ?1 AND charged = 1)",
            params![self.id.to_string()],
            |row| row.get(0),
        )?;
        Ok(!paid && now < self.ends)
    }
}

/// Resolves a scanned code into an order and quotes a price for it. The same request again gives the same bytes.
pub(crate) fn checkout(
    tx: &Transaction<'_>,
    caller: &Caller,
    documents: &Documents,
    request: &CheckoutRequest,
    body: Digest,
    now: ServerMs,
    quote_ms: i64,
) -> Result<Vec<u8>, Refused> {
    // Consent first: without it, nothing about this user goes to the network, not even a second time.
    consents::require::<CheckoutRequest>(tx, caller, documents, request.network, request.consent, now)?;
    if let Some(answer) = remembered(tx, caller.device, "checkout", request.nonce, body)? {
        return Ok(answer);
    }
    let order = resolve(tx, request, now)?;
    let rate = rate(order.amount.currency())?;
    let home = rate.convert(order.amount).map_err(|_| Refused::AmountInvalid)?;
    if !home.is_positive() {
        return Err(Refused::AmountInvalid);
    }
    let terms = Terms {
        order: order.id,
        quote: new_id()?,
        network: request.network,
        code: Digest::of(request.code.as_bytes()),
        merchant: order.shop.merchant(),
        amount: order.amount,
        home,
        rate,
        expires: now.plus(quote_ms),
    };
    tx.execute(
        "INSERT INTO quotes (id, device, terms, expires) VALUES (?1, ?2, ?3, ?4)",
        params![terms.quote.to_string(), caller.device.to_string(), serde_json::to_vec(&terms)?, terms.expires.0],
    )?;
    let answer = serde_json::to_vec(&CheckoutResponse { terms })?;
    remember(tx, caller.device, "checkout", request.nonce, body, &answer)?;
    Ok(answer)
}

fn resolve(tx: &Transaction<'_>, request: &CheckoutRequest, now: ServerMs) -> Result<Order, Refused> {
    let found: Option<(String, Option<String>)> = tx
        .query_row(
            "SELECT shop, order_id FROM shop_codes WHERE code = ?1 AND network = ?2",
            params![request.code, request.network.as_str()],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    let (shop, order) = found.ok_or(Refused::CodeUnknown)?;
    let shop = Shop::find(&shop)?;
    if let Some(order) = order {
        let order = Order::load(tx, Id::parse(&order)?)?;
        if !order.is_open(tx, now)? {
            return Err(if now < order.ends { Refused::OrderClosed } else { Refused::CodeExpired });
        }
        let other = request.amount.is_some_and(|amount| amount != order.amount);
        return if other { Err(Refused::AmountFixed) } else { Ok(order) };
    }
    let amount = request.amount.ok_or(Refused::AmountNeeded)?;
    if amount.currency() != shop.currency()? || !amount.is_positive() {
        return Err(Refused::AmountInvalid);
    }
    open_order(tx, shop, request.network, amount, now)
}

impl Quote {
    /// The quote that was given to this device.
    pub(crate) fn load(tx: &Transaction<'_>, device: Id, quote: Id) -> Result<Option<Self>, Refused> {
        let found: Option<(Vec<u8>, i64)> = tx
            .query_row(
                "SELECT terms, expires FROM quotes WHERE id = ?1 AND device = ?2",
                params![quote.to_string(), device.to_string()],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?;
        found
            .map(|(terms, expires)| Ok(Self { terms: serde_json::from_slice(&terms)?, expires: ServerMs(expires) }))
            .transpose()
    }

    /// Ends all quotes now: a fault for tests.
    pub(crate) fn expire_all(tx: &Transaction<'_>, now: ServerMs) -> Result<usize, Refused> {
        Ok(tx.execute("UPDATE quotes SET expires = ?1 WHERE expires > ?1", params![now.0])?)
    }
}
