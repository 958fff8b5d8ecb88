//! The client: one method a call of `docs/gateway.md`. Calls that let data reach a network take the consent for it.

use crate::consent::{EffectiveConsent, Signed, SignedEvent};
use crate::crypto::{Blob, PublicKey};
use crate::error::{Code, Error, Result};
use crate::gateway::transport::{Request, Response, SendError, Transport};
use crate::gateway::wire::{
    CheckoutRequest, CheckoutResponse, CodeStatus, CodesRequest, CodesResponse, ConsentReceived, ConsentUpload,
    DEVICE_HEADER, EnrolRequest, EnrolResponse, IssuedCode, PayRequest, Refusal, SIGNATURE_HEADER, request_to_sign,
};
use crate::id::Id;
use crate::money::Money;
use crate::network::Network;
use crate::payment::{Answer, Event, Terms, UnsentReason};
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

    /// Resolves a scanned code into terms. The raw text goes up; `nonce` makes a repeat the same order.
    ///
    /// # Errors
    /// The gateway's refusals, the vault's and the transport's.
    pub fn checkout(
        &self,
        device: Id,
        consent: EffectiveConsent<CheckoutRequest>,
        nonce: Id,
        code: String,
        amount: Option<Money>,
    ) -> Result<Timed<Terms>> {
        let (network, consent) = (consent.network(), consent.record());
        let body = CheckoutRequest { nonce, network, code, amount, consent };
        let answer: Timed<CheckoutResponse> = self.post(device, "/v1/checkouts", &body)?;
        Ok(Timed { value: answer.value.terms, server: answer.server })
    }

    /// Fetches codes to show.
    ///
    /// # Errors
    /// The gateway's refusals, the vault's and the transport's.
    pub fn codes(
        &self,
        device: Id,
        consent: EffectiveConsent<CodesRequest>,
        nonce: Id,
        region: String,
        quantity: u8,
    ) -> Result<Timed<Vec<IssuedCode>>> {
        let (network, consent) = (consent.network(), consent.record());
        let body = CodesRequest { nonce, network, region, quantity, consent };
        let answer: Timed<CodesResponse> = self.post(device, "/v1/codes", &body)?;
        Ok(Timed { value: answer.value.codes, server: answer.server })
    }

    /// What became of a shown code. Goes to the gateway only.
    ///
    /// # Errors
    /// The vault's and the transport's.
    pub fn code_status(&self, device: Id, code: Id) -> Result<Timed<CodeStatus>> {
        self.get(device, &format!("/v1/codes/{code}"))
    }

    /// Sends a payment's stored bytes. Whatever happens is an event for the payment's machine; nothing is an error.
    pub fn pay(&self, device: Id, consent: EffectiveConsent<PayRequest>, key: Id, bytes: Vec<u8>) -> Asked {
        // The consent has done its work by being here: the bytes name its record already.
        drop(consent);
        let sent = self.sign(device, "POST", "/v1/payments", bytes).map(|request| self.transport.send(&request));
        let event = |event| Timed { value: event, server: None };
        match sent {
            // The vault did not sign: nothing can have left.
            Err(_) => event(Event::NotSent(UnsentReason::Unsigned)),
            Ok(Err(SendError::Unreachable)) => event(Event::NotSent(UnsentReason::Unreachable)),
            Ok(Err(SendError::Untrusted)) => event(Event::NotSent(UnsentReason::Untrusted)),
            Ok(Err(SendError::Unknown)) => event(Event::Lost),
            Ok(Ok(response)) => {
                let server = response.server_ms.map(ServerMs);
                let answer = (response.status == 200).then(|| serde_json::from_slice::<Answer>(&response.body).ok());
                let value = answer.flatten().filter(|a| a.key == key).map_or(Event::Lost, Event::Answered);
                Timed { value, server }
            }
        }
    }

    /// Asks what became of a payment. Goes to the gateway only, and changes nothing there.
    pub fn ask(&self, device: Id, key: Id) -> Asked {
        let request = self.sign(device, "GET", &format!("/v1/payments/{key}"), Vec::new());
        let Some(response) = request.ok().and_then(|request| self.transport.send(&request).ok()) else {
            return Timed { value: Event::AskFailed, server: None };
        };
        let server = response.server_ms.map(ServerMs);
        let value = match response.status {
            200 => serde_json::from_slice::<Answer>(&response.body)
                .ok()
                .filter(|answer| answer.key == key)
                .map_or(Event::AskFailed, Event::Answered),
            // Only the contract's own word counts: a 404 of some box on the way says nothing.
            404 if refusal(&response) == "NOT_SEEN" => Event::NotSeen,
            _ => Event::AskFailed,
        };
        Timed { value, server }
    }

    fn sign(&self, device: Id, method: &'static str, path: &str, body: Vec<u8>) -> Result<Request> {
        let signature = self.vault.sign(&request_to_sign(method, path, device, &body))?;
        let headers = vec![(DEVICE_HEADER, device.to_string()), (SIGNATURE_HEADER, STANDARD.encode(&signature.0.0))];
        Ok(Request { method, path: path.to_owned(), headers, body })
    }

    fn get<T: DeserializeOwned>(&self, device: Id, path: &str) -> Result<Timed<T>> {
        let request = self.sign(device, "GET", path, Vec::new())?;
        self.call(&request)
    }

    fn post<T: DeserializeOwned>(&self, device: Id, path: &str, body: &impl Serialize) -> Result<Timed<T>> {
        let body = serde_json::to_vec(body).map_err(|_| Error::new(Code::Internal).with("part", "json"))?;
        let request = self.sign(device, "POST", path, body)?;
        self.call(&request)
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

/// The contract's word for a refusal, as `docs/gateway.md` lists them.
fn refusal(response: &Response) -> String {
    serde_json::from_slice::<Refusal>(&response.body).map(|refusal| refusal.error).unwrap_or_default()
}

const REFUSALS: [(&str, Code); 15] = [
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
