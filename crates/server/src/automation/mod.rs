//! What apps and connections need from this machine: files, terminals and listeners.

pub(crate) mod alive;
pub(crate) mod callback;
pub(crate) mod duration;
pub(crate) mod hooks;
pub(crate) mod input;
pub(crate) mod keys;
pub(crate) mod source;
pub(crate) mod tools;
