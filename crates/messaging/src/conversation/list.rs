use halyard_platform::{clock::Millis, db::Tx, params};

use super::{
    Conversation,
    types::{complete, select_conversations},
};
use crate::{Actor, ConversationId, Error, WorkspaceId, boundary::check_limit, workspace};

/// Which conversations a list shows.
///
/// Times count in whole seconds, as on the wire: a page boundary that a client took from an item
/// of the last page must neither repeat nor skip one that was active within the same second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Only archived ones, or only those that are not.
    pub archived: bool,
    /// Active after this second.
    pub newer_than: Option<Millis>,
    /// Active before this second.
    pub older_than: Option<Millis>,
    /// Together with `older_than` one boundary: what comes before that item. Alone, a page by id.
    pub before_id: Option<ConversationId>,
    /// Together with `newer_than` one boundary: what comes after that item. Alone, a page by id.
    pub after_id: Option<ConversationId>,
    /// Least recently active first; else most recently active first. When `before_id` or
    /// `after_id` stands alone, the id takes the place of the time.
    pub ascending: bool,
    /// At most so many, 1 to 500.
    pub limit: i64,
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            archived: false,
            newer_than: None,
            older_than: None,
            before_id: None,
            after_id: None,
            ascending: false,
            limit: 20,
        }
    }
}

/// The actor's conversations in a workspace.
///
/// # Errors
/// [`Error::WorkspaceNotFound`]; [`Error::Invalid`] for the limit.
pub fn list(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: WorkspaceId,
    filter: &Filter,
) -> Result<Vec<Conversation>, Error> {
    let limit = check_limit(filter.limit)?;
    workspace::role(tx, actor, id)?;
    let (newer, above) = match (filter.newer_than, filter.after_id.map(|id| id.0)) {
        (Some(time), Some(id)) => ((time / 1000, id), i64::MIN),
        (Some(time), None) => ((time / 1000, i64::MAX), i64::MIN),
        (None, id) => ((i64::MIN, 0), id.unwrap_or(i64::MIN)),
    };
    let (older, below) = match (filter.older_than, filter.before_id.map(|id| id.0)) {
        (Some(time), Some(id)) => ((time / 1000, id), i64::MAX),
        (Some(time), None) => ((time / 1000, i64::MIN), i64::MAX),
        (None, id) => ((i64::MAX, 0), id.unwrap_or(i64::MAX)),
    };
    let by_id = above != i64::MIN || below != i64::MAX;
    let direction = if filter.ascending { 1 } else { -1 };
    let found = tx.all(
        // Only the actor's own conversations are sorted, so no index is lost by the products.
        select_conversations!(
            "where c.workspace_id = $2
               and (coalesce(cm.archived_items, -1) > c.last_obj_index) = $3
               and (c.last_active_at / 1000 > $4 or (c.last_active_at / 1000 = $4 and c.id > $5))
               and (c.last_active_at / 1000 < $6 or (c.last_active_at / 1000 = $6 and c.id < $7))
               and c.id > $8 and c.id < $9
             order by $10 * (c.last_active_at / 1000), $11 * c.id
             limit $12"
        ),
        params![
            actor.user,
            id,
            filter.archived,
            newer.0,
            newer.1,
            older.0,
            older.1,
            above,
            below,
            if by_id { 0 } else { direction },
            direction,
            limit
        ],
    )?;
    complete(tx, actor, found)
}
