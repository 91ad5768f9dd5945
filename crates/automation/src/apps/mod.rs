//! Connectors as data: what an app's folder says, compiled once, and how it is run.
//!
//! [`App`] is what a loaded folder becomes. Its communications are [`plan`]s: typed directives whose
//! expressions are compiled. What the folder says that cannot be understood is a [`Finding`].

mod app;
mod compile;
mod error;
mod files;
mod finding;
pub mod form;
pub mod function;
mod json;
mod load;
mod node;
mod notes;
pub mod parameter;
pub mod plan;
mod rules;
pub mod run;
mod template;

pub use app::{
    App, Component, Connection, ConnectionKind, Crud, Function, Group, Module, ModuleKind, OAuth2,
    Rpc, Samples, Webhook,
};
pub use error::{AppError, ErrorType};
pub use files::Files;
pub use finding::{Finding, Level};
pub use load::{Loaded, load};
pub use node::{Node, NodeKind, Position};
pub use rules::{RULES, Rule};
pub use template::Template;
