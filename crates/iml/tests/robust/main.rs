//! What must hold whatever the source is.
#![cfg(test)]

#[path = "../cases/files.rs"]
mod files;
mod fuzz;
mod properties;
mod support;
