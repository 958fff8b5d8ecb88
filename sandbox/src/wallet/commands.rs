//! What each command does with the wallet. No rule of payment, consent or codes is here: those are the core's.

use super::say::Say;
use super::{Command, End, Options};
use crate::documents::Trusted;
use crate::routes::TRUST_PATH;
use jigap::app::{Checkout, ConsentAnswer, PaymentView, Ports, RefundRequest, Setup, Status, Trust, Wallet};
use jigap::consent::Shown;
use jigap::crypto::SystemRandom;
use jigap::error::{Code, Error, Result};
use jigap::gateway::{Address, HttpsTransport, Request, Transport};
use jigap::id::Id;
use jigap::money::{Currency, Money};
use jigap::network::Network;
use jigap::payment::{Proof, ProofMethod};
use jigap::present::CodeState;
use jigap::time::SystemClock;
use jigap::vault::{FileVault, PinKey, PinPolicy};
use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A shown code lives a minute, and may be settled a little later.
const SHOW_PATIENCE: Duration = Duration::from_secs(95);
const PAGE: u32 = 50;

pub(super) fn act(options: &Options, say: &Say) -> Result<End> {
    let roots = fs::read(&options.ca).map_err(|_| Error::new(Code::ArgumentInvalid).with("field", "ca"))?;
    let transport = Arc::new(HttpsTransport::new(&Address::new(&options.gateway, &roots))?);
    let trust = trust(options, transport.as_ref())?;
    let ports = Ports {
        vault: Arc::new(FileVault::open(&options.state.join("vault"))?),
        transport,
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
    };
    let wallet = Wallet::open(Setup { folder: options.state.join("wallet"), trust }, ports)?;
    let user = PinKey::at(&options.state.join("user.key"), PinPolicy::default());
    let patience = Duration::from_millis(options.wait_ms);
    match &options.command {
        Command::Enrol { user: token } => {
            // A key that is there stays, if the PIN is its own: the gateway may know it already, although its answer was lost.
            let key = match user.public() {
                Ok(key) => user.sign(options.pin.as_bytes(), b"enrol").map(|_| key)?,
                Err(_) => user.create(options.pin.as_bytes())?,
            };
            wallet.enrol(token.clone(), key).wait()?;
            say.enrolled(wallet.balance()?.amount, &wallet.networks()?);
            Ok(End::Done)
        }
        Command::Read { code } => {
            let reading = wallet.read(code)?;
            say.reading(&reading);
            let scannable = matches!(reading.verdict.error().map(|e| e.code()), None | Some(Code::NetworkChoiceNeeded));
            Ok(if scannable { End::Done } else { End::Refused })
        }
        Command::Agree { network } => agree(&wallet, say, Network::parse(network)?, &options.locale),
        Command::Pay { code, amount, currency, network } => {
            let network = network.as_deref().map(Network::parse).transpose()?;
            let amount = typed(&wallet, code, amount.as_deref(), currency.as_deref())?;
            let preview = wallet.prepare(Checkout { code: code.clone(), network, amount }).wait()?;
            say.preview(&preview);
            let signature = user.sign(options.pin.as_bytes(), &preview.challenge)?;
            let payment = wallet.pay(preview.id, Proof { method: ProofMethod::Pin, signature }).wait()?;
            say.committed(&payment);
            let payment = wallet.settled(payment.id, patience).wait()?;
            say.payment(&payment);
            Ok(ended(&payment))
        }
        Command::Show { network, region } => {
            let shown = wallet.show(Network::parse(network)?, region.clone()).wait()?;
            say.shown(&shown);
            let result = wallet.shown_result(shown.id, SHOW_PATIENCE).wait()?;
            match (result.state, result.payment) {
                (CodeState::Used, Some(payment)) => {
                    let payment = wallet.settled(payment.id, patience).wait()?;
                    say.payment(&payment);
                    Ok(ended(&payment))
                }
                (CodeState::Fresh | CodeState::Shown | CodeState::Used, _) => Ok(End::Checking),
                (state @ (CodeState::Expired | CodeState::Void), _) => {
                    say.shown_over(state.as_str());
                    Ok(End::Refused)
                }
            }
        }
        Command::Cancel { payment } => {
            let payment = wallet.cancel(Id::parse(payment)?).wait()?;
            let payment = wallet.settled(payment.id, patience).wait()?;
            say.payment(&payment);
            // Here it is the cancel that was asked for.
            Ok(match payment.status {
                Status::Cancelled | Status::Reversed | Status::NotSent | Status::Declined => End::Done,
                Status::Paid => End::Refused,
                Status::Checking | Status::Cancelling | Status::Conflict => End::Checking,
            })
        }
        Command::Refund { payment } => {
            let payment = wallet.request_refund(Id::parse(payment)?).wait()?;
            say.payment(&wait_until(&wallet, payment.id, patience, |p| p.refund_request != RefundRequest::Wanted)?);
            Ok(End::Done)
        }
        Command::Resume => resume(&wallet, say, patience),
        Command::History => {
            let mut before = None;
            loop {
                let page = wallet.history(before, PAGE)?;
                page.payments.iter().for_each(|payment| say.payment(payment));
                before = page.next;
                if before.is_none() {
                    return Ok(End::Done);
                }
            }
        }
        Command::Export { file } => {
            let export = wallet.export_consents().wait()?;
            let page = file.extension().is_some_and(|e| e.eq_ignore_ascii_case("html"));
            let written = fs::write(file, if page { export.html } else { export.json });
            written.map_err(|_| Error::new(Code::ArgumentInvalid).with("field", "file"))?;
            say.note("exported");
            Ok(End::Done)
        }
        Command::Withdraw { network } => {
            wallet.withdraw_consent(Network::parse(network)?).wait()?;
            say.consented(network, false);
            Ok(End::Done)
        }
    }
}

