//! What every facade needs: parameters, the state of the server, observation, health.

/// The state of the server, as handlers see it.
pub mod app;
pub(crate) mod credentials;
pub(crate) mod health;
/// What kind of file some bytes are.
pub mod media;
pub(crate) mod observe;
pub(crate) mod openapi;
pub(crate) mod origin;
pub mod params;
/// Clients behind proxies.
pub mod proxy;
pub(crate) mod session;
pub(crate) mod sign_in;
