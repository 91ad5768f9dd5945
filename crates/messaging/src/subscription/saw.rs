use halyard_platform::{db::Tx, params};

use super::Ids;
use crate::{Actor, ChannelId, Error, Role, channel, workspace};

/// Whether the actor could see something that is gone, as far as its event tells: a channel or
/// group by who was in it, a thread by its channel, a workspace by having been in it to its end.
///
/// # Errors
/// Those of the store.
pub fn could_see(tx: &mut Tx<'_>, actor: &Actor, kind: &str, ids: &Ids) -> Result<bool, Error> {
    let Some(workspace) = ids.workspace_id.map(Into::into) else { return Ok(false) };
    if kind == "workspace_deleted" {
        let member: Option<i64> = tx.optional(
            "select m.user_id from member m join workspace w on w.id = m.workspace_id
             where w.id = $1 and m.user_id = $2
                 and (m.removed_at is null or m.removed_at = w.removed_at)",
            params![workspace, actor.user],
        )?;
        return Ok(member.is_some());
    }
    let role = match workspace::role(tx, actor, workspace) {
        Err(Error::WorkspaceNotFound) => return Ok(false),
        role => role?,
    };
    let inside = ids.user_ids.contains(&actor.user.0);
    match kind {
        "thread_deleted" => {
            let Some(channel) = ids.channel_id else { return Ok(false) };
            match channel::access(tx, actor, ChannelId(channel)) {
                Ok(_) => Ok(true),
                Err(Error::ChannelNotFound) => Ok(false),
                Err(error) => Err(error),
            }
        }
        "channel_deleted" => Ok(inside || (ids.public && role != Role::Guest)),
        "group_deleted" => Ok(inside || role != Role::Guest),
        _ => Ok(false),
    }
}
