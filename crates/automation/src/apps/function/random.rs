//! Random numbers for one call, from a few of the evaluation's.

use std::cell::Cell;

use halyard_iml::Randomness;
use sha2::{Digest, Sha256};

/// The digests of a seed with a counter: as hard to guess as the seed.
#[derive(Debug)]
pub(super) struct Stream {
    seed: [u64; 4],
    count: Cell<u64>,
}

impl Stream {
    pub(super) fn new(seed: [u64; 4]) -> Self {
        Self { seed, count: Cell::new(0) }
    }
}

impl Randomness for Stream {
    fn next(&self) -> u64 {
        let count = self.count.get();
        self.count.set(count + 1);
        let mut digest = Sha256::new();
        for part in self.seed {
            digest.update(part.to_le_bytes());
        }
        digest.update(count.to_le_bytes());
        let digest = digest.finalize();
        let first: [u8; 8] = std::array::from_fn(|at| digest[at]);
        u64::from_le_bytes(first)
    }
}
