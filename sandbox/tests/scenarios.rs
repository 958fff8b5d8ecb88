//! Plays every file of `scenarios/` through the Rust API against a fresh `jigap-sandbox` process. It knows no journey:
//! the format is `scenarios/README.md`, and the Kotlin and Swift runners play the same files.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "test code; a failing step is named on standard output"
)]

use jigap::app::{
    Checkout, ConsentAnswer, ConsentRequest, PaymentView, Ports, PreviewView, Setup, ShownResult, ShownView, Trust,
    Wallet,
};
use jigap::code::draw::picture::Luma;
use jigap::code::{Reading, Verdict};
use jigap::consent::Shown;
use jigap::crypto::{PublicKey, SystemRandom};
use jigap::error::{Code, Error};
use jigap::gateway::{Address, HttpsTransport};
use jigap::id::Id;
use jigap::money::{Money, Rate};
use jigap::network::Network;
use jigap::payment::{Merchant, Proof, ProofMethod};
use jigap::present::CodeState;
use jigap::time::SystemClock;
use jigap::vault::{FileVault, PinKey, PinPolicy};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

/// An action that fails gives the wallet's error; a scenario that is written wrongly panics.
type Done = Result<Value, Error>;

struct Stage {
    folder: tempfile::TempDir,
    server: Child,
    said: Value,
    wallet: Option<Wallet>,
    kept: HashMap<String, Value>,
    requests: HashMap<String, ConsentRequest>,
    previews: HashMap<String, PreviewView>,
}

impl Drop for Stage {
    fn drop(&mut self) {
        drop(self.server.stdin.take());
        let _ = self.server.wait();
    }
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut server = Command::new(env!("CARGO_BIN_EXE_jigap-sandbox"))
            .args(["serve", "--listen", "127.0.0.1:0", "--stop-with-stdin", "--state"])
            .arg(folder.path().join("gateway"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut first = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let said = serde_json::from_str(&first).unwrap();
        let (kept, requests, previews) = (HashMap::new(), HashMap::new(), HashMap::new());
        let mut stage = Self { folder, server, said, wallet: None, kept, requests, previews };
        stage.open();
        stage
    }

    fn open(&mut self) {
        let key = |name: &str| -> PublicKey { serde_json::from_value(self.said[name].clone()).unwrap() };
        let roots = std::fs::read(self.said["ca"].as_str().unwrap()).unwrap();
        let address = Address::new(self.said["gateway"].as_str().unwrap(), &roots);
        let ports = Ports {
            vault: Arc::new(FileVault::open(&self.folder.path().join("vault")).unwrap()),
            transport: Arc::new(HttpsTransport::new(&address).unwrap()),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
        };
        let trust = Trust { config: key("config_key"), controller: key("controller_key") };
        let setup = Setup { folder: self.folder.path().join("wallet"), trust };
        self.wallet = Some(Wallet::open(setup, ports).unwrap());
    }

    fn wallet(&self) -> &Wallet {
        self.wallet.as_ref().unwrap()
    }

    fn pin_key(&self) -> PinKey {
        let policy = PinPolicy { rounds: 1_000.try_into().unwrap(), ..PinPolicy::default() };
        PinKey::at(&self.folder.path().join("user.key"), policy)
    }

    /// The administration over plain HTTP. An answer that is not 200 is still the answer's JSON.
    fn admin(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let address = self.said["admin"].as_str().unwrap().strip_prefix("http://").unwrap();
        let body = body.map(Value::to_string).unwrap_or_default();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n",
            body.len()
        );
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    }

    /// A text that begins with `$` is a kept value, or a field of one.
    fn resolve(&self, value: &Value) -> Value {
        match value {
            Value::String(text) if text.starts_with('$') => {
                let mut path = text.trim_start_matches('$').split('.');
                let name = path.next().unwrap();
                let start = self.kept.get(name).unwrap_or_else(|| panic!("nothing is kept as {name}"));
                let find =
                    |v: &Value, field: &str| v.get(field).unwrap_or_else(|| panic!("{text}: no {field}")).clone();
                path.fold(start.clone(), |v, field| find(&v, field))
            }
            Value::Array(items) => items.iter().map(|item| self.resolve(item)).collect(),
            Value::Object(fields) => fields.iter().map(|(name, v)| (name.clone(), self.resolve(v))).collect(),
            other => other.clone(),
        }
    }

