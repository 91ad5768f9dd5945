//! What an installed integration is told, in fields.

use halyard_identity::{self as identity, UserId};
use halyard_platform::{clock::Millis, db::Tx, params};

use super::{Installation, Integration, Kind};
use crate::{
    Actor, CommentId, ConversationId, Error, MessageId, ThreadId, comment, conversation, message,
    subscription::{Delivery, Ids},
    thread,
};

/// How long a bot may answer at the address that it was given.
const ANSWER_WITHIN: Millis = 30 * 60 * 1000;

/// One post to an integration: its fields, and where its answer goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// In their order.
    pub fields: Vec<(&'static str, String)>,
    /// The thread in which an answer is posted.
    pub thread: Option<ThreadId>,
    /// The conversation in which an answer is posted.
    pub conversation: Option<ConversationId>,
    /// The author of the command that an answer replaces, with the item.
    pub replaces: Option<(UserId, Item)>,
    /// A bot may answer later, until this moment.
    pub until: Option<Millis>,
}

/// A text that can be a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item {
    /// A comment.
    Comment(CommentId),
    /// A message.
    Message(MessageId),
}

/// What was written, by whom.
struct Text {
    creator: UserId,
    creator_name: String,
    content: String,
}

/// The post to an integration about a delivery; none when it does not concern it: the bot may not
/// see it, has written it itself, or it is no call of its command.
///
/// # Errors
/// Those of the store.
pub fn told(
    tx: &mut Tx<'_>,
    integration: &Integration,
    installation: &Installation,
    delivery: &Delivery,
    now: Millis,
) -> Result<Option<Told>, Error> {
    let ids = delivery.ids()?;
    let mut told =
        Told { fields: Vec::new(), thread: None, conversation: None, replaces: None, until: None };
    if delivery.kind == "uninstall" {
        let user = identity::load_user(tx, ids.user_id.unwrap_or_default().into())?;
        told.put("event_type", delivery.kind.clone());
        told.put("install_id", installation.id.to_string());
        told.put("workspace_id", integration.workspace.to_string());
        told.put("user_id", user.id.to_string());
        told.put("user_name", user.name);
        return Ok(Some(told));
    }
    // A command is heard by whom it is meant for, wherever it is written: with its author's eyes.
    let eyes = match integration.kind {
        Kind::Command => match author(tx, &ids)? {
            Some(author) => author,
            None => return Ok(None),
        },
        _ => integration.bot,
    };
    let actor = Actor { user: eyes, now };
    let found = match delivery.kind.as_str() {
        "message_added" if matches!(integration.kind, Kind::Bot | Kind::Command) => {
            told.message(tx, &actor, &ids)?
        }
        "thread_added" if integration.kind == Kind::Channel => told.thread(tx, &actor, &ids)?,
        "comment_added" if integration.kind != Kind::Bot => told.comment(tx, &actor, &ids)?,
        _ => None,
    };
    let Some(text) = found else { return Ok(None) };
    // Neither its own posts nor those of others: two that answer would never end.
    if identity::load_user(tx, text.creator)?.bot {
        return Ok(None);
    }
    if let Some(command) = &integration.command {
        let Some(argument) = argument_of(command, &text.content) else { return Ok(None) };
        told.put("command", command.clone());
        told.put("command_argument", argument.to_owned());
        let item = match (ids.comment_id, ids.message_id) {
            (Some(id), _) => Item::Comment(CommentId(id)),
            (None, id) => Item::Message(MessageId(id.unwrap_or_default())),
        };
        told.replaces = Some((text.creator, item));
    }
    if matches!(integration.kind, Kind::Bot | Kind::Command) {
        told.put("verify_token", format!("{}_{}", installation.id, installation.token));
    }
    if integration.kind == Kind::Bot {
        told.until = Some(now + ANSWER_WITHIN);
    }
    told.put("workspace_id", integration.workspace.to_string());
    told.put("content", text.content);
    told.put("user_id", text.creator.to_string());
    told.put("user_name", text.creator_name);
    Ok(Some(told))
}

impl Told {
    fn put(&mut self, name: &'static str, value: String) {
        self.fields.push((name, value));
    }

