//! The way into a conversation: through the actor's own membership.

use halyard_platform::{
    clock::Millis,
    db::{self, FromRow, Row, Tx},
    params,
};

use crate::{Actor, ConversationId, Error, MessageId, Role, WorkspaceId};

/// Joins that keep only conversations `c` which the person in the parameter may see.
macro_rules! seen_by {
    ($user:literal) => {
        concat!(
            " join conversation_member cm on cm.conversation_id = c.id and cm.user_id = ",
            $user,
            " join member me on me.workspace_id = c.workspace_id and me.user_id = cm.user_id
                  and me.removed_at is null
              join workspace w on w.id = c.workspace_id and w.removed_at is null "
        )
    };
}
pub(crate) use seen_by;

/// A conversation that the actor has entered: what the next change in it needs to know.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) id: ConversationId,
    pub(crate) workspace: WorkspaceId,
    pub(crate) private: bool,
    pub(crate) last_obj_index: i64,
    pub(crate) last_message_id: Option<MessageId>,
    pub(crate) snippet_creators: String,
    pub(crate) last_active_at: Millis,
    /// The actor's role in the workspace.
    pub(crate) role: Role,
    /// The actor's name.
    pub(crate) name: String,
}

impl FromRow for Place {
    fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
        Ok(Self {
            id: row.get()?,
            workspace: row.get()?,
            private: row.get()?,
            last_obj_index: row.get()?,
            last_message_id: row.get()?,
            snippet_creators: row.get()?,
            last_active_at: row.get()?,
            role: row.get()?,
            name: row.get()?,
        })
    }
}

/// Enters a conversation to change what is common to all in it: the next one to do so waits.
///
/// The membership is locked too, so that somebody who is being removed cannot slip in a message.
pub(crate) fn enter_and_lock(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: ConversationId,
) -> Result<Place, Error> {
    tx.optional(
        concat!(
            "select c.id, c.workspace_id, c.private, c.last_obj_index, c.last_message_id,
                 c.snippet_creators, c.last_active_at, me.role, u.name
             from conversation c",
            seen_by!("$2"),
            "join users u on u.id = cm.user_id
             where c.id = $1 {lock c, cm}"
        ),
        params![id, actor.user],
    )?
    .ok_or(Error::ConversationNotFound)
}

/// Index of the newest item, for what concerns the actor alone.
pub(crate) fn last_obj_index(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: ConversationId,
) -> Result<i64, Error> {
    tx.optional(
        concat!("select c.last_obj_index from conversation c", seen_by!("$2"), "where c.id = $1"),
        params![id, actor.user],
    )?
    .ok_or(Error::ConversationNotFound)
}
