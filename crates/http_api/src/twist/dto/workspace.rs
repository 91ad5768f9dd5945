use halyard_messaging::{member::Member, workspace::Workspace as Core};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    MemberAnswer, seconds,
    user::{AvatarUrls, View},
};

/// What a workspace allows.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Security {
    /// Guests can be invited.
    guests_supported: bool,
    /// Members who are not administrators may install integrations.
    users_can_install_integrations: bool,
    /// Members who are not administrators may invite people.
    users_can_invite: bool,
}

/// What both forms of a workspace have.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Space {
    /// Its id.
    id: i64,
    /// What it is called.
    name: String,
    /// Id of the user who made it.
    creator: i64,
    /// Colour number from 0 to 11, or null.
    color: Option<i64>,
    /// Id of the channel that was made with it, or null.
    default_channel: Option<i64>,
    /// Id of the conversation that was made with it, or null.
    default_conversation: Option<i64>,
    /// Always `unlimited`.
    plan: &'static str,
    /// Id of the picture, or null.
    avatar_id: Option<String>,
    /// Addresses of the picture, or null.
    avatar_urls: Option<AvatarUrls>,
    /// When it was made, Unix seconds.
    created_ts: i64,
}

/// A workspace, version 3.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Workspace {
    #[serde(flatten)]
    space: Space,
    /// What it allows.
    security: Security,
    /// Rises with each change.
    version: i64,
}

/// A workspace, version 2.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WorkspaceV2 {
    #[serde(flatten)]
    space: Space,
    /// The people in it that the caller may know.
    #[schema(value_type = Vec<super::WorkspaceUserV2>)]
    users: Vec<MemberAnswer>,
}

/// A workspace in the form of the caller's version.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum WorkspaceAnswer {
    /// Version 2.
    V2(Box<WorkspaceV2>),
    /// Later versions.
    V3(Box<Workspace>),
}

impl WorkspaceAnswer {
    /// Version 2, with the people.
    pub(crate) fn v2(workspace: Core, people: Vec<Member>, view: View<'_>) -> Self {
        let users = people.into_iter().map(|member| MemberAnswer::new(member, view)).collect();
        Self::V2(Box::new(WorkspaceV2 { space: Space::new(workspace, view), users }))
    }

    /// Later versions.
    pub(crate) fn v3(workspace: Core, view: View<'_>) -> Self {
        Self::V3(Box::new(Workspace {
            version: workspace.version,
            security: Security {
                guests_supported: true,
                // Our decision: integrations are registered by programs of any member.
                users_can_install_integrations: true,
                users_can_invite: true,
            },
            space: Space::new(workspace, view),
        }))
    }
}

impl Space {
    fn new(workspace: Core, view: View<'_>) -> Self {
        Self {
            id: workspace.id.0,
            name: workspace.name,
            creator: workspace.creator.0,
            color: workspace.color,
            default_channel: workspace.default_channel.map(|id| id.0),
            default_conversation: workspace.default_conversation.map(|id| id.0),
            plan: "unlimited",
            avatar_urls: workspace.avatar.as_deref().map(|id| AvatarUrls::new(view.base, id)),
            avatar_id: workspace.avatar,
            created_ts: seconds(workspace.created_at),
        }
    }
}
