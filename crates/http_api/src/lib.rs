//! Everything that speaks HTTP inward.

mod app;
pub mod kit;
mod oauth;
pub mod twist;
mod web;

use std::sync::Arc;

use axum::Router;

pub use app::Feed;
pub use kit::{
    app::{App, Settings},
    proxy::{Proxies, ProxyHeader},
};

/// All routes of the server.
pub fn router(app: &Arc<App>) -> Router {
    let routes = Router::new()
        .merge(kit::health::routes())
        .merge(kit::openapi::routes())
        .merge(web::routes())
        .merge(oauth::routes())
        .merge(app::routes())
        .merge(twist::files::routes())
        .merge(twist::avatars::routes())
        .fallback(twist::dispatch)
        .with_state(app.clone());
    kit::observe::layer(routes, app)
}
