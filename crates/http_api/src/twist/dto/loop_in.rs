use serde::Serialize;
use utoipa::ToSchema;

/// Where to send a post by mail.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LoopIn {
    /// The address. Whoever knows it and may write there can; nobody can guess it.
    pub(crate) email: String,
}
