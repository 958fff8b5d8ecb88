//! A vault in a file, for hosts without a key store: terminals, servers, tests. Never for a phone.

use crate::crypto::{HostKey, PublicKey, Random, Signature, SystemRandom};
use crate::vault::{Vault, VaultError};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

const KEK: &str = "kek.key";
const DEVICE: &str = "device.p8";
const WITNESS: &str = "witness";

/// Keeps its keys in a folder, readable by their owner only. It protects against nothing but a copied database.
#[derive(Debug)]
pub struct FileVault {
    folder: PathBuf,
}

impl FileVault {
    /// A vault in this folder, which is made when it is missing.
    ///
    /// # Errors
    /// [`VaultError::Unavailable`] when the folder cannot be made.
    pub fn open(folder: &Path) -> Result<Self, VaultError> {
        fs::create_dir_all(folder).map_err(|_| VaultError::Unavailable)?;
        Ok(Self { folder: folder.to_owned() })
    }

    fn kek(&self) -> Result<LessSafeKey, VaultError> {
        let bytes = self.read_or_make(KEK, || random::<32>().map(|k| Zeroizing::new(k.to_vec())))?;
        UnboundKey::new(&AES_256_GCM, &bytes).map(LessSafeKey::new).map_err(|_| VaultError::KeyLost)
    }

    fn device(&self) -> Result<HostKey, VaultError> {
        let pkcs8 = self.read_or_make(DEVICE, || {
            HostKey::generate().map(|k| Zeroizing::new(k.pkcs8().to_vec())).map_err(|_| VaultError::Unavailable)
        })?;
        HostKey::from_pkcs8(&pkcs8).map_err(|_| VaultError::KeyLost)
    }

    /// Reads a key file; when there is none, makes one. Two processes that start at once end with the same key: the
    /// file is written aside and linked into place, and the one that comes second reads the first one's.
    fn read_or_make(
        &self,
        name: &str,
        make: impl FnOnce() -> Result<Zeroizing<Vec<u8>>, VaultError>,
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let path = self.folder.join(name);
        match fs::read(&path) {
            Ok(bytes) => return Ok(Zeroizing::new(bytes)),
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            Err(_) => return Err(VaultError::Unavailable),
        }
        let bytes = make()?;
        let aside = self.folder.join(format!("{name}.{}", std::process::id()));
        let linked = private_file(&aside)
            .and_then(|mut file| file.write_all(&bytes).and_then(|()| file.sync_all()))
            .and_then(|()| fs::hard_link(&aside, &path));
        // The file aside has done its work either way; a left-over would only be litter.
        let _ = fs::remove_file(&aside);
        match linked {
            Ok(()) => Ok(bytes),
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {
                fs::read(&path).map(Zeroizing::new).map_err(|_| VaultError::Unavailable)
            }
            Err(_) => Err(VaultError::Unavailable),
        }
    }
}

fn random<const N: usize>() -> Result<[u8; N], VaultError> {
    let random: &dyn Random = &SystemRandom;
    random.bytes().map_err(|_| VaultError::Unavailable)
}

/// Creates a file that only its owner can read.
pub(super) fn private_file(path: &Path) -> std::io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

impl Vault for FileVault {
    fn wrap(&self, key: &[u8]) -> Result<Vec<u8>, VaultError> {
        let nonce = random::<NONCE_LEN>()?;
        let mut body = Zeroizing::new(key.to_vec());
        let tag = self
            .kek()?
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(b"jigap-wrap-1"), &mut body)
            .map_err(|_| VaultError::Refused)?;
        Ok([nonce.as_slice(), &body, tag.as_ref()].concat())
    }

    fn unwrap(&self, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let (nonce, body) = wrapped.split_first_chunk::<NONCE_LEN>().ok_or(VaultError::KeyLost)?;
        let mut body = Zeroizing::new(body.to_vec());
        let plain = self
            .kek()?
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(b"jigap-wrap-1"), &mut body)
            .map_err(|_| VaultError::KeyLost)?;
        Ok(Zeroizing::new(plain.to_vec()))
    }

    fn device_key(&self) -> Result<PublicKey, VaultError> {
        self.device().map(|key| key.public())
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, VaultError> {
        self.device()?.sign(message).map_err(|_| VaultError::Unavailable)
    }

    fn keep_witness(&self, witness: &[u8]) -> Result<(), VaultError> {
        // Written aside and renamed: a kill leaves the old one or the new one.
        let aside = self.folder.join(format!("{WITNESS}.{}", std::process::id()));
        private_file(&aside)
            .and_then(|mut file| file.write_all(witness))
            .and_then(|()| fs::rename(&aside, self.folder.join(WITNESS)))
            .map_err(|_| VaultError::Unavailable)
    }

    fn witness(&self) -> Result<Option<Vec<u8>>, VaultError> {
        match fs::read(self.folder.join(WITNESS)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(_) => Err(VaultError::Unavailable),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_vault_keeps_its_keys_and_tells_when_they_are_gone() {
        let folder = tempfile::tempdir().unwrap();
        let vault = FileVault::open(folder.path()).unwrap();
        let wrapped = vault.wrap(b"root").unwrap();
        let key = vault.device_key().unwrap();
        let again = FileVault::open(folder.path()).unwrap();
        assert_eq!(again.unwrap(&wrapped).unwrap().as_slice(), b"root");
        assert!(key.verifies(b"m", &again.sign(b"m").unwrap()));
        fs::remove_file(folder.path().join(KEK)).unwrap();
        assert_eq!(again.unwrap(&wrapped), Err(VaultError::KeyLost));
    }

    #[cfg(unix)]
    #[test]
    fn key_files_are_for_their_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        FileVault::open(folder.path()).unwrap().wrap(b"root").unwrap();
        assert_eq!(fs::metadata(folder.path().join(KEK)).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
