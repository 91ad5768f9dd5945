use halyard_platform::{
    clock::Millis,
    db::{self, Tx},
    params,
};

use super::{Thread, finished, thread_columns};
use crate::{
    Actor, ChannelId, Error, Role, ThreadId, WorkspaceId, boundary::check_limit, channel, json,
    workspace,
};

/// Which of the threads that the actor can see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FilterBy {
    /// All.
    #[default]
    Everyone,
    /// Those to which the actor is attached.
    AttachedToMe,
    /// Those that the actor has saved.
    Starred,
}

/// Which threads, and how many. All bounds hold together.
#[derive(Debug, Clone)]
pub struct Filter {
    /// A choice by what the actor has to do with them.
    pub by: FilterBy,
    /// Last updated after this moment; see `after_id`.
    pub newer_than: Option<Millis>,
    /// Last updated before this moment; see `before_id`.
    pub older_than: Option<Millis>,
    /// Ids below this one. Together with `older_than` both are one page boundary: what comes before
    /// this thread in the order of updates. Times on the wire are whole seconds, so the second of
    /// `older_than` counts in full where the thread itself is no longer in it: a thread may come
    /// twice, but none is left out.
    pub before_id: Option<ThreadId>,
    /// Ids above this one; together with `newer_than` one page boundary like `before_id`.
    pub after_id: Option<ThreadId>,
    /// Only pinned or only unpinned ones.
    pub pinned: Option<bool>,
    /// Only saved or only unsaved ones.
    pub starred: Option<bool>,
    /// Only those put away, or only the others.
    pub archived: Option<bool>,
    /// Leave these out.
    pub exclude: Vec<ThreadId>,
    /// Least recently updated first; else most recently updated first.
    pub ascending: bool,
    /// At most this many.
    pub limit: i64,
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            by: FilterBy::Everyone,
            newer_than: None,
            older_than: None,
            before_id: None,
            after_id: None,
            pinned: None,
            starred: None,
            archived: None,
            exclude: Vec::new(),
            ascending: false,
            limit: 20,
        }
    }
}

/// `$1` actor, `$2` channel or workspace, `$3`–`$4` the update times and `$18`, `$5` the ids that go
/// with them, `$6`–`$7` the ids, `$8`–`$9` pinned, `$10`–`$11` saved, `$12`–`$13` put away
/// (each pair: is the filter on, and its value), `$14` attached, `$15` excluded, `$16` limit,
/// `$17` whether public channels are open to the actor.
macro_rules! list_sql {
    ($join:literal, $scope:literal, $order:literal) => {
        concat!(
            "select ",
            thread_columns!("$1"),
            "
             from thread t ",
            $join,
            "
             join users u on u.id = t.creator
             left join channel_member cm on cm.channel_id = t.channel_id and cm.user_id = $1
             left join thread_state s on s.user_id = $1 and s.thread_id = t.id
             where ",
            $scope,
            " and t.removed_at is null
                 and t.last_updated_at >= $3 and t.last_updated_at <= $4
                 and (t.last_updated_at > $3 or t.id > $18)
                 and (t.last_updated_at < $4 or t.id < $5)
                 and t.id > $6 and t.id < $7
                 and ($8 = false or (t.pinned_at is not null) = $9)
                 and ($10 = false or (s.starred_at is not null) = $11)
                 and ($12 = false or (coalesce(s.archived, false)
                      and (t.last_obj_index + 2 <= s.done_items
                           or (s.done_items >= s.quiet_from
                               and t.last_updated_at <= coalesce(s.muted_until, 0)))) = $13)
                 and ($14 = false or coalesce(s.follows, false))
                 and t.id not in {ids $15}
             order by ",
            $order,
            " limit $16"
        )
    };
}

macro_rules! in_channel_sql {
    ($order:literal) => {
        // The channel was found through the actor's membership already.
        list_sql!("", "t.channel_id = $2 and $17", $order)
    };
}

