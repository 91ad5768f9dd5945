use halyard_messaging::search::{Hit, Item, Page, Place};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{Stored, seconds};

/// One page of what was found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SearchPage {
    /// Newest hit first; each thread and conversation once.
    items: Vec<Found>,
    /// Where the next page begins; empty on the last one.
    next_cursor_mark: String,
    /// There may be more, also when this page is short.
    has_more: bool,
    /// Always false: no plan hides anything here.
    is_plan_restricted: bool,
}

/// A thread or conversation in which something was found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SearchItem)]
pub(crate) struct Found {
    /// `thread_17` or `conversation_17`.
    id: String,
    /// `thread` or `conversation`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The text around the first hit, without Markdown.
    snippet: String,
    /// Id of the user who wrote it.
    snippet_creator_id: i64,
    /// When that was posted or last changed, Unix seconds.
    snippet_last_updated_ts: i64,
    /// Id of the thread, or null.
    thread_id: Option<i64>,
    /// Id of the comment; -1 when the title holds what was looked for; null for the opening post.
    comment_id: Option<i64>,
    /// Id of the channel, or null.
    channel_id: Option<i64>,
    /// Name of the channel, or null.
    channel_name: Option<String>,
    /// Number of the channel's colour, or null.
    channel_color: Option<i64>,
    /// Id of the conversation, or null.
    conversation_id: Option<i64>,
    /// Id of the message, or null.
    message_id: Option<i64>,
    /// Title of the thread, or of the conversation.
    title: String,
    /// The discussion in the thread has ended; null for conversations.
    closed: Option<bool>,
    /// Who takes part in the thread, or is in the conversation.
    #[schema(value_type = Vec<i64>)]
    user_ids: Stored,
}

impl From<Page> for SearchPage {
    fn from(page: Page) -> Self {
        Self {
            items: page.items.into_iter().map(Found::from).collect(),
            has_more: page.next.is_some(),
            next_cursor_mark: page.next.unwrap_or_default(),
            is_plan_restricted: false,
        }
    }
}

impl From<Item> for Found {
    fn from(item: Item) -> Self {
        let (comment_id, message_id) = match item.hit {
            Hit::Title => (Some(-1), None),
            Hit::Opening => (None, None),
            Hit::Comment(id) => (Some(id.0), None),
            Hit::Message(id) => (None, Some(id.0)),
        };
        let blank = Self {
            id: String::new(),
            kind: "thread",
            snippet: item.snippet,
            snippet_creator_id: item.creator.0,
            snippet_last_updated_ts: seconds(item.updated_at),
            thread_id: None,
            comment_id,
            channel_id: None,
            channel_name: None,
            channel_color: None,
            conversation_id: None,
            message_id,
            title: String::new(),
            closed: None,
            user_ids: Stored::list(None),
        };
        match item.place {
            Place::Thread {
                id,
                title,
                channel,
                channel_name,
                channel_color,
                closed,
                participants_json,
                ..
            } => Self {
                id: format!("thread_{id}"),
                thread_id: Some(id.0),
                channel_id: Some(channel.0),
                channel_name: Some(channel_name),
                channel_color,
                title,
                closed: Some(closed),
                user_ids: Stored::text(participants_json),
                ..blank
            },
            Place::Conversation { id, title, users, .. } => {
                let users: Vec<String> = users.iter().map(ToString::to_string).collect();
                Self {
                    id: format!("conversation_{id}"),
                    kind: "conversation",
                    conversation_id: Some(id.0),
                    title,
                    user_ids: Stored::text(format!("[{}]", users.join(","))),
                    ..blank
                }
            }
        }
    }
}

/// Comments of a thread in which something was found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CommentHits {
    /// Their ids, newest first, at most 10,000.
    pub(crate) comment_ids: Vec<i64>,
}

/// Messages of a conversation in which something was found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MessageHits {
    /// Their ids, newest first, at most 10,000.
    pub(crate) message_ids: Vec<i64>,
}

