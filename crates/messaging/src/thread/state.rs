//! What one member has done with a thread: read, saved, muted, followed, put away.

use halyard_identity::UserId;
use halyard_platform::{clock::Millis, db::Tx, params};

use super::{
    Access, Thread, access,
    access::{attach_people, extended},
    load, unread,
};
use crate::{Actor, CommentId, Error, ThreadId, inbox, json};

/// Whether a `thread_state` row keeps its thread out of the inbox, given the parameters that hold
/// the thread's number of items, the time of the newest one, and whether it comes to people who
/// are not attached. The same as [`Thread::in_inbox`], for the row as it is when it is locked.
macro_rules! out_of_inbox {
    ($items:literal, $updated:literal, $everyone:literal) => {
        concat!(
            "(thread_state.done_items >= ",
            $items,
            " or (thread_state.done_items >= thread_state.quiet_from
                  and coalesce(thread_state.muted_until, 0) >= ",
            $updated,
            ") or not coalesce(thread_state.follows, ",
            $everyone,
            "))"
        )
    };
}

/// Saves a thread for the actor.
///
/// # Errors
/// [`Error::ThreadNotFound`]
pub fn star(tx: &mut Tx<'_>, actor: &Actor, id: ThreadId) -> Result<(), Error> {
    set_starred(tx, actor, id, Some(actor.now))
}

/// Takes the mark away.
///
/// # Errors
/// [`Error::ThreadNotFound`]
pub fn unstar(tx: &mut Tx<'_>, actor: &Actor, id: ThreadId) -> Result<(), Error> {
    set_starred(tx, actor, id, None)
}

fn set_starred(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: ThreadId,
    at: Option<Millis>,
) -> Result<(), Error> {
    access(tx, actor, id)?;
    tx.exec(
        "insert into thread_state (user_id, thread_id, starred_at) values ($1, $2, $3)
         on conflict (user_id, thread_id) do update set starred_at = $3",
        params![actor.user, id, at],
    )?;
    Ok(())
}

/// Keeps new comments out of the actor's inbox for some minutes. They still count as unread.
///
/// # Errors
/// [`Error::ThreadNotFound`]; [`Error::Invalid`] for less than a minute or more than ten years.
pub fn mute(tx: &mut Tx<'_>, actor: &Actor, id: ThreadId, minutes: i64) -> Result<Thread, Error> {
    let until = actor.now + mute_length(minutes)?;
    let thread = access(tx, actor, id)?;
    let items = thread.items();
    let done = if thread.concerns_everyone { 0 } else { items };
    tx.exec(
        concat!(
            "insert into thread_state (user_id, thread_id, muted_until, quiet_from, done_items)
             values ($1, $2, $3, $4, $7)
             on conflict (user_id, thread_id) do update
             set muted_until = $3, quiet_from = $4, done_items = case when ",
            out_of_inbox!("$4", "$5", "$6"),
            " then $4 else thread_state.done_items end"
        ),
        params![
            actor.user,
            id,
            until,
            items,
            thread.last_updated_at,
            thread.concerns_everyone,
            done
        ],
    )?;
    inbox::touch(tx, actor.user, thread.workspace)?;
    load(tx, actor, id)
}

/// Ends a mute. What came meanwhile stays out of the inbox.
///
/// # Errors
/// [`Error::ThreadNotFound`]
pub fn unmute(tx: &mut Tx<'_>, actor: &Actor, id: ThreadId) -> Result<Thread, Error> {
    let thread = access(tx, actor, id)?;
    tx.exec(
        concat!(
            "update thread_state set muted_until = null, done_items = case when ",
            out_of_inbox!("$3", "$4", "$5"),
            " then $3 else thread_state.done_items end
             where user_id = $1 and thread_id = $2 and muted_until is not null"
        ),
        params![actor.user, id, thread.items(), thread.last_updated_at, thread.concerns_everyone],
    )?;
    inbox::touch(tx, actor.user, thread.workspace)?;
    load(tx, actor, id)
}

/// The length of a mute in milliseconds.
///
/// # Errors
/// [`Error::Invalid`]
pub(crate) fn mute_length(minutes: i64) -> Result<Millis, Error> {
    const TEN_YEARS: i64 = 10 * 366 * 24 * 60;
    if !(1..=TEN_YEARS).contains(&minutes) {
        return Err(Error::Invalid { field: "minutes", expected: "a number from 1 to 5270400" });
    }
    Ok(minutes * 60_000)
}

