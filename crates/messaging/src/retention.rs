//! How long the threads of a channel are kept.
//!
//! A thread goes when nothing was posted in it for the days of its channel, with its comments and
//! files, as if its author had removed it. Pinned threads stay (our decision).

use halyard_identity::UserId;
use halyard_platform::{clock::Millis, db::Tx, params};
use serde_json::json;

use crate::{Actor, ChannelId, Error, ThreadId, WorkspaceId, audit, channel, event, workspace};

/// A hundred years.
const MAX_DAYS: i64 = 36_500;
const DAY: Millis = 86_400_000;

/// For how many days threads are kept; none: for ever. For administrators.
///
/// # Errors
/// [`Error::ChannelNotFound`], [`Error::Forbidden`]
pub fn get(tx: &mut Tx<'_>, actor: &Actor, id: ChannelId) -> Result<Option<i64>, Error> {
    let channel = channel::access(tx, actor, id)?;
    workspace::require_admin(tx, actor, channel.workspace)?;
    Ok(tx.one("select retention_days from channel where id = $1", params![id])?)
}

/// Keeps the threads of a channel for so many days, or for ever. For administrators.
///
/// # Errors
/// [`Error::ChannelNotFound`], [`Error::Forbidden`]; [`Error::Invalid`] for less than a day and more
/// than a hundred years.
pub fn set(tx: &mut Tx<'_>, actor: &Actor, id: ChannelId, days: Option<i64>) -> Result<(), Error> {
    let channel = channel::access(tx, actor, id)?;
    workspace::require_admin(tx, actor, channel.workspace)?;
    change(tx, actor, id, days)
}

/// As [`set`], for the operator, who sees every channel. It is done in the name of its creator.
///
/// # Errors
/// [`Error::ChannelNotFound`], [`Error::Invalid`]
pub fn set_as_operator(
    tx: &mut Tx<'_>,
    id: ChannelId,
    days: Option<i64>,
    now: Millis,
) -> Result<(), Error> {
    let user: Option<UserId> = tx.optional(
        "select creator from channel where id = $1 and removed_at is null",
        params![id],
    )?;
    let user = user.ok_or(Error::ChannelNotFound)?;
    change(tx, &Actor { user, now }, id, days)
}

fn change(tx: &mut Tx<'_>, actor: &Actor, id: ChannelId, days: Option<i64>) -> Result<(), Error> {
    if days.is_some_and(|days| !(1..=MAX_DAYS).contains(&days)) {
        return Err(Error::Invalid {
            field: "days",
            expected: "a number from 1 to 36500, or none",
        });
    }
    tx.one::<ChannelId>("select c.id from channel c where c.id = $1 {lock c}", params![id])?;
    let (workspace, before, name): (WorkspaceId, Option<i64>, String) = tx
        .one("select workspace_id, retention_days, name from channel where id = $1", params![id])?;
    if before == days {
        return Ok(());
    }
    tx.exec("update channel set retention_days = $2 where id = $1", params![id, days])?;
    let detail = json!({"name": name, "days": days, "days_before": before});
    audit::record(tx, actor, workspace, "channel_retention", ("channel", id.0), detail)?;
    Ok(())
}

/// Removes threads that have been kept for long enough, `limit` at most, and answers how many. Their
/// rows go in jobs, in slices; files that nothing names any more go a day later.
///
/// # Errors
/// Those of the store.
pub fn expire(tx: &mut Tx<'_>, now: Millis, limit: i64) -> Result<i64, Error> {
    struct Rule(ChannelId, i64);
    impl halyard_platform::db::FromRow for Rule {
        fn from_row(
            row: &mut halyard_platform::db::Row<'_>,
        ) -> Result<Self, halyard_platform::db::Error> {
            Ok(Self(row.get()?, row.get()?))
        }
    }
    let rules: Vec<Rule> = tx.all(
        "select c.id, c.retention_days from channel c
         join workspace w on w.id = c.workspace_id and w.removed_at is null
         where c.retention_days is not null and c.removed_at is null order by c.id",
        params![],
    )?;
    let mut removed = 0;
    for Rule(channel, days) in rules {
        let end = now - days * DAY;
        let old: Vec<ThreadId> = tx.all(
            "select id from thread
             where channel_id = $1 and removed_at is null and last_updated_at < $2
                 and pinned_at is null
             order by last_updated_at, id limit $3",
            params![channel, end, limit - removed],
        )?;
        for thread in old {
            removed += i64::from(remove(tx, thread, end, now)?);
        }
        if removed >= limit {
            break;
        }
    }
    Ok(removed)
}

/// False when somebody has posted in the thread, pinned or removed it meanwhile.
fn remove(tx: &mut Tx<'_>, id: ThreadId, end: Millis, now: Millis) -> Result<bool, Error> {
    let gone: Option<(WorkspaceId, ChannelId, String, UserId)> = tx.optional(
        "update thread set removed_at = $3, version = version + 1
         where id = $1 and removed_at is null and pinned_at is null and last_updated_at < $2
         returning workspace_id, channel_id, title, creator",
        params![id, end, now],
    )?;
    let Some((workspace, channel, title, creator)) = gone else { return Ok(false) };
    // In nobody's name: an event tells what and when, not who.
    let actor = Actor { user: creator, now };
    crate::purge::enqueue_thread(tx, &actor, id)?;
    let payload = json!({
        "workspace_id": workspace, "channel_id": channel, "thread_id": id, "name": title,
        "creator": creator,
    });
    let subject = ("thread", id.0);
    event::record(tx, &actor, workspace, "thread_deleted", subject, &payload.to_string())?;
    Ok(true)
}