/// Waits until a payment looks like this, or patience ends.
fn wait_until(
    wallet: &Wallet,
    id: Id,
    patience: Duration,
    looks: impl Fn(&PaymentView) -> bool,
) -> Result<PaymentView> {
    let begun = Instant::now();
    loop {
        let view = wallet.payment(id)?;
        if looks(&view) || begun.elapsed() >= patience {
            return Ok(view);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Whose signatures count. A real app has both keys built in; this one asks the sandbox once and remembers.
fn trust(options: &Options, transport: &HttpsTransport) -> Result<Trust> {
    let kept = options.state.join("trust.json");
    let read = |bytes: &[u8]| -> Result<Trust> {
        let trusted: Trusted = serde_json::from_slice(bytes).map_err(|_| Code::GatewayAnswer)?;
        Ok(Trust { config: trusted.config_key, controller: trusted.controller_key })
    };
    if let Ok(bytes) = fs::read(&kept) {
        return read(&bytes);
    }
    if !matches!(options.command, Command::Enrol { .. }) {
        return Err(Error::new(Code::EnrolmentNeeded));
    }
    let request =
        Request { method: "GET", path: TRUST_PATH.to_owned(), headers: vec![], body: vec![], patience_ms: None };
    let answer = transport.send(&request).map_err(|error| match error {
        jigap::gateway::SendError::Untrusted => Code::GatewayUntrusted,
        _ => Code::GatewayUnreachable,
    })?;
    let trust = read(&answer.body)?;
    let failed = |_| Error::new(Code::StoreFailed);
    fs::create_dir_all(&options.state).and_then(|()| fs::write(&kept, &answer.body)).map_err(failed)?;
    Ok(trust)
}

fn agree(wallet: &Wallet, say: &Say, network: Network, locale: &str) -> Result<End> {
    let request = wallet.consent_request(network, locale.to_owned()).wait()?;
    say.consent(&request);
    // A terminal shows all of it at once, in whatever size the terminal has.
    let shown = Shown {
        locale: request.main.locale,
        font_pt: 12,
        scrolled_to_end: true,
        control: "agree_command".to_owned(),
        app: concat!("jigap-sandbox ", env!("CARGO_PKG_VERSION")).to_owned(),
        ..Shown::default()
    };
    let answer = ConsentAnswer {
        network,
        document: request.main.document,
        agreed: true,
        choices: Vec::new(),
        shown,
        proof: None,
        guardian: None,
    };
    wallet.answer_consent(answer).wait()?;
    say.consented(network.as_str(), true);
    Ok(End::Done)
}

/// The typed amount, in the currency of the code or the one that was typed with it.
fn typed(wallet: &Wallet, code: &str, amount: Option<&str>, currency: Option<&str>) -> Result<Option<Money>> {
    let Some(amount) = amount else { return Ok(None) };
    let of_code = wallet.read(code)?.facts.currency;
    let currency = match (of_code, currency) {
        (Some(of_code), None) => of_code,
        (_, Some(typed)) => Currency::from_alpha(typed)?,
        (None, None) => return Err(Error::new(Code::CurrencyUnknown)),
    };
    Money::parse(currency, amount).map(Some)
}

/// Opening the wallet has taken everything up already; what is left is to wait for the ends.
fn resume(wallet: &Wallet, say: &Say, patience: Duration) -> Result<End> {
    let recovered = wallet.recovered();
    if recovered.payments.is_empty() && recovered.codes.is_empty() {
        say.note("nothing was left unfinished");
    }
    let mut payments = Vec::new();
    for id in &recovered.payments {
        payments.push(wallet.settled(*id, patience).wait()?);
    }
    let mut end = End::Done;
    for id in &recovered.codes {
        let result = wallet.shown_result(*id, patience).wait()?;
        match (result.state, result.payment) {
            (_, Some(payment)) => payments.push(payment),
            (CodeState::Shown, None) => end = End::Checking,
            (state, None) => say.shown_over(state.as_str()),
        }
    }
    for payment in payments {
        say.payment(&payment);
        if payment.status.open() {
            end = End::Checking;
        }
    }
    Ok(end)
}

fn ended(payment: &PaymentView) -> End {
    match payment.status {
        Status::Paid => End::Done,
        // A conflict is not a refusal: money may have moved.
        Status::Checking | Status::Cancelling | Status::Conflict => End::Checking,
        Status::Declined | Status::NotSent | Status::Cancelled | Status::Reversed => End::Refused,
    }
}
