//! The list of what administrators have done in a workspace, and members with their accounts.

use halyard_identity::audit::{self, Act, Entry};
use halyard_platform::{
    db::{self, Tx},
    params,
};
use serde_json::Value;

use crate::{Actor, Error, WorkspaceId, workspace};

/// Enters an act of the actor in the transaction of the act.
///
/// `subject` is what was changed, `detail` an object with what a reader wants to know when that is
/// gone.
pub(crate) fn record(
    tx: &mut Tx<'_>,
    actor: &Actor,
    workspace: WorkspaceId,
    kind: &str,
    subject: (&str, i64),
    detail: Value,
) -> Result<(), db::Error> {
    let act = Act {
        by: Some(actor.user),
        workspace: Some(workspace.0),
        account: None,
        kind,
        subject,
        detail,
    };
    audit::record(tx, &act, actor.now)
}

/// What was done in a workspace, and what its members have done with their tokens and applications,
/// newest first: entries before the one with the id `before`. For administrators.
///
/// # Errors
/// [`Error::WorkspaceNotFound`], [`Error::Forbidden`]
pub fn list(
    tx: &mut Tx<'_>,
    actor: &Actor,
    workspace: WorkspaceId,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Entry>, Error> {
    workspace::require_admin(tx, actor, workspace)?;
    Ok(of_workspace(tx, workspace, before, limit)?)
}

/// As [`list`], for the operator.
///
/// # Errors
/// Those of the store.
pub fn of_workspace(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Entry>, db::Error> {
    tx.all(
        "select a.id, a.user_id, a.workspace_id, a.account_id, a.kind, a.subject, a.detail,
             a.origin, a.at
         from audit a
         where a.id < $2 and (a.workspace_id = $1
             or (a.workspace_id is null and a.account_id in (
                 select m.user_id from member m
                 where m.workspace_id = $1 and m.removed_at is null)))
         order by a.id desc limit $3",
        params![workspace, before.unwrap_or(i64::MAX), limit],
    )
}

/// Enters that somebody has taken a copy of a workspace away. `whole`: with what the actor may not
/// see.
///
/// # Errors
/// Those of the store.
pub fn exported(
    tx: &mut Tx<'_>,
    actor: &Actor,
    workspace: WorkspaceId,
    whole: bool,
) -> Result<(), db::Error> {
    let detail = serde_json::json!({"whole": whole});
    record(tx, actor, workspace, "workspace_exported", ("workspace", workspace.0), detail)
}
