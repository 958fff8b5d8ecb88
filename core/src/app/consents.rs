//! Actions about consent: what is asked, what was answered, what is taken back.

use crate::app::herald::Change;
use crate::app::inner::Inner;
use crate::app::views::{
    ConsentAnswer, ConsentChoice, ConsentExport, ConsentRequest, KeptConsent, KeptReason, LogStatus, NetworkView,
    Section,
};
use crate::consent::{
    Acknowledgement, Carries, Confirmation, Document, EffectiveConsent, Event, EventKind, Evidence, Ledger, LogState,
    PAYMENT, Shown, Signed, SignedEvent, Stamp, UserProof, export, page,
};
use crate::crypto::Digest;
use crate::error::{Code, Error, Result};
use crate::id::Id;
use crate::network::Network;
use crate::payment::Proof;
use crate::present::{Code as IssuedCode, CodeEvent, CodeState, Stage};
use crate::store::{Subject, TaskKind, Tx};
use crate::time::ServerMs;
use std::sync::{Arc, PoisonError};

/// What is important has to be at least this large (PIPA decree 17: 9 points).
const LEGIBLE_PT: u32 = 9;

/// Records of payments, and what they were made under, are kept for five years (EFTA 22; decree 12).
const RECORDS_MS: i64 = 5 * 366 * 24 * 3_600_000;

/// An event that is about to stand in the ledger.
enum Draft {
    Presented {
        document: Document,
        shown: Shown,
    },
    Answered {
        document: Document,
        agreed: bool,
        shown: Shown,
        presented: Id,
        proof: Option<UserProof>,
        guardian: Option<Signed>,
    },
    Ended {
        earlier: Event,
        kind: EventKind,
    },
    Acknowledged {
        earlier: Event,
        proof: Acknowledgement,
    },
}

impl Draft {
    fn event(self, stamp: Stamp, head: Option<&SignedEvent>) -> Option<Event> {
        Some(match self {
            Self::Presented { document, shown } => Event::about(&document, EventKind::Presented, shown, stamp, head),
            Self::Answered { document, agreed, shown, presented, proof, guardian } => {
                let kind = if agreed { EventKind::Granted } else { EventKind::Declined };
                Event::about(&document, kind, shown, stamp, head).answering(presented, proof, guardian)
            }
            Self::Ended { earlier, kind } => Event::ending(&earlier, kind, stamp, head?),
            Self::Acknowledged { earlier, proof } => Event::acknowledging(&earlier, proof, stamp, head?),
        })
    }
}

impl Inner {
    /// The gate: the consent that the call needs for this network now, or the error that asks for it.
    pub(super) fn consent<C: Carries>(&self, network: Network) -> Result<EffectiveConsent<C>> {
        let config = self.config()?;
        let description = config.network(network)?;
        if description.suspended.is_some() {
            return Err(Error::new(Code::TransfersSuspended).with("network", network));
        }
        self.ledger()?.effective(network, description.document, self.now())
    }

    /// Every network with whether it is consented to.
    pub(super) fn networks(&self) -> Result<Vec<NetworkView>> {
        let (config, ledger, now) = (self.config()?, self.ledger()?, self.now());
        let view = |n: &crate::config::NetworkConfig| NetworkView {
            network: n.network,
            name: n.display.clone(),
            scan: n.scan.clone(),
            show: n.show.clone(),
            consented: ledger.agreed(n.network, PAYMENT, n.document, now),
            suspended: n.suspended.is_some(),
        };
        Ok(config.networks().iter().map(view).collect())
    }

    /// The document of a network and purpose that is required now: kept, or fetched and verified.
    fn document(&self, network: Network, purpose: &str) -> Result<Document> {
        // Twice: the configuration that says which one is required may itself be out of date.
        for last_try in [false, true] {
            let required = self.required(network, purpose)?;
            if let Some(kept) = self.store.read(|view| view.document(required, &self.trust.controller))? {
                return Ok(kept);
            }
            let signed = self.heard(self.client.document(self.enrolment()?.device, network, purpose)?);
            let document = Document::open(&signed, &self.trust.controller)?;
            let asked_for = (document.digest(), document.network(), document.purpose()) == (required, network, purpose);
            if asked_for {
                self.store.write(|tx| tx.keep_document(&document, &signed))?;
                return Ok(document);
            }
            if !last_try {
                self.refresh_config()?;
            }
        }
        Err(Error::new(Code::ConsentDocumentInvalid).with("part", "digest"))
    }

