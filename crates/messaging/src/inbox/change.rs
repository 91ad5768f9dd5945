use halyard_identity::UserId;
use halyard_platform::{clock::Millis, db::Tx, params};

use super::{list, unread};
use crate::{Actor, ChannelId, Error, WorkspaceId, channel, json, workspace};

/// Puts away everything that is in the actor's inbox, or what of it is in these channels and was
/// last updated up to a moment (that moment included).
///
/// # Errors
/// [`Error::WorkspaceNotFound`]; [`Error::ChannelNotFound`] for a channel that the actor cannot see
/// or that is in another workspace.
pub fn archive_all(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: WorkspaceId,
    channels: Option<&[ChannelId]>,
    until: Option<Millis>,
) -> Result<(), Error> {
    workspace::role(tx, actor, id)?;
    for channel in channels.unwrap_or_default() {
        if channel::access(tx, actor, *channel)?.workspace != id {
            return Err(Error::ChannelNotFound);
        }
    }
    let channels = channels.map(json::encode);
    let until = until.unwrap_or(i64::MAX);
    let threads = list::to_archive(tx, actor, id, channels.as_deref(), until)?;
    tx.exec(
        "insert into thread_state (user_id, thread_id, done_items, archived)
         select $1, t.id, t.last_obj_index + 2, true from thread t where t.id in {ids $2}
         on conflict (user_id, thread_id) do update
         set done_items = excluded.done_items, archived = true",
        params![actor.user, &json::encode(&threads)],
    )?;
    touch(tx, actor.user, id)
}

/// Marks everything read that is in the actor's inbox. It stays there.
///
/// # Errors
/// [`Error::WorkspaceNotFound`]
pub fn mark_all_read(tx: &mut Tx<'_>, actor: &Actor, id: WorkspaceId) -> Result<(), Error> {
    workspace::role(tx, actor, id)?;
    let threads: Vec<i64> = unread(tx, actor, id)?.iter().map(|(thread, _)| thread.0).collect();
    tx.exec(
        "insert into thread_state (user_id, thread_id, read_items, behind)
         select $1, t.id, t.last_obj_index + 2, false from thread t where t.id in {ids $2}
         on conflict (user_id, thread_id) do update
         set read_items = excluded.read_items, behind = false",
        params![actor.user, &json::encode(&threads)],
    )?;
    touch(tx, actor.user, id)
}

/// Notes that a member has changed what is in their inbox, or what of it is unread.
pub(crate) fn touch(tx: &mut Tx<'_>, user: UserId, id: WorkspaceId) -> Result<(), Error> {
    tx.send(
        "insert into inbox (user_id, workspace_id, changes) values ($1, $2, 1)
         on conflict (user_id, workspace_id) do update set changes = inbox.changes + 1",
        params![user, id],
    )?;
    Ok(())
}
