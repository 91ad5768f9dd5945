use halyard_messaging::message::Message as Core;
use serde::Serialize;
use utoipa::ToSchema;

use super::{ActionButton, Attachment, Stored, seconds, system_text};
use crate::twist::call::Version;

/// A message, version 3.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Message {
    /// Its id.
    id: i64,
    /// The text in Markdown; empty when removed.
    content: String,
    /// Id of the user who wrote it.
    creator: i64,
    /// Full name of the creator.
    creator_name: String,
    /// Id of its conversation.
    conversation_id: i64,
    /// Id of the workspace of its conversation.
    workspace_id: i64,
    /// Position in the conversation, from 0 without gaps.
    obj_index: i64,
    /// Uploaded files and links, at most 50.
    #[schema(value_type = Vec<Attachment>)]
    attachments: Stored,
    /// Buttons under the text, at most 20.
    #[schema(value_type = Vec<ActionButton>)]
    actions: Stored,
    /// Ids of the people mentioned.
    #[schema(value_type = Vec<i64>)]
    direct_mentions: Stored,
    /// Ids of the groups mentioned.
    #[schema(value_type = Vec<i64>)]
    direct_group_mentions: Stored,
    /// Each emoji with the ids of the people who chose it.
    #[schema(value_type = std::collections::HashMap<String, Vec<i64>>)]
    reactions: Stored,
    /// It was removed; only its place is left.
    deleted: bool,
    /// The same under the name that the official SDK reads.
    is_deleted: bool,
    /// What the system says with it (an object with `type` and the ids and names involved), or
    /// null.
    #[schema(value_type = Option<Object>)]
    system_message: Option<Stored>,
    /// When it was written, Unix seconds.
    posted_ts: i64,
    /// When it last changed, Unix seconds, or null.
    last_edited_ts: Option<i64>,
    /// Rises with each change.
    version: i64,
}

/// A message, version 2.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MessageV2 {
    /// Its id.
    id: i64,
    /// The text in Markdown; empty when removed.
    content: String,
    /// Id of the user who wrote it.
    creator: i64,
    /// Id of its conversation.
    conversation_id: i64,
    /// Id of the workspace of its conversation.
    workspace_id: i64,
    /// Position in the conversation, from 0 without gaps.
    obj_index: i64,
    /// Uploaded files and links, at most 50.
    #[schema(value_type = Vec<Attachment>)]
    attachments: Stored,
    /// Buttons under the text, at most 20.
    #[schema(value_type = Vec<ActionButton>)]
    actions: Stored,
    /// Each emoji with the ids of the people who chose it.
    #[schema(value_type = std::collections::HashMap<String, Vec<i64>>)]
    reactions: Stored,
    /// It was removed; only its place is left.
    is_deleted: bool,
    /// The same under its newer name.
    deleted: bool,
    /// What the system says with it, in words, or null.
    system_message: Option<String>,
    /// When it was written, Unix seconds.
    posted_ts: i64,
    /// When it last changed, Unix seconds, or null.
    last_edited_ts: Option<i64>,
}

/// A message in the form of the caller's version.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum MessageAnswer {
    /// Version 2.
    V2(Box<MessageV2>),
    /// Later versions.
    V3(Box<Message>),
}

impl MessageAnswer {
    pub(crate) fn new(message: Core, version: Version) -> Self {
        match version {
            Version::V2 => Self::V2(Box::new(message.into())),
            Version::V3 => Self::V3(Box::new(message.into())),
        }
    }
}

impl From<Core> for Message {
    fn from(message: Core) -> Self {
        Self {
            id: message.id.0,
            content: message.content,
            creator: message.creator.0,
            creator_name: message.creator_name,
            conversation_id: message.conversation_id.0,
            workspace_id: message.workspace_id.0,
            obj_index: message.obj_index,
            attachments: Stored::list(message.attachments_json),
            actions: Stored::list(message.actions_json),
            direct_mentions: Stored::text(message.direct_mentions_json),
            direct_group_mentions: Stored::text(message.direct_group_mentions_json),
            reactions: Stored::text(message.reactions_json),
            deleted: message.deleted,
            is_deleted: message.deleted,
            system_message: message.system_message_json.map(Stored::text),
            posted_ts: seconds(message.posted_at),
            last_edited_ts: message.last_edited_at.map(seconds),
            version: message.version,
        }
    }
}

impl From<Core> for MessageV2 {
    fn from(message: Core) -> Self {
        Self {
            id: message.id.0,
            content: message.content,
            creator: message.creator.0,
            conversation_id: message.conversation_id.0,
            workspace_id: message.workspace_id.0,
            obj_index: message.obj_index,
            attachments: Stored::list(message.attachments_json),
            actions: Stored::list(message.actions_json),
            reactions: Stored::text(message.reactions_json),
            is_deleted: message.deleted,
            deleted: message.deleted,
            system_message: system_text(message.system_message_json.as_deref()),
            posted_ts: seconds(message.posted_at),
            last_edited_ts: message.last_edited_at.map(seconds),
        }
    }
}
