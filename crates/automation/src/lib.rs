//! Automation: apps and their interpreter, and the connections that they use.
//!
//! An app is a folder of declarative files in Make's own app format. It reaches every service, also
//! the ones of this installation, through that service's public API.

pub mod apps;
pub mod connections;
pub mod doctor;
pub mod operations;

use halyard_platform::db::Migration;

/// The tables of this crate.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        name: "automation/0001_connections",
        sql: include_str!("../migrations/0001_connections.sql"),
    },
    Migration {
        name: "automation/0002_attached_hooks",
        sql: include_str!("../migrations/0002_attached_hooks.sql"),
    },
];
