//! Reactions: emoji and who chose them, kept with the post they belong to.

use std::collections::BTreeMap;

use halyard_identity::UserId;
use halyard_platform::{db::Tx, params};
use serde_json::json;

use crate::{
    Actor, CommentId, ConversationId, Error, MessageId, ThreadId, WorkspaceId, comment, event,
    json as stored, thread,
};

/// Different reactions on one post at most, and characters of one.
const MAX_KINDS: usize = 100;
const MAX_LENGTH: usize = 32;

/// What a reaction belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The opening post of a thread.
    Thread(ThreadId),
    /// A comment.
    Comment(CommentId),
    /// A message.
    Message(MessageId),
}

/// Emoji → people, in the order in which they chose it.
type Reactions = BTreeMap<String, Vec<UserId>>;

/// Checks a reaction: an emoji or a short name, without blanks and control characters.
///
/// # Errors
/// [`Error::ReactionUnsupported`]
pub fn check(reaction: &str) -> Result<String, Error> {
    let reaction = reaction.trim();
    let length = reaction.chars().count();
    let sound = reaction.chars().all(|c| !c.is_whitespace() && !c.is_control());
    if sound && (1..=MAX_LENGTH).contains(&length) {
        Ok(reaction.to_owned())
    } else {
        Err(Error::ReactionUnsupported)
    }
}

/// The stored JSON object of a post's reactions.
///
/// # Errors
/// Not found, for what the actor cannot see.
pub fn get(tx: &mut Tx<'_>, actor: &Actor, target: Target) -> Result<String, Error> {
    match target {
        Target::Thread(id) => Ok(thread::load(tx, actor, id)?.reactions_json),
        Target::Comment(id) => Ok(comment::load(tx, actor, id)?.reactions_json),
        Target::Message(id) => Ok(message(tx, actor, id, false)?.reactions),
    }
}

/// Adds the actor to a reaction; repeating it changes nothing.
///
/// # Errors
/// Not found, for what the actor cannot see; [`Error::Forbidden`] on a removed post;
/// [`Error::Invalid`] when a post has too many different reactions.
pub fn add(tx: &mut Tx<'_>, actor: &Actor, target: Target, reaction: &str) -> Result<(), Error> {
    change(tx, actor, target, |reactions| {
        if reactions.len() >= MAX_KINDS && !reactions.contains_key(reaction) {
            return Err(Error::Invalid {
                field: "reaction",
                expected: "one of the hundred different reactions that are on it already",
            });
        }
        let people = reactions.entry(reaction.to_owned()).or_default();
        if !people.contains(&actor.user) {
            people.push(actor.user);
        }
        Ok(())
    })
}

/// Takes the actor off a reaction; one that was not there is no mistake.
///
/// # Errors
/// As [`add`].
pub fn remove(tx: &mut Tx<'_>, actor: &Actor, target: Target, reaction: &str) -> Result<(), Error> {
    change(tx, actor, target, |reactions| {
        if let Some(people) = reactions.get_mut(reaction) {
            people.retain(|user| *user != actor.user);
            if people.is_empty() {
                reactions.remove(reaction);
            }
        }
        Ok(())
    })
}

fn change(
    tx: &mut Tx<'_>,
    actor: &Actor,
    target: Target,
    edit: impl Fn(&mut Reactions) -> Result<(), Error>,
) -> Result<(), Error> {
    let place = Place::find(tx, actor, target)?;
    let mut reactions: Reactions = stored::decode(&place.reactions)?;
    let before = reactions.clone();
    edit(&mut reactions)?;
    if reactions == before {
        return Ok(());
    }
    let reactions = stored::encode(&reactions);
    match target {
        Target::Thread(id) => tx.exec(
            "update thread set reactions = $2, version = version + 1 where id = $1",
            params![id, &reactions],
        ),
        Target::Comment(id) => tx.exec(
            "update comment set reactions = $2, version = version + 1 where id = $1",
            params![id, &reactions],
        ),
        Target::Message(id) => tx.exec(
            "update message set reactions = $2, version = version + 1 where id = $1",
            params![id, &reactions],
        ),
    }?;
    let (kind, subject) = (place.kind, (place.subject.0, place.subject.1));
    event::record(tx, actor, place.workspace, kind, subject, &place.payload)?;
    Ok(())
}

