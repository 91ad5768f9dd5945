//! Makes notifications of events, without a word in the path of posting.

use std::collections::HashSet;

use halyard_identity::UserId;
use halyard_platform::{
    db::{self, Db, Tx},
    events::{self, Event, follow::Batch},
    params,
};
use serde_json::Value;

use crate::{CommentId, Error, ThreadId, json};

/// Name of the follower.
pub const FOLLOWER: &str = "messaging.notifications";
/// Events that one batch of the follower should hold at most.
pub const BATCH: i64 = 200;

/// Something to be told.
enum News {
    Comment(CommentId),
    Thread(ThreadId),
    /// Of people: what happened to whom, by whom, where.
    People {
        kind: i64,
        users: Vec<UserId>,
        by: UserId,
        workspace: i64,
        channel: Option<i64>,
        at: i64,
    },
}

/// What a batch of events is to those who are notified.
pub struct Seen(Vec<News>);

/// Finds out what a batch of events is to people. Only reads.
///
/// # Errors
/// [`Error::Store`]
pub fn look(tx: &mut Tx<'_>, batch: &Batch) -> Result<Seen, Error> {
    Ok(Seen(news(tx, &batch.events)?))
}

/// Tells the people that a batch of events concerns, once.
///
/// # Errors
/// [`Error::Store`]
pub async fn settle(db: &Db, batch: Batch, seen: Seen) -> Result<(), Error> {
    db.write_derived(move |tx| {
        if batch.settle(tx)? {
            for one in &seen.0 {
                tell(tx, one)?;
            }
        }
        Ok(())
    })
    .await
}

/// To be called before the first batch: a follower that is new begins with what happens next,
/// because nobody wants to be told of years ago.
///
/// # Errors
/// Those of the store.
pub fn begin(tx: &mut Tx<'_>) -> Result<(), db::Error> {
    events::follow::skip_past(tx, FOLLOWER)
}

fn news(tx: &mut Tx<'_>, events: &[Event]) -> Result<Vec<News>, db::Error> {
    let events: Vec<(&Event, Value)> = events
        .iter()
        .map(|event| Ok((event, json::decode(&event.payload)?)))
        .collect::<Result<_, db::Error>>()?;
    let comments = events.iter().filter_map(|(event, payload)| comment_added(event, payload));
    let naming = those_that_name_somebody(tx, &comments.collect::<Vec<_>>())?;
    let mut news = Vec::new();
    for (event, payload) in &events {
        let id = |key: &str| payload[key].as_i64();
        match event.kind.as_str() {
            "comment_added" => {
                let id = comment_added(event, payload).filter(|id| naming.contains(id));
                news.extend(id.map(News::Comment));
            }
            "thread_added" => news.extend(id("thread_id").map(|id| News::Thread(ThreadId(id)))),
            "workspace_user_added"
            | "workspace_user_removed"
            | "channel_user_added"
            | "channel_user_removed" => {
                // Events of older programs do not say who.
                let (Some(by), Some(workspace)) = (id("by"), id("workspace_id")) else { continue };
                let many = payload["user_ids"].as_array().into_iter().flatten();
                let users = many.chain(payload.get("user_id")).filter_map(Value::as_i64);
                news.push(News::People {
                    kind: match event.kind.as_str() {
                        "workspace_user_added" => 3,
                        "workspace_user_removed" => 4,
                        "channel_user_added" => 5,
                        _ => 6,
                    },
                    users: users.filter(|user| *user != by).map(UserId).collect(),
                    by: UserId(by),
                    workspace,
                    channel: id("channel_id"),
                    at: event.at,
                });
            }
            _ => {}
        }
    }
    Ok(news)
}

/// The comment that was added.
fn comment_added(event: &Event, payload: &Value) -> Option<CommentId> {
    (event.kind == "comment_added").then(|| payload["comment_id"].as_i64().map(CommentId)).flatten()
}

/// Most comments name nobody, and need no look at the members.
fn those_that_name_somebody(
    tx: &mut Tx<'_>,
    comments: &[CommentId],
) -> Result<HashSet<CommentId>, db::Error> {
    if comments.is_empty() {
        return Ok(HashSet::new());
    }
    let found: Vec<CommentId> = tx.all(
        "select k.id from comment k where k.id in {ids $1}
             and (k.recipients <> '[]' or k.groups <> '[]' or k.direct_mentions <> '[]'
                 or k.direct_group_mentions <> '[]')",
        params![&json::encode(comments)],
    )?;
    Ok(found.into_iter().collect())
}

/// Whether the post names a member: directly, or through a group of the workspace. Groups do not
/// reach beyond their workspace, because their members do not.
macro_rules! named_sql {
    ($post:literal) => {
        concat!(
            "(m.user_id in {ids ",
            $post,
            ".recipients} or m.user_id in {ids ",
            $post,
            ".direct_mentions} or exists (
                 select 1 from member_group_user gu
                 join member_group g on g.id = gu.group_id and g.workspace_id = t.workspace_id
                 where gu.user_id = m.user_id
                     and (gu.group_id in {ids ",
            $post,
            ".groups} or gu.group_id in {ids ",
            $post,
            ".direct_group_mentions})))
             and (cm.user_id is not null or (c.public and m.role <> 'guest'))
             and m.user_id <> ",
            $post,
            ".creator"
        )
    };
}

macro_rules! readers_sql {
    () => {
        "join channel c on c.id = t.channel_id and c.removed_at is null
         join member m on m.workspace_id = t.workspace_id and m.removed_at is null
         left join channel_member cm on cm.channel_id = c.id and cm.user_id = m.user_id
         where t.removed_at is null and "
    };
}

fn tell(tx: &mut Tx<'_>, news: &News) -> Result<(), db::Error> {
    match news {
        News::Comment(id) => tx.exec(
            concat!(
                "insert into notification (user_id, kind, workspace_id, channel_id, thread_id,
                     comment_id, by_user_id, at)
                 select m.user_id, 1, t.workspace_id, t.channel_id, t.id, k.id, k.creator,
                     k.posted_at
                 from comment k join thread t on t.id = k.thread_id ",
                readers_sql!(),
                "k.id = $1 and k.deleted_at is null and ",
                named_sql!("k"),
                " order by m.user_id"
            ),
            params![*id],
        ),
        News::Thread(id) => tx.exec(
            concat!(
                "insert into notification (user_id, kind, workspace_id, channel_id, thread_id,
                     comment_id, by_user_id, at)
                 select m.user_id, 2, t.workspace_id, t.channel_id, t.id, null, t.creator,
                     t.posted_at
                 from thread t ",
                readers_sql!(),
                "t.id = $1 and ",
                named_sql!("t"),
                " order by m.user_id"
            ),
            params![*id],
        ),
        News::People { kind, users, by, workspace, channel, at } => tx.exec(
            "insert into notification (user_id, kind, workspace_id, channel_id, by_user_id, at)
             select u.id, $2, $3, $4, $5, $6 from users u where u.id in {ids $1} order by u.id",
            params![&json::encode(users), *kind, *workspace, *channel, *by, *at],
        ),
    }?;
    Ok(())
}

/// Removes what was told of a thread whose row is about to go.
pub(crate) fn forget_thread(tx: &mut Tx<'_>, id: ThreadId) -> Result<(), db::Error> {
    tx.exec("delete from notification where thread_id = $1", params![id])?;
    Ok(())
}
