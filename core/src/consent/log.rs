//! The gateway's log of consent events: a Merkle tree after RFC 9162 §2.1, of which the wallet keeps the last head.
//!
//! A plain chain does not show that its end was cut off, and one device cannot see what others are shown. A log whose
//! head everyone keeps can do neither: it has to prove that it holds an event (inclusion) and that nothing of what it
//! held before is gone (consistency).

use crate::crypto::{Canonical, Digest, PublicKey, Signature};
use crate::error::{Code, Error, Result};
use crate::time::ServerMs;
use serde::{Deserialize, Serialize};

/// The state of a log, signed by its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TreeHead {
    /// How many events it holds.
    pub size: u64,
    /// The root of its tree.
    pub root: Digest,
    /// When it was signed.
    pub at: ServerMs,
    /// Over format `JTH1`: size, root and time.
    pub signature: Signature,
}

/// What the gateway answers with when it has put an event into its log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogReceipt {
    /// The event's place, from 0.
    pub index: u64,
    /// The state of the log, the event in it.
    pub head: TreeHead,
    /// That the event is in it: RFC 9162 §2.1.3.
    pub inclusion: Vec<Digest>,
    /// That the log which the wallet knew is the beginning of it: RFC 9162 §2.1.4. Empty when it knew none.
    pub consistency: Vec<Digest>,
}

/// What the wallet keeps of a receipt, as an event of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledgement {
    /// Digest of the event.
    pub event: Digest,
    /// Its place in the log.
    pub index: u64,
    /// The state of the log that holds it.
    pub head: TreeHead,
    /// That it does.
    pub inclusion: Vec<Digest>,
}

/// Why a log cannot be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFault {
    /// The gateway gave no receipt, although its configuration names a log.
    Silent,
    /// The head is not signed by the log's key.
    Unsigned,
    /// The event is not where the receipt says.
    NotIncluded,
    /// The log holds less than it held: it has forgotten.
    Shrunk,
    /// What it holds now does not begin with what it held: it has forked.
    Forked,
}

impl LogFault {
    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Unsigned => "unsigned",
            Self::NotIncluded => "not_included",
            Self::Shrunk => "shrunk",
            Self::Forked => "forked",
        }
    }
}

impl From<LogFault> for Error {
    fn from(fault: LogFault) -> Self {
        Self::new(Code::ConsentLogBroken).with("reason", fault.as_str())
    }
}

impl TreeHead {
    /// What the log's key signs.
    pub fn to_sign(size: u64, root: Digest, at: ServerMs) -> Vec<u8> {
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        Canonical::new(*b"JTH1").number(size).bytes(root.as_bytes()).number(at.0).finish()
    }

    /// Whether this key signed it.
    pub fn is_signed_by(&self, log: &PublicKey) -> bool {
        log.verifies(&Self::to_sign(self.size, self.root, self.at), &self.signature)
    }
}

impl LogReceipt {
    /// Holds a receipt for `event` against the log's key and the last head that is known.
    ///
    /// # Errors
    /// [`LogFault`].
    pub fn verify(
        &self,
        event: Digest,
        log: &PublicKey,
        known: Option<&TreeHead>,
    ) -> Result<Acknowledgement, LogFault> {
        let head = &self.head;
        if !head.is_signed_by(log) {
            return Err(LogFault::Unsigned);
        }
        if let Some(known) = known {
            if head.size < known.size {
                return Err(LogFault::Shrunk);
            }
            if !consistent(known.size, known.root, head.size, head.root, &self.consistency) {
                return Err(LogFault::Forked);
            }
        }
        if !included(leaf(event), self.index, head.size, head.root, &self.inclusion) {
            return Err(LogFault::NotIncluded);
        }
        Ok(Acknowledgement { event, index: self.index, head: head.clone(), inclusion: self.inclusion.clone() })
    }
}

impl Acknowledgement {
    /// Whether the log's key vouches for it.
    pub fn holds(&self, log: &PublicKey) -> bool {
        let Self { event, index, head, inclusion } = self;
        head.is_signed_by(log) && included(leaf(*event), *index, head.size, head.root, inclusion)
    }
}

/// The leaf of an event: its digest, so that the log itself holds nothing about a person. RFC 9162 §2.1.1.
pub fn leaf(event: Digest) -> Digest {
    hash(0, &[event.as_bytes()])
}

/// The node above two others.
pub fn node(left: Digest, right: Digest) -> Digest {
    hash(1, &[left.as_bytes(), right.as_bytes()])
}

fn hash(prefix: u8, parts: &[&[u8; 32]]) -> Digest {
    let mut bytes = vec![prefix];
    parts.iter().for_each(|part| bytes.extend_from_slice(*part));
    Digest::of(&bytes)
}

/// RFC 9162 §2.1.3.2.
pub fn included(leaf: Digest, index: u64, size: u64, root: Digest, path: &[Digest]) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut found) = (index, size.saturating_sub(1), leaf);
    for step in path {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            found = node(*step, found);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            found = node(found, *step);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && found == root
}

/// RFC 9162 §2.1.4.2.
pub fn consistent(size: u64, root: Digest, later: u64, later_root: Digest, path: &[Digest]) -> bool {
    if size == later {
        return root == later_root && path.is_empty();
    }
    if size == 0 || size > later {
        // Everything is consistent with nothing.
        return size == 0 && path.is_empty();
    }
    let mut steps = path.iter().copied();
    // A complete subtree is its own first node, which the proof leaves out.
    let Some(first) = (if size.is_power_of_two() { Some(root) } else { steps.next() }) else { return false };
    let (mut at, mut last) = (size.saturating_sub(1), later.saturating_sub(1));
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    let (mut old, mut new) = (first, first);
    for step in steps {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            old = node(step, old);
            new = node(step, new);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            new = node(new, step);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && old == root && new == later_root
}

/// What the wallet keeps about the log.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogState {
    /// The last head that was proven.
    pub head: Option<TreeHead>,
    /// Why the last receipt was not believed; nothing while all is well.
    pub fault: Option<LogFault>,
    /// The receipt that was not believed: evidence against the log, since its key signed it.
    pub evidence: Option<LogReceipt>,
}
