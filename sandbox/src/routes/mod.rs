//! The endpoints of `docs/gateway.md`.

mod enrolment;
mod money;
mod presenting;

use crate::faults;
use crate::gateway::Gateway;
use crate::refusal::Refused;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use jigap::gateway::wire::TIME_HEADER;
use std::sync::Arc;

/// Where the sandbox tells whose signatures count. A real app has both keys built in; no real gateway has this path.
pub(crate) const TRUST_PATH: &str = "/sandbox/trust";

/// The gateway's router.
pub(crate) fn router(gateway: Arc<Gateway>) -> Router {
    Router::new()
        .route("/v1/enrol", post(enrolment::enrol))
        .route("/v1/config", get(enrolment::config))
        .route("/v1/consent-documents/{network}/{purpose}", get(enrolment::consent_document))
        .route("/v1/chain", post(enrolment::chain))
        .route("/v1/consents", post(enrolment::consent))
        .route("/v1/balance", get(money::balance))
        .route("/v1/checkouts", post(money::checkout))
        .route("/v1/payments", post(money::pay))
        .route("/v1/payments/{key}", get(money::payment))
        .route("/v1/payments/{key}/cancel", post(money::cancel))
        .route("/v1/payments/{key}/refund", post(money::refund))
        .route("/v1/history", get(money::history))
        .route("/v1/statement", get(money::statement))
        .route("/v1/codes", post(presenting::issue))
        .route("/v1/codes/void", post(presenting::void))
        .route("/v1/codes/{id}", get(presenting::status))
        .route("/v1/offline-keys", post(presenting::offline_keys))
        .route("/v1/offline-keys/kept", post(presenting::keys_kept))
        .route(TRUST_PATH, get(enrolment::trust))
        .fallback(async || Refused::PathUnknown)
        .method_not_allowed_fallback(async || Refused::MethodUnknown)
        .layer(middleware::from_fn_with_state(gateway.clone(), faults::inject))
        .layer(middleware::from_fn_with_state(gateway.clone(), tell_time))
        .with_state(gateway)
}

/// Every answer says what time it is at the gateway.
async fn tell_time(State(gateway): State<Arc<Gateway>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().insert(TIME_HEADER, HeaderValue::from(gateway.now().0));
    response
}
