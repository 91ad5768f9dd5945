use std::sync::Arc;

use axum::{Router, response::Html, routing::get};

use crate::App;

/// The pages that the server renders itself.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new().route("/", get(|| async { Html(include_str!("web/home.html")) }))
}