    fn required(&self, network: Network, purpose: &str) -> Result<Digest> {
        let config = self.config()?;
        let description = config.network(network)?;
        if purpose == PAYMENT {
            return Ok(description.document);
        }
        let found = description.optional.iter().find(|o| o.purpose == purpose).map(|o| o.document);
        found.ok_or_else(|| Error::new(Code::ConsentDocumentChanged).with("network", network))
    }

    /// The document that paying needs, then the optional ones.
    fn documents(&self, network: Network) -> Result<Vec<Document>> {
        let mut all = vec![self.document(network, PAYMENT)?];
        for optional in &self.config()?.network(network)?.optional {
            all.push(self.document(network, &optional.purpose)?);
        }
        Ok(all)
    }

    /// What has to be shown for a network, in a language. What is not agreed to yet is written down as presented, and
    /// what another document or its own term has ended as ended.
    pub(super) fn consent_request(&self, network: Network, locale: &str) -> Result<ConsentRequest> {
        let config = self.config()?;
        let description = config.network(network)?;
        if description.suspended.is_some() {
            return Err(Error::new(Code::TransfersSuspended).with("network", network));
        }
        let (documents, now) = (self.documents(network)?, self.now());
        documents.iter().try_for_each(|document| document.check_at(now))?;
        self.append(network, |ledger| Ok(presentation(ledger, &documents, locale, now)))?;
        let ledger = self.ledger()?;
        let mut choices = Vec::new();
        for document in &documents {
            let (language, text) = document.text(locale).ok_or(Code::ConsentDocumentInvalid)?;
            let section = |(name, text, emphasised): (&'static str, &str, bool)| Section {
                name,
                text: text.to_owned(),
                emphasised,
            };
            choices.push(ConsentChoice {
                document: document.digest(),
                purpose: document.purpose().to_owned(),
                required: document.required(),
                basis: document.basis(),
                locale: language.to_owned(),
                title: text.title.clone(),
                sections: text.sections().into_iter().map(section).collect(),
                recipients: document.recipients().to_vec(),
                granted: ledger.agreed(network, document.purpose(), document.digest(), now),
                presented: presented(&ledger, document.digest()),
                rendered: text.rendered(),
            });
        }
        let controller = documents.first().map(|d| d.controller().to_owned()).unwrap_or_default();
        let mut choices = choices.into_iter();
        let main = choices.next().ok_or(Code::ConsentDocumentInvalid)?;
        Ok(ConsentRequest {
            network,
            network_name: description.display.clone(),
            controller,
            device: self.enrolment()?.device,
            guardian: self.guarded()?,
            main,
            optional: choices.collect(),
        })
    }

    /// Keeps the user's answer, durably, before it returns.
    pub(super) fn answer_consent(&self, answer: ConsentAnswer) -> Result<()> {
        let network = answer.network;
        let (enrolment, guarded, now) = (self.enrolment()?, self.guarded()?, self.now());
        let mut answered = vec![(self.document(network, PAYMENT)?, answer.agreed)];
        let changed = || Error::new(Code::ConsentDocumentChanged).with("network", network);
        if answered.iter().any(|(document, _)| document.digest() != answer.document) {
            return Err(changed());
        }
        for (digest, agreed) in &answer.choices {
            let config = self.config()?;
            let known = config.network(network)?.optional.iter().find(|o| o.document == *digest);
            answered.push((self.document(network, &known.ok_or_else(changed)?.purpose)?, *agreed));
        }
        for (document, agreed) in &answered {
            document.check_at(now)?;
            if *agreed {
                legible(document, &answer.shown)?;
            }
        }
        if guarded && answered.iter().any(|(_, agreed)| *agreed) {
            let Some(signed) = &answer.guardian else {
                return Err(Error::new(Code::GuardianNeeded).with("network", network));
            };
            let confirmation = Confirmation::open(signed, &self.trust.controller)?;
            let mut agreed = answered.iter().filter(|(_, agreed)| *agreed);
            agreed.try_for_each(|(d, _)| confirmation.covers(enrolment.device, d.digest(), now))?;
        }
        let shown_to_us = answer.shown.rendered;
        self.append(network, |ledger| {
            let mut drafts = Vec::new();
            let mut said = Vec::new();
            for (document, agreed) in &answered {
                // An answer to what was never on screen is none.
                let presented = presented(ledger, document.digest());
                said.push((presented.unwrap_or(Id([0; 16])), document.digest(), *agreed));
            }
            let proof = answer.proof.as_ref();
            let proof = proof.map(|proof| {
                proven(ledger, proof, &UserProof::challenge(enrolment.device, network, &said), |bytes| {
                    enrolment.user_key.verifies(bytes, &proof.signature)
                })
            });
            let proof = proof.transpose()?;
            for ((document, agreed), (presented, _, _)) in answered.iter().zip(&said) {
                // Agreed to already: another record would only make codes and requests name an old one.
                if *agreed && ledger.agreed(network, document.purpose(), document.digest(), now) {
                    continue;
                }
                if *presented == Id([0; 16]) {
                    return Err(Error::new(Code::ConsentUnread).with("part", "presented"));
                }
                let shown = evidence(document, &answer.shown)?;
                if document.purpose() == PAYMENT
                    && shown_to_us != Shown::default().rendered
                    && shown_to_us != shown.rendered
                {
                    return Err(changed());
                }
                drafts.push(Draft::Answered {
                    document: document.clone(),
                    agreed: *agreed,
                    shown,
                    presented: *presented,
                    proof: proof.clone(),
                    guardian: answer.guardian.clone().filter(|_| guarded && *agreed),
                });
            }
            Ok(drafts)
        })
    }

