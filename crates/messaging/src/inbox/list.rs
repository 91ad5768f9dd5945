use std::collections::HashSet;

use halyard_platform::{
    clock::Millis,
    db::{self, Tx},
    params,
};

use crate::{
    Actor, Error, Role, ThreadId, WorkspaceId,
    boundary::check_limit,
    json,
    thread::{Thread, finished, thread_columns},
    workspace,
};

/// Which threads of an inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Which {
    /// Those in it.
    #[default]
    Active,
    /// Those that the member has put away, as long as nothing new has come.
    Archived,
    /// Both.
    All,
}

/// Which threads, and how many. All bounds hold together.
#[derive(Debug, Clone)]
pub struct Filter {
    /// In it or put away.
    pub which: Which,
    /// Last updated after this moment.
    pub newer_than: Option<Millis>,
    /// Last updated before this moment.
    pub older_than: Option<Millis>,
    /// Leave these out.
    pub exclude: Vec<ThreadId>,
    /// Least recently updated first; else most recently updated first.
    pub ascending: bool,
    /// At most this many, 1 to 500.
    pub limit: i64,
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            which: Which::Active,
            newer_than: None,
            older_than: None,
            exclude: Vec::new(),
            ascending: false,
            limit: 30,
        }
    }
}

/// Whether a thread `t` with the state `s` is raised: something is in it that the member has not
/// put away. The same as [`Thread::archived`] and [`Thread::in_inbox`] are made from.
macro_rules! raised_sql {
    () => {
        "(t.last_obj_index + 2 > coalesce(s.done_items, 0)
          and not (coalesce(s.done_items, 0) >= coalesce(s.quiet_from, 0)
              and t.last_updated_at <= coalesce(s.muted_until, -1)))"
    };
}

/// Whether a thread is in the inbox, given the parameter with the moment at which the member came
/// to the workspace.
macro_rules! in_inbox_sql {
    ($joined:literal) => {
        concat!(
            "(",
            raised_sql!(),
            " and coalesce(s.follows,
                 (t.audience = 'channel' and coalesce(cm.joined_at <= t.last_updated_at, false))
                 or (t.audience = 'workspace' and ",
            $joined,
            " <= t.last_updated_at)))"
        )
    };
}

/// What the actor sees of a workspace: `$1` actor, `$2` workspace, `$3` whether public channels are
/// open to them.
macro_rules! seen_sql {
    () => {
        "from thread t
         join channel c on c.id = t.channel_id and c.removed_at is null
         join users u on u.id = t.creator
         left join channel_member cm on cm.channel_id = t.channel_id and cm.user_id = $1
         left join thread_state s on s.user_id = $1 and s.thread_id = t.id
         where t.workspace_id = $2 and t.removed_at is null
             and (cm.user_id is not null or (c.public and $3))"
    };
}

macro_rules! list_sql {
    ($order:literal) => {
        concat!(
            "select ",
            thread_columns!("$1"),
            " ",
            seen_sql!(),
            " and t.last_updated_at > $5 and t.last_updated_at < $6
             and (($7 and ",
            in_inbox_sql!("$4"),
            ") or ($8 and coalesce(s.archived, false) and not ",
            raised_sql!(),
            "))
             and t.id not in {ids $9}
             order by ",
            $order,
            " limit $10"
        )
    };
}

/// The threads of the actor's inbox. Costs what is looked at until the limit is reached, which is
/// little where the inbox is full.
///
/// # Errors
/// [`Error::WorkspaceNotFound`]; [`Error::Invalid`] for a limit outside 1 to 500.
pub fn list(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: WorkspaceId,
    filter: &Filter,
) -> Result<Vec<Thread>, Error> {
    check_limit(filter.limit)?;
    let role = workspace::role(tx, actor, id)?;
    let joined = joined_at(tx, actor, id)?;
    let excluded = json::encode(&filter.exclude);
    let bound = params![
        actor.user,
        id,
        role != Role::Guest,
        joined,
        filter.newer_than.unwrap_or(i64::MIN),
        filter.older_than.unwrap_or(i64::MAX),
        filter.which != Which::Archived,
        filter.which != Which::Active,
        &excluded,
        filter.limit
    ];
    let threads = if filter.ascending {
        tx.all(list_sql!("t.last_updated_at, t.id"), bound)
    } else {
        tx.all(list_sql!("t.last_updated_at desc, t.id desc"), bound)
    }?;
    Ok(finished(tx, actor, threads)?)
}

/// Those of the threads that are in the actor's inbox.
pub(super) fn inside(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: WorkspaceId,
    threads: &[ThreadId],
) -> Result<HashSet<ThreadId>, db::Error> {
    let joined = joined_at(tx, actor, id)?;
    // Unread are threads of joined channels only, so that everybody may see them.
    let found: Vec<ThreadId> = tx.all(
        concat!("select t.id ", seen_sql!(), " and t.id in {ids $5} and ", in_inbox_sql!("$4")),
        params![actor.user, id, false, joined, &json::encode(threads)],
    )?;
    Ok(found.into_iter().collect())
}

/// Every thread in the actor's inbox last updated up to a moment, in these channels or in all.
pub(super) fn to_archive(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: WorkspaceId,
    channels: Option<&str>,
    until: Millis,
) -> Result<Vec<ThreadId>, Error> {
    let role = workspace::role(tx, actor, id)?;
    let joined = joined_at(tx, actor, id)?;
    Ok(tx.all(
        concat!(
            "select t.id ",
            seen_sql!(),
            " and t.last_updated_at <= $5 and ($6 or t.channel_id in {ids $7}) and ",
            in_inbox_sql!("$4")
        ),
        params![
            actor.user,
            id,
            role != Role::Guest,
            joined,
            until,
            channels.is_none(),
            channels.unwrap_or("[]")
        ],
    )?)
}

fn joined_at(tx: &mut Tx<'_>, actor: &Actor, id: WorkspaceId) -> Result<Millis, db::Error> {
    tx.one(
        "select joined_at from member where workspace_id = $2 and user_id = $1",
        params![actor.user, id],
    )
}
