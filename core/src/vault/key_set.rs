//! The keys in force: one set, or two while the root key is being changed.

use super::keys::ChainKey;
use super::{Keys, Place};
use crate::crypto::{Digest, Random};
use crate::error::Result;
use zeroize::Zeroizing;

/// The keys of an open database. New values are written under the current ones; while a change of the root key is under
/// way, the ones before are still read.
pub struct KeySet {
    current: Keys,
    previous: Option<Keys>,
    /// The chain's keys, each with the first line it made, in that order.
    epochs: Vec<(i64, ChainKey)>,
}

impl KeySet {
    /// The keys of a database; `epochs` are the chain's keys by their first line, and none means the current one for all.
    pub fn new(current: Keys, previous: Option<Keys>, mut epochs: Vec<(i64, ChainKey)>) -> Self {
        if epochs.is_empty() {
            let first = previous.as_ref().unwrap_or(&current);
            epochs.push((1, first.chain_key().clone()));
        }
        epochs.sort_by_key(|(first, _)| *first);
        Self { current, previous, epochs }
    }

    /// The same keys, with these of the chain.
    #[must_use]
    pub fn with_epochs(self, epochs: Vec<(i64, ChainKey)>) -> Self {
        if epochs.is_empty() { self } else { Self::new(self.current, self.previous, epochs) }
    }

    /// These keys while the root is being changed for another: `first` is the first line of the chain that the new one
    /// will make.
    #[must_use]
    pub fn changing_to(&self, new: Keys, first: i64) -> Self {
        let mut epochs = self.epochs.clone();
        epochs.push((first, new.chain_key().clone()));
        Self::new(new, Some(self.current.clone()), epochs)
    }

    /// These keys once everything is sealed under the current ones.
    #[must_use]
    pub fn changed(&self) -> Self {
        Self::new(self.current.clone(), None, self.epochs.clone())
    }

    /// The keys that new values are written under.
    pub const fn current(&self) -> &Keys {
        &self.current
    }

    /// The chain's keys, each with the first line it made.
    pub fn epochs(&self) -> &[(i64, ChainKey)] {
        &self.epochs
    }

    /// Whether a change of the root key is under way.
    pub const fn changing(&self) -> bool {
        self.previous.is_some()
    }

    fn each(&self) -> impl Iterator<Item = &Keys> {
        std::iter::once(&self.current).chain(&self.previous)
    }

    /// Seals a value for a place, under the current keys.
    ///
    /// # Errors
    /// As [`Keys::seal`].
    pub fn seal(&self, place: &Place<'_>, plain: &[u8], random: &dyn Random) -> Result<Vec<u8>> {
        self.current.seal(place, plain, random)
    }

    /// Opens a value at its place, whichever of the keys it was sealed under.
    ///
    /// # Errors
    /// As [`Keys::open`].
    pub fn open(&self, place: &Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let opened = self.current.open(place, sealed);
        match &self.previous {
            Some(previous) if opened.is_err() => previous.open(place, sealed),
            _ => opened,
        }
    }

    /// The code over a row, under the current keys.
    pub fn row_mac(&self, row: &[u8]) -> Digest {
        self.current.row_mac(row)
    }

    /// Whether a row's code is right under any of the keys.
    pub fn row_mac_is(&self, row: &[u8], mac: &[u8]) -> bool {
        self.each().any(|keys| keys.row_mac(row).as_bytes().as_slice() == mac)
    }

    /// The blind index of a value, under the current keys.
    pub fn index(&self, label: &'static str, value: &[u8]) -> [u8; 16] {
        self.current.index(label, value)
    }

    /// Every blind index that a value may stand under.
    pub fn indexes(&self, label: &'static str, value: &[u8]) -> Vec<[u8; 16]> {
        self.each().map(|keys| keys.index(label, value)).collect()
    }

    /// The link of the chain's line with this number. A line made under a key that has since been changed keeps its link:
    /// the lines after it stand on it, so it could not be replaced even by one who knew the old key.
    pub fn link(&self, seq: i64, line: &[u8]) -> Digest {
        let of_line = self.epochs.iter().rev().find(|(first, _)| *first <= seq);
        of_line.map_or(self.current.chain_key(), |(_, key)| key).link(line)
    }
}

redacted!(KeySet);
