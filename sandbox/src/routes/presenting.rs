//! Codes to show.

use crate::call::{Call, Reply};
use crate::gateway::Gateway;
use crate::refusal::Refused;
use crate::state::{codes, offline};
use axum::extract::{Path, State};
use jigap::gateway::wire::{CodesRequest, Done, KeysKept, VoidRequest};
use jigap::id::Id;
use jigap::present::offline::KeysRequest;
use std::sync::Arc;

/// `POST /v1/codes`.
pub(crate) async fn issue(State(gateway): State<Arc<Gateway>>, call: Call) -> Result<Reply, Refused> {
    call.run(gateway, |gateway, tx, verified| {
        let request: CodesRequest = verified.json()?;
        let (caller, body, now) = (&verified.caller, verified.digest(), verified.now);
        codes::issue(tx, caller, &gateway.documents, &request, body, now, gateway.code_ms)
    })
    .await
}

/// `POST /v1/codes/void`.
pub(crate) async fn void(State(gateway): State<Arc<Gateway>>, call: Call) -> Result<Reply, Refused> {
    call.run(gateway, |_, tx, verified| {
        let request: VoidRequest = verified.json()?;
        codes::void(tx, &verified.caller, &request.codes, verified.now)?;
        Ok(serde_json::to_vec(&Done { done: true })?)
    })
    .await
}

/// `POST /v1/offline-keys`.
pub(crate) async fn offline_keys(State(gateway): State<Arc<Gateway>>, call: Call) -> Result<Reply, Refused> {
    call.run(gateway, |gateway, tx, verified| {
        let request: KeysRequest = verified.json()?;
        offline::issue(tx, &verified.caller, &gateway.issuer, &request, verified.digest(), verified.now)
    })
    .await
}

/// `POST /v1/offline-keys/kept`.
pub(crate) async fn keys_kept(State(gateway): State<Arc<Gateway>>, call: Call) -> Result<Reply, Refused> {
    call.run(gateway, |_, tx, verified| {
        let request: KeysKept = verified.json()?;
        offline::kept(tx, &verified.caller, request.request)?;
        Ok(serde_json::to_vec(&Done { done: true })?)
    })
    .await
}

/// `GET /v1/codes/{id}`.
pub(crate) async fn status(
    State(gateway): State<Arc<Gateway>>,
    Path(id): Path<String>,
    call: Call,
) -> Result<Reply, Refused> {
    call.run(gateway, move |_, tx, verified| {
        let id = Id::parse(&id).map_err(|_| Refused::RequestInvalid)?;
        Ok(serde_json::to_vec(&codes::status(tx, &verified.caller, id, verified.now)?)?)
    })
    .await
}
