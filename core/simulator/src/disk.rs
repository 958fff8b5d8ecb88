//! A disk in memory that forgets what was not synced: every file has what is durable and what is still pending.
//!
//! An operation is a write, a sync, a truncation, the making or the deletion of a file. The disk counts them, and dies, fails or is
//! full at the one it is told to. After a death it comes back by one of five [`Survival`]s.

use crate::rng::Rng;
use std::collections::BTreeMap;

/// What of the pending operations is on the disk after a death.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Survival {
    /// All: the process was killed, the operating system lived.
    ProcessKill,
    /// None: power was lost, and nothing had been written back.
    DropUnsynced,
    /// Of every write each sector by a coin.
    AnySector,
    /// The operations up to some moment, in their order over all files; the last one torn.
    PrefixTorn,
    /// All but one in sixteen.
    DropOneIn16,
}

impl Survival {
    /// Every model.
    pub const ALL: [Self; 5] =
        [Self::ProcessKill, Self::DropUnsynced, Self::AnySector, Self::PrefixTorn, Self::DropOneIn16];
}

/// How the disk answers one operation, or a few.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// The operation fails and changes nothing.
    Error,
    /// There is no room.
    Full,
}

/// Why an operation did not happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The process is dead: nothing happens any more.
    Dead,
    /// As [`Trouble`] says.
    Trouble(Trouble),
}

const SECTOR: usize = 512;

#[derive(Debug, Clone)]
enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Truncate(usize),
    Delete,
}

#[derive(Debug, Clone, Default)]
struct File {
    /// What the process sees; nothing when there is no such file.
    live: Option<Vec<u8>>,
    /// What a power cut leaves for sure.
    durable: Option<Vec<u8>>,
    /// What lies between the two, with the number of the operation.
    pending: Vec<(u64, Change)>,
}

impl Change {
    fn apply(&self, content: &mut Option<Vec<u8>>) {
        match self {
            Self::Write { at, bytes } => {
                let content = content.get_or_insert_default();
                if content.len() < at + bytes.len() {
                    content.resize(at + bytes.len(), 0);
                }
                content[*at..at + bytes.len()].copy_from_slice(bytes);
            }
            Self::Truncate(length) => content.get_or_insert_default().resize(*length, 0),
            Self::Delete => *content = None,
        }
    }

    /// The part of a write that a torn sector run leaves, sector by sector.
    fn sectors(&self, mut keep: impl FnMut() -> bool) -> Vec<Self> {
        match self {
            Self::Write { at, bytes } => bytes
                .chunks(SECTOR)
                .enumerate()
                .filter(|_| keep())
                .map(|(n, chunk)| Self::Write { at: at + n * SECTOR, bytes: chunk.to_vec() })
                .collect(),
            other => {
                if keep() {
                    vec![other.clone()]
                } else {
                    vec![]
                }
            }
        }
    }
}

/// A folder's files at one moment, as a backup holds them.
#[derive(Debug, Clone, Default)]
pub struct Image(BTreeMap<String, Vec<u8>>);

impl Image {
    /// Every byte of every file.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
    }

    /// Flips one bit of one file.
    pub fn rot(&mut self, rng: &mut Rng) {
        let total: usize = self.0.values().map(Vec::len).sum();
        let mut at = rng.below(total as u64) as usize;
        for bytes in self.0.values_mut() {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << rng.below(8);
                return;
            }
            at -= bytes.len();
        }
    }
}

/// The disk of one life.
#[derive(Debug, Default)]
pub struct Disk {
    files: BTreeMap<String, File>,
    operations: u64,
    dies_at: Option<u64>,
    trouble: Option<(u64, u64, Trouble)>,
    dead: bool,
    syncs: u64,
    met: u64,
}

impl Disk {
    /// A disk with these files, all durable.
    pub fn holding(image: &Image) -> Self {
        let file = |bytes: &Vec<u8>| File { live: Some(bytes.clone()), durable: Some(bytes.clone()), pending: vec![] };
        Self { files: image.0.iter().map(|(name, bytes)| (name.clone(), file(bytes))).collect(), ..Self::default() }
    }

