//! The transport of production against servers that are not what they should be: who may hear anything at all, and
//! what is known when no answer comes (R3 of `security.md` §6.3).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "test code"
)]

use jigap::crypto::Digest;
use jigap::error::Code;
use jigap::gateway::{Address, HttpsTransport, MAX_BODY, Request, Response, SendError, Transport};
use rcgen::{BasicConstraints, Certificate, CertificateParams, IsCa, Issuer, KeyPair, PublicKeyData};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// An authority, and what it signs.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: Certificate,
}

fn params(names: &[&str]) -> CertificateParams {
    CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap()
}

impl Authority {
    fn new() -> Self {
        let (key, mut params) = (KeyPair::generate().unwrap(), params(&[]));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        Self { issuer: Issuer::new(params, key), certificate }
    }

    fn pem(&self) -> Vec<u8> {
        self.certificate.pem().into_bytes()
    }

    fn sign(&self, params: &CertificateParams) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Identity { chain: vec![certificate.der().clone()], key }
    }

    fn for_this_machine(&self) -> Identity {
        self.sign(&params(&["127.0.0.1"]))
    }
}

/// What a server shows, and the key behind it.
struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: KeyPair,
}

impl Identity {
    fn pin(&self) -> Digest {
        Digest::of(&self.key.subject_public_key_info())
    }
}

/// What a server does with a request that it has read whole.
#[derive(Clone)]
enum Manner {
    /// Sends these bytes and closes.
    Says(Vec<u8>),
    /// Closes without a word, TLS's own farewell included.
    HangsUp,
    /// Keeps silent for longer than anyone waits.
    Sleeps,
}

/// A server on this machine, with what the application behind its TLS has heard.
struct Server {
    address: String,
    connections: Arc<AtomicUsize>,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(identity: Identity, manner: Manner) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivateKeyDer::try_from(identity.key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(identity.chain, key)
            .unwrap();
        let config = Arc::new(config);
        Self::listen(move |socket, heard| {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(connection, socket);
            let Some(request) = read_request(&mut stream) else { return };
            heard.lock().unwrap().push(request);
            match &manner {
                Manner::Says(bytes) => {
                    let _ = stream.write_all(bytes);
                    stream.conn.send_close_notify();
                    let _ = stream.flush();
                    // Reads to the end, so that closing does not destroy what is still on its way.
                    let _ = stream.sock.shutdown(std::net::Shutdown::Write);
                    let _ = stream.sock.read(&mut [0; 64]);
                }
                Manner::HangsUp => drop(stream),
                Manner::Sleeps => std::thread::sleep(Duration::from_secs(9)),
            }
        })
    }

    fn listen(serve: impl Fn(TcpStream, &Mutex<Vec<String>>) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("https://{}", listener.local_addr().unwrap());
        let (connections, heard) = (Arc::new(AtomicUsize::new(0)), Arc::<Mutex<Vec<String>>>::default());
        let (counter, book, serve) = (Arc::clone(&connections), Arc::clone(&heard), Arc::new(serve));
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                counter.fetch_add(1, Ordering::SeqCst);
                let (serve, book) = (Arc::clone(&serve), Arc::clone(&book));
                std::thread::spawn(move || serve(socket.unwrap(), &book));
            }
        });
        Self { address, connections, heard }
    }

    fn heard(&self) -> usize {
        self.heard.lock().unwrap().len()
    }
}

/// A whole request, head and body; nothing when the connection ends before.
fn read_request(stream: &mut impl Read) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let mut some = [0; 4096];
        let count = stream.read(&mut some).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&some[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length =
            head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if body.len() >= length.unwrap_or(0) {
            return Some(text);
        }
    }
}

fn ok(body: &[u8]) -> Manner {
    let head = format!("HTTP/1.1 200 OK\r\njigap-time: 1700000000123\r\ncontent-length: {}\r\n\r\n", body.len());
    Manner::Says([head.as_bytes(), body].concat())
}

fn says(answer: &str) -> Manner {
    Manner::Says(answer.as_bytes().to_vec())
}

