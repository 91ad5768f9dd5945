//! Threads: a title, an opening post and comments.
//!
//! Invariants, checked by the doctor:
//! * `last_obj_index` is the number of comment rows minus one, `comment_count` the number of those
//!   that are not removed, `last_comment_id` the newest of these.
//! * The comments' `obj_index` run from 0 without gaps; their `posted_at` never falls.
//! * Posting changes the thread, the author's own state and the state of people who are named;
//!   nothing is written for each member of the channel.
//!
//! An *item* is the opening post or a comment: a thread has `last_obj_index + 2` of them.

mod access;
mod add;
mod change;
mod list;
mod relocate;
mod state;
mod unread;

use halyard_identity::UserId;
use halyard_platform::{
    clock::Millis,
    db::{self, FromRow, Row, Tx},
    params,
};

pub(crate) use access::{Access, access, access_to_comment, attach_people, extended};
pub use add::{NewThread, add};
pub(crate) use add::{remember_mentions, replace_mentions};
pub(crate) use change::record;
pub use change::{ThreadChange, pin, remove, unpin, update};
pub use list::{Filter, FilterBy, Place, list};
pub use relocate::move_to_channel;
pub(crate) use state::{Wrote, author_wrote};
pub use state::{
    archive, follow, mark_position, mark_read, mark_unread, mark_unread_for_others, mute, star,
    unarchive, unfollow, unmute, unstar,
};
pub use unread::{Unread, UnreadThread, fold, mark_all_read, unread};
pub(crate) use unread::{forget_pointers, read_items, read_items_sql, unread_items};

use crate::{
    Actor, ChannelId, CommentId, Error, ThreadId, WorkspaceId, audience::Reach, comment::Comment,
};

/// A thread as one member sees it. Fields whose names end in `_json` are stored JSON text.
#[derive(Debug, Clone)]
pub struct Thread {
    /// Id.
    pub id: ThreadId,
    /// The workspace of its channel.
    pub workspace_id: WorkspaceId,
    /// Where it is now.
    pub channel_id: ChannelId,
    /// Who posted it.
    pub creator: UserId,
    /// Full name of the creator.
    pub creator_name: String,
    /// Up to 300 characters; empty when posted without a title.
    pub title: String,
    /// Markdown.
    pub content: String,
    /// List of attachments, or none.
    pub attachments_json: Option<String>,
    /// List of action buttons, or none.
    pub actions_json: Option<String>,
    /// How far it reaches beyond the people named.
    pub reach: Reach,
    /// People named when it was posted.
    pub recipients_json: String,
    /// Groups named when it was posted.
    pub groups_json: String,
    /// Everyone who was ever attached to it.
    pub participants_json: String,
    /// Everyone who has commented, in order of the first comment.
    pub responders_json: String,
    /// People mentioned in the opening post.
    pub direct_mentions_json: String,
    /// Groups mentioned in the opening post.
    pub direct_group_mentions_json: String,
    /// Emoji and who chose them.
    pub reactions_json: String,
    /// What the system says about it, or none.
    pub system_message_json: Option<String>,
    /// Comments that are not removed.
    pub comment_count: i64,
    /// Index of the newest comment, -1 without comments.
    pub last_obj_index: i64,
    /// Start of the newest comment, or of the opening post.
    pub snippet: String,
    /// Who wrote what the snippet shows.
    pub snippet_creator: UserId,
    /// When it was posted.
    pub posted_at: Millis,
    /// When it was posted or last commented on.
    pub last_updated_at: Millis,
    /// When title or content last changed.
    pub last_edited_at: Option<Millis>,
    /// When it was pinned.
    pub pinned_at: Option<Millis>,
    /// The discussion has ended.
    pub closed: bool,
    /// Rises with each change.
    pub version: i64,
    /// The member has saved it.
    pub starred: bool,
    /// Nothing of it shows up in the inbox until then.
    pub muted_until: Option<Millis>,
    /// The member has put it away, and nothing new has come since.
    pub archived: bool,
    /// It is in the member's inbox.
    pub in_inbox: bool,
    /// The newest comment that is not removed, where it was asked for.
    pub last_comment: Option<Box<Comment>>,
    last_comment_id: Option<CommentId>,
}

/// What a list needs to know of a thread's state for one member.
struct PersonalColumns {
    starred_at: Option<Millis>,
    muted_until: Option<Millis>,
    quiet_from: Option<i64>,
    done_items: Option<i64>,
    archived: Option<bool>,
    follows: Option<bool>,
    since: Option<Millis>,
}

