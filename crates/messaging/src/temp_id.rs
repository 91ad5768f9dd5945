//! Negative numbers that clients choose for what they create, until they learn the real ids.
//!
//! A temporary id belongs to one person and works for one day (our decision; the vendor documents
//! neither).

use halyard_platform::{
    clock::Millis,
    db::{self, Tx},
    params,
};

use crate::{Actor, Error};

/// How long a temporary id can be used, in milliseconds.
pub const LIFETIME: Millis = 86_400_000;

/// What a temporary id stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A workspace.
    Workspace,
    /// A channel.
    Channel,
    /// A thread.
    Thread,
    /// A comment.
    Comment,
}

impl Kind {
    fn stored(self) -> &'static str {
        match self {
            Self::Workspace => "workspace",
            Self::Channel => "channel",
            Self::Thread => "thread",
            Self::Comment => "comment",
        }
    }
}

/// Remembers that the actor's `temp_id` stands for the thing of this kind with the real `id`.
///
/// # Errors
/// [`Error::TempIdInvalid`] when the number is not negative, [`Error::TempIdUsed`] when it stands
/// for something else already.
pub fn claim(
    tx: &mut Tx<'_>,
    actor: &Actor,
    temp_id: i64,
    kind: Kind,
    id: i64,
) -> Result<(), Error> {
    if temp_id >= 0 {
        return Err(Error::TempIdInvalid);
    }
    // One that has expired may be there until the next sweep; it is free again.
    let claimed: Option<i64> = tx.optional(
        "insert into temp_id (user_id, temp_id, kind, id, created_at) values ($1, $2, $3, $4, $5)
         on conflict (user_id, temp_id) do update
         set kind = excluded.kind, id = excluded.id, created_at = excluded.created_at
         where temp_id.created_at <= $6
         returning id",
        params![actor.user, temp_id, kind.stored(), id, actor.now, actor.now - LIFETIME],
    )?;
    claimed.map(|_| ()).ok_or(Error::TempIdUsed)
}

/// The real id behind a number that may be a temporary one.
///
/// # Errors
/// [`Error::TempIdUnknown`] for a negative number that the actor never chose for this kind, or
/// longer than a day ago.
pub fn resolve(tx: &mut Tx<'_>, actor: &Actor, kind: Kind, id: i64) -> Result<i64, Error> {
    if id >= 0 {
        return Ok(id);
    }
    let real: Option<i64> = tx.optional(
        "select id from temp_id
         where user_id = $1 and temp_id = $2 and kind = $3 and created_at > $4",
        params![actor.user, id, kind.stored(), actor.now - LIFETIME],
    )?;
    real.ok_or(Error::TempIdUnknown)
}

/// Removes what has expired; answers how many.
pub fn sweep(tx: &mut Tx<'_>, now: Millis) -> Result<u64, db::Error> {
    tx.exec("delete from temp_id where created_at <= $1", params![now - LIFETIME])
}
