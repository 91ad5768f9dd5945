use halyard_platform::{
    clock::Millis,
    db::{FromRow, Tx},
    params,
};

use super::{Message, message_columns};
use crate::{Actor, ConversationId, Error, MessageId, boundary, conversation};

/// Which messages of a conversation a list shows. Removed ones are among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// From this index on.
    pub from_obj_index: Option<i64>,
    /// Up to this index, inclusive.
    pub to_obj_index: Option<i64>,
    /// Posted after this second (whole seconds, as on the wire).
    pub newer_than: Option<Millis>,
    /// Posted before this second.
    pub older_than: Option<Millis>,
    /// Oldest first; else newest first.
    pub ascending: bool,
    /// At most so many, 1 to 500.
    pub limit: i64,
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            from_obj_index: None,
            to_obj_index: None,
            newer_than: None,
            older_than: None,
            ascending: false,
            limit: 20,
        }
    }
}

/// Messages of a conversation.
///
/// # Errors
/// [`Error::ConversationNotFound`]; [`Error::Invalid`] for the limit.
pub fn list(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: ConversationId,
    filter: &Filter,
) -> Result<Vec<Message>, Error> {
    page(
        tx,
        actor,
        id,
        filter,
        concat!(
            "select ",
            message_columns!(),
            " from message m
             join conversation c on c.id = m.conversation_id
             join users mu on mu.id = m.creator
             where m.conversation_id = $1 and m.obj_index between $2 and $3
             order by m.obj_index"
        ),
    )
}

/// The ids only.
///
/// # Errors
/// As [`list`].
pub fn list_ids(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: ConversationId,
    filter: &Filter,
) -> Result<Vec<MessageId>, Error> {
    page(
        tx,
        actor,
        id,
        filter,
        "select m.id from message m
         where m.conversation_id = $1 and m.obj_index between $2 and $3
         order by m.obj_index",
    )
}

/// Because indexes have no gaps, a page is a range of indexes, found without reading past it.
fn page<T: FromRow>(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: ConversationId,
    filter: &Filter,
    sql: &'static str,
) -> Result<Vec<T>, Error> {
    let limit = boundary::check_limit(filter.limit)?;
    let last = conversation::last_obj_index(tx, actor, id)?;
    let mut low = filter.from_obj_index.unwrap_or(0).max(0);
    let mut high = filter.to_obj_index.unwrap_or(last).min(last);
    let mut posted_at = |index: i64| {
        tx.optional::<Millis>(
            "select posted_at from message where conversation_id = $1 and obj_index = $2",
            params![id, index],
        )
    };
    if let Some(time) = filter.newer_than {
        let moment = time / 1000 * 1000 + 999;
        low = low.max(boundary::first_after(last, moment, &mut posted_at)?);
    }
    if let Some(time) = filter.older_than {
        let moment = time / 1000 * 1000 - 1;
        high = high.min(boundary::first_after(last, moment, &mut posted_at)? - 1);
    }
    if low > high {
        return Ok(Vec::new());
    }
    if filter.ascending {
        high = high.min(low.saturating_add(limit - 1));
    } else {
        low = low.max(high - limit + 1);
    }
    let mut rows = tx.all(sql, params![id, low, high])?;
    if !filter.ascending {
        rows.reverse();
    }
    Ok(rows)
}
