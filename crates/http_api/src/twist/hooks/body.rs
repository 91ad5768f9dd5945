//! What a delivery tells: the object that triggered the event, as its subscriber sees it now.

use std::collections::HashMap;

use halyard_messaging::{
    Actor, ChannelId, CommentId, Error as Cause, GroupId, MessageId, ThreadId, WorkspaceId,
    channel,
    comment::{self, Comment},
    group, member,
    message::{self, Message},
    subscription::{Delivery, Ids, could_see},
    thread, workspace,
};
use halyard_platform::db::Tx;
use serde::Serialize;
use serde_json::json;

use crate::twist::{
    call::{Version, with_base},
    dto::{
        Channel, CommentAnswer, Group, MemberAnswer, MessageAnswer, ThreadAnswer, View,
        WorkspaceAnswer,
    },
    error::Error,
};

/// Reads what several deliveries of one subscription tell, in their order; none for what the actor
/// may not see.
pub(super) fn read(
    tx: &mut Tx<'_>,
    actor: &Actor,
    base: &str,
    deliveries: &[Delivery],
) -> Result<Vec<Option<String>>, Error> {
    let mut reader = Reader { actor, base, comments: HashMap::new(), messages: HashMap::new() };
    reader.prefetch(tx, deliveries)?;
    deliveries.iter().map(|delivery| reader.one(tx, delivery)).collect()
}

/// Comments and messages are what happens all the time; they are read in one query.
struct Reader<'a> {
    actor: &'a Actor,
    base: &'a str,
    comments: HashMap<CommentId, Comment>,
    messages: HashMap<MessageId, Message>,
}

impl Reader<'_> {
    fn prefetch(&mut self, tx: &mut Tx<'_>, deliveries: &[Delivery]) -> Result<(), Error> {
        let (mut comments, mut messages) = (Vec::new(), Vec::new());
        for delivery in deliveries {
            let ids = delivery.ids()?;
            comments.extend(ids.comment_id.map(CommentId));
            messages.extend(ids.message_id.map(MessageId));
        }
        if !comments.is_empty() {
            self.comments = comment::load_many(tx, self.actor, &comments)?;
        }
        if !messages.is_empty() {
            let found = message::load_many(tx, self.actor, &messages)?;
            self.messages = found.into_iter().map(|message| (message.id, message)).collect();
        }
        Ok(())
    }

    fn one(&self, tx: &mut Tx<'_>, delivery: &Delivery) -> Result<Option<String>, Error> {
        let ids = delivery.ids()?;
        match self.object(tx, &delivery.kind, &ids) {
            Ok(text) => Ok(text.map(|text| with_base(text, self.base))),
            Err(error) => match error {
                // Gone since, or not theirs to see.
                Failed::Core(
                    Cause::WorkspaceNotFound
                    | Cause::UserNotFound
                    | Cause::ChannelNotFound
                    | Cause::ThreadNotFound
                    | Cause::GroupNotFound,
                ) => Ok(None),
                Failed::Core(other) => Err(other.into()),
                Failed::Facade(other) => Err(other),
            },
        }
    }

    fn object(&self, tx: &mut Tx<'_>, kind: &str, ids: &Ids) -> Result<Option<String>, Failed> {
        let actor = self.actor;
        let workspace = WorkspaceId(ids.workspace_id.unwrap_or_default());
        let view = View { version: Version::V3, base: self.base, now: actor.now };
        match kind {
            "comment_added" | "comment_updated" | "comment_deleted" => {
                let id = CommentId(ids.comment_id.unwrap_or_default());
                let found = self.comments.get(&id).cloned();
                found.map(|comment| text(&CommentAnswer::new(comment, Version::V3))).transpose()
            }
            "message_added" | "message_updated" | "message_deleted" => {
                let id = MessageId(ids.message_id.unwrap_or_default());
                let found = self.messages.get(&id).cloned();
                found.map(|message| text(&MessageAnswer::new(message, Version::V3))).transpose()
            }
            "thread_added" | "thread_updated" => {
                let id = ThreadId(ids.thread_id.unwrap_or_default());
                let thread = thread::load(tx, actor, id)?;
                text(&ThreadAnswer::new(thread, Version::V3)).map(Some)
            }
            "channel_user_updated" if !ids.user_ids.contains(&actor.user.0) => Ok(None),
            "channel_added"
            | "channel_updated"
            | "channel_user_added"
            | "channel_user_updated"
            | "channel_user_removed" => {
                let id = ChannelId(ids.channel_id.unwrap_or_default());
                text(&Channel::from(channel::load(tx, actor, id)?)).map(Some)
            }
            "group_added" | "group_updated" | "group_user_added" | "group_user_updated"
            | "group_user_removed" => {
                let id = GroupId(ids.group_id.unwrap_or_default());
                text(&Group::from(group::getone(tx, actor, id)?)).map(Some)
            }
            "workspace_added" | "workspace_updated" => {
                let workspace = workspace::getone(tx, actor, workspace)?;
                text(&WorkspaceAnswer::v3(workspace, view)).map(Some)
            }
            "workspace_user_added" | "workspace_user_updated" | "workspace_user_removed" => {
                let user = ids.user_id.unwrap_or_default().into();
                let member = member::getone(tx, actor, workspace, user)?;
                text(&MemberAnswer::new(member, view)).map(Some)
            }
            _ => gone(tx, actor, kind, ids),
        }
    }
}

/// What can still be said about something that is gone.
fn gone(tx: &mut Tx<'_>, actor: &Actor, kind: &str, ids: &Ids) -> Result<Option<String>, Failed> {
    if !could_see(tx, actor, kind, ids)? {
        return Ok(None);
    }
    let (id, name) = match kind {
        "thread_deleted" => (ids.thread_id, "title"),
        "channel_deleted" => (ids.channel_id, "name"),
        "group_deleted" => (ids.group_id, "name"),
        _ => (ids.workspace_id, "name"),
    };
    let mut object = json!({"id": id, "deleted": true});
    object[name] = json!(ids.name);
    if kind != "workspace_deleted" {
        object["workspace_id"] = json!(ids.workspace_id);
    }
    if kind == "thread_deleted" {
        object["channel_id"] = json!(ids.channel_id);
    }
    if ids.creator.is_some() {
        object["creator"] = json!(ids.creator);
    }
    if matches!(kind, "channel_deleted" | "group_deleted") {
        object["user_ids"] = json!(ids.user_ids);
    }
    Ok(Some(object.to_string()))
}

fn text<T: Serialize>(value: &T) -> Result<String, Failed> {
    serde_json::to_string(value).map_err(|error| Failed::Facade(Error::internal(error)))
}

/// Keeps apart what was not found from what failed.
enum Failed {
    Core(Cause),
    Facade(Error),
}

impl From<Cause> for Failed {
    fn from(cause: Cause) -> Self {
        Self::Core(cause)
    }
}
