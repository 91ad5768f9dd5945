//! Everything that speaks HTTP inward.

pub mod kit;
