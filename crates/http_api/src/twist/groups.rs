use halyard_identity::UserId;
use halyard_messaging::{
    GroupId, WorkspaceId,
    group::{self, GroupChange, NewGroup},
};

use super::{
    call::{Call, DONE},
    channels::changed,
    dto::Group,
    endpoint::Reply,
    ids::Resolve,
};
use crate::{kit::params::Patch, params};

params! {
    /// Names a group.
    pub(crate) struct Named {
        /// The group.
        #[names("id", "group_id")]
        id: GroupId,
    }

    /// Names a workspace.
    pub(crate) struct InWorkspace {
        /// The workspace.
        #[names("workspace_id", "id")]
        workspace_id: WorkspaceId,
    }

    /// A new group.
    pub(crate) struct Add {
        /// The workspace.
        workspace_id: WorkspaceId,
        /// 1 to 255 characters.
        name: String,
        /// Who is in it.
        user_ids: Option<Vec<UserId>>,
        /// What it is for.
        description: Option<String>,
        /// Colour number from 0 to 11.
        color: Option<i64>,
    }

    /// Changes to a group.
    pub(crate) struct Update {
        /// The group.
        #[names("id", "group_id")]
        id: GroupId,
        /// 1 to 255 characters.
        name: Option<String>,
        /// What it is for.
        description: Patch<String>,
        /// Colour number from 0 to 11.
        color: Patch<i64>,
    }

    /// Names a group and a person.
    pub(crate) struct WithUser {
        /// The group.
        #[names("id", "group_id")]
        id: GroupId,
        /// The person.
        user_id: UserId,
    }

    /// Names a group and people.
    pub(crate) struct WithUsers {
        /// The group.
        #[names("id", "group_id")]
        id: GroupId,
        /// The people.
        user_ids: Vec<UserId>,
    }
}

pub(crate) async fn getone(call: Call, p: Named) -> Reply {
    call.read(move |tx, actor| Ok(Group::from(group::getone(tx, actor, p.id)?))).await
}

pub(crate) async fn get(call: Call, p: InWorkspace) -> Reply {
    call.read(move |tx, actor| {
        let workspace = p.workspace_id.resolve(tx, actor)?;
        let groups = group::list(tx, actor, workspace)?;
        Ok(groups.into_iter().map(Group::from).collect::<Vec<_>>())
    })
    .await
}

pub(crate) async fn add(call: Call, p: Add) -> Reply {
    let new = NewGroup {
        name: p.name,
        description: p.description,
        color: p.color,
        users: p.user_ids.unwrap_or_default(),
    };
    call.write(move |tx, actor| {
        let workspace = p.workspace_id.resolve(tx, actor)?;
        Ok(Group::from(group::add(tx, actor, workspace, &new)?))
    })
    .await
}

pub(crate) async fn update(call: Call, p: Update) -> Reply {
    let change =
        GroupChange { name: p.name, description: changed(p.description), color: changed(p.color) };
    call.write(move |tx, actor| Ok(Group::from(group::update(tx, actor, p.id, &change)?))).await
}

pub(crate) async fn remove(call: Call, p: Named) -> Reply {
    call.write(move |tx, actor| {
        group::remove(tx, actor, p.id)?;
        Ok(DONE)
    })
    .await
}

pub(crate) async fn add_user(call: Call, p: WithUser) -> Reply {
    add_users(call, WithUsers { id: p.id, user_ids: vec![p.user_id] }).await
}

pub(crate) async fn remove_user(call: Call, p: WithUser) -> Reply {
    remove_users(call, WithUsers { id: p.id, user_ids: vec![p.user_id] }).await
}

pub(crate) async fn add_users(call: Call, p: WithUsers) -> Reply {
    call.write(move |tx, actor| {
        group::add_users(tx, actor, p.id, &p.user_ids)?;
        Ok(DONE)
    })
    .await
}

pub(crate) async fn remove_users(call: Call, p: WithUsers) -> Reply {
    call.write(move |tx, actor| {
        group::remove_users(tx, actor, p.id, &p.user_ids)?;
        Ok(DONE)
    })
    .await
}
