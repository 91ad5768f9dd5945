use std::collections::HashMap;

use halyard_identity::UserId;
use halyard_platform::{
    clock::Millis,
    db::{self, FromRow, Row, Tx},
    params,
};

use crate::{Actor, ConversationId, Error, WorkspaceId, json, message::Message};

/// A conversation as one of its people sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Conversation {
    /// Id.
    pub id: ConversationId,
    /// Where it takes place.
    pub workspace_id: WorkspaceId,
    /// Who started it.
    pub creator: UserId,
    /// Chosen title; none in a private conversation.
    pub title: Option<String>,
    /// The title, or else the names of the other people; one's own name when nobody else is there.
    pub name: String,
    /// Between two people, or a person and themselves.
    pub private: bool,
    /// The people in it, by id, also those who have been removed from the workspace.
    pub user_ids: Vec<UserId>,
    /// Messages that are not removed.
    pub message_count: i64,
    /// Index of the newest message, removed ones included; -1 when there is none.
    pub last_obj_index: i64,
    /// Start of the newest text; empty when there is none.
    pub snippet: String,
    /// Who wrote it.
    pub snippet_creator: Option<UserId>,
    /// Authors of the newest messages, newest first, at most five: stored JSON list.
    pub snippet_creators_json: String,
    /// Time of the newest message, or of the start.
    pub last_active_at: Millis,
    /// When it was started.
    pub created_at: Millis,
    /// The reader wants no notifications until then; none when that time has passed.
    pub muted_until: Option<Millis>,
    /// The reader has put it away, and nothing was written since.
    pub archived: bool,
    /// Rises with each change that everybody can see.
    pub version: i64,
    /// The newest message that is neither removed nor a system message.
    pub last_message: Option<Message>,
}

impl FromRow for Conversation {
    fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
        Ok(Self {
            id: row.get()?,
            workspace_id: row.get()?,
            creator: row.get()?,
            title: row.get()?,
            name: String::new(),
            private: row.get()?,
            user_ids: Vec::new(),
            message_count: row.get()?,
            last_obj_index: row.get()?,
            snippet: row.get()?,
            snippet_creator: row.get()?,
            snippet_creators_json: row.get()?,
            last_active_at: row.get()?,
            created_at: row.get()?,
            muted_until: row.get()?,
            archived: row.get()?,
            version: row.get()?,
            last_message: match row.get::<Option<i64>>()? {
                Some(_) => Some(Message::from_row(row)?),
                None => None,
            },
        })
    }
}

/// `select` and `from` of a [`Conversation`]; `$1` is the actor. Give it to [`complete`].
macro_rules! select_conversations {
    ($tail:literal) => {
        concat!(
            "select c.id, c.workspace_id, c.creator, c.title, c.private, c.message_count,
                 c.last_obj_index, c.snippet, c.snippet_creator, c.snippet_creators,
                 c.last_active_at, c.created_at, cm.muted_until,
                 coalesce(cm.archived_items, -1) > c.last_obj_index, c.version,
                 c.last_message_id, ",
            $crate::message::message_columns!(),
            " from conversation c",
            $crate::conversation::seen_by!("$1"),
            "left join message m on m.id = c.last_message_id
             left join users mu on mu.id = m.creator ",
            $tail
        )
    };
}
pub(super) use select_conversations;

/// Adds the people, who are not in the same row.
pub(super) fn complete(
    tx: &mut Tx<'_>,
    actor: &Actor,
    mut conversations: Vec<Conversation>,
) -> Result<Vec<Conversation>, Error> {
    if conversations.is_empty() {
        return Ok(conversations);
    }
    let ids: Vec<_> = conversations.iter().map(|conversation| conversation.id).collect();
    let rows: Vec<(ConversationId, UserId, String)> = tx.all(
        "select cm.conversation_id, cm.user_id, u.name
         from conversation_member cm
         join users u on u.id = cm.user_id
         where cm.conversation_id in {ids $1}
         order by cm.conversation_id, cm.user_id",
        params![&json::encode(&ids)],
    )?;
    let mut people: HashMap<ConversationId, Vec<(UserId, String)>> = HashMap::new();
    for (id, user, name) in rows {
        people.entry(id).or_default().push((user, name));
    }
    for conversation in &mut conversations {
        let people = people.remove(&conversation.id).unwrap_or_default();
        conversation.user_ids = people.iter().map(|(user, _)| *user).collect();
        conversation.muted_until = conversation.muted_until.filter(|until| *until > actor.now);
        conversation.name = match &conversation.title {
            Some(title) => title.clone(),
            None => names(actor, &people),
        };
    }
    Ok(conversations)
}

fn names(actor: &Actor, people: &[(UserId, String)]) -> String {
    let others = people.iter().filter(|(user, _)| *user != actor.user || people.len() == 1);
    others.map(|(_, name)| name.as_str()).collect::<Vec<_>>().join(", ")
}

/// One conversation of the actor.
///
/// # Errors
/// [`Error::ConversationNotFound`]
pub fn load(tx: &mut Tx<'_>, actor: &Actor, id: ConversationId) -> Result<Conversation, Error> {
    let found: Option<Conversation> =
        tx.optional(select_conversations!("where c.id = $2"), params![actor.user, id])?;
    complete(tx, actor, found.into_iter().collect())?.pop().ok_or(Error::ConversationNotFound)
}

/// Those of the conversations that are the actor's.
pub(crate) fn load_all(
    tx: &mut Tx<'_>,
    actor: &Actor,
    ids: &[i64],
) -> Result<Vec<Conversation>, Error> {
    let found: Vec<Conversation> = tx.all(
        select_conversations!("where c.id in {ids $2}"),
        params![actor.user, &json::encode(ids)],
    )?;
    complete(tx, actor, found)
}
