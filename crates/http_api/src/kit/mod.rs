//! What every facade needs: parameters, the state of the server, observation, health.

pub mod app;
pub mod health;
pub mod media;
pub mod observe;
pub mod openapi;
pub mod params;
