//! A team's space.

use halyard_identity::{self as identity, UserId};
use halyard_platform::{
    clock::Millis,
    db::{self, FromRow, Row, Tx},
    params,
};
use serde_json::json;

use crate::{
    Actor, ChannelId, ConversationId, Error, Role, WorkspaceId, audit,
    channel::{self, ChannelChange},
    conversation, event,
    name::{MAX_NAME, check_color, check_name},
    temp_id,
};

/// Name of the channel that a new workspace starts with.
const FIRST_CHANNEL: &str = "General";

/// A workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// Id.
    pub id: WorkspaceId,
    /// Name, 1 to 255 characters.
    pub name: String,
    /// A colour number, 0 to 11.
    pub color: Option<i64>,
    /// Who made it.
    pub creator: UserId,
    /// The channel that was made with it; new members join it.
    pub default_channel: Option<ChannelId>,
    /// The conversation that was made with it.
    pub default_conversation: Option<ConversationId>,
    /// Blob of the picture.
    pub avatar: Option<String>,
    /// When it was made.
    pub created_at: Millis,
    /// Rises with each change.
    pub version: i64,
}

impl FromRow for Workspace {
    fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
        Ok(Self {
            id: row.get()?,
            name: row.get()?,
            color: row.get()?,
            creator: row.get()?,
            default_channel: row.get()?,
            default_conversation: row.get()?,
            avatar: row.get()?,
            created_at: row.get()?,
            version: row.get()?,
        })
    }
}

/// A workspace to be made.
#[derive(Debug, Clone, Default)]
pub struct NewWorkspace {
    /// Name, 1 to 255 characters.
    pub name: String,
    /// A colour number, 0 to 11.
    pub color: Option<i64>,
    /// The number by which the client calls it until it learns the id.
    pub temp_id: Option<i64>,
}

/// What to change; `None` leaves a field alone.
#[derive(Debug, Clone, Default)]
pub struct WorkspaceChange {
    /// Name, 1 to 255 characters.
    pub name: Option<String>,
    /// A colour number, 0 to 11.
    pub color: Option<i64>,
}

macro_rules! select_own {
    ($rest:literal) => {
        concat!(
            "select w.id, w.name, w.color, w.creator, w.default_channel, w.default_conversation,
                 w.avatar, w.created_at, w.version
             from member m
             join workspace w on w.id = m.workspace_id and w.removed_at is null
             join users u on u.id = m.user_id
             where m.user_id = $1 and m.removed_at is null ",
            $rest
        )
    };
}

/// The actor's workspaces, oldest first.
pub fn list(tx: &mut Tx<'_>, actor: &Actor) -> Result<Vec<Workspace>, Error> {
    Ok(tx.all(select_own!("order by w.id"), params![actor.user])?)
}

/// Every workspace of the installation with the number of its members, for the command line.
pub fn list_all(tx: &mut Tx<'_>) -> Result<Vec<(Workspace, i64)>, Error> {
    struct Counted(Workspace, i64);
    impl FromRow for Counted {
        fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
            Ok(Self(Workspace::from_row(row)?, row.get()?))
        }
    }
    let all: Vec<Counted> = tx.all(
        "select w.id, w.name, w.color, w.creator, w.default_channel, w.default_conversation,
             w.avatar, w.created_at, w.version,
             (select count(*) from member m
              where m.workspace_id = w.id and m.removed_at is null)
         from workspace w where w.removed_at is null order by w.id",
        params![],
    )?;
    Ok(all.into_iter().map(|Counted(workspace, members)| (workspace, members)).collect())
}

