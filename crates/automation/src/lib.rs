//! Automation: apps and their interpreter, and the connections that they use.
//!
//! An app is a folder of declarative files in Make's own app format. It reaches every service, also
//! the ones of this installation, through that service's public API.

pub mod apps;
