use halyard_identity::UserId;
use halyard_platform::{db::Tx, params};
use serde_json::json;

use super::{Channel, access, load, people::join, record};
use crate::{
    Actor, ChannelId, Error, GroupId, Role, WorkspaceId, audit, event, json as stored,
    temp_id::{self, Kind},
    workspace,
};

/// Longest name (vendor documentation).
const MAX_NAME: usize = 80;
const MAX_DESCRIPTION: usize = 5_000;

/// What a new channel starts with, or what changes: `None` leaves a field alone, `Some(None)`
/// clears it.
#[derive(Debug, Clone, Default)]
pub struct ChannelChange {
    /// 1 to 80 characters.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<Option<String>>,
    /// Number of a colour, 0 to 11.
    pub color: Option<Option<i64>>,
    /// Number of a picture.
    pub icon: Option<Option<i64>>,
    /// Open to every member who is not a guest. New channels are public unless said otherwise.
    pub public: Option<bool>,
    /// Preset audience of new threads: people.
    pub default_recipients: Option<Vec<UserId>>,
    /// Preset audience of new threads: groups.
    pub default_groups: Option<Vec<GroupId>>,
    /// Whether clients should use the preset.
    pub use_default_recipients: Option<bool>,
    /// For the actor only.
    pub favorited: Option<bool>,
}

impl ChannelChange {
    fn check(&self) -> Result<(), Error> {
        if let Some(name) = &self.name
            && !(1..=MAX_NAME).contains(&name.trim().chars().count())
        {
            return Err(Error::NameInvalid);
        }
        if self.color.flatten().is_some_and(|color| !(0..=11).contains(&color)) {
            return Err(Error::Invalid { field: "color", expected: "a number from 0 to 11" });
        }
        if self.icon.flatten().is_some_and(|icon| icon < 0) {
            return Err(Error::Invalid { field: "icon", expected: "a number from 0" });
        }
        let long = |text: &String| text.chars().count() > MAX_DESCRIPTION;
        if self.description.iter().flatten().any(long) {
            return Err(Error::Invalid {
                field: "description",
                expected: "at most 5000 characters",
            });
        }
        Ok(())
    }
}

/// Makes a channel; its creator joins, together with `people`.
///
/// # Errors
/// [`Error::WorkspaceNotFound`], [`Error::Forbidden`] for guests, [`Error::NameInvalid`],
/// [`Error::UserNotFound`] for people outside the workspace, errors of temporary ids.
pub fn add(
    tx: &mut Tx<'_>,
    actor: &Actor,
    workspace: WorkspaceId,
    new: &ChannelChange,
    people: &[UserId],
    temp: Option<i64>,
) -> Result<Channel, Error> {
    if workspace::role(tx, actor, workspace)? == Role::Guest {
        return Err(Error::Forbidden("guests cannot make channels"));
    }
    new.check()?;
    let name = new.name.as_deref().ok_or(Error::NameInvalid)?;
    let id: ChannelId = tx.one(
        "insert into channel (workspace_id, creator, name, description, color, icon, public,
             use_default_recipients, default_recipients, default_groups, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) returning id",
        params![
            workspace,
            actor.user,
            name.trim(),
            new.description.as_ref().and_then(|text| text.as_deref()),
            new.color.flatten(),
            new.icon.flatten(),
            new.public.unwrap_or(true),
            new.use_default_recipients.unwrap_or(false),
            &new.default_recipients.as_ref().map(stored::encode),
            &new.default_groups.as_ref().map(stored::encode),
            actor.now
        ],
    )?;
    if let Some(temp) = temp {
        temp_id::claim(tx, actor, temp, Kind::Channel, id.0)?;
    }
    record(tx, actor, workspace, id, "channel_added")?;
    let mut everyone = people.to_vec();
    everyone.push(actor.user);
    join(tx, actor, workspace, id, &everyone)?;
    set_favorite(tx, actor, id, new.favorited)?;
    load(tx, actor, id)
}

/// Changes a channel.
///
/// # Errors
/// [`Error::ChannelNotFound`], [`Error::Forbidden`] for guests, errors of the fields.
pub fn update(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: ChannelId,
    change: &ChannelChange,
) -> Result<Channel, Error> {
    let channel = access(tx, actor, id)?;
    channel.require_member()?;
    change.check()?;
    tx.one::<ChannelId>("select c.id from channel c where c.id = $1 {lock c}", params![id])?;
    let old = load(tx, actor, id)?;
    tx.exec(
        "update channel set name = $2, description = $3, color = $4, icon = $5, public = $6,
             use_default_recipients = $7, default_recipients = $8, default_groups = $9,
             version = version + 1
         where id = $1",
        params![
            id,
            change.name.as_deref().unwrap_or(&old.name).trim(),
            change.description.as_ref().unwrap_or(&old.description),
            change.color.unwrap_or(old.color),
            change.icon.unwrap_or(old.icon),
            change.public.unwrap_or(old.public),
            change.use_default_recipients.unwrap_or(old.use_default_recipients),
            &change.default_recipients.as_ref().map(stored::encode).or(old.default_recipients),
            &change.default_groups.as_ref().map(stored::encode).or(old.default_groups)
        ],
    )?;
    set_favorite(tx, actor, id, change.favorited)?;
    record(tx, actor, channel.workspace, id, "channel_updated")?;
    load(tx, actor, id)
}

