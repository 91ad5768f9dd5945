//! Operations: modules, look-ups and triggers of an app, run with a connection by its name.
//!
//! An operation opens the connection, refreshes it when that is due, runs the module, and runs it once
//! more when the service has refused the access token and gives a new one.

mod call;
mod cursor;
mod fields;
mod known;
mod noted;
mod session;
mod watch;

pub use call::{Error, Operator, Using};
pub use cursor::{forget_cursor, load_cursor, save_cursor};
pub use known::Known;
pub use noted::Noted;
pub use watch::Attached;
