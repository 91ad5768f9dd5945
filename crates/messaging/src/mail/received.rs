//! Mail that has come in: who may have written it, and its post.

use halyard_identity::{self as identity, UserId};
use halyard_platform::{
    clock::Millis,
    db::{self, FromRow, Row, Tx},
    jobs::{self, NewJob},
    params,
};
use serde::{Deserialize, Serialize};

use super::address::{self, Address, AddressId, Target};
use crate::{
    Actor, Audience, Error, Post, Reach,
    attachment::{self, Attachment},
    comment::{self, NewComment},
    message,
    thread::{self, NewThread},
};

/// Kind of the jobs that post a mail; their payload is a [`Received`].
pub const JOB: &str = "mail.post";

/// How long it is remembered that a mail has come, in milliseconds: a copy of it that comes later
/// counts as a new one.
const REMEMBERED: Millis = 60 * 24 * 60 * 60 * 1000;

/// Why mail of somebody is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The sender is no member who may write there.
    Stranger,
    /// The address is one for answers, and the sender is not the person whom it was given to.
    NotOwner,
}

/// The member who has sent a mail to an address, by the address in its `From`.
///
/// That field can be forged. To write in the name of a member one needs an unguessable address
/// beside it.
pub fn sender(
    tx: &mut Tx<'_>,
    to: &Address,
    from: &str,
    now: Millis,
) -> Result<Result<UserId, Refusal>, Error> {
    let user = identity::load_user_by_email(tx, from)?.filter(|user| !user.removed && !user.bot);
    let Some(user) = user else {
        let refusal = if to.owner.is_some() { Refusal::NotOwner } else { Refusal::Stranger };
        return Ok(Err(refusal));
    };
    if to.owner.is_some_and(|owner| owner != user.id) {
        return Ok(Err(Refusal::NotOwner));
    }
    match to.target.require_writable(tx, &Actor { user: user.id, now }) {
        Ok(()) => Ok(Ok(user.id)),
        Err(Error::Store(error)) => Err(error.into()),
        Err(_) => Ok(Err(Refusal::Stranger)),
    }
}

/// A mail that is stored, to be accepted.
#[derive(Debug, Clone)]
pub struct NewMail {
    /// Where it came in.
    pub to: AddressId,
    /// Who wrote it.
    pub from: UserId,
    /// By which copies of it are known.
    pub message_id: String,
    /// Where it is.
    pub blob: String,
    /// Bytes.
    pub size: i64,
    /// Digest of the bytes, hexadecimal.
    pub sha256: String,
}

/// Names an accepted mail in a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Received {
    /// Id.
    pub id: i64,
}

/// Takes on a mail: from now on it will be posted. False for a copy of one that was taken on.
/// The caller wakes the workers.
pub fn accept(tx: &mut Tx<'_>, new: &NewMail, now: Millis) -> Result<bool, db::Error> {
    let id: Option<i64> = tx.optional(
        "insert into mail_received (address_id, user_id, message_id, blob, size, sha256,
             received_at)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (address_id, message_id) do nothing
         returning id",
        params![new.to, new.from, &new.message_id, &new.blob, new.size, &new.sha256, now],
    )?;
    let Some(id) = id else { return Ok(false) };
    let payload = crate::json::encode(&Received { id });
    // Two mails to one address are posted in the order in which they came.
    let key = format!("mail:{}", new.to);
    jobs::enqueue(tx, &NewJob { kind: JOB, key: Some(&key), payload: &payload, run_at: now })?;
    Ok(true)
}

/// A mail that is to be posted.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// Where the mail is; none when it was posted already.
    pub blob: Option<String>,
    /// Who wrote it.
    pub from: UserId,
    address: AddressId,
}

impl FromRow for Accepted {
    fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
        Ok(Self { blob: row.get()?, from: row.get()?, address: row.get()? })
    }
}

/// A mail that was taken on.
pub fn load(tx: &mut Tx<'_>, received: Received) -> Result<Option<Accepted>, db::Error> {
    tx.optional(
        "select blob, user_id, address_id from mail_received where id = $1",
        params![received.id],
    )
}

/// What a mail says.
#[derive(Debug, Clone)]
pub struct Posting {
    /// Its subject.
    pub subject: String,
    /// Its text, with `files` among its attachments.
    pub post: Post,
    /// Its files, which are stored already.
    pub files: Vec<Attachment>,
}

/// Posts a mail and forgets its blob, which the caller removes afterwards.
///
/// # Errors
/// Those of writing there; [`Error::Forbidden`] when the address was disabled meanwhile.
pub fn post(
    tx: &mut Tx<'_>,
    received: Received,
    accepted: &Accepted,
    posting: &Posting,
    now: Millis,
) -> Result<(), Error> {
    let gone = Error::Forbidden("the address takes no more mail");
    let address = address::load(tx, accepted.address)?.ok_or(gone)?;
    let actor = Actor { user: accepted.from, now };
    for file in &posting.files {
        let file = Attachment { owner: actor.user, created_at: now, ..file.clone() };
        attachment::add(tx, &file)?;
    }
    let post = posting.post.clone();
    match address.target {
        Target::Channel(channel) => {
            let (title, audience) = (posting.subject.clone(), Audience::of(Reach::Channel));
            thread::add(tx, &actor, &NewThread { channel, title, post, audience, temp_id: None })?;
        }
        Target::Thread(thread) => {
            let audience = Audience::of(Reach::Thread);
            let (action, moves_pointer, temp_id) = (None, true, None);
            let new = NewComment { thread, post, audience, action, moves_pointer, temp_id };
            comment::add(tx, &actor, &new)?;
        }
        Target::Conversation(id) => {
            message::add(tx, &actor, id, &post)?;
        }
    }
    forget(tx, received)
}

/// Ends a mail that says nothing.
///
/// # Errors
/// Those of the store.
pub fn forget(tx: &mut Tx<'_>, received: Received) -> Result<(), Error> {
    tx.exec("update mail_received set blob = null where id = $1", params![received.id])?;
    Ok(())
}

/// Removes the memory of mails that came long ago; answers of how many.
pub fn sweep(tx: &mut Tx<'_>, now: Millis) -> Result<u64, db::Error> {
    tx.exec(
        "delete from mail_received where received_at <= $1 and blob is null",
        params![now - REMEMBERED],
    )
}
