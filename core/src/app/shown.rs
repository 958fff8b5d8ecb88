//! Actions about showing a code: the stage's effects, carried out.
//!
//! What the stage decides is committed before it is believed: gate, choice, marks and voids are one transaction, and the
//! stage in memory moves on only after it. Nothing here holds a lock while the gateway answers.

use crate::app::herald::Change;
use crate::app::inner::Inner;
use crate::app::views::{Hints, PaymentView, ShownResult, ShownView};
use crate::code::draw::{code128, picture, qr};
use crate::error::{Code, Error, Result};
use crate::gateway::wire::CodesRequest;
use crate::id::Id;
use crate::network::Network;
use crate::present::{
    self, CodeEvent, CodeState, OnScreen, Page, Policy, Scene, Stage, StageEffect, StageEvent, Symbologies,
};
use crate::store::{Setting, TaskKind, Tx};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::PoisonError;

/// Which network the user chose last in which country.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Choices {
    networks: BTreeMap<String, Network>,
}

impl Setting for Choices {
    const NAME: &'static str = "choices";
}

/// A fetch that got no answer is asked again under its own number, so that codes that were issued are not lost.
pub(super) type Unanswered = Option<(Network, String, u8, Id)>;

impl Inner {
    /// Opens the page of a network in a country; the code that was on screen goes.
    pub(super) fn show(&self, network: Network, region: &str) -> Result<ShownView> {
        self.may_pay()?;
        let config = self.config()?;
        if !config.network(network)?.show.iter().any(|country| country == region) {
            return Err(Error::new(Code::CodeUnsupported).with("network", network));
        }
        // Without the consent no code is shown, prefetched or not.
        drop(self.consent::<CodesRequest>(network)?);
        let page = Page { network, region: region.to_owned() };
        let shown = self.present(StageEvent::Open(page))?;
        shown.ok_or_else(|| Error::new(Code::CodesUnavailable))
    }

    /// Puts what happened through the stage and carries out what comes of it. The code that is to be on screen now, if
    /// that is another one, or the same in another form.
    pub(super) fn present(&self, event: StageEvent) -> Result<Option<ShownView>> {
        let mut next = Some(event);
        let mut shown = None;
        let mut failure = None;
        while let Some(event) = next.take() {
            let page = match &event {
                StageEvent::Open(page) => Some(page.clone()),
                _ => self.stage(|stage| stage.page.clone()),
            };
            for effect in self.step_stage(&event, page.as_ref())? {
                match (effect, &page) {
                    (StageEffect::Show(id), _) => shown = Some(self.draw_issued(id)?),
                    (StageEffect::FetchNow(quantity), Some(page)) => {
                        next = Some(match self.fetch_codes(page.network, &page.region, quantity) {
                            Ok(()) => StageEvent::Fetched,
                            Err(error) => {
                                // Only a line that failed leads to a code without network, never a refusal.
                                if !on_the_line(&error) {
                                    self.put_stage(|stage| stage.on = None);
                                    return Err(error);
                                }
                                failure = Some(error);
                                StageEvent::FetchFailed
                            }
                        });
                    }
                    (StageEffect::FetchLater(_), Some(page)) => self.owe_codes(page)?,
                    (StageEffect::Make { same_key }, Some(page)) => {
                        next = Some(match self.make(page, same_key) {
                            Ok((on, view)) => {
                                shown = Some(view);
                                StageEvent::Made(on)
                            }
                            Err(error) => {
                                failure = Some(error);
                                StageEvent::NotMade
                            }
                        });
                    }
                    (StageEffect::Nothing, _) => {
                        return Err(failure.unwrap_or_else(|| Error::new(Code::CodesUnavailable)));
                    }
                    (StageEffect::TakeDown, _) => shown = None,
                    // Voided in the step's transaction; results are told by the herald.
                    _ => {}
                }
            }
        }
        Ok(shown)
    }

    /// One step, committed: the marks of the code that goes on screen and of those that nobody is to use any more.
    fn step_stage(&self, event: &StageEvent, page: Option<&Page>) -> Result<Vec<StageEffect>> {
        let config = self.config()?;
        let policy = config.presenting();
        let (now, trouble) = (self.now(), self.trouble());
        let most = page.map_or(1, |page| policy.most_ahead(page.network, &page.region, config.codes_ahead()));
        let offline = page.is_some_and(|page| self.could_make(page, now));
        // The stage is locked around the transaction: one event at a time, and none is believed before it is on disk.
        let scene = Scene { now, codes: &[], most, trouble, offline, policy };
        let effects = self.put_stage(|kept| self.commit_step(kept, event, page, scene))?;
        for effect in &effects {
            match effect {
                StageEffect::Show(id) | StageEffect::Result(id) => self.herald.tell(Change::Code(*id)),
                StageEffect::Void(ids) => ids.iter().for_each(|id| self.herald.tell(Change::Code(*id))),
                _ => {}
            }
        }
        if !effects.is_empty() {
            self.wake.up();
        }
        Ok(effects)
    }

