//! The executor of plans against servers on this machine.
#![cfg(test)]

mod bounds;
mod connections;
mod errors;
mod flow;
mod logs;
mod operations;
mod origins;
mod ours;
mod pagination;
mod request;
mod response;
mod support;
mod triggers;
mod webhooks;
