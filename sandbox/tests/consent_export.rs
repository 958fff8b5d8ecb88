//! Exports of consents: the core's verifier and `docs/verify_consent.py`, which share no code, agree on good files and on
//! tampered ones.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "test code"
)]

mod common;

use common::phone::{PIN, Phone};
use common::python::{python, verdicts};
use common::{Sandbox, network};
use jigap::app::{ConsentAnswer, ConsentExport};
use jigap::consent::export::to_sign;
use jigap::consent::{Confirmation, Evidence, Shown, Signed, SignedEvent, verify};
use jigap::crypto::{Blob, Digest, HostKey, PublicKey, Signature};
use jigap::id::Id;
use jigap::payment::{Proof, ProofMethod};
use jigap::time::ServerMs;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Command;

/// Agreed with the user's own signature to one network and its coupons, refused and then agreed to the other, and took the
/// first one back; in between, the first one's document was replaced.
fn lived(sandbox: &Sandbox) -> Phone {
    let phone = Phone::enrolled(sandbox, "demo");
    agree_with_proof(&phone, "alipayplus", true);
    phone.answer("unionpay", false);
    phone.answer("unionpay", true);
    let code = sandbox.code("kuromon", "alipayplus", Some("1280"));
    phone.pay(&code);
    sandbox.fault(r#"{"kind":"revise_document","network":"alipayplus"}"#);
    phone.wallet().refresh().wait().unwrap();
    phone.answer("alipayplus", true);
    phone.wallet().withdraw_consent(network("alipayplus")).wait().unwrap();
    // The log's proofs come with the uploads.
    phone.prepare(&sandbox.code("westlake", "unionpay", Some("15"))).unwrap();
    phone
}

fn agree_with_proof(phone: &Phone, name: &str, beside: bool) {
    let request = phone.wallet().consent_request(network(name), "en".to_owned()).wait().unwrap();
    let choices: Vec<(Digest, bool)> = request.optional.iter().map(|choice| (choice.document, beside)).collect();
    let signature = phone.pin.sign(PIN, &request.challenge(true, &choices)).unwrap();
    let answer = ConsentAnswer {
        network: network(name),
        document: request.main.document,
        agreed: true,
        choices,
        shown: Shown {
            locale: "en".to_owned(),
            rendered: request.main.rendered,
            font_pt: 14,
            scrolled_to_end: true,
            dwell_ms: 9_000,
            control: "agree_button".to_owned(),
            app: "test 1.0".to_owned(),
            ..Shown::default()
        },
        proof: Some(Proof { method: ProofMethod::Pin, signature }),
        guardian: None,
    };
    phone.wallet().answer_consent(answer).wait().unwrap();
}

fn export(phone: &Phone) -> ConsentExport {
    phone.wallet().export_consents().wait().unwrap()
}

/// What both verifiers say about each text: the first word and what follows up to the file's name.
fn both(texts: &[String]) -> Vec<(String, Option<String>)> {
    let folder = tempfile::tempdir().unwrap();
    let path = |n: usize| folder.path().join(format!("{n}"));
    let files: Vec<PathBuf> = (0..texts.len()).map(path).collect();
    for (file, text) in files.iter().zip(texts) {
        std::fs::write(file, text).unwrap();
    }
    let output =
        Command::new(env!("CARGO_BIN_EXE_jigap-sandbox")).args(["consent", "verify"]).args(&files).output().unwrap();
    let ours: Vec<String> = String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
    assert_eq!(ours.len(), files.len());
    assert_eq!(output.status.success(), ours.iter().all(|line| line.starts_with("good")));
    let theirs = python().map(|python| verdicts(python, &files));
    let said = |line: &String, file: &PathBuf| line.strip_suffix(&format!(" {}", file.display())).unwrap().to_owned();
    let theirs = |n: usize| theirs.as_ref().map(|lines| said(&lines[n], &files[n]));
    ours.iter().enumerate().map(|(n, line)| (said(line, &files[n]), theirs(n))).collect()
}

#[test]
fn both_verifiers_find_the_same_in_a_good_export() {
    let sandbox = Sandbox::start();
    let phone = lived(&sandbox);
    let export = export(&phone);
    let empty = self::export(&Phone::enrolled(&sandbox, "user:nobody"));
    let said = both(&[export.json.clone(), export.html.clone(), empty.json, empty.html]);
    for (ours, theirs) in &said {
        assert!(ours.starts_with("good"), "{ours} {theirs:?}");
        assert!(theirs.as_ref().is_none_or(|theirs| theirs == ours), "{ours} {theirs:?}");
    }
    let found = verify(&export.json).unwrap();
    assert_eq!(verify(&export.html).unwrap(), found);
    assert_eq!((found.effective, found.proven), (1, 2), "{found:?}");
    assert!(found.logged >= 5, "{found:?}");
    assert_eq!(verify("{}").unwrap_err().field("part"), Some("format".into()));
    // Record, receipt and graph tell what happened, in words that others know.
    let whole: Value = serde_json::from_str(&export.json).unwrap();
    let content = &whole["content"];
    let states: Vec<&str> =
        content["receipt"]["content"].as_array().unwrap().iter().map(|r| r["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["withdrawn", "withdrawn", "given", "requested"]);
    let record = &content["records"][0];
    assert_eq!(record["record"]["schema_version"], "ISO/IEC TS 27560:2023");
    let purpose = &record["pii_processing"]["purposes"][0];
    assert_eq!((&purpose["lawful_basis"], &purpose["storage_locations"]), (&json!("KR-PIPA-28-8-1-1"), &json!(["SG"])));
    assert_eq!(record["party_identification"][1]["party_contact"], "privacy@alipayplus.example");
    assert_eq!(content["graph"]["@graph"][0]["dpv:hasConsentStatus"]["@id"], "dpv:ConsentWithdrawn");
    assert_eq!(content["graph"]["@graph"][2]["dpv:hasConsentStatus"]["@id"], "dpv:ConsentGiven");
    // The page says it for people.
    for text in [
        "Consent record",
        "UnionPay",
        "privacy@alipayplus.example",
        "superseded",
        "coupons",
        "<li>unionpay: payment</li>",
    ] {
        assert!(export.html.contains(text), "{text}");
    }
}

/// Every value that a stranger could change in a file, changed.
fn changed(value: &Value, change: &mut dyn FnMut(Value)) {
    match value {
        Value::Null => change(json!(0)),
        Value::Bool(yes) => change(json!(!yes)),
        Value::Number(n) => change(json!(n.as_i64().unwrap() + 1)),
        Value::String(text) => {
            let mut letters: Vec<char> = text.chars().collect();
            match letters.get_mut(text.chars().count() / 2) {
                Some(letter) => *letter = if *letter == 'A' { 'B' } else { 'A' },
                None => letters.push('A'),
            }
            change(json!(letters.into_iter().collect::<String>()));
        }
        Value::Array(items) => {
            for n in 0..items.len() {
                let mut fewer = items.clone();
                fewer.remove(n);
                change(Value::Array(fewer));
                let mut doubled = items.clone();
                doubled.insert(n, items[n].clone());
                change(Value::Array(doubled));
                if n > 0 && items[n - 1] != items[n] {
                    let mut swapped = items.clone();
                    swapped.swap(n - 1, n);
                    change(Value::Array(swapped));
                }
                let put = |inner: Value| {
                    let mut other = items.clone();
                    other[n] = inner;
                    other
                };
                changed(&items[n], &mut |inner| change(Value::Array(put(inner))));
            }
            change(Value::Array([items.clone(), vec![json!(1)]].concat()));
        }
        Value::Object(fields) => {
            for name in fields.keys() {
                let mut fewer = fields.clone();
                fewer.remove(name);
                change(Value::Object(fewer));
                changed(&fields[name], &mut |inner| {
                    let mut other = fields.clone();
                    other.insert(name.clone(), inner);
                    change(Value::Object(other));
                });
            }
            let mut more = fields.clone();
            more.insert("more".to_owned(), json!(1));
            change(Value::Object(more));
        }
    }
}

#[test]
fn both_verifiers_refuse_every_changed_value() {
    let sandbox = Sandbox::start();
    let phone = Phone::enrolled(&sandbox, "demo");
    agree_with_proof(&phone, "unionpay", false);
    phone.prepare(&sandbox.code("westlake", "unionpay", Some("15"))).unwrap();
    let export = export(&phone);
    let whole: Value = serde_json::from_str(&export.json).unwrap();
    let mut texts = Vec::new();
    changed(&whole, &mut |value| texts.push(value.to_string()));
    // And the page: a word that people read, a word more, the end.
    for (from, to) in
        [("In force", "Not in force"), ("</ul>", "</ul> "), ("</html>\n", "</html>\n\n"), ("<body>", "<body >")]
    {
        assert!(export.html.contains(from));
        texts.push(export.html.replacen(from, to, 1));
    }
    texts.push(export.json.strip_suffix('}').unwrap().to_owned());
    texts.push(String::new());
    assert!(texts.len() > 300, "{}", texts.len());
    for (text, (ours, theirs)) in texts.iter().zip(both(&texts)) {
        assert!(ours.starts_with("bad"), "{ours}: {text}");
        assert!(theirs.is_none_or(|theirs| theirs.starts_with("bad")), "{text}");
    }
}

/// A company with all its keys, whose software lies: the seal is right, what is sealed is not.
struct Liar {
    device: HostKey,
    user: HostKey,
    controller: HostKey,
    log: HostKey,
    evidence: Evidence,
}

impl Liar {
    /// An honest history, re-signed by keys that this test has.
    fn new() -> Self {
        let [device, user, controller, log] = std::array::from_fn(|_| HostKey::generate().unwrap());
        let sandbox = Sandbox::start();
        let phone = lived(&sandbox);
        let whole: Value = serde_json::from_str(&export(&phone).json).unwrap();
        let content = &whole["content"];
        let key: PublicKey = serde_json::from_value(content["keys"]["device"].clone()).unwrap();
        let resign =
            |signed: Signed| Signed { signature: controller.sign(&signed.bytes.0).unwrap(), bytes: signed.bytes };
        let documents: Vec<Signed> = serde_json::from_value(content["documents"].clone()).unwrap();
        let mut events: Vec<SignedEvent> = Vec::new();
        let mut hashes: Vec<(Digest, Digest)> = Vec::new();
        for event in content["events"].as_array().unwrap() {
            let bytes: Blob = serde_json::from_value(event["bytes"].clone()).unwrap();
            let signature: Signature = serde_json::from_value(event["signature"].clone()).unwrap();
            let old = SignedEvent::open(bytes.0, signature, &key).unwrap();
            let mut event = old.event.clone();
            event.keys = (device.public().id(), user.public().id());
            event.issuer.0 = controller.public().id();
            event.previous = events.last().map_or(Digest([0; 32]), SignedEvent::hash);
            if let Some(proof) = &mut event.proof {
                proof.signature = user.sign(&proof.challenge).unwrap();
            }
            if let Some(ack) = &mut event.acknowledged {
                // A log of this one event.
                ack.event = hashes.iter().find(|(before, _)| *before == ack.event).unwrap().1;
                let root = jigap::consent::log::leaf(ack.event);
                let signature = log.sign(&jigap::consent::TreeHead::to_sign(1, root, ServerMs(5))).unwrap();
                ack.head = jigap::consent::TreeHead { size: 1, root, at: ServerMs(5), signature };
                (ack.index, ack.inclusion) = (0, Vec::new());
            }
            let signed = sign(&event, &device);
            hashes.push((old.hash(), signed.hash()));
            events.push(signed);
        }
        let evidence = Evidence {
            device: serde_json::from_value(content["device"].clone()).unwrap(),
            device_key: device.public(),
            user_key: user.public(),
            controller_key: controller.public(),
            log_key: Some(log.public()),
            made: ServerMs(4_000_000_000_000),
            events,
            documents: documents.into_iter().map(resign).collect(),
        };
        Self { device, user, controller, log, evidence }
    }

    /// Signs the event at this place anew after a change, and everything behind it, so that the chain holds.
    fn with(&self, at: usize, change: impl FnOnce(&mut jigap::consent::Event)) -> Evidence {
        let mut evidence = self.evidence.clone();
        let mut event = evidence.events[at].event.clone();
        change(&mut event);
        evidence.events[at] = sign(&event, &self.device);
        for next in at + 1..evidence.events.len() {
            let mut event = evidence.events[next].event.clone();
            event.previous = evidence.events[next - 1].hash();
            evidence.events[next] = sign(&event, &self.device);
        }
        evidence
    }

    fn seal(&self, content: &Value) -> String {
        Evidence::sealed(content, &self.device.sign(&to_sign(content)).unwrap()).to_string()
    }

    fn place(&self, kind: &str) -> usize {
        self.evidence.events.iter().position(|e| e.event.kind.as_str() == kind).unwrap()
    }
}

fn sign(event: &jigap::consent::Event, key: &HostKey) -> SignedEvent {
    let bytes = event.canonical();
    let signature = key.sign(&jigap::consent::Event::to_sign(&bytes)).unwrap();
    SignedEvent::open(bytes, signature, &key.public()).unwrap()
}

#[test]
fn both_verifiers_refuse_what_a_lying_company_sealed() {
    let liar = Liar::new();
    let honest = liar.evidence.content().unwrap();
    let last = liar.evidence.events.len() - 1;
    let granted = liar.place("granted");
    let stranger = HostKey::generate().unwrap();
    let mut cases: Vec<(&str, String)> = vec![("good", liar.seal(&honest))];
    let mut sealed = |part, evidence: &Evidence| cases.push((part, liar.seal(&evidence.content().unwrap())));
    sealed("document", &liar.with(granted, |e| e.data.push("resident_number".to_owned())));
    sealed("document", &liar.with(granted, |e| e.recipients[0].country = "CN".to_owned()));
    sealed("document", &liar.with(granted, |e| e.document.1 += 1));
    sealed("document", &liar.with(granted, |e| e.document.2 = Digest([9; 32])));
    sealed("document", &liar.with(granted, |e| e.required = !e.required));
    sealed("document", &liar.with(granted, |e| e.issuer.0 = Digest([9; 32])));
    sealed("shown", &liar.with(granted, |e| e.shown.rendered = Digest([9; 32])));
    sealed("shown", &liar.with(granted, |e| e.shown.locale = "ko".to_owned()));
    sealed("proof", &liar.with(granted, |e| e.proof.as_mut().unwrap().signature = stranger.sign(b"?").unwrap()));
    sealed("proof", &liar.with(granted, |e| e.about = Some(Id([9; 16]))));
    sealed(
        "proof",
        &liar.with(granted, |e| {
            // The user said no, with their own key; the company writes yes.
            let challenge =
                jigap::consent::UserProof::challenge(e.device, e.network, &[(e.about.unwrap(), e.document.2, false)]);
            let signature = liar.user.sign(&challenge).unwrap();
            *e.proof.as_mut().unwrap() = jigap::consent::UserProof { method: "pin".to_owned(), challenge, signature };
        }),
    );
    let confirm = |key: &HostKey, device, until| {
        let documents = vec![liar.evidence.events[granted].event.document.2];
        let said = Confirmation { format: 1, device, documents, method: "letter".to_owned(), until };
        let bytes = serde_json::to_vec(&said).unwrap();
        Signed { signature: key.sign(&bytes).unwrap(), bytes: Blob(bytes) }
    };
    let ours = liar.evidence.device;
    let end = ServerMs(i64::MAX);
    // Nobody but the device signs these events, so the chain behind still holds.
    sealed("good", &liar.with(last, |e| e.guardian = None));
    sealed("guardian", &liar.with(granted, |e| e.guardian = Some(confirm(&stranger, ours, end))));
    sealed("guardian", &liar.with(granted, |e| e.guardian = Some(confirm(&liar.controller, Id([9; 16]), end))));
    sealed("guardian", &liar.with(granted, |e| e.guardian = Some(confirm(&liar.controller, ours, ServerMs(0)))));
    let logged = liar.place("acknowledged");
    sealed("log", &liar.with(logged, |e| e.acknowledged.as_mut().unwrap().event = Digest([9; 32])));
    sealed("log", &liar.with(logged, |e| e.acknowledged.as_mut().unwrap().head.size = 2));
    sealed("log", &liar.with(logged, |e| e.acknowledged.as_mut().unwrap().index = 1));
    sealed("log", &liar.with(logged, |e| e.acknowledged.as_mut().unwrap().inclusion.push(Digest([9; 32]))));
    assert_ne!(liar.log.public(), liar.user.public());
    // What is only in the JSON: an event left out at the end is an honest shorter history, in the middle it is not.
    let mut at = |part, change: &dyn Fn(&mut Value)| {
        let mut content = honest.clone();
        change(&mut content);
        cases.push((part, liar.seal(&content)));
    };
    at("chain", &|c| drop(c["events"].as_array_mut().unwrap().remove(granted)));
    at("chain", &|c| c["events"].as_array_mut().unwrap().swap(0, 1));
    at("chain", &|c| {
        let first = c["events"][0].clone();
        c["events"].as_array_mut().unwrap().insert(0, first);
    });
    at("chain", &|c| c["device"] = json!("00".repeat(16)));
    at("document", &|c| drop(c["documents"].as_array_mut().unwrap().remove(0)));
    at("effective", &|c| c["effective"] = json!([]));
    at("effective", &|c| c["effective"][0]["network"] = json!("alipayplus"));
    let texts: Vec<String> = cases.iter().map(|(_, text)| text.clone()).collect();
    for ((expected, _), (ours, theirs)) in cases.iter().zip(both(&texts)) {
        for said in [Some(&ours), theirs.as_ref()].into_iter().flatten() {
            let words: Vec<&str> = said.split(' ').collect();
            if *expected == "good" {
                assert_eq!(words[0], "good", "{said}");
            } else {
                assert_eq!(words, ["bad", *expected], "ours {ours}, theirs {theirs:?}");
            }
        }
    }
    // The views are compared with the evidence by the core's verifier alone: they are no evidence.
    let mut content = honest.clone();
    content["records"][0]["event"][0]["state"] = json!("given");
    assert_eq!(verify(&liar.seal(&content)).unwrap_err().field("part"), Some("view".into()));
}
