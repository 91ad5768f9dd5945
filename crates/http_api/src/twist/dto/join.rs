use serde::Serialize;
use utoipa::ToSchema;

/// A link by which people join a workspace by themselves.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JoinLink {
    /// The address of its page.
    pub(crate) url: String,
}
