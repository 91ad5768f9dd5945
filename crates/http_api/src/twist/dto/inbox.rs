use halyard_messaging::inbox::Count;
use serde::Serialize;
use utoipa::ToSchema;

/// How much there is in the caller's inbox.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InboxCount {
    /// Number of unread threads in it.
    data: i64,
    /// Rises with every change of the inbox; it may rise without one.
    version: i64,
}

impl From<Count> for InboxCount {
    fn from(count: Count) -> Self {
        Self { data: count.unread, version: count.version }
    }
}