    /// The same disk for the next process: what is pending stays pending, since the operating system lived.
    #[must_use]
    pub fn after_kill(self) -> Self {
        Self { files: self.files, operations: self.operations, ..Self::default() }
    }

    /// How many operations there were.
    pub const fn operations(&self) -> u64 {
        self.operations
    }

    /// How many operations met trouble.
    pub const fn troubled(&self) -> u64 {
        self.met
    }

    /// Whether the process that used it is dead.
    pub const fn dead(&self) -> bool {
        self.dead
    }

    /// Kills the process now.
    pub const fn die(&mut self) {
        self.dead = true;
    }

    /// Kills the process at the operation so many from now, before that one happens.
    pub const fn die_in(&mut self, operations: u64) {
        self.dies_at = Some(self.operations + operations);
    }

    /// So many operations from now, `count` operations meet trouble.
    pub const fn trouble_in(&mut self, operations: u64, count: u64, trouble: Trouble) {
        self.trouble = Some((self.operations + operations, count, trouble));
    }

    /// No more trouble, and no planned death.
    pub const fn calm(&mut self) {
        self.trouble = None;
        self.dies_at = None;
    }

    /// Whether anything of a file whose name ends like this is not durable.
    pub fn unsynced(&self, suffix: &str) -> bool {
        self.files.iter().any(|(name, file)| name.ends_with(suffix) && !file.pending.is_empty())
    }

    /// What the process sees, as a backup would copy it.
    pub fn image(&self) -> Image {
        let live = self.files.iter().filter_map(|(name, file)| Some((name.clone(), file.live.clone()?)));
        Image(live.collect())
    }

    /// What is there after a death.
    pub fn survivors(&self, survival: Survival, rng: &mut Rng) -> Image {
        let pending = self.files.values().flat_map(|file| file.pending.iter().map(|(number, _)| *number));
        let mut numbers: Vec<u64> = pending.collect();
        numbers.sort_unstable();
        let cut = rng.below(numbers.len() as u64 + 1) as usize;
        let (whole, torn) = (numbers.get(cut).copied().unwrap_or(u64::MAX), numbers.get(cut).copied());
        let mut file = |file: &File| {
            let mut content = file.durable.clone();
            for (number, change) in &file.pending {
                let kept = match survival {
                    Survival::ProcessKill => vec![change.clone()],
                    Survival::DropUnsynced => vec![],
                    Survival::AnySector => change.sectors(|| rng.one_in(2)),
                    Survival::PrefixTorn if *number < whole => vec![change.clone()],
                    Survival::PrefixTorn if Some(*number) == torn => {
                        let mut left = rng.below(9);
                        change.sectors(|| {
                            left = left.saturating_sub(1);
                            left > 0
                        })
                    }
                    Survival::PrefixTorn => vec![],
                    Survival::DropOneIn16 => {
                        if rng.one_in(16) {
                            vec![]
                        } else {
                            vec![change.clone()]
                        }
                    }
                };
                kept.iter().for_each(|change| change.apply(&mut content));
            }
            content
        };
        Image(
            self.files.iter().map(|(name, one)| (name.clone(), file(one))).filter_map(|(n, c)| Some((n, c?))).collect(),
        )
    }

    /// Whether the file is there.
    pub fn exists(&self, name: &str) -> bool {
        self.files.get(name).is_some_and(|file| file.live.is_some())
    }

    /// The bytes of a file.
    pub fn bytes(&self, name: &str) -> &[u8] {
        self.files.get(name).and_then(|file| file.live.as_deref()).unwrap_or_default()
    }

    fn operation(&mut self) -> Result<u64, Refused> {
        if self.dead || self.dies_at == Some(self.operations) {
            self.dead = true;
            return Err(Refused::Dead);
        }
        self.operations += 1;
        if let Some((from, count, trouble)) = self.trouble
            && (from..from + count).contains(&self.operations)
        {
            self.met += 1;
            return Err(Refused::Trouble(trouble));
        }
        Ok(self.operations)
    }

