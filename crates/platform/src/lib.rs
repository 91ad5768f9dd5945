//! What every core stands on: the store, events, jobs, signals, blobs, outbound HTTP
//! and the clock.
//!
//! Nothing here knows a noun of the domain.

pub mod archive;
pub mod blobs;
pub mod clock;
pub mod db;
pub mod doctor;
pub mod events;
pub mod fulltext;
pub mod idempotency;
pub mod jobs;
pub mod outbound;
pub mod random;
pub mod signals;

/// The tables of this crate, the first that a database needs.
pub const MIGRATIONS: &[db::Migration] = &[
    db::Migration {
        name: "platform/0001_events_and_jobs",
        sql: include_str!("../migrations/0001_events_and_jobs.sql"),
    },
    db::Migration {
        name: "platform/0002_idempotency",
        sql: include_str!("../migrations/0002_idempotency.sql"),
    },
    db::Migration {
        name: "platform/0003_event_followers",
        sql: include_str!("../migrations/0003_event_followers.sql"),
    },
    db::Migration {
        name: "platform/0004_fulltext",
        sql: include_str!("../migrations/0004_fulltext.sql"),
    },
    db::Migration {
        name: "platform/0005_idempotency_fingerprint",
        sql: include_str!("../migrations/0005_idempotency_fingerprint.sql"),
    },
];