/// Attaches the actor to a thread.
///
/// # Errors
/// [`Error::ThreadNotFound`]
pub fn follow(tx: &mut Tx<'_>, actor: &Actor, id: ThreadId) -> Result<(), Error> {
    let thread = access(tx, actor, id)?;
    attach(tx, actor, &thread)
}

fn attach(tx: &mut Tx<'_>, actor: &Actor, thread: &Access) -> Result<(), Error> {
    let id = thread.id;
    inbox::touch(tx, actor.user, thread.workspace)?;
    attach_people(tx, id, thread.channel, &[actor.user])?;
    if let Some(participants) = extended(&thread.participants_json, &[actor.user])? {
        set_participants(tx, id, &participants)?;
    }
    Ok(())
}

/// Takes the actor off a thread: it no longer comes to their inbox, whatever its audience.
///
/// # Errors
/// [`Error::ThreadNotFound`]
pub fn unfollow(tx: &mut Tx<'_>, actor: &Actor, id: ThreadId) -> Result<(), Error> {
    let thread = access(tx, actor, id)?;
    tx.exec(
        "insert into thread_state (user_id, thread_id, follows) values ($1, $2, false)
         on conflict (user_id, thread_id) do update set follows = false",
        params![actor.user, id],
    )?;
    inbox::touch(tx, actor.user, thread.workspace)?;
    let mut participants: Vec<UserId> = json::decode(&thread.participants_json)?;
    participants.retain(|user| *user != actor.user);
    set_participants(tx, id, &json::encode(&participants))
}

fn set_participants(tx: &mut Tx<'_>, id: ThreadId, participants: &str) -> Result<(), Error> {
    tx.exec(
        "update thread set participants = $2, version = version + 1 where id = $1",
        params![id, participants],
    )?;
    Ok(())
}

/// Puts a thread away until something new comes.
///
/// # Errors
/// [`Error::ThreadNotFound`]
pub fn archive(tx: &mut Tx<'_>, actor: &Actor, id: ThreadId) -> Result<(), Error> {
    let thread = access(tx, actor, id)?;
    set_done(tx, actor, &thread, thread.items(), true)
}

/// Brings a thread back to the actor's inbox, also one that the actor wrote or has unfollowed: the
/// actor is attached to it again.
///
/// # Errors
/// [`Error::ThreadNotFound`]
pub fn unarchive(tx: &mut Tx<'_>, actor: &Actor, id: ThreadId) -> Result<(), Error> {
    let thread = access(tx, actor, id)?;
    set_done(tx, actor, &thread, 0, false)?;
    // Nothing is done and something is not quiet: even a mute does not hide it now.
    tx.exec(
        "update thread_state set quiet_from = 1 where user_id = $1 and thread_id = $2",
        params![actor.user, id],
    )?;
    attach(tx, actor, &thread)
}

fn set_done(
    tx: &mut Tx<'_>,
    actor: &Actor,
    thread: &Access,
    items: i64,
    archived: bool,
) -> Result<(), Error> {
    tx.exec(
        "insert into thread_state (user_id, thread_id, done_items, archived)
         values ($1, $2, $3, $4)
         on conflict (user_id, thread_id) do update set done_items = $3, archived = $4",
        params![actor.user, thread.id, items, archived],
    )?;
    inbox::touch(tx, actor.user, thread.workspace)
}

/// Moves the actor's read pointer forward to a comment, never back and never past the newest item.
///
/// # Errors
/// [`Error::ThreadNotFound`]
pub fn mark_read(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: ThreadId,
    obj_index: i64,
) -> Result<(), Error> {
    let thread = access(tx, actor, id)?;
    let read = unread::read_items(tx, actor, &thread)?;
    let wanted = obj_index.saturating_add(2).clamp(0, thread.items());
    if wanted > read {
        set_read(tx, actor.user, &thread, wanted)?;
    }
    Ok(())
}

