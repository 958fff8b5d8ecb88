//! A gateway in this process, and a device that speaks to it over real TLS.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "test code, of which every test uses a part"
)]

pub mod phone;
pub mod python;

use base64::{Engine, engine::general_purpose::STANDARD};
use jigap::consent::{Document, Event, EventKind, Shown, Signed, SignedEvent, Stamp};
use jigap::crypto::{Blob, Digest, HostKey, SystemRandom};
use jigap::gateway::wire::{
    CheckoutRequest, CheckoutResponse, CodesRequest, CodesResponse, ConsentUpload, EnrolRequest, EnrolResponse,
    PayRequest, Refusal, request_to_sign,
};
use jigap::id::Id;
use jigap::money::{Currency, Money};
use jigap::network::Network;
use jigap::payment::{Answer, DeclineReason, Outcome, Preview, Proof, ProofMethod, Receipt, Terms};
use jigap::time::{Clock, ServerMs, SystemClock};
use jigap::wallet::Balance;
use jigap_sandbox::audit::Report;
use jigap_sandbox::serve::{self, Addresses, Options, Running};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::runtime::Runtime;

pub struct Sandbox {
    runtime: Runtime,
    running: Option<Running>,
    pub addresses: Addresses,
    pub folder: TempDir,
}

fn options(folder: &Path) -> Options {
    Options {
        listen: "127.0.0.1:0".parse().unwrap(),
        admin_listen: "127.0.0.1:0".parse().unwrap(),
        state: folder.to_owned(),
        quote_ms: 180_000,
        code_ms: 60_000,
        stop_with_stdin: false,
    }
}

impl Sandbox {
    pub fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// With other options than usual.
    pub fn start_with(change: impl FnOnce(&mut Options)) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let folder = TempDir::new().unwrap();
        let mut options = options(folder.path());
        change(&mut options);
        let running = runtime.block_on(serve::start(&options)).unwrap();
        let addresses = running.addresses.clone();
        Self { runtime, running: Some(running), addresses, folder }
    }

    pub fn restart(&mut self) {
        self.stop();
        self.run(&options(self.folder.path()));
    }

    /// Nobody is at the gateway's address any more.
    pub fn stop(&mut self) {
        self.runtime.block_on(self.running.take().unwrap().stop());
    }

    /// The gateway is back where it was.
    pub fn back(&mut self) {
        let at = |url: &str| url.split_once("://").unwrap().1.parse().unwrap();
        let (listen, admin_listen) = (at(&self.addresses.gateway), at(&self.addresses.admin));
        self.run(&Options { listen, admin_listen, ..options(self.folder.path()) });
    }

    fn run(&mut self, options: &Options) {
        let running = self.runtime.block_on(serve::start(options)).unwrap();
        self.addresses = running.addresses.clone();
        self.running = Some(running);
    }

    /// Asks the administration. Gives status and JSON.
    pub fn admin(&self, method: &str, path: &str, body: &str) -> (u16, serde_json::Value) {
        let address = self.addresses.admin.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        let answer = exchange(&mut stream, method, path, &[], body.as_bytes()).unwrap();
        (answer.status, serde_json::from_slice(&answer.body).unwrap())
    }

    pub fn fault(&self, fault: &str) {
        assert_eq!(self.admin("POST", "/admin/fault", fault).0, 200, "{fault}");
    }

    pub fn code(&self, shop: &str, network: &str, amount: Option<&str>) -> String {
        let request = serde_json::json!({ "shop": shop, "network": network, "amount": amount });
        let (status, answer) = self.admin("POST", "/admin/codes", &request.to_string());
        assert_eq!(status, 200, "{answer}");
        answer["code"].as_str().unwrap().to_owned()
    }

    pub fn scan(&self, digits: &str, amount: &str) -> (u16, serde_json::Value) {
        let request = serde_json::json!({ "digits": digits, "amount": amount });
        self.admin("POST", "/admin/scan", &request.to_string())
    }

    pub fn audit(&self) -> Report {
        serde_json::from_value(self.admin("GET", "/admin/audit", "").1).unwrap()
    }

    /// The audit, after checking that nothing is wrong.
    pub fn sound_audit(&self) -> Report {
        let report = self.audit();
        assert!(report.holds(), "{}", report.text());
        report
    }
}

