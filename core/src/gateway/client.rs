//! The client: one method a call of `docs/gateway.md`. Calls that let data reach a network take the consent for it.

use crate::consent::{EffectiveConsent, Signed, SignedEvent};
use crate::crypto::{Blob, Digest, PublicKey};
use crate::error::{Code, Error, Result};
use crate::gateway::transport::{Request, Response, SendError, Transport};
use crate::gateway::wire::{
    CancelRequest, ChainReceived, ChainReport, CheckoutRequest, CheckoutResponse, CodeStatus, CodesRequest,
    CodesResponse, ConsentReceived, ConsentUpload, DEVICE_HEADER, Done, EnrolRequest, EnrolResponse, HistoryResponse,
    IssuedCode, KeysKept, PayRequest, RefundRequest, Refusal, SIGNATURE_HEADER, Statement, VoidRequest,
    request_to_sign,
};
use crate::id::Id;
use crate::money::Money;
use crate::network::Network;
use crate::payment::{Answer, CancelBy, Event, Terms, UnsentReason};
use crate::present::offline::{KeysRequest, KeysResponse};
use crate::time::ServerMs;
use crate::vault::Vault;
use crate::wallet::Balance;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// Speaks with the gateway as one device.
pub struct Client {
    transport: Arc<dyn Transport>,
    vault: Arc<dyn Vault>,
}

/// An answer with the time the server gave with it.
#[derive(Debug)]
pub struct Timed<T> {
    /// What was answered.
    pub value: T,
    /// The server's time.
    pub server: Option<ServerMs>,
}

/// What asking about a payment gave.
type Asked = Timed<Event>;

impl Client {
    /// A client over this transport; requests are signed by this vault's device key.
    pub fn new(transport: Arc<dyn Transport>, vault: Arc<dyn Vault>) -> Self {
        Self { transport, vault }
    }

    /// Makes this device known. Carries no data to any network.
    ///
    /// # Errors
    /// [`Code::EnrolmentRefused`], the vault's and the transport's.
    pub fn enrol(&self, user_token: String, user_key: PublicKey) -> Result<Timed<EnrolResponse>> {
        let body = EnrolRequest { user_token, device_key: self.vault.device_key()?, user_key };
        self.post(Id([0; 16]), "/v1/enrol", &body)
    }

    /// The configuration in force.
    ///
    /// # Errors
    /// The vault's and the transport's.
    pub fn config(&self, device: Id) -> Result<Timed<Signed>> {
        self.get(device, "/v1/config")
    }

    /// A network's consent document for one purpose.
    ///
    /// # Errors
    /// The vault's and the transport's.
    pub fn document(&self, device: Id, network: Network, purpose: &str) -> Result<Timed<Signed>> {
        self.get(device, &format!("/v1/consent-documents/{network}/{purpose}"))
    }

    /// What the user has.
    ///
    /// # Errors
    /// The vault's and the transport's.
    pub fn balance(&self, device: Id) -> Result<Timed<Balance>> {
        self.get(device, "/v1/balance")
    }

    /// Brings a consent event to the gateway. The same event twice is one.
    ///
    /// # Errors
    /// The vault's and the transport's; [`Code::GatewayAnswer`] when another event was acknowledged.
    pub fn upload_consent(&self, device: Id, event: &SignedEvent, log_size: u64) -> Result<Timed<ConsentReceived>> {
        let body = ConsentUpload { event: Blob(event.bytes.clone()), signature: event.signature.clone(), log_size };
        let received: Timed<ConsentReceived> = self.post(device, "/v1/consents", &body)?;
        if received.value.record == event.hash() { Ok(received) } else { Err(Error::new(Code::GatewayAnswer)) }
    }

