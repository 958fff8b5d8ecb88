//! What is handed to the user, a court or a regulator: the events and documents themselves, with all that verifies
//! them, and next to them the same in the words of ISO/IEC TS 27560 and of DPV. The evidence decides; the rest is a view
//! of it, and is sealed with it by the device's key.

use crate::consent::{Document, Event, EventKind, Ledger, Signed, SignedEvent};
use crate::crypto::{Blob, Digest, PublicKey, Signature};
use crate::error::{Code, Error, Result};
use crate::id::Id;
use crate::time::ServerMs;
use serde_json::{Value, json};

/// The export's format.
pub const FORMAT: &str = "jigap-consent-export/1";
const SCHEMA: &str = "ISO/IEC TS 27560:2023";

/// Everything an export is made of.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// Whose phone it was.
    pub device: Id,
    /// Signs the events.
    pub device_key: PublicKey,
    /// Signs the user's proofs.
    pub user_key: PublicKey,
    /// Signs the documents.
    pub controller_key: PublicKey,
    /// Signs the heads of the log, where there is one.
    pub log_key: Option<PublicKey>,
    /// When the export was made.
    pub made: ServerMs,
    /// The ledger.
    pub events: Vec<SignedEvent>,
    /// Every document that an event names, as far as the wallet has it.
    pub documents: Vec<Signed>,
}

impl Evidence {
    /// The export without its seal: the evidence, what follows from it, and the views.
    ///
    /// # Errors
    /// [`Code::ConsentDocumentInvalid`] when a document does not verify, [`Code::ConsentRecordBroken`] when the ledger does
    /// not.
    pub fn content(&self) -> Result<Value> {
        let ledger = Ledger::new(self.events.clone())?;
        let open = |signed: &Signed| Document::open(signed, &self.controller_key);
        let documents = self.documents.iter().map(open).collect::<Result<Vec<_>>>()?;
        let records = self.records(&documents);
        let principal = self.user_key.id().to_string();
        Ok(json!({
            "made": iso(self.made),
            "device": self.device,
            "keys": {
                "device": self.device_key, "user": self.user_key, "controller": self.controller_key, "log": self.log_key,
            },
            "events": self.events.iter().map(|e| {
                json!({ "bytes": Blob(e.bytes.clone()), "signature": e.signature })
            }).collect::<Vec<_>>(),
            "documents": self.documents,
            "effective": effective(&ledger, self.made),
            "graph": graph(&records, &principal),
            "receipt": receipt(&records, &principal, self.made),
            "records": records,
        }))
    }

    /// One record for each network and purpose that was ever asked about.
    fn records(&self, documents: &[Document]) -> Vec<Value> {
        let mut seen: Vec<(String, String)> = Vec::new();
        for e in &self.events {
            let key = (e.event.network.to_string(), e.event.purpose.clone());
            if !seen.contains(&key) {
                seen.push(key);
            }
        }
        let of = |(network, purpose): &(String, String)| {
            let ours: Vec<&SignedEvent> = self
                .events
                .iter()
                .filter(|e| e.event.network.as_str() == network && e.event.purpose == *purpose)
                .collect();
            self.record(&ours, documents)
        };
        seen.iter().filter_map(of).collect()
    }

    fn record(&self, events: &[&SignedEvent], documents: &[Document]) -> Option<Value> {
        let first = &events.first()?.event;
        // What was last put to the user is what the record is about.
        let last = &events.iter().rev().find(|e| e.event.kind != EventKind::Acknowledged)?.event;
        let shown = events.iter().rev().map(|e| &e.event.shown.locale).find(|locale| !locale.is_empty());
        let locale = shown.map_or("en", String::as_str);
        let document = documents.iter().find(|d| d.digest() == last.document.2);
        let text = document.and_then(|d| d.text(locale)).map(|(_, text)| text.clone()).unwrap_or_default();
        let recipient = |n: usize| format!("recipient-{n}");
        let recipients: Vec<String> = (1..=last.recipients.len()).map(recipient).collect();
        let countries: Vec<&str> = last.recipients.iter().map(|r| r.country.as_str()).collect();
        let mut parties = vec![json!({
            "party_id": "controller", "party_role": "PII controller",
            "party_name": document.map(|d| d.controller().to_owned()).unwrap_or_default(),
        })];
        parties.extend(last.recipients.iter().zip(&recipients).map(|(r, id)| {
            json!({
                "party_id": id, "party_role": "third party", "party_name": r.name, "party_contact": r.contact,
                "party_country": r.country,
            })
        }));
        let items = |item: &String| json!({ "pii_type": item, "pii_optional": !last.required });
        let event = |e: &&SignedEvent| {
            json!({
                "event_time": iso(e.event.server), "type": "explicit", "state": state(e.event.kind), "kind": e.event.kind.as_str(),
                "entity_id": self.user_key.id(), "record": e.event.record, "about": e.event.about, "digest": e.hash(),
                "ends": e.event.ends.map(iso), "language": e.event.shown.locale, "font_pt": e.event.shown.font_pt,
                "scrolled_to_end": e.event.shown.scrolled_to_end, "dwell_ms": e.event.shown.dwell_ms,
                "proof": e.event.proof.as_ref().map(|proof| proof.method.clone()),
                "guardian": e.event.guardian.is_some(), "log_index": e.event.acknowledged.as_ref().map(|a| a.index),
            })
        };
        Some(json!({
            "record": { "schema_version": SCHEMA, "record_id": first.record, "pii_principal_id": self.user_key.id() },
            "pii_processing": {
                "privacy_notice": format!("{} version {}, sha256:{}", last.document.0, last.document.1, last.document.2),
                "language": locale,
                "purposes": [{
                    "purpose": text.purpose, "purpose_type": last.purpose, "lawful_basis": last.basis,
                    "pii_information": last.data.iter().map(items).collect::<Vec<_>>(), "pii_controllers": ["controller"],
                    "collection_method": ["provided by using the service"], "processing_method": [text.transfer],
                    "storage_locations": countries, "retention_period": text.retention.as_ref().unwrap_or(&text.purpose),
                    "processing_locations": countries, "services": [last.network], "jurisdiction": "KR",
                    "recipient_third_parties": recipients, "withdrawal_method": text.refusal, "title": text.title,
                    "items": text.items, "recipient": text.recipient,
                }],
            },
            "party_identification": parties,
            "event": events.iter().map(event).collect::<Vec<_>>(),
        }))
    }

