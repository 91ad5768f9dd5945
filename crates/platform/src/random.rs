//! Randomness, as a value that is passed along instead of a global that is asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};

/// Where random bytes come from. Clones share one source.
#[derive(Clone, Debug)]
pub struct Random(Source);

#[derive(Clone, Debug)]
enum Source {
    Os,
    Seeded { seed: u64, drawn: Arc<AtomicU64> },
}

impl Random {
    /// The operating system's source, fit for secrets.
    pub fn os() -> Random {
        Random(Source::Os)
    }

    /// The same sequence for the same seed: for tests and the demo workspace only, because whoever
    /// knows the seed knows every token drawn from it.
    pub fn seeded(seed: u64) -> Random {
        Random(Source::Seeded { seed, drawn: Arc::new(AtomicU64::new(0)) })
    }

    /// `N` random bytes.
    ///
    /// # Panics
    ///
    /// When the operating system has no random source: nothing secret can be made then.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// `n_bytes` random bytes as lower-case hexadecimal text, twice as many characters.
    ///
    /// # Panics
    ///
    /// As [`Random::bytes`].
    pub fn hex(&self, n_bytes: usize) -> String {
        let mut bytes = vec![0; n_bytes];
        self.fill(&mut bytes);
        hex::encode(bytes)
    }

    /// A random (version 4) UUID in its usual spelling with hyphens.
    ///
    /// # Panics
    ///
    /// As [`Random::bytes`].
    pub fn uuid(&self) -> String {
        uuid::Builder::from_random_bytes(self.bytes()).into_uuid().to_string()
    }

    fn fill(&self, bytes: &mut [u8]) {
        match &self.0 {
            Source::Os => fill_from_os(bytes),
            Source::Seeded { seed, drawn } => {
                for block in bytes.chunks_mut(32) {
                    let count = drawn.fetch_add(1, Ordering::SeqCst);
                    let digest = Sha256::new()
                        .chain_update(seed.to_be_bytes())
                        .chain_update(count.to_be_bytes());
                    block.copy_from_slice(&digest.finalize()[..block.len()]);
                }
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that asks the operating system")]
fn fill_from_os(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("without a random source no secret can be made");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_one_sequence_and_clones_continue_it() {
        let (one, same) = (Random::seeded(7), Random::seeded(7));
        assert_eq!(one.bytes::<80>(), same.bytes::<80>());
        let clone = one.clone();
        let next = [clone.hex(8), one.hex(8), clone.hex(8)];
        assert_eq!(next, [same.hex(8), same.hex(8), same.hex(8)]);
        assert_ne!(next[0], next[1], "the sequence does not repeat");
        assert_ne!(Random::seeded(8).hex(8), Random::seeded(7).hex(8));
    }

    #[test]
    fn the_operating_system_does_not_repeat_itself() {
        let random = Random::os();
        assert_ne!(random.bytes::<16>(), random.bytes::<16>());
        assert_eq!(random.hex(20).len(), 40);
        assert_eq!(random.hex(0), "");
    }

    #[test]
    fn a_uuid_says_that_it_is_random() {
        let uuid = Random::seeded(1).uuid();
        assert_eq!(uuid.len(), 36);
        assert_eq!(&uuid[14..15], "4");
        assert!("89ab".contains(&uuid[19..20]));
        assert_ne!(uuid, Random::os().uuid());
    }
}
