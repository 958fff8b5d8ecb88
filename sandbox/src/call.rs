//! One signed request of a device, from the wire to its work.

use crate::gateway::Gateway;
use crate::refusal::Refused;
use crate::state::users::{self, Caller};
use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use base64::{Engine, engine::general_purpose::STANDARD};
use jigap::crypto::{Blob, Digest, PublicKey, Signature};
use jigap::gateway::wire::{DEVICE_HEADER, SIGNATURE_HEADER, request_to_sign};
use jigap::id::Id;
use jigap::time::ServerMs;
use rusqlite::Transaction;
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// The longest body: 64 KiB.
const LONGEST_BODY: usize = 64 * 1024;

/// A request as it arrived: nothing about it is believed yet.
pub(crate) struct Call {
    method: String,
    path: String,
    device: Id,
    signature: Signature,
    body: Bytes,
}

impl<S: Send + Sync> FromRequest<S> for Call {
    type Rejection = Refused;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refused> {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or_else(|| parts.uri.path().to_owned(), ToString::to_string);
        let device = match header_text(&parts.headers, DEVICE_HEADER)? {
            Some(text) => Id::parse(text).map_err(|_| Refused::RequestInvalid)?,
            None => Id([0; 16]),
        };
        let signature = header_text(&parts.headers, SIGNATURE_HEADER)?.ok_or(Refused::SignatureInvalid)?;
        let signature = STANDARD.decode(signature).map_err(|_| Refused::SignatureInvalid)?;
        let body = to_bytes(body, LONGEST_BODY).await.map_err(|_| Refused::BodyTooLarge)?;
        Ok(Self { method: parts.method.to_string(), path, device, signature: Signature(Blob(signature)), body })
    }
}

fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Refused> {
    headers.get(name).map(|value| value.to_str().map_err(|_| Refused::RequestInvalid)).transpose()
}

/// A request whose signature is right.
pub(crate) struct Verified {
    pub(crate) caller: Caller,
    pub(crate) body: Bytes,
    pub(crate) now: ServerMs,
}

impl Verified {
    /// The body as JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Refused> {
        serde_json::from_slice(&self.body).map_err(|_| Refused::BodyInvalid)
    }

    /// The digest of the body: what tells the same request from another one with the same key.
    pub(crate) fn digest(&self) -> Digest {
        Digest::of(&self.body)
    }
}

impl Call {
    /// The body as JSON, before anything was verified: for enrolment, whose key is in it.
    pub(crate) fn unverified<T: DeserializeOwned>(&self) -> Result<T, Refused> {
        serde_json::from_slice(&self.body).map_err(|_| Refused::BodyInvalid)
    }

    /// The device that the request names; all zeros before enrolment.
    pub(crate) const fn device(&self) -> Id {
        self.device
    }

    /// Checks the signature, format `JRQ1`.
    pub(crate) fn verify(&self, key: &PublicKey) -> Result<(), Refused> {
        let signed = request_to_sign(&self.method, &self.path, self.device, &self.body);
        if key.verifies(&signed, &self.signature) { Ok(()) } else { Err(Refused::SignatureInvalid) }
    }

    /// Verifies the request and does its work, all in one transaction. The work's bytes are the answer's body.
    pub(crate) async fn run(
        self,
        gateway: Arc<Gateway>,
        work: impl FnOnce(&Gateway, &Transaction<'_>, &Verified) -> Result<Vec<u8>, Refused> + Send + 'static,
    ) -> Result<Reply, Refused> {
        gateway
            .work(move |gateway, tx| {
                let caller = users::caller(tx, self.device)?;
                self.verify(&caller.device_key)?;
                work(gateway, tx, &Verified { caller, body: self.body, now: gateway.now() })
            })
            .await
            .map(Reply)
    }
}

/// An answer with status 200: JSON bytes, exactly as they were stored.
pub(crate) struct Reply(pub(crate) Vec<u8>);

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, "application/json")], self.0).into_response()
    }
}
