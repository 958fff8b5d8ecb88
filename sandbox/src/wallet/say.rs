//! What the terminal wallet says: sentences for a person, or one JSON object a line for a program.

use jigap::app::{ConsentRequest, NetworkView, PaymentView, PreviewView, ShownView, Status};
use jigap::code::Reading;
use jigap::code::draw::picture::{Ground, terminal};
use jigap::code::draw::qr::{self, Level, Segmentation};
use jigap::error::Error;
use jigap::money::Money;
use serde_json::{Value, json};
use std::io::Write;

/// Where words go.
pub(super) struct Say {
    json: bool,
}

impl Say {
    pub(super) const fn new(json: bool) -> Self {
        Self { json }
    }

    /// A line, at once: whoever reads it may be about to kill this process. A closed pipe is nobody's fault.
    fn line(&self, text: &str, object: impl FnOnce() -> Value) {
        let line = if self.json { object().to_string() } else { text.to_owned() };
        let mut out = std::io::stdout().lock();
        let _ = writeln!(out, "{line}").and_then(|()| out.flush());
    }

    pub(super) fn error(&self, error: &Error) {
        let code = error.code();
        let text = format!("refused: {} ({code}; next: {})", code.cause(), code.next().as_str());
        if self.json {
            self.line(&text, || json!({ "event": "error", "error": problem(error) }));
        } else {
            eprintln!("{text}");
        }
    }

    pub(super) fn enrolled(&self, balance: Money, networks: &[NetworkView]) {
        let names: Vec<_> = networks.iter().map(|n| n.name.as_str()).collect();
        self.line(&format!("enrolled; balance {balance}; networks: {}", names.join(", ")), || {
            let networks: Vec<_> = networks.iter().map(|n| n.network.to_string()).collect();
            json!({ "event": "enrolled", "balance": money(balance), "networks": networks })
        });
    }

    pub(super) fn reading(&self, reading: &Reading) {
        use jigap::code::Verdict;
        let networks: Vec<String> = match &reading.verdict {
            Verdict::Payable { network } => vec![network.to_string()],
            Verdict::NeedsChoice { networks } => networks.iter().map(ToString::to_string).collect(),
            _ => vec![],
        };
        let (verdict, facts) = (reading.verdict.as_str(), &reading.facts);
        let why = reading.verdict.error();
        let mut text = format!("{verdict} {}", networks.join(" or "));
        if let Some(name) = &facts.merchant_name {
            text = format!("{text}; shop {name}");
        }
        if let Some(amount) = facts.amount {
            text = format!("{text}; {amount}");
        }
        if let Some(why) = &why {
            text = format!("{text}; {}", why.code().cause());
        }
        self.line(&text, || {
            json!({
                "event": "reading", "verdict": verdict, "networks": networks, "merchant": facts.merchant_name,
                "country": facts.country, "currency": facts.currency.map(|c| c.alpha()),
                "amount": facts.amount.map(money), "error": why.as_ref().map(problem),
            })
        });
    }

    pub(super) fn consent(&self, request: &ConsentRequest) {
        let mut text = format!("{}\n  asked by {}", request.main.title, request.controller);
        for section in &request.main.sections {
            let mark = if section.emphasised { '!' } else { ' ' };
            text = format!("{text}\n{mark} {}: {}", section.name, section.text);
        }
        self.line(&text, || {
            let section = |s: &jigap::app::Section| json!({ "name": s.name, "text": s.text });
            json!({
                "event": "consent_request", "network": request.network.to_string(), "title": request.main.title,
                "locale": request.main.locale, "document": request.main.document.to_string(),
                "sections": request.main.sections.iter().map(section).collect::<Vec<_>>(),
            })
        });
    }

    pub(super) fn consented(&self, network: &str, granted: bool) {
        let text = if granted { "agreed" } else { "withdrawn" };
        self.line(
            &format!("{text}: {network}"),
            || json!({ "event": "consent", "network": network, "granted": granted }),
        );
    }

    pub(super) fn preview(&self, p: &PreviewView) {
        let shop = match &p.merchant.local_name {
            Some(local) => format!("{} ({local})", p.merchant.name),
            None => p.merchant.name.clone(),
        };
        let seconds = p.expires_in_ms / 1000;
        let text = format!(
            "{shop}, {}\n  {} by {}\n  {}\n  you pay {}\n  holds for {seconds} s",
            p.merchant.country, p.amount, p.network_name, p.rate, p.home
        );
        self.line(&text, || {
            json!({
                "event": "preview", "preview": p.id.to_string(), "network": p.network.to_string(),
                "merchant": p.merchant.name, "local_name": p.merchant.local_name, "country": p.merchant.country,
                "amount": money(p.amount), "rate": p.rate.decimal(), "home": money(p.home),
                "expires_in_ms": p.expires_in_ms,
            })
        });
    }

