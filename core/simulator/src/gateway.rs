//! A gateway that keeps `docs/gateway.md`, and the shops behind it: lean, exact about money, with a clock of its own.
//!
//! Its lies are not here: `transport.rs` loses, delays, doubles and falsifies what goes in and comes out.

use crate::world::{World, keys, sign};
use jigap::consent::{Signed, SignedEvent};
use jigap::crypto::{Blob, Digest};
use jigap::gateway::wire::{
    ChainReceived, ChainReport, ChainTip, CheckoutRequest, CheckoutResponse, CodeStatus, CodesRequest, CodesResponse,
    ConsentReceived, ConsentUpload, Done, EnrolRequest, EnrolResponse, HistoryLine, HistoryResponse, IssuedCode,
    PayRequest, Refusal, Statement, VoidRequest,
};
use jigap::gateway::{Request, Response};
use jigap::id::Id;
use jigap::money::{Currency, Money, Rate};
use jigap::network::Network;
use jigap::payment::{Answer, Asked, Beside, DeclineReason, Merchant, Outcome, Receipt, Refund, Terms};
use jigap::time::ServerMs;
use jigap::wallet::Balance;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// How long the wallet may send a payment again, in milliseconds: short, so that a life reaches its end.
pub const HORIZON_MS: i64 = 120_000;
/// How long the gateway knows the bytes of a key again: the horizon is four fifths of it.
pub const RETENTION_MS: i64 = 150_000;
/// What every personal text of a life contains, so that it can be looked for on the disk (I12).
pub const SECRET: &str = "S3CR";
/// How the digits of every shown code begin, for the same reason.
pub const SECRET_DIGITS: &str = "62938475";

/// What can go wrong with one exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The connection is not made.
    Unreachable,
    /// The server cannot prove who it is.
    Untrusted,
    /// The request is lost on its way.
    RequestLost,
    /// The request arrives, the answer is lost.
    AnswerLost,
    /// The answer is long on its way, and the wallet's other threads and the user go on.
    Slow,
    /// The request arrives twice.
    Doubled,
    /// The request arrives much later, perhaps after others, perhaps after the quote's end.
    Delayed,
    /// Answered 500, and not looked at.
    Refused500,
    /// Carried out, and answered 500.
    Done500,
    /// Answered 429 with Retry-After, and not looked at.
    Busy,
    /// Carried out; the connection ends in the middle of the body.
    Torn,
    /// Carried out; the answer is about another payment.
    WrongId,
    /// Carried out; a final answer is told as pending, with an older number.
    ToldPending,
    /// Carried out; the answer is told as declined, with a newer number.
    Contradicted,
    /// A box on the way answers 404 without the contract's word.
    Bare404,
    /// Carried out; the answer does not tell the time.
    Timeless,
    /// The process is killed before the request leaves.
    KilledBefore,
    /// The process is killed while the answer is on its way.
    KilledAfter,
    /// The gateway starts anew and forgets what is on its way to it.
    Restarted,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 19] = [
        Self::Unreachable,
        Self::Untrusted,
        Self::RequestLost,
        Self::AnswerLost,
        Self::Slow,
        Self::Doubled,
        Self::Delayed,
        Self::Refused500,
        Self::Done500,
        Self::Busy,
        Self::Torn,
        Self::WrongId,
        Self::ToldPending,
        Self::Contradicted,
        Self::Bare404,
        Self::Timeless,
        Self::KilledBefore,
        Self::KilledAfter,
        Self::Restarted,
    ];

    /// Its name in the report.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unreachable => "gateway unreachable",
            Self::Untrusted => "TLS failed",
            Self::RequestLost => "request lost",
            Self::AnswerLost => "answer lost",
            Self::Slow => "answer slow",
            Self::Doubled => "request doubled",
            Self::Delayed => "request delayed",
            Self::Refused500 => "500, nothing done",
            Self::Done500 => "500, but done",
            Self::Busy => "429 with Retry-After",
            Self::Torn => "reset in mid-body",
            Self::WrongId => "answer with a wrong id",
            Self::ToldPending => "final told as pending",
            Self::Contradicted => "two different answers",
            Self::Bare404 => "404 without the word",
            Self::Timeless => "answer without the time",
            Self::KilledBefore => "killed before sending",
            Self::KilledAfter => "killed before the answer",
            Self::Restarted => "gateway restarted",
        }
    }
}

