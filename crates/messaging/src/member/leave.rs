//! Roles and the end of memberships. A workspace with people in it keeps at least one
//! administrator: whatever could take the last one away locks the workspace first.

use halyard_identity::{self as identity, UserId};
use halyard_platform::{db::Tx, params};
use serde_json::json;

use super::{Member, changed, getone, record};
use crate::{
    Actor, ChannelId, Error, GroupId, Role, WorkspaceId, audit, event, subscription, workspace,
};

/// Changes what a member may do; for administrators.
///
/// # Errors
/// [`Error::WorkspaceNotFound`]; [`Error::Forbidden`]; [`Error::UserNotFound`] when the person is
/// not in the workspace; [`Error::LastAdmin`].
pub fn set_role(
    tx: &mut Tx<'_>,
    actor: &Actor,
    workspace: WorkspaceId,
    user: UserId,
    role: Role,
) -> Result<Member, Error> {
    if workspace::lock(tx, actor, workspace)? != Role::Admin {
        return Err(Error::Forbidden("only admins may change roles"));
    }
    let old = current_role(tx, workspace, user)?;
    if role != old {
        if old == Role::Admin {
            require_another_admin(tx, workspace, user)?;
        }
        tx.exec(
            "update member set role = $3, version = version + 1
             where workspace_id = $1 and user_id = $2",
            params![workspace, user, role.stored()],
        )?;
        changed(tx, actor, workspace, user)?;
        let detail = json!({"role": role, "role_before": old});
        audit::record(tx, actor, workspace, "member_role", ("user", user.0), detail)?;
    }
    // An administrator who has just become a guest still sees themselves.
    getone(tx, actor, workspace, user)
}

/// Takes a member out of the workspace, its channels and its groups; for administrators, and for
/// members who leave. What the person wrote stays, and so do their conversations.
///
/// # Errors
/// [`Error::WorkspaceNotFound`]; [`Error::Forbidden`]; [`Error::UserNotFound`] when the person is
/// not in the workspace; [`Error::LastAdmin`].
pub fn remove(
    tx: &mut Tx<'_>,
    actor: &Actor,
    workspace: WorkspaceId,
    user: UserId,
) -> Result<(), Error> {
    if workspace::lock(tx, actor, workspace)? != Role::Admin && user != actor.user {
        return Err(Error::Forbidden("only admins may remove others"));
    }
    if current_role(tx, workspace, user)? == Role::Admin {
        require_another_admin(tx, workspace, user)?;
    }
    detach(tx, actor, workspace, user)
}

/// Takes the actor out of every workspace, before their account ends. A workspace that nobody is
/// left in ends with it.
///
/// # Errors
/// [`Error::LastAdmin`] when the actor is the only administrator of a workspace where others
/// remain.
pub fn leave_all(tx: &mut Tx<'_>, actor: &Actor) -> Result<(), Error> {
    // In the order of ids, so that two people who leave do not wait for each other.
    let workspaces: Vec<WorkspaceId> = tx.all(
        "select w.id from workspace w
         join member m on m.workspace_id = w.id and m.removed_at is null
         where m.user_id = $1 and w.removed_at is null
         order by w.id {lock w}",
        params![actor.user],
    )?;
    for workspace in workspaces {
        let role = match workspace::role(tx, actor, workspace) {
            // Removed by somebody else while this transaction waited.
            Err(Error::WorkspaceNotFound) => continue,
            role => role?,
        };
        let others: i64 = tx.one(
            "select count(*) from member
             where workspace_id = $1 and user_id <> $2 and removed_at is null",
            params![workspace, actor.user],
        )?;
        if others == 0 {
            detach(tx, actor, workspace, actor.user)?;
            workspace::end(tx, actor, workspace)?;
            continue;
        }
        if role == Role::Admin {
            require_another_admin(tx, workspace, actor.user)?;
        }
        detach(tx, actor, workspace, actor.user)?;
    }
    Ok(())
}

fn current_role(tx: &mut Tx<'_>, workspace: WorkspaceId, user: UserId) -> Result<Role, Error> {
    tx.optional::<(Role,)>(
        "select role from member
         where workspace_id = $1 and user_id = $2 and removed_at is null",
        params![workspace, user],
    )?
    .map(|(role,)| role)
    .ok_or(Error::UserNotFound)
}

fn require_another_admin(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    user: UserId,
) -> Result<(), Error> {
    let others: i64 = tx.one(
        "select count(*) from member
         where workspace_id = $1 and user_id <> $2 and role = 'admin' and removed_at is null",
        params![workspace, user],
    )?;
    if others > 0 { Ok(()) } else { Err(Error::LastAdmin) }
}

fn detach(
    tx: &mut Tx<'_>,
    actor: &Actor,
    workspace: WorkspaceId,
    user: UserId,
) -> Result<(), Error> {
    tx.exec(
        "update member set removed_at = $3, away = true, version = version + 1
         where workspace_id = $1 and user_id = $2",
        params![workspace, user, actor.now],
    )?;
    subscription::leave(tx, user, workspace, actor.now)?;
    tx.exec(
        "update channel set version = version + 1
         where workspace_id = $1
             and id in (select channel_id from channel_member where user_id = $2)",
        params![workspace, user],
    )?;
    let channels: Vec<ChannelId> = tx.all(
        "delete from channel_member
         where user_id = $2 and channel_id in (select id from channel where workspace_id = $1)
         returning channel_id",
        params![workspace, user],
    )?;
    for channel in channels {
        let payload = json!({"workspace_id": workspace, "channel_id": channel, "user_ids": [user]});
        let subject = ("channel", channel.0);
        let kind = "channel_user_removed";
        event::record(tx, actor, workspace, kind, subject, &payload.to_string())?;
    }
    tx.exec(
        "update member_group set version = version + 1
         where workspace_id = $1
             and id in (select group_id from member_group_user where user_id = $2)",
        params![workspace, user],
    )?;
    let groups: Vec<GroupId> = tx.all(
        "delete from member_group_user
         where user_id = $2 and group_id in (select id from member_group where workspace_id = $1)
         returning group_id",
        params![workspace, user],
    )?;
    for group in groups {
        let payload = json!({"workspace_id": workspace, "group_id": group, "user_id": user});
        let (subject, kind) = (("group", group.0), "group_user_removed");
        event::record(tx, actor, workspace, kind, subject, &payload.to_string())?;
    }
    let found = identity::load_user(tx, user)?;
    let detail = json!({"email": found.email});
    audit::record(tx, actor, workspace, "member_removed", ("user", user.0), detail)?;
    if found.default_workspace == Some(workspace.0) {
        identity::set_default_workspace(tx, user, None)?;
    }
    record(tx, actor, workspace, user, "workspace_user_removed")?;
    Ok(())
}
