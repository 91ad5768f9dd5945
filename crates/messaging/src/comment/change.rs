use halyard_platform::{db::Tx, params};
use serde_json::{Map, Value};

use super::{Comment, add::record, load};
use crate::{
    Actor, CommentId, Error, Role, attachment, json as stored,
    post::check_content,
    text,
    thread::{self, Access},
};

/// What changes in a comment; `None` leaves a part alone.
#[derive(Debug, Clone, Default)]
pub struct CommentChange {
    /// Markdown.
    pub content: Option<String>,
    /// The whole new list of attachments.
    pub attachments: Option<Vec<Map<String, Value>>>,
    /// The whole new list of buttons, stored JSON.
    pub actions_json: Option<String>,
    /// People mentioned; taken from a new text when not given.
    pub direct_mentions: Option<Vec<halyard_identity::UserId>>,
    /// Groups mentioned; taken from a new text when not given.
    pub direct_group_mentions: Option<Vec<crate::GroupId>>,
}

/// Changes one's own comment.
///
/// # Errors
/// [`Error::CommentNotFound`]; [`Error::Forbidden`] for somebody else's comment, a removed one and
/// one of the system; [`Error::Invalid`] for a text that is too long; errors of attachments.
pub fn update(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: CommentId,
    change: &CommentChange,
) -> Result<Comment, Error> {
    let (thread, comment) = open(tx, actor, id)?;
    if comment.creator != actor.user {
        return Err(Error::Forbidden("only the author may change a comment"));
    }
    if comment.deleted || comment.system_message_json.is_some() {
        return Err(Error::Forbidden("this comment cannot be changed"));
    }
    thread.require_open_channel()?;
    if let Some(content) = &change.content {
        check_content(content)?;
    }
    let attachments = attachment::prepare(tx, actor, change.attachments.as_deref())?;
    let found = change.content.as_deref().map(text::mentions);
    let users = change.direct_mentions.clone().or(found.as_ref().map(|(users, _)| users.clone()));
    let groups = change.direct_group_mentions.clone().or(found.map(|(_, groups)| groups));
    tx.exec(
        "update comment set content = $2, attachments = $3, actions = $4, direct_mentions = $5,
             direct_group_mentions = $6, last_edited_at = $7, version = version + 1
         where id = $1",
        params![
            id,
            change.content.as_ref().unwrap_or(&comment.content),
            &attachments.stored().or(comment.attachments_json.clone()),
            &change.actions_json.clone().or(comment.actions_json.clone()),
            &users.as_ref().map_or(comment.direct_mentions_json.clone(), stored::encode),
            &groups.as_ref().map_or(comment.direct_group_mentions_json.clone(), stored::encode),
            actor.now
        ],
    )?;
    if change.attachments.is_some() {
        attachments.replace(tx, attachment::Parent::Comment(id))?;
    }
    let users = users.unwrap_or_default();
    thread::remember_mentions(tx, thread.id, comment.obj_index, &users)?;
    if let Some(content) = &change.content {
        tx.exec(
            "update thread set snippet = $3, version = version + 1
             where id = $1 and last_comment_id = $2",
            params![thread.id, id, &text::snippet(content)],
        )?;
    }
    let comment = load(tx, actor, id)?;
    record(tx, actor, &comment, "comment_updated")?;
    Ok(comment)
}

/// Removes a comment: its place stays, its content goes.
///
/// # Errors
/// [`Error::CommentNotFound`]; [`Error::Forbidden`] for others than the author and admins.
pub fn remove(tx: &mut Tx<'_>, actor: &Actor, id: CommentId) -> Result<(), Error> {
    let (thread, comment) = open(tx, actor, id)?;
    if comment.creator != actor.user && thread.role != Role::Admin {
        return Err(Error::Forbidden("only the author or an admin may remove a comment"));
    }
    if comment.deleted {
        return Ok(());
    }
    tx.exec(
        "update comment set content = '', attachments = null, actions = null, reactions = '{}',
             direct_mentions = '[]', direct_group_mentions = '[]', deleted_at = $2,
             deleted_by = $3, version = version + 1
         where id = $1",
        params![id, actor.now, actor.user],
    )?;
    tx.exec("delete from attachment_use where comment_id = $1", params![id])?;
    tx.exec(
        "delete from thread_mention where thread_id = $1 and obj_index = $2",
        params![thread.id, comment.obj_index],
    )?;
    tx.exec(
        "update thread set comment_count = comment_count - 1, version = version + 1 where id = $1",
        params![thread.id],
    )?;
    show_newest(tx, &thread)?;
    record(tx, actor, &comment, "comment_deleted")
}

/// The comment with its thread locked.
fn open(tx: &mut Tx<'_>, actor: &Actor, id: CommentId) -> Result<(Access, Comment), Error> {
    let thread = load(tx, actor, id)?.thread_id;
    let thread = thread::access(tx, actor, thread)?;
    // Again, now that nobody else can change it.
    Ok((thread, load(tx, actor, id)?))
}

/// The newest comment that is left speaks for the thread. The removed one may have done so even when
/// comments of the system came after it, and nothing of it may stay readable.
fn show_newest(tx: &mut Tx<'_>, thread: &Access) -> Result<(), Error> {
    let newest: Option<(CommentId, String, i64)> = tx.optional(
        "select id, content, creator from comment
         where thread_id = $1 and deleted_at is null and system_message is null
         order by obj_index desc limit 1",
        params![thread.id],
    )?;
    let last: Option<CommentId> = tx.optional(
        "select id from comment where thread_id = $1 and deleted_at is null
         order by obj_index desc limit 1",
        params![thread.id],
    )?;
    let (content, creator) = match newest {
        Some((_, content, creator)) => (content, creator),
        None => tx.one::<(String, i64)>(
            "select content, creator from thread where id = $1",
            params![thread.id],
        )?,
    };
    tx.exec(
        "update thread set last_comment_id = $2, snippet = $3, snippet_creator = $4 where id = $1",
        params![thread.id, last, &text::snippet(&content), creator],
    )?;
    Ok(())
}