/// The signed papers, made once a thread: configurations by version, documents by network and version.
#[allow(missing_debug_implementations, reason = "the world of a life, not a value to be shown")]
pub struct Papers {
    configs: Vec<Signed>,
    documents: [Vec<(Signed, Digest)>; 2],
}

/// The networks of every configuration.
pub fn networks() -> [Network; 2] {
    ["alipayplus", "unionpay"].map(|name| Network::parse(name).expect("a name"))
}

impl Papers {
    fn new() -> Self {
        let signed = |json: &Value, config: bool| {
            let bytes = serde_json::to_vec(json).expect("json");
            let signature = keys(|keys| sign(if config { &keys.config } else { &keys.controller }, &bytes));
            Signed { bytes: Blob(bytes), signature }
        };
        let documents = networks().map(|network| {
            let document = |version: u32| {
                let text = json!({ "title": "Transfer", "items": "Code", "transfer": "Abroad", "recipient": "Example",
                    "purpose": "Payment", "refusal": "You may refuse" });
                let json = json!({ "format": 1, "id": format!("{network}-transfer"), "version": version,
                    "network": network.as_str(), "controller": "Example", "data": ["customer_number", "payment_order", "scanned_code", "payment_code", "country_of_stay"],
                    "recipients": [{ "name": "Example", "contact": "a@b.example", "country": "CN" }],
                    "texts": { "en": text } });
                let signed = signed(&json, false);
                let digest = Digest::of(&signed.bytes.0);
                (signed, digest)
            };
            (1..=2).map(document).collect::<Vec<_>>()
        });
        let config = |version: usize| {
            let entry = |at: usize, display: &str| {
                // The second configuration asks for a new document of the first network.
                let document = documents[at][usize::from(at == 0 && version >= 2)].1;
                json!({ "network": networks()[at].as_str(), "display": display, "document": document,
                    "scan": ["JP"], "show": ["JP"] })
            };
            let rule = |at: usize, kind: &str, path: &str| {
                json!({ "network": networks()[at].as_str(), "priority": 20, "kind": kind, "scheme": "alipayplus",
                    "match": { "host": { "host": "pay.example", "path": path } } })
            };
            signed(
                &json!({ "format": 1, "version": version, "home": "KRW",
                    "networks": [entry(0, "Alipay+"), entry(1, "UnionPay")],
                    "rules": [rule(0, "order", "/a-order/"), rule(0, "entry", "/a-entry/"),
                        rule(1, "order", "/u-order/"), rule(1, "entry", "/u-entry/")],
                    "patience": { "resend_horizon_ms": HORIZON_MS, "order_skew_ms": 120_000, "ask_first_ms": 1_000,
                        "ask_longest_ms": 30_000 },
                    "codes_ahead": 3 }),
                true,
            )
        };
        let configs = (1..=3).map(config).collect();
        Self { configs, documents }
    }
}

thread_local! {
    static PAPERS: Rc<Papers> = Rc::new(Papers::new());
}

#[derive(Debug, Clone)]
struct Order {
    purchase: usize,
    charged: bool,
}

#[derive(Debug, Clone)]
struct Stored {
    body: Digest,
    answer: Answer,
    at: i64,
}

#[derive(Debug, Clone)]
struct Issued {
    network: usize,
    expires: i64,
    used: Option<Answer>,
}

/// Money that moved.
#[derive(Debug, Clone)]
pub struct Capture {
    /// The payment.
    pub key: Id,
    /// What it was for; nothing for a shown code.
    pub purchase: Option<usize>,
    /// What the user was charged, in won.
    pub home: i64,
    /// When.
    pub at: i64,
    /// The version of the balance that it led to.
    pub version: u64,
}

#[derive(Debug, Clone)]
enum Later {
    Arrive(Request),
    Finish(Id),
    Scan(Id, i64),
}

/// The gateway and the shops.
#[derive(Clone)]
#[allow(missing_debug_implementations, reason = "the world of a life, not a value to be shown")]
pub struct Gateway {
    papers: Rc<Papers>,
    config: usize,
    device: Option<Id>,
    seq: u64,
    balance: i64,
    balance_version: u64,
    events: Vec<SignedEvent>,
    nonces: BTreeMap<Id, (Digest, Vec<u8>)>,
    orders: BTreeMap<Id, Order>,
    quotes: BTreeMap<Id, Terms>,
    stored: BTreeMap<Id, Stored>,
    codes: BTreeMap<Id, Issued>,
    later: Vec<(i64, Later)>,
    history: Vec<HistoryLine>,
    refunds: Vec<Refund>,
    chain: Option<ChainTip>,
    /// Every movement of money.
    pub captures: Vec<Capture>,
    /// How long new quotes hold.
    pub quote_ms: i64,
    /// How long new codes hold.
    pub code_ms: i64,
    /// One payment in so many is answered `pending` first.
    pub pending: u64,
    next_id: u128,
}

