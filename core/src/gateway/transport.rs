//! How bytes travel: a trait that production, tests and the simulator fill in.

/// A request, ready to go.
#[derive(Clone)]
pub struct Request {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// Path and query, beginning with `/`.
    pub path: String,
    /// Header names, lower case, and values.
    pub headers: Vec<(&'static str, String)>,
    /// The body; empty for `GET`.
    pub body: Vec<u8>,
    /// How long somebody waits for the answer, in milliseconds, where that is shorter than the transport's own time-out.
    pub patience_ms: Option<u32>,
}

/// An answer that arrived whole.
#[derive(Clone)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The server's time in milliseconds, if it said.
    pub server_ms: Option<i64>,
    /// How long the server wants to be left alone, in milliseconds: `Retry-After` of a 429 or 503 (RFC 9110 §10.2.3,
    /// seconds; a date is not read).
    pub retry_after_ms: Option<i64>,
    /// The body, at most [`MAX_BODY`] bytes.
    pub body: Vec<u8>,
}

/// The longest answer that is read; the rest of a longer one is a fault of the server.
pub const MAX_BODY: usize = 256 * 1024;

/// Why there is no answer (R3 of `security.md` §6.3). The difference between the first two and the third decides
/// whether a payment may be made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendError {
    /// Surely not sent: the request could not be built, the name not found, the connection not made.
    Unreachable,
    /// Surely not sent: the server could not prove that it is the gateway.
    Untrusted,
    /// The request may have arrived, and its effect be anything.
    Unknown,
}

/// Carries requests to the gateway and answers back. Blocking; called from the engine's threads only.
pub trait Transport: Send + Sync {
    /// Sends a request and waits for the whole answer, or for the transport's own time-out. Never sends twice, never
    /// follows a redirect.
    ///
    /// # Errors
    /// [`SendError`]; when in doubt, [`SendError::Unknown`].
    fn send(&self, request: &Request) -> Result<Response, SendError>;
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({} bytes)", self.method, self.body.len())
    }
}

impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({} bytes)", self.status, self.body.len())
    }
}