/// Puts a channel away: it stays readable, but nobody posts in it.
///
/// # Errors
/// [`Error::ChannelNotFound`], [`Error::Forbidden`]
pub fn archive(tx: &mut Tx<'_>, actor: &Actor, id: ChannelId) -> Result<(), Error> {
    set_archived(tx, actor, id, true)
}

/// Takes a channel back into use.
///
/// # Errors
/// As [`archive`].
pub fn unarchive(tx: &mut Tx<'_>, actor: &Actor, id: ChannelId) -> Result<(), Error> {
    set_archived(tx, actor, id, false)
}

fn set_archived(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: ChannelId,
    archived: bool,
) -> Result<(), Error> {
    let channel = access(tx, actor, id)?;
    channel.require_owner(actor)?;
    if channel.archived == archived {
        return Ok(());
    }
    tx.exec(
        "update channel set archived = $2, version = version + 1 where id = $1",
        params![id, archived],
    )?;
    let kind = if archived { "channel_archived" } else { "channel_unarchived" };
    let detail = json!({"name": channel.name});
    audit::record(tx, actor, channel.workspace, kind, ("channel", id.0), detail)?;
    record(tx, actor, channel.workspace, id, "channel_updated")
}

/// Removes an archived channel with everything in it. The rows go later, in slices.
///
/// # Errors
/// [`Error::ChannelNotFound`]; [`Error::Forbidden`] for others than its creator and admins and
/// when the channel is not archived (vendor documentation asks for archiving first).
pub fn remove(tx: &mut Tx<'_>, actor: &Actor, id: ChannelId) -> Result<(), Error> {
    let channel = access(tx, actor, id)?;
    channel.require_owner(actor)?;
    if !channel.archived {
        return Err(Error::Forbidden("archive the channel before removing it"));
    }
    tx.exec(
        "update channel set removed_at = $2, version = version + 1 where id = $1",
        params![id, actor.now],
    )?;
    crate::purge::enqueue_channel(tx, actor, id)?;
    // Who could see it is told that it is gone; soon no row will say who that was.
    let public: bool = tx.one("select public from channel where id = $1", params![id])?;
    let people: Vec<UserId> = tx.all(
        "select user_id from channel_member where channel_id = $1 order by user_id",
        params![id],
    )?;
    let payload = serde_json::json!({
        "workspace_id": channel.workspace, "channel_id": id, "name": channel.name,
        "creator": channel.creator, "public": public, "user_ids": people,
    });
    let subject = ("channel", id.0);
    event::record(tx, actor, channel.workspace, "channel_deleted", subject, &payload.to_string())?;
    let detail = json!({"name": channel.name});
    audit::record(tx, actor, channel.workspace, "channel_removed", subject, detail)?;
    Ok(())
}

/// Marks a channel for the actor.
///
/// # Errors
/// [`Error::ChannelNotFound`]; [`Error::Forbidden`] for a channel the actor has not joined.
pub fn favorite(tx: &mut Tx<'_>, actor: &Actor, id: ChannelId) -> Result<(), Error> {
    mark(tx, actor, id, true)
}

/// Takes the mark away.
///
/// # Errors
/// As [`favorite`].
pub fn unfavorite(tx: &mut Tx<'_>, actor: &Actor, id: ChannelId) -> Result<(), Error> {
    mark(tx, actor, id, false)
}

fn set_favorite(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: ChannelId,
    favorited: Option<bool>,
) -> Result<(), Error> {
    if let Some(favorited) = favorited {
        tx.exec(
            "update channel_member set favorited = $3 where channel_id = $1 and user_id = $2",
            params![id, actor.user, favorited],
        )?;
    }
    Ok(())
}

fn mark(tx: &mut Tx<'_>, actor: &Actor, id: ChannelId, favorited: bool) -> Result<(), Error> {
    let channel = access(tx, actor, id)?;
    if !channel.joined {
        return Err(Error::Forbidden("join the channel first"));
    }
    set_favorite(tx, actor, id, Some(favorited))?;
    let payload = serde_json::json!({
        "workspace_id": channel.workspace, "channel_id": id, "user_ids": [actor.user],
    });
    let (subject, kind) = (("channel", id.0), "channel_user_updated");
    event::record(tx, actor, channel.workspace, kind, subject, &payload.to_string())?;
    Ok(())
}
