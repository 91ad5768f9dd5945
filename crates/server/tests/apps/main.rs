//! The apps, run by the interpreter against services on this machine: every module, every check.
//!
//! [`driver`] is the part that all apps share: a [`driver::Case`] says what a module is given and what
//! must come out. Each app has a folder with its cases; `*_server` are services to call them against.
#![cfg(test)]

mod chatwork;
mod chatwork_server;
mod driver;
mod example;
mod functions;
mod http;
mod sources;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "other test programs use the rest")]
mod support;
mod twilio;
mod twilio_server;
mod twist;
