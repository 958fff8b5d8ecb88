//! The keys that sign the configuration and the consent documents, kept as PKCS#8.

use jigap::crypto::{HostKey, Random, SystemRandom};
use std::io::{self, Write};
use std::path::Path;

/// The key in this file, made when there is none.
///
/// # Errors
/// When the file cannot be read or written, or holds no P-256 key.
pub(crate) fn load_or_make(path: &Path) -> io::Result<HostKey> {
    if path.exists() {
        return HostKey::from_pkcs8(&std::fs::read(path)?).map_err(io::Error::other);
    }
    let key = HostKey::generate().map_err(io::Error::other)?;
    write_secret(path, key.pkcs8())?;
    Ok(key)
}

/// The 32 random bytes in this file, made when there is none.
///
/// # Errors
/// As [`load_or_make`].
pub(crate) fn secret_or_make(path: &Path) -> io::Result<[u8; 32]> {
    if path.exists() {
        return std::fs::read(path)?.try_into().map_err(|_| io::Error::other("not 32 bytes"));
    }
    let random: &dyn Random = &SystemRandom;
    let secret = random.bytes::<32>().map_err(io::Error::other)?;
    write_secret(path, &secret)?;
    Ok(secret)
}

/// Writes a file that only its owner may read. It appears whole or not at all.
pub(crate) fn write_secret(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(new, path)
}
