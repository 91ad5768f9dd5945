//! Connections: how an app reaches a service for somebody, with whose credentials.
//!
//! What is secret is encrypted with a key that is not in the database ([`Keys`]). [`Making`] runs the
//! sections that an app describes its connections by; [`Access`] opens a connection for use. Tokens
//! that end are refreshed by one caller while the others wait for it, also across processes.

mod access;
mod codec;
mod connection;
mod error;
mod hooks;
mod keys;
mod making;
pub mod scope;
mod secret;
mod store;

pub use access::{Access, Problem};
pub use connection::{
    About, Connection, ConnectionId, Findings, Listed, Secrets, State, WorkspaceId,
};
pub use error::Error;
pub use hooks::{Hook, HookAbout, HookSecrets};
pub use keys::{KEY_BYTES, Key, Keys};
pub use making::{Making, Pending, Step};
pub use secret::secrets;
pub use store::{Store, forget_workspace, keys_in_use};
