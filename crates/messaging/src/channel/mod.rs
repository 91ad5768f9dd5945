//! Channels: where threads live.
//!
//! Public channels are open to every member who is not a guest; private ones to those who were
//! added. Whoever cannot see a channel is told that it does not exist.

mod change;
mod people;

use halyard_identity::UserId;
use halyard_platform::{
    clock::Millis,
    db::{self, FromRow, Row, Tx},
    params,
};
use serde_json::json;

pub use change::{ChannelChange, add, archive, favorite, remove, unarchive, unfavorite, update};
pub(crate) use people::join;
pub use people::{add_users, remove_users};

use crate::{Actor, ChannelId, Error, Role, WorkspaceId, event, json as stored};

/// A channel as one member sees it.
#[derive(Debug, Clone)]
pub struct Channel {
    /// Id.
    pub id: ChannelId,
    /// Where it belongs.
    pub workspace_id: WorkspaceId,
    /// Who made it.
    pub creator: UserId,
    /// 1 to 80 characters.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Number of a colour, 0 to 11.
    pub color: Option<i64>,
    /// Number of a picture.
    pub icon: Option<i64>,
    /// Open to every member who is not a guest.
    pub public: bool,
    /// Read-only and out of the way.
    pub archived: bool,
    /// Whether clients should preset the audience of a new thread with the two lists below.
    pub use_default_recipients: bool,
    /// JSON list of people.
    pub default_recipients: Option<String>,
    /// JSON list of groups.
    pub default_groups: Option<String>,
    /// JSON object with text values, kept for clients.
    pub filters: Option<String>,
    /// When it was made.
    pub created_at: Millis,
    /// Rises with each change.
    pub version: i64,
    /// The member has marked it.
    pub favorited: bool,
    /// Who has joined, ascending.
    pub user_ids: Vec<UserId>,
}

impl FromRow for Channel {
    fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
        Ok(Self {
            id: row.get()?,
            workspace_id: row.get()?,
            creator: row.get()?,
            name: row.get()?,
            description: row.get()?,
            color: row.get()?,
            icon: row.get()?,
            public: row.get()?,
            archived: row.get()?,
            use_default_recipients: row.get()?,
            default_recipients: row.get()?,
            default_groups: row.get()?,
            filters: row.get()?,
            created_at: row.get()?,
            version: row.get()?,
            favorited: row.get::<Option<bool>>()?.unwrap_or(false),
            user_ids: Vec::new(),
        })
    }
}

macro_rules! channel_columns {
    () => {
        "c.id, c.workspace_id, c.creator, c.name, c.description, c.color, c.icon, c.public,
         c.archived, c.use_default_recipients, c.default_recipients, c.default_groups, c.filters,
         c.created_at, c.version, cm.favorited"
    };
}

/// What an actor may do with a channel they can see.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    pub(crate) id: ChannelId,
    pub(crate) workspace: WorkspaceId,
    pub(crate) name: String,
    pub(crate) creator: UserId,
    pub(crate) archived: bool,
    pub(crate) joined: bool,
    pub(crate) role: Role,
}

impl FromRow for Access {
    fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
        Ok(Self {
            id: row.get()?,
            workspace: row.get()?,
            name: row.get()?,
            creator: row.get()?,
            archived: row.get()?,
            joined: row.get()?,
            role: row.get()?,
        })
    }
}

/// Finds a channel through the actor's membership.
///
/// # Errors
/// [`Error::ChannelNotFound`] for what the actor cannot see.
pub(crate) fn access(tx: &mut Tx<'_>, actor: &Actor, id: ChannelId) -> Result<Access, Error> {
    tx.optional(
        "select c.id, c.workspace_id, c.name, c.creator, c.archived,
             cm.user_id is not null, m.role
         from channel c
         join member m on m.workspace_id = c.workspace_id and m.user_id = $2
             and m.removed_at is null
         left join channel_member cm on cm.channel_id = c.id and cm.user_id = $2
         where c.id = $1 and c.removed_at is null
             and (cm.user_id is not null or (c.public and m.role <> 'guest'))",
        params![id, actor.user],
    )?
    .ok_or(Error::ChannelNotFound)
}