enum No {
    Refused(u16, &'static str),
}

fn refused<T>(status: u16, word: &'static str) -> Result<T, No> {
    Err(No::Refused(status, word))
}

fn body<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, No> {
    serde_json::from_slice(bytes).map_err(|_| No::Refused(400, "BODY_INVALID"))
}

fn text(value: &impl Serialize) -> Result<Vec<u8>, No> {
    serde_json::to_vec(value).map_err(|_| No::Refused(500, "INTERNAL"))
}

/// What a yen costs.
pub fn rate() -> Rate {
    let [from, to] = ["JPY", "KRW"].map(|alpha| Currency::from_alpha(alpha).expect("a currency"));
    Rate { from, to, mantissa: 91_234, scale: 4 }
}

/// The shop of a purchase. Its name is personal.
pub fn shop(purchase: Option<usize>) -> Merchant {
    let name = purchase.map_or_else(|| format!("{SECRET} till"), |n| format!("{SECRET} shop {n}"));
    Merchant { name, local_name: None, city: None, country: "JP".to_owned() }
}

impl Default for Gateway {
    fn default() -> Self {
        Self {
            papers: PAPERS.with(Rc::clone),
            config: 1,
            device: None,
            seq: 0,
            balance: 10_000_000,
            balance_version: 1,
            events: Vec::new(),
            nonces: BTreeMap::new(),
            orders: BTreeMap::new(),
            quotes: BTreeMap::new(),
            stored: BTreeMap::new(),
            codes: BTreeMap::new(),
            later: Vec::new(),
            history: Vec::new(),
            refunds: Vec::new(),
            chain: None,
            captures: Vec::new(),
            quote_ms: 180_000,
            code_ms: 60_000,
            pending: 6,
            next_id: 1,
        }
    }
}

impl Gateway {
    /// When the next thing happens by itself.
    pub fn next_event(&self) -> Option<i64> {
        self.later.iter().map(|(at, _)| *at).min()
    }

    /// Asks for a new consent document from now on.
    pub fn change_config(&mut self) {
        self.config = (self.config + 1).min(self.papers.configs.len());
    }

    /// Forgets the requests that are under way to it.
    pub fn restart(&mut self) {
        self.later.retain(|(_, later)| !matches!(later, Later::Arrive(_)));
    }

    /// A request arrives at this time.
    pub fn arrive_at(&mut self, at: i64, request: Request) {
        self.later.push((at, Later::Arrive(request)));
    }

    /// A shop scans a code at this time, for so many yen.
    pub fn scan_at(&mut self, at: i64, code: Id, yen: i64) {
        self.later.push((at, Later::Scan(code, yen)));
    }

    /// The balance, in won, and its version.
    pub const fn balance(&self) -> (i64, u64) {
        (self.balance, self.balance_version)
    }

    fn id(&mut self) -> Id {
        self.next_id += 1;
        Id((0x7777_0000_0000_0000_0000_0000_0000_0000 | self.next_id).to_be_bytes())
    }

    fn required(&self, network: usize) -> Digest {
        self.papers.documents[network][usize::from(network == 0 && self.config >= 2)].1
    }

    /// The record of the consent in force.
    fn effective(&self, network: usize) -> Option<Digest> {
        let last =
            self.events.iter().rev().find(|e| e.event.kind.decides() && e.event.network == networks()[network])?;
        let granted = last.event.kind.as_str() == "granted" && last.event.document.2 == self.required(network);
        granted.then(|| last.hash())
    }

    fn number(network: Network) -> Result<usize, No> {
        networks().iter().position(|known| *known == network).ok_or(No::Refused(404, "NETWORK_UNKNOWN"))
    }

    fn answer(&mut self, key: Id, outcome: Outcome) -> Answer {
        self.seq += 1;
        Answer { key, seq: self.seq, outcome, beside: Beside::default() }
    }