    /// Resolves a scanned code into terms. The raw text goes up; `nonce` makes a repeat the same order. The gate is asked
    /// twice: for the record that the body names, and again when the vault, which may take seconds, has signed it.
    ///
    /// # Errors
    /// The gate's, the gateway's refusals, the vault's and the transport's.
    pub fn checkout(
        &self,
        device: Id,
        gate: impl Fn() -> Result<EffectiveConsent<CheckoutRequest>>,
        nonce: Id,
        code: String,
        amount: Option<Money>,
    ) -> Result<Timed<Terms>> {
        let consent = gate()?;
        let (network, consent) = (consent.network(), consent.record());
        let body = CheckoutRequest { nonce, network, code, amount, consent };
        let request = self.request(device, "/v1/checkouts", &body)?;
        let answer: Timed<CheckoutResponse> = self.call_abroad(&request, same(gate, consent)?)?;
        Ok(Timed { value: answer.value.terms, server: answer.server })
    }

    /// Fetches codes to show. The gate is asked as in [`Client::checkout`].
    ///
    /// # Errors
    /// The gate's, the gateway's refusals, the vault's and the transport's.
    pub fn codes(
        &self,
        device: Id,
        gate: impl Fn() -> Result<EffectiveConsent<CodesRequest>>,
        nonce: Id,
        region: String,
        quantity: u8,
        patience_ms: u32,
    ) -> Result<Timed<Vec<IssuedCode>>> {
        let consent = gate()?;
        let (network, consent) = (consent.network(), consent.record());
        let body = CodesRequest { nonce, network, region, quantity, consent };
        let mut request = self.request(device, "/v1/codes", &body)?;
        // Somebody stands at a till: a code without network is better than one that comes late.
        request.patience_ms = Some(patience_ms);
        let answer: Timed<CodesResponse> = self.call_abroad(&request, same(gate, consent)?)?;
        Ok(Timed { value: answer.value.codes, server: answer.server })
    }

    /// Tells that nobody is to use a code any more. Goes to the gateway only.
    ///
    /// # Errors
    /// The vault's and the transport's.
    pub fn void_code(&self, device: Id, code: Id) -> Result<Timed<Done>> {
        self.post(device, "/v1/codes/void", &VoidRequest { codes: vec![code] })
    }

    /// Asks for keys for codes without network. Goes to the gateway only: nothing reaches a network before a shop scans.
    ///
    /// # Errors
    /// [`Code::StoreDamaged`] when the gateway has seen newer keys on this phone than it holds now; the vault's and the
    /// transport's.
    pub fn offline_keys(&self, device: Id, request: &KeysRequest) -> Result<Timed<KeysResponse>> {
        self.post(device, "/v1/offline-keys", request)
    }

    /// Tells that keys are on disk.
    ///
    /// # Errors
    /// The vault's and the transport's.
    pub fn keys_kept(&self, device: Id, request: Id) -> Result<Timed<Done>> {
        self.post(device, "/v1/offline-keys/kept", &KeysKept { request })
    }

    /// Tells how far this device's chain has come, and hears how far the gateway has seen it. None: this gateway keeps no
    /// such record.
    ///
    /// # Errors
    /// The vault's and the transport's.
    pub fn chain(&self, device: Id, report: &ChainReport) -> Result<Option<Timed<ChainReceived>>> {
        match self.post(device, "/v1/chain", report) {
            Err(error) if error.field("status") == Some(404i64.into()) => Ok(None),
            answer => answer.map(Some),
        }
    }

    /// What became of a shown code. Goes to the gateway only.
    ///
    /// # Errors
    /// The vault's and the transport's.
    pub fn code_status(&self, device: Id, code: Id) -> Result<Timed<CodeStatus>> {
        self.get(device, &format!("/v1/codes/{code}"))
    }

    /// Signs a payment's stored bytes: before the gate is asked, since the vault may take seconds.
    ///
    /// # Errors
    /// The vault's; then nothing can have left.
    pub fn payment_request(&self, device: Id, bytes: Vec<u8>) -> Result<Request> {
        self.sign(device, "POST", "/v1/payments", bytes)
    }

