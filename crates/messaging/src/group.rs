//! Groups of members that are told things together.
//!
//! Administrators and users manage groups; a guest sees only those they are in (our decision).

use std::collections::HashMap;

use halyard_identity::UserId;
use halyard_platform::{
    db::{self, FromRow, Row, Tx},
    params,
};
use serde_json::json;

use crate::{
    Actor, Error, GroupId, Role, WorkspaceId, event,
    json::encode,
    member,
    name::{MAX_NAME, check_color, check_name},
    workspace,
};

/// A group of members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Id, above the numbers that clients use for "everyone".
    pub id: GroupId,
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Name, 1 to 255 characters.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// A colour number, 0 to 11.
    pub color: Option<i64>,
    /// Rises with each change, also of its people.
    pub version: i64,
    /// Who is in it, by id.
    pub users: Vec<UserId>,
}

impl FromRow for Group {
    fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
        Ok(Self {
            id: row.get()?,
            workspace: row.get()?,
            name: row.get()?,
            description: row.get()?,
            color: row.get()?,
            version: row.get()?,
            users: Vec::new(),
        })
    }
}

/// A group to be made.
#[derive(Debug, Clone, Default)]
pub struct NewGroup {
    /// Name, 1 to 255 characters.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// A colour number, 0 to 11.
    pub color: Option<i64>,
    /// Who is in it.
    pub users: Vec<UserId>,
}

/// What to change: `None` leaves a field alone, `Some(None)` clears it.
#[derive(Debug, Clone, Default)]
pub struct GroupChange {
    /// Name, 1 to 255 characters.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<Option<String>>,
    /// A colour number, 0 to 11.
    pub color: Option<Option<i64>>,
}

/// The group, if `$2` is in its workspace, and in the group itself when they are a guest.
macro_rules! select_visible {
    ($rest:literal) => {
        concat!(
            "select g.id, g.workspace_id, g.name, g.description, g.color, g.version
             from member_group g
             join workspace w on w.id = g.workspace_id and w.removed_at is null
             join member m on m.workspace_id = w.id and m.user_id = $2 and m.removed_at is null
             where (m.role <> 'guest' or exists (
                 select 1 from member_group_user mine
                 where mine.group_id = g.id and mine.user_id = $2)) ",
            $rest
        )
    };
}

/// One group.
///
/// # Errors
/// [`Error::GroupNotFound`]
pub fn getone(tx: &mut Tx<'_>, actor: &Actor, id: GroupId) -> Result<Group, Error> {
    let mut group: Group = tx
        .optional(select_visible!("and g.id = $1"), params![id, actor.user])?
        .ok_or(Error::GroupNotFound)?;
    group.users = tx.all(
        "select user_id from member_group_user where group_id = $1 order by user_id",
        params![id],
    )?;
    Ok(group)
}

/// The groups of a workspace, oldest first.
///
/// # Errors
/// [`Error::WorkspaceNotFound`]
pub fn list(tx: &mut Tx<'_>, actor: &Actor, workspace: WorkspaceId) -> Result<Vec<Group>, Error> {
    workspace::role(tx, actor, workspace)?;
    let mut groups: Vec<Group> = tx.all(
        select_visible!("and g.workspace_id = $1 order by g.id"),
        params![workspace, actor.user],
    )?;
    let rows: Vec<(GroupId, UserId)> = tx.all(
        "select gu.group_id, gu.user_id from member_group_user gu
         join member_group g on g.id = gu.group_id
         where g.workspace_id = $1
         order by gu.group_id, gu.user_id",
        params![workspace],
    )?;
    let mut users: HashMap<GroupId, Vec<UserId>> = HashMap::new();
    for (group, user) in rows {
        users.entry(group).or_default().push(user);
    }
    for group in &mut groups {
        group.users = users.remove(&group.id).unwrap_or_default();
    }
    Ok(groups)
}

/// Makes a group.
///
/// # Errors
/// [`Error::WorkspaceNotFound`]; [`Error::Forbidden`] for guests; [`Error::NameInvalid`];
/// [`Error::Invalid`] for the colour; [`Error::UserNotFound`] when one of the people is not in
/// the workspace.
pub fn add(
    tx: &mut Tx<'_>,
    actor: &Actor,
    workspace: WorkspaceId,
    new: &NewGroup,
) -> Result<Group, Error> {
    may_change(workspace::role(tx, actor, workspace)?)?;
    let name = check_name(&new.name, MAX_NAME)?;
    check_color(new.color)?;
    member::require_current(tx, workspace, &new.users)?;
    let id: GroupId = tx.one(
        "insert into member_group (workspace_id, name, description, color, created_at)
         values ($1, $2, $3, $4, $5) returning id",
        params![workspace, &name, &new.description, new.color, actor.now],
    )?;
    put_users(tx, id, &new.users)?;
    record(tx, actor, workspace, id, "group_added")?;
    getone(tx, actor, id)
}

/// Changes name, description or colour.
///
/// # Errors
/// [`Error::GroupNotFound`]; [`Error::Forbidden`] for guests; [`Error::NameInvalid`];
/// [`Error::Invalid`] for the colour.
pub fn update(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: GroupId,
    change: &GroupChange,
) -> Result<Group, Error> {
    let old = changeable(tx, actor, id, &[])?;
    let name = change.name.as_deref().map(|name| check_name(name, MAX_NAME)).transpose()?;
    check_color(change.color.flatten())?;
    tx.exec(
        "update member_group set name = $2, description = $3, color = $4, version = version + 1
         where id = $1",
        params![
            id,
            &name.unwrap_or(old.name),
            change.description.as_ref().unwrap_or(&old.description),
            change.color.unwrap_or(old.color)
        ],
    )?;
    record(tx, actor, old.workspace, id, "group_updated")?;
    getone(tx, actor, id)
}

