//! What the user has seen in a life, and what has to be true because of it: the sequential wallet that the real one is held against.

use crate::gateway::networks;
use crate::world::World;
use jigap::app::{PaymentView, Status};
use jigap::crypto::Digest;
use jigap::id::Id;
use jigap::network::Network;
use std::collections::{BTreeMap, BTreeSet};

/// One thing the user wants to buy, once.
#[derive(Debug, Clone)]
pub(crate) struct Purchase {
    /// The text of the shop's code.
    pub code: String,
    /// Whether the code fixes the amount: then it is for one order.
    pub fixed: bool,
    /// What it costs, in yen.
    pub yen: i64,
    /// What the user agreed to be charged, in won, each time they did.
    pub agreed: Vec<i64>,
    /// A proof was given, and nobody knows yet whether a payment came of it.
    pub in_doubt: bool,
    /// The folder was put back to an older state after this was begun: the user asks the shop, and does not pay again.
    pub frozen: bool,
}

/// A payment as it was last seen.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// What the user saw.
    pub status: Status,
    /// The charge that was shown.
    pub home: Option<i64>,
}

/// What was seen.
#[derive(Debug, Clone, Default)]
pub(crate) struct Model {
    /// What the user wants.
    pub purchases: Vec<Purchase>,
    /// Every payment that was on screen.
    pub payments: BTreeMap<Id, Seen>,
    /// The order in which payments appeared.
    pub order: Vec<Id>,
    /// Codes that were on screen.
    pub shown: BTreeSet<Id>,
    /// For every key when its bytes left first, and their digest.
    pub sent: BTreeMap<Id, (i64, Digest)>,
    /// For each network whether the user's last answer that was kept is a consent. Nothing: not known after a kill.
    pub consents: [Option<bool>; 2],
    /// Payments about which the gateway told two different ends.
    pub lied: BTreeSet<Id>,
    /// Payments of which the user was told that they are being cancelled.
    pub cancels: BTreeSet<Id>,
    /// The version of the balance that was on screen last.
    pub balance: u64,
    /// The folder was put back to an older state, or a bit of it flipped: what it forgot then is no fault of the wallet's.
    pub rolled_back: bool,
    /// A bit of the folder flipped: what it hit need not be readable any more, but the wallet has to say so.
    pub rotten: bool,
}

impl Model {
    /// Whether the user has agreed, as far as that is known.
    pub(crate) fn consented(&self, network: Network) -> Option<bool> {
        networks().iter().position(|known| *known == network).and_then(|at| self.consents[at])
    }
}

/// The purchase that a payment is for, by the shop's name.
pub(crate) fn purchase_of(view: &PaymentView) -> Option<usize> {
    view.merchant.as_ref()?.name.rsplit_once(" shop ")?.1.parse().ok()
}

const fn ended(status: Status) -> bool {
    !status.open()
}

impl World {
    /// Holds the balance on screen against the one before, and against the payments that are on screen beside it: money that the
    /// user sees leaving has left the balance, or the new balance is being asked for.
    pub(crate) fn audit_balance(&mut self, version: u64, being_asked: bool) {
        if self.model.rolled_back {
            return;
        }
        let before = std::mem::replace(&mut self.model.balance, version);
        self.must(version >= before, "I2 the balance is the gateway's", || format!("version {before}, then {version}"));
        let shown = |key: &Id| self.model.payments.get(key).is_some_and(|seen| seen.status == Status::Paid);
        let missing = self.gateway.captures.iter().find(|capture| capture.version > version && shown(&capture.key));
        if let (Some(capture), false) = (missing.cloned(), being_asked) {
            let (key, needed) = (capture.key, capture.version);
            self.violation(
                "I2 the balance is the gateway's",
                format!("{key} is paid, but in no balance: {version}, not {needed}"),
            );
        }
    }

    /// Holds the history, oldest first, against what was seen before.
    pub(crate) fn audit(&mut self, history: &[PaymentView]) {
        let mut fresh = Vec::new();
        for view in history {
            let home = view.home.map(|home| home.minor());
            match self.model.payments.get(&view.id).cloned() {
                None => fresh.push(view.id),
                Some(before) if before.status != view.status => {
                    self.tell(format!(
                        "user: sees {} {} (was {})",
                        view.id,
                        view.status.as_str(),
                        before.status.as_str()
                    ));
                    let lied = self.model.lied.contains(&view.id) && view.status == Status::Conflict;
                    let rolled = self.model.rolled_back;
                    self.must(!ended(before.status) || lied || rolled, "I5 an end does not change", || {
                        format!("{} was {} and is {}", view.id, before.status.as_str(), view.status.as_str())
                    });
                }
                Some(before) => {
                    let rolled = self.model.rolled_back;
                    self.must(
                        before.home == home || before.home.is_none() || rolled,
                        "I5 an end does not change",
                        || format!("{} was {:?} won and is {home:?}", view.id, before.home),
                    );
                }
            }
            if let Some(purchase) = purchase_of(view).and_then(|n| self.model.purchases.get_mut(n)) {
                purchase.in_doubt = false;
            }
            if view.status == Status::Conflict {
                let lied = self.model.lied.contains(&view.id);
                self.must(lied, "I5 a conflict needs two answers", || format!("{} is a conflict", view.id));
            }
            self.model.payments.insert(view.id, Seen { status: view.status, home });
        }
        for id in fresh {
            self.tell(format!("user: sees {id} for the first time"));
            if !self.model.order.contains(&id) {
                self.model.order.push(id);
            }
        }
        if self.model.rolled_back {
            return;
        }
        let there: Vec<Id> = history.iter().map(|view| view.id).collect();
        let missing = self.model.order.iter().find(|id| !there.contains(id)).copied();
        if let Some(missing) = missing {
            let status = self.model.payments.get(&missing).map_or("", |seen| seen.status.as_str());
            self.violation("I3 what was shown stays", format!("{missing} was {status} and is gone"));
        } else {
            let order = self.model.order.clone();
            self.must(there == order, "I15 history in its order", || format!("{there:?}, not {order:?}"));
        }
    }
}
