use halyard_messaging::{
    Reach,
    thread::{Thread as Core, UnreadThread as CoreUnread},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    ActionButton, Attachment, Comment, Stored, date_text, recipients_v2, seconds, system_text,
    with_sentinel,
};
use crate::twist::{audience::CHANNEL_GROUP, call::Version};

/// A thread, version 3.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Thread {
    /// Its id.
    id: i64,
    /// Up to 300 characters; may be empty.
    title: String,
    /// The opening post in Markdown.
    content: String,
    /// Id of the user who posted it.
    creator: i64,
    /// Full name of the creator.
    creator_name: String,
    /// Id of its channel.
    channel_id: i64,
    /// Id of the workspace of its channel.
    workspace_id: i64,
    /// Uploaded files and links, at most 50.
    #[schema(value_type = Vec<Attachment>)]
    attachments: Stored,
    /// Buttons under the text, at most 20.
    #[schema(value_type = Vec<ActionButton>)]
    actions: Stored,
    /// Ids of the people named as recipients.
    #[schema(value_type = Vec<i64>)]
    recipients: Stored,
    /// Ids of the groups named; 1 stands for everyone in the channel.
    #[schema(value_type = Vec<i64>)]
    groups: Stored,
    /// Ids of everyone who was ever attached to the thread or one of its comments.
    #[schema(value_type = Vec<i64>)]
    participants: Stored,
    /// Ids of everyone who has commented.
    #[schema(value_type = Vec<i64>)]
    responders: Stored,
    /// Ids of the people mentioned in the opening post.
    #[schema(value_type = Vec<i64>)]
    direct_mentions: Stored,
    /// Ids of the groups mentioned in the opening post.
    #[schema(value_type = Vec<i64>)]
    direct_group_mentions: Stored,
    /// Each emoji with the ids of the people who chose it.
    #[schema(value_type = std::collections::HashMap<String, Vec<i64>>)]
    reactions: Stored,
    /// Number of comments, removed ones not counted.
    comment_count: i64,
    /// Index of the newest comment, from 0; -1 without comments.
    last_obj_index: i64,
    /// Start of the newest comment, or of the opening post, without Markdown.
    snippet: String,
    /// Id of the user who wrote what the snippet shows.
    snippet_creator: i64,
    /// Picture of an integration that posted under another name, or null.
    snippet_mask_avatar_url: Option<String>,
    /// Name under which an integration posted, or null.
    snippet_mask_poster: Option<String>,
    /// When it was posted, Unix seconds.
    posted_ts: i64,
    /// When it was posted or last commented on, Unix seconds; lists are sorted by it.
    last_updated_ts: i64,
    /// When title or opening post last changed, Unix seconds, or null.
    last_edited_ts: Option<i64>,
    /// The caller has saved it.
    starred: bool,
    /// The same as `starred`, under its newer name.
    is_saved: bool,
    /// It is kept at the top of its channel.
    pinned: bool,
    /// When it was pinned, Unix seconds, or null.
    pinned_ts: Option<i64>,
    /// Put away by the caller, and nothing new has come since.
    is_archived: bool,
    /// It is in the caller's inbox.
    in_inbox: bool,
    /// The discussion has ended.
    closed: bool,
    /// Until when the caller has muted it, Unix seconds, or null.
    muted_until_ts: Option<i64>,
    /// What the system says about it, or null.
    #[schema(value_type = Option<Object>)]
    system_message: Option<Stored>,
    /// E-mail addresses to which it was sent as well.
    to_emails: Vec<String>,
    /// The newest comment, or null.
    last_comment: Option<Box<Comment>>,
    /// Rises with each change.
    version: i64,
}

/// A thread, version 2.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ThreadV2 {
    /// Its id.
    id: i64,
    /// Up to 300 characters; may be empty.
    title: String,
    /// The opening post in Markdown.
    content: String,
    /// 1 when saved by the caller, else 0.
    is_starred: u8,
    /// Id of the user who posted it.
    creator: i64,
    /// Id of its channel.
    channel_id: i64,
    /// Id of the workspace of its channel.
    workspace_id: i64,
    /// Uploaded files and links, at most 50.
    #[schema(value_type = Vec<Attachment>)]
    attachments: Stored,
    /// Buttons under the text, at most 20.
    #[schema(value_type = Vec<ActionButton>)]
    actions: Stored,
    /// Ids of everyone who was ever attached to the thread or one of its comments.
    #[schema(value_type = Vec<i64>)]
    participants: Stored,
    /// Ids of the people named as recipients, or `EVERYONE`.
    #[schema(schema_with = recipients_v2)]
    recipients: Stored,
    /// Ids of the groups named.
    #[schema(value_type = Vec<i64>)]
    groups: Stored,
    /// Each emoji with the ids of the people who chose it.
    #[schema(value_type = std::collections::HashMap<String, Vec<i64>>)]
    reactions: Stored,
    /// Number of comments, removed ones not counted.
    comment_count: i64,
    /// Index of the newest comment, from 0; -1 without comments.
    last_obj_index: i64,
    /// Start of the newest comment, or of the opening post, without Markdown.
    snippet: String,
    /// Id of the user who wrote what the snippet shows.
    snippet_creator: i64,
    /// When it was posted or last commented on, `YYYY-MM-DD HH:MM:SS` in UTC.
    last_updated: String,
    /// The same as `last_updated`, in Unix seconds.
    last_updated_ts: i64,
    /// Until when the caller has muted it, Unix seconds, or null.
    muted_until: Option<i64>,
    /// What the system says about it, or null.
    system_message: Option<String>,
    /// When it was posted, Unix seconds.
    posted_ts: i64,
    /// When title or opening post last changed, Unix seconds, or null.
    last_edited_ts: Option<i64>,
}

