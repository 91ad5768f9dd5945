//! The inbox of a member: the threads that concern them and that they have not put away.
//!
//! Nobody's inbox is written when something is posted. What is in it follows from the thread, from
//! the audience and from the member's own `thread_state`, as [`crate::thread`] says.

mod change;
mod list;

use halyard_platform::{
    db::{self, Tx},
    events, params,
};

pub(crate) use change::touch;
pub use change::{archive_all, mark_all_read};
pub use list::{Filter, Which, list};

use crate::{Actor, Error, WorkspaceId, thread, workspace};

/// How much there is in an inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Threads in it that are unread.
    pub unread: i64,
    /// Rises with every change of the inbox. It may also rise when nothing in it has changed, and
    /// what somebody else has posted may be counted a moment before it rises.
    pub version: i64,
}

/// Counts the unread threads in the actor's inbox.
///
/// # Errors
/// [`Error::WorkspaceNotFound`]
pub fn count(tx: &mut Tx<'_>, actor: &Actor, id: WorkspaceId) -> Result<Count, Error> {
    workspace::role(tx, actor, id)?;
    let unread = unread(tx, actor, id)?.len() as i64;
    let own: Option<i64> = tx.optional(
        "select changes from inbox where user_id = $1 and workspace_id = $2",
        params![actor.user, id],
    )?;
    Ok(Count { unread, version: events::position(tx)? + own.unwrap_or(0) })
}

/// The unread threads in the inbox, with their numbers of items.
fn unread(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: WorkspaceId,
) -> Result<Vec<(crate::ThreadId, i64)>, db::Error> {
    let unread = thread::unread_items(tx, actor, id)?;
    if unread.is_empty() {
        return Ok(unread);
    }
    let ids: Vec<_> = unread.iter().map(|(thread, _)| *thread).collect();
    let inside = list::inside(tx, actor, id, &ids)?;
    Ok(unread.into_iter().filter(|(thread, _)| inside.contains(thread)).collect())
}
