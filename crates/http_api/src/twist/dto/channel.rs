use halyard_messaging::channel::Channel as Core;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Stored, seconds};

/// A channel. Versions 2 and 3 share one form.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Channel {
    /// Its id.
    id: i64,
    /// What it is called, 1 to 80 characters.
    name: String,
    /// What it is for; empty when nothing was said.
    description: String,
    /// Id of the user who made it.
    creator: i64,
    /// Ids of the people who have joined, ascending.
    user_ids: Vec<i64>,
    /// Colour: 0 grey, 1 blue, 2 turquoise, 3 teal, 4 green, 5 red, 6 berry, 7 magenta, 8 sky blue,
    /// 9 mint, 10 yellow, 11 salmon.
    color: i64,
    /// Number of a picture, or null.
    icon: Option<i64>,
    /// Open to every member of the workspace who is not a guest.
    public: bool,
    /// Id of its workspace.
    workspace_id: i64,
    /// It is put away, and nobody posts in it.
    archived: bool,
    /// When it was made, Unix seconds.
    created_ts: i64,
    /// The caller has marked it.
    is_favorited: bool,
    /// Whether new threads should start with the default recipients and groups.
    use_default_recipients: bool,
    /// Ids of the people to preset as recipients of a new thread, or null.
    #[schema(value_type = Option<Vec<i64>>)]
    default_recipients: Option<Stored>,
    /// Ids of the groups to preset for a new thread, or null.
    #[schema(value_type = Option<Vec<i64>>)]
    default_groups: Option<Stored>,
    /// View settings kept for clients: text values by name, or null.
    #[schema(value_type = Option<std::collections::HashMap<String, String>>)]
    filters: Option<Stored>,
    /// Rises with each change.
    version: i64,
}

impl From<Core> for Channel {
    fn from(channel: Core) -> Self {
        Self {
            id: channel.id.0,
            name: channel.name,
            description: channel.description.unwrap_or_default(),
            creator: channel.creator.0,
            user_ids: channel.user_ids.into_iter().map(|user| user.0).collect(),
            color: channel.color.unwrap_or(0),
            icon: channel.icon,
            public: channel.public,
            workspace_id: channel.workspace_id.0,
            archived: channel.archived,
            created_ts: seconds(channel.created_at),
            is_favorited: channel.favorited,
            use_default_recipients: channel.use_default_recipients,
            default_recipients: channel.default_recipients.map(Stored::text),
            default_groups: channel.default_groups.map(Stored::text),
            filters: channel.filters.map(Stored::text),
            version: channel.version,
        }
    }
}
