//! What every core stands on. No domain noun lives here.

pub mod blobs;
pub mod clock;
pub mod random;
