//! The administration: what a shop, a test or an auditor asks. Plain HTTP, this machine only, no login.

use crate::call::Reply;
use crate::documents::Change;
use crate::faults::Fault;
use crate::gateway::Gateway;
use crate::networks::Rail;
use crate::networks::shops::{SHOPS, Shop};
use crate::refusal::Refused;
use crate::state::orders::{self, Quote};
use crate::state::{audit, codes, consents, log, published, refunds, users};
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
    /// No fault is armed any more.
    Clear,
}

pub(crate) fn router(gateway: Arc<Gateway>) -> Router {
    Router::new()
        .route("/admin/shops", get(shops))
        .route("/admin/codes", post(make_code))
        .route("/admin/scan", post(scan))
        .route("/admin/refunds", post(refund))
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
    let code = gateway.work(move |_, tx| orders::make_code(tx, shop, rail, amount, Gateway::now())).await?;
    Ok(Reply(serde_json::to_vec(&json!({ "code": code }))?))
}

async fn scan(State(gateway): State<Arc<Gateway>>, bytes: Bytes) -> Result<Reply, Refused> {
    let request: Scan = body(&bytes)?;
    gateway
        .work(move |gateway, tx| {
            let Scan { digits, amount, shop } = request;
            let scanned = codes::scan(tx, &gateway.documents, &digits, &amount, shop.as_deref(), Gateway::now())?;
            Ok(serde_json::to_vec(&scanned)?)
        })
        .await
        .map(Reply)
}

async fn refund(State(gateway): State<Arc<Gateway>>, bytes: Bytes) -> Result<Reply, Refused> {
    let request: Refund = body(&bytes)?;
    let key = Id::parse(&request.key).map_err(|_| Refused::BodyInvalid)?;
    gateway
        .work(move |_, tx| {
            Ok(serde_json::to_vec(&refunds::refund(tx, key, request.amount.as_deref(), Gateway::now())?)?)
        })
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
    let signed = gateway.documents.confirm(request.device, network, Gateway::now())?;
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
            let now = Gateway::now();
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
                Happen::Clear => gateway.faults.clear(),
            }
            Ok(Reply(b"{}".to_vec()))
        })
        .await
}
