use halyard_identity::UserId;
use halyard_platform::{db::Tx, params};
use serde_json::json;

use super::Message;
use crate::{Actor, Error, MessageId, conversation::Place, event, json as stored};

/// Authors kept in `snippet_creators`: our decision.
pub(super) const AUTHORS: usize = 5;

/// What goes to the end of a conversation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub(crate) content: &'a str,
    pub(crate) snippet: &'a str,
    pub(crate) attachments: Option<&'a str>,
    pub(crate) actions: Option<&'a str>,
    pub(crate) direct_mentions: &'a str,
    pub(crate) direct_group_mentions: &'a str,
    pub(crate) system_message: Option<&'a str>,
}

impl<'a> Entry<'a> {
    /// Something the system has to say. It is no part of the snippet.
    pub(crate) fn system(message: &'a str) -> Self {
        Self {
            content: "",
            snippet: "",
            attachments: None,
            actions: None,
            direct_mentions: "[]",
            direct_group_mentions: "[]",
            system_message: Some(message),
        }
    }
}

/// Adds to the end of a locked conversation: row, counters, the author's read pointer, mentions and
/// event. `place` moves on, so that more can follow.
pub(crate) fn append(
    tx: &mut Tx<'_>,
    actor: &Actor,
    place: &mut Place,
    entry: &Entry<'_>,
) -> Result<Message, Error> {
    let obj_index = place.last_obj_index + 1;
    // Clocks of different nodes differ; the order of the index is the order in time all the same.
    let posted_at = actor.now.max(place.last_active_at);
    let id: MessageId = tx.one(
        "insert into message (conversation_id, obj_index, creator, content, attachments, actions,
             direct_mentions, direct_group_mentions, system_message, posted_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning id",
        params![
            place.id,
            obj_index,
            actor.user,
            entry.content,
            entry.attachments,
            entry.actions,
            entry.direct_mentions,
            entry.direct_group_mentions,
            entry.system_message,
            posted_at
        ],
    )?;
    if entry.system_message.is_some() {
        tx.send(
            "update conversation set message_count = message_count + 1, last_obj_index = $2,
                 last_active_at = $3, version = version + 1
             where id = $1",
            params![place.id, obj_index, posted_at],
        )?;
    } else {
        place.snippet_creators = with_author(&place.snippet_creators, actor.user)?;
        place.last_message_id = Some(id);
        tx.send(
            "update conversation set message_count = message_count + 1, last_obj_index = $2,
                 last_active_at = $3, last_message_id = $4, snippet = $5, snippet_creator = $6,
                 snippet_creators = $7, version = version + 1
             where id = $1",
            params![
                place.id,
                obj_index,
                posted_at,
                id,
                entry.snippet,
                actor.user,
                &place.snippet_creators
            ],
        )?;
    }
    tx.send(
        "update conversation_member set read_items = $3
         where conversation_id = $1 and user_id = $2",
        params![place.id, actor.user, obj_index + 1],
    )?;
    mention(tx, place, obj_index, entry.direct_mentions)?;
    place.last_obj_index = obj_index;
    place.last_active_at = posted_at;
    record(tx, actor, place, "message_added", id, obj_index)?;
    Ok(Message {
        id,
        conversation_id: place.id,
        workspace_id: place.workspace,
        obj_index,
        creator: actor.user,
        creator_name: place.name.clone(),
        content: entry.content.to_owned(),
        attachments_json: entry.attachments.map(str::to_owned),
        actions_json: entry.actions.map(str::to_owned),
        direct_mentions_json: entry.direct_mentions.to_owned(),
        direct_group_mentions_json: entry.direct_group_mentions.to_owned(),
        reactions_json: "{}".to_owned(),
        system_message_json: entry.system_message.map(str::to_owned),
        posted_at,
        last_edited_at: None,
        deleted: false,
        version: 1,
    })
}

/// Remembers whom a message mentions, as far as they are in the conversation.
pub(super) fn mention(
    tx: &mut Tx<'_>,
    place: &Place,
    obj_index: i64,
    users: &str,
) -> Result<(), Error> {
    if users != "[]" {
        tx.send(
            "insert into message_mention (user_id, conversation_id, obj_index)
             select cm.user_id, $1, $2 from conversation_member cm
             where cm.conversation_id = $1 and cm.user_id in {ids $3}",
            params![place.id, obj_index, users],
        )?;
    }
    Ok(())
}

pub(crate) fn record(
    tx: &mut Tx<'_>,
    actor: &Actor,
    place: &Place,
    kind: &str,
    id: MessageId,
    obj_index: i64,
) -> Result<(), Error> {
    let (workspace, conversation) = (place.workspace, place.id);
    let payload = json!({
        "workspace_id": workspace,
        "conversation_id": conversation,
        "message_id": id,
        "obj_index": obj_index,
    });
    event::record(
        tx,
        actor,
        workspace,
        kind,
        ("conversation", conversation.0),
        &payload.to_string(),
    )?;
    Ok(())
}

/// The list of authors after one of them has written again.
fn with_author(authors: &str, author: UserId) -> Result<String, Error> {
    let mut authors: Vec<UserId> = stored::decode(authors)?;
    authors.retain(|other| *other != author);
    authors.insert(0, author);
    authors.truncate(AUTHORS);
    Ok(stored::encode(&authors))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_author_comes_first_and_five_are_kept() {
        let mut authors = "[]".to_owned();
        for author in [1, 2, 3, 1, 4, 5, 6] {
            authors = with_author(&authors, UserId(author)).unwrap();
        }
        assert_eq!(authors, "[6,5,4,1,3]");
    }
}
