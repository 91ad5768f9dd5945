//! People in a workspace.
//!
//! A guest sees only themselves and those with whom they share a channel or a conversation (our
//! decision).

mod activity;
mod invite;
mod leave;
mod link;

use halyard_identity::{self as identity, AwayMode, UserId};
use halyard_platform::{
    clock::Millis,
    db::{self, FromRow, Row, Tx},
    params,
};
use serde_json::json;

pub use activity::{Activity, Platform, heartbeat, info, local_time, reset_presence};
pub use invite::{Invitation, Invited, invite, resend_invite};
pub use leave::{leave_all, remove, set_role};
pub use link::{behind_code, disable_join_code, join_by_code, join_code, make_join_code};

use crate::{Actor, Error, Role, WorkspaceId, event, group, json::decode, workspace};

/// A person as a member of one workspace.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Id of the person, the same in every workspace.
    pub id: UserId,
    /// Full name.
    pub name: String,
    /// First name and one initial.
    pub short_name: String,
    /// Address.
    pub email: String,
    /// What the person may do here.
    pub role: Role,
    /// Not a human.
    pub bot: bool,
    /// Language, e.g. `en`.
    pub lang: String,
    /// IANA zone name.
    pub timezone: String,
    /// What the person does.
    pub profession: Option<String>,
    /// Free text.
    pub contact_info: Option<String>,
    /// Blob of the picture.
    pub avatar: Option<String>,
    /// An absence.
    pub away_mode: Option<AwayMode>,
    /// Notifications are held back until then.
    pub snooze_until: Option<Millis>,
    /// How the person wants dates.
    pub date_format: String,
    /// `24` or `12`.
    pub time_format: String,
    /// Name of a colour theme.
    pub theme: Option<String>,
    /// Invited, without a password yet.
    pub setup_pending: bool,
    /// Was removed from the workspace or left it; old posts keep their author.
    pub removed: bool,
    /// Rises with each change of the person or of the membership.
    pub version: i64,
}

impl FromRow for Member {
    fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
        let (workspace, id, name) = (row.get()?, row.get()?, row.get::<String>()?);
        Ok(Self {
            workspace,
            id,
            short_name: identity::short_name(&name),
            name,
            email: row.get()?,
            role: row.get()?,
            bot: row.get()?,
            lang: row.get()?,
            timezone: row.get()?,
            profession: row.get()?,
            contact_info: row.get()?,
            avatar: row.get()?,
            away_mode: row.get::<Option<String>>()?.as_deref().map(decode).transpose()?,
            snooze_until: row.get()?,
            date_format: row.get()?,
            time_format: row.get()?,
            theme: row.get()?,
            setup_pending: row.get()?,
            removed: row.get::<Option<Millis>>()?.is_some(),
            version: row.get()?,
        })
    }
}

/// Which members a list has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum People {
    /// Those who are in the workspace now.
    Current,
    /// Also those who were.
    WithRemoved,
}

macro_rules! select_members {
    ($($rest:expr),+) => {
        concat!(
            "select m.workspace_id, u.id, u.name, u.email, m.role, u.bot, u.lang, u.timezone,
                 u.profession, u.contact_info, u.avatar, u.away_mode, u.snooze_until,
                 u.date_format, u.time_format, u.theme, u.setup_pending, m.removed_at,
                 u.version + m.version
             from member m
             join users u on u.id = m.user_id
             where m.workspace_id = $1 ",
            $($rest),+
        )
    };
}

/// The condition that a guest, `$3`, may know the member.
macro_rules! known_to_guest {
    () => {
        " and (m.user_id = $3
             or exists (
                 select 1 from channel_member mine
                 join channel_member theirs on theirs.channel_id = mine.channel_id
                 join channel c on c.id = mine.channel_id
                 where mine.user_id = $3 and theirs.user_id = m.user_id
                     and c.workspace_id = m.workspace_id and c.removed_at is null)
             or exists (
                 select 1 from conversation_member mine
                 join conversation_member theirs
                     on theirs.conversation_id = mine.conversation_id
                 join conversation c on c.id = mine.conversation_id
                 where mine.user_id = $3 and theirs.user_id = m.user_id
                     and c.workspace_id = m.workspace_id)) "
    };
}

