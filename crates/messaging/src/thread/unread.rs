//! Which threads are unread, at a cost that follows the answer and not the workspace.
//!
//! `channel_member.read_before` is a watermark: a thread whose last activity is not newer counts
//! as read, unless its `thread_state` row is `behind`. Newer threads are compared one by one.
//! When a member has many of those, [`fold`] moves the watermark forward and writes `behind` rows
//! for what is unread: the reader pays for their own reading, posting pays nothing.

use std::collections::HashMap;

use halyard_platform::{
    clock::Millis,
    db::{self, FromRow, Row, Tx},
    params,
};

use super::Access;
use crate::{Actor, ChannelId, Error, ThreadId, WorkspaceId, inbox, json};

/// More threads newer than the watermark than this, and folding them pays.
const FOLD_ABOVE: usize = 128;

/// A thread with something the member has not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadThread {
    /// The thread.
    pub thread: ThreadId,
    /// Its channel.
    pub channel: ChannelId,
    /// Index of the last comment read, -1 when none.
    pub obj_index: i64,
    /// An unread item mentions the member.
    pub direct_mention: bool,
}

/// The unread threads of a workspace.
#[derive(Debug, Clone)]
pub struct Unread {
    /// Newest activity last.
    pub threads: Vec<UnreadThread>,
    /// The caller should run [`fold`] in a write transaction: the next call will be cheaper.
    pub wants_fold: bool,
}

/// A thread that may be unread.
struct Candidate {
    thread: ThreadId,
    channel: ChannelId,
    items: i64,
    live_items: i64,
    read_items: i64,
    last_updated_at: Millis,
}

impl FromRow for Candidate {
    fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
        Ok(Self {
            thread: row.get()?,
            channel: row.get()?,
            items: row.get()?,
            live_items: row.get()?,
            read_items: row.get()?,
            last_updated_at: row.get()?,
        })
    }
}

/// How many items there are up to the newest one that is not removed, as SQL. What is removed is
/// unread for nobody.
macro_rules! live_items_sql {
    () => {
        "case when t.tail_items = t.last_obj_index + 2 then t.live_items
             else t.last_obj_index + 2 end"
    };
}

/// How many items were read, as SQL: an explicit pointer when behind, else what the watermark
/// covers or the pointer, whichever is further.
macro_rules! read_items_sql {
    () => {
        "case
             when s.behind then s.read_items
             when t.posted_at > cm.read_before then coalesce(s.read_items, 0)
             when coalesce(s.read_items, 0) >= t.last_obj_index + 2 then s.read_items
             when t.last_updated_at <= cm.read_before then t.last_obj_index + 2
             else (select case when s.read_items > k.upto then s.read_items else k.upto end
                   from (select coalesce((select k.obj_index from comment k
                             where k.thread_id = t.id and k.posted_at <= cm.read_before
                             order by k.obj_index desc limit 1), -1) + 2 as upto) k)
         end"
    };
}
pub(crate) use read_items_sql;

/// What is unread for the actor in the channels they have joined.
///
/// # Errors
/// [`Error::WorkspaceNotFound`]
pub fn unread(tx: &mut Tx<'_>, actor: &Actor, workspace: WorkspaceId) -> Result<Unread, Error> {
    crate::workspace::role(tx, actor, workspace)?;
    let (candidates, scanned) = candidates(tx, actor, workspace)?;
    let wants_fold = scanned > FOLD_ABOVE;
    let newest_mentions = newest_mentions(tx, actor, &candidates)?;
    let threads = candidates
        .into_iter()
        .map(|candidate| UnreadThread {
            thread: candidate.thread,
            channel: candidate.channel,
            obj_index: (candidate.read_items - 2).max(-1),
            direct_mention: newest_mentions
                .get(&candidate.thread)
                .is_some_and(|obj_index| *obj_index > candidate.read_items - 2),
        })
        .collect();
    Ok(Unread { threads, wants_fold })
}

/// The unread threads, least recently updated first, and how many settled ones were compared one by
/// one in order to find them.
fn candidates(
    tx: &mut Tx<'_>,
    actor: &Actor,
    workspace: WorkspaceId,
) -> Result<(Vec<Candidate>, usize), db::Error> {
    let mut candidates: Vec<Candidate> = tx.all(
        concat!(
            "select t.id, t.channel_id, t.last_obj_index + 2, ",
            live_items_sql!(),
            ", s.read_items, t.last_updated_at
             from thread_state s
             join thread t on t.id = s.thread_id and t.removed_at is null
             join channel_member cm on cm.channel_id = t.channel_id and cm.user_id = $1
             join channel c on c.id = t.channel_id and c.removed_at is null
             where s.user_id = $1 and s.behind and t.workspace_id = $2
                 and t.last_updated_at <= cm.read_before"
        ),
        params![actor.user, workspace],
    )?;
    let recent = recent(tx, actor, workspace)?;
    // Only what is settled can be folded.
    let settled = tx.settled(actor.now);
    let scanned = recent.iter().filter(|thread| thread.last_updated_at <= settled).count();
    candidates.extend(recent);
    candidates.retain(|candidate| candidate.read_items < candidate.live_items);
    candidates.sort_unstable_by_key(|candidate| (candidate.last_updated_at, candidate.thread));
    Ok((candidates, scanned))
}

