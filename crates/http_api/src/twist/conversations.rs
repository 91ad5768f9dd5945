use halyard_identity::UserId;
use halyard_messaging::{
    ConversationId, MessageId, WorkspaceId,
    conversation::{self, ConversationChange, Filter, Position},
};

use super::{
    call::{Call, DONE},
    channels::changed,
    dto::{ConversationAnswer, UnreadDirect},
    endpoint::Reply,
    error::Error,
    ids::Resolve,
    page,
};
use crate::{
    kit::params::{Patch, Seconds},
    params,
};

params! {
    /// Names a conversation.
    pub(crate) struct Named {
        /// The conversation.
        #[names("id", "conversation_id")]
        id: ConversationId,
    }

    /// Selects conversations of the caller.
    pub(crate) struct Get {
        /// The workspace.
        #[names("workspace_id", "id")]
        workspace_id: WorkspaceId,
        /// Only archived conversations instead of only others.
        archived: Option<bool>,
        /// Only conversations active after this moment.
        newer_than_ts: Option<Seconds>,
        /// Only conversations active before this moment.
        older_than_ts: Option<Seconds>,
        /// With `older_than_ts` one strict page boundary; alone, only smaller ids.
        before_id: Option<ConversationId>,
        /// With `newer_than_ts` one strict page boundary; alone, only larger ids.
        after_id: Option<ConversationId>,
        /// By last activity, newest first unless `asc`.
        order_by: Option<page::Order>,
        /// How many, from 1 to 500; 20 when not given.
        limit: Option<i64>,
    }

    /// Names the people of a conversation.
    pub(crate) struct GetOrCreate {
        /// The workspace.
        workspace_id: WorkspaceId,
        /// The people; the caller is added when missing.
        user_ids: Vec<UserId>,
    }

    /// Changes to a conversation.
    pub(crate) struct Update {
        /// The conversation.
        #[names("id", "conversation_id")]
        id: ConversationId,
        /// Title for everybody in it; empty or null takes it away.
        title: Patch<String>,
        /// Puts it away or brings it back, for the caller only.
        archived: Option<bool>,
    }

    /// Names a conversation and a person.
    pub(crate) struct WithUser {
        /// The conversation.
        #[names("id", "conversation_id")]
        id: ConversationId,
        /// The person.
        user_id: UserId,
    }

    /// Names a conversation and people.
    pub(crate) struct WithUsers {
        /// The conversation.
        #[names("id", "conversation_id")]
        id: ConversationId,
        /// The people.
        user_ids: Vec<UserId>,
    }

    /// Names a workspace.
    pub(crate) struct InWorkspace {
        /// The workspace.
        #[names("workspace_id", "id")]
        workspace_id: WorkspaceId,
    }

    /// Names a place in a conversation; without index and message, its end.
    pub(crate) struct Place {
        /// The conversation.
        #[names("id", "conversation_id")]
        id: ConversationId,
        /// Index of a message; -1 stands for the start.
        obj_index: Option<i64>,
        /// A message. A number that is no message of the conversation is taken as an index, because
        /// the vendor's example, which also misspells the name, sends one.
        #[names("message_id", "messsage_id")]
        message_id: Option<MessageId>,
    }

    /// Names a conversation and a time.
    pub(crate) struct Mute {
        /// The conversation.
        #[names("id", "conversation_id")]
        id: ConversationId,
        /// For how many minutes.
        minutes: i64,
    }
}

impl Place {
    fn position(&self) -> Position {
        match (self.obj_index, self.message_id) {
            (_, Some(message)) => Position::MessageOrObjIndex(message.0),
            (Some(index), None) => Position::ObjIndex(index),
            (None, None) => Position::Newest,
        }
    }
}

pub(crate) async fn getone(call: Call, p: Named) -> Reply {
    let version = call.version;
    call.read(move |tx, actor| {
        Ok(ConversationAnswer::new(conversation::load(tx, actor, p.id)?, version))
    })
    .await
}

