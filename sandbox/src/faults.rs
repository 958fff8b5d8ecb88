//! Faults that a test can arm. They live in memory only: a restart forgets them.

use crate::gateway::Gateway;
use crate::line::Cutter;
use crate::refusal::Refused;
use axum::Json;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::response::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt as _;
use jigap::gateway::MAX_BODY;
use jigap::id::Id;
use jigap::payment::{Answer, DeclineReason, Outcome};
use serde::{Deserialize, Serialize};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// The connection ends before the request is looked at.
    DropRequest,
    /// The request is carried out in full; then the connection ends without an answer.
    DropAnswer,
    /// The request waits so many milliseconds first.
    DelayMs,
    /// The request is carried out in full; the answer waits so many milliseconds.
    DelayAnswerMs,
    /// The request is not looked at; the answer is 500, or the status in `value`.
    #[serde(rename = "status_500")]
    Status500,
    /// The request is carried out in full; the answer is 500, or the status in `value`.
    #[serde(rename = "answer_500")]
    Answer500,
    /// The request is carried out in full; the answer is 200 and no JSON.
    GarbleAnswer,
    /// The request is carried out in full; a final answer about a payment is told as `pending`, with an older number.
    AnswerPending,
    /// The request is carried out in full; an answer about a payment is told as declined, with a newer number.
    ContradictAnswer,
    /// The request is carried out in full; the answer comes twice on the same connection.
    AnswerTwice,
    /// The request is carried out twice, as a box on the way that repeats it would have it; the second answer is told.
    RepeatRequest,
    /// The request is not looked at; the answer is 429 and asks for a pause of so many seconds.
    #[serde(rename = "status_429")]
    Status429,
    /// The request is carried out in full; the connection is reset in the middle of the answer's body.
    CutAnswer,
    /// The request is carried out in full; the answer's body comes a byte at a time, so many milliseconds apart.
    SlowAnswer,
    /// The request is carried out in full; an answer about a payment is told under another key.
    OtherKey,
    /// The request is carried out in full; the answer is longer than any wallet reads.
    HugeAnswer,
}

/// One armed fault.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    pub(crate) kind: Kind,
    /// Only requests with this method.
    #[serde(default)]
    method: Option<String>,
    /// Only requests to this path: exact, or everything that begins so when it ends in `*`.
    #[serde(default = "everywhere")]
    path: String,
    /// How often.
    #[serde(default = "once")]
    times: u32,
    /// Milliseconds, seconds, or a status.
    #[serde(default)]
    value: Option<u64>,
}

fn everywhere() -> String {
    "*".to_owned()
}

const fn once() -> u32 {
    1
}

impl Fault {
    fn fits(&self, method: &str, path: &str) -> bool {
        let at_path = match self.path.strip_suffix('*') {
            Some(begin) => path.starts_with(begin),
            None => path == self.path,
        };
        at_path && self.times > 0 && self.method.as_ref().is_none_or(|m| m.eq_ignore_ascii_case(method))
    }

    fn status(&self) -> StatusCode {
        let status = self.value.and_then(|v| u16::try_from(v).ok()).and_then(|v| StatusCode::from_u16(v).ok());
        status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// All armed faults, in the order in which they were armed.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    pub(crate) fn arm(&self, fault: Fault) {
        self.list(|faults| faults.push(fault));
    }

    pub(crate) fn clear(&self) {
        self.list(Vec::clear);
    }

    /// The first fault that fits, used up by one.
    fn take(&self, method: &str, path: &str) -> Option<Fault> {
        self.list(|faults| {
            let found = faults.iter_mut().find(|fault| fault.fits(method, path))?;
            found.times = found.times.saturating_sub(1);
            let taken = found.clone();
            faults.retain(|fault| fault.times > 0);
            Some(taken)
        })
    }