    fn store(&mut self, key: Id, body: Digest, outcome: Outcome, at: i64) -> Answer {
        let answer = self.answer(key, outcome);
        self.stored.insert(key, Stored { body, answer: answer.clone(), at });
        self.line(&answer, networks()[0], true, at);
        answer
    }

    /// Writes a line of the history.
    fn line(&mut self, answer: &Answer, network: Network, scanned: bool, created: i64) {
        let n = self.history.len() as u64 + 1;
        let (answer, created) = (answer.clone(), ServerMs(created));
        let network = match &answer.outcome {
            Outcome::Succeeded { receipt } => receipt.network,
            _ => network,
        };
        self.history.push(HistoryLine { n, answer, network, scanned, created, merchant: None });
    }
}

fn receipt(terms: &Terms, seq: u64, at: i64) -> Outcome {
    let receipt = Receipt {
        reference: format!("{SECRET}{seq:012}"),
        paid_at: ServerMs(at),
        network: terms.network,
        merchant: terms.merchant.clone(),
        amount: terms.amount,
        home: terms.home,
        rate: terms.rate,
    };
    Outcome::Succeeded { receipt: Box::new(receipt) }
}

impl World {
    /// Everything of the gateway's and the shops' own that is due now.
    pub(crate) fn gateway_events(&mut self) {
        let now = self.now;
        let mut due: Vec<_> = self.gateway.later.extract_if(.., |(at, _)| *at <= now).collect();
        due.sort_by_key(|(at, _)| *at);
        for (_, later) in due {
            match later {
                Later::Arrive(request) => {
                    self.tell(format!("late: {} {} arrives", request.method, request.path));
                    let _ = self.handle(&request);
                }
                Later::Finish(key) => self.finish(key),
                Later::Scan(code, yen) => self.scan(code, yen),
            }
        }
    }

    fn finish(&mut self, key: Id) {
        let pending = |stored: &&Stored| !stored.answer.is_final();
        let Some(stored) = self.gateway.stored.get(&key).filter(pending).cloned() else { return };
        let Some(terms) = self.gateway.quotes.get(&key).cloned() else { return };
        let outcome = if self.rng.one_in(4) {
            Outcome::Declined { reason: DeclineReason::Other }
        } else {
            self.charge(key, &terms)
        };
        self.tell(format!("gateway: {key} is finished: {}", name_of(&outcome)));
        self.gateway.store(key, stored.body, outcome, stored.at);
    }

    /// Moves the money of a scanned order, unless it moved already.
    fn charge(&mut self, key: Id, terms: &Terms) -> Outcome {
        let Some(order) = self.gateway.orders.get_mut(&terms.order).filter(|order| !order.charged) else {
            return Outcome::Declined { reason: DeclineReason::OrderClosed };
        };
        order.charged = true;
        let purchase = order.purchase;
        self.capture(key, Some(purchase), terms.home.minor());
        receipt(terms, self.gateway.seq, self.now)
    }

    fn capture(&mut self, key: Id, purchase: Option<usize>, home: i64) {
        self.gateway.balance -= home;
        self.gateway.balance_version += 1;
        let now = self.now;
        let version = self.gateway.balance_version;
        self.gateway.captures.push(Capture { key, purchase, home, at: now, version });
        self.tell(format!("gateway: charges {home} won, payment {key}"));
        self.report.count("charges");
        // A gateway that says "declined" of what it charged makes its user pay again: that is not the wallet's fault.
        let honest = |c: &&Capture| c.purchase == purchase && !self.model.lied.contains(&c.key);
        let times = if purchase.is_some() { self.gateway.captures.iter().filter(honest).count() } else { 1 };
        self.must(times <= 1, "I1 one charge a purchase", || {
            format!("purchase {purchase:?} was charged {times} times")
        });
        let agreed = purchase.is_none_or(|n| self.model.purchases[n].agreed.contains(&home));
        self.must(agreed, "I2 the charge is what was agreed", || format!("{home} won for purchase {purchase:?}"));
    }