    /// Takes a consent back. Durable before it returns; codes that were not shown yet are void at once. What was agreed
    /// to beside paying goes with it.
    pub(super) fn withdraw_consent(&self, network: Network) -> Result<()> {
        self.append(network, |ledger| {
            let mut ended: Vec<Draft> = Vec::new();
            for event in ledger.events().iter().filter(|e| e.event.network == network) {
                let in_force = ledger.granted(network, &event.event.purpose);
                if in_force.is_some_and(|granted| granted.event.record == event.event.record) {
                    ended.push(Draft::Ended { earlier: event.event.clone(), kind: EventKind::Withdrawn });
                }
            }
            Ok(ended)
        })?;
        // Nothing of this network stays on the screen.
        self.put_stage(|stage| {
            if stage.page.as_ref().is_some_and(|page| page.network == network) {
                *stage = Stage::default();
            }
        });
        Ok(())
    }

    /// Takes back the agreement to one optional purpose.
    pub(super) fn withdraw_purpose(&self, network: Network, purpose: &str) -> Result<()> {
        self.append(network, |ledger| {
            let granted = ledger.granted(network, purpose);
            let end = |g: &SignedEvent| Draft::Ended { earlier: g.event.clone(), kind: EventKind::Withdrawn };
            Ok(granted.map(end).into_iter().collect())
        })
    }

    /// Keeps the log's proof about an answer as an event of its own.
    pub(super) fn acknowledge(&self, event: &SignedEvent, proof: Acknowledgement) -> Result<()> {
        if !event.event.kind.decides() {
            return Ok(());
        }
        self.append(event.event.network, |ledger| {
            let of = |e: &&SignedEvent| e.event.acknowledged.as_ref().is_some_and(|a| a.event == proof.event);
            let known = ledger.events().iter().any(|e| of(&e));
            let draft = Draft::Acknowledged { earlier: event.event.clone(), proof: proof.clone() };
            Ok(if known { Vec::new() } else { vec![draft] })
        })
    }

    /// What is known of the log.
    pub(super) fn log_status(&self) -> Result<LogStatus> {
        if self.config()?.log_key().is_none() {
            return Ok(LogStatus::NotKept);
        }
        let state: LogState = self.store.read(|view| view.setting())?.unwrap_or_default();
        Ok(match (state.fault, state.head) {
            (Some(fault), _) => LogStatus::Broken { fault },
            (None, Some(head)) => LogStatus::Sound { size: head.size, at: head.at },
            (None, None) => LogStatus::Unseen,
        })
    }

    /// Everything about this user's consents, to be verified by strangers.
    pub(super) fn export_consents(&self) -> Result<ConsentExport> {
        let enrolment = self.enrolment()?;
        let events = self.ledger()?.events().to_vec();
        let mut documents: Vec<Signed> = Vec::new();
        self.store.read(|view| {
            let mut seen = Vec::new();
            for digest in events.iter().map(|e| e.event.document.2) {
                if !seen.contains(&digest) {
                    seen.push(digest);
                    documents.extend(view.signed_document(digest)?);
                }
            }
            Ok(())
        })?;
        let evidence = Evidence {
            device: enrolment.device,
            device_key: enrolment.device_key,
            user_key: enrolment.user_key,
            controller_key: self.trust.controller.clone(),
            log_key: self.config()?.log_key().cloned(),
            made: self.now(),
            events,
            documents,
        };
        let content = evidence.content()?;
        let mut sealed = Evidence::sealed(&content, &self.vault.sign(&export::to_sign(&content))?);
        let json = sealed.to_string();
        let readable = page::readable(&content);
        let page_seal = serde_json::to_value(self.vault.sign(&export::page_to_sign(&readable))?)
            .map_err(|_| Error::new(Code::Internal).with("part", "json"))?;
        if let Some(fields) = sealed.as_object_mut() {
            fields.insert("page".to_owned(), page_seal);
        }
        Ok(ConsentExport { json, html: page::whole(&readable, &sealed) })
    }

