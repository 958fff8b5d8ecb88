//! Balance, checkout, payment.

use crate::call::{Call, Reply};
use crate::gateway::Gateway;
use crate::refusal::Refused;
use crate::state::payments::Recorded;
use crate::state::{orders, payments, users};
use axum::extract::{Path, State};
use jigap::gateway::wire::{CheckoutRequest, PayRequest};
use jigap::id::Id;
use std::sync::Arc;

/// `GET /v1/balance`.
pub(crate) async fn balance(State(gateway): State<Arc<Gateway>>, call: Call) -> Result<Reply, Refused> {
    call.run(gateway, |_, tx, verified| Ok(serde_json::to_vec(&users::balance(tx, &verified.caller.user)?)?)).await
}

/// `POST /v1/checkouts`.
pub(crate) async fn checkout(State(gateway): State<Arc<Gateway>>, call: Call) -> Result<Reply, Refused> {
    call.run(gateway, |gateway, tx, verified| {
        let request: CheckoutRequest = verified.json()?;
        let (caller, body, now) = (&verified.caller, verified.digest(), verified.now);
        orders::checkout(tx, caller, &gateway.documents, &request, body, now, gateway.quote_ms)
    })
    .await
}

/// `POST /v1/payments`.
pub(crate) async fn pay(State(gateway): State<Arc<Gateway>>, call: Call) -> Result<Reply, Refused> {
    call.run(gateway, |gateway, tx, verified| {
        let request: PayRequest = verified.json()?;
        payments::pay(tx, &verified.caller, &gateway.documents, &request, verified.digest(), verified.now)
    })
    .await
}

/// `GET /v1/payments/{key}`.
pub(crate) async fn payment(
    State(gateway): State<Arc<Gateway>>,
    Path(key): Path<String>,
    call: Call,
) -> Result<Reply, Refused> {
    call.run(gateway, move |_, tx, verified| {
        let key = Id::parse(&key).map_err(|_| Refused::RequestInvalid)?;
        Ok(Recorded::of(tx, &verified.caller, key)?.answer)
    })
    .await
}