/// The columns of a [`Thread`], given the parameter that holds the actor, and when the actor joined
/// the channel.
macro_rules! thread_columns {
    ($actor:literal) => {
        thread_columns!($actor, "cm.joined_at")
    };
    ($actor:literal, $joined_at:literal) => {
        concat!(
            "t.id, t.workspace_id, t.channel_id, t.creator, u.name, t.title, t.content,
             t.attachments, t.actions, t.audience, t.recipients, t.groups, t.participants,
             t.responders, t.direct_mentions, t.direct_group_mentions, t.reactions,
             t.system_message, t.comment_count, t.last_obj_index, t.snippet, t.snippet_creator,
             t.posted_at, t.last_updated_at, t.last_edited_at, t.pinned_at, t.closed, t.version,
             t.last_comment_id, s.starred_at, s.muted_until, s.quiet_from, s.done_items,
             s.archived, s.follows,
             case when t.audience = 'workspace'
                 then (select w.joined_at from member w
                       where w.workspace_id = t.workspace_id and w.user_id = ",
            $actor,
            ")
                 else ",
            $joined_at,
            " end"
        )
    };
}
pub(crate) use thread_columns;

impl FromRow for Thread {
    fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
        let mut thread = Self {
            id: row.get()?,
            workspace_id: row.get()?,
            channel_id: row.get()?,
            creator: row.get()?,
            creator_name: row.get()?,
            title: row.get()?,
            content: row.get()?,
            attachments_json: row.get()?,
            actions_json: row.get()?,
            reach: row.get()?,
            recipients_json: row.get()?,
            groups_json: row.get()?,
            participants_json: row.get()?,
            responders_json: row.get()?,
            direct_mentions_json: row.get()?,
            direct_group_mentions_json: row.get()?,
            reactions_json: row.get()?,
            system_message_json: row.get()?,
            comment_count: row.get()?,
            last_obj_index: row.get()?,
            snippet: row.get()?,
            snippet_creator: row.get()?,
            posted_at: row.get()?,
            last_updated_at: row.get()?,
            last_edited_at: row.get()?,
            pinned_at: row.get()?,
            closed: row.get()?,
            version: row.get()?,
            last_comment_id: row.get()?,
            starred: false,
            muted_until: None,
            archived: false,
            in_inbox: false,
            last_comment: None,
        };
        let personal = PersonalColumns {
            starred_at: row.get()?,
            muted_until: row.get()?,
            quiet_from: row.get()?,
            done_items: row.get()?,
            archived: row.get()?,
            follows: row.get()?,
            since: row.get()?,
        };
        thread.personalize(&personal);
        Ok(thread)
    }
}

impl Thread {
    fn personalize(&mut self, personal: &PersonalColumns) {
        let items = self.last_obj_index + 2;
        let done = personal.done_items.unwrap_or(0);
        // What was posted while the member had muted the thread does not bring it back.
        let quiet = done >= personal.quiet_from.unwrap_or(0)
            && personal.muted_until.is_some_and(|until| self.last_updated_at <= until);
        let raised = items > done && !quiet;
        let concerned = personal.follows.unwrap_or(concerns_everyone(
            self.reach,
            personal.since,
            self.last_updated_at,
        ));
        self.starred = personal.starred_at.is_some();
        self.muted_until = personal.muted_until;
        self.archived = personal.archived.unwrap_or(false) && !raised;
        self.in_inbox = concerned && raised;
    }

    /// A mute that has run out is none.
    fn forget_old_mute(&mut self, now: Millis) {
        self.muted_until = self.muted_until.filter(|until| *until > now);
    }
}

/// Whether a thread comes to the inbox of somebody who is not attached to it: it is for everyone,
/// and they were there when something was last posted. `since` is when they joined the channel, or
/// the workspace when the thread is for the whole workspace.
fn concerns_everyone(reach: Reach, since: Option<Millis>, last_updated_at: Millis) -> bool {
    reach.is_everyone() && since.is_some_and(|since| since <= last_updated_at)
}

/// One thread with its newest comment.
///
/// # Errors
/// [`Error::ThreadNotFound`]
pub fn load(tx: &mut Tx<'_>, actor: &Actor, id: ThreadId) -> Result<Thread, Error> {
    let thread = tx.optional(
        concat!(
            "select ",
            thread_columns!("$2"),
            "
             from thread t
             join channel c on c.id = t.channel_id and c.removed_at is null
             join member m on m.workspace_id = t.workspace_id and m.user_id = $2
                 and m.removed_at is null
             join users u on u.id = t.creator
             left join channel_member cm on cm.channel_id = t.channel_id and cm.user_id = $2
             left join thread_state s on s.user_id = $2 and s.thread_id = t.id
             where t.id = $1 and t.removed_at is null
                 and (cm.user_id is not null or (c.public and m.role <> 'guest'))"
        ),
        params![id, actor.user],
    )?;
    finished(tx, actor, thread.into_iter().collect())?.pop().ok_or(Error::ThreadNotFound)
}

/// Those of the threads that the actor can see, in the given order.
pub(crate) fn load_all(
    tx: &mut Tx<'_>,
    actor: &Actor,
    ids: &[ThreadId],
) -> Result<Vec<Thread>, Error> {
    let mut threads: Vec<Thread> = tx.all(
        concat!(
            "select ",
            thread_columns!("$2"),
            "
             from (select * from thread where id in {ids $1} limit 1000) t
             join channel c on c.id = t.channel_id and c.removed_at is null
             join member m on m.workspace_id = t.workspace_id and m.user_id = $2
                 and m.removed_at is null
             join users u on u.id = t.creator
             left join channel_member cm on cm.channel_id = t.channel_id and cm.user_id = $2
             left join thread_state s on s.user_id = $2 and s.thread_id = t.id
             where t.removed_at is null
                 and (cm.user_id is not null or (c.public and m.role <> 'guest'))"
        ),
        params![&crate::json::encode(ids), actor.user],
    )?;
    threads.sort_by_key(|thread| ids.iter().position(|id| *id == thread.id));
    Ok(finished(tx, actor, threads)?)
}

/// Adds what a list query leaves out.
pub(crate) fn finished(
    tx: &mut Tx<'_>,
    actor: &Actor,
    mut threads: Vec<Thread>,
) -> Result<Vec<Thread>, db::Error> {
    let newest: Vec<_> = threads.iter().filter_map(|thread| thread.last_comment_id).collect();
    let mut comments = crate::comment::newest(tx, &newest)?;
    for thread in &mut threads {
        thread.forget_old_mute(actor.now);
        let comment = thread.last_comment_id.and_then(|id| comments.remove(&id));
        thread.last_comment =
            comment.map(|columns| Box::new(columns.within(thread.channel_id, thread.workspace_id)));
    }
    Ok(threads)
}
