use halyard_messaging::{
    WorkspaceId,
    search::{Item, Place},
};

use crate::twist::dto::{FoundV2, Stored, seconds};

/// What the links of version 2 lead to.
pub(super) struct Link<'a> {
    pub(super) base: &'a str,
    pub(super) query: &'a str,
    pub(super) workspace: WorkspaceId,
}

impl Link<'_> {
    /// The address of a call of version 2.
    pub(super) fn to(&self, call: &str, fields: &[(&str, i64)]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("query", self.query);
        query.append_pair("workspace_id", &self.workspace.to_string());
        for (name, value) in fields {
            query.append_pair(name, &value.to_string());
        }
        format!("{}/api/v2/{call}?{}", self.base, query.finish())
    }

    /// A hit as version 2 shows it.
    pub(super) fn item(&self, item: Item) -> FoundV2 {
        let chunk = seconds(item.updated_at);
        match item.place {
            Place::Thread {
                id,
                title,
                channel,
                participants_json,
                last_author,
                last_posted_at,
                archived,
                ..
            } => FoundV2 {
                id: id.0,
                obj_type: "thread",
                title,
                snippet: item.snippet,
                details_link: self.to("search/comments", &[("thread_id", id.0)]),
                thread_id: Some(id.0),
                conversation_id: None,
                channel_id: Some(channel.0),
                last_posted_ts: seconds(last_posted_at),
                last_author: Some(last_author.0),
                participants: Stored::text(participants_json.clone()),
                user_ids: Stored::text(participants_json),
                archived,
                chunk_start_ts: chunk,
                chunk_end_ts: chunk,
            },
            Place::Conversation { id, title, users, last_author, last_posted_at, archived } => {
                let users: Vec<String> = users.iter().map(ToString::to_string).collect();
                let users = format!("[{}]", users.join(","));
                FoundV2 {
                    id: id.0,
                    obj_type: "conversation",
                    title,
                    snippet: item.snippet,
                    details_link: self.to("search/messages", &[("aggregate_id", id.0)]),
                    thread_id: None,
                    conversation_id: Some(id.0),
                    channel_id: None,
                    last_posted_ts: seconds(last_posted_at),
                    last_author: last_author.map(|user| user.0),
                    participants: Stored::text(users.clone()),
                    user_ids: Stored::text(users),
                    archived,
                    chunk_start_ts: chunk,
                    chunk_end_ts: chunk,
                }
            }
        }
    }
}
