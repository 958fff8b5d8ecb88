//! Asks a running sandbox's administration.

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use jigap::gateway::wire::Refusal;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io;
use std::time::Duration;

/// No answer is longer, not even the audit of a long test.
const LONGEST_ANSWER: usize = 64 * 1024 * 1024;
const PATIENCE: Duration = Duration::from_secs(30);

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The sandbox refused, with this word.
    Refused(String),
    /// It could not be asked.
    Unreachable(io::Error),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused(word) => write!(f, "refused: {word}"),
            Self::Unreachable(error) => write!(f, "the administration cannot be asked: {error}"),
        }
    }
}

/// Posts `body`, or gets when there is none.
pub(crate) fn ask<T: DeserializeOwned>(admin: &str, path: &str, body: Option<&impl Serialize>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::Unreachable)?;
    runtime.block_on(async {
        let exchange = tokio::time::timeout(PATIENCE, exchange(admin, path, body)).await;
        let (status, bytes) = exchange
            .map_err(|_| Failure::Unreachable(io::ErrorKind::TimedOut.into()))?
            .map_err(|error| Failure::Unreachable(io::Error::other(error)))?;
        let unreadable = |error: serde_json::Error| Failure::Unreachable(error.into());
        if status == StatusCode::OK {
            return serde_json::from_slice(&bytes).map_err(unreadable);
        }
        let refusal: Refusal = serde_json::from_slice(&bytes).map_err(unreadable)?;
        Err(Failure::Refused(refusal.error))
    })
}

type Trouble = Box<dyn std::error::Error + Send + Sync>;

async fn exchange(
    admin: &str,
    path: &str,
    body: Option<&impl Serialize>,
) -> Result<(StatusCode, axum::body::Bytes), Trouble> {
    let client = Client::builder(TokioExecutor::new()).build_http::<Body>();
    let url = format!("{}{path}", admin.trim_end_matches('/'));
    let request = match body {
        Some(body) => Request::post(url)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(serde_json::to_vec(body)?))?,
        None => Request::get(url).body(Body::empty())?,
    };
    let response = client.request(request).await?;
    let status = response.status();
    Ok((status, to_bytes(Body::new(response.into_body()), LONGEST_ANSWER).await?))
}