    /// The finished export: the content and the device key's signature over [`to_sign`].
    pub fn sealed(content: &Value, seal: &Signature) -> Value {
        json!({ "format": FORMAT, "content": content, "seal": seal })
    }
}

/// What the device key signs to seal a content: a prefix, and the digest of the JSON with sorted keys and no spaces.
pub fn to_sign(content: &Value) -> Vec<u8> {
    [b"JCX1-sig".as_slice(), Digest::of(content.to_string().as_bytes()).as_bytes()].concat()
}

/// What the device key signs to seal the page that people read.
pub fn page_to_sign(page: &str) -> Vec<u8> {
    [b"JCX1-page".as_slice(), Digest::of(page.as_bytes()).as_bytes()].concat()
}

/// The agreements in force at a moment, by what was last said.
pub(super) fn effective(ledger: &Ledger, now: ServerMs) -> Vec<Value> {
    let mut found: Vec<&Event> = Vec::new();
    for e in ledger.events() {
        let standing = ledger.granted(e.event.network, &e.event.purpose);
        let in_force = standing.is_some_and(|granted| granted.event.record == e.event.record);
        if in_force && e.event.ends.is_none_or(|end| now < end) {
            found.push(&e.event);
        }
    }
    let view = |e: &&Event| json!({ "network": e.network, "purpose": e.purpose, "record": e.record, "document": e.document.2 });
    found.iter().map(view).collect()
}

fn state(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Presented => "requested",
        EventKind::Granted => "given",
        EventKind::Declined => "refused",
        EventKind::Withdrawn => "withdrawn",
        EventKind::Superseded => "invalidated",
        EventKind::Expired => "expired",
        EventKind::Acknowledged => "acknowledged",
    }
}

/// The state of a record is that of its last event which is one.
fn last_state(record: &Value) -> Option<&str> {
    let events = record.get("event")?.as_array()?;
    events.iter().rev().filter_map(|e| e.get("state")?.as_str()).find(|state| *state != "acknowledged")
}

/// The receipt for the user: what they are told they agreed to or not, from the records.
fn receipt(records: &[Value], principal: &str, made: ServerMs) -> Value {
    let of = |record: &Value| {
        json!({
            "record_id": record.pointer("/record/record_id"), "state": last_state(record),
            "purposes": record.pointer("/pii_processing/purposes"), "parties": record.get("party_identification"),
        })
    };
    json!({
        "receipt": {
            "schema_version": SCHEMA, "receipt_id": Digest::of(format!("{principal} {}", made.0).as_bytes()),
            "pii_principal_id": principal, "created": iso(made),
        },
        "content": records.iter().map(of).collect::<Vec<_>>(),
    })
}

