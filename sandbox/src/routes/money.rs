//! Balance, checkout, payment.

use crate::call::{Call, Reply};
use crate::gateway::Gateway;
use crate::refusal::Refused;
use crate::state::{books, held, history, orders, payments, users, wishes};
use axum::extract::{Path, Query, State};
use jigap::gateway::wire::{CancelRequest, CheckoutRequest, PayRequest, RefundRequest};
use jigap::id::Id;
use jigap::time::ServerMs;
use serde::Deserialize;
use std::sync::Arc;
use std::sync::atomic::Ordering;

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
        let (caller, digest, now) = (&verified.caller, verified.digest(), verified.now);
        if gateway.switches.hold.load(Ordering::Relaxed) {
            return held::take(tx, caller, &request, digest, now);
        }
        payments::pay(tx, caller, &gateway.documents, &request, digest, now)
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
        Ok(serde_json::to_vec(&payments::current(tx, &verified.caller, key)?)?)
    })
    .await
}

/// `POST /v1/payments/{key}/cancel`.
pub(crate) async fn cancel(
    State(gateway): State<Arc<Gateway>>,
    Path(key): Path<String>,
    call: Call,
) -> Result<Reply, Refused> {
    call.run(gateway, move |gateway, tx, verified| {
        let key = Id::parse(&key).map_err(|_| Refused::RequestInvalid)?;
        let request: CancelRequest = verified.json()?;
        if request != CancelRequest::of(key, request.by)? {
            return Err(Refused::BodyInvalid);
        }
        let by_hand = gateway.switches.by_hand.load(Ordering::Relaxed);
        Ok(serde_json::to_vec(&wishes::cancel(tx, &verified.caller, key, by_hand, verified.now)?)?)
    })
    .await
}

/// `POST /v1/payments/{key}/refund`.
pub(crate) async fn refund(
    State(gateway): State<Arc<Gateway>>,
    Path(key): Path<String>,
    call: Call,
) -> Result<Reply, Refused> {
    call.run(gateway, move |gateway, tx, verified| {
        let key = Id::parse(&key).map_err(|_| Refused::RequestInvalid)?;
        if verified.json::<RefundRequest>()? != RefundRequest::of(key)? {
            return Err(Refused::BodyInvalid);
        }
        let by_hand = gateway.switches.by_hand.load(Ordering::Relaxed);
        Ok(serde_json::to_vec(&wishes::refund(tx, &verified.caller, key, by_hand, verified.now)?)?)
    })
    .await
}

/// Where a history is read from.
#[derive(Deserialize)]
pub(crate) struct Since {
    since: u64,
}

/// `GET /v1/history?since=N`.
pub(crate) async fn history(
    State(gateway): State<Arc<Gateway>>,
    Query(from): Query<Since>,
    call: Call,
) -> Result<Reply, Refused> {
    call.run(gateway, move |_, tx, verified| {
        Ok(serde_json::to_vec(&history::since(tx, &verified.caller, from.since)?)?)
    })
    .await
}

/// What a statement is about.
#[derive(Deserialize)]
pub(crate) struct Span {
    from: i64,
    until: i64,
}

/// `GET /v1/statement?from=A&until=B`.
pub(crate) async fn statement(
    State(gateway): State<Arc<Gateway>>,
    Query(span): Query<Span>,
    call: Call,
) -> Result<Reply, Refused> {
    call.run(gateway, move |_, tx, verified| {
        let statement = books::statement(tx, &verified.caller.user, ServerMs(span.from), ServerMs(span.until))?;
        Ok(serde_json::to_vec(&statement)?)
    })
    .await
}
