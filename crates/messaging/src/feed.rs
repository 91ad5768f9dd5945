//! Who may see which event: what a live feed shows to whom.
//!
//! Asked when the event is handed out, not when it happened: whoever has lost access in between
//! sees nothing of it any more.

use halyard_identity::{Scope, UserId};
use halyard_platform::{
    db::{Error, Tx},
    events::Event,
    params,
};
use serde::Deserialize;

use crate::{Actor, ChannelId, ConversationId, GroupId, Role, ThreadId, WorkspaceId};

/// Where something happened. Everybody who can see the place can see what happens there.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Scene {
    /// The workspace.
    pub workspace: WorkspaceId,
    place: Place,
    /// People whom the event is about; as members they see it in any case.
    about: Vec<UserId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Place {
    Workspace,
    /// The list of its people, which guests do not see.
    People,
    Channel(ChannelId),
    Conversation(ConversationId),
    Group(GroupId),
}

/// The ids that every event carries.
#[derive(Deserialize)]
struct Ids {
    channel_id: Option<ChannelId>,
    conversation_id: Option<ConversationId>,
    group_id: Option<GroupId>,
    user_id: Option<UserId>,
    #[serde(default)]
    user_ids: Vec<UserId>,
}

impl Scene {
    /// Where an event happened; none for those that are nobody's to see.
    pub fn of(event: &Event) -> Option<Self> {
        let workspace = WorkspaceId(event.workspace_id?);
        let ids: Ids = serde_json::from_str(&event.payload).ok()?;
        let place = match (ids.conversation_id, ids.channel_id, ids.group_id) {
            (Some(id), _, _) => Place::Conversation(id),
            (_, Some(id), _) => Place::Channel(id),
            (_, _, Some(id)) => Place::Group(id),
            _ if event.kind.starts_with("workspace_user_") => Place::People,
            _ => Place::Workspace,
        };
        let mut about = ids.user_ids;
        about.extend(ids.user_id);
        Some(Self { workspace, place, about })
    }

    /// The members who see it; with `only` that one or nobody.
    pub fn audience(&self, tx: &mut Tx<'_>, only: Option<UserId>) -> Result<Vec<UserId>, Error> {
        // An id range, so that one statement serves both questions with the same index.
        let (low, high) = only.map_or((i64::MIN, i64::MAX), |user| (user.0, user.0));
        let mut people: Vec<UserId> = match self.place {
            Place::Workspace | Place::People => tx.all(
                "select m.user_id from member m
                 where m.workspace_id = $1 and m.removed_at is null
                     and m.user_id >= $2 and m.user_id <= $3 and ($4 or m.role <> 'guest')",
                params![self.workspace, low, high, self.place == Place::Workspace],
            )?,
            Place::Channel(id) => tx.all(
                "select m.user_id from channel c
                 join member m on m.workspace_id = c.workspace_id and m.removed_at is null
                     and m.user_id >= $3 and m.user_id <= $4
                 left join channel_member cm on cm.channel_id = c.id and cm.user_id = m.user_id
                 where c.id = $2 and c.workspace_id = $1
                     and (cm.user_id is not null or (c.public and m.role <> 'guest'))",
                params![self.workspace, id, low, high],
            )?,
            Place::Conversation(id) => tx.all(
                "select cm.user_id from conversation_member cm
                 join member m on m.workspace_id = $1 and m.user_id = cm.user_id
                     and m.removed_at is null
                 where cm.conversation_id = $2 and cm.user_id >= $3 and cm.user_id <= $4",
                params![self.workspace, id, low, high],
            )?,
            Place::Group(id) => tx.all(
                "select m.user_id from member m
                 left join member_group_user g on g.group_id = $2 and g.user_id = m.user_id
                 where m.workspace_id = $1 and m.removed_at is null
                     and m.user_id >= $3 and m.user_id <= $4
                     and (g.user_id is not null or m.role <> 'guest')",
                params![self.workspace, id, low, high],
            )?,
        };
        for user in &self.about {
            if only.is_none_or(|only| only == *user)
                && !people.contains(user)
                && is_member(tx, self.workspace, *user)?
            {
                people.push(*user);
            }
        }
        Ok(people)
    }
}

fn is_member(tx: &mut Tx<'_>, workspace: WorkspaceId, user: UserId) -> Result<bool, Error> {
    let found = tx.optional::<i64>(
        "select user_id from member
         where workspace_id = $1 and user_id = $2 and removed_at is null",
        params![workspace, user],
    )?;
    Ok(found.is_some())
}

/// The right that a token needs to see events of this kind; none for kinds that nobody sees.
pub fn scope(kind: &str) -> Option<Scope> {
    Some(match kind.split('_').next()? {
        "workspace" => Scope::WORKSPACES_READ,
        "channel" => Scope::CHANNELS_READ,
        "thread" => Scope::THREADS_READ,
        "comment" => Scope::COMMENTS_READ,
        "conversation" | "message" => Scope::MESSAGES_READ,
        "group" => Scope::GROUPS_READ,
        _ => return None,
    })
}

/// The workspaces of a person, and their role in each.
pub fn workspaces(tx: &mut Tx<'_>, user: UserId) -> Result<Vec<(WorkspaceId, Role)>, Error> {
    tx.all(
        "select m.workspace_id, m.role from member m
         join workspace w on w.id = m.workspace_id and w.removed_at is null
         where m.user_id = $1 and m.removed_at is null
         order by m.workspace_id",
        params![user],
    )
}

/// Where a person can be writing at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writing {
    /// A comment.
    InThread(ThreadId),
    /// A message.
    InConversation(ConversationId),
}

/// Finds the scene of somebody who writes, through their membership.
///
/// # Errors
/// [`crate::Error::ThreadNotFound`], [`crate::Error::ConversationNotFound`]
pub fn writing(
    tx: &mut Tx<'_>,
    actor: &Actor,
    writing: Writing,
) -> Result<(Scene, Option<ChannelId>), crate::Error> {
    let (workspace, place, channel) = match writing {
        Writing::InThread(id) => {
            let thread = crate::thread::load(tx, actor, id)?;
            let channel = thread.channel_id;
            (thread.workspace_id, Place::Channel(channel), Some(channel))
        }
        Writing::InConversation(id) => {
            let conversation = crate::conversation::load(tx, actor, id)?;
            (conversation.workspace_id, Place::Conversation(id), None)
        }
    };
    Ok((Scene { workspace, place, about: Vec::new() }, channel))
}
