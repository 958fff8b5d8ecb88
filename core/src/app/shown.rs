//! Actions about showing a code.

use crate::app::herald::Change;
use crate::app::inner::Inner;
use crate::app::views::{PaymentView, ShownResult, ShownView};
use crate::code::draw::{code128, picture, qr};
use crate::error::{Code, Error, Result};
use crate::gateway::wire::CodesRequest;
use crate::id::Id;
use crate::network::Network;
use crate::present::{self, CodeEvent, CodeState};
use crate::store::TaskKind;

impl Inner {
    /// Puts the next code on screen; fetches a batch when there is none. From then on it is never shown again.
    pub(super) fn show(&self, network: Network, region: &str) -> Result<ShownView> {
        self.may_pay()?;
        let config = self.config()?;
        let description = config.network(network)?;
        if !description.show.iter().any(|country| country == region) {
            return Err(Error::new(Code::CodeUnsupported).with("network", network));
        }
        // Without the consent no code is shown, prefetched or not.
        drop(self.consent::<CodesRequest>(network)?);
        let codes = self.store.read(|view| view.live_codes())?;
        if present::next(&codes, network, region, self.now()).is_none() {
            self.fetch_codes(network, region, config.codes_ahead())?;
        }
        let now = self.now();
        // Gate, choice and mark in one transaction: no withdrawal and no second tap comes in between.
        let shown = self.store.write(|tx| {
            drop(self.consent::<CodesRequest>(network)?);
            let codes = tx.live_codes()?;
            let next = present::next(&codes, network, region, now).ok_or_else(|| Error::new(Code::CodesUnavailable))?;
            let (state, effect) = next.step(CodeEvent::Show, now, &self.waiting());
            let shown = present::Code { state, ..next.clone() };
            tx.settle_code(&shown, effect)?;
            Ok(shown)
        })?;
        self.herald.tell(Change::Code(shown.id));
        self.wake.up();
        let too_long = |_| Error::new(Code::DrawTooLong);
        let symbol = qr::encode(&shown.digits, qr::Level::M, qr::Segmentation::Smallest).map_err(too_long)?;
        let bars = code128::encode(&shown.digits).map_err(too_long)?;
        Ok(ShownView {
            id: shown.id,
            network,
            network_name: description.display.clone(),
            region: region.to_owned(),
            masked: shown.masked(),
            qr: picture::luma(&symbol),
            bars: picture::luma(&bars),
            expires_in_ms: shown.expires.since(now).max(0),
            digits: shown.digits,
        })
    }

    /// Fetches as many codes as are missing, and keeps them before any is shown.
    fn fetch_codes(&self, network: Network, region: &str, ahead: u8) -> Result<()> {
        self.upload_consents()?;
        let device = self.enrolment()?.device;
        let codes = self.store.read(|view| view.live_codes())?;
        let quantity = present::wanted(&codes, network, region, self.now(), ahead);
        let nonce = Id::random(self.random.as_ref())?;
        let answer = self.client.codes(device, || self.consent(network), nonce, region.to_owned(), quantity);
        let issued = self.heard(answer.map_err(|error| self.consent_refused(network, error))?);
        let fits = |digits: &str| (12..=32).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        if issued.is_empty() || !issued.iter().all(|code| fits(&code.digits)) {
            return Err(Error::new(Code::GatewayAnswer).with("field", "digits"));
        }
        self.store.write(|tx| {
            // Withdrawn while they were on their way: they are not kept.
            drop(self.consent::<CodesRequest>(network)?);
            issued.into_iter().try_for_each(|code| {
                if tx.code(code.id)?.is_some() {
                    return Err(Error::new(Code::GatewayAnswer).with("field", "id"));
                }
                tx.put_code(&present::Code {
                    id: code.id,
                    network,
                    region: region.to_owned(),
                    digits: code.digits,
                    expires: code.expires,
                    state: CodeState::Fresh,
                })
            })
        })
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
