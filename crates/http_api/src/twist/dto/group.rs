use halyard_messaging::group::Group as Core;
use serde::Serialize;
use utoipa::ToSchema;

/// A group of members. Versions 2 and 3 share one form.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Group {
    /// Its id, above the numbers that stand for "everyone".
    id: i64,
    /// What it is called.
    name: String,
    /// What it is for, or null.
    description: Option<String>,
    /// Colour number from 0 to 11, or null.
    color: Option<i64>,
    /// Ids of the people in it, ascending.
    user_ids: Vec<i64>,
    /// Id of its workspace.
    workspace_id: i64,
    /// Rises with each change.
    version: i64,
}

impl From<Core> for Group {
    fn from(group: Core) -> Self {
        Self {
            id: group.id.0,
            name: group.name,
            description: group.description,
            color: group.color,
            user_ids: group.users.into_iter().map(|user| user.0).collect(),
            workspace_id: group.workspace.0,
            version: group.version,
        }
    }
}
