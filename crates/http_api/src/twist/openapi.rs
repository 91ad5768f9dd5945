//! The description of the API, made from the route table and the objects.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};
use utoipa::{OpenApi, ToSchema};

use super::{
    dto,
    endpoint::{Answer, Endpoint, Login, ROUTES, Verb},
    error::Code,
};
use crate::kit::params::{FieldSpec, Kind};

/// Collects the schemas of the objects with their doc comments.
#[derive(OpenApi)]
#[openapi(components(schemas(
    dto::Channel,
    dto::Thread,
    dto::ThreadV2,
    dto::Comment,
    dto::CommentV2,
    dto::UnreadThread,
)))]
struct Objects;

/// The OpenAPI 3.1 document as JSON text.
pub fn document_text() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        let mut text = serde_json::to_string_pretty(&document()).unwrap_or_default();
        text.push('\n');
        text
    });
    &TEXT
}

/// The OpenAPI 3.1 document.
pub fn document() -> Value {
    let mut objects = serde_json::to_value(Objects::openapi()).unwrap_or_default();
    let mut paths = Map::new();
    for endpoint in ROUTES {
        paths.insert(format!("/api/v3/{}", endpoint.path), path_item(endpoint));
    }
    objects["paths"] = Value::Object(paths);
    objects
}

fn path_item(_endpoint: &Endpoint) -> Value {
    json!({})
}

/// A page to read the document.
pub fn page() -> String {
    String::new()
}
