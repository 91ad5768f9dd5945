//! Links by which people join a workspace by themselves.

use halyard_identity::{self as identity, UserId};
use halyard_platform::{db::Tx, params};
use serde_json::json;

use super::record;
use crate::{Actor, ChannelId, Error, Role, WorkspaceId, audit, channel, workspace};

/// The code of a workspace's link, if there is one; for members who may invite.
///
/// # Errors
/// [`Error::WorkspaceNotFound`]; [`Error::Forbidden`] for guests.
pub fn join_code(tx: &mut Tx<'_>, actor: &Actor, id: WorkspaceId) -> Result<Option<String>, Error> {
    may_invite(workspace::role(tx, actor, id)?)?;
    Ok(tx.optional("select code from join_link where workspace_id = $1", params![id])?)
}

/// The code of a workspace's link; `fresh` becomes it when there is none.
///
/// # Errors
/// As [`join_code`].
pub fn make_join_code(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: WorkspaceId,
    fresh: &str,
) -> Result<String, Error> {
    may_invite(workspace::lock(tx, actor, id)?)?;
    let made = tx.exec(
        "insert into join_link (workspace_id, code, creator, created_at) values ($1, $2, $3, $4)
         on conflict (workspace_id) do nothing",
        params![id, fresh, actor.user, actor.now],
    )?;
    if made > 0 {
        let subject = ("workspace", id.0);
        audit::record(tx, actor, id, "join_link_made", subject, json!({}))?;
    }
    Ok(tx.one("select code from join_link where workspace_id = $1", params![id])?)
}

/// Ends a workspace's link. Whoever has joined by it stays.
///
/// # Errors
/// As [`join_code`].
pub fn disable_join_code(tx: &mut Tx<'_>, actor: &Actor, id: WorkspaceId) -> Result<(), Error> {
    may_invite(workspace::lock(tx, actor, id)?)?;
    if tx.exec("delete from join_link where workspace_id = $1", params![id])? > 0 {
        let subject = ("workspace", id.0);
        audit::record(tx, actor, id, "join_link_ended", subject, json!({}))?;
    }
    Ok(())
}

fn may_invite(role: Role) -> Result<(), Error> {
    match role {
        Role::Admin | Role::User => Ok(()),
        Role::Guest => Err(Error::Forbidden("guests may not invite people")),
    }
}

/// The workspace that a link leads to, with its name. Anybody who has the code may ask.
///
/// # Errors
/// [`Error::WorkspaceNotFound`] for a code that is none, or none any more.
pub fn behind_code(tx: &mut Tx<'_>, code: &str) -> Result<(WorkspaceId, String), Error> {
    tx.optional(
        "select w.id, w.name from join_link l
         join workspace w on w.id = l.workspace_id and w.removed_at is null
         where l.code = $1",
        params![code],
    )?
    .ok_or(Error::WorkspaceNotFound)
}

/// Makes the actor a member of the workspace that a link leads to. Who is one already stays as they
/// are; who was taken out of it needs an invitation (our decision).
///
/// # Errors
/// [`Error::WorkspaceNotFound`] for a code that is none; [`Error::Forbidden`] for who was removed.
pub fn join_by_code(tx: &mut Tx<'_>, actor: &Actor, code: &str) -> Result<WorkspaceId, Error> {
    let (id, _) = behind_code(tx, code)?;
    // Nobody may end the link, and no two requests of one person may pass each other, meanwhile.
    let held: Option<WorkspaceId> = tx.optional(
        "select w.id from workspace w where w.id = $1 and w.removed_at is null {lock w}",
        params![id],
    )?;
    held.ok_or(Error::WorkspaceNotFound)?;
    behind_code(tx, code)?;
    let joined: Option<UserId> = tx.optional(
        "insert into member (workspace_id, user_id, role, joined_at) values ($1, $2, $3, $4)
         on conflict (workspace_id, user_id) do nothing returning user_id",
        params![id, actor.user, Role::User.stored(), actor.now],
    )?;
    if joined.is_none() {
        return match workspace::role(tx, actor, id) {
            Ok(_) => Ok(id),
            Err(Error::WorkspaceNotFound) => {
                Err(Error::Forbidden("who was removed needs an invitation"))
            }
            Err(error) => Err(error),
        };
    }
    if identity::load_user(tx, actor.user)?.default_workspace.is_none() {
        identity::set_default_workspace(tx, actor.user, Some(id.0))?;
    }
    record(tx, actor, id, actor.user, "workspace_user_added")?;
    let detail = json!({"by": "join link", "role": Role::User});
    audit::record(tx, actor, id, "member_added", ("user", actor.user.0), detail)?;
    let default: Option<ChannelId> = tx.optional(
        "select c.id from workspace w
         join channel c on c.id = w.default_channel and c.removed_at is null
         where w.id = $1",
        params![id],
    )?;
    if let Some(default) = default {
        channel::join(tx, actor, id, default, &[actor.user])?;
    }
    Ok(id)
}