    fn scan(&mut self, code: Id, yen: i64) {
        let now = self.now;
        let Some(issued) = self.gateway.codes.get(&code).cloned() else { return };
        if issued.used.is_some() || issued.expires <= now {
            self.report.count("shop scanned in vain");
            return;
        }
        let rate = rate();
        let amount = Money::from_minor(rate.from, yen);
        let home = rate.convert(amount).expect("an amount");
        let consented = self.gateway.effective(issued.network).is_some();
        let outcome = if !consented {
            Outcome::Declined { reason: DeclineReason::ConsentMissing }
        } else if self.rng.one_in(5) {
            Outcome::Declined { reason: DeclineReason::BalanceInsufficient }
        } else {
            self.capture(code, None, home.minor());
            let receipt = Receipt {
                reference: format!("{SECRET}{:012}", self.gateway.seq),
                paid_at: ServerMs(now),
                network: networks()[issued.network],
                merchant: shop(None),
                amount,
                home,
                rate,
            };
            Outcome::Succeeded { receipt: Box::new(receipt) }
        };
        self.report.count("shop scanned a shown code");
        self.tell(format!("shop: scans code {code}: {}", name_of(&outcome)));
        let answer = self.gateway.answer(code, outcome);
        self.gateway.line(&answer, networks()[issued.network], false, now);
        if let Some(issued) = self.gateway.codes.get_mut(&code) {
            issued.used = Some(answer);
        }
    }

    /// The answer about a payment, scanned or shown.
    fn about(&mut self, key: Id) -> Option<&mut Answer> {
        match self.gateway.stored.get_mut(&key) {
            Some(stored) => Some(&mut stored.answer),
            None => self.gateway.codes.get_mut(&key).and_then(|issued| issued.used.as_mut()),
        }
    }

    /// The user cancels: what is charged stays charged, what is being worked on ends, what never came never will.
    fn cancel(&mut self, key: Id) -> Result<Vec<u8>, No> {
        let (now, known) = (self.now, self.about(key).cloned());
        let answer = match known {
            Some(answer) if answer.is_final() => answer,
            Some(_) if self.rng.one_in(4) => return refused(500, "INTERNAL"),
            other => {
                self.gateway.later.retain(|(_, later)| !matches!(later, Later::Finish(of) if *of == key));
                self.tell(format!("gateway: {key} is cancelled{}", if other.is_none() { ", unseen" } else { "" }));
                self.report.count("cancelled at the gateway");
                let body = self.gateway.stored.get(&key).map_or(Digest([0; 32]), |stored| stored.body);
                self.gateway.store(key, body, Outcome::Cancelled, now)
            }
        };
        text(&answer)
    }

    /// The user wants the money back: all of it, a part at a rate of its own, or no.
    fn refund(&mut self, key: Id) -> Result<Vec<u8>, No> {
        let Some(mut answer) = self.about(key).cloned() else { return refused(404, "NOT_SEEN") };
        let Outcome::Succeeded { receipt } = answer.outcome.clone() else { return refused(409, "NOT_CHARGED") };
        if answer.beside.refund.is_none() {
            let (now, chance) = (self.now, self.rng.below(3));
            self.gateway.seq += 1;
            answer.seq = self.gateway.seq;
            answer.beside.refund = Some(if chance == 0 { Asked::Refused } else { Asked::Granted });
            if chance > 0 {
                let part = receipt.amount.minor() / i64::try_from(chance).unwrap_or(1);
                // A part has the day's rate, the whole the payment's.
                let rate = if chance == 1 { receipt.rate } else { Rate { mantissa: 90_000, ..receipt.rate } };
                let amount = Money::from_minor(receipt.amount.currency(), part);
                let home = rate.convert(amount).map_err(|_| No::Refused(500, "INTERNAL"))?;
                let refund = Refund { id: self.gateway.id(), at: ServerMs(now), amount, home, rate };
                self.gateway.balance += home.minor();
                self.gateway.balance_version += 1;
                self.gateway.refunds.push(refund);
                answer.beside.refunds.push(refund);
                self.report.count("refunds");
                self.tell(format!("gateway: gives {} won of {key} back", home.minor()));
            }
            if let Some(kept) = self.about(key) {
                *kept = answer.clone();
            }
            self.gateway.line(&answer, receipt.network, true, now);
        }
        text(&answer)
    }

    fn statement(&self, from: i64, until: i64) -> Result<Vec<u8>, No> {
        let won = Currency::from_alpha("KRW").expect("a currency");
        let sum = |minors: &mut dyn Iterator<Item = i64>| {
            let sum: i64 = minors.sum();
            if sum == 0 { vec![] } else { vec![Money::from_minor(won, sum)] }
        };
        let within = |at: i64| (from..until).contains(&at);
        text(&Statement {
            charged: sum(&mut self.gateway.captures.iter().filter(|c| within(c.at)).map(|c| c.home)),
            refunded: sum(&mut self.gateway.refunds.iter().filter(|r| within(r.at.0)).map(|r| r.home.minor())),
            reversed: vec![],
        })
    }

