use std::sync::Arc;

use axum::{Router, extract::State, response::IntoResponse, routing::get};
use halyard_platform::{db, params};
use http::{StatusCode, header::CONTENT_TYPE};

use crate::App;

/// `/healthz` says that the process lives, `/readyz` that it can serve, `/metrics` how it does.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
}

async fn ready(State(app): State<Arc<App>>) -> impl IntoResponse {
    let answer: Result<i64, db::Error> =
        app.db.read(|tx| tx.one("select count(*) from migration", params![])).await;
    match answer {
        Ok(_) => (StatusCode::OK, "ready\n".to_owned()),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {error}\n")),
    }
}

async fn metrics(State(app): State<Arc<App>>) -> impl IntoResponse {
    let text = app.metrics.as_ref().map(|handle| handle.render()).unwrap_or_default();
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], text)
}