/// Deletes a group. Threads that named it keep its number.
///
/// # Errors
/// [`Error::GroupNotFound`]; [`Error::Forbidden`] for guests.
pub fn remove(tx: &mut Tx<'_>, actor: &Actor, id: GroupId) -> Result<(), Error> {
    let group = changeable(tx, actor, id, &[])?;
    tx.exec("delete from member_group_user where group_id = $1", params![id])?;
    tx.exec("delete from member_group where id = $1", params![id])?;
    let payload = json!({
        "workspace_id": group.workspace, "group_id": id, "name": group.name,
        "user_ids": group.users,
    });
    let subject = ("group", id.0);
    event::record(tx, actor, group.workspace, "group_deleted", subject, &payload.to_string())?;
    Ok(())
}

/// Puts people into a group; those who are in it already stay.
///
/// # Errors
/// [`Error::GroupNotFound`]; [`Error::Forbidden`] for guests; [`Error::UserNotFound`] when one of
/// them is not in the workspace.
pub fn add_users(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: GroupId,
    users: &[UserId],
) -> Result<Group, Error> {
    let group = changeable(tx, actor, id, users)?;
    let added: Vec<UserId> = distinct(users, |user| !group.users.contains(user));
    put_users(tx, id, &added)?;
    changed(tx, actor, &group, "group_user_added", &added)?;
    getone(tx, actor, id)
}

/// Takes people out of a group; those who are not in it do not matter.
///
/// # Errors
/// [`Error::GroupNotFound`]; [`Error::Forbidden`] for guests; [`Error::UserNotFound`] when one of
/// them is not in the workspace.
pub fn remove_users(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: GroupId,
    users: &[UserId],
) -> Result<Group, Error> {
    let group = changeable(tx, actor, id, users)?;
    let removed: Vec<UserId> = distinct(users, |user| group.users.contains(user));
    tx.exec(
        "delete from member_group_user where group_id = $1 and user_id in {ids $2}",
        params![id, &encode(&removed)],
    )?;
    changed(tx, actor, &group, "group_user_removed", &removed)?;
    getone(tx, actor, id)
}

/// Records in the groups of a person in this workspace that the person has changed: the membership of a
/// group has nothing of its own that could.
///
/// # Errors
/// Those of the store.
pub(crate) fn person_changed(
    tx: &mut Tx<'_>,
    actor: &Actor,
    workspace: WorkspaceId,
    user: UserId,
) -> Result<(), db::Error> {
    let groups: Vec<GroupId> = tx.all(
        "select g.id from member_group g
         join member_group_user gu on gu.group_id = g.id
         where g.workspace_id = $1 and gu.user_id = $2 order by g.id",
        params![workspace, user],
    )?;
    for group in groups {
        record_user(tx, actor, (workspace, group), user, "group_user_updated")?;
    }
    Ok(())
}

fn may_change(role: Role) -> Result<(), Error> {
    match role {
        Role::Admin | Role::User => Ok(()),
        Role::Guest => Err(Error::Forbidden("guests may not change groups")),
    }
}

/// The group as it is, kept from other changes until the transaction ends, as `users` are kept in
/// the workspace.
fn changeable(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: GroupId,
    users: &[UserId],
) -> Result<Group, Error> {
    let group = getone(tx, actor, id)?;
    may_change(workspace::role(tx, actor, group.workspace)?)?;
    // People first, the group second: removing a member takes the same order.
    member::require_current(tx, group.workspace, users)?;
    tx.all::<i64>("select g.id from member_group g where g.id = $1 {lock g}", params![id])?;
    // Read again, because it may have changed while this transaction waited.
    getone(tx, actor, id)
}

fn distinct(users: &[UserId], wanted: impl Fn(&UserId) -> bool) -> Vec<UserId> {
    let mut users: Vec<UserId> = users.iter().copied().filter(wanted).collect();
    users.sort_unstable();
    users.dedup();
    users
}

fn put_users(tx: &mut Tx<'_>, id: GroupId, users: &[UserId]) -> Result<(), db::Error> {
    for user in users {
        tx.exec(
            "insert into member_group_user (group_id, user_id) values ($1, $2)
             on conflict (group_id, user_id) do nothing",
            params![id, *user],
        )?;
    }
    Ok(())
}

/// Raises the version and records one event for each person, if there are any.
fn changed(
    tx: &mut Tx<'_>,
    actor: &Actor,
    group: &Group,
    kind: &'static str,
    users: &[UserId],
) -> Result<(), db::Error> {
    if users.is_empty() {
        return Ok(());
    }
    tx.exec("update member_group set version = version + 1 where id = $1", params![group.id])?;
    for user in users {
        record_user(tx, actor, (group.workspace, group.id), *user, kind)?;
    }
    Ok(())
}

/// Records what happened to a person in a group.
fn record_user(
    tx: &mut Tx<'_>,
    actor: &Actor,
    (workspace, group): (WorkspaceId, GroupId),
    user: UserId,
    kind: &'static str,
) -> Result<(), db::Error> {
    let payload = json!({ "workspace_id": workspace, "group_id": group, "user_id": user });
    event::record(tx, actor, workspace, kind, ("group", group.0), &payload.to_string())
}

fn record(
    tx: &mut Tx<'_>,
    actor: &Actor,
    workspace: WorkspaceId,
    id: GroupId,
    kind: &'static str,
) -> Result<(), db::Error> {
    let payload = json!({ "workspace_id": workspace, "group_id": id }).to_string();
    event::record(tx, actor, workspace, kind, ("group", id.0), &payload)
}
