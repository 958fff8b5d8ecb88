//! Actions about consent: what is asked, what was answered, what is taken back.

use crate::app::herald::Change;
use crate::app::inner::Inner;
use crate::app::views::{ConsentAnswer, ConsentRequest, NetworkView, Section};
use crate::consent::{Document, Event, EventKind, Ledger, SignedEvent};
use crate::error::{Code, Error, Result};
use crate::id::Id;
use crate::network::Network;
use crate::present::{Code as IssuedCode, CodeEvent, CodeState, Stage};
use crate::store::{TaskKind, Tx};
use std::sync::{Arc, PoisonError};

impl Inner {
    /// Every network with whether it is consented to.
    pub(super) fn networks(&self) -> Result<Vec<NetworkView>> {
        let (config, ledger) = (self.config()?, self.ledger()?);
        let view = |n: &crate::config::NetworkConfig| NetworkView {
            network: n.network,
            name: n.display.clone(),
            scan: n.scan.clone(),
            show: n.show.clone(),
            consented: ledger.effective(n.network, n.document).is_ok(),
        };
        Ok(config.networks().iter().map(view).collect())
    }

    /// The document of a network that is required now: kept, or fetched and verified.
    fn document(&self, network: Network) -> Result<Document> {
        // Twice: the configuration that says which one is required may itself be out of date.
        for last_try in [false, true] {
            let required = self.config()?.network(network)?.document;
            if let Some(kept) = self.store.read(|view| view.document(required, &self.trust.controller))? {
                return Ok(kept);
            }
            let signed = self.heard(self.client.document(self.enrolment()?.device, network)?);
            let document = Document::open(&signed, &self.trust.controller)?;
            if document.digest() == required && document.network() == network {
                self.store.write(|tx| tx.keep_document(&document, &signed))?;
                return Ok(document);
            }
            if !last_try {
                self.refresh_config()?;
            }
        }
        Err(Error::new(Code::ConsentDocumentInvalid).with("part", "digest"))
    }

    /// What has to be shown for a network, in a language.
    pub(super) fn consent_request(&self, network: Network, locale: &str) -> Result<ConsentRequest> {
        let network_name = self.config()?.network(network)?.display.clone();
        let document = self.document(network)?;
        let (language, text) = document.text(locale).ok_or(Code::ConsentDocumentInvalid)?;
        let items = text.fields().into_iter().filter(|(name, _)| *name != "title");
        let section = |(name, text): (&'static str, &str)| Section {
            name,
            text: text.to_owned(),
            // Decree 17: what leaves, to whom and for how long has to be clearly recognisable.
            emphasised: matches!(name, "items" | "recipient" | "purpose"),
        };
        Ok(ConsentRequest {
            network,
            network_name,
            document: document.digest(),
            controller: document.controller().to_owned(),
            locale: language.to_owned(),
            title: text.title.clone(),
            sections: items.map(section).collect(),
            recipients: document.recipients().to_vec(),
            granted: self.ledger()?.effective(network, document.digest()).is_ok(),
        })
    }

    /// Keeps the user's answer, durably, before it returns.
    pub(super) fn answer_consent(&self, answer: ConsentAnswer) -> Result<()> {
        let document = self.document(answer.network)?;
        if document.digest() != answer.document {
            return Err(Error::new(Code::ConsentDocumentChanged).with("network", answer.network));
        }
        // Agreed to already: another record would only make codes and requests name an old one.
        if answer.agreed && self.ledger()?.effective(answer.network, answer.document).is_ok() {
            return Ok(());
        }
        let kind = if answer.agreed { EventKind::Granted } else { EventKind::Declined };
        self.append(answer.network, |ledger, record, device| {
            let (at, server) = (self.clocks(), self.now());
            let shown = answer.shown.clone();
            Some(Event::about(&document, kind, record, ledger.head(), shown, device, at, server))
        })
    }

    /// Takes a consent back. Durable before it returns; codes that were not shown yet are void at once.
    pub(super) fn withdraw_consent(&self, network: Network) -> Result<()> {
        self.append(network, |ledger, record, device| {
            let (granted, head) = (ledger.granted(network)?, ledger.head()?);
            Some(Event::withdrawal(&granted.event, record, head, device, self.clocks(), self.now()))
        })?;
        // Nothing of this network stays on the screen.
        self.put_stage(|stage| {
            if stage.page.as_ref().is_some_and(|page| page.network == network) {
                *stage = Stage::default();
            }
        });
        Ok(())
    }

    /// Makes the next event, has the vault sign it, and commits it with its upload. Nothing to append is not an error.
    fn append(&self, network: Network, make: impl Fn(&Ledger, Id, Id) -> Option<Event>) -> Result<()> {
        let _turn = self.consent_turn.lock().unwrap_or_else(PoisonError::into_inner);
        let enrolment = self.enrolment()?;
        // Twice, because another process may append between reading and writing; its event then comes first.
        for last_try in [false, true] {
            let ledger: Arc<Ledger> = self.ledger()?;
            let Some(event) = make(&ledger, Id::random(self.random.as_ref())?, enrolment.device) else {
                return Ok(());
            };
            let bytes = event.canonical();
            let signature = self.vault.sign(&Event::to_sign(&bytes))?;
            let signed = SignedEvent::open(bytes, signature, &enrolment.device_key)?;
            let written = self.store.write(|tx| {
                tx.append_consent(&signed)?;
                let seq = i64::try_from(signed.event.seq).map_err(|_| Code::Internal)?;
                tx.owe(TaskKind::UploadConsent, &seq.to_be_bytes(), self.now())?;
                // Codes name the consent they were fetched under; under another one no shop could use them.
                tx.void_codes(network, self)
            });
            match written {
                Err(error) if error.code() == Code::ConsentRecordBroken && !last_try => {}
                other => {
                    other?;
                    self.herald.tell(Change::Consent(network));
                    self.wake.up();
                    return Ok(());
                }
            }
        }
        Ok(())
    }
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
