//! The Twist API, versions 2, 3 and 4.

mod action;
mod attachments;
mod audience;
mod audit;
pub mod avatars;
mod batch;
mod call;
mod channels;
mod comments;
mod conversations;
mod dto;
mod endpoint;
mod error;
pub mod files;
mod groups;
pub mod hooks;
mod ids;
mod inbox;
mod integrations;
mod loop_in;
mod messages;
mod notifications;
pub mod openapi;
mod page;
mod reactions;
mod search;
mod threads;
mod url_join;
mod users;
mod workspace_users;
mod workspaces;

pub use call::dispatch;
pub(crate) use dto::installation_addresses;
pub use endpoint::{Endpoint, Login, ROUTES, Verb};
