use halyard_identity::UserId;
use halyard_messaging::{
    ConversationId, GroupId, MessageId, Post, PostParts,
    message::{self, Filter, MessageChange},
};

use super::{
    action,
    call::{Call, DONE},
    dto::MessageAnswer,
    endpoint::Reply,
    error::Error,
    page::{self, IdsOr},
};
use crate::{
    kit::params::{List, Seconds},
    params,
};

params! {
    /// Names a message.
    pub(crate) struct Named {
        /// The message.
        #[names("id", "message_id")]
        id: MessageId,
    }

    /// Selects messages of a conversation.
    pub(crate) struct Get {
        /// The conversation.
        #[names("conversation_id", "id")]
        conversation_id: ConversationId,
        /// Only messages written after this moment.
        newer_than_ts: Option<Seconds>,
        /// Only messages written before this moment.
        older_than_ts: Option<Seconds>,
        /// Smallest index.
        from_obj_index: Option<i64>,
        /// Largest index.
        to_obj_index: Option<i64>,
        /// How many, from 1 to 500; 20 when not given.
        limit: Option<i64>,
        /// By index, newest first unless `asc`.
        order_by: Option<page::Order>,
        /// Answer ids instead of objects.
        as_ids: Option<bool>,
    }

    /// A new message.
    pub(crate) struct Add {
        /// The conversation to write in.
        conversation_id: ConversationId,
        /// The text in Markdown, up to 15,000 characters.
        content: Option<String>,
        /// Files that were uploaded before, and links.
        attachments: Option<List>,
        /// Buttons.
        actions: Option<List>,
        /// People mentioned; taken from the text when not given.
        direct_mentions: Option<Vec<UserId>>,
        /// Groups mentioned; taken from the text when not given.
        direct_group_mentions: Option<Vec<GroupId>>,
    }

    /// Changes to a message.
    pub(crate) struct Update {
        /// The message.
        #[names("id", "message_id")]
        id: MessageId,
        /// The text in Markdown, up to 15,000 characters.
        content: Option<String>,
        /// The whole new list of files and links.
        attachments: Option<List>,
        /// The whole new list of buttons.
        actions: Option<List>,
        /// People mentioned; taken from the text when not given.
        direct_mentions: Option<Vec<UserId>>,
        /// Groups mentioned; taken from the text when not given.
        direct_group_mentions: Option<Vec<GroupId>>,
    }
}

pub(crate) async fn getone(call: Call, p: Named) -> Reply {
    let version = call.version;
    call.read(move |tx, actor| Ok(MessageAnswer::new(message::load(tx, actor, p.id)?, version)))
        .await
}

pub(crate) async fn get(call: Call, p: Get) -> Reply {
    let filter = Filter {
        from_obj_index: p.from_obj_index,
        to_obj_index: p.to_obj_index,
        newer_than: p.newer_than_ts.map(Seconds::millis),
        older_than: p.older_than_ts.map(Seconds::millis),
        ascending: p.order_by.is_some_and(page::Order::is_ascending),
        limit: page::limit(p.limit, 20)?,
    };
    let (version, conversation) = (call.version, p.conversation_id);
    if p.as_ids.unwrap_or(false) {
        return call
            .read(move |tx, actor| {
                let ids = message::list_ids(tx, actor, conversation, &filter)?;
                Ok(IdsOr::<()>::Ids(ids.into_iter().map(|id| id.0).collect()))
            })
            .await;
    }
    call.read(move |tx, actor| {
        let found = message::list(tx, actor, conversation, &filter)?;
        let answer = |message| MessageAnswer::new(message, version);
        Ok(found.into_iter().map(answer).collect::<Vec<_>>())
    })
    .await
}

pub(crate) async fn add(call: Call, p: Add) -> Reply {
    if p.content.is_none() && p.attachments.is_none() {
        return Err(Error::missing("content"));
    }
    let post = Post::new(PostParts {
        content: p.content.unwrap_or_default(),
        attachments: p.attachments.map(|list| list.0),
        actions_json: action::check(p.actions)?,
        direct_mentions: p.direct_mentions,
        direct_group_mentions: p.direct_group_mentions,
    })?;
    let call = call.about_conversation(p.conversation_id);
    let version = call.version;
    call.write(move |tx, actor| {
        Ok(MessageAnswer::new(message::add(tx, actor, p.conversation_id, &post)?, version))
    })
    .await
}

pub(crate) async fn update(call: Call, p: Update) -> Reply {
    let change = MessageChange {
        content: p.content,
        attachments: p.attachments.map(|list| list.0),
        actions_json: action::check(p.actions)?,
        direct_mentions: p.direct_mentions,
        direct_group_mentions: p.direct_group_mentions,
    };
    let version = call.version;
    call.write(move |tx, actor| {
        Ok(MessageAnswer::new(message::update(tx, actor, p.id, &change)?, version))
    })
    .await
}

pub(crate) async fn remove(call: Call, p: Named) -> Reply {
    call.write(move |tx, actor| {
        message::remove(tx, actor, p.id)?;
        Ok(DONE)
    })
    .await
}
