use halyard_identity::UserId;
use halyard_platform::{db::Tx, params};
use serde_json::{Map, Value};

use super::{Comment, add::record, load};
use crate::{
    Actor, CommentId, Error, Role, ThreadId, attachment, json as stored,
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
    pub direct_mentions: Option<Vec<UserId>>,
    /// Groups mentioned; taken from a new text when not given.
    pub direct_group_mentions: Option<Vec<crate::GroupId>>,
}

/// Changes one's own comment. A mention that is new in the text counts as one, but attaches nobody.
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
    let (thread, comment) = hold(tx, actor, id)?;
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
    if let Some(users) = &users {
        thread::replace_mentions(tx, thread.id, comment.obj_index, users)?;
    }
    if change.content.is_some() {
        refresh_snippet(tx, thread.id)?;
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
    let (thread, comment) = hold(tx, actor, id)?;
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
    let newest: Option<(CommentId, i64)> = tx.optional(
        "select id, obj_index from comment where thread_id = $1 and deleted_at is null
         order by obj_index desc limit 1",
        params![thread.id],
    )?;
    let (newest, live) = newest.map_or((None, -1), |(id, obj_index)| (Some(id), obj_index));
    let tail = (live < thread.last_obj_index).then_some((thread.last_obj_index + 2, live + 2));
    tx.exec(
        "update thread set comment_count = comment_count - 1, last_comment_id = $2,
             tail_items = $3, live_items = $4
         where id = $1",
        params![thread.id, newest, tail.map(|tail| tail.0), tail.map(|tail| tail.1)],
    )?;
    refresh_snippet(tx, thread.id)?;
    record(tx, actor, &comment, "comment_deleted")
}

/// The comment with its thread locked.
pub(crate) fn hold(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: CommentId,
) -> Result<(Access, Comment), Error> {
    let thread = load(tx, actor, id)?.thread_id;
    let thread = thread::access(tx, actor, thread)?;
    // Again, now that nobody else can change it.
    Ok((thread, load(tx, actor, id)?))
}

/// Shows the newest text of a thread in its lists: that of the newest comment of a person, else the
/// opening post.
pub(crate) fn refresh_snippet(tx: &mut Tx<'_>, thread: ThreadId) -> Result<(), Error> {
    let newest: Option<(String, UserId)> = tx.optional(
        "select content, creator from comment
         where thread_id = $1 and deleted_at is null and system_message is null
         order by obj_index desc limit 1",
        params![thread],
    )?;
    let (content, creator) = match newest {
        Some(newest) => newest,
        None => tx.one("select content, creator from thread where id = $1", params![thread])?,
    };
    tx.exec(
        "update thread set snippet = $2, snippet_creator = $3, version = version + 1 where id = $1",
        params![thread, &text::snippet(&content), creator],
    )?;
    Ok(())
}
