//! The Twist API, called as clients call it. One program for all of it, so that it is linked once
//! and the helpers are shared.
#![cfg(test)]

#[path = "../support/mod.rs"]
mod support;

mod accounts;
mod attachments;
mod conversations;
mod files;
mod groups;
mod members;
mod messages;
mod profile;
mod sign_in;
mod team;
mod workspaces;
