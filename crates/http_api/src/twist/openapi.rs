//! The description of the API, made from the route table and the objects.

mod about;
mod answers;
mod oauth;
mod operation;
mod schemas;
#[cfg(test)]
mod tests;
mod view;

use std::sync::LazyLock;

use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use super::{call, dto, endpoint::ROUTES};

/// Collects the schemas of the objects with their doc comments.
#[derive(OpenApi)]
#[openapi(components(schemas(
    call::Done,
    dto::Attachment,
    dto::User,
    dto::UserV2,
    dto::GoogleConnection,
    dto::Workspace,
    dto::WorkspaceV2,
    dto::WorkspaceUser,
    dto::WorkspaceUserV2,
    dto::Activity,
    dto::Group,
    dto::InboxCount,
    dto::Channel,
    dto::Thread,
    dto::ThreadV2,
    dto::Comment,
    dto::CommentV2,
    dto::UnreadThread,
    dto::Conversation,
    dto::ConversationV2,
    dto::UnreadConversation,
    dto::Message,
    dto::MessageV2,
    dto::Notifications,
    dto::Notification,
    dto::NotificationSettings,
    dto::JoinLink,
    dto::LoopIn,
    dto::AuditEntry,
    dto::SearchPage,
    dto::Found,
    dto::CommentHits,
    dto::MessageHits,
    dto::SearchPageV2,
    dto::FoundV2,
    dto::Hits,
    dto::HitItem,
    dto::Subscribed,
    dto::SubscriptionSeen,
    dto::DeliverySeen,
    dto::Resent,
    dto::IntegrationSeen,
    dto::InstallationSeen,
)))]
struct Objects;

/// The OpenAPI 3.1 document as JSON text, the same at every call.
pub fn document_text() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| format!("{:#}\n", document()));
    &TEXT
}

/// The OpenAPI 3.1 document.
pub fn document() -> Value {
    let mut schemas = schemas::of_objects(Objects::openapi());
    let mut paths = Map::new();
    let mut tags: Vec<&str> = Vec::new();
    for endpoint in ROUTES {
        let input = operation::input(endpoint);
        schemas.extend(input.map(|input| (operation::input_name(endpoint), input)));
        paths.insert(format!("/api/v3/{}", endpoint.path), operation::path_item(endpoint));
        let tag = operation::tag(endpoint);
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    for (path, item) in oauth::paths() {
        paths.insert(path.to_owned(), item);
    }
    schemas.extend(oauth::schemas());
    tags.push("oauth");
    let tags: Vec<Value> = tags.into_iter().map(|tag| json!({"name": tag})).collect();
    let mut document = json!({
        "openapi": "3.1.0",
        "info": about::info(),
        "servers": [{"url": "/", "description": "The server that this document comes from"}],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": schemas,
            "parameters": {"IdempotencyKey": operation::idempotency_key()},
            "responses": {
                "Error": answers::error("The call failed and changed nothing.", None),
                "TooManyRequests": answers::error(
                    "Too many attempts. Nothing was done.",
                    Some("Seconds after which the next attempt counts."),
                ),
                "Unavailable": answers::error(
                    "The server cannot take the call now. Nothing was done.",
                    Some("Seconds after which trying again makes sense."),
                ),
                "OAuthError": oauth::error_response(),
            },
            "securitySchemes": operation::security_schemes(),
        },
    });
    // Another crate of the build may have turned off sorting in the JSON library.
    document.sort_all_objects();
    document
}

/// A page to read the document.
pub fn page() -> &'static str {
    static PAGE: LazyLock<String> = LazyLock::new(|| view::render(&document()));
    &PAGE
}