fn post() -> Request {
    let headers = vec![("jigap-device", "d".to_owned()), ("jigap-signature", "s".to_owned())];
    Request {
        method: "POST",
        path: "/v1/payments?a=1".to_owned(),
        headers,
        body: b"{\"key\":1}".to_vec(),
        patience_ms: None,
    }
}

/// Patient enough for a busy machine, and no more.
fn address(url: &str, roots_pem: &[u8]) -> Address {
    let (connect_timeout, timeout) = (Duration::from_secs(2), Duration::from_secs(3));
    Address { connect_timeout, timeout, ..Address::new(url, roots_pem) }
}

fn send(server: &Server, roots: &Authority, pins: &[Digest]) -> Result<Response, SendError> {
    let address = Address { pins: pins.to_vec(), ..address(&server.address, &roots.pem()) };
    HttpsTransport::new(&address).unwrap().send(&post())
}

#[test]
fn the_right_server_hears_exactly_what_is_sent() {
    let authority = Authority::new();
    let server = Server::start(authority.for_this_machine(), ok(b"{}"));
    let answer = send(&server, &authority, &[]).unwrap();
    assert_eq!(
        (answer.status, answer.server_ms, answer.body.as_slice()),
        (200, Some(1_700_000_000_123), b"{}".as_slice())
    );
    let heard = server.heard.lock().unwrap().clone();
    let [request] = &heard[..] else { panic!("{heard:?}") };
    assert!(request.starts_with("POST /v1/payments?a=1 HTTP/1.1\r\n") && request.ends_with("\r\n\r\n{\"key\":1}"));
    assert!(request.contains("jigap-device: d\r\n") && request.contains("jigap-signature: s\r\n"));
    assert!(!request.to_ascii_lowercase().contains("user-agent"), "it does not say what it is made of");
}

#[test]
fn a_server_that_cannot_prove_itself_hears_nothing() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let now = SystemTime::now();
    let mut expired = params(&["127.0.0.1"]);
    (expired.not_before, expired.not_after) = ((now - 9 * DAY).into(), (now - DAY).into());
    let mut future = params(&["127.0.0.1"]);
    (future.not_before, future.not_after) = ((now + DAY).into(), (now + 9 * DAY).into());
    let mut authority_itself = params(&["127.0.0.1"]);
    authority_itself.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let self_signed = |params: &CertificateParams| {
        let key = KeyPair::generate().unwrap();
        Identity { chain: vec![params.self_signed(&key).unwrap().der().clone()], key }
    };
    let cases = [
        ("another authority", stranger.for_this_machine()),
        ("expired", authority.sign(&expired)),
        ("not valid yet", authority.sign(&future)),
        ("another host", authority.sign(&params(&["gateway.example", "127.0.0.2"]))),
        ("no name", authority.sign(&params(&[]))),
        ("signed by itself", self_signed(&params(&["127.0.0.1"]))),
        ("signed by itself as an authority", self_signed(&authority_itself)),
    ];
    for (name, identity) in cases {
        let server = Server::start(identity, ok(b"{}"));
        assert_eq!(send(&server, &authority, &[]).unwrap_err(), SendError::Untrusted, "{name}");
        assert_eq!((server.heard(), server.connections.load(Ordering::SeqCst)), (0, 1), "{name}");
    }
}

#[test]
fn no_roots_trust_nobody() {
    let server = Server::start(Authority::new().for_this_machine(), ok(b"{}"));
    match HttpsTransport::new(&address(&server.address, b"")) {
        Ok(transport) => assert_eq!(transport.send(&post()).unwrap_err(), SendError::Untrusted),
        Err(error) => assert_eq!(error.code(), Code::ArgumentInvalid),
    }
    let garbage = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let error = HttpsTransport::new(&address(&server.address, garbage)).unwrap_err();
    assert_eq!((error.code(), error.field("field")), (Code::ArgumentInvalid, Some("roots".into())));
    assert_eq!(server.heard(), 0);
}