/// The unread threads of a workspace with their numbers of items.
pub(crate) fn unread_items(
    tx: &mut Tx<'_>,
    actor: &Actor,
    workspace: WorkspaceId,
) -> Result<Vec<(ThreadId, i64)>, db::Error> {
    let (candidates, _) = candidates(tx, actor, workspace)?;
    Ok(candidates.into_iter().map(|candidate| (candidate.thread, candidate.items)).collect())
}

/// Where each of the threads last mentions the actor.
fn newest_mentions(
    tx: &mut Tx<'_>,
    actor: &Actor,
    threads: &[Candidate],
) -> Result<HashMap<ThreadId, i64>, db::Error> {
    if threads.is_empty() {
        return Ok(HashMap::new());
    }
    let ids: Vec<ThreadId> = threads.iter().map(|candidate| candidate.thread).collect();
    let newest: Vec<(ThreadId, i64)> = tx.all(
        "select thread_id, max(obj_index) from thread_mention
         where user_id = $1 and thread_id in {ids $2} group by thread_id",
        params![actor.user, &json::encode(&ids)],
    )?;
    Ok(newest.into_iter().collect())
}

/// The threads newer than the watermark of their channel.
fn recent(
    tx: &mut Tx<'_>,
    actor: &Actor,
    workspace: WorkspaceId,
) -> Result<Vec<Candidate>, db::Error> {
    tx.all(
        concat!(
            "select t.id, t.channel_id, t.last_obj_index + 2, ",
            live_items_sql!(),
            ", ",
            read_items_sql!(),
            ",
                 t.last_updated_at
             from channel_member cm
             join channel c on c.id = cm.channel_id and c.workspace_id = $2
                 and c.removed_at is null
             join thread t on t.channel_id = cm.channel_id and t.last_updated_at > cm.read_before
                 and t.removed_at is null
             left join thread_state s on s.user_id = $1 and s.thread_id = t.id
             where cm.user_id = $1"
        ),
        params![actor.user, workspace],
    )
}

/// How many items of one thread the actor has read.
pub(crate) fn read_items(
    tx: &mut Tx<'_>,
    actor: &Actor,
    thread: &Access,
) -> Result<i64, db::Error> {
    let read: Option<(Option<i64>,)> = tx.optional(
        concat!(
            "select ",
            read_items_sql!(),
            "
             from thread t
             join channel_member cm on cm.channel_id = t.channel_id and cm.user_id = $2
             left join thread_state s on s.user_id = $2 and s.thread_id = t.id
             where t.id = $1"
        ),
        params![thread.id, actor.user],
    )?;
    if let Some((Some(items),)) = read {
        return Ok(items);
    }
    // Somebody who reads a public channel without having joined it has only an explicit pointer.
    let pointer: Option<(Option<i64>,)> = tx.optional(
        "select read_items from thread_state where user_id = $2 and thread_id = $1",
        params![thread.id, actor.user],
    )?;
    Ok(pointer.and_then(|(items,)| items).unwrap_or(0))
}

/// How many items a thread has up to the newest one that is not removed.
pub(super) fn live_items(tx: &mut Tx<'_>, thread: ThreadId) -> Result<i64, db::Error> {
    tx.one(concat!("select ", live_items_sql!(), " from thread t where t.id = $1"), params![thread])
}

/// Moves the actor's watermarks forward without changing what is unread.
///
/// # Errors
/// [`Error::WorkspaceNotFound`]
pub fn fold(tx: &mut Tx<'_>, actor: &Actor, workspace: WorkspaceId) -> Result<(), Error> {
    crate::workspace::role(tx, actor, workspace)?;
    lock_watermarks(tx, actor, workspace)?;
    let horizon = tx.settled(actor.now);
    // A pointer that somebody has set meanwhile is the truth; one that only moved forward stays.
    tx.exec(
        concat!(
            "insert into thread_state (user_id, thread_id, read_items, behind)
             select $1, r.thread, r.read_items, true from
                 (select t.id as thread, t.last_obj_index + 2 as items, ",
            read_items_sql!(),
            " as read_items
                  from channel_member cm
                  join channel c on c.id = cm.channel_id and c.workspace_id = $2
                  join thread t on t.channel_id = cm.channel_id
                      and t.last_updated_at > cm.read_before and t.posted_at <= $3
                      and t.removed_at is null
                  left join thread_state s on s.user_id = $1 and s.thread_id = t.id
                  where cm.user_id = $1) r
             where r.read_items < r.items
             on conflict (user_id, thread_id) do update
             set read_items = case when thread_state.read_items > excluded.read_items
                     then thread_state.read_items else excluded.read_items end,
                 behind = true
             where thread_state.behind = false"
        ),
        params![actor.user, workspace, horizon],
    )?;
    raise_watermarks(tx, actor, workspace, None, horizon)
}