/// The records as JSON-LD, with the terms of the Data Privacy Vocabulary.
fn graph(records: &[Value], principal: &str) -> Value {
    let status = |state: &str| {
        let name = match state {
            "requested" => "ConsentRequested",
            "given" => "ConsentGiven",
            "refused" => "ConsentRefused",
            "withdrawn" => "ConsentWithdrawn",
            "expired" => "ConsentExpired",
            "invalidated" => "ConsentInvalidated",
            _ => return None,
        };
        Some(json!({ "@id": format!("dpv:{name}") }))
    };
    let of = |record: &Value| {
        let at = |path: &str| record.pointer(path).cloned().unwrap_or_default();
        let purpose = |field: &str| at(&format!("/pii_processing/purposes/0/{field}"));
        let data = purpose("pii_information").as_array().cloned().unwrap_or_default();
        let parties = at("/party_identification").as_array().cloned().unwrap_or_default();
        let party = |p: &Value, kind: &str| {
            json!({ "@type": kind, "dpv:hasName": p.get("party_name"), "dpv:hasContact": p.get("party_contact"),
                "dpv:hasCountry": p.get("party_country") })
        };
        json!({
            "@type": "dpv:ConsentRecord", "dpv:hasIdentifier": at("/record/record_id"), "dpv:hasDataSubject": principal,
            "dct:hasVersion": SCHEMA, "dpv:hasNotice": at("/pii_processing/privacy_notice"),
            "dpv:hasConsentStatus": last_state(record).and_then(status),
            "dpv:hasLegalBasis": { "@id": "dpv:Consent" },
            "dpv:hasJurisdiction": "KR",
            "dpv:hasPurpose": { "@type": "dpv:Purpose", "dct:title": purpose("title"), "dct:description": purpose("purpose") },
            "dpv:hasPersonalData": data.iter().map(|d| {
                json!({ "@type": "dpv:PersonalData", "dct:title": d.get("pii_type") })
            }).collect::<Vec<_>>(),
            "dpv:hasDataController": parties.iter().take(1).map(|p| party(p, "dpv:DataController")).collect::<Vec<_>>(),
            "dpv:hasRecipient": parties.iter().skip(1).map(|p| party(p, "dpv:Recipient")).collect::<Vec<_>>(),
            "dct:hasPart": at("/event").as_array().into_iter().flatten().filter_map(|e| {
                let status = status(e.get("state")?.as_str()?)?;
                Some(json!({ "@type": status.get("@id"), "dct:date": e.get("event_time"), "dpv:hasIdentifier": e.get("record") }))
            }).collect::<Vec<_>>(),
        })
    };
    json!({
        "@context": { "dpv": "https://w3id.org/dpv#", "dct": "http://purl.org/dc/terms/" },
        "@graph": records.iter().map(of).collect::<Vec<_>>(),
    })
}

/// A moment as ISO 8601 in UTC, by Howard Hinnant's days-to-civil algorithm.
pub fn iso(at: ServerMs) -> String {
    let (days, ms) = (at.0.div_euclid(86_400_000), at.0.rem_euclid(86_400_000));
    let z = days.saturating_add(719_468);
    let (era, day) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let year_of_era = day.saturating_sub(day / 1_460).saturating_add(day / 36_524).saturating_sub(day / 146_096) / 365;
    let leap = (year_of_era / 4).saturating_sub(year_of_era / 100);
    let day_of_year = day.saturating_sub(year_of_era.saturating_mul(365).saturating_add(leap));
    let shifted = day_of_year.saturating_mul(5).saturating_add(2) / 153;
    let date = day_of_year.saturating_sub(shifted.saturating_mul(153).saturating_add(2) / 5).saturating_add(1);
    let month = if shifted < 10 { shifted.saturating_add(3) } else { shifted.saturating_sub(9) };
    let year = year_of_era.saturating_add(era.saturating_mul(400)).saturating_add(i64::from(month <= 2));
    let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
    format!("{year:04}-{month:02}-{date:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", ms % 1_000)
}

/// Reads a moment as [`iso`] writes it.
pub(super) fn from_iso(text: &str) -> Result<ServerMs> {
    let bad = || Error::new(Code::ConsentRecordBroken).with("part", "made");
    let parts: Vec<i64> = text
        .split(['-', 'T', ':', '.', 'Z'])
        .filter(|part| !part.is_empty())
        .map(|part| part.parse::<i64>().map_err(|_| bad()))
        .collect::<Result<_>>()?;
    let [year, month, date, hour, minute, second, ms] = parts.as_slice() else { return Err(bad()) };
    let shifted = year.saturating_sub(i64::from(*month <= 2));
    let (era, of_era) = (shifted.div_euclid(400), shifted.rem_euclid(400));
    let from_march = if *month > 2 { month.saturating_sub(3) } else { month.saturating_add(9) };
    let day_of_year = (from_march.saturating_mul(153).saturating_add(2) / 5).saturating_add(date.saturating_sub(1));
    let day =
        of_era.saturating_mul(365).saturating_add(of_era / 4).saturating_sub(of_era / 100).saturating_add(day_of_year);
    let days = era.saturating_mul(146_097).saturating_add(day).saturating_sub(719_468);
    let seconds = hour.saturating_mul(3_600).saturating_add(minute.saturating_mul(60)).saturating_add(*second);
    let at = days.saturating_mul(86_400_000).saturating_add(seconds.saturating_mul(1_000)).saturating_add(*ms);
    let at = ServerMs(at);
    if iso(at) == text { Ok(at) } else { Err(bad()) }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "test code")]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_and_read() {
        assert_eq!(iso(ServerMs(0)), "1970-01-01T00:00:00.000Z");
        assert_eq!(iso(ServerMs(951_782_400_000)), "2000-02-29T00:00:00.000Z");
        assert_eq!(iso(ServerMs(1_795_442_529_410)), "2026-11-23T14:02:09.410Z");
        for day in 0..40_000 {
            let at = ServerMs(day * 86_400_000 + 12_345_678);
            assert_eq!(from_iso(&iso(at)), Ok(at));
        }
        assert!(from_iso("2026-02-30T00:00:00.000Z").is_err());
    }
}
