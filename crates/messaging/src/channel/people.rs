use halyard_identity::UserId;
use halyard_platform::{db::Tx, params};
use serde_json::json;

use super::access;
use crate::{Actor, ChannelId, Error, WorkspaceId, event, json as stored};

/// Adds people to a channel; adding oneself joins a public one. Who is in already stays.
///
/// # Errors
/// [`Error::ChannelNotFound`], [`Error::UserNotFound`] for people outside the workspace,
/// [`Error::Forbidden`] for guests who add others and for archived channels.
pub fn add_users(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: ChannelId,
    people: &[UserId],
) -> Result<(), Error> {
    let channel = access(tx, actor, id)?;
    if channel.archived {
        return Err(Error::Forbidden("the channel is archived"));
    }
    if people.iter().any(|user| *user != actor.user) {
        channel.require_member()?;
    }
    join(tx, actor, channel.workspace, id, people)
}

/// Writes the membership rows and records who was new.
pub(crate) fn join(
    tx: &mut Tx<'_>,
    actor: &Actor,
    workspace: WorkspaceId,
    id: ChannelId,
    people: &[UserId],
) -> Result<(), Error> {
    let mut people = people.to_vec();
    people.sort_unstable();
    people.dedup();
    let known: i64 = tx.one(
        "select count(*) from member
         where workspace_id = $1 and removed_at is null and user_id in {ids $2}",
        params![workspace, &stored::encode(&people)],
    )?;
    if known != people.len() as i64 {
        return Err(Error::UserNotFound);
    }
    // Threads up to now count as read: a newcomer starts with a clean slate.
    let joined: Vec<UserId> = tx.all(
        "insert into channel_member (channel_id, user_id, read_before, joined_at)
         select $1, m.user_id, $3, $4 from member m
         where m.workspace_id = $5 and m.user_id in {ids $2}
         on conflict (channel_id, user_id) do nothing
         returning user_id",
        params![id, &stored::encode(&people), actor.now - 1, actor.now, workspace],
    )?;
    // Also to somebody who was here before.
    if !joined.is_empty() {
        crate::thread::forget_pointers(tx, id, &stored::encode(&joined))?;
    }
    changed(tx, actor, workspace, id, "channel_user_added", &joined)
}

/// Takes people out of a channel; oneself at any time, others by its creator or an admin.
///
/// # Errors
/// [`Error::ChannelNotFound`], [`Error::Forbidden`]
pub fn remove_users(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: ChannelId,
    people: &[UserId],
) -> Result<(), Error> {
    let channel = access(tx, actor, id)?;
    if people.iter().any(|user| *user != actor.user) {
        channel.require_owner(actor)?;
    }
    let left: Vec<UserId> = tx.all(
        "delete from channel_member where channel_id = $1 and user_id in {ids $2}
         returning user_id",
        params![id, &stored::encode(people)],
    )?;
    changed(tx, actor, channel.workspace, id, "channel_user_removed", &left)
}

fn changed(
    tx: &mut Tx<'_>,
    actor: &Actor,
    workspace: WorkspaceId,
    id: ChannelId,
    kind: &str,
    people: &[UserId],
) -> Result<(), Error> {
    if people.is_empty() {
        return Ok(());
    }
    tx.exec("update channel set version = version + 1 where id = $1", params![id])?;
    let payload =
        json!({"workspace_id": workspace, "channel_id": id, "user_ids": people, "by": actor.user});
    event::record(tx, actor, workspace, kind, ("channel", id.0), &payload.to_string())?;
    Ok(())
}