#[test]
fn a_pin_can_only_make_it_stricter() {
    let authority = Authority::new();
    let spare = KeyPair::generate().unwrap();
    let spare = Digest::of(&spare.subject_public_key_info());
    type Pins = fn(&Identity, Digest) -> Vec<Digest>;
    let cases: [(&str, Pins, bool); 4] = [
        ("no pins", |_, _| vec![], true),
        ("the right pin", |identity, _| vec![identity.pin()], true),
        ("the backup pin is the right one", |identity, spare| vec![spare, identity.pin()], true),
        ("only a pin of a key not in use", |_, spare| vec![spare], false),
    ];
    for (name, pins, trusted) in cases {
        let identity = authority.for_this_machine();
        let pins = pins(&identity, spare);
        let server = Server::start(identity, ok(b"{}"));
        let sent = send(&server, &authority, &pins);
        assert_eq!(sent.map(|answer| answer.status).ok(), trusted.then_some(200), "{name}");
        assert_eq!(server.heard(), usize::from(trusted), "{name}");
    }
    // The pinned key, but of an authority that is not ours.
    let identity = Authority::new().for_this_machine();
    let pins = [identity.pin()];
    let server = Server::start(identity, ok(b"{}"));
    assert_eq!(send(&server, &authority, &pins).unwrap_err(), SendError::Untrusted);
    assert_eq!(server.heard(), 0);
}

#[test]
fn a_pinned_intermediate_counts_where_it_signs_and_nowhere_else() {
    let root = Authority::new();
    let (key, mut params) = (KeyPair::generate().unwrap(), params(&[]));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.distinguished_name.push(rcgen::DnType::CommonName, "in between");
    let certificate = params.signed_by(&key, &root.issuer).unwrap();
    let pins = [Digest::of(&key.subject_public_key_info())];
    let between = Authority { issuer: Issuer::new(params, key), certificate };
    let chained = || {
        let mut identity = between.for_this_machine();
        identity.chain.push(between.certificate.der().clone());
        identity
    };
    let server = Server::start(chained(), ok(b"{}"));
    assert_eq!(send(&server, &root, &pins).unwrap().status, 200);
    // Signed by the root alone. The pinned certificates are public: sending one along proves nothing.
    let right = chained();
    for stolen in [vec![between.certificate.der().clone()], right.chain.clone()] {
        for pins in [pins.to_vec(), vec![right.pin()]] {
            let mut impostor = root.for_this_machine();
            impostor.chain.extend(stolen.clone());
            let server = Server::start(impostor, ok(b"{}"));
            assert_eq!(send(&server, &root, &pins).unwrap_err(), SendError::Untrusted);
            assert_eq!(server.heard(), 0);
        }
    }
}

/// R3: only building, name look-up, connecting and TLS are "surely not sent".
#[test]
fn what_surely_did_not_leave_is_told_from_what_may_have() {
    let authority = Authority::new();
    let surely_not = |url: &str| {
        let transport = HttpsTransport::new(&address(url, &authority.pem())).unwrap();
        transport.send(&post()).unwrap_err()
    };
    // Nobody listens there.
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_eq!(surely_not(&format!("https://{nobody}")), SendError::Unreachable);
    assert_eq!(surely_not("https://no-such-host.invalid"), SendError::Unreachable);
    // Somebody does, and closes at once, or says nothing, or speaks no TLS.
    let closes = Server::listen(|socket, _| drop(socket));
    assert_eq!(surely_not(&closes.address), SendError::Unreachable);
    let silent = Server::listen(|_socket, _| std::thread::sleep(Duration::from_secs(9)));
    assert_eq!(surely_not(&silent.address), SendError::Unreachable);
    let plain = Server::listen(|mut socket, heard| {
        let mut some = [0; 4096];
        let count = socket.read(&mut some).unwrap();
        heard.lock().unwrap().push(String::from_utf8_lossy(&some[..count]).into_owned());
        let _ = socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
    });
    assert_eq!(surely_not(&plain.address), SendError::Untrusted);
    let heard = plain.heard.lock().unwrap().join("");
    assert!(!heard.contains("POST") && !heard.contains("payments") && !heard.contains("key"));

    // From here on the server has the whole request: whatever comes or does not come, nothing is known.
    let cases = [
        ("closed after the body", Manner::HangsUp),
        ("no answer in time", Manner::Sleeps),
        ("closed in the head", says("HTTP/1.1 200 OK\r\ncontent-le")),
        ("closed in the body", says("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"key\"")),
        ("closed in a chunk", says("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n20\r\n{\"key\"")),
        ("no HTTP", says("SSH-2.0-OpenSSH_9.6\r\n")),
        ("too much", ok(&vec![b' '; MAX_BODY + 1])),
        ("endless", Manner::Says(endless())),
    ];
    for (name, manner) in cases {
        let server = Server::start(authority.for_this_machine(), manner);
        assert_eq!(send(&server, &authority, &[]).unwrap_err(), SendError::Unknown, "{name}");
        assert_eq!((server.heard(), server.connections.load(Ordering::SeqCst)), (1, 1), "sent once: {name}");
    }
    let server = Server::start(authority.for_this_machine(), ok(&vec![b' '; MAX_BODY]));
    assert_eq!(send(&server, &authority, &[]).unwrap().body.len(), MAX_BODY);
}