    fn message(
        &mut self,
        tx: &mut Tx<'_>,
        actor: &Actor,
        ids: &Ids,
    ) -> Result<Option<Text>, Error> {
        let id = MessageId(ids.message_id.unwrap_or_default());
        let Some(found) = seen(message::load(tx, actor, id))? else { return Ok(None) };
        if found.deleted || found.system_message_json.is_some() {
            return Ok(None);
        }
        let place = conversation::load(tx, actor, found.conversation_id)?;
        self.put("event_type", "message".to_owned());
        self.put("conversation_id", found.conversation_id.to_string());
        self.put("conversation_title", place.title.unwrap_or_default());
        self.put("message_id", found.id.to_string());
        self.conversation = Some(found.conversation_id);
        let (creator, creator_name) = (found.creator, found.creator_name);
        Ok(Some(Text { creator, creator_name, content: found.content }))
    }

    fn thread(&mut self, tx: &mut Tx<'_>, actor: &Actor, ids: &Ids) -> Result<Option<Text>, Error> {
        let id = ThreadId(ids.thread_id.unwrap_or_default());
        let Some(found) = seen(thread::load(tx, actor, id))? else { return Ok(None) };
        self.put("event_type", "thread".to_owned());
        self.place(tx, &found)?;
        let (creator, creator_name) = (found.creator, found.creator_name);
        Ok(Some(Text { creator, creator_name, content: found.content }))
    }

    fn comment(
        &mut self,
        tx: &mut Tx<'_>,
        actor: &Actor,
        ids: &Ids,
    ) -> Result<Option<Text>, Error> {
        let id = CommentId(ids.comment_id.unwrap_or_default());
        let Some(found) = seen(comment::load(tx, actor, id))? else { return Ok(None) };
        if found.deleted || found.system_message_json.is_some() {
            return Ok(None);
        }
        let thread = thread::load(tx, actor, found.thread_id)?;
        self.put("event_type", "comment".to_owned());
        self.place(tx, &thread)?;
        self.put("comment_id", found.id.to_string());
        let (creator, creator_name) = (found.creator, found.creator_name);
        Ok(Some(Text { creator, creator_name, content: found.content }))
    }

    fn place(&mut self, tx: &mut Tx<'_>, thread: &thread::Thread) -> Result<(), Error> {
        let channel: String =
            tx.one("select name from channel where id = $1", params![thread.channel_id])?;
        self.put("thread_id", thread.id.to_string());
        self.put("thread_title", thread.title.clone());
        self.put("channel_id", thread.channel_id.to_string());
        self.put("channel_name", channel);
        self.thread = Some(thread.id);
        Ok(())
    }
}

/// Keeps what was not found apart from what failed.
fn seen<T>(found: Result<T, Error>) -> Result<Option<T>, Error> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(Error::CommentNotFound | Error::MessageNotFound | Error::ThreadNotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

fn author(tx: &mut Tx<'_>, ids: &Ids) -> Result<Option<UserId>, Error> {
    let author = match (ids.comment_id, ids.message_id) {
        (Some(id), _) => tx.optional("select creator from comment where id = $1", params![id])?,
        (None, Some(id)) => {
            tx.optional("select creator from message where id = $1", params![id])?
        }
        (None, None) => None,
    };
    Ok(author)
}

/// What follows a command, if the text begins with it.
fn argument_of<'t>(command: &str, text: &'t str) -> Option<&'t str> {
    let rest = text.trim_start().strip_prefix(command)?;
    (rest.is_empty() || rest.starts_with(char::is_whitespace)).then(|| rest.trim())
}

#[cfg(test)]
mod tests {
    use super::argument_of;

    #[test]
    fn a_command_is_a_whole_word_at_the_beginning() {
        assert_eq!(argument_of("/hello", "/hello"), Some(""));
        assert_eq!(argument_of("/hello", " /hello  world wide "), Some("world wide"));
        assert_eq!(argument_of("/hello", "/helloworld"), None);
        assert_eq!(argument_of("/hello", "say /hello"), None);
    }
}
