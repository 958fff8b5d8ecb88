//! A million random histories: the gate says what a second, naive reader of the events says.
//!
//! `JIGAP_HISTORIES` sets another number.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "test code"
)]

mod sample;

use jigap::consent::{Carries, EventKind, Item, Ledger, SignedEvent};
use jigap::crypto::{Blob, Digest, HostKey, Signature};
use jigap::gateway::wire::{CodesRequest, PayRequest};
use jigap::id::Id;
use jigap::network::Network;
use jigap::time::ServerMs;

const HISTORIES: u64 = 1_000_000;
const LONGEST: u64 = 9;
const NOW: [ServerMs; 2] = [ServerMs(100), ServerMs(200)];

/// SplitMix64: small, fast, and the same numbers everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % sides) as usize
    }
}

/// What a reader of the law would do: from the end, look for the last word about this network and paying.
fn naive(events: &[SignedEvent], network: Network, document: Digest, now: ServerMs, needed: &[Item]) -> Option<Digest> {
    for event in events.iter().rev() {
        let e = &event.event;
        if e.network != network || e.purpose != "payment" {
            continue;
        }
        match e.kind.as_str() {
            "presented" | "acknowledged" => continue,
            "granted" => {}
            _ => return None,
        }
        let in_time = match e.ends {
            Some(end) => now.0 < end.0,
            None => true,
        };
        let mut listed = true;
        for item in needed {
            listed &= e.data.contains(&item.as_str().to_owned());
        }
        return (e.document.2 == document && in_time && listed).then(|| event.hash());
    }
    None
}

#[test]
fn a_million_histories_read_the_same_twice() {
    let histories: u64 = std::env::var("JIGAP_HISTORIES").map_or(HISTORIES, |n| n.parse().unwrap());
    let threads = 2;
    std::thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || play(thread + 1, histories.div_ceil(threads)));
        }
    });
}

fn play(seed: u64, histories: u64) {
    let networks = ["alipayplus", "unionpay"].map(sample::network);
    let documents = [Digest([1; 32]), Digest([2; 32])];
    let key = HostKey::generate().unwrap();
    let (document, _) = sample::document("unionpay", 1, &key);
    // A light event: what the gate does not look at is empty.
    let mut light = sample::consent(&document, EventKind::Granted, None, &key).event;
    light.recipients.clear();
    (light.shown, light.core, light.document.0) = Default::default();
    light.issuer.1 = Signature(Blob::default());
    let lists: [Vec<String>; 3] = [
        PayRequest::items().map(|item| item.as_str().to_owned()).collect(),
        Item::ALL.iter().map(|item| item.as_str().to_owned()).collect(),
        vec!["customer_number".to_owned()],
    ];
    let pay: Vec<Item> = PayRequest::items().collect();
    let codes: Vec<Item> = CodesRequest::items().collect();
    let mut dice = Dice(seed);
    let (mut open, mut shut) = (0u64, 0u64);
    for history in 0..histories {
        let mut ledger = Ledger::default();
        for seq in 0..=dice.roll(LONGEST) as u64 {
            let mut event = light.clone();
            event.record = Id(u128::from(seq).to_be_bytes());
            event.seq = seq + 1;
            event.previous = ledger.head().map_or(Digest([0; 32]), SignedEvent::hash);
            // Grants are as frequent as all the rest, or the gate would hardly ever be open.
            event.kind = if dice.roll(2) == 0 { EventKind::Granted } else { EventKind::ALL[dice.roll(7)].0 };
            event.network = networks[dice.roll(2)];
            event.document.2 = documents[dice.roll(2)];
            event.purpose = if dice.roll(4) == 0 { "coupons".to_owned() } else { "payment".to_owned() };
            event.ends = (dice.roll(3) == 0).then_some(ServerMs(150));
            event.data.clone_from(&lists[dice.roll(3)]);
            // The ledger trusts events that were opened; their bytes only have to differ.
            let bytes = [history.to_be_bytes(), seq.to_be_bytes()].concat();
            ledger.append(SignedEvent { event, bytes, signature: Signature(Blob::default()) }).unwrap();
        }
        for network in networks {
            for document in documents {
                for now in NOW {
                    let gate = ledger.effective::<PayRequest>(network, document, now).ok().map(|c| c.record());
                    assert_eq!(gate, naive(ledger.events(), network, document, now, &pay), "{seed} {history}");
                    if gate.is_some() {
                        open += 1
                    } else {
                        shut += 1
                    }
                    let gate = ledger.effective::<CodesRequest>(network, document, now).ok().map(|c| c.record());
                    assert_eq!(gate, naive(ledger.events(), network, document, now, &codes), "{seed} {history}");
                }
            }
        }
    }
    // Both outcomes were really tried.
    assert!(open * 20 > histories && shut > open, "open {open}, shut {shut}");
}