    /// What may not be erased yet.
    pub(super) fn consents_kept(&self) -> Result<Vec<KeptConsent>> {
        let (ledger, now) = (self.ledger()?, self.now());
        let mut kept: Vec<KeptConsent> = Vec::new();
        for e in ledger.events() {
            let (network, purpose) = (e.event.network, &e.event.purpose);
            if let Some(known) = kept.iter_mut().find(|k| k.network == network && k.purpose == *purpose) {
                known.events = known.events.saturating_add(1);
                continue;
            }
            let in_force = ledger.granted(network, purpose).filter(|g| g.event.ends.is_none_or(|end| now < end));
            let (reason, until) = match in_force {
                Some(_) => (KeptReason::InForce, None),
                None => {
                    let ours = |e: &&SignedEvent| e.event.network == network && e.event.purpose == *purpose;
                    let last = ledger.events().iter().rev().find(ours).unwrap_or(e);
                    (KeptReason::PaymentRecords, Some(last.event.server.plus(RECORDS_MS)))
                }
            };
            kept.push(KeptConsent { network, purpose: purpose.clone(), events: 1, reason, until });
        }
        Ok(kept.into_iter().filter(|k| k.until.is_none_or(|until| now < until)).collect())
    }

    fn guarded(&self) -> Result<bool> {
        Ok(self.store.read(|view| view.setting::<Subject>())?.is_some_and(|subject| subject.guardian))
    }