/// Sets the actor's read pointer, so that what follows the comment is unread, or the comment itself
/// when it is the newest; -1 makes the whole thread unread.
///
/// # Errors
/// [`Error::ThreadNotFound`]
pub fn mark_unread(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: ThreadId,
    obj_index: i64,
) -> Result<(), Error> {
    let thread = access(tx, actor, id)?;
    let items = unread_from(tx, &thread, obj_index)?;
    set_read(tx, actor.user, &thread, items)
}

/// As [`mark_unread`], for the other participants.
///
/// # Errors
/// [`Error::ThreadNotFound`]
pub fn mark_unread_for_others(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: ThreadId,
    obj_index: i64,
) -> Result<(), Error> {
    let thread = access(tx, actor, id)?;
    let items = unread_from(tx, &thread, obj_index)?;
    tx.exec(
        "update thread_state set read_items = $3, behind = $4
         where thread_id = $1 and user_id <> $2 and follows",
        params![id, actor.user, items, items < thread.items()],
    )?;
    tx.send(
        "insert into inbox (user_id, workspace_id, changes)
         select user_id, $3, 1 from thread_state
         where thread_id = $1 and user_id <> $2 and follows order by user_id
         on conflict (user_id, workspace_id) do update set changes = inbox.changes + 1",
        params![id, actor.user, thread.workspace],
    )?;
    Ok(())
}

fn unread_from(tx: &mut Tx<'_>, thread: &Access, obj_index: i64) -> Result<i64, Error> {
    if obj_index < 0 {
        return Ok(0);
    }
    // After the newest comment nothing follows that could be unread: then it is unread itself.
    Ok(obj_index.saturating_add(2).min(unread::live_items(tx, thread.id)? - 1))
}

fn set_read(tx: &mut Tx<'_>, user: UserId, thread: &Access, items: i64) -> Result<(), Error> {
    tx.exec(
        "insert into thread_state (user_id, thread_id, read_items, behind) values ($1, $2, $3, $4)
         on conflict (user_id, thread_id) do update set read_items = $3, behind = $4",
        params![user, thread.id, items, items < thread.items()],
    )?;
    inbox::touch(tx, user, thread.workspace)
}

/// Remembers at which comment the actor was reading.
///
/// # Errors
/// [`Error::ThreadNotFound`]; [`Error::CommentNotFound`] when the comment is not in the thread.
pub fn mark_position(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: ThreadId,
    comment: CommentId,
) -> Result<(), Error> {
    access(tx, actor, id)?;
    let known: Option<CommentId> = tx.optional(
        "select id from comment where id = $1 and thread_id = $2",
        params![comment, id],
    )?;
    if known.is_none() {
        return Err(Error::CommentNotFound);
    }
    tx.exec(
        "insert into thread_state (user_id, thread_id, position_comment) values ($1, $2, $3)
         on conflict (user_id, thread_id) do update set position_comment = $3",
        params![actor.user, id, comment],
    )?;
    Ok(())
}

/// What an addition to a thread means for whoever made it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wrote {
    /// It counts as read.
    pub(crate) moves_pointer: bool,
    /// The person takes part in the thread from now on.
    pub(crate) attaches: bool,
}

/// Notes that the actor has added an item to a thread; `thread` is as it was before. It does not
/// bring the thread to the actor's own inbox.
pub(crate) fn author_wrote(
    tx: &mut Tx<'_>,
    actor: &Actor,
    thread: &Access,
    wrote: Wrote,
) -> Result<(), Error> {
    let items = thread.items();
    let done = if thread.concerns_everyone { 0 } else { items + 1 };
    tx.send(
        concat!(
            "insert into thread_state (user_id, thread_id, read_items, follows, done_items)
             values ($1, $2, $3, $4, $5)
             on conflict (user_id, thread_id) do update
             set read_items = coalesce($3, thread_state.read_items),
                 behind = thread_state.behind and $3 is null,
                 follows = coalesce($4, thread_state.follows),
                 done_items = case when ",
            out_of_inbox!("$6", "$7", "$8"),
            " then $9 else thread_state.done_items end"
        ),
        params![
            actor.user,
            thread.id,
            wrote.moves_pointer.then_some(items + 1),
            wrote.attaches.then_some(true),
            done,
            items,
            thread.last_updated_at,
            thread.concerns_everyone,
            items + 1
        ],
    )?;
    Ok(())
}
