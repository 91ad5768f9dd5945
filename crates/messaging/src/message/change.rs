use halyard_identity::UserId;
use halyard_platform::{db::Tx, params};
use serde_json::{Map, Value};

use super::{
    Message,
    append::{mention, record},
    types,
};
use crate::{
    Actor, ConversationId, Error, GroupId, MessageId, attachment,
    conversation::{self, Place},
    json as stored,
    post::check_content,
    text,
};

/// What changes in a message; `None` leaves a part alone.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MessageChange {
    /// Markdown.
    pub content: Option<String>,
    /// The whole new list of attachments.
    pub attachments: Option<Vec<Map<String, Value>>>,
    /// The whole new list of buttons, stored JSON.
    pub actions_json: Option<String>,
    /// People mentioned; taken from a new text when not given.
    pub direct_mentions: Option<Vec<UserId>>,
    /// Groups mentioned; taken from a new text when not given.
    pub direct_group_mentions: Option<Vec<GroupId>>,
}

/// Changes one's own message.
///
/// # Errors
/// [`Error::MessageNotFound`]; [`Error::Forbidden`] for somebody else's message, a removed one and
/// one of the system; [`Error::Invalid`] for a text that is too long, or empty without attachments;
/// errors of attachments.
pub fn update(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: MessageId,
    change: &MessageChange,
) -> Result<Message, Error> {
    let (place, message) = hold(tx, actor, id)?;
    if message.creator != actor.user {
        return Err(Error::Forbidden("only the author may change a message"));
    }
    if message.deleted || message.system_message_json.is_some() {
        return Err(Error::Forbidden("this message cannot be changed"));
    }
    let attachments = attachment::prepare(tx, actor, change.attachments.as_deref())?;
    let content = change.content.as_ref().unwrap_or(&message.content);
    let new_list = attachments.stored().or(message.attachments_json);
    let bare = new_list.as_deref().is_none_or(|list| list == "[]");
    check_content(content)?;
    if content.trim().is_empty() && bare {
        return Err(Error::Invalid { field: "content", expected: "a text or an attachment" });
    }
    let found = change.content.as_deref().map(text::mentions).unzip();
    let users = change.direct_mentions.clone().or(found.0);
    let groups = change.direct_group_mentions.clone().or(found.1);
    let users_json = users.as_ref().map_or(message.direct_mentions_json, stored::encode);
    tx.exec(
        "update message set content = $2, attachments = $3, actions = $4, direct_mentions = $5,
             direct_group_mentions = $6, last_edited_at = $7, version = version + 1
         where id = $1",
        params![
            id,
            content,
            &new_list,
            &change.actions_json.clone().or(message.actions_json),
            &users_json,
            &groups.as_ref().map_or(message.direct_group_mentions_json, stored::encode),
            actor.now
        ],
    )?;
    if change.attachments.is_some() {
        attachments.replace(tx, attachment::Parent::Message(id))?;
    }
    if users.is_some() {
        forget_mentions(tx, place.id, message.obj_index)?;
        mention(tx, &place, message.obj_index, &users_json)?;
    }
    if change.content.is_some() && place.last_message_id == Some(id) {
        tx.exec(
            "update conversation set snippet = $2, version = version + 1 where id = $1",
            params![place.id, &text::snippet(content)],
        )?;
    }
    record(tx, actor, &place, "message_updated", id, message.obj_index)?;
    types::load(tx, actor, id)
}

/// The message with its conversation locked.
pub(crate) fn hold(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: MessageId,
) -> Result<(Place, Message), Error> {
    let conversation = types::load(tx, actor, id)?.conversation_id;
    let place = match conversation::enter_and_lock(tx, actor, conversation) {
        // Taken out of it while this transaction waited.
        Err(Error::ConversationNotFound) => return Err(Error::MessageNotFound),
        other => other?,
    };
    // Again, now that nobody else can change it.
    Ok((place, types::load(tx, actor, id)?))
}

pub(super) fn forget_mentions(
    tx: &mut Tx<'_>,
    conversation: ConversationId,
    obj_index: i64,
) -> Result<(), Error> {
    tx.exec(
        "delete from message_mention where conversation_id = $1 and obj_index = $2",
        params![conversation, obj_index],
    )?;
    Ok(())
}