pub(crate) async fn get(call: Call, p: Get) -> Reply {
    let filter = Filter {
        archived: p.archived.unwrap_or(false),
        newer_than: p.newer_than_ts.map(Seconds::millis),
        older_than: p.older_than_ts.map(Seconds::millis),
        before_id: p.before_id,
        after_id: p.after_id,
        ascending: p.order_by.is_some_and(page::Order::is_ascending),
        limit: page::limit(p.limit, 20)?,
    };
    let version = call.version;
    call.read(move |tx, actor| {
        let workspace = p.workspace_id.resolve(tx, actor)?;
        let found = conversation::list(tx, actor, workspace, &filter)?;
        let answer = |conversation| ConversationAnswer::new(conversation, version);
        Ok(found.into_iter().map(answer).collect::<Vec<_>>())
    })
    .await
}

pub(crate) async fn get_or_create(call: Call, p: GetOrCreate) -> Reply {
    let version = call.version;
    call.write(move |tx, actor| {
        let workspace = p.workspace_id.resolve(tx, actor)?;
        let found = conversation::get_or_create(tx, actor, workspace, &p.user_ids)?;
        Ok(ConversationAnswer::new(found, version))
    })
    .await
}

pub(crate) async fn update(call: Call, p: Update) -> Reply {
    let title = changed(p.title).map(Option::unwrap_or_default);
    if title.is_none() && p.archived.is_none() {
        return Err(Error::missing("title"));
    }
    let change = ConversationChange { title, archived: p.archived };
    let version = call.version;
    call.write(move |tx, actor| {
        Ok(ConversationAnswer::new(conversation::update(tx, actor, p.id, &change)?, version))
    })
    .await
}

pub(crate) async fn add_user(call: Call, p: WithUser) -> Reply {
    add_users(call, WithUsers { id: p.id, user_ids: vec![p.user_id] }).await
}

pub(crate) async fn remove_user(call: Call, p: WithUser) -> Reply {
    remove_users(call, WithUsers { id: p.id, user_ids: vec![p.user_id] }).await
}

pub(crate) async fn add_users(call: Call, p: WithUsers) -> Reply {
    call.write(move |tx, actor| {
        conversation::add_users(tx, actor, p.id, &p.user_ids)?;
        Ok(DONE)
    })
    .await
}

pub(crate) async fn remove_users(call: Call, p: WithUsers) -> Reply {
    call.write(move |tx, actor| {
        conversation::remove_users(tx, actor, p.id, &p.user_ids)?;
        Ok(DONE)
    })
    .await
}

pub(crate) async fn archive(call: Call, p: Named) -> Reply {
    call.write(move |tx, actor| {
        conversation::archive(tx, actor, p.id)?;
        Ok(DONE)
    })
    .await
}

pub(crate) async fn unarchive(call: Call, p: Named) -> Reply {
    call.write(move |tx, actor| {
        conversation::unarchive(tx, actor, p.id)?;
        Ok(DONE)
    })
    .await
}

pub(crate) async fn get_unread(call: Call, p: InWorkspace) -> Reply {
    let version = call.version;
    call.read(move |tx, actor| {
        let workspace = p.workspace_id.resolve(tx, actor)?;
        let unread = conversation::unread(tx, actor, workspace)?;
        Ok(unread.iter().map(|one| UnreadDirect::new(one, version)).collect::<Vec<_>>())
    })
    .await
}

pub(crate) async fn mark_read(call: Call, p: Place) -> Reply {
    call.about_conversation(p.id)
        .write(move |tx, actor| {
            conversation::mark_read(tx, actor, p.id, p.position())?;
            Ok(DONE)
        })
        .await
}

pub(crate) async fn mark_unread(call: Call, p: Place) -> Reply {
    call.about_conversation(p.id)
        .write(move |tx, actor| {
            conversation::mark_unread(tx, actor, p.id, p.position())?;
            Ok(DONE)
        })
        .await
}

pub(crate) async fn mute(call: Call, p: Mute) -> Reply {
    let version = call.version;
    call.write(move |tx, actor| {
        Ok(ConversationAnswer::new(conversation::mute(tx, actor, p.id, p.minutes)?, version))
    })
    .await
}

pub(crate) async fn unmute(call: Call, p: Named) -> Reply {
    let version = call.version;
    call.write(move |tx, actor| {
        Ok(ConversationAnswer::new(conversation::unmute(tx, actor, p.id)?, version))
    })
    .await
}
