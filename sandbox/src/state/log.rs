//! The log of consents: a Merkle tree after RFC 9162 over the digests of all devices' events, with signed heads.
//!
//! Built plainly, from all leaves each time: a real log keeps the inner nodes.

use crate::documents::Documents;
use crate::refusal::Refused;
use jigap::consent::log::{leaf, node};
use jigap::consent::{LogReceipt, TreeHead};
use jigap::crypto::Digest;
use jigap::time::ServerMs;
use rusqlite::{Transaction, params};

/// Puts an event at the end; one that is there already stays where it is.
pub(crate) fn append(tx: &Transaction<'_>, event: Digest) -> Result<(), Refused> {
    let sql = "INSERT OR IGNORE INTO log (at, event) SELECT count(*), ?1 FROM log";
    tx.execute(sql, params![event.to_string()])?;
    Ok(())
}

/// What the log says about an event to a wallet that knows its first `known` leaves.
pub(crate) fn receipt(
    tx: &Transaction<'_>,
    documents: &Documents,
    event: Digest,
    known: u64,
    now: ServerMs,
) -> Result<LogReceipt, Refused> {
    let mut statement = tx.prepare("SELECT event FROM log ORDER BY at")?;
    let events = statement.query_map([], |row| row.get::<_, String>(0))?;
    let events = events.map(|event| Ok(Digest::parse(&event?)?)).collect::<Result<Vec<_>, Refused>>()?;
    let leaves: Vec<Digest> = events.iter().map(|event| leaf(*event)).collect();
    let index = events.iter().position(|e| *e == event).ok_or(Refused::Internal)?;
    let size = u64::try_from(leaves.len()).map_err(|_| Refused::Internal)?;
    let root = root(&leaves);
    let head = TreeHead { size, root, at: now, signature: documents.sign_head(size, root, now)? };
    let known = usize::try_from(known).unwrap_or(usize::MAX);
    let consistency = if known == 0 || known >= leaves.len() { Vec::new() } else { subproof(known, &leaves, true) };
    let index = u64::try_from(index).map_err(|_| Refused::Internal)?;
    Ok(LogReceipt { index, head, inclusion: path(usize::try_from(index).unwrap_or(0), &leaves), consistency })
}

/// Loses the last event of the log: a fault for tests.
pub(crate) fn forget(tx: &Transaction<'_>) -> Result<usize, Refused> {
    Ok(tx.execute("DELETE FROM log WHERE at = (SELECT max(at) FROM log)", [])?)
}

/// Puts another event in the place of the first one: a fault for tests.
pub(crate) fn fork(tx: &Transaction<'_>) -> Result<usize, Refused> {
    let other = Digest::of(b"another history").to_string();
    Ok(tx.execute("UPDATE log SET event = ?1 WHERE at = 0", params![other])?)
}

/// The largest power of two below `n`.
const fn split(n: usize) -> usize {
    let half = n.next_power_of_two() / 2;
    if half == 0 { 1 } else { half }
}

/// RFC 9162 §2.1.1.
fn root(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => Digest::of(b""),
        [one] => *one,
        many => {
            let (left, right) = many.split_at(split(many.len()));
            node(root(left), root(right))
        }
    }
}

/// RFC 9162 §2.1.3.1.
fn path(index: usize, leaves: &[Digest]) -> Vec<Digest> {
    if leaves.len() <= 1 {
        return Vec::new();
    }
    let middle = split(leaves.len());
    let (left, right) = leaves.split_at(middle);
    let (mut steps, other) = match index.checked_sub(middle) {
        None => (path(index, left), root(right)),
        Some(index) => (path(index, right), root(left)),
    };
    steps.push(other);
    steps
}

/// RFC 9162 §2.1.4.1.
fn subproof(known: usize, leaves: &[Digest], whole: bool) -> Vec<Digest> {
    if known == leaves.len() {
        return if whole { Vec::new() } else { vec![root(leaves)] };
    }
    let middle = split(leaves.len());
    let (left, right) = leaves.split_at(middle);
    let (mut steps, other) = match known.checked_sub(middle) {
        None | Some(0) => (subproof(known, left, whole), root(right)),
        Some(known) => (subproof(known, right, false), root(left)),
    };
    steps.push(other);
    steps
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::as_conversions, reason = "test code")]
mod tests {
    use super::*;
    use jigap::consent::log::{consistent, included};

    /// Every proof of every tree up to 40 leaves is what the core's verifier asks for, and nothing else is.
    #[test]
    fn every_proof_of_every_small_tree_verifies_and_no_other_does() {
        let leaves: Vec<Digest> = (0u8..40).map(|n| leaf(Digest::of(&[n]))).collect();
        for size in 1..=leaves.len() {
            let (tree, top) = (&leaves[..size], root(&leaves[..size]));
            for index in 0..size {
                let proof = path(index, tree);
                assert!(included(tree[index], index as u64, size as u64, top, &proof), "{index} of {size}");
                for other in (0..size).filter(|other| *other != index) {
                    assert!(
                        !included(tree[index], other as u64, size as u64, top, &proof),
                        "{index} as {other} of {size}"
                    );
                }
                let mut altered = proof.clone();
                if let Some(step) = altered.first_mut() {
                    step.0[0] ^= 1;
                    assert!(!included(tree[index], index as u64, size as u64, top, &altered));
                    assert!(!included(tree[index], index as u64, size as u64, top, &proof[1..]));
                }
                assert!(!included(tree[index], index as u64, size as u64, top, &[proof, vec![top]].concat()));
            }
            for known in 1..=size {
                let (before, proof) = (root(&leaves[..known]), subproof(known, tree, true));
                assert!(consistent(known as u64, before, size as u64, top, &proof), "{known} to {size}");
                let forged = Digest::of(b"forged");
                assert!(!consistent(known as u64, forged, size as u64, top, &proof), "{known} to {size}");
                assert!(!consistent(known as u64, before, size as u64, forged, &proof), "{known} to {size}");
                for at in 0..proof.len() {
                    let mut altered = proof.clone();
                    altered[at].0[31] ^= 1;
                    assert!(!consistent(known as u64, before, size as u64, top, &altered), "{known} to {size}");
                }
            }
        }
    }
}
