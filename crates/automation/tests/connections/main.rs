//! Connections on both databases.
#![cfg(test)]

mod kept;
mod support;