/// A thread in the form of the caller's version.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum ThreadAnswer {
    /// Version 2.
    V2(Box<ThreadV2>),
    /// Later versions.
    V3(Box<Thread>),
}

impl ThreadAnswer {
    pub(crate) fn new(thread: Core, version: Version) -> Self {
        match version {
            Version::V2 => Self::V2(Box::new(thread.into())),
            Version::V3 => Self::V3(Box::new(thread.into())),
        }
    }
}

impl From<Core> for Thread {
    fn from(thread: Core) -> Self {
        let everyone = matches!(thread.reach, Reach::Channel | Reach::Workspace);
        Self {
            id: thread.id.0,
            title: thread.title,
            content: thread.content,
            creator: thread.creator.0,
            creator_name: thread.creator_name,
            channel_id: thread.channel_id.0,
            workspace_id: thread.workspace_id.0,
            attachments: Stored::list(thread.attachments_json),
            actions: Stored::list(thread.actions_json),
            recipients: Stored::text(thread.recipients_json),
            groups: with_sentinel(&thread.groups_json, everyone.then_some(CHANNEL_GROUP.0)),
            participants: Stored::text(thread.participants_json),
            responders: Stored::text(thread.responders_json),
            direct_mentions: Stored::text(thread.direct_mentions_json),
            direct_group_mentions: Stored::text(thread.direct_group_mentions_json),
            reactions: Stored::text(thread.reactions_json),
            comment_count: thread.comment_count,
            last_obj_index: thread.last_obj_index,
            snippet: thread.snippet,
            snippet_creator: thread.snippet_creator.0,
            snippet_mask_avatar_url: None,
            snippet_mask_poster: None,
            posted_ts: seconds(thread.posted_at),
            last_updated_ts: seconds(thread.last_updated_at),
            last_edited_ts: thread.last_edited_at.map(seconds),
            starred: thread.starred,
            is_saved: thread.starred,
            pinned: thread.pinned_at.is_some(),
            pinned_ts: thread.pinned_at.map(seconds),
            is_archived: thread.archived,
            in_inbox: thread.in_inbox,
            closed: thread.closed,
            muted_until_ts: thread.muted_until.map(seconds),
            system_message: thread.system_message_json.map(Stored::text),
            to_emails: Vec::new(),
            last_comment: thread.last_comment.map(|comment| Box::new((*comment).into())),
            version: thread.version,
        }
    }
}

impl From<Core> for ThreadV2 {
    fn from(thread: Core) -> Self {
        let everyone = matches!(thread.reach, Reach::Channel | Reach::Workspace);
        let recipients = if everyone { "\"EVERYONE\"".to_owned() } else { thread.recipients_json };
        Self {
            id: thread.id.0,
            title: thread.title,
            content: thread.content,
            is_starred: u8::from(thread.starred),
            creator: thread.creator.0,
            channel_id: thread.channel_id.0,
            workspace_id: thread.workspace_id.0,
            attachments: Stored::list(thread.attachments_json),
            actions: Stored::list(thread.actions_json),
            participants: Stored::text(thread.participants_json),
            recipients: Stored::text(recipients),
            groups: Stored::text(thread.groups_json),
            reactions: Stored::text(thread.reactions_json),
            comment_count: thread.comment_count,
            last_obj_index: thread.last_obj_index,
            snippet: thread.snippet,
            snippet_creator: thread.snippet_creator.0,
            last_updated: date_text(thread.last_updated_at),
            last_updated_ts: seconds(thread.last_updated_at),
            muted_until: thread.muted_until.map(seconds),
            system_message: system_text(thread.system_message_json.as_deref()),
            posted_ts: seconds(thread.posted_at),
            last_edited_ts: thread.last_edited_at.map(seconds),
        }
    }
}

/// An unread thread, version 3.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UnreadThread {
    /// Id of the thread.
    thread_id: i64,
    /// Id of its channel.
    channel_id: i64,
    /// Index of the last comment that the caller has read; -1 when none.
    obj_index: i64,
    /// An unread item mentions the caller.
    direct_mention: bool,
}

/// An unread thread in the form of the caller's version; version 2 has channel, thread, index.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Unread {
    /// Version 2.
    V2(i64, i64, i64),
    /// Later versions.
    V3(UnreadThread),
}

impl Unread {
    pub(crate) fn new(unread: &CoreUnread, version: Version) -> Self {
        match version {
            Version::V2 => Self::V2(unread.channel.0, unread.thread.0, unread.obj_index),
            Version::V3 => Self::V3(UnreadThread {
                thread_id: unread.thread.0,
                channel_id: unread.channel.0,
                obj_index: unread.obj_index,
                direct_mention: unread.direct_mention,
            }),
        }
    }
}
