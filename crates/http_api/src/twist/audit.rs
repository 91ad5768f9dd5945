use halyard_messaging::{WorkspaceId, audit};

use super::{call::Call, dto::AuditEntry, endpoint::Reply, ids::Resolve, page};
use crate::params;

params! {
    /// Which acts to list.
    pub(crate) struct Get {
        /// The workspace.
        #[names("workspace_id", "id")]
        workspace_id: WorkspaceId,
        /// Only acts before the one with this id: the last of the page before.
        before_id: Option<i64>,
        /// How many, from 1 to 500; 50 when not given.
        limit: Option<i64>,
    }
}

pub(crate) async fn get(call: Call, p: Get) -> Reply {
    let limit = page::limit(p.limit, 50)?;
    call.read(move |tx, actor| {
        let workspace = p.workspace_id.resolve(tx, actor)?;
        let entries = audit::list(tx, actor, workspace, p.before_id, limit)?;
        Ok(entries.into_iter().map(AuditEntry::from).collect::<Vec<_>>())
    })
    .await
}