    /// Makes the next events, has the vault sign them, and commits them with their uploads. Nothing to append is not an error.
    fn append(&self, network: Network, plan: impl Fn(&Ledger) -> Result<Vec<Draft>>) -> Result<()> {
        let _turn = self.consent_turn.lock().unwrap_or_else(PoisonError::into_inner);
        let enrolment = self.enrolment()?;
        // Twice, because another process may append between reading and writing; its event then comes first.
        for last_try in [false, true] {
            let ledger: Arc<Ledger> = self.ledger()?;
            let mut signed: Vec<SignedEvent> = Vec::new();
            for draft in plan(&ledger)? {
                let stamp = Stamp {
                    record: Id::random(self.random.as_ref())?,
                    device: enrolment.device,
                    keys: (enrolment.device_key.id(), enrolment.user_key.id()),
                    at: self.clocks(),
                    server: self.now(),
                };
                let Some(event) = draft.event(stamp, signed.last().or_else(|| ledger.head())) else { continue };
                let bytes = event.canonical();
                let signature = self.vault.sign(&Event::to_sign(&bytes))?;
                signed.push(SignedEvent::open(bytes, signature, &enrolment.device_key)?);
            }
            if signed.is_empty() {
                return Ok(());
            }
            let decides = signed.iter().any(|e| e.event.kind.decides() && e.event.is_payment());
            let written = self.store.write(|tx| {
                for event in &signed {
                    tx.append_consent(event)?;
                    let seq = i64::try_from(event.event.seq).map_err(|_| Code::Internal)?;
                    tx.owe(TaskKind::UploadConsent, &seq.to_be_bytes(), self.now())?;
                }
                // Codes name the consent they were fetched under; under another one no shop could use them.
                if decides { tx.void_codes(network, self) } else { Ok(()) }
            });
            match written {
                Err(error) if error.code() == Code::ConsentRecordBroken && !last_try => {}
                other => {
                    other?;
                    if decides {
                        // The first network that is turned on: codes without a connection may be needed from here on.
                        self.store.write(|tx| self.owe_keys_in(tx))?;
                    }
                    // That the log holds an event is no news for a screen.
                    if signed.iter().any(|e| e.event.kind != EventKind::Acknowledged) {
                        self.herald.tell(Change::Consent(network));
                    }
                    self.wake.up();
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

/// What has to be written before these documents are on screen.
fn presentation(ledger: &Ledger, documents: &[Document], locale: &str, now: ServerMs) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for document in documents {
        let (network, purpose, digest) = (document.network(), document.purpose(), document.digest());
        if ledger.agreed(network, purpose, digest, now) {
            continue;
        }
        if let Some(ended) = ledger.granted(network, purpose) {
            let kind = if ended.event.document.2 == digest { EventKind::Expired } else { EventKind::Superseded };
            drafts.push(Draft::Ended { earlier: ended.event.clone(), kind });
        }
        let Ok(shown) = evidence(document, &Shown { locale: locale.to_owned(), ..Shown::default() }) else { continue };
        // Looking again before answering is one presentation.
        let last = ledger.events().iter().rev().find(|e| {
            let decided = e.event.network == network && e.event.purpose == purpose && e.event.kind.decides();
            decided || (e.event.kind == EventKind::Presented && e.event.document.2 == digest)
        });
        let same = |e: &SignedEvent| e.event.kind == EventKind::Presented && e.event.shown == shown;
        if !last.is_some_and(same) {
            drafts.push(Draft::Presented { document: document.clone(), shown });
        }
    }
    drafts
}

/// The record under which a document was last put on screen.
fn presented(ledger: &Ledger, document: Digest) -> Option<Id> {
    let on_screen = |e: &&SignedEvent| e.event.kind == EventKind::Presented && e.event.document.2 == document;
    ledger.events().iter().rev().find(on_screen).map(|e| e.event.record)
}

/// What the shell reports, completed by what the core gave it to show.
fn evidence(document: &Document, shown: &Shown) -> Result<Shown> {
    let (language, text) = document.text(&shown.locale).ok_or(Code::ConsentDocumentInvalid)?;
    let sections = text.sections();
    let names = |wanted: fn(bool) -> bool| -> Vec<String> {
        sections
            .iter()
            .filter(|(_, _, stands_out)| wanted(*stands_out))
            .map(|(name, _, _)| (*name).to_owned())
            .collect()
    };
    let or = |given: &Vec<String>, ours: Vec<String>| if given.is_empty() { ours } else { given.clone() };
    Ok(Shown {
        locale: language.to_owned(),
        rendered: text.rendered(),
        order: or(&shown.order, names(|_| true)),
        emphasised: or(&shown.emphasised, names(|stands_out| stands_out)),
        ..shown.clone()
    })
}

/// Nobody agrees to what could not be read.
fn legible(document: &Document, shown: &Shown) -> Result<()> {
    let unread = |part: &'static str| Err(Error::new(Code::ConsentUnread).with("part", part));
    let complete = evidence(document, shown)?;
    let (_, text) = document.text(&shown.locale).ok_or(Code::ConsentDocumentInvalid)?;
    let all = text.sections();
    match () {
        () if shown.font_pt < LEGIBLE_PT => unread("font_pt"),
        () if !shown.scrolled_to_end => unread("scrolled_to_end"),
        () if all.iter().any(|(name, _, _)| !complete.order.iter().any(|shown| shown == name)) => unread("order"),
        () if all.iter().any(|(name, _, out)| *out && !complete.emphasised.iter().any(|shown| shown == name)) => {
            unread("emphasised")
        }
        () => Ok(()),
    }
}

/// The user's proof, checked: it fits what was answered, and was not used before.
fn proven(ledger: &Ledger, proof: &Proof, challenge: &[u8], verifies: impl Fn(&[u8]) -> bool) -> Result<UserProof> {
    let used = ledger.events().iter().any(|e| e.event.proof.as_ref().is_some_and(|p| p.challenge == challenge));
    if used || !verifies(challenge) {
        return Err(Error::new(Code::ProofInvalid));
    }
    Ok(UserProof {
        method: proof.method.as_str().to_owned(),
        challenge: challenge.to_vec(),
        signature: proof.signature.clone(),
    })
}

impl Tx<'_> {
    fn void_codes(&self, network: Network, inner: &Inner) -> Result<()> {
        let (now, waiting) = (inner.now(), inner.waiting());
        let fresh = |code: &IssuedCode| code.network == network && code.state == CodeState::Fresh;
        for code in self.live_codes()?.into_iter().filter(fresh) {
            let (state, effect) = code.step(CodeEvent::TakeBack, now, &waiting);
            // Told to the gateway too: whoever has a picture of it has nothing.
            self.owe(TaskKind::VoidCode, &code.id.0, now)?;
            self.settle_code(&IssuedCode { state, ..code }, effect)?;
        }
        Ok(())
    }
}