    /// Carries a request out.
    pub(crate) fn handle(&mut self, request: &Request) -> Response {
        let (status, body) = match self.route(request) {
            Ok(body) => (200, body),
            Err(No::Refused(status, word)) => {
                self.tell(format!("gateway: refuses {word}"));
                (status, serde_json::to_vec(&Refusal { error: word.to_owned() }).unwrap_or_default())
            }
        };
        Response { status, server_ms: Some(self.now), retry_after_ms: None, body }
    }

    fn route(&mut self, request: &Request) -> Result<Vec<u8>, No> {
        let path = request.path.as_str();
        if path == "/v1/enrol" {
            return self.enrol(&body(&request.body)?);
        }
        if self.gateway.device.is_none() {
            return refused(401, "DEVICE_UNKNOWN");
        }
        match (request.method, path) {
            ("GET", "/v1/config") => text(&self.gateway.papers.configs[self.gateway.config - 1]),
            ("GET", "/v1/balance") => text(&self.balance()),
            ("POST", "/v1/consents") => self.consent(body(&request.body)?),
            ("POST", "/v1/checkouts") => self.checkout(&request.body),
            ("POST", "/v1/payments") => self.pay(&request.body),
            ("POST", "/v1/codes") => self.issue(&request.body),
            ("POST", "/v1/codes/void") => self.void(&body(&request.body)?),
            ("POST", "/v1/chain") => self.chain(body(&request.body)?),
            ("POST", path) => {
                let of =
                    |end: &str| path.strip_prefix("/v1/payments/")?.strip_suffix(end).and_then(|id| Id::parse(id).ok());
                match (of("/cancel"), of("/refund")) {
                    (Some(key), _) => self.cancel(key),
                    (_, Some(key)) => self.refund(key),
                    _ => refused(404, "PATH_UNKNOWN"),
                }
            }
            ("GET", path) => {
                let document =
                    path.strip_prefix("/v1/consent-documents/").and_then(|path| path.strip_suffix("/payment"));
                if let Some(network) = document {
                    let network = Network::parse(network).map_err(|_| No::Refused(404, "NETWORK_UNKNOWN"))?;
                    let at = Gateway::number(network)?;
                    let required = self.gateway.required(at);
                    let all = &self.gateway.papers.documents[at];
                    return text(&all.iter().find(|(_, digest)| *digest == required).map(|(signed, _)| signed));
                }
                if let Some(since) = path.strip_prefix("/v1/history?since=").and_then(|n| n.parse::<usize>().ok()) {
                    let lines: Vec<_> = self.gateway.history.iter().skip(since).take(100).cloned().collect();
                    let more = since + lines.len() < self.gateway.history.len();
                    return text(&HistoryResponse { lines, more });
                }
                if let Some(range) = path.strip_prefix("/v1/statement?from=") {
                    let (from, until) = range.split_once("&until=").unwrap_or_default();
                    return self.statement(from.parse().unwrap_or(0), until.parse().unwrap_or(0));
                }
                let id = |prefix: &str| path.strip_prefix(prefix).and_then(|id| Id::parse(id).ok());
                if let Some(key) = id("/v1/payments/") {
                    return self.asked(key);
                }
                id("/v1/codes/").map_or_else(|| refused(404, "PATH_UNKNOWN"), |code| self.code_status(code))
            }
            _ => refused(404, "PATH_UNKNOWN"),
        }
    }

    fn balance(&self) -> Balance {
        let won = Currency::from_alpha("KRW").expect("a currency");
        let (minor, version) = self.gateway.balance();
        Balance { amount: Money::from_minor(won, minor), version }
    }

    fn chain(&mut self, report: ChainReport) -> Result<Vec<u8>, No> {
        let nothing = ChainTip { seq: 0, link: Blob(Vec::new()) };
        let latest = self.gateway.chain.get_or_insert(nothing);
        if report.known.as_ref() == Some(latest) {
            *latest = report.head;
        }
        text(&ChainReceived { latest: latest.clone() })
    }

