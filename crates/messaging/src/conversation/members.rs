use std::collections::BTreeSet;

use halyard_identity::UserId;
use halyard_platform::{db::Tx, params};
use serde_json::json;

use super::{Place, access, people};
use crate::{
    Actor, ConversationId, Error, Role, event, json as stored,
    message::{Entry, append},
};

const FIXED: Error = Error::Forbidden(
    "the people of a conversation between two never change; start a new one with all of them",
);

/// Adds people to a group. They see what was written before, all of it as read. Each is announced
/// by a system message `USER_ADDED` (our decision). Those who are in it already stay as they are.
///
/// # Errors
/// [`Error::ConversationNotFound`]; [`Error::UserNotFound`] as for starting a conversation;
/// [`Error::Forbidden`] for a private one: nobody who wrote to one person expects a third to read
/// it.
pub fn add_users(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: ConversationId,
    users: &[UserId],
) -> Result<(), Error> {
    let mut place = access::enter_and_lock(tx, actor, id)?;
    let mut set = present(tx, id)?;
    let new: BTreeSet<_> = users.iter().copied().filter(|user| !set.contains(user)).collect();
    if new.is_empty() {
        return Ok(());
    }
    if place.private {
        return Err(FIXED);
    }
    people::check(tx, actor, place.role, place.workspace, &new)?;
    tx.exec(
        "insert into conversation_member (conversation_id, user_id, read_items, joined_at)
         select $1, u.id, $2, $3 from users u where u.id in {ids $4}",
        params![id, place.last_obj_index + 1, actor.now, &stored::encode(&new)],
    )?;
    set.extend(&new);
    reshape(tx, &place, &set)?;
    for (user, name) in names(tx, &new)? {
        announce(tx, actor, &mut place, "USER_ADDED", user, &name)?;
    }
    record(tx, actor, &place, "conversation_user_added", &new)
}

/// Takes people out of a group: they see nothing of it any more. Naming oneself is leaving.
/// Announced by `USER_LEFT` or `USER_REMOVED` (our decision). Those who are not in it are ignored.
///
/// Everybody in a group may take others out, except guests, who can only leave (our decision).
///
/// # Errors
/// [`Error::ConversationNotFound`]; [`Error::Forbidden`] for a private one (it can be archived)
/// and for guests.
pub fn remove_users(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: ConversationId,
    users: &[UserId],
) -> Result<(), Error> {
    let mut place = access::enter_and_lock(tx, actor, id)?;
    let mut set = present(tx, id)?;
    let gone: BTreeSet<_> = users.iter().copied().filter(|user| set.contains(user)).collect();
    if gone.is_empty() {
        return Ok(());
    }
    if place.private {
        return Err(FIXED);
    }
    if place.role == Role::Guest && gone.iter().any(|user| *user != actor.user) {
        return Err(Error::Forbidden("a guest can leave a conversation, but not remove others"));
    }
    let ids = stored::encode(&gone);
    tx.exec(
        "delete from conversation_member where conversation_id = $1 and user_id in {ids $2}",
        params![id, &ids],
    )?;
    tx.exec(
        "delete from message_mention where conversation_id = $1 and user_id in {ids $2}",
        params![id, &ids],
    )?;
    set.retain(|user| !gone.contains(user));
    reshape(tx, &place, &set)?;
    for (user, name) in names(tx, &gone)? {
        let kind = if user == actor.user { "USER_LEFT" } else { "USER_REMOVED" };
        announce(tx, actor, &mut place, kind, user, &name)?;
    }
    record(tx, actor, &place, "conversation_user_removed", &gone)
}

fn present(tx: &mut Tx<'_>, id: ConversationId) -> Result<BTreeSet<UserId>, Error> {
    let users: Vec<UserId> =
        tx.all("select user_id from conversation_member where conversation_id = $1", params![id])?;
    Ok(users.into_iter().collect())
}

fn names(tx: &mut Tx<'_>, users: &BTreeSet<UserId>) -> Result<Vec<(UserId, String)>, Error> {
    Ok(tx.all(
        "select id, name from users where id in {ids $1} order by id",
        params![&stored::encode(users)],
    )?)
}

/// Gives the group the key of its new set of people.
fn reshape(tx: &mut Tx<'_>, place: &Place, people: &BTreeSet<UserId>) -> Result<(), Error> {
    let key = people::group_key(tx, place.workspace, people)?;
    tx.exec(
        "update conversation set people = $2, version = version + 1 where id = $1",
        params![place.id, &key],
    )?;
    Ok(())
}

fn announce(
    tx: &mut Tx<'_>,
    actor: &Actor,
    place: &mut Place,
    kind: &str,
    user: UserId,
    name: &str,
) -> Result<(), Error> {
    let notice = json!({
        "type": kind,
        "initiator_id": actor.user,
        "initiator_name": place.name,
        "user_id": user,
        "user_name": name,
    });
    append(tx, actor, place, &Entry::system(&notice.to_string()))?;
    Ok(())
}

fn record(
    tx: &mut Tx<'_>,
    actor: &Actor,
    place: &Place,
    kind: &str,
    users: &BTreeSet<UserId>,
) -> Result<(), Error> {
    let (workspace, id) = (place.workspace, place.id);
    let payload =
        json!({ "workspace_id": workspace, "conversation_id": id, "user_ids": users }).to_string();
    event::record(tx, actor, workspace, kind, ("conversation", id.0), &payload)?;
    Ok(())
}