/// Chunks without an announced end.
fn endless() -> Vec<u8> {
    let mut bytes = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..MAX_BODY / 4096 + 2 {
        bytes.extend_from_slice(b"1000\r\n");
        bytes.extend_from_slice(&[b' '; 0x1000]);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

#[test]
fn nothing_is_followed_and_nothing_is_sent_twice() {
    let authority = Authority::new();
    let target = Server::start(authority.for_this_machine(), ok(b"{}"));
    for status in [301, 302, 303, 307, 308] {
        let location = format!("location: {}/v1/payments\r\n", target.address);
        let answer = format!("HTTP/1.1 {status} Elsewhere\r\n{location}content-length: 0\r\n\r\n");
        let server = Server::start(authority.for_this_machine(), says(&answer));
        assert_eq!(send(&server, &authority, &[]).unwrap().status, status);
        assert_eq!((server.heard(), target.heard()), (1, 0), "{status}");
    }
    for status in [408, 425, 429, 500, 503] {
        let answer = format!("HTTP/1.1 {status} Later\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n");
        let server = Server::start(authority.for_this_machine(), says(&answer));
        assert_eq!(send(&server, &authority, &[]).unwrap().status, status);
        assert_eq!((server.heard(), server.connections.load(Ordering::SeqCst)), (1, 1), "{status}");
    }
}

#[test]
fn a_connection_that_was_kept_and_died_is_not_used_behind_our_back() {
    let authority = Authority::new();
    let server = Server::start(authority.for_this_machine(), ok(b"{}"));
    let transport = HttpsTransport::new(&address(&server.address, &authority.pem())).unwrap();
    for count in 1..=5 {
        // Whether the dead one is noticed before or while sending: each send is at most one request.
        match transport.send(&post()) {
            Ok(answer) => assert_eq!(answer.status, 200),
            Err(error) => assert_eq!(error, SendError::Unknown),
        }
        assert!(server.heard() <= count);
    }
}

#[test]
fn an_address_is_https_and_nothing_but_a_host() {
    let roots = Authority::new().pem();
    let bad = [
        "http://127.0.0.1:1",
        "ftp://127.0.0.1",
        "https://user@127.0.0.1",
        "https://user:secret@127.0.0.1",
        "https://127.0.0.1/v1",
        "https://127.0.0.1/?a=1",
        "https://",
        "127.0.0.1:443",
        "",
    ];
    for url in bad {
        let error = HttpsTransport::new(&address(url, &roots)).unwrap_err();
        assert_eq!((error.code(), error.field("field")), (Code::ArgumentInvalid, Some("url".into())), "{url}");
    }
    assert!(HttpsTransport::new(&address("https://gateway.example", &roots)).is_ok());
}