    fn enrol(&mut self, _: &EnrolRequest) -> Result<Vec<u8>, No> {
        let device = *self.gateway.device.get_or_insert(Id([0xd1; 16]));
        let config = self.gateway.papers.configs[self.gateway.config - 1].clone();
        text(&EnrolResponse { device, config, balance: self.balance(), guardian: false })
    }

    fn consent(&mut self, upload: ConsentUpload) -> Result<Vec<u8>, No> {
        let digest = Digest::of(&upload.event.0);
        if !self.gateway.events.iter().any(|event| event.hash() == digest) {
            let device_key = keys(|keys| keys.device.public());
            let event = SignedEvent::open(upload.event.0, upload.signature, &device_key)
                .map_err(|_| No::Refused(422, "CONSENT_RECORD_BROKEN"))?;
            let head = self.gateway.events.last();
            let (seq, previous) = head.map_or((1, Digest([0; 32])), |head| (head.event.seq + 1, head.hash()));
            if event.event.seq != seq || event.event.previous != previous {
                return refused(409, "CONSENT_OUT_OF_ORDER");
            }
            self.gateway.events.push(event);
        }
        text(&ConsentReceived { record: digest, log: None })
    }

    /// The same nonce and body give the same bytes; another body is refused.
    fn repeated(&self, nonce: Id, body: &[u8]) -> Result<Option<Vec<u8>>, No> {
        match self.gateway.nonces.get(&nonce) {
            Some((digest, answer)) if *digest == Digest::of(body) => Ok(Some(answer.clone())),
            Some(_) => refused(409, "KEY_REUSED"),
            None => Ok(None),
        }
    }

    fn checkout(&mut self, bytes: &[u8]) -> Result<Vec<u8>, No> {
        let asked: CheckoutRequest = body(bytes)?;
        if let Some(answer) = self.repeated(asked.nonce, bytes)? {
            return Ok(answer);
        }
        let network = Gateway::number(asked.network)?;
        if self.gateway.effective(network) != Some(asked.consent) {
            return refused(403, "CONSENT_MISSING");
        }
        let Some(purchase) = self.model.purchases.iter().position(|purchase| purchase.code == asked.code) else {
            return refused(404, "CODE_UNKNOWN");
        };
        let (fixed, yen) = (self.model.purchases[purchase].fixed, self.model.purchases[purchase].yen);
        let amount = match (fixed, asked.amount) {
            (true, None) => Money::from_minor(rate().from, yen),
            (true, Some(_)) => return refused(422, "AMOUNT_FIXED"),
            (false, Some(amount)) => amount,
            (false, None) => return refused(422, "AMOUNT_NEEDED"),
        };
        // A code for one order always leads to it; a printed one to a new order each time.
        let known = self.gateway.orders.iter().find(|(_, order)| fixed && order.purchase == purchase);
        let order = match known {
            Some((_, order)) if order.charged => return refused(410, "ORDER_CLOSED"),
            Some((id, _)) => *id,
            None => self.gateway.id(),
        };
        self.gateway.orders.entry(order).or_insert(Order { purchase, charged: false });
        let quote = self.gateway.id();
        let terms = Terms {
            order,
            quote,
            network: asked.network,
            code: Digest::of(asked.code.as_bytes()),
            merchant: shop(Some(purchase)),
            amount,
            home: rate().convert(amount).map_err(|_| No::Refused(422, "AMOUNT_INVALID"))?,
            rate: rate(),
            expires: ServerMs(self.now + self.gateway.quote_ms),
        };
        self.gateway.quotes.insert(quote, terms.clone());
        let answer = text(&CheckoutResponse { terms })?;
        self.gateway.nonces.insert(asked.nonce, (Digest::of(bytes), answer.clone()));
        Ok(answer)
    }

