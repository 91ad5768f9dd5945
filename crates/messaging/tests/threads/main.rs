//! Channels, threads and comments, on both databases.
#![cfg(test)]

mod attachments;
mod audience;
mod channels;
mod comments;
mod concurrency;
mod inbox;
mod listing;
mod mails;
mod model;
#[path = "../support/people.rs"]
mod people;
mod purge;
mod reactions;
mod reading;
mod retention;
mod search;
mod support;
mod threads;
mod who_may;
