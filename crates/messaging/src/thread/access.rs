use halyard_identity::UserId;
use halyard_platform::{
    clock::Millis,
    db::{self, FromRow, Row, Tx},
    params,
};

use crate::{
    Actor, ChannelId, CommentId, Error, Role, ThreadId, WorkspaceId, audience::Reach, json,
};

/// A thread and what the actor may do with it, locked for a change.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    pub(crate) id: ThreadId,
    pub(crate) workspace: WorkspaceId,
    pub(crate) channel: ChannelId,
    pub(crate) channel_archived: bool,
    pub(crate) creator: UserId,
    pub(crate) title: String,
    pub(crate) reach: Reach,
    pub(crate) participants_json: String,
    pub(crate) responders_json: String,
    pub(crate) last_obj_index: i64,
    pub(crate) last_updated_at: Millis,
    pub(crate) closed: bool,
    pub(crate) pinned: bool,
    pub(crate) role: Role,
    pub(crate) actor_name: String,
    /// It comes to the actor's inbox although the actor is not attached to it.
    pub(crate) concerns_everyone: bool,
}

impl FromRow for Access {
    fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
        let mut access = Self {
            id: row.get()?,
            workspace: row.get()?,
            channel: row.get()?,
            channel_archived: row.get()?,
            creator: row.get()?,
            title: row.get()?,
            reach: row.get()?,
            participants_json: row.get()?,
            responders_json: row.get()?,
            last_obj_index: row.get()?,
            last_updated_at: row.get()?,
            closed: row.get()?,
            pinned: row.get()?,
            role: row.get()?,
            actor_name: row.get()?,
            concerns_everyone: false,
        };
        let since: Option<Millis> = row.get()?;
        access.concerns_everyone =
            super::concerns_everyone(access.reach, since, access.last_updated_at);
        Ok(access)
    }
}

/// `$1` thread, `$2` actor.
macro_rules! locked_thread {
    () => {
        "select t.id, t.workspace_id, t.channel_id, c.archived, t.creator, t.title, t.audience,
             t.participants, t.responders, t.last_obj_index, t.last_updated_at, t.closed,
             t.pinned_at is not null as pinned, m.role, u.name,
             case when t.audience = 'workspace' then m.joined_at else cm.joined_at end as since
         from thread t
         join channel c on c.id = t.channel_id and c.removed_at is null
         join member m on m.workspace_id = t.workspace_id and m.user_id = $2
             and m.removed_at is null
         join users u on u.id = $2
         left join channel_member cm on cm.channel_id = t.channel_id and cm.user_id = $2
         where t.id = $1 and t.removed_at is null
             and (cm.user_id is not null or (c.public and m.role <> 'guest'))
         {lock t}"
    };
}

/// Finds a thread through the actor's membership and locks it until the transaction ends.
///
/// # Errors
/// [`Error::ThreadNotFound`] for what the actor cannot see.
pub(crate) fn access(tx: &mut Tx<'_>, actor: &Actor, id: ThreadId) -> Result<Access, Error> {
    found(|| tx.optional(locked_thread!(), params![id, actor.user]))
}

/// As [`access`]; with the id of the next comment where the database tells it beforehand, so that
/// inserting it costs no round trip of its own. It is drawn under the lock, so that the ids of a
/// thread's comments are in their order.
pub(crate) fn access_to_comment(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: ThreadId,
) -> Result<(Access, Option<CommentId>), Error> {
    let sql = concat!(
        "with locked as materialized (",
        locked_thread!(),
        ") select locked.*, {next comment} from locked"
    );
    let ToComment(access, comment) = found(|| tx.optional(sql, params![id, actor.user]))?;
    Ok((access, comment))
}

struct ToComment(Access, Option<CommentId>);

impl FromRow for ToComment {
    fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
        Ok(Self(Access::from_row(row)?, row.get()?))
    }
}

/// PostgreSQL drops the row when somebody moved the thread while this transaction waited for the
/// lock: the channel that it was joined with is no longer its channel. A new look finds it.
fn found<T>(mut look: impl FnMut() -> Result<Option<T>, db::Error>) -> Result<T, Error> {
    match look()? {
        Some(found) => Ok(found),
        None => look()?.ok_or(Error::ThreadNotFound),
    }
}

impl Access {
    pub(crate) fn items(&self) -> i64 {
        self.last_obj_index + 2
    }

    pub(crate) fn require_author_or_admin(&self, actor: &Actor) -> Result<(), Error> {
        if self.creator == actor.user || self.role == Role::Admin {
            return Ok(());
        }
        Err(Error::Forbidden("only the thread's creator or an admin may do this"))
    }

    /// Archived channels are read-only.
    pub(crate) fn require_open_channel(&self) -> Result<(), Error> {
        if self.channel_archived {
            return Err(Error::Forbidden("the channel is archived"));
        }
        Ok(())
    }
}

/// Attaches people to a thread: it will come to their inbox, whatever its audience.
///
/// Who cannot see the channel is left out. Answers who is attached now, each once, in the order in
/// which they were given.
pub(crate) fn attach_people(
    tx: &mut Tx<'_>,
    thread: ThreadId,
    channel: ChannelId,
    people: &[UserId],
) -> Result<Vec<UserId>, Error> {
    if people.is_empty() {
        return Ok(Vec::new());
    }
    let attached: Vec<UserId> = tx.all(
        "insert into thread_state (user_id, thread_id, follows)
         select m.user_id, $1, true
         from channel c
         join member m on m.workspace_id = c.workspace_id and m.removed_at is null
             and m.user_id in {ids $3}
         left join channel_member cm on cm.channel_id = c.id and cm.user_id = m.user_id
         where c.id = $2 and (cm.user_id is not null or (c.public and m.role <> 'guest'))
         on conflict (user_id, thread_id) do update set follows = true
         returning user_id",
        params![thread, channel, &json::encode(people)],
    )?;
    let mut ordered = Vec::with_capacity(attached.len());
    for user in people {
        if attached.contains(user) && !ordered.contains(user) {
            ordered.push(*user);
        }
    }
    Ok(ordered)
}

/// The stored list with more people at its end, or `None` when they are all in it.
pub(crate) fn extended(list: &str, more: &[UserId]) -> Result<Option<String>, db::Error> {
    let mut people: Vec<UserId> = json::decode(list)?;
    let before = people.len();
    for user in more {
        if !people.contains(user) {
            people.push(*user);
        }
    }
    Ok((people.len() > before).then(|| json::encode(&people)))
}