    fn pay(&mut self, bytes: &[u8]) -> Result<Vec<u8>, No> {
        let asked: PayRequest = body(bytes)?;
        let (key, digest, now) = (asked.key, Digest::of(bytes), self.now);
        if let Some(stored) = self.gateway.stored.get(&key).filter(|stored| now - stored.at < RETENTION_MS) {
            // A tombstone stands for every body.
            if stored.body != digest && stored.answer.outcome != Outcome::Cancelled {
                return refused(409, "KEY_REUSED");
            }
            return text(&stored.answer);
        }
        let network = Gateway::number(asked.terms.network)?;
        let quoted = self.gateway.quotes.get(&asked.terms.quote).cloned();
        let declined = |reason| Outcome::Declined { reason };
        let outcome = match quoted {
            Some(quoted) if quoted == asked.terms && asked.digest == quoted.digest() => {
                let open = self.gateway.orders.get(&quoted.order).is_some_and(|order| !order.charged);
                if self.gateway.effective(network) != Some(asked.consent) {
                    declined(DeclineReason::ConsentMissing)
                } else if !open {
                    declined(DeclineReason::OrderClosed)
                } else if quoted.expires.0 <= now {
                    declined(DeclineReason::QuoteExpired)
                } else if self.gateway.balance < quoted.home.minor() {
                    declined(DeclineReason::BalanceInsufficient)
                } else if self.gateway.pending > 0 && self.rng.one_in(self.gateway.pending) {
                    let at = now + self.rng.between(2_000, 120_000);
                    self.gateway.later.push((at, Later::Finish(key)));
                    self.gateway.quotes.insert(key, quoted);
                    Outcome::Pending
                } else {
                    self.charge(key, &quoted)
                }
            }
            _ => declined(DeclineReason::TermsDiffer),
        };
        self.tell(format!("gateway: payment {key}: {}", name_of(&outcome)));
        let answer = self.gateway.store(key, digest, outcome, now);
        text(&answer)
    }

    fn asked(&self, key: Id) -> Result<Vec<u8>, No> {
        // The answer about a payment stays as long as its record; only the repeat of its bytes is forgotten.
        if let Some(stored) = self.gateway.stored.get(&key) {
            return text(&stored.answer);
        }
        match self.gateway.codes.get(&key).and_then(|issued| issued.used.as_ref()) {
            Some(answer) => text(answer),
            None => refused(404, "NOT_SEEN"),
        }
    }

    fn issue(&mut self, bytes: &[u8]) -> Result<Vec<u8>, No> {
        let asked: CodesRequest = body(bytes)?;
        if let Some(answer) = self.repeated(asked.nonce, bytes)? {
            return Ok(answer);
        }
        let network = Gateway::number(asked.network)?;
        if self.gateway.effective(network) != Some(asked.consent) {
            return refused(403, "CONSENT_MISSING");
        }
        let expires = self.now + self.gateway.code_ms;
        let codes = (0..asked.quantity)
            .map(|n| {
                let id = self.gateway.id();
                let digits = format!("{SECRET_DIGITS}{:011}", self.gateway.next_id);
                let expires = expires + i64::from(n) * 1_000;
                self.gateway.codes.insert(id, Issued { network, expires, used: None });
                IssuedCode { id, digits, expires: ServerMs(expires) }
            })
            .collect();
        let answer = text(&CodesResponse { codes })?;
        self.gateway.nonces.insert(asked.nonce, (Digest::of(bytes), answer.clone()));
        Ok(answer)
    }

    /// Nobody is to use these any more; one that a shop has scanned stays scanned.
    fn void(&mut self, asked: &VoidRequest) -> Result<Vec<u8>, No> {
        let now = self.now;
        for code in &asked.codes {
            if let Some(issued) = self.gateway.codes.get_mut(code).filter(|issued| issued.used.is_none()) {
                issued.expires = issued.expires.min(now);
            }
            self.tell(format!("gateway: code {code} is void"));
        }
        self.report.count("codes voided");
        text(&Done { done: true })
    }

    fn code_status(&self, code: Id) -> Result<Vec<u8>, No> {
        let Some(issued) = self.gateway.codes.get(&code) else { return refused(404, "CODE_UNKNOWN") };
        let status = match &issued.used {
            Some(answer) => CodeStatus::Used { answer: Box::new(answer.clone()), merchant: Some(shop(None)) },
            None if issued.expires <= self.now => CodeStatus::Expired,
            None => CodeStatus::Waiting,
        };
        text(&status)
    }
}

/// An outcome in a word.
pub const fn name_of(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Pending => "pending",
        Outcome::Declined { .. } => "declined",
        Outcome::Succeeded { .. } => "succeeded",
        Outcome::Cancelled => "cancelled",
    }
}

/// Which keys have an answer that is final and true.
pub fn finals(gateway: &Gateway) -> BTreeSet<Id> {
    let stored = gateway.stored.iter().filter(|(_, stored)| stored.answer.is_final()).map(|(key, _)| *key);
    stored.chain(gateway.codes.iter().filter(|(_, issued)| issued.used.is_some()).map(|(id, _)| *id)).collect()
}
