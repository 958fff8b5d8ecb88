//! Actions about payments: from a scanned code to a durable intent.

use crate::app::herald::Change;
use crate::app::inner::Inner;
use crate::app::views::{Checkout, HistoryPage, PaymentView, PreviewView};
use crate::code::{self, Verdict};
use crate::crypto::{Blob, Digest};
use crate::error::{Code, Error, Result};
use crate::gateway::wire::{CheckoutRequest, PayRequest};
use crate::id::Id;
use crate::money::Money;
use crate::network::Network;
use crate::payment::{Effect, Event, Preview, Proof, Record};
use crate::store::{Cursor, TaskKind};

/// The most payments one page of history holds.
const PAGE: u32 = 200;

impl Inner {
    /// Reads a scanned text by the rules in force; its own expiry is held against the server's time.
    pub(super) fn read(&self, text: &str) -> Result<code::Reading> {
        let situation = code::Situation { now: Some(self.now()), region: None };
        Ok(code::read_at(text, self.config()?.rules(), &situation))
    }

    /// Resolves a scanned code into terms and freezes them. Nothing leaves before the consent is there.
    pub(super) fn prepare(&self, checkout: Checkout) -> Result<PreviewView> {
        self.may_pay()?;
        let reading = self.read(&checkout.code)?;
        let network = chosen(&reading.verdict, checkout.network)?;
        let amount = payable(&reading.facts, checkout.amount)?;
        let network_name = self.config()?.network(network)?.display.clone();
        // Asked here too: it refuses before anything moves. The call asks again, and uses the consent up.
        drop(self.consent::<CheckoutRequest>(network)?);
        self.upload_consents()?;
        let device = self.enrolment()?.device;
        let nonce = Id::random(self.random.as_ref())?;
        let code = Digest::of(checkout.code.as_bytes());
        let answer = self.client.checkout(device, || self.consent(network), nonce, checkout.code, amount);
        let terms = self.heard(answer.map_err(|error| self.consent_refused(network, error))?);
        let differs = |field: &'static str| Error::new(Code::QuoteInconsistent).with("field", field);
        if terms.network != network || terms.code != code {
            return Err(differs("code"));
        }
        if terms.home.currency() != self.config()?.home() {
            return Err(differs("home"));
        }
        // A fee the code asks for comes on top; without one, the order has to be for what the code says.
        let asked = amount.or(reading.facts.amount).filter(|_| reading.facts.fee.is_none());
        if asked.is_some_and(|asked| asked != terms.amount) {
            return Err(differs("amount"));
        }
        let now = self.now();
        let preview = Preview::new(terms, now, self.random.as_ref())?;
        self.store.write(|tx| tx.keep_preview(&preview, now))?;
        Ok(PreviewView::new(&preview, &network_name, device, now))
    }

    /// R1: commits the intent to pay exactly what a preview showed. Key and bytes are on disk before this returns, and
    /// nothing is sent before that. The same preview, or the same order, gives the same payment (R6).
    pub(super) fn pay(&self, preview: Id, proof: Proof) -> Result<PaymentView> {
        if let Some(existing) = self.store.read(|view| view.payment_of_preview(preview))? {
            return Ok(PaymentView::new(&existing));
        }
        self.may_pay()?;
        let preview = self.store.read(|view| view.preview(preview))?.ok_or(Code::PreviewUnknown)?;
        let enrolment = self.enrolment()?;
        preview.verify(enrolment.device, &enrolment.user_key, &proof)?;
        let now = self.now();
        let consent = self.consent::<PayRequest>(preview.terms.network)?;
        let (record, effects) = Record::intend(&preview, consent, Id::random(self.random.as_ref())?, now)?;
        let bytes = request_bytes(&preview, &record, proof)?;
        if planted!(SendBeforePersist) {
            let request = self.client.payment_request(enrolment.device, bytes.clone())?;
            let _ = self.client.pay(self.consent(preview.terms.network)?, record.payment.key, &request);
        }
        let record = self.store.write(|tx| {
            // Looked up again inside the transaction: two taps race to here.
            let same = match tx.payment_of_preview(preview.id)? {
                None => tx.payment_of_order(preview.terms.order)?,
                found => found,
            };
            if let Some(existing) = same {
                return Ok(existing);
            }
            tx.put_payment(&record, Some(&bytes))?;
            if effects.contains(&Effect::Send) && !planted!(TaskForgotten) {
                tx.owe(TaskKind::Send, &record.payment.key.0, now)?;
            }
            Ok(record)
        })?;
        self.herald.tell(Change::Payment(record.payment.key));
        self.wake.up();
        Ok(PaymentView::new(&record))
    }

