//! The workspace, its people and its groups.

use halyard_platform::{
    db::{self, Tx},
    params,
};

use super::{
    super::record::{Group, Person, Record, Workspace},
    Cursor, FEW, Found, MANY,
};
use crate::WorkspaceId;

pub(super) fn workspace(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<Vec<Record>, db::Error> {
    let found: Option<Workspace> = tx.optional(
        "select w.id, w.name, w.color, w.created_at, u.id, u.name, u.email, u.bot
         from workspace w join users u on u.id = w.creator
         where w.id = $1 and w.removed_at is null",
        params![workspace],
    )?;
    Ok(found.into_iter().map(Record::Workspace).collect())
}

pub(super) fn people(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    at: &mut Cursor,
) -> Result<Found, db::Error> {
    let found: Vec<Person> = tx.all(
        "select u.id, u.name, u.email, u.bot, u.profession, u.contact_info, u.timezone, m.role,
             m.joined_at, m.removed_at
         from member m join users u on u.id = m.user_id
         where m.workspace_id = $1 and m.user_id > $2
         order by m.user_id limit $3",
        params![workspace, at.id, MANY],
    )?;
    Ok(at.pass(found, MANY, |row| row.account.id, Record::Person))
}

pub(super) fn groups(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    at: &mut Cursor,
) -> Result<Found, db::Error> {
    let mut found: Vec<Group> = tx.all(
        "select id, name, description, color, created_at from member_group
         where workspace_id = $1 and id > $2 order by id limit $3",
        params![workspace, at.id, FEW],
    )?;
    for group in &mut found {
        group.users = tx.all(
            "select user_id from member_group_user where group_id = $1 order by user_id",
            params![group.id],
        )?;
    }
    Ok(at.pass(found, FEW, |row| row.id, Record::Group))
}
