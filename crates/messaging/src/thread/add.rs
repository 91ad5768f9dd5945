use halyard_identity::UserId;
use halyard_platform::{db::Tx, params};
use serde_json::json;

use super::{Thread, access::attach_people, load};
use crate::{
    Actor, ChannelId, Error, ThreadId, attachment,
    audience::{self, Audience},
    channel, event, json as stored,
    post::Post,
    temp_id::{self, Kind},
};

/// Longest title in characters (vendor documentation).
const MAX_TITLE: usize = 300;

/// A thread to be posted.
#[derive(Debug, Clone)]
pub struct NewThread {
    /// Where.
    pub channel: ChannelId,
    /// Up to 300 characters. Empty is accepted: a widespread client sends no title.
    pub title: String,
    /// The opening post.
    pub post: Post,
    /// Who is told.
    pub audience: Audience,
    /// Negative id by which the client will speak of it until it knows the real one.
    pub temp_id: Option<i64>,
}

/// Posts a thread.
///
/// # Errors
/// [`Error::ChannelNotFound`]; [`Error::Forbidden`] in an archived channel; [`Error::UserNotFound`]
/// and [`Error::GroupNotFound`] for an audience outside the workspace; errors of attachments and
/// temporary ids; [`Error::Invalid`] for a title that is too long.
pub fn add(tx: &mut Tx<'_>, actor: &Actor, new: &NewThread) -> Result<Thread, Error> {
    check_title(&new.title)?;
    let channel = channel::access(tx, actor, new.channel)?;
    if channel.archived {
        return Err(Error::Forbidden("the channel is archived"));
    }
    let attachments = attachment::prepare(tx, actor, new.post.attachments.as_deref())?;
    let mut people = new.audience.people(tx, channel.workspace)?;
    people.extend(&new.post.direct_mentions);
    people.extend(audience::in_groups(tx, channel.workspace, &new.post.direct_group_mentions)?);
    let mut participants = vec![actor.user];
    let id: ThreadId = tx.one(
        "insert into thread (workspace_id, channel_id, creator, title, content, attachments,
             actions, audience, recipients, groups, participants, direct_mentions,
             direct_group_mentions, snippet, snippet_creator, posted_at, last_updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $3, $15, $15)
         returning id",
        params![
            channel.workspace,
            channel.id,
            actor.user,
            new.title.trim(),
            &new.post.content,
            &attachments.stored(),
            &new.post.actions_json,
            new.audience.reach.stored(),
            &stored::encode(&new.audience.recipients),
            &stored::encode(&new.audience.groups),
            &stored::encode(&participants),
            &stored::encode(&new.post.direct_mentions),
            &stored::encode(&new.post.direct_group_mentions),
            &new.post.snippet,
            actor.now
        ],
    )?;
    if let Some(temp) = new.temp_id {
        temp_id::claim(tx, actor, temp, Kind::Thread, id.0)?;
    }
    attachments.attach(tx, attachment::Parent::Thread(id))?;
    people.retain(|user| *user != actor.user);
    let attached = attach_people(tx, id, channel.id, &people)?;
    if !attached.is_empty() {
        participants.extend(attached);
        tx.exec(
            "update thread set participants = $2 where id = $1",
            params![id, &stored::encode(&participants)],
        )?;
    }
    // The author has read it, and it stays out of the author's own inbox until somebody answers.
    tx.exec(
        "insert into thread_state (user_id, thread_id, read_items, follows, done_items)
         values ($1, $2, 1, true, 1)",
        params![actor.user, id],
    )?;
    remember_mentions(tx, id, -1, &new.post.direct_mentions)?;
    let payload =
        json!({"workspace_id": channel.workspace, "channel_id": channel.id, "thread_id": id});
    let subject = ("thread", id.0);
    event::record(tx, actor, channel.workspace, "thread_added", subject, &payload.to_string())?;
    load(tx, actor, id)
}

/// Notes who is mentioned where, so that an unread thread can say whether it mentions its reader.
pub(crate) fn remember_mentions(
    tx: &mut Tx<'_>,
    thread: ThreadId,
    obj_index: i64,
    people: &[UserId],
) -> Result<(), Error> {
    if people.is_empty() {
        return Ok(());
    }
    tx.exec(
        "insert into thread_mention (user_id, thread_id, obj_index)
         select m.user_id, t.id, $2
         from thread t
         join member m on m.workspace_id = t.workspace_id and m.user_id in {ids $3}
             and m.removed_at is null
         where t.id = $1
         on conflict (user_id, thread_id, obj_index) do nothing",
        params![thread, obj_index, &stored::encode(people)],
    )?;
    Ok(())
}

/// As [`remember_mentions`], for an item whose text has changed.
pub(crate) fn replace_mentions(
    tx: &mut Tx<'_>,
    thread: ThreadId,
    obj_index: i64,
    people: &[UserId],
) -> Result<(), Error> {
    tx.exec(
        "delete from thread_mention where thread_id = $1 and obj_index = $2",
        params![thread, obj_index],
    )?;
    remember_mentions(tx, thread, obj_index, people)
}

pub(super) fn check_title(title: &str) -> Result<(), Error> {
    if title.trim().chars().count() > MAX_TITLE {
        return Err(Error::Invalid { field: "title", expected: "at most 300 characters" });
    }
    Ok(())
}