/// Somebody who may do everything in a workspace: the operator acts as them.
///
/// # Errors
/// [`Error::WorkspaceNotFound`]
pub fn an_admin(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<UserId, Error> {
    tx.optional(
        "select m.user_id from member m
         join workspace w on w.id = m.workspace_id and w.removed_at is null
         where m.workspace_id = $1 and m.role = 'admin' and m.removed_at is null
         order by m.joined_at, m.user_id limit 1",
        params![workspace],
    )?
    .ok_or(Error::WorkspaceNotFound)
}

/// One workspace of the actor.
///
/// # Errors
/// [`Error::WorkspaceNotFound`]
pub fn getone(tx: &mut Tx<'_>, actor: &Actor, id: WorkspaceId) -> Result<Workspace, Error> {
    tx.optional(select_own!("and w.id = $2"), params![actor.user, id])?
        .ok_or(Error::WorkspaceNotFound)
}

/// Where the actor's clients start: the chosen workspace, or the oldest one when there is no
/// choice or the actor has left it.
///
/// # Errors
/// [`Error::WorkspaceNotFound`] when the actor is in no workspace.
pub fn default(tx: &mut Tx<'_>, actor: &Actor) -> Result<Workspace, Error> {
    tx.optional(
        select_own!(
            "order by case when w.id = u.default_workspace then 0 else 1 end, w.id limit 1"
        ),
        params![actor.user],
    )?
    .ok_or(Error::WorkspaceNotFound)
}

/// What the actor may do in a workspace.
///
/// # Errors
/// [`Error::WorkspaceNotFound`] when the actor is not a member.
pub fn role(tx: &mut Tx<'_>, actor: &Actor, workspace: WorkspaceId) -> Result<Role, Error> {
    tx.optional::<(Role,)>(
        "select m.role from member m
         join workspace w on w.id = m.workspace_id and w.removed_at is null
         where m.workspace_id = $1 and m.user_id = $2 and m.removed_at is null",
        params![workspace, actor.user],
    )?
    .map(|(role,)| role)
    .ok_or(Error::WorkspaceNotFound)
}

/// Refuses everybody but administrators.
///
/// # Errors
/// [`Error::WorkspaceNotFound`], [`Error::Forbidden`]
pub fn require_admin(tx: &mut Tx<'_>, actor: &Actor, workspace: WorkspaceId) -> Result<(), Error> {
    match role(tx, actor, workspace)? {
        Role::Admin => Ok(()),
        Role::User | Role::Guest => {
            Err(Error::Forbidden("only admins of the workspace may do this"))
        }
    }
}

/// Like [`role`], and keeps others from changing the members until the transaction ends.
pub(crate) fn lock(tx: &mut Tx<'_>, actor: &Actor, workspace: WorkspaceId) -> Result<Role, Error> {
    // An outsider must not be able to make members wait.
    role(tx, actor, workspace)?;
    tx.all::<i64>("select w.id from workspace w where w.id = $1 {lock w}", params![workspace])?;
    // Asked again, because the role may have changed while this transaction waited.
    role(tx, actor, workspace)
}

/// Makes a workspace with a channel and a conversation; the actor becomes its administrator.
///
/// # Errors
/// [`Error::NameInvalid`], [`Error::Invalid`] for the colour, and those of [`temp_id::claim`].
pub fn add(tx: &mut Tx<'_>, actor: &Actor, new: &NewWorkspace) -> Result<Workspace, Error> {
    let name = check_name(&new.name, MAX_NAME)?;
    check_color(new.color)?;
    let id: WorkspaceId = tx.one(
        "insert into workspace (name, color, creator, created_at) values ($1, $2, $3, $4)
         returning id",
        params![&name, new.color, actor.user, actor.now],
    )?;
    tx.exec(
        "insert into member (workspace_id, user_id, role, joined_at) values ($1, $2, $3, $4)",
        params![id, actor.user, Role::Admin.stored(), actor.now],
    )?;
    let first = ChannelChange { name: Some(FIRST_CHANNEL.to_owned()), ..ChannelChange::default() };
    let channel = channel::add(tx, actor, id, &first, &[], None)?.id;
    let conversation = conversation::create_with(tx, actor, id, &[], &name)?;
    tx.exec(
        "update workspace set default_channel = $2, default_conversation = $3 where id = $1",
        params![id, channel, conversation],
    )?;
    if identity::load_user(tx, actor.user)?.default_workspace.is_none() {
        identity::set_default_workspace(tx, actor.user, Some(id.0))?;
    }
    if let Some(temp) = new.temp_id {
        temp_id::claim(tx, actor, temp, temp_id::Kind::Workspace, id.0)?;
    }
    record(tx, actor, id, "workspace_added")?;
    let subject = ("workspace", id.0);
    audit::record(tx, actor, id, "workspace_added", subject, json!({"name": name}))?;
    getone(tx, actor, id)
}

/// Changes name or colour; for administrators.
///
/// # Errors
/// [`Error::WorkspaceNotFound`], [`Error::Forbidden`], [`Error::NameInvalid`], [`Error::Invalid`]
pub fn update(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: WorkspaceId,
    change: &WorkspaceChange,
) -> Result<Workspace, Error> {
    require_admin(tx, actor, id)?;
    let name = change.name.as_deref().map(|name| check_name(name, MAX_NAME)).transpose()?;
    check_color(change.color)?;
    tx.exec(
        "update workspace set name = coalesce($2, name), color = coalesce($3, color),
             version = version + 1
         where id = $1",
        params![id, &name, change.color],
    )?;
    record(tx, actor, id, "workspace_updated")?;
    let detail = json!({"name": name, "color": change.color});
    audit::record(tx, actor, id, "workspace_updated", ("workspace", id.0), detail)?;
    getone(tx, actor, id)
}

/// Ends a workspace for everybody; for administrators. The caller has checked the password.
///
/// # Errors
/// [`Error::WorkspaceNotFound`], [`Error::Forbidden`]
pub fn remove(tx: &mut Tx<'_>, actor: &Actor, id: WorkspaceId) -> Result<(), Error> {
    lock(tx, actor, id)?;
    require_admin(tx, actor, id)?;
    end(tx, actor, id)
}

/// Ends a workspace and every membership in it without asking whether the actor may.
pub(crate) fn end(tx: &mut Tx<'_>, actor: &Actor, id: WorkspaceId) -> Result<(), Error> {
    tx.exec(
        "update workspace set removed_at = $2, version = version + 1 where id = $1",
        params![id, actor.now],
    )?;
    tx.exec(
        "update member set removed_at = $2, away = true, version = version + 1
         where workspace_id = $1 and removed_at is null",
        params![id, actor.now],
    )?;
    identity::forget_default_workspace(tx, id.0)?;
    crate::purge::enqueue_workspace(tx, actor, id)?;
    let (name, creator): (String, UserId) =
        tx.one("select name, creator from workspace where id = $1", params![id])?;
    let payload = json!({ "workspace_id": id, "name": name, "creator": creator }).to_string();
    event::record(tx, actor, id, "workspace_deleted", ("workspace", id.0), &payload)?;
    let detail = json!({"name": name});
    audit::record(tx, actor, id, "workspace_removed", ("workspace", id.0), detail)?;
    Ok(())
}

fn record(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: WorkspaceId,
    kind: &'static str,
) -> Result<(), db::Error> {
    let payload = json!({ "workspace_id": id }).to_string();
    event::record(tx, actor, id, kind, ("workspace", id.0), &payload)
}