    /// Sends a payment's signed bytes. Whatever happens is an event for the payment's machine; nothing is an error.
    pub fn pay(&self, consent: EffectiveConsent<PayRequest>, key: Id, request: &Request) -> Asked {
        // The consent has done its work by being here: the bytes name its record already.
        drop(consent);
        let not_sent = |reason| Timed { value: Event::NotSent(reason), server: None };
        // R3: what surely did not leave is told from what may have.
        match self.transport.send(request) {
            Err(SendError::Unreachable) => not_sent(UnsentReason::Unreachable),
            Err(SendError::Untrusted) => not_sent(UnsentReason::Untrusted),
            Err(SendError::Unknown) => Timed { value: Event::Lost, server: None },
            Ok(response) => heard(&response, key, Event::Lost, Event::Refused),
        }
    }

    /// Asks what became of a payment. Goes to the gateway only, and changes nothing there.
    pub fn ask(&self, device: Id, key: Id) -> Asked {
        let request = self.sign(device, "GET", &format!("/v1/payments/{key}"), Vec::new());
        let Some(response) = request.ok().and_then(|request| self.transport.send(&request).ok()) else {
            return Timed { value: Event::AskFailed, server: None };
        };
        // R5: only the contract's own word counts; a 404 of some box on the way says nothing.
        if response.status == 404 && refusal(&response) == "NOT_SEEN" {
            return Timed { value: Event::NotSeen, server: response.server_ms.map(ServerMs) };
        }
        heard(&response, key, Event::AskFailed, Event::AskFailed)
    }

    /// Tells the gateway that a payment is to be cancelled. No network hears of the user by it: no consent is needed.
    pub fn cancel(&self, device: Id, key: Id, by: CancelBy) -> Asked {
        let body = CancelRequest::of(key, by).and_then(|body| json(&body));
        self.wish(device, key, "cancel", body, [Event::CancelFailed, Event::CancelRefused])
    }

    /// Tells the gateway that the user wants the money back.
    pub fn request_refund(&self, device: Id, key: Id) -> Asked {
        let body = RefundRequest::of(key).and_then(|body| json(&body));
        self.wish(device, key, "refund", body, [Event::RefundFailed, Event::RefundRefused])
    }

    /// What changed in the user's payments after this number.
    ///
    /// # Errors
    /// The vault's and the transport's.
    pub fn history(&self, device: Id, since: u64) -> Result<Timed<HistoryResponse>> {
        self.get(device, &format!("/v1/history?since={since}"))
    }

    /// What moved from `from` until just before `until`.
    ///
    /// # Errors
    /// The vault's and the transport's.
    pub fn statement(&self, device: Id, from: ServerMs, until: ServerMs) -> Result<Timed<Statement>> {
        self.get(device, &format!("/v1/statement?from={}&until={}", from.0, until.0))
    }

    fn wish(&self, device: Id, key: Id, what: &str, body: Result<Vec<u8>>, [failed, refused]: [Event; 2]) -> Asked {
        let sent = body.and_then(|body| self.tell(device, &format!("/v1/payments/{key}/{what}"), body));
        match sent {
            Ok(Ok(response)) => heard(&response, key, failed, refused),
            Ok(Err(_)) | Err(_) => Timed { value: failed, server: None },
        }
    }

    fn tell(&self, device: Id, path: &str, body: Vec<u8>) -> Result<Result<Response, SendError>> {
        Ok(self.transport.send(&self.sign(device, "POST", path, body)?))
    }

    fn sign(&self, device: Id, method: &'static str, path: &str, body: Vec<u8>) -> Result<Request> {
        let signature = self.vault.sign(&request_to_sign(method, path, device, &body))?;
        let headers = vec![(DEVICE_HEADER, device.to_string()), (SIGNATURE_HEADER, STANDARD.encode(&signature.0.0))];
        Ok(Request { method, path: path.to_owned(), headers, body, patience_ms: None })
    }

    fn get<T: DeserializeOwned>(&self, device: Id, path: &str) -> Result<Timed<T>> {
        let request = self.sign(device, "GET", path, Vec::new())?;
        self.call(&request)
    }

    fn post<T: DeserializeOwned>(&self, device: Id, path: &str, body: &impl Serialize) -> Result<Timed<T>> {
        self.call(&self.request(device, path, body)?)
    }

    fn request(&self, device: Id, path: &str, body: &impl Serialize) -> Result<Request> {
        self.sign(device, "POST", path, json(body)?)
    }