    fn play(&mut self, step: &Map<String, Value>) {
        let mut step = step.clone();
        let action = step.remove("do").expect("do").as_str().unwrap().to_owned();
        let name = step.remove("as").map(|name| name.as_str().unwrap().to_owned());
        let (expect, expect_error) = (step.remove("expect"), step.remove("expect_error"));
        let mut arguments = Arguments(self.resolve(&Value::Object(step)).as_object().unwrap().clone());
        let done = self.act(&action, &mut arguments);
        assert!(arguments.0.is_empty(), "{action} takes no {:?}", arguments.0.keys().collect::<Vec<_>>());
        let result = match (done, expect_error) {
            (Ok(result), None) => result,
            (Ok(result), Some(_)) => panic!("{action} was to fail, and gave {result}"),
            (Err(error), None) => panic!("{action}: {error}"),
            (Err(error), Some(pattern)) => {
                matches(&self.resolve(&pattern), &error_view(&error), &action);
                return;
            }
        };
        if let Some(pattern) = expect {
            matches(&self.resolve(&pattern), &result, &action);
        }
        if let Some(name) = name {
            self.kept.insert(name, result);
        }
    }

    fn act(&mut self, action: &str, with: &mut Arguments) -> Done {
        Ok(match action {
            "enrol" => {
                let public = self.pin_key().create(with.text("pin").as_bytes())?;
                self.wallet().enrol(with.text("token"), public).wait()?;
                json!({ "enrolled": self.wallet().enrolled() })
            }
            "balance" => json!({ "amount": self.wallet().balance()?.amount.to_string() }),
            "refresh" => {
                self.wallet().refresh().wait()?;
                json!({})
            }
            "networks" => {
                let view = |n: jigap::app::NetworkView| {
                    json!({ "network": n.network.to_string(), "name": n.name, "scan": n.scan, "show": n.show,
                            "consented": n.consented })
                };
                json!({ "networks": self.wallet().networks()?.into_iter().map(view).collect::<Vec<_>>() })
            }
            "read" => reading_view(&self.wallet().read(&with.text("code"))?),
            "consent_request" => {
                let network = Network::parse(&with.text("network"))?;
                let request = self.wallet().consent_request(network, with.text("locale")).wait()?;
                let view = request_view(&request);
                self.requests.insert(request.main.document.to_string(), request);
                view
            }
            "answer_consent" => {
                let document = with.value("request")["document"].as_str().unwrap().to_owned();
                let request = self.requests[&document].clone();
                let shown = Shown {
                    locale: request.main.locale,
                    font_pt: 14,
                    scrolled_to_end: true,
                    dwell_ms: 5_000,
                    ..Shown::default()
                };
                let agreed = with.value("agreed").as_bool().unwrap();
                let answer = ConsentAnswer {
                    network: request.network,
                    document: request.main.document,
                    agreed,
                    choices: vec![],
                    shown,
                    proof: None,
                    guardian: None,
                };
                self.wallet().answer_consent(answer).wait()?;
                json!({})
            }
            "withdraw_consent" => {
                self.wallet().withdraw_consent(Network::parse(&with.text("network"))?).wait()?;
                json!({})
            }
            "prepare" => {
                let code = with.text("code");
                let network = with.optional("network").map(|n| Network::parse(&n)).transpose()?;
                let currency = self.wallet().read(&code)?.facts.currency;
                let typed = with.optional("amount");
                let amount = typed.map(|text| Money::parse(currency.expect("the code has a currency"), &text));
                let checkout = Checkout { code, network, amount: amount.transpose()? };
                let preview = self.wallet().prepare(checkout).wait()?;
                let view = preview_view(&preview);
                self.previews.insert(preview.id.to_string(), preview);
                view
            }
            "pay" => {
                let id = with.value("preview")["id"].as_str().unwrap().to_owned();
                let challenge = self.previews[&id].challenge.clone();
                let signature = self.pin_key().sign(with.text("pin").as_bytes(), &challenge)?;
                let proof = Proof { method: ProofMethod::Pin, signature };
                payment_view(&self.wallet().pay(Id::parse(&id)?, proof).wait()?)
            }
            "payment" => payment_view(&self.wallet().payment(with.id()?)?),
            "settled" => payment_view(&self.wallet().settled(with.id()?, with.patience()).wait()?),
            "history" => {
                let page = self.wallet().history(None, 50)?;
                json!({ "payments": page.payments.iter().map(payment_view).collect::<Vec<_>>() })
            }
            "show" => {
                let network = Network::parse(&with.text("network"))?;
                shown_view(&self.wallet().show(network, with.text("region")).wait()?)
            }
            "renew" => shown_or_null(self.wallet().renew().wait()?),
            "new_code" => shown_or_null(self.wallet().new_code().wait()?),
            "cover" => {
                self.wallet().cover().wait()?;
                json!({})
            }
            "uncover" => shown_or_null(self.wallet().uncover().wait()?),
            "leave_page" => {
                self.wallet().leave_page().wait()?;
                json!({})
            }
            "chosen_network" => json!({
                "network": self.wallet().chosen_network(&with.text("region"))?.map(|network| network.to_string()),
            }),
            "back_up" => {
                self.wallet = None;
                copy_files(&self.folder.path().join("wallet"), &self.folder.path().join("backup"));
                self.open();
                json!({})
            }
            "restore" => {
                self.wallet = None;
                copy_files(&self.folder.path().join("backup"), &self.folder.path().join("wallet"));
                self.open();
                json!({})
            }
            "shown_result" => result_view(&self.wallet().shown_result(with.id()?, with.patience()).wait()?),
            "reopen" => {
                self.wallet = None;
                self.open();
                json!({})
            }
            "make_code" => self.admin("POST", "/admin/codes", Some(&with.rest())),
            "shop_scan" => self.admin("POST", "/admin/scan", Some(&with.rest())),
            "fault" => self.admin("POST", "/admin/fault", Some(&with.value("fault"))),
            "audit" => self.admin("GET", "/admin/audit", None),
            other => panic!("no action is called {other}"),
        })
    }
}