/// A post that the actor can see, its parent locked.
struct Place {
    workspace: WorkspaceId,
    reactions: String,
    kind: &'static str,
    subject: (&'static str, i64),
    payload: String,
}

impl Place {
    fn find(tx: &mut Tx<'_>, actor: &Actor, target: Target) -> Result<Self, Error> {
        match target {
            Target::Thread(id) => {
                let access = thread::access(tx, actor, id)?;
                let payload = json!({
                    "workspace_id": access.workspace,
                    "channel_id": access.channel,
                    "thread_id": id,
                });
                Ok(Self {
                    workspace: access.workspace,
                    reactions: tx.one("select reactions from thread where id = $1", params![id])?,
                    kind: "thread_updated",
                    subject: ("thread", id.0),
                    payload: payload.to_string(),
                })
            }
            Target::Comment(id) => {
                let thread = comment::load(tx, actor, id)?.thread_id;
                thread::access(tx, actor, thread)?;
                let found = comment::load(tx, actor, id)?;
                if found.deleted {
                    return Err(Error::Forbidden("the comment is removed"));
                }
                let payload = json!({
                    "workspace_id": found.workspace_id,
                    "channel_id": found.channel_id,
                    "thread_id": found.thread_id,
                    "comment_id": id,
                });
                Ok(Self {
                    workspace: found.workspace_id,
                    reactions: found.reactions_json,
                    kind: "comment_updated",
                    subject: ("thread", thread.0),
                    payload: payload.to_string(),
                })
            }
            Target::Message(id) => {
                let found = message(tx, actor, id, true)?;
                if found.deleted {
                    return Err(Error::Forbidden("the message is removed"));
                }
                let payload = json!({
                    "workspace_id": found.workspace,
                    "conversation_id": found.conversation,
                    "message_id": id,
                });
                Ok(Self {
                    workspace: found.workspace,
                    reactions: found.reactions,
                    kind: "message_updated",
                    subject: ("conversation", found.conversation.0),
                    payload: payload.to_string(),
                })
            }
        }
    }
}

struct MessagePlace {
    workspace: WorkspaceId,
    conversation: ConversationId,
    reactions: String,
    deleted: bool,
}

/// A message through the actor's membership of its conversation.
fn message(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: MessageId,
    lock: bool,
) -> Result<MessagePlace, Error> {
    if lock {
        tx.optional::<ConversationId>(
            "select c.id from message k join conversation c on c.id = k.conversation_id
             where k.id = $1 {lock c}",
            params![id],
        )?;
    }
    let (workspace, conversation, reactions, deleted) = tx
        .optional::<(WorkspaceId, ConversationId, String, bool)>(
            "select c.workspace_id, c.id, k.reactions, k.deleted_at is not null
             from message k
             join conversation c on c.id = k.conversation_id
             join conversation_member cm on cm.conversation_id = c.id and cm.user_id = $2
             join member m on m.workspace_id = c.workspace_id and m.user_id = $2
                 and m.removed_at is null
             where k.id = $1",
            params![id, actor.user],
        )?
        .ok_or(Error::MessageNotFound)?;
    Ok(MessagePlace { workspace, conversation, reactions, deleted })
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn emoji_and_short_names_are_reactions() {
        for good in ["👍", "👩‍👩‍👧", "+1", ":tada:"] {
            assert_eq!(check(good).unwrap(), good);
        }
        for bad in ["", "  ", "two words", "line\nbreak", &"x".repeat(33)] {
            assert!(check(bad).is_err(), "{bad:?}");
        }
    }
}
