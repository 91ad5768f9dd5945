//! What several of these tests do.

use halyard_identity::UserId;
use halyard_messaging::{
    Error, Role, WorkspaceId,
    member::{self, Invitation, Invited, Member, People},
};
use halyard_platform::{db::Db, params};

use crate::people::{Team, act, invitation};

pub(crate) async fn invite(
    db: &Db,
    team: &Team,
    by: UserId,
    new: Invitation,
) -> Result<Invited, Error> {
    let workspace = team.workspace;
    act(db, by, move |tx, actor| member::invite(tx, actor, workspace, &new)).await
}

pub(crate) async fn getone(
    db: &Db,
    team: &Team,
    by: UserId,
    user: UserId,
) -> Result<Member, Error> {
    let workspace = team.workspace;
    act(db, by, move |tx, actor| member::getone(tx, actor, workspace, user)).await
}

pub(crate) async fn seen_by(db: &Db, team: &Team, by: UserId, people: People) -> Vec<UserId> {
    let workspace = team.workspace;
    act(db, by, move |tx, actor| member::ids(tx, actor, workspace, people)).await.unwrap()
}

pub(crate) async fn channels_of(db: &Db, user: UserId) -> Vec<i64> {
    db.read(move |tx| {
        tx.all::<i64>(
            "select channel_id from channel_member where user_id = $1 order by channel_id",
            params![user],
        )
    })
    .await
    .unwrap()
}

pub(crate) async fn admins(db: &Db, workspace: WorkspaceId) -> i64 {
    db.read(move |tx| {
        tx.one::<i64>(
            "select count(*) from member
             where workspace_id = $1 and role = 'admin' and removed_at is null",
            params![workspace],
        )
    })
    .await
    .unwrap()
}

/// Eight administrators, of whom Ann is the first.
pub(crate) async fn eight_admins(db: &Db, team: &Team) -> Vec<UserId> {
    let mut all = vec![team.ann];
    for n in 1..8 {
        let new = invitation(&format!("admin{n}"), Role::Admin, &[]);
        all.push(invite(db, team, team.ann, new).await.unwrap().member.id);
    }
    all
}
