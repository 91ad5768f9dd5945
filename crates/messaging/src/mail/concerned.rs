//! Whom new posts may concern. Whether they still do is asked when they are told.

use std::collections::{BTreeMap, BTreeSet};

use halyard_identity::UserId;
use halyard_platform::{
    db::{self, FromRow, Row, Tx},
    params,
};
use serde::Serialize;

use super::follow::{Parent, Range};
use crate::{
    ConversationId, Error, GroupId, Reach, ThreadId,
    audience::in_groups,
    json::{decode, encode},
};

/// What one post of a thread says about whom it is for.
struct Said {
    thread: ThreadId,
    creator: UserId,
    reach: Reach,
    recipients: String,
    groups: String,
    direct_mentions: String,
    direct_group_mentions: String,
}

impl FromRow for Said {
    fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
        Ok(Self {
            thread: row.get()?,
            creator: row.get()?,
            reach: row.get()?,
            recipients: row.get()?,
            groups: row.get()?,
            direct_mentions: row.get()?,
            direct_group_mentions: row.get()?,
        })
    }
}

/// The columns of [`Said`] behind the thread.
macro_rules! said_sql {
    ($post:literal) => {
        concat!(
            $post,
            ".creator, ",
            $post,
            ".audience, ",
            $post,
            ".recipients, ",
            $post,
            ".groups, ",
            $post,
            ".direct_mentions, ",
            $post,
            ".direct_group_mentions"
        )
    };
}

/// The posts of one thread, as the statements below take them.
#[derive(Serialize)]
struct Posts {
    thread: ThreadId,
    first: i64,
    last: i64,
}

/// How far the posts of one thread reach together. Flags are 0 or 1, which both databases read
/// alike.
#[derive(Serialize)]
struct Reached {
    thread: ThreadId,
    /// The author of all of them, who need not be told, or 0.
    author: i64,
    in_thread: u8,
    in_channel: u8,
    in_workspace: u8,
}

/// Whom the posts of a range may concern.
#[derive(Debug, Default)]
pub(super) struct Concerned {
    /// Everybody, sorted.
    pub(super) people: Vec<UserId>,
    /// Those who were named, directly or by a group; not all of them need be among `people`.
    pub(super) named: Vec<UserId>,
    /// People are concerned who are neither named nor follow the thread.
    pub(super) wide: bool,
}

/// Somebody who is named in a thread.
#[derive(Serialize)]
struct Named {
    thread: ThreadId,
    user: UserId,
}

/// Whom any post of each range may concern, in the order of the ranges.
pub(super) fn by(tx: &mut Tx<'_>, ranges: &[Range]) -> Result<Vec<Concerned>, Error> {
    let mut of_threads = of_threads(tx, ranges)?;
    ranges
        .iter()
        .map(|range| match range.parent {
            Parent::Thread(id) => Ok(of_threads.remove(&id).unwrap_or_default()),
            Parent::Conversation(id) => {
                let people = of_conversation(tx, id, range)?;
                Ok(Concerned { people, ..Concerned::default() })
            }
        })
        .collect()
}

fn of_conversation(
    tx: &mut Tx<'_>,
    id: ConversationId,
    range: &Range,
) -> Result<Vec<UserId>, Error> {
    Ok(tx.all(
        "select cm.user_id from conversation_member cm where cm.conversation_id = $1
             and exists (select 1 from message m where m.conversation_id = $1
                 and m.obj_index >= $2 and m.obj_index <= $3 and m.creator <> cm.user_id
                 and m.system_message is null)
         order by cm.user_id",
        params![id, range.first, range.last],
    )?)
}

/// All threads at once, and each at a cost that follows the people it reaches and not the size of
/// its workspace.
fn of_threads(tx: &mut Tx<'_>, ranges: &[Range]) -> Result<BTreeMap<ThreadId, Concerned>, Error> {
    let mut concerned: BTreeMap<ThreadId, Concerned> = BTreeMap::new();
    let mut reached = Vec::new();
    let mut named = Vec::new();
    let said = said(tx, ranges)?;
    for range in ranges {
        let Parent::Thread(thread) = range.parent else { continue };
        let Some(said) = said.get(&thread) else { continue };
        let Some(widest) = said.iter().map(|said| said.reach).max() else { continue };
        let authors: BTreeSet<UserId> = said.iter().map(|said| said.creator).collect();
        let author = authors.first().filter(|_| authors.len() == 1).map_or(0, |user| user.0);
        reached.push(Reached {
            thread,
            author,
            in_thread: said.iter().any(|said| said.reach == Reach::Thread).into(),
            in_channel: (widest >= Reach::Channel).into(),
            in_workspace: (widest == Reach::Workspace).into(),
        });
        let mut people: BTreeSet<UserId> = BTreeSet::new();
        let mut groups: Vec<GroupId> = Vec::new();
        for said in said {
            people.extend(decode::<Vec<UserId>>(&said.recipients)?);
            people.extend(decode::<Vec<UserId>>(&said.direct_mentions)?);
            groups.extend(decode::<Vec<GroupId>>(&said.groups)?);
            groups.extend(decode::<Vec<GroupId>>(&said.direct_group_mentions)?);
        }
        people.extend(in_groups(tx, range.workspace, &groups)?);
        named.extend(people.iter().map(|user| Named { thread, user: *user }));
        let (named, wide) = (people.into_iter().collect(), widest >= Reach::Channel);
        concerned.insert(thread, Concerned { people: Vec::new(), named, wide });
    }
    for (thread, user) in who_sees(tx, &reached, &named)? {
        concerned.entry(thread).or_default().people.push(user);
    }
    for one in concerned.values_mut() {
        one.people.sort_unstable();
        one.people.dedup();
    }
    Ok(concerned)
}

