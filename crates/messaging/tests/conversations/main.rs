//! Conversations and messages, on both databases.

mod messages;
mod outsiders;
mod people;
mod state;
mod support;