    fn commit_step(
        &self,
        kept: &mut Stage,
        event: &StageEvent,
        page: Option<&Page>,
        scene: Scene<'_>,
    ) -> Result<Vec<StageEffect>> {
        let (stage, effects) = self.store.write(|tx| {
            let codes = tx.live_codes()?;
            let (stage, effects) = kept.step(event, &Scene { codes: &codes, ..scene });
            for effect in &effects {
                match effect {
                    StageEffect::Show(id) => {
                        if let Some(page) = page {
                            // Looked at inside: no withdrawal comes in between.
                            drop(self.consent::<CodesRequest>(page.network)?);
                            tx.remember_choice(page)?;
                        }
                        tx.step_code(*id, CodeEvent::Show, self)?;
                    }
                    StageEffect::Void(ids) => ids.iter().try_for_each(|id| {
                        tx.step_code(*id, CodeEvent::TakeBack, self)?;
                        tx.owe(TaskKind::VoidCode, &id.0, scene.now)
                    })?,
                    _ => {}
                }
            }
            Ok((stage, effects))
        })?;
        *kept = stage;
        Ok(effects)
    }

    fn draw_issued(&self, id: Id) -> Result<ShownView> {
        let code = self.store.read(|view| view.code(id))?.ok_or(Code::ShownCodeUnknown)?;
        let on = self.stage(|stage| stage.on).ok_or(Code::CodesUnavailable)?;
        let page = Page { network: code.network, region: code.region.clone() };
        self.draw(&page, &on, code.digits)
    }

    /// The code as a picture, and what else belongs on the screen with it.
    pub(super) fn draw(&self, page: &Page, on: &OnScreen, text: String) -> Result<ShownView> {
        let (config, now) = (self.config()?, self.now());
        let network_name = config.network(page.network)?.display.clone();
        let too_long = |_| Error::new(Code::DrawTooLong);
        let lines = on.offline || symbologies(config.presenting(), page.network, &text) == Symbologies::QrAndBars;
        let symbol = qr::encode(&text, qr::Level::M, qr::Segmentation::Smallest).map_err(too_long)?;
        let bars = if lines { Some(code128::encode(&text).map_err(too_long)?) } else { None };
        Ok(ShownView {
            id: on.code,
            network: page.network,
            network_name,
            region: page.region.clone(),
            masked: present::masked(&text),
            qr: picture::luma(&symbol),
            bars: bars.as_ref().map(picture::luma),
            expires_in_ms: on.until.since(now).max(0),
            renew_in_ms: on.renew.since(now).max(0),
            sensitive: true,
            hints: Hints::default(),
            offline: None,
            digits: text,
        })
    }

    /// Fetches codes, and keeps them before any is shown.
    pub(super) fn fetch_codes(&self, network: Network, region: &str, quantity: u8) -> Result<()> {
        let done = self.fetch_and_keep(network, region, quantity);
        match &done {
            Ok(()) => self.line_works(true),
            Err(error) if on_the_line(error) => self.line_works(false),
            Err(_) => {}
        }
        done
    }

