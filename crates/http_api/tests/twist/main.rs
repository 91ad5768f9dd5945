//! The Twist API and the pages, called as clients and browsers call them. One program for all of it,
//! so that it is linked once and the helpers are shared.
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
mod pages;
mod profile;
mod sign_in;
mod team;
mod workspaces;
