use halyard_messaging::{
    Actor, WorkspaceId, channel,
    member::{self, People},
    workspace::{self, NewWorkspace, Workspace, WorkspaceChange},
};
use halyard_platform::db::Tx;

use super::{
    call::{Call, DONE, Version},
    dto::{Channel, View, WorkspaceAnswer},
    endpoint::Reply,
    error::Error,
    ids::Resolve,
    users,
};
use crate::params;

params! {
    /// Names a workspace.
    pub(crate) struct Named {
        /// The workspace.
        #[names("id", "workspace_id")]
        id: WorkspaceId,
    }

    /// A new workspace.
    pub(crate) struct Add {
        /// 1 to 255 characters.
        name: String,
        /// A negative number by which the caller can name the workspace until it knows its id.
        temp_id: Option<i64>,
        /// Colour number from 0 to 11.
        color: Option<i64>,
    }

    /// Changes to a workspace.
    pub(crate) struct Update {
        /// The workspace.
        #[names("id", "workspace_id")]
        id: WorkspaceId,
        /// 1 to 255 characters.
        name: Option<String>,
        /// Colour number from 0 to 11.
        color: Option<i64>,
    }

    /// Names a workspace to be removed.
    pub(crate) struct Remove {
        /// The workspace.
        #[names("id", "workspace_id")]
        id: WorkspaceId,
        /// The caller's password.
        current_password: String,
    }
}

/// Makes the answers of one call.
#[derive(Clone)]
pub(super) struct Shape {
    version: Version,
    base: String,
}

impl Shape {
    pub(super) fn of(call: &Call) -> Self {
        Self { version: call.version, base: call.base.clone() }
    }

    pub(super) fn answer(
        &self,
        tx: &mut Tx<'_>,
        actor: &Actor,
        workspace: Workspace,
    ) -> Result<WorkspaceAnswer, Error> {
        let view = View { version: self.version, base: &self.base, now: actor.now };
        Ok(match self.version {
            Version::V2 => {
                let people = member::list(tx, actor, workspace.id, People::Current)?;
                WorkspaceAnswer::v2(workspace, people, view)
            }
            Version::V3 => WorkspaceAnswer::v3(workspace, view),
        })
    }
}

pub(crate) async fn get(call: Call, (): ()) -> Reply {
    let shape = Shape::of(&call);
    call.read(move |tx, actor| {
        let workspaces = workspace::list(tx, actor)?;
        workspaces
            .into_iter()
            .map(|workspace| shape.answer(tx, actor, workspace))
            .collect::<Result<Vec<_>, _>>()
    })
    .await
}

pub(crate) async fn getone(call: Call, p: Named) -> Reply {
    let shape = Shape::of(&call);
    call.read(move |tx, actor| {
        let id = p.id.resolve(tx, actor)?;
        let workspace = workspace::getone(tx, actor, id)?;
        shape.answer(tx, actor, workspace)
    })
    .await
}

pub(crate) async fn get_default(call: Call, (): ()) -> Reply {
    let shape = Shape::of(&call);
    call.read(move |tx, actor| {
        let workspace = workspace::default(tx, actor)?;
        shape.answer(tx, actor, workspace)
    })
    .await
}

pub(crate) async fn add(call: Call, p: Add) -> Reply {
    let shape = Shape::of(&call);
    let new = NewWorkspace { name: p.name, color: p.color, temp_id: p.temp_id };
    call.write(move |tx, actor| {
        let workspace = workspace::add(tx, actor, &new)?;
        shape.answer(tx, actor, workspace)
    })
    .await
}

pub(crate) async fn update(call: Call, p: Update) -> Reply {
    let shape = Shape::of(&call);
    let change = WorkspaceChange { name: p.name, color: p.color };
    call.write(move |tx, actor| {
        let id = p.id.resolve(tx, actor)?;
        let workspace = workspace::update(tx, actor, id, &change)?;
        shape.answer(tx, actor, workspace)
    })
    .await
}

pub(crate) async fn remove(call: Call, p: Remove) -> Reply {
    users::confirm_password(&call, p.current_password).await?;
    call.write(move |tx, actor| {
        let id = p.id.resolve(tx, actor)?;
        workspace::remove(tx, actor, id)?;
        Ok(DONE)
    })
    .await
}

pub(crate) async fn get_public_channels(call: Call, p: Named) -> Reply {
    call.read(move |tx, actor| {
        let id = p.id.resolve(tx, actor)?;
        let channels = channel::list_public(tx, actor, id)?;
        Ok(channels.into_iter().map(Channel::from).collect::<Vec<_>>())
    })
    .await
}
