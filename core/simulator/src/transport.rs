//! The line between wallet and gateway: it loses, delays, doubles and falsifies; and it watches what leaves.

use crate::disk::{Disk, Survival};
use crate::gateway::{Fault, HORIZON_MS, name_of};
use crate::life;
use crate::rng::Rng;
use crate::say;
use crate::vfs;
use crate::world::{World, wallet, world};
use jigap::crypto::Digest;
use jigap::gateway::wire::{CheckoutRequest, CodesRequest, HistoryResponse, PayRequest};
use jigap::gateway::{Request, Response, SendError, Transport};
use jigap::id::Id;
use jigap::network::Network;
use jigap::payment::{Answer, DeclineReason, Outcome, State};
use rusqlite::{Connection, OpenFlags};

/// The line.
#[derive(Debug)]
pub(crate) struct Line;

impl Transport for Line {
    fn send(&self, request: &Request) -> Result<Response, SendError> {
        if vfs::with(|disk| disk.dead()) {
            return Err(SendError::Unknown);
        }
        watch(request);
        let answer = exchange(request);
        if vfs::with(|disk| disk.dead()) {
            return Err(SendError::Unknown);
        }
        heard(request, &answer);
        answer
    }
}

/// While the wallet waits for something slow, its other threads and the user go on.
pub(crate) fn meanwhile() {
    let go = world(|world| world.mischief.meanwhile > 0 && world.rng.one_in(world.mischief.meanwhile));
    if go {
        others_go_on();
    }
}

fn others_go_on() {
    if world(|world| world.depth > 0) || vfs::with(|disk| disk.dead()) {
        return;
    }
    let steps = world(|world| world.rng.between(1, 3));
    let Some(wallet) = wallet() else { return };
    world(|world| world.depth += 1);
    for _ in 0..steps {
        match world(|world| world.rng.below(8)) {
            0 => life::withdraw_meanwhile(&wallet),
            1 => life::refresh_meanwhile(&wallet),
            2 | 3 => {
                wallet.serve();
            }
            _ => {
                wallet.work();
            }
        }
    }
    world(|world| world.depth -= 1);
}

