use halyard_identity::UserId;
use halyard_platform::{
    clock::Millis,
    db::{self, FromRow, Row, Tx},
    params,
};

use crate::{Actor, ConversationId, Error, MessageId, WorkspaceId, conversation::seen_by};

/// A message. Fields whose names end in `_json` are stored JSON text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Id.
    pub id: MessageId,
    /// Where it was written.
    pub conversation_id: ConversationId,
    /// Where that is.
    pub workspace_id: WorkspaceId,
    /// Position in the conversation from 0.
    pub obj_index: i64,
    /// Who wrote it.
    pub creator: UserId,
    /// Their name.
    pub creator_name: String,
    /// Markdown; empty when it was removed, is a system message or only carries attachments.
    pub content: String,
    /// List of attachments, or none.
    pub attachments_json: Option<String>,
    /// List of action buttons, or none.
    pub actions_json: Option<String>,
    /// People mentioned.
    pub direct_mentions_json: String,
    /// Groups mentioned.
    pub direct_group_mentions_json: String,
    /// Emoji and who chose them.
    pub reactions_json: String,
    /// What the system says with it, or none.
    pub system_message_json: Option<String>,
    /// When it was written.
    pub posted_at: Millis,
    /// When it was changed last.
    pub last_edited_at: Option<Millis>,
    /// Only its place is left.
    pub deleted: bool,
    /// Rises with each change.
    pub version: i64,
}

impl FromRow for Message {
    fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
        Ok(Self {
            id: row.get()?,
            conversation_id: row.get()?,
            workspace_id: row.get()?,
            obj_index: row.get()?,
            creator: row.get()?,
            creator_name: row.get()?,
            content: row.get()?,
            attachments_json: row.get()?,
            actions_json: row.get()?,
            direct_mentions_json: row.get()?,
            direct_group_mentions_json: row.get()?,
            reactions_json: row.get()?,
            system_message_json: row.get()?,
            posted_at: row.get()?,
            last_edited_at: row.get()?,
            deleted: row.get()?,
            version: row.get()?,
        })
    }
}

/// The columns of a [`Message`] from `message m`, `conversation c` and its author `users mu`.
macro_rules! message_columns {
    () => {
        "m.id, m.conversation_id, c.workspace_id, m.obj_index, m.creator, mu.name, m.content,
         m.attachments, m.actions, m.direct_mentions, m.direct_group_mentions, m.reactions,
         m.system_message, m.posted_at, m.last_edited_at, m.deleted_at is not null, m.version"
    };
}
pub(crate) use message_columns;

/// Those of these messages that are in conversations of the actor, in one query.
///
/// # Errors
/// Those of the store.
pub fn load_many(tx: &mut Tx<'_>, actor: &Actor, ids: &[MessageId]) -> Result<Vec<Message>, Error> {
    Ok(tx.all(
        concat!(
            "select ",
            message_columns!(),
            " from message m
             join conversation c on c.id = m.conversation_id",
            seen_by!("$2"),
            "join users mu on mu.id = m.creator
             where m.id in {ids $1}"
        ),
        params![&crate::json::encode(ids), actor.user],
    )?)
}

/// One message of a conversation of the actor, also a removed one.
///
/// # Errors
/// [`Error::MessageNotFound`]
pub fn load(tx: &mut Tx<'_>, actor: &Actor, id: MessageId) -> Result<Message, Error> {
    tx.optional(
        concat!(
            "select ",
            message_columns!(),
            " from message m
             join conversation c on c.id = m.conversation_id",
            seen_by!("$2"),
            "join users mu on mu.id = m.creator
             where m.id = $1"
        ),
        params![id, actor.user],
    )?
    .ok_or(Error::MessageNotFound)
}
