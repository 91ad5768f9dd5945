//! Threads against their comments.

use halyard_platform::{
    db::{Error, Tx},
    doctor::{Check, Find, Repair, json_columns},
    params,
};

use super::{known_users, strangers, without_strangers};
use crate::text;

/// The threads `t` that nobody has removed, alone or with what they are in.
macro_rules! living {
    () => {
        " thread t
          join channel c on c.id = t.channel_id and c.removed_at is null
          join workspace w on w.id = t.workspace_id and w.removed_at is null
          "
    };
}

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "thread-live-items",
        words: "threads whose removed end is longer or shorter than noted",
        find: Find::Sql(concat!(
            "select t.id, 'thread ' || t.id || ' has ' || t.live_items || ' items up to its end'
             from ",
            living!(),
            " where t.tail_items = t.last_obj_index + 2
                 and t.live_items <> 2 + coalesce((select max(k.obj_index) from comment k
                     where k.thread_id = t.id and k.deleted_at is null), -1)"
        )),
        repair: Some(Repair::Sql(&["update thread
             set live_items = 2 + coalesce((select max(k.obj_index) from comment k
                 where k.thread_id = thread.id and k.deleted_at is null), -1)
             where tail_items = last_obj_index + 2"])),
    },
    Check {
        name: "thread-workspace",
        words: "threads that name another workspace than their channel",
        find: Find::Sql(
            "select t.id, 'thread ' || t.id || ': workspace ' || t.workspace_id
                 || ', its channel: ' || c.workspace_id
             from thread t join channel c on c.id = t.channel_id
             where t.workspace_id <> c.workspace_id",
        ),
        repair: Some(Repair::Sql(&["update thread set workspace_id =
                 (select c.workspace_id from channel c where c.id = thread.channel_id)
             where workspace_id <>
                 (select c.workspace_id from channel c where c.id = thread.channel_id)"])),
    },
    Check {
        name: "thread-gaps",
        words: "threads whose comments are not numbered from 0 without gaps",
        find: Find::Sql(concat!(
            "select t.id, 'thread ' || t.id || ': ' || k.rows_found || ' comments from ' || k.first
                 || ' to ' || k.last
             from ",
            living!(),
            " join (select thread_id, count(*) as rows_found, min(obj_index) as first,
                     max(obj_index) as last
                 from comment group by thread_id) k on k.thread_id = t.id
             where k.first <> 0 or k.last <> k.rows_found - 1"
        )),
        repair: Some(Repair::Each(close_gaps)),
    },
    Check {
        name: "thread-time",
        words: "comments that are older than the comment before them",
        find: Find::Sql(
            "select k.thread_id, 'comment ' || k.id || ' of thread ' || k.thread_id
             from (select id, thread_id, posted_at, lag(posted_at) over
                     (partition by thread_id order by obj_index) as before
                 from comment) k
             where k.posted_at < k.before",
        ),
        repair: Some(Repair::Each(straighten)),
    },
    Check {
        name: "thread-counters",
        words: "threads whose comment_count or last_obj_index differs from their comments",
        find: Find::Sql(concat!(
            "select t.id, 'thread ' || t.id || ': says ' || t.comment_count || ' comments, the last '
                 || t.last_obj_index || '; has ' || coalesce(k.alive, 0) || ', the last '
                 || coalesce(k.last, -1)
             from ",
            living!(),
            " left join (select thread_id, max(obj_index) as last,
                     sum(case when deleted_at is null then 1 else 0 end) as alive
                 from comment group by thread_id) k on k.thread_id = t.id
             where t.comment_count <> coalesce(k.alive, 0)
                 or t.last_obj_index <> coalesce(k.last, -1)"
        )),
        repair: Some(Repair::Each(recount)),
    },
    Check {
        name: "thread-newest",
        words: "threads whose last_comment_id, snippet_creator or last_updated_at is not that of \
                their newest comment",
        find: Find::Sql(concat!(
            "select t.id, 'thread ' || t.id
             from ",
            living!(),
            " left join (select thread_id, max(obj_index) as last,
                     max(case when deleted_at is null then obj_index end) as newest,
                     max(case when deleted_at is null and system_message is null
                         then obj_index end) as said
                 from comment group by thread_id) k on k.thread_id = t.id
             left join comment l on l.thread_id = t.id and l.obj_index = k.last
             left join comment n on n.thread_id = t.id and n.obj_index = k.newest
             left join comment s on s.thread_id = t.id and s.obj_index = k.said
             where coalesce(t.last_comment_id, 0) <> coalesce(n.id, 0)
                 or t.last_updated_at <> coalesce(l.posted_at, t.posted_at)
                 or t.snippet_creator <> coalesce(s.creator, t.creator)"
        )),
        repair: Some(Repair::Each(recount)),
    },
    Check {
        name: "thread-people",
        words: "threads whose participants or responders name somebody who never was here",
        find: Find::Code(|tx, found| {
            strangers(tx, found, "thread", &["participants", "responders"])
        }),
        repair: Some(Repair::Each(dismiss_strangers)),
    },
    Check {
        name: "thread-state",
        words: "pointers of members beyond the items of their thread",
        find: Find::Sql(concat!(
            "select t.id, 'user ' || s.user_id || ' in thread ' || t.id from ",
            living!(),
            " join thread_state s on s.thread_id = t.id
             where coalesce(s.read_items, 0) not between 0 and t.last_obj_index + 2
                 or s.done_items not between 0 and t.last_obj_index + 2
                 or s.quiet_from not between 0 and t.last_obj_index + 2"
        )),
        repair: Some(Repair::Each(clamp_state)),
    },
    Check {
        name: "thread-mentions",
        words: "mentions in comments that are gone",
        find: Find::Sql(concat!(
            "select t.id, 'comment ' || x.obj_index || ' of thread ' || t.id from ",
            living!(),
            " join thread_mention x on x.thread_id = t.id and x.obj_index >= 0
             left join comment k on k.thread_id = x.thread_id and k.obj_index = x.obj_index
                 and k.deleted_at is null
             where k.id is null"
        )),
        repair: Some(Repair::Each(forget_mentions)),
    },
    Check {
        name: "thread-json",
        words: "threads with a column that is no JSON",
        find: Find::Code(|tx, found| {
            let columns = [
                "attachments",
                "actions",
                "recipients",
                "groups",
                "participants",
                "responders",
                "direct_mentions",
                "direct_group_mentions",
                "reactions",
                "system_message",
            ];
            json_columns(tx, found, "thread", "thread", "id", &columns)
        }),
        repair: None,
    },
    Check {
        name: "comment-json",
        words: "comments with a column that is no JSON",
        find: Find::Code(|tx, found| {
            let columns = [
                "attachments",
                "actions",
                "recipients",
                "groups",
                "direct_mentions",
                "direct_group_mentions",
                "reactions",
                "system_message",
            ];
            json_columns(tx, found, "comment", "comment", "id", &columns)
        }),
        repair: None,
    },
];

/// Nobody else changes the thread or posts in it until the transaction ends.
fn lock(tx: &mut Tx<'_>, thread: i64) -> Result<(), Error> {
    tx.optional::<i64>("select t.id from thread t where t.id = $1 {lock t}", params![thread])?;
    Ok(())
}

/// Derives everything that the thread's row says about its comments.
pub(crate) fn recount(tx: &mut Tx<'_>, thread: i64) -> Result<(), Error> {
    lock(tx, thread)?;
    let (alive, last): (i64, i64) = tx.one(
        "select coalesce(sum(case when deleted_at is null then 1 else 0 end), 0),
             coalesce(max(obj_index), -1)
         from comment where thread_id = $1",
        params![thread],
    )?;
    let newest: Option<i64> = tx.optional(
        "select id from comment where thread_id = $1 and deleted_at is null
         order by obj_index desc limit 1",
        params![thread],
    )?;
    let said: Option<(String, i64)> = tx.optional(
        "select content, creator from comment
         where thread_id = $1 and deleted_at is null and system_message is null
         order by obj_index desc limit 1",
        params![thread],
    )?;
    let (content, creator) = match said {
        Some(said) => said,
        None => tx.one("select content, creator from thread where id = $1", params![thread])?,
    };
    tx.exec(
        "update thread set comment_count = $2, last_obj_index = $3, last_comment_id = $4,
             snippet = $5, snippet_creator = $6, last_updated_at = coalesce(
                 (select k.posted_at from comment k where k.thread_id = $1 and k.obj_index = $3),
                 posted_at),
             version = version + 1
         where id = $1",
        params![thread, alive, last, newest, &text::snippet(&content), creator],
    )?;
    Ok(())
}

/// Numbers the comments again; mentions move along.
fn close_gaps(tx: &mut Tx<'_>, thread: i64) -> Result<(), Error> {
    lock(tx, thread)?;
    let comments: Vec<(i64, i64)> = tx.all(
        "select id, obj_index from comment where thread_id = $1 order by obj_index",
        params![thread],
    )?;
    for (index, (comment, old)) in (0_i64..).zip(comments) {
        if index == old {
            continue;
        }
        tx.exec("update comment set obj_index = $2 where id = $1", params![comment, index])?;
        tx.exec(
            "update thread_mention set obj_index = $3 where thread_id = $1 and obj_index = $2",
            params![thread, old, index],
        )?;
    }
    recount(tx, thread)?;
    clamp_state(tx, thread)
}

/// Gives each comment at least the time of the one before it.
fn straighten(tx: &mut Tx<'_>, thread: i64) -> Result<(), Error> {
    lock(tx, thread)?;
    let comments: Vec<(i64, i64)> = tx.all(
        "select id, posted_at from comment where thread_id = $1 order by obj_index",
        params![thread],
    )?;
    let mut latest = i64::MIN;
    for (comment, posted_at) in comments {
        if posted_at < latest {
            tx.exec("update comment set posted_at = $2 where id = $1", params![comment, latest])?;
        }
        latest = latest.max(posted_at);
    }
    recount(tx, thread)
}

fn dismiss_strangers(tx: &mut Tx<'_>, thread: i64) -> Result<(), Error> {
    lock(tx, thread)?;
    let users = known_users(tx)?;
    let (participants, responders): (String, String) =
        tx.one("select participants, responders from thread where id = $1", params![thread])?;
    tx.exec(
        "update thread set participants = $2, responders = $3, version = version + 1 where id = $1",
        params![
            thread,
            &without_strangers(&participants, &users).unwrap_or(participants),
            &without_strangers(&responders, &users).unwrap_or(responders)
        ],
    )?;
    Ok(())
}

pub(crate) fn clamp_state(tx: &mut Tx<'_>, thread: i64) -> Result<(), Error> {
    lock(tx, thread)?;
    let last: i64 = tx.one("select last_obj_index from thread where id = $1", params![thread])?;
    tx.exec(
        "update thread_state set
             read_items = case when read_items < 0 then 0 when read_items > $2 then $2
                 else read_items end,
             done_items = case when done_items < 0 then 0 when done_items > $2 then $2
                 else done_items end,
             quiet_from = case when quiet_from < 0 then 0 when quiet_from > $2 then $2
                 else quiet_from end
         where thread_id = $1",
        params![thread, last + 2],
    )?;
    Ok(())
}

fn forget_mentions(tx: &mut Tx<'_>, thread: i64) -> Result<(), Error> {
    lock(tx, thread)?;
    tx.exec(
        "delete from thread_mention where thread_id = $1 and obj_index >= 0
             and not exists (select 1 from comment k
                 where k.thread_id = $1 and k.obj_index = thread_mention.obj_index
                     and k.deleted_at is null)",
        params![thread],
    )?;
    Ok(())
}