    /// The intent is on disk; from here on the process may be killed and nothing is lost.
    pub(super) fn committed(&self, p: &PaymentView) {
        self.line(&format!("paying … ({})", p.id), || json!({ "event": "committed", "payment": p.id.to_string() }));
    }

    pub(super) fn payment(&self, p: &PaymentView) {
        let shop = p.merchant.as_ref().map_or("a shop", |m| m.name.as_str());
        let both = p.amount.zip(p.home).map(|(amount, home)| format!("{amount} = {home}")).unwrap_or_default();
        let text = match p.status {
            Status::Paid => {
                let reference = p.reference.as_deref().unwrap_or("-");
                format!("paid: {shop}, {both}, by {}, no. {reference}", p.network)
            }
            Status::Checking => format!("checking: {shop}, {both}; not known yet, nothing is paid twice"),
            Status::Cancelling => format!("cancelling: {shop}, {both}; not known yet whether it still can be"),
            Status::Cancelled => format!("cancelled: {shop}, {both}; nothing was charged"),
            Status::Reversed => {
                format!("reversed: {shop}, {both}; charged, and cancelled by the network: the money is back")
            }
            status => {
                let why = p.problem.as_ref().map_or("", |e| e.code().cause());
                format!("{}: {shop}, {both}; {why}", status.as_str())
            }
        };
        let back = p.refunded.map(|r| format!("; given back: {} ({})", r.amount, r.home)).unwrap_or_default();
        self.line(&format!("{text}{back}"), || {
            json!({
                "event": "payment", "payment": p.id.to_string(), "status": p.status.as_str(),
                "network": p.network.to_string(), "scanned": p.scanned,
                "merchant": p.merchant.as_ref().map(|m| m.name.clone()),
                "amount": p.amount.map(money), "home": p.home.map(money), "reference": p.reference,
                "paid_at_ms": p.paid_at.map(|at| at.0), "error": p.problem.as_ref().map(problem),
                "refund_request": p.refund_request.as_str(), "reversed_at_ms": p.reversed_at.map(|at| at.0),
                "refunded": p.refunded.map(|r| json!({ "amount": money(r.amount), "home": money(r.home) })),
            })
        });
    }

    pub(super) fn shown(&self, shown: &ShownView) {
        let drawn = qr::encode(&shown.digits, Level::M, Segmentation::Smallest);
        let drawn = drawn.map(|modules| terminal(&modules, Ground::Dark)).unwrap_or_default();
        let seconds = shown.expires_in_ms / 1000;
        let text = format!(
            "{}\n{} in {}: {}\n  a shop can scan it for {seconds} s{}",
            drawn,
            shown.network_name,
            shown.region,
            shown.masked,
            shown.offline.map_or(String::new(), |offline| {
                let unsure = if offline.sure_of_time { "" } else { ", less than usual: the time is not certain" };
                format!("\n  made without network: up to {} a payment{unsure}; the result comes later", offline.limit)
            })
        );
        self.line(&text, || {
            json!({
                "event": "shown", "code": shown.id.to_string(), "network": shown.network.to_string(),
                "region": shown.region, "digits": shown.digits, "masked": shown.masked,
                "expires_in_ms": shown.expires_in_ms, "offline": shown.offline.is_some(), "picture": drawn,
            })
        });
    }

    pub(super) fn shown_over(&self, state: &str) {
        self.line(&format!("the code is {state}"), || json!({ "event": "shown_over", "state": state }));
    }

    pub(super) fn note(&self, text: &str) {
        self.line(text, || json!({ "event": "note", "text": text }));
    }
}

fn money(m: Money) -> Value {
    json!({ "currency": m.currency().alpha(), "minor": m.minor(), "text": m.to_string() })
}

fn problem(error: &Error) -> Value {
    let code = error.code();
    let fields: serde_json::Map<_, _> =
        error.fields().iter().map(|f| (f.name.to_owned(), Value::String(f.value.to_string()))).collect();
    json!({
        "code": code.as_str(), "cause": code.cause(), "retryable": code.retryable(), "next": code.next().as_str(),
        "fields": fields,
    })
}
