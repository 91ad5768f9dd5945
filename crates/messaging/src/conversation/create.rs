use std::collections::BTreeSet;

use halyard_identity::UserId;
use halyard_platform::{db::Tx, params};
use serde_json::json;

use super::{Conversation, change::check_title, people, types};
use crate::{Actor, ConversationId, Error, WorkspaceId, event, json as stored, workspace};

/// The conversation of exactly these people and the actor; started when there is none yet.
///
/// # Errors
/// [`Error::WorkspaceNotFound`]; [`Error::UserNotFound`] when one of them is no current member, or
/// is unknown to an actor who is a guest.
pub fn get_or_create(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: WorkspaceId,
    users: &[UserId],
) -> Result<Conversation, Error> {
    let role = workspace::role(tx, actor, id)?;
    let mut set: BTreeSet<_> = users.iter().copied().collect();
    set.insert(actor.user);
    people::check(tx, actor, role, id, &set)?;
    let key = people::key(&set);
    let found = match of_people(tx, id, &key)? {
        Some(found) => found,
        None => {
            people::reserve(tx, id, &set)?;
            let new = New { people: Some(&key), private: set.len() <= 2, title: None };
            match start(tx, actor, id, &set, &new)? {
                Some(found) => found,
                // Somebody was faster while we waited.
                None => of_people(tx, id, &key)?.ok_or(Error::ConversationNotFound)?,
            }
        }
    };
    types::load(tx, actor, found)
}

/// Starts a group with a title, whoever else meets already; the actor is in it. It is never
/// private, so that people can be added even when it starts with one person, as the default
/// conversation of a workspace does.
///
/// # Errors
/// As [`get_or_create`]; [`Error::NameInvalid`] for the title.
pub fn create_with(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: WorkspaceId,
    users: &[UserId],
    title: &str,
) -> Result<ConversationId, Error> {
    let title = check_title(title)?.ok_or(Error::NameInvalid)?;
    let role = workspace::role(tx, actor, id)?;
    let mut set: BTreeSet<_> = users.iter().copied().collect();
    set.insert(actor.user);
    people::check(tx, actor, role, id, &set)?;
    let key = people::group_key(tx, id, &set)?;
    let new = New { people: key.as_deref(), private: false, title: Some(&title) };
    start(tx, actor, id, &set, &new)?.ok_or(Error::Exists("a conversation of these people"))
}

struct New<'a> {
    people: Option<&'a str>,
    private: bool,
    title: Option<&'a str>,
}

fn of_people(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    key: &str,
) -> Result<Option<ConversationId>, Error> {
    Ok(tx.optional(
        "select id from conversation where workspace_id = $1 and people = $2",
        params![workspace, key],
    )?)
}

/// Stores a conversation; none when there is one with this key.
fn start(
    tx: &mut Tx<'_>,
    actor: &Actor,
    workspace: WorkspaceId,
    set: &BTreeSet<UserId>,
    new: &New<'_>,
) -> Result<Option<ConversationId>, Error> {
    let id: Option<ConversationId> = tx.optional(
        "insert into conversation
             (workspace_id, creator, title, private, people, last_active_at, created_at)
         values ($1, $2, $3, $4, $5, $6, $6)
         on conflict (workspace_id, people) where people is not null do nothing
         returning id",
        params![workspace, actor.user, new.title, new.private, new.people, actor.now],
    )?;
    let Some(id) = id else { return Ok(None) };
    tx.exec(
        "insert into conversation_member (conversation_id, user_id, read_items, joined_at)
         select $1, u.id, 0, $2 from users u where u.id in {ids $3}",
        params![id, actor.now, &stored::encode(set)],
    )?;
    let payload =
        json!({ "workspace_id": workspace, "conversation_id": id, "user_ids": set }).to_string();
    event::record(tx, actor, workspace, "conversation_added", ("conversation", id.0), &payload)?;
    Ok(Some(id))
}
