//! The Twist API, called as clients call it. One program for all of it, so that it is linked once
//! and the helpers are shared.
#![cfg(test)]

#[path = "../support/mod.rs"]
mod support;

mod accounts;
mod groups;
mod members;
mod profile;
mod sign_in;
mod workspaces;