/// What reads the watermarks in order to move them must not meet another that does.
fn lock_watermarks(
    tx: &mut Tx<'_>,
    actor: &Actor,
    workspace: WorkspaceId,
) -> Result<(), db::Error> {
    tx.all::<ChannelId>(
        "select cm.channel_id from channel_member cm
         where cm.user_id = $1
             and cm.channel_id in (select id from channel where workspace_id = $2)
         order by cm.channel_id {lock cm}",
        params![actor.user, workspace],
    )?;
    Ok(())
}

/// Forgets what people had read of a channel's threads one by one, so that the watermark alone
/// decides.
pub(crate) fn forget_pointers(
    tx: &mut Tx<'_>,
    channel: ChannelId,
    people_json: &str,
) -> Result<(), Error> {
    tx.exec(
        "update thread_state set behind = false, read_items = null
         where behind and user_id in {ids $1}
             and thread_id in (select id from thread where channel_id = $2)",
        params![people_json, channel],
    )?;
    Ok(())
}

/// Marks everything read that the actor can find in a channel, or in all they have joined.
///
/// # Errors
/// [`Error::WorkspaceNotFound`], [`Error::ChannelNotFound`]
pub fn mark_all_read(
    tx: &mut Tx<'_>,
    actor: &Actor,
    workspace: Option<WorkspaceId>,
    channel: Option<ChannelId>,
) -> Result<(), Error> {
    let workspace = match (workspace, channel) {
        (_, Some(channel)) => crate::channel::access(tx, actor, channel)?.workspace,
        (Some(workspace), None) => workspace,
        (None, None) => return Err(Error::WorkspaceNotFound),
    };
    crate::workspace::role(tx, actor, workspace)?;
    lock_watermarks(tx, actor, workspace)?;
    let horizon = tx.settled(actor.now);
    tx.exec(
        "update thread_state set behind = false, read_items = null
         where user_id = $1 and behind and thread_id in
             (select t.id from thread_state s
              join thread t on t.id = s.thread_id
              where s.user_id = $1 and s.behind and t.workspace_id = $2
                  and ($3 or t.channel_id = $4))",
        params![actor.user, workspace, channel.is_none(), channel.map_or(0, |id| id.0)],
    )?;
    // The watermark stops short of what is this new.
    tx.exec(
        concat!(
            "insert into thread_state (user_id, thread_id, read_items)
             select $1, r.thread, r.items from
                 (select t.id as thread, t.last_obj_index + 2 as items, ",
            read_items_sql!(),
            " as read_items
                  from channel_member cm
                  join channel c on c.id = cm.channel_id and c.workspace_id = $2
                  join thread t on t.channel_id = cm.channel_id
                      and t.last_updated_at > cm.read_before and t.last_updated_at > $3
                      and t.removed_at is null
                  left join thread_state s on s.user_id = $1 and s.thread_id = t.id
                  where cm.user_id = $1 and ($4 or cm.channel_id = $5)) r
             where r.read_items < r.items
             on conflict (user_id, thread_id) do update
             set read_items = case when thread_state.read_items > excluded.read_items
                     then thread_state.read_items else excluded.read_items end,
                 behind = false"
        ),
        params![actor.user, workspace, horizon, channel.is_none(), channel.map_or(0, |id| id.0)],
    )?;
    inbox::touch(tx, actor.user, workspace)?;
    raise_watermarks(tx, actor, workspace, channel, horizon)
}

fn raise_watermarks(
    tx: &mut Tx<'_>,
    actor: &Actor,
    workspace: WorkspaceId,
    channel: Option<ChannelId>,
    to: Millis,
) -> Result<(), Error> {
    tx.exec(
        "update channel_member set read_before = $3
         where user_id = $1 and read_before < $3 and ($4 or channel_id = $5)
             and channel_id in (select id from channel where workspace_id = $2)",
        params![actor.user, workspace, to, channel.is_none(), channel.map_or(0, |id| id.0)],
    )?;
    Ok(())
}