    fn fetch_and_keep(&self, network: Network, region: &str, quantity: u8) -> Result<()> {
        self.upload_consents()?;
        let device = self.enrolment()?.device;
        let config = self.config()?;
        let policy = config.presenting();
        let nonce = self.nonce_for(network, region, quantity)?;
        let gate = || self.consent(network);
        let answer = self.client.codes(device, gate, nonce, region.to_owned(), quantity, policy.patience_ms);
        if !matches!(&answer, Err(error) if on_the_line(error)) {
            *self.unanswered.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        let issued = self.heard(answer.map_err(|error| self.consent_refused(network, error))?);
        if issued.is_empty() || !issued.iter().all(|code| policy.kind_of(network, &code.digits).is_some()) {
            return Err(Error::new(Code::GatewayAnswer).with("field", "digits"));
        }
        self.store.write(|tx| {
            // Withdrawn while they were on their way: they are not kept.
            drop(self.consent::<CodesRequest>(network)?);
            for code in issued {
                match tx.code(code.id)? {
                    // An answer that came before, lost on a slow screen's way.
                    Some(kept) if kept.network == network && kept.expires == code.expires => continue,
                    Some(_) => return Err(Error::new(Code::GatewayAnswer).with("field", "id")),
                    None => {}
                }
                tx.put_code(&present::Code {
                    id: code.id,
                    network,
                    region: region.to_owned(),
                    digits: code.digits,
                    expires: code.expires,
                    state: CodeState::Fresh,
                    offline: false,
                })?;
            }
            self.owe_keys_in(tx)
        })
    }

    fn nonce_for(&self, network: Network, region: &str, quantity: u8) -> Result<Id> {
        let mut unanswered = self.unanswered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, place, count, nonce)) = &*unanswered
            && (*of, place.as_str(), *count) == (network, region, quantity)
        {
            return Ok(*nonce);
        }
        let nonce = Id::random(self.random.as_ref())?;
        *unanswered = Some((network, region.to_owned(), quantity, nonce));
        Ok(nonce)
    }

    fn owe_codes(&self, page: &Page) -> Result<()> {
        let subject = [page.network.as_str().as_bytes(), &[0], page.region.as_bytes()].concat();
        let now = self.now();
        self.store.write(|tx| tx.owe(TaskKind::FetchCodes, &subject, now))?;
        self.wake.up();
        Ok(())
    }

    /// The engine's part of fetching ahead: only while the page that wanted it is still open.
    pub(super) fn fetch_ahead(&self, subject: &[u8]) -> Result<()> {
        let page = self.stage(|stage| stage.page.clone().filter(|_| !stage.covered));
        if let Some(page) = page
            && subject == [page.network.as_str().as_bytes(), &[0], page.region.as_bytes()].concat()
        {
            let now = self.now();
            let codes = self.store.read(|view| view.live_codes())?;
            if present::wanted(&codes, page.network, &page.region, now, 1) > 0 {
                self.fetch_codes(page.network, &page.region, 1)?;
            }
        }
        self.store.write(|tx| tx.paid(TaskKind::FetchCodes, subject))
    }

    /// Tells the gateway that nobody is to use a code any more.
    pub(super) fn void_code(&self, id: Id) -> Result<()> {
        let answer = self.client.void_code(self.enrolment()?.device, id);
        match answer {
            Ok(done) => drop(self.heard(done)),
            // It never heard of this code: nobody can use it.
            Err(error) if error.code() == Code::CodeUnsupported => {}
            Err(error) => return Err(error),
        }
        self.store.write(|tx| tx.paid(TaskKind::VoidCode, &id.0))
    }

    /// Which network the user chose last in a country.
    pub(super) fn chosen_network(&self, region: &str) -> Result<Option<Network>> {
        let choices: Option<Choices> = self.store.read(|view| view.setting())?;
        Ok(choices.and_then(|choices| choices.networks.get(region).copied()))
    }

    pub(super) fn shown_result(&self, id: Id) -> Result<ShownResult> {
        self.store.read(|view| {
            let code = view.code(id)?.ok_or(Code::ShownCodeUnknown)?;
            let payment = view.payment(id)?.map(|record| PaymentView::new(&record));
            Ok(ShownResult { state: code.state, payment })
        })
    }

    /// Asks about a shown code now instead of at its time: somebody is looking at the screen.
    pub(super) fn hurry_code(&self, id: Id) {
        self.wake.hurry(TaskKind::AskCode, &id.0);
    }
}

/// Whether it was the line, or a server that does not answer for now.
fn on_the_line(error: &Error) -> bool {
    let broken = error.code() == Code::GatewayAnswer && error.field("status").is_some();
    broken || matches!(error.code(), Code::GatewayUnreachable | Code::GatewayBusy)
}

fn symbologies(policy: &Policy, network: Network, text: &str) -> Symbologies {
    policy.kind_of(network, text).map_or(Symbologies::Qr, |kind| kind.symbologies)
}

impl Tx<'_> {
    /// Puts one code through its table and writes what changed.
    fn step_code(&self, id: Id, event: CodeEvent, inner: &Inner) -> Result<()> {
        let Some(code) = self.code(id)? else { return Ok(()) };
        let (state, effect) = code.step(event, inner.now(), &inner.waiting());
        if state == code.state {
            return Ok(());
        }
        self.settle_code(&present::Code { state, ..code }, effect)
    }

    fn remember_choice(&self, page: &Page) -> Result<()> {
        let mut choices: Choices = self.setting()?.unwrap_or_default();
        if choices.networks.insert(page.region.clone(), page.network) == Some(page.network) {
            return Ok(());
        }
        self.set(&choices)
    }
}