/// What an action was given; each is taken once, so that what is left over is a slip of the pen.
struct Arguments(Map<String, Value>);

impl Arguments {
    fn value(&mut self, name: &str) -> Value {
        self.0.remove(name).unwrap_or_else(|| panic!("{name} is missing"))
    }

    fn text(&mut self, name: &str) -> String {
        self.value(name).as_str().unwrap().to_owned()
    }

    fn optional(&mut self, name: &str) -> Option<String> {
        self.0.remove(name).map(|value| value.as_str().unwrap().to_owned())
    }

    fn id(&mut self) -> Result<Id, Error> {
        Id::parse(&self.text("id"))
    }

    fn patience(&mut self) -> Duration {
        Duration::from_millis(self.value("patience_ms").as_u64().unwrap())
    }

    fn rest(&mut self) -> Value {
        Value::Object(std::mem::take(&mut self.0))
    }
}

fn matches(pattern: &Value, found: &Value, at: &str) {
    match (pattern, found) {
        (Value::Object(keys), _) if keys.keys().any(|key| key.starts_with('~')) => {
            assert_eq!(keys.len(), 1, "{at}: one pattern at a time");
            let (kind, wanted) = keys.iter().next().unwrap();
            let fits = match kind.as_str() {
                "~like" => like(wanted.as_str().unwrap(), found.as_str().unwrap_or_default()),
                "~between" => {
                    let (low, high) = (wanted[0].as_i64().unwrap(), wanted[1].as_i64().unwrap());
                    found.as_i64().is_some_and(|n| (low..=high).contains(&n))
                }
                "~contains" => found.as_str().is_some_and(|text| text.contains(wanted.as_str().unwrap())),
                other => panic!("{at}: no pattern is called {other}"),
            };
            assert!(fits, "{at}: {found} does not match {pattern}");
        }
        (Value::Object(keys), _) => {
            for (key, wanted) in keys {
                let value = found.get(key).unwrap_or_else(|| panic!("{at}: {key} is not in {found}"));
                matches(wanted, value, &format!("{at}.{key}"));
            }
        }
        (Value::Array(wanted), Value::Array(items)) => {
            assert_eq!(wanted.len(), items.len(), "{at}: {found}");
            wanted.iter().zip(items).enumerate().for_each(|(n, (w, item))| matches(w, item, &format!("{at}[{n}]")));
        }
        _ => assert_eq!(found, pattern, "{at}"),
    }
}

fn like(pattern: &str, text: &str) -> bool {
    pattern.chars().count() == text.chars().count()
        && pattern.chars().zip(text.chars()).all(|(p, t)| if p == '9' { t.is_ascii_digit() } else { p == t })
}

fn error_view(error: &Error) -> Value {
    let code = error.code();
    let fields: Map<_, _> = error.fields().iter().map(|f| (f.name.to_owned(), json!(f.value.to_string()))).collect();
    json!({ "code": code.as_str(), "next": code.next().as_str(), "retryable": code.retryable(), "fields": fields })
}

fn reading_view(reading: &Reading) -> Value {
    let networks = match &reading.verdict {
        Verdict::Payable { network } => vec![network.to_string()],
        Verdict::NeedsChoice { networks } => networks.iter().map(ToString::to_string).collect(),
        _ => vec![],
    };
    let facts = &reading.facts;
    json!({
        "verdict": reading.verdict.as_str(), "networks": networks,
        "problem": reading.verdict.error().as_ref().map(error_view), "country": facts.country,
        "currency": facts.currency.map(|c| c.alpha()), "amount": facts.amount.map(|m| m.to_string()),
        "merchant_name": facts.merchant_name, "local_name": facts.local_name,
    })
}

