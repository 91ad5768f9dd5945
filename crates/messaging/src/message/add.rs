use halyard_platform::db::Tx;

use super::{
    Message,
    append::{Entry, append},
};
use crate::{Actor, ConversationId, Error, Post, attachment, conversation, json as stored};

/// Writes a message. What the author has not read yet counts as read from now on.
///
/// # Errors
/// [`Error::ConversationNotFound`]; [`Error::Invalid`] for an empty text without attachments;
/// errors of attachments.
pub fn add(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: ConversationId,
    post: &Post,
) -> Result<Message, Error> {
    if post.is_empty() {
        return Err(Error::Invalid { field: "content", expected: "a text or an attachment" });
    }
    let mut place = conversation::enter_and_lock(tx, actor, id)?;
    let attachments = attachment::prepare(tx, actor, post.attachments.as_deref())?;
    let stored_attachments = attachments.stored();
    let entry = Entry {
        content: &post.content,
        snippet: &post.snippet,
        attachments: stored_attachments.as_deref(),
        actions: post.actions_json.as_deref(),
        direct_mentions: &stored::encode(&post.direct_mentions),
        direct_group_mentions: &stored::encode(&post.direct_group_mentions),
        system_message: None,
    };
    let message = append(tx, actor, &mut place, &entry)?;
    attachments.attach(tx, attachment::Parent::Message(message.id))?;
    Ok(message)
}