macro_rules! in_workspace_sql {
    ($order:literal) => {
        list_sql!(
            "join channel c on c.id = t.channel_id and c.removed_at is null",
            "t.workspace_id = $2 and (cm.user_id is not null or (c.public and $17))",
            $order
        )
    };
}

/// A page of a channel without any choice but its bounds: `$1` actor, `$2` channel, `$3`–`$4` and
/// `$5`–`$6` update time and id that it lies between, `$7` limit. The page is cut before anything is
/// joined, which keeps the databases from joining rows that are not on it; so its order is not that
/// of the outer query. Its creators are few, and named once each: PostgreSQL takes a page for a
/// single row, and would look for the creator of each.
macro_rules! page_sql {
    ($order:literal) => {
        concat!(
            "with t as materialized (
                 select t.* from thread t
                 where t.channel_id = (
                     select c.id from channel c
                     join member m on m.workspace_id = c.workspace_id and m.user_id = $1
                         and m.removed_at is null
                     left join channel_member cm on cm.channel_id = c.id and cm.user_id = $1
                     where c.id = $2 and c.removed_at is null
                         and (cm.user_id is not null or (c.public and m.role <> 'guest')))
                     and t.removed_at is null
                     and (t.last_updated_at, t.id) > ($3, $4)
                     and (t.last_updated_at, t.id) < ($5, $6)
                 order by ",
            $order,
            " limit $7),
             u as materialized (
                 select u.id, u.name from users u where u.id in (select t.creator from t))
             select ",
            thread_columns!(
                "$1",
                "(select cm.joined_at from channel_member cm
                  where cm.channel_id = $2 and cm.user_id = $1)"
            ),
            " from t
             join u on u.id = t.creator
             left join thread_state s on s.user_id = $1 and s.thread_id = t.id"
        )
    };
}

/// Threads of a channel, or all that the actor can see in a workspace.
///
/// # Errors
/// [`Error::ChannelNotFound`], [`Error::WorkspaceNotFound`]; [`Error::Invalid`] for a limit outside
/// 1 to 500.
pub fn list(
    tx: &mut Tx<'_>,
    actor: &Actor,
    place: Place,
    filter: &Filter,
) -> Result<Vec<Thread>, Error> {
    check_limit(filter.limit)?;
    if let Place::Channel(id) = place
        && filter.is_plain()
    {
        return page(tx, actor, id, filter);
    }
    let (in_channel, scope, sees_public) = match place {
        Place::Channel(id) => (true, channel::access(tx, actor, id)?.id.0, true),
        Place::Workspace(id) => (false, id.0, workspace::role(tx, actor, id)? != Role::Guest),
    };
    let excluded = json::encode(&filter.exclude);
    let starred = if filter.by == FilterBy::Starred { Some(true) } else { filter.starred };
    let Bounds { lower, lower_id, above, upper, upper_id, below } = Bounds::of(tx, place, filter)?;
    let bound = params![
        actor.user,
        scope,
        lower,
        upper,
        upper_id,
        above,
        below,
        filter.pinned.is_some(),
        filter.pinned.unwrap_or(false),
        starred.is_some(),
        starred.unwrap_or(false),
        filter.archived.is_some(),
        filter.archived.unwrap_or(false),
        filter.by == FilterBy::AttachedToMe,
        &excluded,
        filter.limit,
        sees_public,
        lower_id
    ];
    let threads = match (in_channel, filter.ascending) {
        (true, false) => tx.all(in_channel_sql!("t.last_updated_at desc, t.id desc"), bound),
        (true, true) => tx.all(in_channel_sql!("t.last_updated_at, t.id"), bound),
        (false, false) => tx.all(in_workspace_sql!("t.last_updated_at desc, t.id desc"), bound),
        (false, true) => tx.all(in_workspace_sql!("t.last_updated_at, t.id"), bound),
    }?;
    Ok(finished(tx, actor, threads)?)
}

