//! Ends mails for whoever has the address from one of them.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::Response,
};
use halyard_messaging::mail;
use http::StatusCode;
use minijinja::context;

use super::page::{failed, message, page};
use crate::App;

/// Asks first: programs that check links follow them.
pub(super) async fn show(Path(_): Path<String>) -> Response {
    page(StatusCode::OK, "unsubscribe.html", context! {})
}

/// What mail programs send by themselves (RFC 8058) and what the page sends. No cookie is asked
/// for and the code is a secret, so it does not matter from which site it comes.
pub(super) async fn submit(State(app): State<Arc<App>>, Path(code): Path<String>) -> Response {
    let clock = app.clock.clone();
    let ended = app.db.write(move |tx| mail::unsubscribe(tx, &code, clock.now())).await;
    match ended {
        Ok(true) => message(
            StatusCode::OK,
            "No more mails",
            "You get no more mails about what is posted there. You can choose them again in your \
             notification settings.",
        ),
        Ok(false) => message(
            StatusCode::NOT_FOUND,
            "Unknown address",
            "Nobody gets mails by this address any more.",
        ),
        Err(error) => failed(&error),
    }
}
