//! What must hold whatever the source is.
#![cfg(test)]

mod fuzz;
mod properties;
mod support;
