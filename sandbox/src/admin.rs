//! The administration: what a shop, a test or an auditor asks. Plain HTTP, this machine only, no login.

use crate::call::Reply;
use crate::documents::Change;
use crate::faults::Fault;
use crate::gateway::Gateway;
use crate::networks::Rail;
use crate::networks::shops::{SHOPS, Shop};
use crate::refusal::Refused;
use crate::state::orders::{self, Quote};
use crate::state::payments::Recorded;
use crate::state::wishes::{self, Wish};
use crate::state::{audit, codes, consents, held, log, published, refunds, users};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::{get, post};
use jigap::id::Id;
use jigap::money::Money;
use jigap::network::Network;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// `POST /admin/codes`: a shop makes a code.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MakeCode {
    /// The shop, as `GET /admin/shops` names it.
    pub shop: String,
    /// The network.
    pub network: String,
    /// Decimal text in the shop's currency; without it, the code on the wall.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<String>,
}

/// `POST /admin/scan`: a shop scans a code that a user shows.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scan {
    /// What the scanner read.
    pub digits: String,
    /// Decimal text in the shop's currency.
    pub amount: String,
    /// The shop; without it, the first one of the country the code is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shop: Option<String>,
    /// The terminal's own number of this scan, for codes made on a phone: the same again gets the same answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
}

/// `POST /admin/refunds`: a shop gives money back.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refund {
    /// The payment.
    pub key: String,
    /// Decimal text in the shop's currency; without it, all that is left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<String>,
    /// The day's price of one unit of the shop's currency, as decimal text; without it, the payment's own rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<String>,
}

/// `POST /admin/cancels`: the network cancels what it charged.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LateCancel {
    /// The payment.
    pub key: String,
}

/// `POST /admin/decisions`: a person at the bridge decides about a cancel or a refund.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decide {
    /// The payment.
    pub key: String,
    /// What was wished.
    pub wish: Wish,
    /// Whether it is granted.
    pub grant: bool,
}

/// `POST /admin/guardian`: the guardian of a device's user agrees to a network's documents.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Guardian {
    device: Id,
    network: String,
}

