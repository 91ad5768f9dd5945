use halyard_messaging::conversation::{Conversation as Core, Unread as CoreUnread};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Message, Stored, seconds};
use crate::twist::call::Version;

/// A conversation, version 3.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Conversation {
    /// Its id.
    id: i64,
    /// Id of its workspace.
    workspace_id: i64,
    /// Id of the user who started it.
    creator: i64,
    /// Ids of the people in it, the caller included, ascending.
    user_ids: Vec<i64>,
    /// Title that somebody chose, or null.
    title: Option<String>,
    /// It is between two people, or a person and themselves.
    private: bool,
    /// Number of messages, removed ones not counted.
    message_count: i64,
    /// Index of the newest message, from 0; -1 without messages.
    last_obj_index: i64,
    /// Start of the newest message, without Markdown; may be empty.
    snippet: String,
    /// Ids of the authors of the newest messages, newest first.
    #[schema(value_type = Vec<i64>)]
    snippet_creators: Stored,
    /// When somebody wrote last, or it was started, Unix seconds; lists are sorted by it.
    last_active_ts: i64,
    /// When it was started, Unix seconds.
    created_ts: i64,
    /// Until when the caller has muted it, Unix seconds, or null.
    muted_until_ts: Option<i64>,
    /// The caller has put it away, and nothing new has come since.
    archived: bool,
    /// The newest message, or null.
    last_message: Option<Box<Message>>,
    /// Rises with each change.
    version: i64,
}

/// A conversation, version 2.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConversationV2 {
    /// Its id.
    id: i64,
    /// The title, or else the names of the other people.
    name: String,
    /// Title that somebody chose, or null.
    title: Option<String>,
    /// 1 between two people, else 0.
    is_private: u8,
    /// Id of the user who started it.
    creator: i64,
    /// Id of its workspace.
    workspace_id: i64,
    /// Ids of the people in it, the caller included, ascending.
    user_ids: Vec<i64>,
    /// Number of messages, removed ones not counted.
    message_count: i64,
    /// Index of the newest message, from 0; -1 without messages.
    last_obj_index: i64,
    /// Start of the newest message, without Markdown; may be empty.
    snippet: String,
    /// Id of the user who wrote what the snippet shows, or null.
    snippet_creator: Option<i64>,
    /// Ids of the authors of the newest messages, newest first.
    #[schema(value_type = Vec<i64>)]
    snippet_creators: Stored,
    /// When somebody wrote last, or it was started, Unix seconds; lists are sorted by it.
    last_active_ts: i64,
    /// Until when the caller has muted it, Unix seconds, or null.
    muted_until: Option<i64>,
    /// 1 when put away by the caller, else 0.
    archived: u8,
    /// When it was started, Unix seconds.
    created_ts: i64,
}

/// A conversation in the form of the caller's version.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum ConversationAnswer {
    /// Version 2.
    V2(Box<ConversationV2>),
    /// Later versions.
    V3(Box<Conversation>),
}

impl ConversationAnswer {
    pub(crate) fn new(conversation: Core, version: Version) -> Self {
        match version {
            Version::V2 => Self::V2(Box::new(conversation.into())),
            Version::V3 => Self::V3(Box::new(conversation.into())),
        }
    }
}

impl From<Core> for Conversation {
    fn from(conversation: Core) -> Self {
        Self {
            id: conversation.id.0,
            workspace_id: conversation.workspace_id.0,
            creator: conversation.creator.0,
            user_ids: conversation.user_ids.into_iter().map(|user| user.0).collect(),
            title: conversation.title,
            private: conversation.private,
            message_count: conversation.message_count,
            last_obj_index: conversation.last_obj_index,
            snippet: conversation.snippet,
            snippet_creators: Stored::text(conversation.snippet_creators_json),
            last_active_ts: seconds(conversation.last_active_at),
            created_ts: seconds(conversation.created_at),
            muted_until_ts: conversation.muted_until.map(seconds),
            archived: conversation.archived,
            last_message: conversation.last_message.map(|message| Box::new(message.into())),
            version: conversation.version,
        }
    }
}

impl From<Core> for ConversationV2 {
    fn from(conversation: Core) -> Self {
        Self {
            id: conversation.id.0,
            name: conversation.name,
            title: conversation.title,
            is_private: u8::from(conversation.private),
            creator: conversation.creator.0,
            workspace_id: conversation.workspace_id.0,
            user_ids: conversation.user_ids.into_iter().map(|user| user.0).collect(),
            message_count: conversation.message_count,
            last_obj_index: conversation.last_obj_index,
            snippet: conversation.snippet,
            snippet_creator: conversation.snippet_creator.map(|user| user.0),
            snippet_creators: Stored::text(conversation.snippet_creators_json),
            last_active_ts: seconds(conversation.last_active_at),
            muted_until: conversation.muted_until.map(seconds),
            archived: u8::from(conversation.archived),
            created_ts: seconds(conversation.created_at),
        }
    }
}

/// An unread conversation, version 3.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UnreadConversation {
    /// Id of the conversation.
    conversation_id: i64,
    /// Index of the last message that the caller has read; -1 when none.
    obj_index: i64,
    /// An unread message mentions the caller.
    direct_mention: bool,
}

/// An unread conversation in the form of the caller's version; version 2 has conversation, index.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum UnreadDirect {
    /// Version 2.
    V2(i64, i64),
    /// Later versions.
    V3(UnreadConversation),
}

impl UnreadDirect {
    pub(crate) fn new(unread: &CoreUnread, version: Version) -> Self {
        match version {
            Version::V2 => Self::V2(unread.conversation_id.0, unread.obj_index),
            Version::V3 => Self::V3(UnreadConversation {
                conversation_id: unread.conversation_id.0,
                obj_index: unread.obj_index,
                direct_mention: unread.direct_mention,
            }),
        }
    }
}