fn said(tx: &mut Tx<'_>, ranges: &[Range]) -> Result<BTreeMap<ThreadId, Vec<Said>>, Error> {
    let posts = |range: &Range| match range.parent {
        Parent::Thread(thread) => Some(Posts { thread, first: range.first, last: range.last }),
        Parent::Conversation(_) => None,
    };
    let posts: Vec<Posts> = ranges.iter().filter_map(posts).collect();
    if posts.is_empty() {
        return Ok(BTreeMap::new());
    }
    let opened: Vec<ThreadId> =
        posts.iter().filter(|posts| posts.first < 0).map(|posts| posts.thread).collect();
    let mut said: Vec<Said> = tx.all(
        concat!(
            "select k.thread_id, ",
            said_sql!("k"),
            " from (select cast(v ->> 'thread' as bigint) as thread,
                 cast(v ->> 'first' as bigint) as lowest, cast(v ->> 'last' as bigint) as highest
                 from {objects $1}) x
             join comment k on k.thread_id = x.thread and k.obj_index >= x.lowest
                 and k.obj_index <= x.highest
             where k.deleted_at is null and k.system_message is null"
        ),
        params![&encode(&posts)],
    )?;
    if !opened.is_empty() {
        said.extend(tx.all::<Said>(
            concat!(
                "select t.id, ",
                said_sql!("t"),
                " from thread t
                 where t.id in {ids $1} and t.removed_at is null and t.system_message is null"
            ),
            params![&encode(&opened)],
        )?);
    }
    let mut by_thread: BTreeMap<ThreadId, Vec<Said>> = BTreeMap::new();
    for one in said {
        by_thread.entry(one.thread).or_default().push(one);
    }
    Ok(by_thread)
}

/// Those who are reached and may see the thread; somebody may come twice.
fn who_sees(
    tx: &mut Tx<'_>,
    reached: &[Reached],
    named: &[Named],
) -> Result<Vec<(ThreadId, UserId)>, Error> {
    if reached.is_empty() {
        return Ok(Vec::new());
    }
    Ok(tx.all(
        "with x as materialized (
             select cast(v ->> 'thread' as bigint) as thread,
                 cast(v ->> 'author' as bigint) as author,
                 cast(v ->> 'in_thread' as bigint) as in_thread,
                 cast(v ->> 'in_channel' as bigint) as in_channel,
                 cast(v ->> 'in_workspace' as bigint) as in_workspace
             from {objects $1})
         select t.id, m.user_id
         from (
             select x.thread, x.author, n.user_id from x
             join (select cast(v ->> 'thread' as bigint) as thread,
                       cast(v ->> 'user' as bigint) as user_id
                   from {objects $2}) n on n.thread = x.thread
             union all
             select x.thread, x.author, s.user_id from x
             join thread_state s on s.thread_id = x.thread and s.follows
             where x.in_thread = 1
             union all
             select x.thread, x.author, cm.user_id from x
             join thread t on t.id = x.thread
             join channel_member cm on cm.channel_id = t.channel_id
             left join thread_state s on s.user_id = cm.user_id and s.thread_id = x.thread
             where x.in_channel = 1 and coalesce(s.follows, true)
             union all
             select x.thread, x.author, w.user_id from x
             join thread t on t.id = x.thread
             join member w on w.workspace_id = t.workspace_id
             left join thread_state s on s.user_id = w.user_id and s.thread_id = x.thread
             where x.in_workspace = 1 and coalesce(s.follows, true)) p
         join thread t on t.id = p.thread
         join channel c on c.id = t.channel_id and c.removed_at is null
         join member m on m.workspace_id = t.workspace_id and m.user_id = p.user_id
             and m.removed_at is null
         left join channel_member cm on cm.channel_id = t.channel_id and cm.user_id = m.user_id
         where p.user_id <> p.author
             and (cm.user_id is not null or (c.public and m.role <> 'guest'))",
        params![&encode(reached), &encode(named)],
    )?)
}
