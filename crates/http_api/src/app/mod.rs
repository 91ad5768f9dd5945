//! What our own web app asks for and no imitated API has.

mod admin;
mod error;
mod export;
mod feed;
mod retention;

use std::sync::Arc;

use axum::{
    Router,
    routing::{get, post},
};

pub use feed::Feed;

use crate::App;

/// Routes below `/api/app/v1`.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/api/app/v1/feed", get(feed::listen))
        .route("/api/app/v1/typing", post(feed::typing))
        .route("/api/app/v1/workspaces/{id}/export", get(export::download))
        .route("/api/app/v1/channels/{id}/retention", get(retention::get).put(retention::put))
}
