//! Notifications: what people are told beside the posts themselves.
//!
//! Only people who are named are told of a post: as recipients, in a group, or by a mention. A post
//! for a whole channel shows in the inboxes and makes no row for each of its people.

mod follow;
mod settings;

use halyard_identity::UserId;
use halyard_platform::{
    clock::Millis,
    db::{self, FromRow, Row, Tx},
    params,
};

pub(crate) use follow::forget_thread;
pub use follow::{BATCH, FOLLOWER, Seen, begin, look, settle};
pub use settings::{NAMES, Setting, load, set};

use crate::{Actor, ChannelId, CommentId, Error, ThreadId, WorkspaceId, boundary::check_limit};

halyard_platform::id! {
    /// A notification.
    NotificationId;
}

/// One thing that somebody is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Id; later ones have larger ones.
    pub id: NotificationId,
    /// 1 added to a comment, 2 to a thread, 3 to a workspace, 4 removed from a workspace, 5 added to
    /// a channel, 6 removed from a channel (vendor documentation).
    pub kind: i64,
    /// Where.
    pub workspace: WorkspaceId,
    /// The channel, if it is about one.
    pub channel: Option<ChannelId>,
    /// The thread, if it is about one.
    pub thread: Option<ThreadId>,
    /// The comment, if it is about one.
    pub comment: Option<CommentId>,
    /// Who has done it.
    pub by: UserId,
    /// When.
    pub at: Millis,
}

impl FromRow for Notification {
    fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
        Ok(Self {
            id: row.get()?,
            kind: row.get()?,
            workspace: row.get()?,
            channel: row.get()?,
            thread: row.get()?,
            comment: row.get()?,
            by: row.get()?,
            at: row.get()?,
        })
    }
}

/// The actor's newest notifications, newest first, and the id of the last one that they have read.
/// What is about a thread that the actor can no longer see is left out.
///
/// # Errors
/// [`Error::Invalid`] for a limit outside 1 to 500.
pub fn list(
    tx: &mut Tx<'_>,
    actor: &Actor,
    limit: i64,
) -> Result<(Vec<Notification>, Option<NotificationId>), Error> {
    let found = tx.all(
        "select n.id, n.kind, n.workspace_id, n.channel_id, n.thread_id, n.comment_id,
             n.by_user_id, n.at
         from notification n
         where n.user_id = $1 and (n.thread_id is null or exists (
             select 1 from thread t
             join channel c on c.id = t.channel_id and c.removed_at is null
             join member m on m.workspace_id = t.workspace_id and m.user_id = $1
                 and m.removed_at is null
             left join channel_member cm on cm.channel_id = c.id and cm.user_id = $1
             where t.id = n.thread_id and t.removed_at is null
                 and (cm.user_id is not null or (c.public and m.role <> 'guest'))))
         order by n.id desc limit $2",
        params![actor.user, check_limit(limit)?],
    )?;
    let read = tx.optional(
        "select last_read from notification_reader where user_id = $1",
        params![actor.user],
    )?;
    Ok((found, read))
}

/// Marks a notification of the actor and all before it as read; never the other way round.
///
/// # Errors
/// [`Error::Invalid`] when the actor has no such notification.
pub fn mark_read(tx: &mut Tx<'_>, actor: &Actor, id: NotificationId) -> Result<(), Error> {
    let known: Option<NotificationId> = tx.optional(
        "select id from notification where id = $1 and user_id = $2",
        params![id, actor.user],
    )?;
    let expected = "the id of a notification of the caller";
    let id = known.ok_or(Error::Invalid { field: "notification_id", expected })?;
    read_up_to(tx, actor, id)
}

/// Marks all notifications of the actor as read.
///
/// # Errors
/// Those of the store.
pub fn reset(tx: &mut Tx<'_>, actor: &Actor) -> Result<(), Error> {
    let newest: Option<NotificationId> = tx.optional(
        "select id from notification where user_id = $1 order by id desc limit 1",
        params![actor.user],
    )?;
    read_up_to(tx, actor, newest.unwrap_or(NotificationId(0)))
}

fn read_up_to(tx: &mut Tx<'_>, actor: &Actor, id: NotificationId) -> Result<(), Error> {
    tx.exec(
        "insert into notification_reader (user_id, last_read) values ($1, $2)
         on conflict (user_id) do update set last_read = excluded.last_read
         where notification_reader.last_read < excluded.last_read",
        params![actor.user, id],
    )?;
    Ok(())
}
