use halyard_platform::{db::Tx, params};
use serde_json::{Map, Value, json};

use super::{
    Access, Thread, access,
    add::{check_title, replace_mentions},
    load,
};
use crate::{
    Actor, Error, Role, ThreadId, attachment, comment, event, json as stored, post::check_content,
    text,
};

/// What changes in a thread; `None` leaves a part alone.
#[derive(Debug, Clone, Default)]
pub struct ThreadChange {
    /// Up to 300 characters.
    pub title: Option<String>,
    /// Markdown.
    pub content: Option<String>,
    /// The whole new list of attachments.
    pub attachments: Option<Vec<Map<String, Value>>>,
    /// The whole new list of buttons, stored JSON.
    pub actions_json: Option<String>,
    /// People mentioned; taken from a new text when not given.
    pub direct_mentions: Option<Vec<halyard_identity::UserId>>,
    /// Groups mentioned; taken from a new text when not given.
    pub direct_group_mentions: Option<Vec<crate::GroupId>>,
}

/// Changes title or opening post. A new title leaves a system comment behind. A mention that is
/// new in the text counts as one, but attaches nobody.
///
/// # Errors
/// [`Error::ThreadNotFound`]; [`Error::Forbidden`] for others than the creator and admins;
/// [`Error::Invalid`] for texts that are too long; errors of attachments.
pub fn update(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: ThreadId,
    change: &ThreadChange,
) -> Result<Thread, Error> {
    let thread = access(tx, actor, id)?;
    thread.require_author_or_admin(actor)?;
    thread.require_open_channel()?;
    if let Some(title) = &change.title {
        check_title(title)?;
    }
    if let Some(content) = &change.content {
        check_content(content)?;
    }
    let old = load(tx, actor, id)?;
    let attachments = attachment::prepare(tx, actor, change.attachments.as_deref())?;
    let (users, groups) = match &change.content {
        Some(content) => {
            let (users, groups) = text::mentions(content);
            (Some(users), Some(groups))
        }
        None => (None, None),
    };
    let users = change.direct_mentions.clone().or(users);
    let groups = change.direct_group_mentions.clone().or(groups);
    let title = change.title.as_deref().map_or(old.title.as_str(), str::trim);
    tx.exec(
        "update thread set title = $2, content = $3, attachments = $4, actions = $5,
             direct_mentions = $6, direct_group_mentions = $7, last_edited_at = $8,
             version = version + 1
         where id = $1",
        params![
            id,
            title,
            change.content.as_ref().unwrap_or(&old.content),
            &attachments.stored().or(old.attachments_json),
            &change.actions_json.clone().or(old.actions_json),
            &users.as_ref().map_or(old.direct_mentions_json, stored::encode),
            &groups.as_ref().map_or(old.direct_group_mentions_json, stored::encode),
            actor.now
        ],
    )?;
    if change.attachments.is_some() {
        attachments.replace(tx, attachment::Parent::Thread(id))?;
    }
    if let Some(users) = &users {
        replace_mentions(tx, id, -1, users)?;
    }
    if change.content.is_some() {
        comment::refresh_snippet(tx, id)?;
    }
    if title != thread.title {
        let message = json!({
            "type": "THREAD_RENAMED",
            "initiator": actor.user,
            "initiator_id": actor.user,
            "initiator_name": thread.actor_name,
            "thread_id": id,
            "channel_id": thread.channel,
            "old_title": thread.title,
            "new_title": title,
        });
        comment::add_system(tx, actor, id, &message)?;
    }
    record(tx, actor, &thread, "thread_updated")?;
    load(tx, actor, id)
}

/// Removes a thread and its comments. The rows go later, in slices.
///
/// # Errors
/// [`Error::ThreadNotFound`]; [`Error::Forbidden`] for others than the creator and admins.
pub fn remove(tx: &mut Tx<'_>, actor: &Actor, id: ThreadId) -> Result<(), Error> {
    let thread = access(tx, actor, id)?;
    thread.require_author_or_admin(actor)?;
    tx.exec(
        "update thread set removed_at = $2, version = version + 1 where id = $1",
        params![id, actor.now],
    )?;
    crate::purge::enqueue_thread(tx, actor, id)?;
    let payload = json!({
        "workspace_id": thread.workspace, "channel_id": thread.channel, "thread_id": id,
        "name": thread.title, "creator": thread.creator,
    });
    let subject = ("thread", id.0);
    event::record(tx, actor, thread.workspace, "thread_deleted", subject, &payload.to_string())?;
    Ok(())
}

/// Keeps a thread at the top of its channel.
///
/// # Errors
/// [`Error::ThreadNotFound`], [`Error::Forbidden`] for guests.
pub fn pin(tx: &mut Tx<'_>, actor: &Actor, id: ThreadId) -> Result<(), Error> {
    set_pinned(tx, actor, id, true)
}

/// Takes the pin away.
///
/// # Errors
/// As [`pin`].
pub fn unpin(tx: &mut Tx<'_>, actor: &Actor, id: ThreadId) -> Result<(), Error> {
    set_pinned(tx, actor, id, false)
}

fn set_pinned(tx: &mut Tx<'_>, actor: &Actor, id: ThreadId, pinned: bool) -> Result<(), Error> {
    let thread = access(tx, actor, id)?;
    if thread.role == Role::Guest {
        return Err(Error::Forbidden("guests cannot pin threads"));
    }
    if thread.pinned == pinned {
        return Ok(());
    }
    tx.exec(
        "update thread set pinned_at = $2, version = version + 1 where id = $1",
        params![id, pinned.then_some(actor.now)],
    )?;
    record(tx, actor, &thread, "thread_updated")
}

pub(crate) fn record(
    tx: &mut Tx<'_>,
    actor: &Actor,
    thread: &Access,
    kind: &str,
) -> Result<(), Error> {
    let payload = json!({
        "workspace_id": thread.workspace,
        "channel_id": thread.channel,
        "thread_id": thread.id,
    });
    let subject = ("thread", thread.id.0);
    event::record(tx, actor, thread.workspace, kind, subject, &payload.to_string())?;
    Ok(())
}