/// One answer over HTTP.
#[derive(Debug, PartialEq, Eq)]
pub struct HttpAnswer {
    pub status: u16,
    pub time: Option<i64>,
    pub body: Vec<u8>,
}

impl HttpAnswer {
    pub fn json<T: DeserializeOwned>(&self) -> T {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn refused(&self) -> (u16, String) {
        let refusal: Refusal = serde_json::from_slice(&self.body).unwrap();
        (self.status, refusal.error)
    }
}

fn exchange(
    stream: &mut (impl Read + Write),
    method: &str,
    path: &str,
    headers: &[(&str, String)],
    body: &[u8],
) -> std::io::Result<HttpAnswer> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n");
    head.push_str(&format!("content-length: {}\r\n", body.len()));
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    stream.write_all(&[head.as_bytes(), body].concat())?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").ok_or(std::io::ErrorKind::UnexpectedEof)?;
    let head = std::str::from_utf8(&bytes[..end]).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let time = head.lines().find_map(|line| line.strip_prefix("jigap-time: ")).map(|t| t.parse().unwrap());
    Ok(HttpAnswer { status, time, body: bytes[end + 4..].to_vec() })
}

/// One request over TLS, trusting only the sandbox's own authority.
pub fn request(
    addresses: &Addresses,
    method: &str,
    path: &str,
    headers: &[(&str, String)],
    body: &[u8],
) -> std::io::Result<HttpAnswer> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&addresses.ca).unwrap()).unwrap();
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let connection = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let socket = TcpStream::connect(addresses.gateway.strip_prefix("https://").unwrap()).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut stream = rustls::StreamOwned::new(connection, socket);
    exchange(&mut stream, method, path, headers, body)
}

/// A phone.
pub struct Device {
    pub id: Id,
    pub key: HostKey,
    pub user_key: HostKey,
    pub addresses: Addresses,
    pub chain: Vec<SignedEvent>,
}

pub fn network(name: &str) -> Network {
    Network::parse(name).unwrap()
}

pub fn yen(minor: i64) -> Money {
    Money::from_minor(Currency::from_alpha("JPY").unwrap(), minor)
}

pub fn new_id() -> Id {
    Id::random(&SystemRandom).unwrap()
}

impl Device {
    /// A phone that nobody knows yet.
    pub fn new(sandbox: &Sandbox) -> Self {
        Self {
            id: Id([0; 16]),
            key: HostKey::generate().unwrap(),
            user_key: HostKey::generate().unwrap(),
            addresses: sandbox.addresses.clone(),
            chain: Vec::new(),
        }
    }

    pub fn enrolled(sandbox: &Sandbox, token: &str) -> Self {
        let mut device = Self::new(sandbox);
        let enrolled: EnrolResponse = device.enrol(token).json();
        device.id = enrolled.device;
        device
    }

    /// Enrolled, and agreed to both networks.
    pub fn ready(sandbox: &Sandbox, token: &str) -> Self {
        let mut device = Self::enrolled(sandbox, token);
        device.agree("alipayplus");
        device.agree("unionpay");
        device
    }

    pub fn enrol(&self, token: &str) -> HttpAnswer {
        let request = EnrolRequest {
            user_token: token.to_owned(),
            device_key: self.key.public(),
            user_key: self.user_key.public(),
        };
        self.send("POST", "/v1/enrol", &serde_json::to_vec(&request).unwrap())
    }

    pub fn try_send(&self, method: &str, path: &str, body: &[u8]) -> std::io::Result<HttpAnswer> {
        let signature = self.key.sign(&request_to_sign(method, path, self.id, body)).unwrap();
        let headers = [("jigap-device", self.id.to_string()), ("jigap-signature", STANDARD.encode(&signature.0.0))];
        request(&self.addresses, method, path, &headers, body)
    }

    pub fn send(&self, method: &str, path: &str, body: &[u8]) -> HttpAnswer {
        self.try_send(method, path, body).unwrap()
    }

    pub fn post(&self, path: &str, body: &impl Serialize) -> HttpAnswer {
        self.send("POST", path, &serde_json::to_vec(body).unwrap())
    }

    pub fn get(&self, path: &str) -> HttpAnswer {
        self.send("GET", path, b"")
    }

    pub fn balance(&self) -> i64 {
        self.get("/v1/balance").json::<Balance>().amount.minor()
    }

    pub fn document(&self, name: &str) -> Document {
        let signed: Signed = self.get(&format!("/v1/consent-documents/{name}/payment")).json();
        Document::open(&signed, &self.addresses.controller_key).unwrap()
    }

