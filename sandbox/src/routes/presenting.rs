//! Codes to show.

use crate::call::{Call, Reply};
use crate::gateway::Gateway;
use crate::refusal::Refused;
use crate::state::codes;
use axum::extract::{Path, State};
use jigap::gateway::wire::CodesRequest;
use jigap::id::Id;
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
