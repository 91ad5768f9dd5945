use halyard_platform::{db::Tx, params};
use serde_json::json;

use super::{access, change::record};
use crate::{Actor, ChannelId, Error, ThreadId, channel, comment};

/// Moves a thread with its comments to another channel of the workspace and leaves a system
/// comment behind. Each member's own state of the thread moves along.
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