    pub fn sign_event(&self, event: &Event) -> SignedEvent {
        let bytes = event.canonical();
        let signature = self.key.sign(&Event::to_sign(&bytes)).unwrap();
        SignedEvent::open(bytes, signature, &self.key.public()).unwrap()
    }

    pub fn event(&self, name: &str, kind: EventKind) -> SignedEvent {
        let shown =
            Shown { locale: "ko".to_owned(), font_pt: 12, scrolled_to_end: true, dwell_ms: 4_000, ..Shown::default() };
        let event = Event::about(&self.document(name), kind, shown, self.stamp(), self.chain.last());
        self.sign_event(&event)
    }

    pub fn upload(&self, event: &SignedEvent) -> HttpAnswer {
        let upload =
            ConsentUpload { event: Blob(event.bytes.clone()), signature: event.signature.clone(), log_size: 0 };
        self.post("/v1/consents", &upload)
    }

    pub fn answer_consent(&mut self, name: &str, kind: EventKind) {
        let event = self.event(name, kind);
        assert_eq!(self.upload(&event).status, 200);
        self.chain.push(event);
    }

    pub fn agree(&mut self, name: &str) {
        self.answer_consent(name, EventKind::Granted);
    }

    fn stamp(&self) -> Stamp {
        let (at, keys) = (SystemClock.now(), (self.key.public().id(), self.user_key.public().id()));
        Stamp { record: new_id(), device: self.id, keys, at, server: ServerMs(at.wall_ms) }
    }

    pub fn withdraw(&mut self, name: &str) {
        let granted = self.chain.iter().rev().find(|e| e.event.network == network(name)).unwrap();
        let event = Event::ending(&granted.event, EventKind::Withdrawn, self.stamp(), self.chain.last().unwrap());
        let event = self.sign_event(&event);
        assert_eq!(self.upload(&event).status, 200);
        self.chain.push(event);
    }

    /// The record of the consent for a network, or zeros.
    pub fn consent(&self, name: &str) -> Digest {
        let found = self.chain.iter().rev().find(|e| e.event.network == network(name));
        found.map_or(Digest([0; 32]), SignedEvent::hash)
    }

    pub fn checkout_request(&self, name: &str, code: &str, amount: Option<Money>) -> CheckoutRequest {
        CheckoutRequest {
            nonce: new_id(),
            network: network(name),
            code: code.to_owned(),
            amount,
            consent: self.consent(name),
        }
    }

    pub fn checkout(&self, name: &str, code: &str, amount: Option<Money>) -> HttpAnswer {
        self.post("/v1/checkouts", &self.checkout_request(name, code, amount))
    }

    pub fn terms(&self, name: &str, code: &str, amount: Option<Money>) -> Terms {
        self.checkout(name, code, amount).json::<CheckoutResponse>().terms
    }

    /// A payment request as the core makes it.
    pub fn pay_request(&self, terms: &Terms) -> PayRequest {
        // Made by hand, since a preview of crooked terms does not come into being.
        let preview = Preview { id: new_id(), terms: terms.clone(), nonce: new_id().0 };
        let signature = self.user_key.sign(&preview.challenge(self.id)).unwrap();
        PayRequest {
            key: new_id(),
            terms: terms.clone(),
            digest: terms.digest(),
            nonce: Blob(preview.nonce.to_vec()),
            proof: Proof { method: ProofMethod::Pin, signature },
            consent: self.consent(terms.network.as_str()),
        }
    }

    pub fn pay(&self, request: &PayRequest) -> Answer {
        self.post("/v1/payments", request).json()
    }

    pub fn codes(&self, name: &str, region: &str, quantity: u8) -> CodesResponse {
        let request = CodesRequest {
            nonce: new_id(),
            network: network(name),
            region: region.to_owned(),
            quantity,
            consent: self.consent(name),
        };
        self.post("/v1/codes", &request).json()
    }
}

pub fn receipt(answer: &Answer) -> &Receipt {
    match &answer.outcome {
        Outcome::Succeeded { receipt } => receipt,
        other => panic!("not paid: {other:?}"),
    }
}

pub fn declined(answer: &Answer) -> DeclineReason {
    match answer.outcome {
        Outcome::Declined { reason } => reason,
        ref other => panic!("not declined: {other:?}"),
    }
}
