use halyard_identity::UserId;
use halyard_platform::{clock::Millis, db::Tx, params};
use serde_json::json;

use super::Comment;
use crate::{
    Actor, CommentId, Error, ThreadId, attachment,
    audience::{self, Audience, Reach},
    event, json as stored,
    post::Post,
    temp_id::{self, Kind},
    thread::{self, Access, Wrote},
};

/// What a comment does to its thread besides being in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThreadAction {
    /// Ends the discussion.
    Close,
    /// Takes it up again.
    Reopen,
}

/// A comment to be posted.
#[derive(Debug, Clone)]
pub struct NewComment {
    /// Where.
    pub thread: ThreadId,
    /// The text.
    pub post: Post,
    /// Who is told.
    pub audience: Audience,
    /// Closes or reopens the thread.
    pub action: Option<ThreadAction>,
    /// Whether the author's read pointer moves to it.
    pub moves_pointer: bool,
    /// Negative id by which the client will speak of it until it knows the real one.
    pub temp_id: Option<i64>,
}

/// Posts a comment.
///
/// # Errors
/// [`Error::ThreadNotFound`]; [`Error::Forbidden`] in an archived channel; [`Error::Invalid`] for
/// an empty text without attachments; errors of audience, attachments and temporary ids.
pub fn add(tx: &mut Tx<'_>, actor: &Actor, new: &NewComment) -> Result<Comment, Error> {
    if new.post.is_empty() {
        return Err(Error::Invalid { field: "content", expected: "a text or an attachment" });
    }
    let (thread, id) = thread::access_to_comment(tx, actor, new.thread)?;
    thread.require_open_channel()?;
    let attachments = attachment::prepare(tx, actor, new.post.attachments.as_deref())?;
    let mut people = new.audience.people(tx, thread.workspace)?;
    people.extend(&new.post.direct_mentions);
    people.extend(audience::in_groups(tx, thread.workspace, &new.post.direct_group_mentions)?);
    people.retain(|user| *user != actor.user);
    let mut participants = thread::attach_people(tx, thread.id, thread.channel, &people)?;
    participants.push(actor.user);

    let comment = Comment {
        id: id.unwrap_or(CommentId(0)),
        thread_id: thread.id,
        channel_id: thread.channel,
        workspace_id: thread.workspace,
        obj_index: thread.last_obj_index + 1,
        creator: actor.user,
        creator_name: thread.actor_name.clone(),
        content: new.post.content.clone(),
        attachments_json: attachments.stored(),
        actions_json: new.post.actions_json.clone(),
        reach: new.audience.reach,
        recipients_json: stored::encode(&new.audience.recipients),
        groups_json: stored::encode(&new.audience.groups),
        direct_mentions_json: stored::encode(&new.post.direct_mentions),
        direct_group_mentions_json: stored::encode(&new.post.direct_group_mentions),
        reactions_json: "{}".to_owned(),
        system_message_json: None,
        posted_at: posted_at(&thread, actor),
        last_edited_at: None,
        deleted: false,
        deleted_by: None,
        version: 1,
    };
    let closed = match new.action {
        None => thread.closed,
        Some(action) => action == ThreadAction::Close,
    };
    // A comment for everyone in the channel takes its thread to everyone there, for good.
    let reach = if new.audience.reach.is_everyone() {
        thread.reach.max(new.audience.reach)
    } else {
        thread.reach
    };
    let snippet = Some(new.post.snippet.as_str());
    let change = Appended { participants: &participants, snippet, closed, reach };
    let comment = append(tx, &thread, comment, &change)?;
    attachments.attach(tx, attachment::Parent::Comment(comment.id))?;
    let wrote = Wrote { moves_pointer: new.moves_pointer, attaches: true };
    thread::author_wrote(tx, actor, &thread, wrote)?;
    thread::remember_mentions(tx, thread.id, comment.obj_index, &new.post.direct_mentions)?;
    if let Some(temp) = new.temp_id {
        temp_id::claim(tx, actor, temp, Kind::Comment, comment.id.0)?;
    }
    record(tx, actor, &comment, "comment_added")?;
    if closed != thread.closed {
        thread::record(tx, actor, &thread, "thread_updated")?;
    }
    Ok(comment)
}