/// One page of what was found, version 2.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SearchPageV2 {
    /// Number of items on this page.
    hits: usize,
    /// There may be more, also when this page is short.
    has_more: bool,
    /// Where the next page begins; empty on the last one.
    next_cursor_mark: String,
    /// Newest hit first; each thread and conversation once.
    items: Vec<FoundV2>,
}

impl SearchPageV2 {
    pub(crate) fn new(items: Vec<FoundV2>, next: Option<String>) -> Self {
        Self {
            hits: items.len(),
            has_more: next.is_some(),
            next_cursor_mark: next.unwrap_or_default(),
            items,
        }
    }
}

/// A thread or conversation in which something was found, version 2.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SearchItemV2)]
pub(crate) struct FoundV2 {
    /// Id of the thread or conversation.
    pub(crate) id: i64,
    /// `thread` or `conversation`.
    pub(crate) obj_type: &'static str,
    /// Title of the thread, or of the conversation.
    pub(crate) title: String,
    /// The text around the first hit, without Markdown.
    pub(crate) snippet: String,
    /// The call that shows all hits in it.
    pub(crate) details_link: String,
    /// Id of the thread, or null.
    pub(crate) thread_id: Option<i64>,
    /// Id of the conversation, or null.
    pub(crate) conversation_id: Option<i64>,
    /// Id of the channel, or null.
    pub(crate) channel_id: Option<i64>,
    /// When something was last posted in it, Unix seconds.
    pub(crate) last_posted_ts: i64,
    /// Id of the user who wrote that, or null.
    pub(crate) last_author: Option<i64>,
    /// Who takes part in it.
    #[schema(value_type = Vec<i64>)]
    pub(crate) participants: Stored,
    /// The same.
    #[schema(value_type = Vec<i64>)]
    pub(crate) user_ids: Stored,
    /// The channel was put away, or the caller has put the conversation away.
    pub(crate) archived: bool,
    /// When the hit was posted or last changed, Unix seconds.
    pub(crate) chunk_start_ts: i64,
    /// The same, Unix seconds.
    pub(crate) chunk_end_ts: i64,
}

/// Hits in one thread or conversation, with what lies between them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Hits {
    /// The words that were looked for.
    pub(crate) terms: Vec<String>,
    /// In the order of the thread or conversation.
    pub(crate) items: Vec<HitItem>,
}

/// An object in which something was found, or a range of objects between such.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HitItem {
    /// `thread`, `comment`, `comment_range`, `conversation_message` or
    /// `conversation_message_range`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The thread, comment or message; null for a range.
    #[schema(value_type = Option<Object>)]
    obj: Option<Value>,
    /// It is to be shown whole.
    expanded: bool,
    /// Index of the first object of a range, or null.
    idx_start: Option<i64>,
    /// Index of the last object of a range, or null.
    idx_end: Option<i64>,
    /// The call that shows a range, or null.
    expand_link: Option<String>,
    /// The call that shows its beginning, or null.
    top_expand_link: Option<String>,
    /// The call that shows its end, or null.
    bottom_expand_link: Option<String>,
}

impl HitItem {
    /// An object.
    pub(crate) fn object(kind: &'static str, object: Value, expanded: bool) -> Self {
        Self {
            kind,
            obj: Some(object),
            expanded,
            idx_start: None,
            idx_end: None,
            expand_link: None,
            top_expand_link: None,
            bottom_expand_link: None,
        }
    }

    /// A range with the calls that show it: all, its beginning, its end.
    pub(crate) fn range(kind: &'static str, index: (i64, i64), links: [String; 3]) -> Self {
        let [whole, top, bottom] = links.map(Some);
        Self {
            kind,
            obj: None,
            expanded: false,
            idx_start: Some(index.0),
            idx_end: Some(index.1),
            expand_link: whole,
            top_expand_link: top,
            bottom_expand_link: bottom,
        }
    }
}