impl Access {
    /// Guests take part, but do not change the channel itself.
    pub(crate) fn require_member(&self) -> Result<(), Error> {
        if self.role == Role::Guest {
            return Err(Error::Forbidden("guests cannot change channels"));
        }
        Ok(())
    }

    fn require_owner(&self, actor: &Actor) -> Result<(), Error> {
        if self.role == Role::Admin || (self.creator == actor.user && self.role != Role::Guest) {
            return Ok(());
        }
        Err(Error::Forbidden("only the channel's creator or an admin may do this"))
    }
}

fn record(
    tx: &mut Tx<'_>,
    actor: &Actor,
    workspace: WorkspaceId,
    id: ChannelId,
    kind: &str,
) -> Result<(), Error> {
    let payload = json!({"workspace_id": workspace, "channel_id": id});
    event::record(tx, actor, workspace, kind, ("channel", id.0), &payload.to_string())?;
    Ok(())
}

/// One channel.
///
/// # Errors
/// [`Error::ChannelNotFound`]
pub fn load(tx: &mut Tx<'_>, actor: &Actor, id: ChannelId) -> Result<Channel, Error> {
    let channels = tx.all(
        concat!(
            "select ",
            channel_columns!(),
            "
             from channel c
             join member m on m.workspace_id = c.workspace_id and m.user_id = $2
                 and m.removed_at is null
             left join channel_member cm on cm.channel_id = c.id and cm.user_id = $2
             where c.id = $1 and c.removed_at is null
                 and (cm.user_id is not null or (c.public and m.role <> 'guest'))"
        ),
        params![id, actor.user],
    )?;
    with_people(tx, channels)?.pop().ok_or(Error::ChannelNotFound)
}

/// The channels of a workspace that the actor has joined, by name.
///
/// # Errors
/// [`Error::WorkspaceNotFound`]
pub fn list_joined(
    tx: &mut Tx<'_>,
    actor: &Actor,
    workspace: WorkspaceId,
    archived: bool,
) -> Result<Vec<Channel>, Error> {
    crate::workspace::role(tx, actor, workspace)?;
    let channels = tx.all(
        concat!(
            "select ",
            channel_columns!(),
            "
             from channel_member cm
             join channel c on c.id = cm.channel_id and c.removed_at is null
             where cm.user_id = $1 and c.workspace_id = $2 and c.archived = $3
             order by c.name, c.id"
        ),
        params![actor.user, workspace, archived],
    )?;
    Ok(with_people(tx, channels)?)
}

/// The public channels of a workspace, joined or not; a guest sees only those they joined.
///
/// # Errors
/// [`Error::WorkspaceNotFound`]
pub fn list_public(
    tx: &mut Tx<'_>,
    actor: &Actor,
    workspace: WorkspaceId,
) -> Result<Vec<Channel>, Error> {
    let role = crate::workspace::role(tx, actor, workspace)?;
    let channels = tx.all(
        concat!(
            "select ",
            channel_columns!(),
            "
             from channel c
             left join channel_member cm on cm.channel_id = c.id and cm.user_id = $1
             where c.workspace_id = $2 and c.removed_at is null and c.public
                 and c.archived = false and ($3 or cm.user_id is not null)
             order by c.name, c.id"
        ),
        params![actor.user, workspace, role != Role::Guest],
    )?;
    Ok(with_people(tx, channels)?)
}

fn with_people(tx: &mut Tx<'_>, mut channels: Vec<Channel>) -> Result<Vec<Channel>, db::Error> {
    let ids: Vec<_> = channels.iter().map(|channel| channel.id).collect();
    let rows: Vec<(ChannelId, UserId)> = tx.all(
        "select channel_id, user_id from channel_member
         where channel_id in {ids $1} order by channel_id, user_id",
        params![&stored::encode(&ids)],
    )?;
    for channel in &mut channels {
        let first = rows.partition_point(|(id, _)| *id < channel.id);
        let people = rows[first..].iter().take_while(|(id, _)| *id == channel.id);
        channel.user_ids = people.map(|(_, user)| *user).collect();
    }
    Ok(channels)
}
