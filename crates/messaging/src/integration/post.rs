//! What an integration says: its bot posts it.

use halyard_platform::{clock::Millis, db::Tx};

use super::{Installation, Integration, Item, Kind, Told};
use crate::{
    Actor, Audience, ConversationId, Error, Post, Reach,
    comment::{self, CommentChange, NewComment},
    message::{self, Message, MessageChange},
    thread::{self, NewThread},
};

fn bot(integration: &Integration, now: Millis) -> Actor {
    Actor { user: integration.bot, now }
}

fn comment_in(thread: crate::ThreadId, post: &Post) -> NewComment {
    NewComment {
        thread,
        post: post.clone(),
        audience: Audience::of(Reach::Thread),
        action: None,
        moves_pointer: true,
        temp_id: None,
    }
}

/// Posts a thread or, for an integration of a thread, a comment, where it is installed.
///
/// # Errors
/// [`Error::Invalid`] for an empty text and for a kind that has no such place; those of posting,
/// when the bot was taken out of the channel, or the channel is archived.
pub fn post(
    tx: &mut Tx<'_>,
    integration: &Integration,
    installation: &Installation,
    title: &str,
    post: &Post,
    now: Millis,
) -> Result<(), Error> {
    if post.is_empty() {
        return Err(Error::Invalid { field: "content", expected: "a text or an attachment" });
    }
    let actor = bot(integration, now);
    match (integration.kind, installation.channel, installation.thread) {
        (Kind::Channel | Kind::Report, Some(channel), _) => {
            let new = NewThread {
                channel,
                title: title.to_owned(),
                post: post.clone(),
                audience: Audience::of(Reach::Channel),
                temp_id: None,
            };
            thread::add(tx, &actor, &new)?;
        }
        (Kind::Thread, _, Some(thread)) => {
            comment::add(tx, &actor, &comment_in(thread, post))?;
        }
        _ => {
            return Err(Error::Invalid {
                field: "install_id",
                expected: "an integration of a channel or a thread",
            });
        }
    }
    Ok(())
}

/// Writes a message in a conversation that the bot is in.
///
/// # Errors
/// Those of [`message::add`].
pub fn post_in(
    tx: &mut Tx<'_>,
    integration: &Integration,
    conversation: ConversationId,
    post: &Post,
    now: Millis,
) -> Result<Message, Error> {
    message::add(tx, &bot(integration, now), conversation, post)
}

/// Posts what an integration has answered to what it was told. The answer to a command replaces the
/// text of the command, as a change by its author.
///
/// # Errors
/// Those of posting.
pub fn answer(
    tx: &mut Tx<'_>,
    integration: &Integration,
    told: &Told,
    post: &Post,
    now: Millis,
) -> Result<(), Error> {
    if let Some((author, item)) = told.replaces {
        let author = Actor { user: author, now };
        // Only the text: what it attaches would be attached with the rights of the author.
        if post.content.trim().is_empty() {
            return Ok(());
        }
        let content = Some(post.content.clone());
        match item {
            Item::Comment(id) => {
                let change = CommentChange { content, ..CommentChange::default() };
                comment::update(tx, &author, id, &change)?;
            }
            Item::Message(id) => {
                let change = MessageChange { content, ..MessageChange::default() };
                message::update(tx, &author, id, &change)?;
            }
        }
        return Ok(());
    }
    if let Some(thread) = told.thread {
        comment::add(tx, &bot(integration, now), &comment_in(thread, post))?;
    } else if let Some(conversation) = told.conversation {
        post_in(tx, integration, conversation, post, now)?;
    }
    Ok(())
}