/// The members that the actor may know, by id.
///
/// # Errors
/// [`Error::WorkspaceNotFound`]
pub fn list(
    tx: &mut Tx<'_>,
    actor: &Actor,
    workspace: WorkspaceId,
    people: People,
) -> Result<Vec<Member>, Error> {
    let removed = people == People::WithRemoved;
    let members = match workspace::role(tx, actor, workspace)? {
        Role::Guest => tx.all(
            select_members!("and ($2 or m.removed_at is null)", known_to_guest!(), "order by u.id"),
            params![workspace, removed, actor.user],
        )?,
        Role::Admin | Role::User => tx.all(
            select_members!("and ($2 or m.removed_at is null) order by u.id"),
            params![workspace, removed],
        )?,
    };
    Ok(members)
}

/// The ids of [`list`].
///
/// # Errors
/// [`Error::WorkspaceNotFound`]
pub fn ids(
    tx: &mut Tx<'_>,
    actor: &Actor,
    workspace: WorkspaceId,
    people: People,
) -> Result<Vec<UserId>, Error> {
    Ok(list(tx, actor, workspace, people)?.into_iter().map(|member| member.id).collect())
}

/// One member, removed or not.
///
/// # Errors
/// [`Error::WorkspaceNotFound`], [`Error::UserNotFound`]
pub fn getone(
    tx: &mut Tx<'_>,
    actor: &Actor,
    workspace: WorkspaceId,
    user: UserId,
) -> Result<Member, Error> {
    let member = match workspace::role(tx, actor, workspace)? {
        Role::Guest => tx.optional(
            select_members!("and m.user_id = $2", known_to_guest!()),
            params![workspace, user, actor.user],
        )?,
        Role::Admin | Role::User => {
            tx.optional(select_members!("and m.user_id = $2"), params![workspace, user])?
        }
    };
    member.ok_or(Error::UserNotFound)
}

/// The member with this address, removed or not.
///
/// # Errors
/// [`Error::WorkspaceNotFound`], [`Error::EmailNotFound`]
pub fn by_email(
    tx: &mut Tx<'_>,
    actor: &Actor,
    workspace: WorkspaceId,
    email: &str,
) -> Result<Member, Error> {
    workspace::role(tx, actor, workspace)?;
    let user = identity::load_user_by_email(tx, email)?.ok_or(Error::EmailNotFound)?;
    match getone(tx, actor, workspace, user.id) {
        Err(Error::UserNotFound) => Err(Error::EmailNotFound),
        other => other,
    }
}

/// Records in each of the actor's workspaces that their profile has changed.
///
/// # Errors
/// Those of the store.
pub fn profile_changed(tx: &mut Tx<'_>, actor: &Actor) -> Result<(), Error> {
    for workspace in workspace::list(tx, actor)? {
        changed(tx, actor, workspace.id, actor.user)?;
    }
    Ok(())
}

/// A member of any of the actor's workspaces.
///
/// # Errors
/// [`Error::UserNotFound`] also for those whom the actor may not know.
pub fn in_any_workspace(tx: &mut Tx<'_>, actor: &Actor, user: UserId) -> Result<Member, Error> {
    for workspace in workspace::list(tx, actor)? {
        match getone(tx, actor, workspace.id, user) {
            Err(Error::UserNotFound) => {}
            found => return found,
        }
    }
    Err(Error::UserNotFound)
}

/// Refuses people who are not in the workspace now, and keeps the others in it until the
/// transaction ends.
///
/// # Errors
/// [`Error::UserNotFound`]
pub(crate) fn require_current(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    users: &[UserId],
) -> Result<(), Error> {
    if users.is_empty() {
        return Ok(());
    }
    let mut users = users.to_vec();
    users.sort_unstable();
    users.dedup();
    let current: Vec<UserId> = tx.all(
        "select m.user_id from member m
         where m.workspace_id = $1 and m.removed_at is null and m.user_id in {ids $2}
         order by m.user_id {lock m}",
        params![workspace, &crate::json::encode(&users)],
    )?;
    if current.len() == users.len() { Ok(()) } else { Err(Error::UserNotFound) }
}

/// Records that a person has changed, for their groups too.
fn changed(
    tx: &mut Tx<'_>,
    actor: &Actor,
    workspace: WorkspaceId,
    user: UserId,
) -> Result<(), Error> {
    group::person_changed(tx, actor, workspace, user)?;
    Ok(record(tx, actor, workspace, user, "workspace_user_updated")?)
}

/// Records what happened to a membership.
fn record(
    tx: &mut Tx<'_>,
    actor: &Actor,
    workspace: WorkspaceId,
    user: UserId,
    kind: &'static str,
) -> Result<(), db::Error> {
    let payload =
        json!({ "workspace_id": workspace, "user_id": user, "by": actor.user }).to_string();
    event::record(tx, actor, workspace, kind, ("workspace", workspace.0), &payload)
}
