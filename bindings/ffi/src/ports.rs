//! What the host may bring: its key store and its HTTP client. And what it may take instead, for hosts without either.

use crate::error::JigapError;
use jigap::app::aside;
use jigap::crypto::{Blob, Digest, PublicKey, Signature};
use jigap::gateway::{Address, HttpsTransport, Request, Response, SendError, Transport};
use jigap::vault::{FileVault, PinKey, PinPolicy, Vault, VaultError};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Why a key store did not do what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Error)]
pub enum VaultFailure {
    /// Not now: the phone is locked, the secure element is busy.
    Unavailable,
    /// No: not allowed.
    Refused,
    /// Never again: the key is gone.
    KeyLost,
}

impl std::fmt::Display for VaultFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for VaultFailure {}

impl From<uniffi::UnexpectedUniFFICallbackError> for VaultFailure {
    /// An exception the interface does not know. Its text stays where it is: it may hold anything.
    fn from(_: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Unavailable
    }
}

/// The silent operations of the host's key store (Android Keystore, iOS Keychain and Secure Enclave). Called from the
/// wallet's own threads; may take its time.
#[uniffi::export(with_foreign)]
pub trait VaultPort: Send + Sync {
    /// Encrypts a key with one that never leaves the key store.
    fn wrap(&self, key: Vec<u8>) -> Result<Vec<u8>, VaultFailure>;
    /// Decrypts what `wrap` made.
    fn unwrap(&self, wrapped: Vec<u8>) -> Result<Vec<u8>, VaultFailure>;
    /// The device's P-256 public key: 65 bytes, uncompressed. The key is made at the first call.
    fn device_key(&self) -> Result<Vec<u8>, VaultFailure>;
    /// Signs as the device: ECDSA P-256 with SHA-256, ASN.1 DER.
    fn sign(&self, data: Vec<u8>) -> Result<Vec<u8>, VaultFailure>;
    /// Keeps these bytes, at most 64 and not secret, in place of the ones before, where no backup of the wallet's folder
    /// reaches: they show an older copy of the database. A key store without such a place does nothing.
    fn keep_witness(&self, witness: Vec<u8>) -> Result<(), VaultFailure>;
    /// What `keep_witness` kept last, or nothing.
    fn witness(&self) -> Result<Option<Vec<u8>>, VaultFailure>;
    /// Whether what `wrap` made should be made anew, because the key store's own key was replaced. The old wrapping must
    /// still open.
    fn is_stale(&self, wrapped: Vec<u8>) -> Result<bool, VaultFailure>;
}

/// A request, ready to go.
#[derive(uniffi::Record)]
pub struct TransportRequest {
    /// `GET` or `POST`.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Header names, lower case.
    pub header_names: Vec<String>,
    /// Their values, in the same order.
    pub header_values: Vec<String>,
    /// The body; empty for `GET`.
    pub body: Vec<u8>,
}

/// An answer that arrived whole.
#[derive(uniffi::Record)]
pub struct TransportResponse {
    /// The HTTP status.
    pub status: u16,
    /// The value of the header `jigap-time`.
    pub server_ms: Option<i64>,
    /// The body.
    pub body: Vec<u8>,
    /// The value of the header `retry-after`, where it is a number: seconds.
    #[uniffi(default = None)]
    pub retry_after_s: Option<i64>,
}

/// Why there is no answer. When in doubt: `MaybeSent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Error)]
pub enum TransportFailure {
    /// Surely not sent: name look-up or connecting failed.
    Unreachable,
    /// Surely not sent: the server's certificate is not the right one.
    Untrusted,
    /// It may have arrived.
    MaybeSent,
}

impl std::fmt::Display for TransportFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for TransportFailure {}

impl From<uniffi::UnexpectedUniFFICallbackError> for TransportFailure {
    /// An exception in the middle of sending: it may have arrived.
    fn from(_: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::MaybeSent
    }
}

/// The host's own HTTP client, if it has to be that one. Must never send twice, follow a redirect or retry.
#[uniffi::export(with_foreign)]
pub trait TransportPort: Send + Sync {
    /// Sends a request and waits for the whole answer.
    fn send(&self, request: TransportRequest) -> Result<TransportResponse, TransportFailure>;
}

