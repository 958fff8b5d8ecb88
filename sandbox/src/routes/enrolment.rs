//! Enrolment, configuration, consent.

use crate::call::{Call, Reply};
use crate::documents::Trusted;
use crate::gateway::Gateway;
use crate::refusal::Refused;
use crate::state::{chains, consents, users};
use axum::Json;
use axum::extract::{Path, State};
use jigap::gateway::wire::{ChainReceived, EnrolRequest, EnrolResponse};
use jigap::id::Id;
use jigap::network::Network;
use std::sync::Arc;

/// `POST /v1/enrol`: the one request that brings the key it is signed with.
pub(crate) async fn enrol(State(gateway): State<Arc<Gateway>>, call: Call) -> Result<Reply, Refused> {
    let request: EnrolRequest = call.unverified()?;
    if call.device() != Id([0; 16]) {
        return Err(Refused::RequestInvalid);
    }
    call.verify(&request.device_key)?;
    gateway
        .work(move |gateway, tx| {
            let user = users::of_token(&request.user_token)?;
            let caller = users::enrol(tx, user, &request.device_key, &request.user_key, gateway.now())?;
            let balance = users::balance(tx, &caller.user)?;
            let config = gateway.documents.config();
            let guardian = users::is_minor(&caller.user);
            Ok(serde_json::to_vec(&EnrolResponse { device: caller.device, config, balance, guardian })?)
        })
        .await
        .map(Reply)
}

/// `GET /sandbox/trust`: the keys that a real app has built in.
pub(crate) async fn trust(State(gateway): State<Arc<Gateway>>) -> Json<Trusted> {
    Json(gateway.documents.trusted().clone())
}

/// `GET /v1/config`.
pub(crate) async fn config(State(gateway): State<Arc<Gateway>>, call: Call) -> Result<Reply, Refused> {
    call.run(gateway, |gateway, _, _| Ok(serde_json::to_vec(&gateway.documents.config())?)).await
}

/// `GET /v1/consent-documents/{network}/{purpose}`.
pub(crate) async fn consent_document(
    State(gateway): State<Arc<Gateway>>,
    Path((network, purpose)): Path<(String, String)>,
    call: Call,
) -> Result<Reply, Refused> {
    call.run(gateway, move |gateway, _, _| {
        let network = Network::parse(&network).map_err(|_| Refused::NetworkUnknown)?;
        Ok(serde_json::to_vec(&gateway.documents.consent(network, &purpose)?)?)
    })
    .await
}

/// `POST /v1/chain`.
pub(crate) async fn chain(State(gateway): State<Arc<Gateway>>, call: Call) -> Result<Reply, Refused> {
    call.run(gateway, |_, tx, verified| {
        let latest = chains::report(tx, verified.caller.device, verified.json()?)?;
        Ok(serde_json::to_vec(&ChainReceived { latest })?)
    })
    .await
}

/// `POST /v1/consents`.
pub(crate) async fn consent(State(gateway): State<Arc<Gateway>>, call: Call) -> Result<Reply, Refused> {
    call.run(gateway, |gateway, tx, verified| {
        let received = consents::take(tx, &verified.caller, &gateway.documents, verified.json()?, verified.now)?;
        Ok(serde_json::to_vec(&received)?)
    })
    .await
}
