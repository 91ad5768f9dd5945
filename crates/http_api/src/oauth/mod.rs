//! OAuth 2: programs ask people whether they may act for them.

mod applications;
mod authorize;
mod client;
mod client_document;
mod error;
mod metadata;
mod register;
mod scopes;
mod token;

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};

use crate::App;

/// Requests here are short.
const BODY_LIMIT: usize = 64 * 1024;

/// The pages for people, the calls for programs, and what both find by themselves.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/oauth/authorize", get(authorize::show).post(authorize::decide))
        // The vendor documentation names the first, the official SDK uses the second.
        .route("/oauth/access_token", post(token::exchange))
        .route("/oauth/token", post(token::exchange))
        .route("/oauth/revoke", post(token::revoke))
        .route("/oauth/register", post(register::register))
        .route("/.well-known/oauth-authorization-server", get(metadata::authorization_server))
        .route("/.well-known/oauth-protected-resource", get(metadata::protected_resource))
        .route("/.well-known/oauth-protected-resource/{*path}", get(metadata::protected_resource))
        .route("/settings/applications", get(applications::show).post(applications::change))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
}
