use halyard_messaging::{WorkspaceId, member, workspace};

use super::{
    call::{Call, DONE},
    dto::JoinLink,
    endpoint::Reply,
    ids::Resolve,
    workspaces::Shape,
};
use crate::params;

params! {
    /// Names a workspace.
    pub(crate) struct InWorkspace {
        /// The workspace.
        #[names("workspace_id", "id")]
        workspace_id: WorkspaceId,
    }

    /// Names a link.
    pub(crate) struct Join {
        /// The whole address, or the code at its end.
        url_invite_code: String,
    }
}

/// Where the page of a code is.
fn address(base: &str, code: &str) -> JoinLink {
    JoinLink { url: format!("{base}/j/{code}") }
}

pub(crate) async fn get_or_create(call: Call, p: InWorkspace) -> Reply {
    let (base, fresh) = (call.base.clone(), call.app.random.hex(16));
    call.write(move |tx, actor| {
        let workspace = p.workspace_id.resolve(tx, actor)?;
        Ok(address(&base, &member::make_join_code(tx, actor, workspace, &fresh)?))
    })
    .await
}

pub(crate) async fn get_only(call: Call, p: InWorkspace) -> Reply {
    let base = call.base.clone();
    call.read(move |tx, actor| {
        let workspace = p.workspace_id.resolve(tx, actor)?;
        Ok(member::join_code(tx, actor, workspace)?.map(|code| address(&base, &code)))
    })
    .await
}

pub(crate) async fn disable(call: Call, p: InWorkspace) -> Reply {
    call.write(move |tx, actor| {
        let workspace = p.workspace_id.resolve(tx, actor)?;
        member::disable_join_code(tx, actor, workspace)?;
        Ok(DONE)
    })
    .await
}

pub(crate) async fn join_workspace(call: Call, p: Join) -> Reply {
    let shape = Shape::of(&call);
    let code = p.url_invite_code.trim().trim_end_matches('/');
    let code = code.rsplit('/').next().unwrap_or_default().to_owned();
    call.write(move |tx, actor| {
        let id = member::join_by_code(tx, actor, &code)?;
        let joined = workspace::getone(tx, actor, id)?;
        shape.answer(tx, actor, joined)
    })
    .await
}