    /// Commits what the user wants of a payment: the state and the debt are on disk before anything leaves (§6.4).
    pub(super) fn wish(&self, id: Id, event: &Event) -> Result<PaymentView> {
        self.feed(id, event)?;
        self.payment(id)
    }

    pub(super) fn payment(&self, id: Id) -> Result<PaymentView> {
        let record = self.store.read(|view| view.payment(id))?.ok_or(Code::PaymentUnknown)?;
        Ok(PaymentView::new(&record))
    }

    pub(super) fn history(&self, before: Option<Cursor>, limit: u32) -> Result<HistoryPage> {
        let limit = limit.clamp(1, PAGE);
        let rows = self.store.read(|view| view.history(before, limit))?;
        let full = u32::try_from(rows.len()) == Ok(limit);
        let next = rows.last().filter(|_| full).map(|(cursor, _)| *cursor);
        Ok(HistoryPage { payments: rows.iter().map(|(_, record)| PaymentView::new(record)).collect(), next })
    }
}

/// The network that is to carry it: the one that can, or the one the user chose among several.
fn chosen(verdict: &Verdict, choice: Option<Network>) -> Result<Network> {
    let candidates: &[Network] = match verdict {
        Verdict::Payable { network } => std::slice::from_ref(network),
        Verdict::NeedsChoice { networks } => networks,
        _ => &[],
    };
    let wrong = |network: Network| Error::new(Code::CodeUnsupported).with("network", network);
    match (choice, candidates) {
        (_, []) => Err(verdict.error().unwrap_or_else(|| Error::new(Code::CodeNotPayable))),
        (None, [only]) => Ok(*only),
        (None, _) => Err(verdict.error().unwrap_or_else(|| Error::new(Code::NetworkChoiceNeeded))),
        (Some(network), some) => some.contains(&network).then_some(network).ok_or_else(|| wrong(network)),
    }
}

/// What is asked of the gateway: the typed amount where the code has none. An amount in the code cannot be changed
/// (EMVCo MPM §4.7.4).
fn payable(facts: &code::Facts, typed: Option<Money>) -> Result<Option<Money>> {
    match (facts.amount, typed) {
        (Some(fixed), Some(typed)) if fixed != typed => Err(Error::new(Code::AmountFixed)),
        (Some(_), _) => Ok(None),
        (None, Some(typed)) if !typed.is_positive() => Err(Error::new(Code::AmountInvalid)),
        (None, Some(typed)) if facts.currency.is_some_and(|currency| currency != typed.currency()) => {
            Err(Error::new(Code::AmountInvalid).with("field", "currency"))
        }
        // A code that names its currency but no amount leaves the amount to the user.
        (None, None) if facts.currency.is_some() => Err(Error::new(Code::AmountNeeded)),
        (None, typed) => Ok(typed),
    }
}

fn request_bytes(preview: &Preview, record: &Record, proof: Proof) -> Result<Vec<u8>> {
    let body = PayRequest {
        key: record.payment.key,
        digest: preview.terms.digest(),
        terms: preview.terms.clone(),
        nonce: Blob(preview.nonce.to_vec()),
        proof,
        consent: record.consent().ok_or(Code::Internal)?,
    };
    serde_json::to_vec(&body).map_err(|_| Error::new(Code::Internal).with("part", "json"))
}
