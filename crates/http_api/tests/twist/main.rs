//! The Twist API and the pages, called as clients and browsers call them. One program for all of it,
//! so that it is linked once and the helpers are shared.
#![cfg(test)]

#[path = "../support/mod.rs"]
mod support;

mod accounts;
mod attachments;
mod audit;
mod batch;
mod conformance;
mod conversations;
mod examples;
mod export;
mod feed;
mod files;
mod groups;
mod hooks;
mod hostile;
mod inbox;
mod integrations;
mod matrix;
mod members;
mod messages;
mod notifications;
mod oauth;
mod pages;
mod profile;
mod proxies;
mod quirks;
mod repeats;
mod replay;
mod search;
mod shapes;
mod sign_in;
mod sink;
mod team;
mod wire;
mod workspaces;
