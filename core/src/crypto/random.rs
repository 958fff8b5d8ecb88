//! Randomness as a trait, so that one seed can replay a whole life of a wallet.

use crate::error::{Code, Error, Result};

/// Fills buffers with unpredictable bytes.
pub trait Random: Send + Sync {
    /// Fills the whole buffer.
    ///
    /// # Errors
    /// [`Code::Internal`] when the operating system gives no randomness.
    fn fill(&self, out: &mut [u8]) -> Result<()>;
}

/// The operating system's randomness.
#[derive(Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, out: &mut [u8]) -> Result<()> {
        ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), out)
            .map_err(|_| Error::new(Code::Internal).with("part", "random"))
    }
}

impl dyn Random + '_ {
    /// So many fresh random bytes.
    ///
    /// # Errors
    /// As [`Random::fill`].
    pub fn bytes<const N: usize>(&self) -> Result<[u8; N]> {
        let mut out = [0; N];
        self.fill(&mut out)?;
        Ok(out)
    }
}
