//! What generic clients read to find everything else (RFC 8414, RFC 9728).

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use halyard_identity::ALL_SCOPES;
use http::{
    HeaderMap, Uri,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};
use serde_json::{Value, json};

use crate::{App, kit::origin::base};

/// Below this address a client asks about the resource at the rest of it.
const RESOURCE: &str = "/.well-known/oauth-protected-resource";

pub(super) async fn authorization_server(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Response {
    let base = base(&app, &headers);
    let methods = ["client_secret_basic", "client_secret_post", "none"];
    document(&json!({
        "issuer": base,
        "authorization_endpoint": format!("{base}/oauth/authorize"),
        "token_endpoint": format!("{base}/oauth/token"),
        "revocation_endpoint": format!("{base}/oauth/revoke"),
        "registration_endpoint": format!("{base}/oauth/register"),
        "scopes_supported": scopes(),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "client_id_metadata_document_supported": true,
        "token_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_methods_supported": methods,
        "service_documentation": format!("{base}/docs/twist"),
    }))
}

pub(super) async fn protected_resource(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let base = base(&app, &headers);
    let path = uri.path().strip_prefix(RESOURCE).unwrap_or_default().trim_end_matches('/');
    document(&json!({
        // It must be the address that was asked about.
        "resource": format!("{base}{path}"),
        "authorization_servers": [base],
        "scopes_supported": scopes(),
        "bearer_methods_supported": ["header", "query"],
        "resource_name": "Halyard",
        "resource_documentation": format!("{base}/docs/twist"),
    }))
}

fn scopes() -> Vec<&'static str> {
    ALL_SCOPES.iter().map(|scope| scope.name()).collect()
}

/// Anybody may read it, a page of another site too.
fn document(value: &Value) -> Response {
    let headers = [
        (CONTENT_TYPE.as_str(), "application/json"),
        (CACHE_CONTROL.as_str(), "no-cache"),
        ("access-control-allow-origin", "*"),
    ];
    (headers, value.to_string()).into_response()
}
