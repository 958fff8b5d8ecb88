//! The transport of production: reqwest with rustls and ring, HTTP/1.1, built as `security.md` §8 says.

use crate::crypto::Digest;
use crate::error::{Code, Error, Result};
use crate::gateway::transport::{MAX_BODY, Request, Response, SendError, Transport};
use crate::gateway::wire::TIME_HEADER;
use reqwest::{Client, Url};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;

/// Where the gateway is and how it proves itself.
#[derive(Debug, Clone)]
pub struct Address {
    /// `https://host[:port]`, without a path.
    pub url: String,
    /// The roots it may descend from, PEM. The phone's own roots are not asked.
    pub roots_pem: Vec<u8>,
    /// SHA-256 of the public keys (SPKI, DER) one of which the chain has to hold. Empty: any key under the roots.
    pub pins: Vec<Digest>,
    /// How long a connection may take.
    pub connect_timeout: Duration,
    /// How long a whole exchange may take.
    pub timeout: Duration,
}

impl Address {
    /// An address with the usual time-outs (5 s to connect, 15 s in all) and no pins.
    pub fn new(url: &str, roots_pem: &[u8]) -> Self {
        Self {
            url: url.to_owned(),
            roots_pem: roots_pem.to_vec(),
            pins: Vec::new(),
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(15),
        }
    }
}

/// HTTPS to one gateway. Owns the only async runtime of the wallet.
#[derive(Debug)]
pub struct HttpsTransport {
    client: Client,
    base: Url,
    runtime: Runtime,
    timeout: Duration,
}

impl HttpsTransport {
    /// Makes the transport; nothing is sent yet.
    ///
    /// # Errors
    /// [`Code::ArgumentInvalid`] with field `field`: `url`, `roots` or `tls`.
    pub fn new(address: &Address) -> Result<Self> {
        let bad = |field: &'static str| Error::new(Code::ArgumentInvalid).with("field", field);
        let base = Url::parse(&address.url).map_err(|_| bad("url"))?;
        let plain = base.username().is_empty() && base.password().is_none() && base.path() == "/";
        if base.scheme() != "https" || base.host_str().is_none() || !plain || base.query().is_some() {
            return Err(bad("url"));
        }
        let tls = tls_config(&address.roots_pem, &address.pins)?;
        // One thread drives the sockets; the engine's threads wait in block_on.
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("jigap-https")
            .enable_all()
            .build()
            .map_err(|_| Error::new(Code::Internal).with("part", "runtime"))?;
        #[allow(clippy::disallowed_methods, reason = "this is the one place where a client is built")]
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .https_only(true)
            // Both re-send POST bodies by themselves otherwise (`security.md` §0.3).
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .http1_only()
            .connect_timeout(address.connect_timeout)
            .timeout(address.timeout)
            .pool_idle_timeout(Duration::from_secs(20))
            .pool_max_idle_per_host(1)
            .build()
            .map_err(|_| bad("tls"))?;
        Ok(Self { client, base, runtime, timeout: address.timeout })
    }

    async fn exchange(&self, request: &Request) -> Result<Response, SendError> {
        let url = self.base.join(&request.path).map_err(|_| SendError::Unreachable)?;
        let method = if request.method == "GET" { reqwest::Method::GET } else { reqwest::Method::POST };
        let mut builder = self.client.request(method, url);
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        if !request.body.is_empty() {
            builder = builder.header("content-type", "application/json").body(request.body.clone());
        }
        if let Some(patience_ms) = request.patience_ms {
            builder = builder.timeout(self.timeout.min(Duration::from_millis(u64::from(patience_ms))));
        }
        let mut response = builder.send().await.map_err(|error| classify(&error))?;
        let number = |name| response.headers().get(name).and_then(|value| value.to_str().ok()?.parse::<i64>().ok());
        let server_ms = number(TIME_HEADER);
        let retry_after_ms = number("retry-after").filter(|s| *s >= 0).map(|seconds| seconds.saturating_mul(1000));
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|_| SendError::Unknown)? {
            if body.len().saturating_add(chunk.len()) > MAX_BODY {
                return Err(SendError::Unknown);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Response { status, server_ms, retry_after_ms, body })
    }
}

