use std::sync::Arc;

use axum::{Router, response::Html, routing::get};
use http::header::CONTENT_TYPE;

use crate::{App, twist};

/// The API description and a page to read it.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route(
            "/openapi/twist.json",
            get(|| async {
                ([(CONTENT_TYPE, "application/json")], twist::openapi::document_text())
            }),
        )
        .route("/docs/twist", get(|| async { Html(twist::openapi::page()) }))
}