/// `POST /admin/fault`: something that happens now, or a fault for later requests.
#[derive(Deserialize)]
#[serde(untagged)]
enum Arm {
    Now(Happen),
    Later(Fault),
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum Happen {
    /// All quotes are over.
    ExpireQuotes,
    /// All shown codes are over.
    ExpireCodes,
    /// Transfers to a network are ordered to stop.
    Suspend { network: String },
    /// They may go on.
    Resume { network: String },
    /// The document that paying with a network needs is another one from now on.
    ReviseDocument { network: String },
    /// The log of consents holds another event in the place of its first one.
    ForkLog,
    /// The log of consents has lost its last event.
    ForgetLog,
    /// A user has so many won.
    SetBalance { user: String, value: i64 },
    /// Payments are taken in and left pending until `release`.
    Hold,
    /// What was held up is done, and nothing is held up any more.
    Release,
    /// A person decides about cancels and refunds (1), or nobody (0).
    ByHand { value: i64 },
    /// What is not done is lost, as by a restart without a memory.
    Restart,
    /// Idempotency keys are forgotten, payments are not.
    ForgetKeys,
    /// The gateway's clock is off by so many milliseconds.
    ClockOffset { value: i64 },
    /// No fault is armed and nothing is switched any more.
    Clear,
}

pub(crate) fn router(gateway: Arc<Gateway>) -> Router {
    Router::new()
        .route("/admin/shops", get(shops))
        .route("/admin/codes", post(make_code))
        .route("/admin/scan", post(scan))
        .route("/admin/refunds", post(refund))
        .route("/admin/cancels", post(late_cancel))
        .route("/admin/decisions", post(decide))
        .route("/admin/audit", get(audited))
        .route("/admin/transfers", get(transfers))
        .route("/admin/guardian", post(guardian))
        .route("/admin/fault", post(fault))
        .fallback(async || Refused::PathUnknown)
        .method_not_allowed_fallback(async || Refused::MethodUnknown)
        .with_state(gateway)
}

fn body<T: serde::de::DeserializeOwned>(bytes: &Bytes) -> Result<T, Refused> {
    serde_json::from_slice(bytes).map_err(|_| Refused::BodyInvalid)
}

async fn shops() -> Result<Reply, Refused> {
    let mut list = Vec::new();
    for shop in &SHOPS {
        let mut wall = BTreeMap::new();
        for rail in Rail::ALL {
            wall.insert(rail.name(), rail.shop_code(shop, None)?);
        }
        list.push(json!({
            "shop": shop.id, "name": shop.name, "local_name": shop.local_name, "city": shop.city,
            "country": shop.country, "currency": shop.currency, "printed_only": shop.printed_only, "wall_codes": wall,
        }));
    }
    Ok(Reply(serde_json::to_vec(&list)?))
}

async fn make_code(State(gateway): State<Arc<Gateway>>, bytes: Bytes) -> Result<Reply, Refused> {
    let request: MakeCode = body(&bytes)?;
    let shop = Shop::find(&request.shop)?;
    let rail = Network::parse(&request.network).map_err(|_| Refused::NetworkUnknown).and_then(Rail::of)?;
    let currency = shop.currency()?;
    let amount = request.amount.as_deref().map(|text| Money::parse(currency, text)).transpose();
    let amount = amount.map_err(|_| Refused::AmountInvalid)?;
    let code = gateway.work(move |gateway, tx| orders::make_code(tx, shop, rail, amount, gateway.now())).await?;
    Ok(Reply(serde_json::to_vec(&json!({ "code": code }))?))
}

async fn scan(State(gateway): State<Arc<Gateway>>, bytes: Bytes) -> Result<Reply, Refused> {
    let request: Scan = body(&bytes)?;
    gateway
        .work(move |gateway, tx| {
            let Scan { digits, amount, shop, request } = request;
            let till = codes::Till { amount: &amount, shop: shop.as_deref(), request: request.as_deref() };
            let (documents, keys) = (&gateway.documents, &gateway.issuer);
            let scanned = codes::scan_any(tx, documents, keys, &digits, till, gateway.now())?;
            Ok(scanned.map(|scanned| serde_json::to_vec(&scanned)))
        })
        .await??
        .map(Reply)
        .map_err(Refused::from)
}

async fn refund(State(gateway): State<Arc<Gateway>>, bytes: Bytes) -> Result<Reply, Refused> {
    let request: Refund = body(&bytes)?;
    let key = Id::parse(&request.key).map_err(|_| Refused::BodyInvalid)?;
    gateway
        .work(move |gateway, tx| {
            let (amount, rate) = (request.amount.as_deref(), request.rate.as_deref());
            Ok(serde_json::to_vec(&refunds::refund(tx, key, amount, rate, gateway.now())?)?)
        })
        .await
        .map(Reply)
}

async fn late_cancel(State(gateway): State<Arc<Gateway>>, bytes: Bytes) -> Result<Reply, Refused> {
    let request: LateCancel = body(&bytes)?;
    let key = Id::parse(&request.key).map_err(|_| Refused::BodyInvalid)?;
    gateway
        .work(move |gateway, tx| Ok(serde_json::to_vec(&wishes::late_cancel(tx, key, gateway.now())?)?))
        .await
        .map(Reply)
}

async fn decide(State(gateway): State<Arc<Gateway>>, bytes: Bytes) -> Result<Reply, Refused> {
    let Decide { key, wish, grant } = body(&bytes)?;
    let key = Id::parse(&key).map_err(|_| Refused::BodyInvalid)?;
    gateway
        .work(move |gateway, tx| Ok(serde_json::to_vec(&wishes::decide(tx, key, wish, grant, gateway.now())?)?))
        .await
        .map(Reply)
}

async fn audited(State(gateway): State<Arc<Gateway>>) -> Result<Reply, Refused> {
    gateway.work(|_, tx| Ok(serde_json::to_vec(&audit::audit(tx)?)?)).await.map(Reply)
}

async fn transfers(State(gateway): State<Arc<Gateway>>) -> Result<Reply, Refused> {
    gateway.work(|_, tx| Ok(serde_json::to_vec(&consents::transfers(tx)?)?)).await.map(Reply)
}

async fn guardian(State(gateway): State<Arc<Gateway>>, bytes: Bytes) -> Result<Reply, Refused> {
    let request: Guardian = body(&bytes)?;
    let network = Network::parse(&request.network).map_err(|_| Refused::NetworkUnknown)?;
    let signed = gateway.documents.confirm(request.device, network, gateway.now())?;
    Ok(Reply(serde_json::to_vec(&signed)?))
}

async fn fault(State(gateway): State<Arc<Gateway>>, bytes: Bytes) -> Result<Reply, Refused> {
    let happen = match body::<Arm>(&bytes)? {
        Arm::Later(fault) => {
            gateway.faults.arm(fault);
            return Ok(Reply(b"{}".to_vec()));
        }
        Arm::Now(happen) => happen,
    };
    gateway
        .work(move |gateway, tx| {
            let (now, switches) = (gateway.now(), &gateway.switches);
            let publish = |network: &str, change: &dyn Fn(&mut Change)| {
                let rail = Network::parse(network).map_err(|_| Refused::NetworkUnknown).and_then(Rail::of)?;
                published::keep(tx, rail, gateway.documents.change(rail, change)?)
            };
            match happen {
                Happen::Suspend { network } => publish(&network, &|change| change.suspended = Some(now.0))?,
                Happen::Resume { network } => publish(&network, &|change| change.suspended = None)?,
                Happen::ReviseDocument { network } => {
                    publish(&network, &|change| change.revisions = change.revisions.saturating_add(1))?;
                }
                Happen::ForkLog => drop(log::fork(tx)?),
                Happen::ForgetLog => drop(log::forget(tx)?),
                Happen::ExpireQuotes => drop(Quote::expire_all(tx, now)?),
                Happen::ExpireCodes => drop(codes::expire_all(tx, now)?),
                Happen::SetBalance { user, value } => users::set_balance(tx, &user, value, now)?,
                Happen::Hold => switches.hold.store(true, Ordering::Relaxed),
                Happen::Release => {
                    switches.hold.store(false, Ordering::Relaxed);
                    held::release(tx, &gateway.documents, now)?;
                }
                Happen::ByHand { value } => switches.by_hand.store(value != 0, Ordering::Relaxed),
                Happen::Restart => {
                    switches.hold.store(false, Ordering::Relaxed);
                    held::lose_all(tx)?;
                }
                Happen::ForgetKeys => Recorded::forget_keys(tx)?,
                Happen::ClockOffset { value } => switches.clock_offset_ms.store(value, Ordering::Relaxed),
                Happen::Clear => {
                    gateway.faults.clear();
                    switches.hold.store(false, Ordering::Relaxed);
                    switches.by_hand.store(false, Ordering::Relaxed);
                    switches.clock_offset_ms.store(0, Ordering::Relaxed);
                }
            }
            Ok(Reply(b"{}".to_vec()))
        })
        .await
}