    /// A call that lets data reach a network, and uses the consent up.
    fn call_abroad<T: DeserializeOwned, C>(&self, request: &Request, consent: EffectiveConsent<C>) -> Result<Timed<T>> {
        drop(consent);
        self.call(request)
    }

    fn call<T: DeserializeOwned>(&self, request: &Request) -> Result<Timed<T>> {
        let response = self.transport.send(request).map_err(|error| match error {
            SendError::Unreachable | SendError::Unknown => Error::new(Code::GatewayUnreachable),
            SendError::Untrusted => Error::new(Code::GatewayUntrusted),
        })?;
        if response.status != 200 {
            return Err(refused(&response));
        }
        let value = serde_json::from_slice(&response.body).map_err(|_| Error::new(Code::GatewayAnswer))?;
        Ok(Timed { value, server: response.server_ms.map(ServerMs) })
    }
}

/// The consent in force, if it still is the one that the request names.
fn same<C>(gate: impl Fn() -> Result<EffectiveConsent<C>>, record: Digest) -> Result<EffectiveConsent<C>> {
    let consent = gate()?;
    let gone = || Error::new(Code::ConsentNeeded).with("network", consent.network());
    if consent.record() == record { Ok(consent) } else { Err(gone()) }
}

fn json(body: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(body).map_err(|_| Error::new(Code::Internal).with("part", "json"))
}

/// What an answer about the payment with this key says (R3): only a 200 with its key in it is one. A gateway that is
/// busy says when to come again. One that refuses the request itself will refuse it again. All else says nothing.
fn heard(response: &Response, key: Id, nothing: Event, refused: Event) -> Asked {
    let value = match response.status {
        200 => {
            let answer = serde_json::from_slice::<Answer>(&response.body).ok();
            answer.filter(|answer| answer.key == key).map_or(nothing, Event::Answered)
        }
        429 | 503 => response.retry_after_ms.map_or(nothing, Event::Busy),
        // A time-out, or a request that came too early: these two may go again as they are (RFC 9110, RFC 8470).
        408 | 425 => nothing,
        400..=499 => refused,
        _ => nothing,
    };
    Timed { value, server: response.server_ms.map(ServerMs) }
}

/// The contract's word for a refusal, as `docs/gateway.md` lists them.
fn refusal(response: &Response) -> String {
    serde_json::from_slice::<Refusal>(&response.body).map(|refusal| refusal.error).unwrap_or_default()
}

const REFUSALS: [(&str, Code); 16] = [
    ("CONSENT_MISSING", Code::ConsentNeeded),
    ("TRANSFERS_SUSPENDED", Code::TransfersSuspended),
    ("CODE_UNKNOWN", Code::CodeUnsupported),
    ("CODE_EXPIRED", Code::CodeExpired),
    ("ORDER_CLOSED", Code::OrderClosed),
    ("AMOUNT_NEEDED", Code::AmountNeeded),
    ("AMOUNT_FIXED", Code::AmountFixed),
    ("AMOUNT_INVALID", Code::AmountInvalid),
    ("LIMIT_EXCEEDED", Code::LimitExceeded),
    ("BALANCE_INSUFFICIENT", Code::BalanceInsufficient),
    ("NETWORK_UNKNOWN", Code::NetworkUnknown),
    ("ENROLMENT_REFUSED", Code::EnrolmentRefused),
    ("DEVICE_UNKNOWN", Code::EnrolmentNeeded),
    ("SIGNATURE_INVALID", Code::EnrolmentNeeded),
    ("BUSY", Code::GatewayBusy),
    // The phone was set back to an older state: its keys are put away.
    ("KEYS_SET_BACK", Code::StoreDamaged),
];

fn refused(response: &Response) -> Error {
    let word = refusal(response);
    let known = REFUSALS.iter().find(|(name, _)| *name == word).map(|(_, code)| *code);
    let by_status = match response.status {
        429 | 503 => Code::GatewayBusy,
        500..=599 => Code::GatewayAnswer,
        _ => Code::GatewayRefused,
    };
    Error::new(known.unwrap_or(by_status)).with("status", i64::from(response.status))
}

redacted!(Client);