fn exchange(request: &Request) -> Result<Response, SendError> {
    // While an event is under way its turn is held: a second thread would wait, and here it would wait for ever.
    let alone = request.path == "/v1/consents";
    let (fault, there, back) = world(|world| {
        world.exchanges += 1;
        let fault = if world.now < world.mischief.outage_until {
            Some(if world.rng.one_in(2) { Fault::Unreachable } else { Fault::RequestLost })
        } else {
            world.fault(request)
        };
        if let Some(fault) = fault {
            world.report.count(fault.name());
            world.tell(format!("{} {}: {}", request.method, request.path, fault.name()));
        } else {
            world.tell(format!("{} {}", request.method, request.path));
        }
        (fault, world.rng.between(10, 1_500), world.rng.between(10, 1_500))
    });
    let deliver = || {
        world(|world| world.pass(there));
        if !alone {
            meanwhile();
        }
        if vfs::with(|disk| disk.dead()) {
            return Response { status: 0, server_ms: None, retry_after_ms: None, body: Vec::new() };
        }
        let response = world(|world| world.handle(request));
        if !alone {
            meanwhile();
        }
        world(|world| world.pass(back));
        response
    };
    let timeout = || world(|world| world.pass(15_000));
    let Some(fault) = fault else { return Ok(deliver()) };
    match fault {
        Fault::Unreachable | Fault::Untrusted => {
            world(|world| world.pass(there));
            Err(if fault == Fault::Untrusted { SendError::Untrusted } else { SendError::Unreachable })
        }
        Fault::RequestLost => {
            timeout();
            Err(SendError::Unknown)
        }
        Fault::AnswerLost | Fault::Torn => {
            deliver();
            timeout();
            Err(SendError::Unknown)
        }
        Fault::Slow => {
            let response = deliver();
            for _ in 0..if alone { 0 } else { 6 } {
                world(|world| world.pass(2_000));
                others_go_on();
            }
            Ok(response)
        }
        Fault::Doubled => {
            let later = world(|world| world.now + world.rng.between(1, 60_000));
            world(|world| world.gateway.arrive_at(later, request.clone()));
            Ok(deliver())
        }
        Fault::Delayed => {
            let later = world(|world| world.now + world.rng.between(1_000, 90_000));
            world(|world| world.gateway.arrive_at(later, request.clone()));
            timeout();
            Err(SendError::Unknown)
        }
        Fault::Refused500 | Fault::Busy | Fault::Bare404 => {
            let (status, body) = match fault {
                Fault::Busy => (429, &br#"{"error":"BUSY"}"#[..]),
                Fault::Bare404 => (404, &b"<html>not here</html>"[..]),
                _ => (500, &br#"{"error":"INTERNAL"}"#[..]),
            };
            world(|world| world.pass(there));
            let (server_ms, retry_after_ms) = (Some(world(|world| world.now)), (status == 429).then_some(7_000));
            Ok(Response { status, server_ms, retry_after_ms, body: body.to_vec() })
        }
        Fault::Done500 => {
            let response = deliver();
            Ok(Response { status: 500, body: br#"{"error":"INTERNAL"}"#.to_vec(), ..response })
        }
        Fault::WrongId => Ok(falsified(deliver(), |answer| answer.key = Id([0xee; 16]))),
        Fault::ToldPending => Ok(falsified(deliver(), |answer| {
            // Money given back of what is not charged yet is a contradiction in itself.
            if !answer.beside.is_empty() {
                world(|world| world.model.lied.insert(answer.key));
            }
            answer.outcome = Outcome::Pending;
            answer.seq = answer.seq.saturating_sub(1);
        })),
        Fault::Contradicted => Ok(falsified(deliver(), |answer| {
            if answer.is_final() {
                world(|world| world.model.lied.insert(answer.key));
                answer.outcome = Outcome::Declined { reason: DeclineReason::Other };
                answer.seq += 1_000;
            }
        })),
        Fault::Timeless => Ok(Response { server_ms: None, ..deliver() }),
        Fault::KilledBefore => {
            vfs::with(Disk::die);
            Err(SendError::Unknown)
        }
        Fault::KilledAfter => {
            deliver();
            vfs::with(Disk::die);
            Err(SendError::Unknown)
        }
        Fault::Restarted => {
            world(|world| world.gateway.restart());
            timeout();
            Err(SendError::Unknown)
        }
    }
}

fn falsified(mut response: Response, falsify: impl Fn(&mut Answer)) -> Response {
    if response.status == 200
        && let Ok(mut answer) = serde_json::from_slice::<Answer>(&response.body)
    {
        falsify(&mut answer);
        response.body = serde_json::to_vec(&answer).unwrap_or_default();
    }
    response
}

impl World {
    fn fault(&mut self, request: &Request) -> Option<Fault> {
        if self.mischief.exchange == 0 || !self.rng.one_in(self.mischief.exchange) {
            return None;
        }
        let fault = if self.mischief.faults.is_empty() {
            *self.rng.pick(&Fault::ALL)
        } else {
            let at = self.rng.below(self.mischief.faults.len() as u64) as usize;
            self.mischief.faults[at]
        };
        // These falsify answers about payments; elsewhere they are a torn answer.
        // What money on its way can overtake is a balance on its way.
        if request.path == "/v1/balance" && self.rng.one_in(2) {
            return Some(Fault::Slow);
        }
        let about_payment = request.path.starts_with("/v1/payments");
        match fault {
            Fault::WrongId | Fault::ToldPending | Fault::Contradicted if !about_payment => Some(Fault::Torn),
            // Lies are rarer than losses.
            Fault::Contradicted if !self.rng.one_in(4) => Some(Fault::AnswerLost),
            fault => Some(fault),
        }
    }

    fn may_leave(&mut self, network: Network, what: &str) {
        let consented = self.model.consented(network);
        self.must(consented != Some(false), "I9 nothing leaves without consent", || {
            format!("{what} for {network} after the consent was withdrawn")
        });
    }
}

/// Looks at a request at the moment it leaves the wallet.
fn watch(request: &Request) {
    match (request.method, request.path.as_str()) {
        ("POST", "/v1/payments") => {
            if let Ok(body) = serde_json::from_slice::<PayRequest>(&request.body) {
                watch_payment(&body, &request.body);
            }
        }
        ("POST", "/v1/checkouts") => {
            if let Ok(body) = serde_json::from_slice::<CheckoutRequest>(&request.body) {
                world(|world| world.may_leave(body.network, "a scanned code"));
            }
        }
        ("POST", "/v1/codes") => {
            if let Ok(body) = serde_json::from_slice::<CodesRequest>(&request.body) {
                world(|world| world.may_leave(body.network, "a request for codes"));
            }
        }
        _ => {}
    }
}

/// Whether a payment would be there as being sent if power were lost now.
fn survives_power_cut(key: Id) -> bool {
    let image = vfs::with(|disk| disk.survivors(Survival::DropUnsynced, &mut Rng::new(0)));
    vfs::aside(Disk::holding(&image), || {
        let db = Connection::open_with_flags_and_vfs("/sim/wallet.db", OpenFlags::default(), vfs::NAME);
        let sql = "SELECT EXISTS (SELECT 1 FROM payment WHERE key = ?1 AND state = 'sending')";
        db.is_ok_and(|db| db.query_row(sql, [key.0], |row| row.get(0)).unwrap_or(false))
    })
}

fn watch_payment(asked: &PayRequest, bytes: &[u8]) {
    let key = asked.key;
    // What is on disk, as the wallet itself reads it; a second reader, so nothing is waited for.
    let row = wallet().map(|wallet| wallet.look(|view| Ok((view.payment(key)?, view.request(key)?))));
    // Something is not synced, perhaps after a write that failed: then only a power cut can tell.
    let unsynced = vfs::with(|disk| disk.unsynced("-wal")) && !survives_power_cut(key);
    world(|world| {
        world.may_leave(asked.terms.network, "a payment");
        match row {
            Some(Ok((Some(record), stored))) => {
                let sending = record.payment.state == State::Sending;
                world.must(sending, "I7 on disk before it leaves", || format!("{key} is {:?}", record.payment.state));
                world.must(stored == bytes, "I6 the same bytes for a key", || format!("{key} is not what is on disk"));
            }
            // The disk may fail right now; then nothing can be said.
            Some(Err(error)) if error.code() == jigap::error::Code::StoreFailed => {}
            _ => world.violation("I7 on disk before it leaves", format!("{key} is not on disk")),
        }
        world.must(!unsynced, "I7 on disk before it leaves", || format!("{key} is written but not synced"));
        let (now, digest) = (world.now, Digest::of(bytes));
        let (first, before) = *world.model.sent.entry(key).or_insert((now, digest));
        world.must(before == digest, "I6 the same bytes for a key", || format!("{key} has other bytes than before"));
        world.must(now - first <= HORIZON_MS + 60_000, "I8 no sending after the horizon", || {
            format!("{key}, {} s after it was first sent", (now - first) / 1000)
        });
        let late = now - asked.terms.expires.0;
        let (known, lag) = (world.time_known, world.lag);
        world.must(late <= lag || !known, "R9 no quote is sent that is over", || {
            format!("{key}, {} s after the end of its quote", late / 1000)
        });
        if !known {
            world.report.count("sent with a clock that was set");
        }
    });
}

/// Notes what the history is about to tell of payments that the wallet has.
fn told(answer: &Result<Response, SendError>) {
    let (Ok(response), Some(wallet)) = (answer, wallet()) else { return };
    let Ok(page) = serde_json::from_slice::<HistoryResponse>(&response.body) else { return };
    for line in page.lines {
        if let Ok(Some(record)) = wallet.look(|view| view.payment(line.answer.key)) {
            world(|world| world.report.met(record.payment.state.as_str(), "told"));
        }
    }
}

/// Notes what the wallet is about to learn: for the table of states and events.
fn heard(request: &Request, answer: &Result<Response, SendError>) {
    if let Some(server) = answer.as_ref().ok().and_then(|response| response.server_ms) {
        world(|world| {
            world.time_known = true;
            world.lag = world.lag.max(world.now - server);
        });
    }
    if request.path == "/v1/balance" {
        world(|world| world.balance_told = true);
    }
    if request.path.starts_with("/v1/history") {
        return told(answer);
    }
    let Some(rest) = request.path.strip_prefix("/v1/payments") else { return };
    let asking = request.method == "GET";
    let (key, wish) = match rest.trim_start_matches('/').split_once('/') {
        Some((key, wish)) => (Some(key), Some(wish)),
        None => (Some(rest.trim_start_matches('/')), None),
    };
    let key = if asking || wish.is_some() {
        key.and_then(|key| Id::parse(key).ok())
    } else {
        serde_json::from_slice::<PayRequest>(&request.body).ok().map(|body| body.key)
    };
    let (Some(key), Some(wallet)) = (key, wallet()) else { return };
    let event = match answer {
        Ok(response) if response.status == 429 && response.retry_after_ms.is_some() => "busy",
        _ if wish.is_some() && !answer.as_ref().is_ok_and(|response| response.status == 200) => {
            match (wish, answer.as_ref().map(|response| response.status)) {
                (Some("cancel"), Ok(400..=499)) => "cancel_refused",
                (Some("cancel"), _) => "cancel_failed",
                (_, Ok(400..=499)) => "refund_refused",
                _ => "refund_failed",
            }
        }
        Err(SendError::Unreachable | SendError::Untrusted) if !asking => "not_sent",
        Err(_) => {
            if asking {
                "ask_failed"
            } else {
                "lost"
            }
        }
        Ok(response) => {
            let told =
                (response.status == 200).then(|| serde_json::from_slice::<Answer>(&response.body).ok()).flatten();
            match told.filter(|told| told.key == key).map(|told| name_of(&told.outcome)) {
                Some("pending") => "answered:pending",
                Some("declined") => "answered:declined",
                Some("cancelled") => "answered:cancelled",
                Some(_) => "answered:succeeded",
                None if asking && response.status == 404 && response.body.starts_with(b"{") => "not_seen",
                None if matches!(response.status, 400..=499 if response.status != 429) && !asking => "refused",
                None => {
                    if asking {
                        "ask_failed"
                    } else {
                        "lost"
                    }
                }
            }
        }
    };
    if let Ok(Some(record)) = wallet.look(|view| view.payment(key)) {
        let state = record.payment.state.as_str();
        world(|world| world.report.met(state, event));
        say!("{key}: {state} hears {event}");
    }
}