    fn list<T>(&self, work: impl FnOnce(&mut Vec<Fault>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Puts faults before and behind the endpoints.
pub(crate) async fn inject(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(cutter): ConnectInfo<Cutter>,
    request: Request,
    next: Next,
) -> Response {
    let Some(fault) = gateway.faults.take(request.method().as_str(), request.uri().path()) else {
        return next.run(request).await;
    };
    match fault.kind {
        Kind::DropRequest => cutter.cut(),
        Kind::Status500 => return fault.status().into_response(),
        Kind::DelayMs => {
            tokio::time::sleep(Duration::from_millis(fault.value.unwrap_or(0))).await;
            return next.run(request).await;
        }
        Kind::DelayAnswerMs => {
            let response = next.run(request).await;
            tokio::time::sleep(Duration::from_millis(fault.value.unwrap_or(0))).await;
            return response;
        }
        Kind::DropAnswer => {
            next.run(request).await;
            cutter.cut();
        }
        Kind::Answer500 => {
            next.run(request).await;
            return fault.status().into_response();
        }
        Kind::GarbleAnswer => {
            next.run(request).await;
            return "no JSON".into_response();
        }
        Kind::AnswerPending => {
            let pending = |a: Answer| Answer { seq: a.seq.saturating_sub(1), outcome: Outcome::Pending, ..a };
            return retell(next.run(request).await, pending).await;
        }
        Kind::OtherKey => {
            let other = |a: Answer| Answer { key: Id([0xee; 16]), ..a };
            return retell(next.run(request).await, other).await;
        }
        Kind::Status429 => {
            let mut response = Refused::Busy.into_response();
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(fault.value.unwrap_or(1)));
            return response;
        }
        Kind::AnswerTwice => {
            let (parts, body) = whole(next.run(request).await).await;
            cutter.say_again(again(&parts, &body));
            return (parts, body).into_response();
        }
        Kind::RepeatRequest => {
            let (parts, body) = request.into_parts();
            let Ok(bytes) = to_bytes(body, usize::MAX).await else { return Refused::BodyInvalid.into_response() };
            let first = Request::from_parts(parts.clone(), Body::from(bytes.clone()));
            next.clone().run(first).await;
            return next.run(Request::from_parts(parts, Body::from(bytes))).await;
        }
        Kind::CutAnswer => {
            let (parts, body) = whole(next.run(request).await).await;
            let half = body.slice(..body.len() / 2);
            let reset = futures_util::stream::once(async move {
                // What was written so far is on its way before the line goes dead.
                tokio::time::sleep(Duration::from_millis(50)).await;
                cutter.cut();
                Err(io::Error::from(io::ErrorKind::ConnectionReset))
            });
            let pieces = futures_util::stream::once(async { Ok(half) }).chain(reset);
            return measured(parts, body.len(), Body::from_stream(pieces));
        }
        Kind::SlowAnswer => {
            let (parts, body) = whole(next.run(request).await).await;
            let pause = Duration::from_millis(fault.value.unwrap_or(10));
            let length = body.len();
            let pieces = futures_util::stream::unfold(body, move |mut rest| async move {
                if rest.is_empty() {
                    return None;
                }
                tokio::time::sleep(pause).await;
                let byte = rest.split_to(1);
                Some((Ok::<_, io::Error>(byte), rest))
            });
            return measured(parts, length, Body::from_stream(pieces));
        }
        Kind::HugeAnswer => {
            let (parts, body) = whole(next.run(request).await).await;
            // Still JSON, and still the right one: only too much of it.
            let padding = " ".repeat(MAX_BODY);
            return measured(parts, body.len() + padding.len(), Body::from([padding.as_bytes(), &body].concat()));
        }
        Kind::ContradictAnswer => {
            let outcome = Outcome::Declined { reason: DeclineReason::Other };
            return retell(next.run(request).await, |a| Answer { seq: a.seq.saturating_add(1), outcome, ..a }).await;
        }
    }
    // The connection is cut: this goes nowhere.
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

/// An answer's head and its whole body.
async fn whole(response: Response) -> (Parts, Bytes) {
    let (parts, body) = response.into_parts();
    (parts, to_bytes(body, usize::MAX).await.unwrap_or_default())
}

/// An answer that says how long its body is, however the body comes.
fn measured(mut parts: Parts, length: usize, body: Body) -> Response {
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    Response::from_parts(parts, body)
}

/// An answer as it stands on the wire.
fn again(parts: &Parts, body: &Bytes) -> Vec<u8> {
    let mut wire = format!("HTTP/1.1 {}\r\ncontent-length: {}\r\n", parts.status, body.len()).into_bytes();
    for (name, value) in &parts.headers {
        wire.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    wire.extend(b"\r\n");
    wire.extend(body);
    wire
}

/// The same answer about a payment, told otherwise. What is no such answer passes unchanged.
async fn retell(response: Response, tell: impl FnOnce(Answer) -> Answer) -> Response {
    let (parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, usize::MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    match serde_json::from_slice(&bytes) {
        Ok(answer) if parts.status == StatusCode::OK => Json(tell(answer)).into_response(),
        _ => (parts, bytes).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_hits_its_path_as_often_as_it_says() {
        let faults = Faults::default();
        faults.arm(serde_json::from_str(r#"{"kind":"drop_answer","path":"/v1/payments","times":2}"#).unwrap());
        assert!(faults.take("GET", "/v1/payments/00").is_none());
        assert_eq!(faults.take("POST", "/v1/payments").unwrap().kind, Kind::DropAnswer);
        assert!(faults.take("POST", "/v1/payments").is_some());
        assert!(faults.take("POST", "/v1/payments").is_none());
        faults.arm(serde_json::from_str(r#"{"kind":"status_500","path":"/v1/*","method":"get","value":503}"#).unwrap());
        assert!(faults.take("POST", "/v1/payments").is_none());
        assert_eq!(faults.take("GET", "/v1/config").unwrap().status().as_u16(), 503);
    }
}