impl Filter {
    /// Nothing but a page.
    fn is_plain(&self) -> bool {
        let ids_are_page_boundaries = (self.before_id.is_none() || self.older_than.is_some())
            && (self.after_id.is_none() || self.newer_than.is_some());
        self.by == FilterBy::Everyone
            && self.pinned.is_none()
            && self.starred.is_none()
            && self.archived.is_none()
            && self.exclude.is_empty()
            && ids_are_page_boundaries
    }
}

fn page(
    tx: &mut Tx<'_>,
    actor: &Actor,
    channel: ChannelId,
    filter: &Filter,
) -> Result<Vec<Thread>, Error> {
    let bounds = Bounds::of(tx, Place::Channel(channel), filter)?;
    let bound = params![
        actor.user,
        channel,
        bounds.lower,
        bounds.lower_id,
        bounds.upper,
        bounds.upper_id,
        filter.limit
    ];
    let mut threads: Vec<Thread> = if filter.ascending {
        tx.all(page_sql!("t.last_updated_at, t.id"), bound)
    } else {
        tx.all(page_sql!("t.last_updated_at desc, t.id desc"), bound)
    }?;
    if threads.is_empty() {
        // Or there is no such channel.
        channel::access(tx, actor, channel)?;
    }
    threads.sort_by_key(|thread| (thread.last_updated_at, thread.id));
    if !filter.ascending {
        threads.reverse();
    }
    Ok(finished(tx, actor, threads)?)
}

/// What the threads lie between: update times, the ids that break their ties, and bounds of the id
/// alone.
struct Bounds {
    lower: Millis,
    lower_id: i64,
    above: i64,
    upper: Millis,
    upper_id: i64,
    below: i64,
}

impl Bounds {
    fn of(tx: &mut Tx<'_>, place: Place, filter: &Filter) -> Result<Self, db::Error> {
        let (upper, upper_id, below) = match (filter.older_than, filter.before_id) {
            (Some(moment), Some(id)) => match position(tx, place, id, moment)? {
                Some(updated_at) => (updated_at, id.0, i64::MAX),
                None => (second_of(moment) + 999, i64::MAX, i64::MAX),
            },
            (Some(moment), None) => (moment, i64::MIN, i64::MAX),
            (None, id) => (i64::MAX, i64::MAX, id.map_or(i64::MAX, |id| id.0)),
        };
        let (lower, lower_id, above) = match (filter.newer_than, filter.after_id) {
            (Some(moment), Some(id)) => match position(tx, place, id, moment)? {
                Some(updated_at) => (updated_at, id.0, i64::MIN),
                None => (second_of(moment), i64::MIN, i64::MIN),
            },
            (Some(moment), None) => (moment, i64::MAX, i64::MIN),
            (None, id) => (i64::MIN, i64::MIN, id.map_or(i64::MIN, |id| id.0)),
        };
        Ok(Self { lower, lower_id, above, upper, upper_id, below })
    }
}

/// When the thread of a page boundary was last updated, if it is here and that was in the second of
/// the boundary's moment.
fn position(
    tx: &mut Tx<'_>,
    place: Place,
    id: ThreadId,
    moment: Millis,
) -> Result<Option<Millis>, db::Error> {
    let (workspace, scope) = match place {
        Place::Channel(id) => (false, id.0),
        Place::Workspace(id) => (true, id.0),
    };
    let second = second_of(moment);
    tx.optional(
        "select last_updated_at from thread
         where id = $1 and case when $2 then workspace_id else channel_id end = $3
             and last_updated_at >= $4 and last_updated_at <= $5",
        params![id, workspace, scope, second, second + 999],
    )
}

/// The first millisecond of a moment's second.
fn second_of(moment: Millis) -> Millis {
    const LATEST: Millis = i64::MAX / 1000 - 1;
    moment.div_euclid(1000).clamp(-LATEST, LATEST) * 1000
}

/// Where to look for threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// One channel.
    Channel(ChannelId),
    /// Every channel that the actor can see.
    Workspace(WorkspaceId),
}
