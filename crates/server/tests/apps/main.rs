//! The apps, run by the interpreter against services on this machine.
#![cfg(test)]

mod chatwork_server;
mod sources;
