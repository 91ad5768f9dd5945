use halyard_platform::{db::Tx, params};
use serde_json::json;

use super::{access, change::record, unread::read_items_sql};
use crate::{Actor, ChannelId, Error, ThreadId, channel, comment};

/// Moves a thread with its comments to another channel of the workspace and leaves a system
/// comment behind. Each member's own state of the thread moves along; to who was not in the old
/// channel, all that was said before the move counts as read. Unlike posting, moving therefore
/// writes a row for each member of the new channel.
///
/// # Errors
/// [`Error::ThreadNotFound`], [`Error::ChannelNotFound`] (also for a channel of another
/// workspace); [`Error::Forbidden`] for guests and when either channel is archived.
pub fn move_to_channel(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: ThreadId,
    to: ChannelId,
) -> Result<(), Error> {
    let thread = access(tx, actor, id)?;
    let target = channel::access(tx, actor, to)?;
    target.require_member()?;
    if target.workspace != thread.workspace {
        return Err(Error::ChannelNotFound);
    }
    if target.id == thread.channel {
        return Ok(());
    }
    thread.require_open_channel()?;
    if target.archived {
        return Err(Error::Forbidden("the channel is archived"));
    }
    let from: String = tx.one("select name from channel where id = $1", params![thread.channel])?;
    keep_pointers(tx, id, to)?;
    tx.exec(
        "update thread set channel_id = $2, version = version + 1 where id = $1",
        params![id, to],
    )?;
    let message = json!({
        "type": "THREAD_MOVED",
        "initiator": actor.user,
        "initiator_id": actor.user,
        "initiator_name": thread.actor_name,
        "thread_id": id,
        "channel_id": to,
        "channel_name": target.name,
        "old_channel_id": thread.channel,
        "old_channel_name": from,
    });
    comment::add_system(tx, actor, id, &message)?;
    record(tx, actor, &super::Access { channel: to, ..thread }, "thread_updated")
}

/// What somebody has read follows from the watermark of the channel; the other channel's watermark
/// knows nothing of this thread.
fn keep_pointers(tx: &mut Tx<'_>, id: ThreadId, to: ChannelId) -> Result<(), Error> {
    tx.exec(
        concat!(
            "insert into thread_state (user_id, thread_id, read_items, behind)
             select b.user_id, t.id,
                 case when cm.user_id is null then t.last_obj_index + 2 else ",
            read_items_sql!(),
            " end, true
             from thread t
             join channel_member b on b.channel_id = $2
             left join channel_member cm on cm.channel_id = t.channel_id
                 and cm.user_id = b.user_id
             left join thread_state s on s.user_id = b.user_id and s.thread_id = t.id
             where t.id = $1
             on conflict (user_id, thread_id) do update
             set read_items = excluded.read_items, behind = true"
        ),
        params![id, to],
    )?;
    Ok(())
}
