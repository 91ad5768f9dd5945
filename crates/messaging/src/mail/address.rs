//! The addresses to which people send posts.
//!
//! One belongs to a channel, thread or conversation and is for everybody who may write there.
//! Others belong to one person as well: answers to that person's mails go there. What stands
//! before the `@` is drawn at random; who does not know it cannot write to it.

use halyard_identity::UserId;
use halyard_platform::{
    clock::Millis,
    db::{self, FromColumn, FromRow, Row, Tx, Value},
    params,
};

use crate::{Actor, ChannelId, ConversationId, Error, ThreadId, channel, conversation, thread};

halyard_platform::id! {
    /// An address that takes mail.
    AddressId;
}

/// What becomes of mail to an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A thread in this channel.
    Channel(ChannelId),
    /// A comment in this thread.
    Thread(ThreadId),
    /// A message in this conversation.
    Conversation(ConversationId),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Channel,
    Thread,
    Conversation,
    Unsubscribe,
}

impl Kind {
    fn stored(self) -> &'static str {
        match self {
            Self::Channel => "channel",
            Self::Thread => "thread",
            Self::Conversation => "conversation",
            Self::Unsubscribe => "unsubscribe",
        }
    }
}

impl FromColumn for Kind {
    const EXPECTED: &'static str = "a kind of mail address";
    fn from_column(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Text("channel") => Some(Self::Channel),
            Value::Text("thread") => Some(Self::Thread),
            Value::Text("conversation") => Some(Self::Conversation),
            Value::Text("unsubscribe") => Some(Self::Unsubscribe),
            _ => None,
        }
    }
}

impl Target {
    fn parts(self) -> (Kind, i64) {
        match self {
            Self::Channel(id) => (Kind::Channel, id.0),
            Self::Thread(id) => (Kind::Thread, id.0),
            Self::Conversation(id) => (Kind::Conversation, id.0),
        }
    }

    /// Refuses who may not write there.
    ///
    /// # Errors
    /// Not found for what the actor cannot see; [`Error::Forbidden`] in an archived channel.
    pub fn require_writable(self, tx: &mut Tx<'_>, actor: &Actor) -> Result<(), Error> {
        let archived = match self {
            Self::Channel(id) => channel::access(tx, actor, id)?.archived,
            Self::Thread(id) => {
                let channel = thread::load(tx, actor, id)?.channel_id;
                channel::access(tx, actor, channel)?.archived
            }
            Self::Conversation(id) => {
                conversation::last_obj_index(tx, actor, id)?;
                false
            }
        };
        if archived {
            return Err(Error::Forbidden("the channel is archived"));
        }
        Ok(())
    }
}

/// An address that works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address {
    /// Id.
    pub id: AddressId,
    /// What it is for.
    pub target: Target,
    /// Whose it is; none: of everybody who may write there.
    pub owner: Option<UserId>,
}

struct Found(Option<Address>);

impl FromRow for Found {
    fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
        let (id, kind, target, owner) = (row.get()?, row.get()?, row.get()?, row.get()?);
        let target = match kind {
            Kind::Channel => Target::Channel(ChannelId(target)),
            Kind::Thread => Target::Thread(ThreadId(target)),
            Kind::Conversation => Target::Conversation(ConversationId(target)),
            Kind::Unsubscribe => return Ok(Self(None)),
        };
        let owner = Some(owner).filter(|owner| *owner != NOBODY);
        Ok(Self(Some(Address { id, target, owner })))
    }
}

/// In place of an owner.
const NOBODY: UserId = UserId(0);

/// What stands before the `@` of the address for everybody who may write there. `local` becomes it
/// when there is none yet.
///
/// # Errors
/// As [`Target::require_writable`].
pub fn get_or_create(
    tx: &mut Tx<'_>,
    actor: &Actor,
    target: Target,
    local: &str,
) -> Result<String, Error> {
    target.require_writable(tx, actor)?;
    Ok(of(tx, target.parts(), NOBODY, local, actor.now)?)
}

/// The address for everybody takes no more mail; the next one that is asked for is another one.
/// Answers whether there was one. Those of single people, in mails that they have got, go on.
///
/// # Errors
/// As [`Target::require_writable`].
pub fn disable(tx: &mut Tx<'_>, actor: &Actor, target: Target) -> Result<bool, Error> {
    target.require_writable(tx, actor)?;
    let (kind, id) = target.parts();
    let disabled = tx.exec(
        "update mail_address set disabled_at = $3
         where kind = $1 and target_id = $2 and user_id = 0 and disabled_at is null",
        params![kind.stored(), id, actor.now],
    )?;
    Ok(disabled > 0)
}

/// The address that takes posts, by what stands before the `@`.
pub fn find(tx: &mut Tx<'_>, local: &str) -> Result<Option<Address>, db::Error> {
    let found: Option<Found> = tx.optional(
        "select id, kind, target_id, user_id from mail_address
         where local = $1 and disabled_at is null",
        params![local.to_ascii_lowercase().as_str()],
    )?;
    Ok(found.and_then(|found| found.0))
}

/// As [`find`], by its id.
pub(super) fn load(tx: &mut Tx<'_>, id: AddressId) -> Result<Option<Address>, db::Error> {
    let found: Option<Found> = tx.optional(
        "select id, kind, target_id, user_id from mail_address
         where id = $1 and disabled_at is null",
        params![id],
    )?;
    Ok(found.and_then(|found| found.0))
}

/// The address to which answers of this person go.
pub(super) fn of_person(
    tx: &mut Tx<'_>,
    target: Target,
    user: UserId,
    local: &str,
    now: Millis,
) -> Result<String, db::Error> {
    of(tx, target.parts(), user, local, now)
}

/// The code with which somebody ends the mails of a workspace.
pub(super) fn to_unsubscribe(
    tx: &mut Tx<'_>,
    (workspace, user): (crate::WorkspaceId, UserId),
    local: &str,
    now: Millis,
) -> Result<String, db::Error> {
    of(tx, (Kind::Unsubscribe, workspace.0), user, local, now)
}

/// Who ends the mails of which workspace with this code.
pub(super) fn unsubscribed(
    tx: &mut Tx<'_>,
    code: &str,
) -> Result<Option<(crate::WorkspaceId, UserId)>, db::Error> {
    tx.optional(
        "select target_id, user_id from mail_address
         where local = $1 and kind = 'unsubscribe' and disabled_at is null",
        params![code],
    )
}

fn of(
    tx: &mut Tx<'_>,
    (kind, target): (Kind, i64),
    user: UserId,
    local: &str,
    now: Millis,
) -> Result<String, db::Error> {
    let find = |tx: &mut Tx<'_>| {
        tx.optional(
            "select local from mail_address
             where kind = $1 and target_id = $2 and user_id = $3 and disabled_at is null",
            params![kind.stored(), target, user],
        )
    };
    if let Some(found) = find(tx)? {
        return Ok(found);
    }
    tx.exec(
        "insert into mail_address (local, kind, target_id, user_id, created_at)
         values ($1, $2, $3, $4, $5)
         on conflict (kind, target_id, user_id) where disabled_at is null do nothing",
        params![local, kind.stored(), target, user, now],
    )?;
    find(tx)?.ok_or(db::Error::Missing("a mail address that was just made"))
}
