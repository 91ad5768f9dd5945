//! From the values of an app's files to its plans.

mod checks;
mod combine;
mod connection;
mod directive;
mod expressions;
pub(in crate::apps) mod parameters;
mod reception;
mod request;
mod response;
mod roots;
mod values;

use std::{cell::RefCell, collections::BTreeSet};

pub(super) use combine::{combine, overlay, restrict};
pub(super) use connection::ConnectionType;
pub(super) use directive::{Place, similar};
pub(super) use values::texts as scopes;

/// What the compilation of a value needs to know about the rest of the app, and what it learns.
#[derive(Debug)]
pub(super) struct Compiler<'a> {
    /// The names of the app's own functions.
    pub(super) functions: &'a BTreeSet<String>,
    /// The names of the app's endpoints.
    pub(super) endpoints: &'a BTreeSet<String>,
    /// The functions that expressions call.
    pub(super) called: RefCell<BTreeSet<String>>,
}
