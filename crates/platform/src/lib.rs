//! What every core stands on: the store, events, jobs, signals, blobs and the clock.
//!
//! Nothing here knows a noun of the domain.

pub mod blobs;
pub mod clock;
pub mod db;
pub mod random;
