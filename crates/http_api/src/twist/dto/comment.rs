use halyard_messaging::{Reach, comment::Comment as Core};
use serde::Serialize;
use utoipa::ToSchema;

use super::{ActionButton, Attachment, Stored, recipients_v2, seconds, system_text, with_sentinel};
use crate::twist::{
    audience::{CHANNEL_GROUP, THREAD_GROUP},
    call::Version,
};

/// A comment, version 3.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Comment {
    /// Its id.
    id: i64,
    /// The text in Markdown; empty when removed.
    content: String,
    /// Id of the user who wrote it.
    creator: i64,
    /// Full name of the creator.
    creator_name: String,
    /// Id of its thread.
    thread_id: i64,
    /// Id of the channel of its thread.
    channel_id: i64,
    /// Id of the workspace of its thread.
    workspace_id: i64,
    /// Always null: it belongs to no conversation.
    conversation_id: Option<i64>,
    /// Position in the thread, from 0 without gaps.
    obj_index: i64,
    /// Uploaded files and links, at most 50.
    #[schema(value_type = Vec<Attachment>)]
    attachments: Stored,
    /// Buttons under the text, at most 20.
    #[schema(value_type = Vec<ActionButton>)]
    actions: Stored,
    /// Ids of the people named as recipients.
    #[schema(value_type = Vec<i64>)]
    recipients: Stored,
    /// Ids of the groups named; 1 stands for everyone in the channel, 2 for everyone in the thread.
    #[schema(value_type = Vec<i64>)]
    groups: Stored,
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
    /// Id of the user who removed it, or null.
    deleted_by: Option<i64>,
    /// What the system says with it (an object with `type` and the ids and names involved), or
    /// null.
    #[schema(value_type = Option<Object>)]
    system_message: Option<Stored>,
    /// E-mail addresses to which it was sent as well.
    to_emails: Vec<String>,
    /// When it was posted, Unix seconds.
    posted_ts: i64,
    /// When it last changed, Unix seconds, or null.
    last_edited_ts: Option<i64>,
    /// Rises with each change.
    version: i64,
}

/// A comment, version 2.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CommentV2 {
    /// Its id.
    id: i64,
    /// The text in Markdown; empty when removed.
    content: String,
    /// Id of the user who wrote it.
    creator: i64,
    /// Id of its thread.
    thread_id: i64,
    /// Id of the channel of its thread.
    channel_id: i64,
    /// Id of the workspace of its thread.
    workspace_id: i64,
    /// Position in the thread, from 0 without gaps.
    obj_index: i64,
    /// Uploaded files and links, at most 50.
    #[schema(value_type = Vec<Attachment>)]
    attachments: Stored,
    /// Buttons under the text, at most 20.
    #[schema(value_type = Vec<ActionButton>)]
    actions: Stored,
    /// Ids of the people named as recipients, or `EVERYONE` or `EVERYONE_IN_THREAD`.
    #[schema(schema_with = recipients_v2)]
    recipients: Stored,
    /// Ids of the groups named.
    #[schema(value_type = Vec<i64>)]
    groups: Stored,
    /// Each emoji with the ids of the people who chose it.
    #[schema(value_type = std::collections::HashMap<String, Vec<i64>>)]
    reactions: Stored,
    /// It was removed; only its place is left.
    is_deleted: bool,
    /// What the system says with it, in words, or null.
    system_message: Option<String>,
    /// When it was posted, Unix seconds.
    posted_ts: i64,
    /// When it last changed, Unix seconds, or null.
    last_edited_ts: Option<i64>,
}

/// A comment in the form of the caller's version.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum CommentAnswer {
    /// Version 2.
    V2(Box<CommentV2>),
    /// Later versions.
    V3(Box<Comment>),
}

/// What `comments/getone` answers since version 3.
#[derive(Debug, Serialize)]
pub(crate) struct Wrapped {
    pub(crate) comment: CommentAnswer,
}

impl CommentAnswer {
    pub(crate) fn new(comment: Core, version: Version) -> Self {
        match version {
            Version::V2 => Self::V2(Box::new(comment.into())),
            Version::V3 => Self::V3(Box::new(comment.into())),
        }
    }
}

impl From<Core> for Comment {
    fn from(comment: Core) -> Self {
        let sentinel = match comment.reach {
            Reach::People => None,
            Reach::Thread => Some(THREAD_GROUP.0),
            Reach::Channel | Reach::Workspace => Some(CHANNEL_GROUP.0),
        };
        Self {
            id: comment.id.0,
            content: comment.content,
            creator: comment.creator.0,
            creator_name: comment.creator_name,
            thread_id: comment.thread_id.0,
            channel_id: comment.channel_id.0,
            workspace_id: comment.workspace_id.0,
            conversation_id: None,
            obj_index: comment.obj_index,
            attachments: Stored::list(comment.attachments_json),
            actions: Stored::list(comment.actions_json),
            recipients: Stored::text(comment.recipients_json),
            groups: with_sentinel(&comment.groups_json, sentinel),
            direct_mentions: Stored::text(comment.direct_mentions_json),
            direct_group_mentions: Stored::text(comment.direct_group_mentions_json),
            reactions: Stored::text(comment.reactions_json),
            deleted: comment.deleted,
            deleted_by: comment.deleted_by.map(|user| user.0),
            system_message: comment.system_message_json.map(Stored::text),
            to_emails: Vec::new(),
            posted_ts: seconds(comment.posted_at),
            last_edited_ts: comment.last_edited_at.map(seconds),
            version: comment.version,
        }
    }
}

impl From<Core> for CommentV2 {
    fn from(comment: Core) -> Self {
        let recipients = match comment.reach {
            Reach::People => comment.recipients_json,
            Reach::Thread => "\"EVERYONE_IN_THREAD\"".to_owned(),
            Reach::Channel | Reach::Workspace => "\"EVERYONE\"".to_owned(),
        };
        Self {
            id: comment.id.0,
            content: comment.content,
            creator: comment.creator.0,
            thread_id: comment.thread_id.0,
            channel_id: comment.channel_id.0,
            workspace_id: comment.workspace_id.0,
            obj_index: comment.obj_index,
            attachments: Stored::list(comment.attachments_json),
            actions: Stored::list(comment.actions_json),
            recipients: Stored::text(recipients),
            groups: Stored::text(comment.groups_json),
            reactions: Stored::text(comment.reactions_json),
            is_deleted: comment.deleted,
            system_message: system_text(comment.system_message_json.as_deref()),
            posted_ts: seconds(comment.posted_at),
            last_edited_ts: comment.last_edited_at.map(seconds),
        }
    }
}