fn request_view(request: &ConsentRequest) -> Value {
    let section = |s: &jigap::app::Section| json!({ "name": s.name, "text": s.text, "emphasised": s.emphasised });
    json!({
        "network": request.network.to_string(), "network_name": request.network_name,
        "document": request.main.document.to_string(), "controller": request.controller, "locale": request.main.locale,
        "title": request.main.title, "sections": request.main.sections.iter().map(section).collect::<Vec<_>>(),
        "granted": request.main.granted,
    })
}

fn merchant_view(m: &Merchant) -> Value {
    json!({ "name": m.name, "local_name": m.local_name, "city": m.city, "country": m.country })
}

fn rate_view(rate: Rate) -> Value {
    json!({ "from": rate.from.alpha(), "to": rate.to.alpha(), "price": rate.decimal() })
}

fn preview_view(p: &PreviewView) -> Value {
    json!({
        "id": p.id.to_string(), "network": p.network.to_string(), "network_name": p.network_name,
        "merchant": merchant_view(&p.merchant), "amount": p.amount.to_string(), "rate": rate_view(p.rate),
        "home": p.home.to_string(), "expires_in_ms": p.expires_in_ms,
    })
}

fn payment_view(p: &PaymentView) -> Value {
    json!({
        "id": p.id.to_string(), "status": p.status.as_str(), "network": p.network.to_string(), "scanned": p.scanned,
        "merchant": p.merchant.as_ref().map(merchant_view), "amount": p.amount.map(|m| m.to_string()),
        "home": p.home.map(|m| m.to_string()), "rate": p.rate.map(rate_view), "reference": p.reference,
        "paid_at_ms": p.paid_at.map(|at| at.0), "created_ms": p.created.0,
        "problem": p.problem.as_ref().map(error_view),
    })
}

fn shown_view(shown: &ShownView) -> Value {
    let size = |picture: &Luma| json!({ "width": picture.width, "height": picture.height });
    json!({
        "id": shown.id.to_string(), "network": shown.network.to_string(), "network_name": shown.network_name,
        "region": shown.region, "digits": shown.digits, "masked": shown.masked, "qr": size(&shown.qr),
        "bars": shown.bars.as_ref().map(size), "expires_in_ms": shown.expires_in_ms,
        "renew_in_ms": shown.renew_in_ms, "sensitive": shown.sensitive,
        "offline": shown.offline.map(|offline| json!({
            "limit": offline.limit.to_string(), "per_day": offline.per_day, "sure_of_time": offline.sure_of_time,
            "keys_left": offline.keys_left,
        })),
    })
}

/// Every file of a folder, in place of those of the other.
fn copy_files(from: &Path, to: &Path) {
    // What was under way ends.
    std::thread::sleep(Duration::from_millis(300));
    let _ = std::fs::remove_dir_all(to);
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

fn shown_or_null(shown: Option<ShownView>) -> Value {
    json!({ "code": shown.as_ref().map(shown_view) })
}

fn result_view(result: &ShownResult) -> Value {
    let state = match result.state {
        CodeState::Fresh | CodeState::Shown => "waiting",
        CodeState::Used => "used",
        CodeState::Expired | CodeState::Void => "expired",
    };
    json!({ "state": state, "payment": result.payment.as_ref().map(payment_view) })
}

fn scenarios() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<_> = files.filter(|path| path.extension().is_some_and(|e| e == "json")).collect();
    found.sort();
    found
}

#[test]
fn every_scenario_plays() {
    let files = scenarios();
    assert!(files.len() >= 2, "the scenarios are missing");
    for file in files {
        let scenario: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        assert_eq!(scenario["format"], 1);
        let mut stage = Stage::new();
        for (number, step) in scenario["steps"].as_array().unwrap().iter().enumerate() {
            println!("{} step {number}: {}", file.display(), step["do"]);
            stage.play(step.as_object().unwrap());
        }
    }
}

#[test]
fn a_slip_of_the_pen_does_not_pass() {
    let caught = |step: Value| {
        let mut stage = Stage::new();
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| stage.play(step.as_object().unwrap()))).is_err()
    };
    let unlisted = json!({ "do": "audit", "expect": { "balanced": false } });
    let misspelt = json!({ "do": "audit", "expects": {} });
    let unknown = json!({ "do": "audit", "expect": { "balanced": { "~is": true } } });
    let nameless = json!({ "do": "payment", "id": "$nothing.id" });
    for step in [unlisted, misspelt, unknown, nameless, json!({ "do": "dance" })] {
        assert!(caught(step.clone()), "{step}");
    }
    assert!(!caught(json!({ "do": "audit", "expect": { "balanced": true } })));
    assert_eq!(Code::parse("CONSENT_NEEDED"), Some(Code::ConsentNeeded));
}
