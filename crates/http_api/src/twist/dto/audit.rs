use halyard_identity::audit::Entry;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Stored, seconds};

/// Something that an administrator, the operator or the owner of an account has done.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditEntry {
    /// Its id; later acts have larger ones.
    id: i64,
    /// What was done, for example `member_removed`, `channel_archived` or `token_added`.
    kind: String,
    /// On what, for example `channel:7`.
    subject: String,
    /// Id of the user who has done it, or null: the operator of the server.
    user_id: Option<i64>,
    /// Id of the workspace, or null for what somebody did with their account.
    workspace_id: Option<i64>,
    /// Id of the user whose account it concerns, or null.
    account_id: Option<i64>,
    /// What was said about it, an object such as `{"name": "General"}`.
    #[schema(value_type = Object)]
    detail: Stored,
    /// Address of the client, or `command line`, or null when it is not known.
    origin: Option<String>,
    /// When, Unix seconds.
    at_ts: i64,
}

impl From<Entry> for AuditEntry {
    fn from(entry: Entry) -> Self {
        Self {
            id: entry.id,
            kind: entry.kind,
            subject: entry.subject,
            user_id: entry.by.map(|user| user.0),
            workspace_id: entry.workspace,
            account_id: entry.account.map(|user| user.0),
            detail: Stored::text(entry.detail),
            origin: entry.origin,
            at_ts: seconds(entry.at),
        }
    }
}