    fn change(&mut self, name: &str, change: Change) -> Result<(), Refused> {
        let number = self.operation()?;
        let file = self.files.entry(name.to_owned()).or_default();
        change.apply(&mut file.live);
        file.pending.push((number, change));
        Ok(())
    }

    /// Makes an empty file.
    ///
    /// # Errors
    /// [`Refused`]
    pub fn create(&mut self, name: &str) -> Result<(), Refused> {
        self.change(name, Change::Truncate(0))
    }

    /// Writes bytes at a place.
    ///
    /// # Errors
    /// [`Refused`]
    pub fn write(&mut self, name: &str, at: usize, bytes: &[u8]) -> Result<(), Refused> {
        self.change(name, Change::Write { at, bytes: bytes.to_vec() })
    }

    /// Cuts or lengthens a file.
    ///
    /// # Errors
    /// [`Refused`]
    pub fn truncate(&mut self, name: &str, length: usize) -> Result<(), Refused> {
        self.change(name, Change::Truncate(length))
    }

    /// Makes all of a file durable, its name too.
    ///
    /// # Errors
    /// [`Refused`]
    pub fn sync(&mut self, name: &str) -> Result<(), Refused> {
        self.operation()?;
        self.syncs += 1;
        if let Some(file) = self.files.get_mut(name) {
            for (_, change) in file.pending.drain(..) {
                change.apply(&mut file.durable);
            }
        }
        Ok(())
    }

    /// Deletes a file; durably, when the folder is synced too.
    ///
    /// # Errors
    /// [`Refused`]
    pub fn delete(&mut self, name: &str, sync_folder: bool) -> Result<(), Refused> {
        self.change(name, Change::Delete)?;
        if sync_folder && let Some(file) = self.files.get_mut(name) {
            file.durable = None;
            file.pending.clear();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_synced_survives_everything_and_the_rest_as_the_model_says() {
        for survival in Survival::ALL {
            for seed in 0..50 {
                let mut disk = Disk::default();
                disk.create("f").unwrap();
                disk.write("f", 0, &[1; 2000]).unwrap();
                disk.sync("f").unwrap();
                disk.write("f", 2000, &[2; 2000]).unwrap();
                disk.write("f", 4000, &[3; 2000]).unwrap();
                assert!(disk.unsynced("f"));
                let image = disk.survivors(survival, &mut Rng::new(seed));
                let bytes = &image.0["f"];
                assert!(bytes[..2000] == [1; 2000], "{survival:?}");
                match survival {
                    Survival::ProcessKill => assert_eq!(bytes.len(), 6000),
                    Survival::DropUnsynced => assert_eq!(bytes.len(), 2000),
                    Survival::PrefixTorn if bytes.len() > 4000 => assert!(bytes[2000..4000] == [2; 2000]),
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn an_operation_fails_dies_or_finds_no_room_where_it_was_told() {
        let mut disk = Disk::default();
        disk.create("f").unwrap();
        disk.trouble_in(2, 1, Trouble::Full);
        assert_eq!(disk.write("f", 0, &[1]), Ok(()));
        assert_eq!(disk.write("f", 1, &[1]), Err(Refused::Trouble(Trouble::Full)));
        assert_eq!(disk.write("f", 1, &[1]), Ok(()));
        disk.die_in(1);
        assert_eq!(disk.write("f", 2, &[1]), Ok(()));
        assert_eq!(disk.sync("f"), Err(Refused::Dead));
        assert!(disk.dead() && disk.write("f", 2, &[1]).is_err());
        assert_eq!(disk.bytes("f"), [1, 1, 1]);
    }

    #[test]
    fn a_deletion_that_was_not_synced_may_come_undone() {
        let mut disk = Disk::default();
        disk.create("f").unwrap();
        disk.write("f", 0, b"old").unwrap();
        disk.sync("f").unwrap();
        disk.delete("f", false).unwrap();
        assert!(!disk.exists("f"));
        let mut rng = Rng::new(1);
        assert_eq!(disk.survivors(Survival::DropUnsynced, &mut rng).0["f"], b"old");
        assert!(disk.survivors(Survival::ProcessKill, &mut rng).0.is_empty());
    }
}
