use halyard_platform::{
    db::{self, FromRow, Row, Tx},
    params,
};

use super::{access, seen_by};
use crate::{Actor, ConversationId, Error, MessageId, WorkspaceId, workspace};

/// A place among the messages of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// By index; -1 is before the first message.
    ObjIndex(i64),
    /// By message.
    Message(MessageId),
    /// By message when there is one with this id in the conversation, else by an index that exists.
    MessageOrObjIndex(i64),
    /// The newest message.
    Newest,
}

/// A conversation with something unread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unread {
    /// Which one.
    pub conversation_id: ConversationId,
    /// Index of the last message that was read; -1 when none was.
    pub obj_index: i64,
    /// An unread message mentions the reader.
    pub direct_mention: bool,
}

impl FromRow for Unread {
    fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
        Ok(Self { conversation_id: row.get()?, obj_index: row.get()?, direct_mention: row.get()? })
    }
}

/// How many messages there are up to the newest one that is not removed, as SQL. What is removed is
/// unread for nobody.
macro_rules! live_items_sql {
    () => {
        "case when c.tail_items = c.last_obj_index + 1 then c.live_items
             else c.last_obj_index + 1 end"
    };
}

/// The actor's conversations with something unread, the last active first; also muted and archived
/// ones.
///
/// # Errors
/// [`Error::WorkspaceNotFound`]
pub fn unread(tx: &mut Tx<'_>, actor: &Actor, id: WorkspaceId) -> Result<Vec<Unread>, Error> {
    workspace::role(tx, actor, id)?;
    Ok(tx.all(
        concat!(
            "select c.id, cm.read_items - 1,
                 exists (select 1 from message_mention mm
                         where mm.user_id = $1 and mm.conversation_id = c.id
                           and mm.obj_index >= cm.read_items)
             from conversation c",
            seen_by!("$1"),
            "where c.workspace_id = $2 and cm.read_items < ",
            live_items_sql!(),
            "
             order by c.last_active_at desc, c.id desc"
        ),
        params![actor.user, id],
    )?)
}

/// Everything up to this place has been read. Never moves backwards, so that a client which does
/// not know where it is does no harm; never moves past the newest message.
///
/// # Errors
/// [`Error::ConversationNotFound`]; [`Error::MessageNotFound`] when the message is not in it.
pub fn mark_read(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: ConversationId,
    position: Position,
) -> Result<(), Error> {
    let last = access::last_obj_index(tx, actor, id)?;
    let read_items = index(tx, id, position, last)?.clamp(-1, last) + 1;
    tx.exec(
        "update conversation_member set read_items = $3
         where conversation_id = $1 and user_id = $2 and read_items < $3",
        params![id, actor.user, read_items],
    )?;
    Ok(())
}

/// What comes after this place is unread again. [`Position::Newest`] makes the newest message
/// itself unread (our decision), which is what a person means who names no message.
///
/// # Errors
/// As [`mark_read`].
pub fn mark_unread(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: ConversationId,
    position: Position,
) -> Result<(), Error> {
    let last = access::last_obj_index(tx, actor, id)?;
    let read = match position {
        Position::Newest => last - 1,
        other => index(tx, id, other, last)?,
    };
    let live: i64 = tx.one(
        concat!("select ", live_items_sql!(), " from conversation c where c.id = $1"),
        params![id],
    )?;
    tx.exec(
        "update conversation_member set read_items = $3
         where conversation_id = $1 and user_id = $2",
        params![id, actor.user, (read.clamp(-1, last) + 1).min(live - 1).max(0)],
    )?;
    Ok(())
}

fn index(tx: &mut Tx<'_>, id: ConversationId, position: Position, last: i64) -> Result<i64, Error> {
    match position {
        Position::ObjIndex(index) => Ok(index),
        Position::Newest => Ok(last),
        Position::Message(message) => index_of(tx, id, message)?.ok_or(Error::MessageNotFound),
        Position::MessageOrObjIndex(number) => match index_of(tx, id, MessageId(number))? {
            Some(index) => Ok(index),
            None if (-1..=last).contains(&number) => Ok(number),
            None => Err(Error::MessageNotFound),
        },
    }
}

fn index_of(tx: &mut Tx<'_>, id: ConversationId, message: MessageId) -> Result<Option<i64>, Error> {
    Ok(tx.optional(
        "select obj_index from message where id = $1 and conversation_id = $2",
        params![message, id],
    )?)
}