pub(crate) struct HostVault(pub(crate) Arc<dyn VaultPort>);

impl From<VaultFailure> for VaultError {
    fn from(failure: VaultFailure) -> Self {
        match failure {
            VaultFailure::Unavailable => Self::Unavailable,
            VaultFailure::Refused => Self::Refused,
            VaultFailure::KeyLost => Self::KeyLost,
        }
    }
}

impl From<VaultError> for VaultFailure {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Unavailable => Self::Unavailable,
            VaultError::Refused => Self::Refused,
            VaultError::KeyLost => Self::KeyLost,
        }
    }
}

impl Vault for HostVault {
    fn wrap(&self, key: &[u8]) -> Result<Vec<u8>, VaultError> {
        Ok(self.0.wrap(key.to_vec())?)
    }

    fn unwrap(&self, wrapped: &[u8]) -> Result<zeroize::Zeroizing<Vec<u8>>, VaultError> {
        Ok(zeroize::Zeroizing::new(self.0.unwrap(wrapped.to_vec())?))
    }

    fn device_key(&self) -> Result<PublicKey, VaultError> {
        PublicKey::from_point(&self.0.device_key()?).map_err(|_| VaultError::Refused)
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, VaultError> {
        Ok(Signature(Blob(self.0.sign(message.to_vec())?)))
    }

    fn keep_witness(&self, witness: &[u8]) -> Result<(), VaultError> {
        Ok(self.0.keep_witness(witness.to_vec())?)
    }

    fn witness(&self) -> Result<Option<Vec<u8>>, VaultError> {
        Ok(self.0.witness()?)
    }

    fn is_stale(&self, wrapped: &[u8]) -> bool {
        self.0.is_stale(wrapped.to_vec()).unwrap_or(false)
    }
}

/// The core's file vault, as the host sees a key store.
struct OwnVault(FileVault);

impl VaultPort for OwnVault {
    fn wrap(&self, key: Vec<u8>) -> Result<Vec<u8>, VaultFailure> {
        Ok(self.0.wrap(&key)?)
    }

    fn unwrap(&self, wrapped: Vec<u8>) -> Result<Vec<u8>, VaultFailure> {
        Ok(self.0.unwrap(&wrapped)?.to_vec())
    }

    fn device_key(&self) -> Result<Vec<u8>, VaultFailure> {
        Ok(self.0.device_key()?.as_point().to_vec())
    }

    fn sign(&self, data: Vec<u8>) -> Result<Vec<u8>, VaultFailure> {
        Ok(self.0.sign(&data)?.0.0)
    }

    fn keep_witness(&self, witness: Vec<u8>) -> Result<(), VaultFailure> {
        Ok(self.0.keep_witness(&witness)?)
    }

    fn witness(&self) -> Result<Option<Vec<u8>>, VaultFailure> {
        Ok(self.0.witness()?)
    }

