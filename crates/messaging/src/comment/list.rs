use halyard_platform::{clock::Millis, db::Tx, params};

use super::{Columns, Comment, comment_columns};
use crate::{Actor, ChannelId, Error, ThreadId, WorkspaceId, boundary};

/// Which comments of a thread. All bounds hold together.
#[derive(Debug, Clone)]
pub struct Page {
    /// Smallest index.
    pub from_index: i64,
    /// Largest index.
    pub to_index: i64,
    /// Posted after this moment.
    pub newer_than: Option<Millis>,
    /// Posted before this moment.
    pub older_than: Option<Millis>,
    /// Oldest first; else newest first.
    pub ascending: bool,
    /// At most this many.
    pub limit: i64,
}

impl Default for Page {
    fn default() -> Self {
        Self {
            from_index: 0,
            to_index: i64::MAX,
            newer_than: None,
            older_than: None,
            ascending: false,
            limit: 20,
        }
    }
}

/// Comments of a thread, removed ones included as empty places.
///
/// # Errors
/// [`Error::ThreadNotFound`]; [`Error::Invalid`] for a limit outside 1 to 500.
pub fn list(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: ThreadId,
    page: &Page,
) -> Result<Vec<Comment>, Error> {
    boundary::check_limit(page.limit)?;
    let (channel, workspace, last) = tx
        .optional::<(ChannelId, WorkspaceId, i64)>(
            "select t.channel_id, t.workspace_id, t.last_obj_index
             from thread t
             join channel c on c.id = t.channel_id and c.removed_at is null
             join member m on m.workspace_id = t.workspace_id and m.user_id = $2
                 and m.removed_at is null
             left join channel_member cm on cm.channel_id = t.channel_id and cm.user_id = $2
             where t.id = $1 and t.removed_at is null
                 and (cm.user_id is not null or (c.public and m.role <> 'guest'))",
            params![id, actor.user],
        )?
        .ok_or(Error::ThreadNotFound)?;
    let (mut from, mut to) = (page.from_index.max(0), page.to_index.min(last));
    let mut posted_at = |index: i64| {
        tx.optional::<i64>(
            "select posted_at from comment where thread_id = $1 and obj_index = $2",
            params![id, index],
        )
    };
    if let Some(moment) = page.newer_than {
        from = from.max(boundary::first_after(last, moment, &mut posted_at)?);
    }
    if let Some(moment) = page.older_than {
        to = to.min(boundary::first_after(last, moment.saturating_sub(1), &mut posted_at)? - 1);
    }
    let bounds = params![id, from, to, page.limit];
    let rows: Vec<Columns> = if page.ascending {
        tx.all(
            concat!(
                "select ",
                comment_columns!(),
                " from comment k join users u on u.id = k.creator
                 where k.thread_id = $1 and k.obj_index >= $2 and k.obj_index <= $3
                 order by k.obj_index limit $4"
            ),
            bounds,
        )?
    } else {
        tx.all(
            concat!(
                "select ",
                comment_columns!(),
                " from comment k join users u on u.id = k.creator
                 where k.thread_id = $1 and k.obj_index >= $2 and k.obj_index <= $3
                 order by k.obj_index desc limit $4"
            ),
            bounds,
        )?
    };
    Ok(rows.into_iter().map(|row| row.within(channel, workspace)).collect())
}
