//! Workspaces, members, channels, threads, comments, conversations, messages and groups.
//!
//! A use case is a function `f(tx, actor, …)`: it loads what it touches through the actor's
//! membership, changes rows and records an event, all in the caller's transaction.

mod actor;
pub mod attachment;
mod audience;
pub mod audit;
mod boundary;
pub mod channel;
pub mod comment;
pub mod conversation;
pub mod doctor;
mod error;
mod event;
pub mod feed;
pub mod group;
mod ids;
pub mod inbox;
pub mod integration;
mod json;
pub mod mail;
pub mod member;
pub mod message;
mod name;
pub mod notification;
mod post;
pub mod purge;
pub mod reaction;
pub mod retention;
pub mod search;
pub mod subscription;
pub mod temp_id;
pub mod text;
pub mod thread;
pub mod transfer;
pub mod workspace;

use halyard_platform::db::Migration;

pub use actor::{Actor, Role};
pub use audience::{Audience, Reach};
pub use error::Error;
pub use ids::{ChannelId, CommentId, ConversationId, GroupId, MessageId, ThreadId, WorkspaceId};
pub use post::{Post, PostParts};

/// The tables of this crate.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        name: "messaging/0001_workspaces",
        sql: include_str!("../migrations/0001_workspaces.sql"),
    },
    Migration {
        name: "messaging/0002_threads",
        sql: include_str!("../migrations/0002_threads.sql"),
    },
    Migration {
        name: "messaging/0003_conversations",
        sql: include_str!("../migrations/0003_conversations.sql"),
    },
    Migration {
        name: "messaging/0004_attachments",
        sql: include_str!("../migrations/0004_attachments.sql"),
    },
    Migration { name: "messaging/0005_inbox", sql: include_str!("../migrations/0005_inbox.sql") },
    Migration { name: "messaging/0005_search", sql: include_str!("../migrations/0005_search.sql") },
    Migration {
        name: "messaging/0005_notifications",
        sql: include_str!("../migrations/0005_notifications.sql"),
    },
    Migration { name: "messaging/0006_hooks", sql: include_str!("../migrations/0006_hooks.sql") },
    Migration { name: "messaging/0007_mail", sql: include_str!("../migrations/0007_mail.sql") },
    Migration { name: "messaging/0008_import", sql: include_str!("../migrations/0008_import.sql") },
    Migration {
        name: "messaging/0008_retention",
        sql: include_str!("../migrations/0008_retention.sql"),
    },
    Migration {
        name: "messaging/0009_mail_reach",
        sql: include_str!("../migrations/0009_mail_reach.sql"),
    },
    Migration {
        name: "messaging/0010_subscription_applications",
        sql: include_str!("../migrations/0010_subscription_applications.sql"),
    },
    Migration {
        name: "messaging/0011_removed_tails",
        sql: include_str!("../migrations/0011_removed_tails.sql"),
    },
];
