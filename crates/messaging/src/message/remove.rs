use halyard_identity::UserId;
use halyard_platform::{
    db::{self, Tx},
    params,
};

use super::{
    append::{AUTHORS, record},
    change::{forget_mentions, hold},
};
use crate::{Actor, ConversationId, Error, MessageId, Role, json, text};

/// Messages that are looked through for the authors of a shortened conversation.
const AUTHORS_AMONG: i64 = 50;

/// Removes one's own message; administrators who are in the conversation remove any. A tombstone
/// keeps its place. Removing it again changes nothing.
///
/// # Errors
/// [`Error::MessageNotFound`]; [`Error::Forbidden`] for a message of somebody else, and for system
/// messages unless by an administrator.
pub fn remove(tx: &mut Tx<'_>, actor: &Actor, id: MessageId) -> Result<(), Error> {
    let (place, message) = hold(tx, actor, id)?;
    let own = message.creator == actor.user && message.system_message_json.is_none();
    if !own && place.role != Role::Admin {
        return Err(Error::Forbidden("only its author or an admin may remove a message"));
    }
    if message.deleted {
        return Ok(());
    }
    tx.exec(
        "update message set content = '', attachments = null, actions = null,
             direct_mentions = '[]', direct_group_mentions = '[]', reactions = '{}',
             deleted_at = $2, version = version + 1
         where id = $1",
        params![id, actor.now],
    )?;
    // Nobody may fetch a file through a message that is gone.
    tx.exec("delete from attachment_use where message_id = $1", params![id])?;
    forget_mentions(tx, place.id, message.obj_index)?;
    let live: Option<i64> = tx.optional(
        "select obj_index from message where conversation_id = $1 and deleted_at is null
         order by obj_index desc limit 1",
        params![place.id],
    )?;
    let (live, last) = (live.unwrap_or(-1), place.last_obj_index);
    let tail = (live < last).then_some((last + 1, live + 1));
    tx.exec(
        "update conversation set message_count = message_count - 1, version = version + 1,
             tail_items = $2, live_items = $3
         where id = $1",
        params![place.id, tail.map(|tail| tail.0), tail.map(|tail| tail.1)],
    )?;
    if place.last_message_id == Some(id) {
        summarise(tx, place.id)?;
    }
    record(tx, actor, &place, "message_deleted", id, message.obj_index)
}

/// Finds the newest message and the authors before it again.
pub(crate) fn summarise(tx: &mut Tx<'_>, conversation: ConversationId) -> Result<(), db::Error> {
    let newest: Option<(MessageId, UserId, String, i64)> = tx.optional(
        "select m.id, m.creator, m.content, m.obj_index from message m
         where m.conversation_id = $1 and m.deleted_at is null and m.system_message is null
         order by m.obj_index desc limit 1",
        params![conversation],
    )?;
    let Some((id, creator, content, obj_index)) = newest else {
        tx.exec(
            "update conversation set last_message_id = null, snippet = '', snippet_creator = null,
                 snippet_creators = '[]'
             where id = $1",
            params![conversation],
        )?;
        return Ok(());
    };
    let recent: Vec<UserId> = tx.all(
        "select m.creator from message m
         where m.conversation_id = $1 and m.obj_index > $2 and m.obj_index <= $3
           and m.deleted_at is null and m.system_message is null
         order by m.obj_index desc",
        params![conversation, obj_index - AUTHORS_AMONG, obj_index],
    )?;
    let mut authors: Vec<UserId> = Vec::new();
    for author in recent {
        if authors.len() < AUTHORS && !authors.contains(&author) {
            authors.push(author);
        }
    }
    tx.exec(
        "update conversation set last_message_id = $2, snippet = $3, snippet_creator = $4,
             snippet_creators = $5
         where id = $1",
        params![conversation, id, &text::snippet(&content), creator, &json::encode(&authors)],
    )?;
    Ok(())
}
