use halyard_platform::{clock::Millis, db::Tx, params};
use serde_json::json;

use super::{Conversation, access, types};
use crate::{
    Actor, ConversationId, Error, event,
    name::{MAX_NAME, check_name},
};

/// Longest time of silence, in minutes: ten years.
const LONGEST_MUTE: i64 = 10 * 366 * 24 * 60;

/// What to change; `None` leaves a thing as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConversationChange {
    /// New title for everybody; an empty one takes it away.
    pub title: Option<String>,
    /// Puts the conversation away or back, for the actor only.
    pub archived: Option<bool>,
}

/// Changes a conversation. Everybody in it may name a group, guests too (our decision).
///
/// # Errors
/// [`Error::ConversationNotFound`]; [`Error::NameInvalid`]; [`Error::Forbidden`] for a title of a
/// private conversation.
pub fn update(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: ConversationId,
    change: &ConversationChange,
) -> Result<Conversation, Error> {
    if let Some(title) = &change.title {
        let title = check_title(title)?;
        let place = access::enter_and_lock(tx, actor, id)?;
        if place.private && title.is_some() {
            return Err(Error::Forbidden("a conversation between two people has no title"));
        }
        tx.exec(
            "update conversation set title = $2, version = version + 1 where id = $1",
            params![id, &title],
        )?;
        let payload = json!({ "workspace_id": place.workspace, "conversation_id": id }).to_string();
        let subject = ("conversation", id.0);
        event::record(tx, actor, place.workspace, "conversation_updated", subject, &payload)?;
    }
    match change.archived {
        Some(true) => archive(tx, actor, id)?,
        Some(false) => unarchive(tx, actor, id)?,
        None => {}
    }
    types::load(tx, actor, id)
}

/// Puts a conversation away for the actor, until the next message. What is unread stays unread.
///
/// # Errors
/// [`Error::ConversationNotFound`]
pub fn archive(tx: &mut Tx<'_>, actor: &Actor, id: ConversationId) -> Result<(), Error> {
    let last = access::last_obj_index(tx, actor, id)?;
    tx.exec(
        "update conversation_member set archived_items = $3
         where conversation_id = $1 and user_id = $2",
        params![id, actor.user, last + 1],
    )?;
    Ok(())
}

/// Brings a conversation back for the actor.
///
/// # Errors
/// [`Error::ConversationNotFound`]
pub fn unarchive(tx: &mut Tx<'_>, actor: &Actor, id: ConversationId) -> Result<(), Error> {
    access::last_obj_index(tx, actor, id)?;
    tx.exec(
        "update conversation_member set archived_items = null
         where conversation_id = $1 and user_id = $2",
        params![id, actor.user],
    )?;
    Ok(())
}

/// Silences a conversation for the actor for some minutes from now. Unread messages are still
/// counted.
///
/// # Errors
/// [`Error::ConversationNotFound`]; [`Error::Invalid`] unless `minutes` is from 1 to ten years.
pub fn mute(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: ConversationId,
    minutes: i64,
) -> Result<Conversation, Error> {
    if !(1..=LONGEST_MUTE).contains(&minutes) {
        return Err(Error::Invalid { field: "minutes", expected: "a number from 1 to 5270400" });
    }
    silence(tx, actor, id, Some(actor.now + minutes * 60_000))
}

/// Ends the silence.
///
/// # Errors
/// [`Error::ConversationNotFound`]
pub fn unmute(tx: &mut Tx<'_>, actor: &Actor, id: ConversationId) -> Result<Conversation, Error> {
    silence(tx, actor, id, None)
}

fn silence(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: ConversationId,
    until: Option<Millis>,
) -> Result<Conversation, Error> {
    access::last_obj_index(tx, actor, id)?;
    tx.exec(
        "update conversation_member set muted_until = $3
         where conversation_id = $1 and user_id = $2",
        params![id, actor.user, until],
    )?;
    types::load(tx, actor, id)
}

/// Accepts a title; none when it is blank.
pub(super) fn check_title(title: &str) -> Result<Option<String>, Error> {
    if title.trim().is_empty() { Ok(None) } else { check_name(title, MAX_NAME).map(Some) }
}
