//! Connections against real services on this machine: one of our own making, and our own server.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

mod commands;
mod http_app;
mod interrupted;
mod making;
mod process;
mod refreshing;
mod renewing;
mod round_trip;
mod service;
mod watching;
