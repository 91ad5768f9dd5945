//! What all facades share. Nothing here knows one product's wire format.

pub mod params;
