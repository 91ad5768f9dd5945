//! What every facade needs: parameters, the state of the server, observation, health.

pub mod app;
pub mod health;
pub mod media;
pub mod observe;
pub mod openapi;
pub(crate) mod origin;
pub mod params;
