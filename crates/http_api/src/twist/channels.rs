use halyard_identity::UserId;
use halyard_messaging::{
    ChannelId, GroupId, WorkspaceId,
    channel::{self, ChannelChange},
};

use super::{
    call::{Call, DONE},
    dto::Channel,
    endpoint::Reply,
    error::Error,
    ids::Resolve,
};
use crate::{kit::params::Patch, params};

params! {
    /// Names a channel.
    pub(crate) struct Named {
        /// The channel.
        #[names("id", "channel_id")]
        id: ChannelId,
    }

    /// Selects channels.
    pub(crate) struct Get {
        /// The workspace.
        #[names("workspace_id", "id")]
        workspace_id: WorkspaceId,
        /// Only archived channels instead of only others.
        archived: Option<bool>,
    }

    /// A new channel.
    pub(crate) struct Add {
        /// The workspace.
        workspace_id: WorkspaceId,
        /// 1 to 80 characters.
        name: String,
        /// People to add besides the caller.
        user_ids: Option<Vec<UserId>>,
        /// A negative number by which the caller can name the channel until it knows its id.
        temp_id: Option<i64>,
        /// Colour number from 0 to 11.
        color: Patch<i64>,
        /// Open to every member who is not a guest; true when not given.
        public: Option<bool>,
        /// What it is for.
        description: Patch<String>,
        /// Number of a picture.
        icon: Patch<i64>,
        /// Mark it for the caller.
        is_favorited: Option<bool>,
        /// People to preset as recipients of new threads.
        default_recipients: Option<Vec<UserId>>,
        /// Groups to preset for new threads.
        default_groups: Option<Vec<GroupId>>,
        /// Whether new threads should start with these.
        use_default_recipients: Option<bool>,
    }

    /// Changes to a channel.
    pub(crate) struct Update {
        /// The channel.
        #[names("id", "channel_id")]
        id: ChannelId,
        /// 1 to 80 characters.
        name: Option<String>,
        /// Colour number from 0 to 11.
        color: Patch<i64>,
        /// Open to every member who is not a guest.
        public: Option<bool>,
        /// What it is for.
        description: Patch<String>,
        /// Number of a picture.
        icon: Patch<i64>,
        /// Mark it for the caller.
        is_favorited: Option<bool>,
        /// People to preset as recipients of new threads.
        default_recipients: Option<Vec<UserId>>,
        /// Groups to preset for new threads.
        default_groups: Option<Vec<GroupId>>,
        /// Whether new threads should start with these.
        use_default_recipients: Option<bool>,
    }

    /// Names a channel and a person.
    pub(crate) struct WithUser {
        /// The channel.
        #[names("id", "channel_id")]
        id: ChannelId,
        /// The person.
        user_id: UserId,
    }

    /// Names a channel and people.
    pub(crate) struct WithUsers {
        /// The channel.
        #[names("id", "channel_id")]
        id: ChannelId,
        /// The people.
        user_ids: Vec<UserId>,
    }
}

pub(crate) async fn getone(call: Call, p: Named) -> Reply {
    call.read(move |tx, actor| {
        let id = p.id.resolve(tx, actor)?;
        Ok(Channel::from(channel::load(tx, actor, id)?))
    })
    .await
}

pub(crate) async fn get(call: Call, p: Get) -> Reply {
    let archived = p.archived.unwrap_or(false);
    call.read(move |tx, actor| {
        let workspace = p.workspace_id.resolve(tx, actor)?;
        let channels = channel::list_joined(tx, actor, workspace, archived)?;
        Ok(channels.into_iter().map(Channel::from).collect::<Vec<_>>())
    })
    .await
}

pub(crate) async fn add(call: Call, p: Add) -> Reply {
    let people = p.user_ids.unwrap_or_default();
    let new = ChannelChange {
        name: Some(p.name),
        description: changed(p.description),
        color: changed(p.color),
        icon: changed(p.icon),
        public: p.public,
        default_recipients: p.default_recipients,
        default_groups: p.default_groups,
        use_default_recipients: p.use_default_recipients,
        favorited: p.is_favorited,
    };
    call.write(move |tx, actor| {
        let workspace = p.workspace_id.resolve(tx, actor)?;
        Ok(Channel::from(channel::add(tx, actor, workspace, &new, &people, p.temp_id)?))
    })
    .await
}

pub(crate) async fn update(call: Call, p: Update) -> Reply {
    let change = ChannelChange {
        name: p.name,
        description: changed(p.description),
        color: changed(p.color),
        icon: changed(p.icon),
        public: p.public,
        default_recipients: p.default_recipients,
        default_groups: p.default_groups,
        use_default_recipients: p.use_default_recipients,
        favorited: p.is_favorited,
    };
    call.write(move |tx, actor| {
        let id = p.id.resolve(tx, actor)?;
        Ok(Channel::from(channel::update(tx, actor, id, &change)?))
    })
    .await
}

/// Absent, cleared or set, as the cores say it.
pub(super) fn changed<T>(patch: Patch<T>) -> Option<Option<T>> {
    match patch {
        Patch::Absent => None,
        Patch::Clear => Some(None),
        Patch::Set(value) => Some(Some(value)),
    }
}

/// Calls that name a channel and answer `{"status": "ok"}`.
macro_rules! on_a_channel {
    ($($name:ident)+) => {$(
        pub(crate) async fn $name(call: Call, p: Named) -> Reply {
            call.write(move |tx, actor| {
                let id = p.id.resolve(tx, actor)?;
                channel::$name(tx, actor, id)?;
                Ok(DONE)
            })
            .await
        }
    )+};
}
on_a_channel!(remove archive unarchive favorite unfavorite);

pub(crate) async fn add_user(call: Call, p: WithUser) -> Reply {
    add_users(call, WithUsers { id: p.id, user_ids: vec![p.user_id] }).await
}

pub(crate) async fn remove_user(call: Call, p: WithUser) -> Reply {
    remove_users(call, WithUsers { id: p.id, user_ids: vec![p.user_id] }).await
}

pub(crate) async fn add_users(call: Call, p: WithUsers) -> Reply {
    call.write(move |tx, actor| {
        let id = p.id.resolve(tx, actor)?;
        channel::add_users(tx, actor, id, &p.user_ids)?;
        Ok::<_, Error>(DONE)
    })
    .await
}

pub(crate) async fn remove_users(call: Call, p: WithUsers) -> Reply {
    call.write(move |tx, actor| {
        let id = p.id.resolve(tx, actor)?;
        channel::remove_users(tx, actor, id, &p.user_ids)?;
        Ok::<_, Error>(DONE)
    })
    .await
}