impl Transport for HttpsTransport {
    fn send(&self, request: &Request) -> Result<Response, SendError> {
        self.runtime.block_on(self.exchange(request))
    }
}

/// Only what happens before the first byte of the request is "not sent". A time-out while connecting is one of them; a
/// time-out of the whole exchange is not.
fn classify(error: &reqwest::Error) -> SendError {
    if error.is_builder() {
        return SendError::Unreachable;
    }
    if !error.is_connect() {
        return SendError::Unknown;
    }
    if from_tls(error) { SendError::Untrusted } else { SendError::Unreachable }
}

/// Whether TLS is what failed. An `io::Error` hides what it wraps from `source`, and the layers wrap it more than once.
fn from_tls(error: &(dyn std::error::Error + 'static)) -> bool {
    let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    error.is::<rustls::Error>() || wrapped.is_some_and(|inner| from_tls(inner)) || error.source().is_some_and(from_tls)
}

fn tls_config(roots_pem: &[u8], pins: &[Digest]) -> Result<ClientConfig> {
    let bad = |field: &'static str| Error::new(Code::ArgumentInvalid).with("field", field);
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(roots_pem) {
        roots.add(certificate.map_err(|_| bad("roots"))?).map_err(|_| bad("roots"))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let roots = Arc::new(roots);
    let web_pki = WebPkiServerVerifier::builder_with_provider(Arc::clone(&roots), Arc::clone(&provider))
        .build()
        .map_err(|_| bad("roots"))?;
    let algorithms = provider.signature_verification_algorithms;
    let verifier = PinnedVerifier { web_pki, roots, algorithms, pins: pins.to_vec() };
    let mut config = ClientConfig::builder_with_provider(Arc::<CryptoProvider>::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|_| bad("tls"))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Full WebPKI validation first, then the pins: a pin can only make the check stricter.
#[derive(Debug)]
struct PinnedVerifier {
    web_pki: Arc<WebPkiServerVerifier>,
    roots: Arc<RootCertStore>,
    algorithms: WebPkiSupportedAlgorithms,
    pins: Vec<Digest>,
}

impl PinnedVerifier {
    /// Whether a path that leads from the leaf to a root holds a pinned key. What the server sends besides proves
    /// nothing: anyone can send along a certificate that is not theirs.
    fn pinned(&self, leaf: &CertificateDer<'_>, sent_along: &[CertificateDer<'_>], now: UnixTime) -> bool {
        let held = |path: &webpki::VerifiedPath<'_>| {
            let above = path.intermediate_certificates().map(|certificate| certificate.subject_public_key_info());
            let mut keys = above.chain([path.end_entity().subject_public_key_info()]);
            let pinned = keys.any(|key| self.pins.contains(&Digest::of(key.as_ref())));
            if pinned { Ok(()) } else { Err(webpki::Error::UnknownIssuer) }
        };
        let (usage, algorithms) = (webpki::KeyUsage::server_auth(), self.algorithms.all);
        webpki::EndEntityCert::try_from(leaf).is_ok_and(|leaf| {
            leaf.verify_for_usage(algorithms, &self.roots.roots, sent_along, now, usage, None, Some(&held)).is_ok()
        })
    }
}

impl ServerCertVerifier for PinnedVerifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self.web_pki.verify_server_cert(leaf, intermediates, name, ocsp, now)?;
        if self.pins.is_empty() || self.pinned(leaf, intermediates, now) {
            Ok(verified)
        } else {
            Err(rustls::Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.web_pki.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.web_pki.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.web_pki.supported_verify_schemes()
    }
}
