//! Comments: what people say in a thread.

mod add;
mod change;
mod list;

use std::collections::HashMap;

use halyard_identity::UserId;
use halyard_platform::{
    clock::Millis,
    db::{self, FromRow, Row, Tx},
    params,
};

pub(crate) use add::add_system;
pub(crate) use add::record;
pub use add::{NewComment, ThreadAction, add};
pub use change::{CommentChange, remove, update};
pub(crate) use change::{hold, refresh_snippet};
pub use list::{Page, list};

use crate::{Actor, ChannelId, CommentId, Error, ThreadId, WorkspaceId, audience::Reach, json};

/// A comment. Fields whose names end in `_json` are stored JSON text.
#[derive(Debug, Clone)]
pub struct Comment {
    /// Id.
    pub id: CommentId,
    /// The thread it belongs to.
    pub thread_id: ThreadId,
    /// The thread's channel.
    pub channel_id: ChannelId,
    /// The thread's workspace.
    pub workspace_id: WorkspaceId,
    /// Position in the thread from 0.
    pub obj_index: i64,
    /// Who wrote it.
    pub creator: UserId,
    /// Full name of the creator.
    pub creator_name: String,
    /// Markdown; empty when removed.
    pub content: String,
    /// List of attachments, or none.
    pub attachments_json: Option<String>,
    /// List of action buttons, or none.
    pub actions_json: Option<String>,
    /// How far it reaches beyond the people named.
    pub reach: Reach,
    /// People named.
    pub recipients_json: String,
    /// Groups named.
    pub groups_json: String,
    /// People mentioned.
    pub direct_mentions_json: String,
    /// Groups mentioned.
    pub direct_group_mentions_json: String,
    /// Emoji and who chose them.
    pub reactions_json: String,
    /// What the system says with it, or none.
    pub system_message_json: Option<String>,
    /// When it was posted.
    pub posted_at: Millis,
    /// When it last changed.
    pub last_edited_at: Option<Millis>,
    /// It was removed; only its place is left.
    pub deleted: bool,
    /// Who removed it.
    pub deleted_by: Option<UserId>,
    /// Rises with each change.
    pub version: i64,
}

macro_rules! comment_columns {
    () => {
        "k.id, k.thread_id, k.obj_index, k.creator, u.name, k.content, k.attachments, k.actions,
         k.audience, k.recipients, k.groups, k.direct_mentions, k.direct_group_mentions,
         k.reactions, k.system_message, k.posted_at, k.last_edited_at, k.deleted_at is not null,
         k.deleted_by, k.version"
    };
}
pub(super) use comment_columns;

/// The columns without those of the thread, which the caller knows.
pub(crate) struct Columns(Comment);

impl FromRow for Columns {
    fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
        Ok(Self(Comment {
            id: row.get()?,
            thread_id: row.get()?,
            channel_id: ChannelId(0),
            workspace_id: WorkspaceId(0),
            obj_index: row.get()?,
            creator: row.get()?,
            creator_name: row.get()?,
            content: row.get()?,
            attachments_json: row.get()?,
            actions_json: row.get()?,
            reach: row.get()?,
            recipients_json: row.get()?,
            groups_json: row.get()?,
            direct_mentions_json: row.get()?,
            direct_group_mentions_json: row.get()?,
            reactions_json: row.get()?,
            system_message_json: row.get()?,
            posted_at: row.get()?,
            last_edited_at: row.get()?,
            deleted: row.get()?,
            deleted_by: row.get()?,
            version: row.get()?,
        }))
    }
}

impl Columns {
    pub(crate) fn within(self, channel_id: ChannelId, workspace_id: WorkspaceId) -> Comment {
        Comment { channel_id, workspace_id, ..self.0 }
    }
}

/// One comment.
///
/// # Errors
/// [`Error::CommentNotFound`] also for a comment in a thread that the actor cannot see.
pub fn load(tx: &mut Tx<'_>, actor: &Actor, id: CommentId) -> Result<Comment, Error> {
    let place: Option<(ChannelId, WorkspaceId)> = tx.optional(
        "select t.channel_id, t.workspace_id
         from comment k
         join thread t on t.id = k.thread_id and t.removed_at is null
         join channel c on c.id = t.channel_id and c.removed_at is null
         join member m on m.workspace_id = t.workspace_id and m.user_id = $2
             and m.removed_at is null
         left join channel_member cm on cm.channel_id = t.channel_id and cm.user_id = $2
         where k.id = $1 and (cm.user_id is not null or (c.public and m.role <> 'guest'))",
        params![id, actor.user],
    )?;
    let (channel, workspace) = place.ok_or(Error::CommentNotFound)?;
    in_thread(tx, id, channel, workspace)?.ok_or(Error::CommentNotFound)
}

/// Those of these comments that the actor can see, in one query.
///
/// # Errors
/// Those of the store.
pub fn load_many(
    tx: &mut Tx<'_>,
    actor: &Actor,
    ids: &[CommentId],
) -> Result<HashMap<CommentId, Comment>, Error> {
    struct Placed(Comment);
    impl FromRow for Placed {
        fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
            let columns = Columns::from_row(row)?;
            Ok(Self(columns.within(row.get()?, row.get()?)))
        }
    }
    let found: Vec<Placed> = tx.all(
        concat!(
            // By id first: a planner that knows little about new tables would go through all threads.
            "with k as materialized (select * from comment where id in {ids $1}) select ",
            comment_columns!(),
            ", t.channel_id, t.workspace_id
             from k
             join users u on u.id = k.creator
             join thread t on t.id = k.thread_id and t.removed_at is null
             join channel c on c.id = t.channel_id and c.removed_at is null
             join member m on m.workspace_id = t.workspace_id and m.user_id = $2
                 and m.removed_at is null
             left join channel_member cm on cm.channel_id = t.channel_id and cm.user_id = $2
             where cm.user_id is not null or (c.public and m.role <> 'guest')"
        ),
        params![&json::encode(ids), actor.user],
    )?;
    Ok(found.into_iter().map(|Placed(comment)| (comment.id, comment)).collect())
}

/// A comment of a thread that the caller has found through the actor's membership.
fn in_thread(
    tx: &mut Tx<'_>,
    id: CommentId,
    channel: ChannelId,
    workspace: WorkspaceId,
) -> Result<Option<Comment>, db::Error> {
    let columns: Option<Columns> = tx.optional(
        concat!(
            "select ",
            comment_columns!(),
            " from comment k join users u on u.id = k.creator where k.id = $1"
        ),
        params![id],
    )?;
    Ok(columns.map(|columns| columns.within(channel, workspace)))
}

/// The newest comments of threads that the caller has found through the actor's membership.
pub(crate) fn newest(
    tx: &mut Tx<'_>,
    ids: &[CommentId],
) -> Result<HashMap<CommentId, Columns>, db::Error> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let columns: Vec<Columns> = tx.all(
        concat!(
            "select ",
            comment_columns!(),
            " from comment k join users u on u.id = k.creator where k.id in {ids $1}"
        ),
        params![&json::encode(ids)],
    )?;
    Ok(columns.into_iter().map(|columns| (columns.0.id, columns)).collect())
}
