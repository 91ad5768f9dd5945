//! The pages that the server renders itself.

mod installation;
mod join;
pub(crate) mod page;
mod set_password;
mod setup;
pub(crate) mod sign_in;
mod unsubscribe;

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    response::Html,
    routing::{get, post},
};
use http::header::CONTENT_TYPE;

use crate::App;

/// The forms are short.
const FORM_LIMIT: usize = 64 * 1024;

/// Home, the first set-up, the choice of a password, signing in and out.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/", get(|| async { Html(include_str!("web/home.html")) }))
        .route(
            "/pages.css",
            get(|| async {
                ([(CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("web/pages.css"))
            }),
        )
        .route("/setup", get(setup::show).post(setup::submit))
        .route("/set-password", get(set_password::show).post(set_password::submit))
        .route("/j/{code}", get(join::show).post(join::submit))
        .route("/j/{code}/register", post(join::register))
        .route(
            "/integrations/installation/{id}",
            get(installation::show).post(installation::uninstall),
        )
        .route("/sign-in", get(sign_in::show).post(sign_in::submit))
        .route("/mail/unsubscribe/{code}", get(unsubscribe::show).post(unsubscribe::submit))
        .route("/sign-out", post(sign_in::end))
        .layer(DefaultBodyLimit::max(FORM_LIMIT))
}