    fn is_stale(&self, wrapped: Vec<u8>) -> Result<bool, VaultFailure> {
        Ok(self.0.is_stale(&wrapped))
    }
}

/// A vault in a folder, for hosts without a key store: terminals, servers, tests. Never for a phone.
#[uniffi::export]
pub fn file_vault(folder: String) -> Result<Arc<dyn VaultPort>, JigapError> {
    let vault = FileVault::open(Path::new(&folder)).map_err(jigap::error::Error::from)?;
    Ok(Arc::new(OwnVault(vault)))
}

pub(crate) struct HostTransport(pub(crate) Arc<dyn TransportPort>);

impl Transport for HostTransport {
    fn send(&self, request: &Request) -> Result<Response, SendError> {
        let (names, values) = request.headers.iter().map(|(n, v)| ((*n).to_owned(), v.clone())).unzip();
        let answer = self.0.send(TransportRequest {
            method: request.method.to_owned(),
            path: request.path.clone(),
            header_names: names,
            header_values: values,
            body: request.body.clone(),
        });
        match answer {
            Ok(answer) if answer.body.len() <= jigap::gateway::MAX_BODY => {
                let retry_after_ms = answer.retry_after_s.filter(|s| *s >= 0).map(|s| s.saturating_mul(1000));
                Ok(Response { status: answer.status, server_ms: answer.server_ms, retry_after_ms, body: answer.body })
            }
            Ok(_) | Err(TransportFailure::MaybeSent) => Err(SendError::Unknown),
            Err(TransportFailure::Unreachable) => Err(SendError::Unreachable),
            Err(TransportFailure::Untrusted) => Err(SendError::Untrusted),
        }
    }
}

struct OwnTransport(HttpsTransport);

impl TransportPort for OwnTransport {
    fn send(&self, request: TransportRequest) -> Result<TransportResponse, TransportFailure> {
        let method = if request.method == "GET" { "GET" } else { "POST" };
        // Only the two headers of the contract are sent; an unknown one is not one of ours.
        let names = [jigap::gateway::wire::DEVICE_HEADER, jigap::gateway::wire::SIGNATURE_HEADER];
        let given: Vec<_> = request.header_names.iter().zip(request.header_values).collect();
        let header = |name: &'static str| given.iter().find(|(n, _)| *n == name).map(|(_, v)| (name, v.clone()));
        let headers = names.into_iter().filter_map(header).collect();
        let request = Request { method, path: request.path, headers, body: request.body, patience_ms: None };
        match self.0.send(&request) {
            Ok(r) => Ok(TransportResponse {
                status: r.status,
                server_ms: r.server_ms,
                body: r.body,
                retry_after_s: r.retry_after_ms.and_then(|ms| ms.checked_div(1000)),
            }),
            Err(SendError::Unreachable) => Err(TransportFailure::Unreachable),
            Err(SendError::Untrusted) => Err(TransportFailure::Untrusted),
            Err(SendError::Unknown) => Err(TransportFailure::MaybeSent),
        }
    }
}

/// The wallet's own HTTPS: rustls with ring, the given roots and pins, HTTP/1.1, no redirects, no retries.
/// `pins` are SHA-256 digests of public keys (SPKI, DER), 32 bytes each.
#[uniffi::export]
pub fn https_transport(
    url: String,
    roots_pem: Vec<u8>,
    pins: Vec<Vec<u8>>,
    timeout_ms: u64,
) -> Result<Arc<dyn TransportPort>, JigapError> {
    let pins = pins.iter().map(|pin| Digest::from_slice(pin)).collect::<Result<_, _>>()?;
    let address = Address { pins, timeout: Duration::from_millis(timeout_ms), ..Address::new(&url, &roots_pem) };
    Ok(Arc::new(OwnTransport(HttpsTransport::new(&address)?)))
}

/// The user's signing key behind a PIN, in a file: for hosts whose platform has no user-authenticated key.
#[derive(uniffi::Object)]
pub struct CorePinKey(Arc<PinKey>);

#[uniffi::export]
impl CorePinKey {
    /// The key kept in this file.
    #[uniffi::constructor]
    pub fn new(path: String) -> Result<Arc<Self>, JigapError> {
        Ok(Arc::new(Self(Arc::new(PinKey::at(Path::new(&path), PinPolicy::default())))))
    }

    /// Makes a new key under a PIN of six to twelve ASCII digits, and gives its public half.
    pub async fn create(&self, pin: Vec<u8>) -> Result<Vec<u8>, JigapError> {
        let (key, pin) = (Arc::clone(&self.0), zeroize::Zeroizing::new(pin));
        Ok(aside(move || key.create(&pin)).await?.as_point().to_vec())
    }

    /// The public half: 65 bytes, uncompressed.
    pub fn public_key(&self) -> Result<Vec<u8>, JigapError> {
        Ok(self.0.public()?.as_point().to_vec())
    }

    /// Signs a challenge, if the PIN is right.
    pub async fn sign(&self, pin: Vec<u8>, challenge: Vec<u8>) -> Result<Vec<u8>, JigapError> {
        let (key, pin) = (Arc::clone(&self.0), zeroize::Zeroizing::new(pin));
        Ok(aside(move || key.sign(&pin, &challenge)).await?.0.0)
    }
}
