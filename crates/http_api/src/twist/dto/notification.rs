use std::collections::BTreeMap;

use halyard_messaging::notification::{NAMES, Notification as Core, NotificationId};
use serde::{Serialize, Serializer, ser::SerializeMap};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{ObjectBuilder, Schema, Type},
    },
};

use super::seconds;

/// What the caller was told.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Notifications {
    /// Newest first.
    notifications: Vec<Notification>,
    /// Id of the last notification that the caller has read, or null.
    last_read: Option<i64>,
}

/// One thing that somebody was told.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Notification {
    /// Its id; later ones have larger ones.
    id: i64,
    /// 1 added to a comment, 2 to a thread, 3 to a workspace, 4 removed from a workspace, 5 added
    /// to a channel, 6 removed from a channel.
    type_id: i64,
    /// Id of the workspace.
    workspace_id: i64,
    /// Id of the channel, or null.
    channel_id: Option<i64>,
    /// Id of the thread, or null.
    thread_id: Option<i64>,
    /// Id of the comment, or null.
    comment_id: Option<i64>,
    /// Id of the user who has done it.
    by_user_id: i64,
    /// When, Unix seconds.
    posted_ts: i64,
}

impl Notifications {
    pub(crate) fn new(found: Vec<Core>, last_read: Option<NotificationId>) -> Self {
        Self {
            notifications: found.into_iter().map(Notification::from).collect(),
            last_read: last_read.map(|id| id.0),
        }
    }
}

impl From<Core> for Notification {
    fn from(one: Core) -> Self {
        Self {
            id: one.id.0,
            type_id: one.kind,
            workspace_id: one.workspace.0,
            channel_id: one.channel.map(|id| id.0),
            thread_id: one.thread.map(|id| id.0),
            comment_id: one.comment.map(|id| id.0),
            by_user_id: one.by.0,
            posted_ts: seconds(one.at),
        }
    }
}

/// The caller's settings by name.
pub(crate) struct NotificationSettings(pub(crate) BTreeMap<&'static str, i64>);

impl Serialize for NotificationSettings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(NAMES.len()))?;
        for setting in NAMES {
            let value = self.0.get(setting.name).copied().unwrap_or(setting.default);
            if setting.seconds {
                map.serialize_entry(setting.name, &value)?;
            } else {
                map.serialize_entry(setting.name, &(value == 1))?;
            }
        }
        map.end()
    }
}

impl PartialSchema for NotificationSettings {
    fn schema() -> RefOr<Schema> {
        let object = ObjectBuilder::new().description(Some("The caller's settings by name."));
        let object = NAMES.iter().fold(object, |object, setting| {
            let (kind, what) = if setting.seconds {
                (Type::Integer, "How long to wait, in seconds.")
            } else {
                (Type::Boolean, "Whether the caller wants this.")
            };
            let property = ObjectBuilder::new().schema_type(kind).description(Some(what));
            object.property(setting.name, property)
        });
        object.into()
    }
}

impl ToSchema for NotificationSettings {}