/// Adds a comment in which the system tells what somebody did to the thread. Unlike writing, this
/// attaches nobody, and it counts as read only to an actor who had read the rest.
pub(crate) fn add_system(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: ThreadId,
    message: &serde_json::Value,
) -> Result<(), Error> {
    let thread = thread::access(tx, actor, id)?;
    let comment = Comment {
        id: CommentId(0),
        thread_id: id,
        channel_id: thread.channel,
        workspace_id: thread.workspace,
        obj_index: thread.last_obj_index + 1,
        creator: actor.user,
        creator_name: thread.actor_name.clone(),
        content: String::new(),
        attachments_json: None,
        actions_json: None,
        reach: Reach::Thread,
        recipients_json: "[]".to_owned(),
        groups_json: "[]".to_owned(),
        direct_mentions_json: "[]".to_owned(),
        direct_group_mentions_json: "[]".to_owned(),
        reactions_json: "{}".to_owned(),
        system_message_json: Some(message.to_string()),
        posted_at: posted_at(&thread, actor),
        last_edited_at: None,
        deleted: false,
        deleted_by: None,
        version: 1,
    };
    let moves_pointer = thread::read_items(tx, actor, &thread)? >= thread.items();
    let change =
        Appended { participants: &[], snippet: None, closed: thread.closed, reach: thread.reach };
    let comment = append(tx, &thread, comment, &change)?;
    thread::author_wrote(tx, actor, &thread, Wrote { moves_pointer, attaches: false })?;
    record(tx, actor, &comment, "comment_added")
}

/// Within a thread time never runs backwards, so that a time boundary is an index boundary.
fn posted_at(thread: &Access, actor: &Actor) -> Millis {
    actor.now.max(thread.last_updated_at)
}

/// What a new comment changes in its thread.
struct Appended<'a> {
    participants: &'a [UserId],
    /// None keeps what is shown: the system has no part in it.
    snippet: Option<&'a str>,
    closed: bool,
    reach: Reach,
}

fn append(
    tx: &mut Tx<'_>,
    thread: &Access,
    comment: Comment,
    change: &Appended<'_>,
) -> Result<Comment, Error> {
    let comment = insert(tx, comment)?;
    let participants = thread::extended(&thread.participants_json, change.participants)?;
    let responder =
        if comment.system_message_json.is_some() { &[][..] } else { &[comment.creator] };
    let responders = thread::extended(&thread.responders_json, responder)?;
    tx.send(
        "update thread set comment_count = comment_count + 1, last_obj_index = $2,
             last_comment_id = $3, snippet = coalesce($4, snippet),
             snippet_creator = coalesce($5, snippet_creator), last_updated_at = $6,
             participants = $7, responders = $8, closed = $9, audience = $10,
             version = version + 1
         where id = $1",
        params![
            comment.thread_id,
            comment.obj_index,
            comment.id,
            change.snippet,
            change.snippet.map(|_| comment.creator),
            comment.posted_at,
            participants.as_ref().unwrap_or(&thread.participants_json),
            responders.as_ref().unwrap_or(&thread.responders_json),
            change.closed,
            change.reach.stored()
        ],
    )?;
    Ok(comment)
}

macro_rules! insert_sql {
    ($id:literal, $values:literal) => {
        concat!(
            "insert into comment (thread_id, obj_index, creator, content, attachments, actions,
                 audience, recipients, groups, direct_mentions, direct_group_mentions,
                 system_message, posted_at",
            $id,
            ") ",
            $values
        )
    };
}

/// Adds the row, under the id that the comment has already, if it has one.
fn insert(tx: &mut Tx<'_>, comment: Comment) -> Result<Comment, Error> {
    let Comment { id, .. } = comment;
    let values = params![
        comment.thread_id,
        comment.obj_index,
        comment.creator,
        &comment.content,
        &comment.attachments_json,
        &comment.actions_json,
        comment.reach.stored(),
        &comment.recipients_json,
        &comment.groups_json,
        &comment.direct_mentions_json,
        &comment.direct_group_mentions_json,
        &comment.system_message_json,
        comment.posted_at,
        id
    ];
    if id == CommentId(0) {
        let id = tx.one(
            insert_sql!(
                "",
                "values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
                 returning id"
            ),
            &values[..13],
        )?;
        return Ok(Comment { id, ..comment });
    }
    tx.send(
        insert_sql!(", id", "values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"),
        values,
    )?;
    Ok(comment)
}

pub(crate) fn record(
    tx: &mut Tx<'_>,
    actor: &Actor,
    comment: &Comment,
    kind: &str,
) -> Result<(), Error> {
    let payload = json!({
        "workspace_id": comment.workspace_id,
        "channel_id": comment.channel_id,
        "thread_id": comment.thread_id,
        "comment_id": comment.id,
        "obj_index": comment.obj_index,
    });
    let subject = ("thread", comment.thread_id.0);
    event::record(tx, actor, comment.workspace_id, kind, subject, &payload.to_string())?;
    Ok(())
}
