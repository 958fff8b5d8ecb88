//! The log of consents: the published vectors of RFC 6962 and 9162, and what a log is caught at.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "test code")]

use jigap::consent::log::{consistent, included, leaf, node};
use jigap::consent::{LogFault, LogReceipt, TreeHead};
use jigap::crypto::{Digest, HostKey};
use jigap::time::ServerMs;

/// The eight leaves and the roots of the first 1 to 8 of them: the test vectors of the certificate-transparency project,
/// whose hashing RFC 9162 §2.1.1 keeps.
const LEAVES: [&[u8]; 8] = [
    b"",
    b"\x00",
    b"\x10",
    b"\x20\x21",
    b"\x30\x31",
    b"\x40\x41\x42\x43",
    b"\x50\x51\x52\x53\x54\x55\x56\x57",
    b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
];
const ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];
const A: &str = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7";
const B: &str = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e";
const C: &str = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4";
const D: &str = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b";
const E: &str = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0";
const F: &str = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a";

fn root(size: u64) -> Digest {
    Digest::parse(ROOTS[usize::try_from(size).unwrap() - 1]).unwrap()
}

fn digests(texts: &[&str]) -> Vec<Digest> {
    texts.iter().map(|text| Digest::parse(text).unwrap()).collect()
}

#[test]
fn the_published_vectors_verify() {
    let hashed = |n: usize| Digest::of(&[b"\x00", LEAVES[n]].concat());
    assert_eq!(node(hashed(0), hashed(1)), root(2));
    for (index, size, path) in [
        (0, 1, vec![]),
        (0, 8, vec![A, B, C]),
        (5, 8, vec![D, E, ROOTS[3]]),
        (2, 3, vec![ROOTS[1]]),
        (1, 5, vec![ROOTS[0], B, D]),
    ] {
        let leaf = hashed(usize::try_from(index).unwrap());
        assert!(included(leaf, index, size, root(size), &digests(&path)), "{index} of {size}");
        assert!(!included(leaf, index, size, root(9 - size), &digests(&path)));
        assert!(!included(leaf, index + 1, size, root(size), &digests(&path)));
        assert!(!included(leaf, size, size, root(size), &digests(&path)));
    }
    for (before, after, path) in
        [(1, 1, vec![]), (1, 8, vec![A, B, C]), (6, 8, vec![F, E, ROOTS[3]]), (2, 5, vec![B, D])]
    {
        assert!(consistent(before, root(before), after, root(after), &digests(&path)), "{before} to {after}");
        assert!(!consistent(before, Digest([0; 32]), after, root(after), &digests(&path)));
        assert!(!consistent(before, root(before), after, Digest([0; 32]), &digests(&path)));
    }
    assert!(!consistent(8, root(8), 6, root(6), &digests(&[F, E, ROOTS[3]])));
}

#[test]
fn a_log_is_caught_at_whatever_it_does_wrong() {
    let (key, other) = (HostKey::generate().unwrap(), HostKey::generate().unwrap());
    let head = |key: &HostKey, size: u64, root: Digest| {
        let at = ServerMs(7);
        TreeHead { size, root, at, signature: key.sign(&TreeHead::to_sign(size, root, at)).unwrap() }
    };
    let events = [Digest([1; 32]), Digest([2; 32])];
    let [one, two] = events.map(leaf);
    let known = head(&key, 1, one);
    let good =
        LogReceipt { index: 1, head: head(&key, 2, node(one, two)), inclusion: vec![one], consistency: vec![two] };
    let judge = |receipt: &LogReceipt, known: Option<&TreeHead>| receipt.verify(events[1], &key.public(), known).err();
    assert_eq!(judge(&good, Some(&known)), None);
    assert_eq!(judge(&LogReceipt { consistency: vec![], ..good.clone() }, None), None);
    let acknowledged = good.verify(events[1], &key.public(), None).unwrap();
    assert!(acknowledged.holds(&key.public()) && !acknowledged.holds(&other.public()));
    let unsigned = LogReceipt { head: head(&other, 2, node(one, two)), ..good.clone() };
    assert_eq!(judge(&unsigned, Some(&known)), Some(LogFault::Unsigned));
    // It held two, and holds one.
    assert_eq!(judge(&LogReceipt { head: known.clone(), ..good.clone() }, Some(&good.head)), Some(LogFault::Shrunk));
    // It held another event first.
    let forked = head(&key, 1, leaf(Digest([9; 32])));
    assert_eq!(judge(&good, Some(&forked)), Some(LogFault::Forked));
    // The same size, another root.
    let replaced = head(&key, 2, node(two, one));
    assert_eq!(judge(&good, Some(&replaced)), Some(LogFault::Forked));
    for receipt in [LogReceipt { index: 0, ..good.clone() }, LogReceipt { inclusion: vec![two], ..good.clone() }] {
        assert_eq!(judge(&receipt, Some(&known)), Some(LogFault::NotIncluded));
    }
}
