//! A Chatwork to test against: version 2 of its API, its OAuth 2.0 server and its webhooks, with
//! everything that they remember, on a port of this machine.
//!
//! Facts about paths, fields, statuses and texts are the vendor's documentation, or what clients of
//! the real service have recorded; where neither says anything, the code says that it is our choice.
//! One file answers one resource. [`World`] is the state, and tests may look into it and change it.
//! Not here: uploads and invite links, which no module of the app uses.

mod answer;
mod auth;
mod call;
mod contacts;
mod files;
mod limits;
mod me;
mod members;
mod messages;
mod notation;
mod oauth;
mod rooms;
mod routes;
mod serve;
mod tasks;
#[cfg(test)]
mod tests;
mod views;
mod webhooks;
mod world;

pub(crate) use limits::Limits;
pub(crate) use oauth::Client;
pub(crate) use serve::{ChatworkServer, Fault};
pub(crate) use webhooks::{Hook, Subject, sign};
pub(crate) use world::Role;
