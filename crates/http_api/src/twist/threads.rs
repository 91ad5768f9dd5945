use halyard_identity::UserId;
use halyard_messaging::{
    ChannelId, GroupId, Post, PostParts, ThreadId, WorkspaceId,
    thread::{self, Filter, FilterBy, NewThread, Place, ThreadChange},
};

use super::{
    action,
    audience::{self, Recipients},
    call::{Call, DONE},
    dto::{ThreadAnswer, Unread},
    endpoint::Reply,
    error::Error,
    ids::Resolve,
    page,
};
use crate::{
    choice_param,
    kit::params::{List, Seconds},
    params,
};

choice_param!(FilterBy {
    "everyone" => FilterBy::Everyone,
    "attached_to_me" => FilterBy::AttachedToMe,
    "is_starred" => FilterBy::Starred,
});

params! {
    /// Names a thread.
    pub(crate) struct Named {
        /// The thread.
        #[names("id", "thread_id")]
        id: ThreadId,
    }

    /// Selects threads.
    pub(crate) struct Get {
        /// The channel; without it all channels of the workspace that the caller can see.
        channel_id: Option<ChannelId>,
        /// The workspace; needed without a channel.
        workspace_id: Option<WorkspaceId>,
        /// Which of them.
        filter_by: Option<FilterBy>,
        /// Only threads updated after this moment.
        newer_than_ts: Option<Seconds>,
        /// Only threads updated before this moment; with `before_id` one strict page boundary.
        older_than_ts: Option<Seconds>,
        /// Only threads with a smaller id.
        before_id: Option<ThreadId>,
        /// Only threads with a larger id.
        after_id: Option<ThreadId>,
        /// Only pinned, or only unpinned threads.
        is_pinned: Option<bool>,
        /// Only saved, or only unsaved threads.
        is_starred: Option<bool>,
        /// Only threads that the caller has put away, or only the others.
        archived: Option<bool>,
        /// Threads to leave out.
        exclude_thread_ids: Option<Vec<ThreadId>>,
        /// By last update, newest first unless `asc`.
        order_by: Option<page::Order>,
        /// How many, from 1 to 500; 20 when not given.
        limit: Option<i64>,
        /// Answer ids instead of objects.
        as_ids: Option<bool>,
    }

    /// A new thread.
    pub(crate) struct Add {
        /// The channel to post in.
        channel_id: ChannelId,
        /// Up to 300 characters.
        title: Option<String>,
        /// The opening post in Markdown, up to 15,000 characters.
        content: Option<String>,
        /// Files that were uploaded before, and links.
        attachments: Option<List>,
        /// Buttons.
        actions: Option<List>,
        /// People to tell, or `EVERYONE`; everyone in the channel when nobody is named.
        recipients: Option<Recipients>,
        /// Groups to tell; 1 stands for everyone in the channel.
        groups: Option<Vec<GroupId>>,
        /// People mentioned; taken from the text when not given.
        direct_mentions: Option<Vec<UserId>>,
        /// Groups mentioned; taken from the text when not given.
        direct_group_mentions: Option<Vec<GroupId>>,
        /// A negative number by which the caller can name the thread until it knows its id.
        temp_id: Option<i64>,
    }

    /// Changes to a thread.
    pub(crate) struct Update {
        /// The thread.
        #[names("id", "thread_id")]
        id: ThreadId,
        /// Up to 300 characters.
        title: Option<String>,
        /// The opening post in Markdown, up to 15,000 characters.
        content: Option<String>,
        /// The whole new list of files and links.
        attachments: Option<List>,
        /// The whole new list of buttons.
        actions: Option<List>,
        /// People mentioned; taken from the text when not given.
        direct_mentions: Option<Vec<UserId>>,
        /// Groups mentioned; taken from the text when not given.
        direct_group_mentions: Option<Vec<GroupId>>,
    }

    /// Names a thread and where to put it.
    pub(crate) struct Move {
        /// The thread.
        #[names("id", "thread_id")]
        id: ThreadId,
        /// The channel to move it to.
        #[names("to_channel", "to_channel_id")]
        to_channel: ChannelId,
    }

    /// Names a place in a thread.
    pub(crate) struct Position {
        /// The thread.
        #[names("id", "thread_id")]
        id: ThreadId,
        /// Index of a comment; -1 stands for the opening post.
        obj_index: i64,
    }

    /// Names a workspace.
    pub(crate) struct InWorkspace {
        /// The workspace.
        #[names("workspace_id", "id")]
        workspace_id: WorkspaceId,
    }

    /// Names a workspace or a channel.
    pub(crate) struct InWorkspaceOrChannel {
        /// The workspace.
        workspace_id: Option<WorkspaceId>,
        /// The channel.
        channel_id: Option<ChannelId>,
    }

    /// Names a thread and a time.
    pub(crate) struct Mute {
        /// The thread.
        #[names("id", "thread_id")]
        id: ThreadId,
        /// For how many minutes.
        minutes: i64,
    }
}

pub(crate) async fn getone(call: Call, p: Named) -> Reply {
    let version = call.version;
    call.read(move |tx, actor| {
        let id = p.id.resolve(tx, actor)?;
        Ok(ThreadAnswer::new(thread::load(tx, actor, id)?, version))
    })
    .await
}

pub(crate) async fn get(call: Call, p: Get) -> Reply {
    let filter = Filter {
        by: p.filter_by.unwrap_or_default(),
        newer_than: p.newer_than_ts.map(page::after),
        older_than: p.older_than_ts.map(page::before),
        before_id: p.before_id,
        after_id: p.after_id,
        pinned: p.is_pinned,
        starred: p.is_starred,
        archived: p.archived,
        exclude: p.exclude_thread_ids.unwrap_or_default(),
        ascending: p.order_by.is_some_and(page::Order::is_ascending),
        limit: page::limit(p.limit, 20)?,
    };
    let (channel, workspace) = (p.channel_id, p.workspace_id);
    if channel.is_none() && workspace.is_none() {
        return Err(Error::missing("channel_id"));
    }
    let (version, as_ids) = (call.version, p.as_ids.unwrap_or(false));
    call.read(move |tx, actor| {
        let place = match (channel, workspace) {
            (Some(channel), _) => Place::Channel(channel.resolve(tx, actor)?),
            (None, Some(workspace)) => Place::Workspace(workspace.resolve(tx, actor)?),
            (None, None) => return Err(Error::missing("channel_id")),
        };
        let threads = thread::list(tx, actor, place, &filter)?;
        Ok(page::ids_or(
            as_ids,
            threads,
            |thread| thread.id.0,
            |thread| ThreadAnswer::new(thread, version),
        ))
    })
    .await
}

pub(crate) async fn add(call: Call, p: Add) -> Reply {
    let new = NewThread {
        channel: p.channel_id,
        title: p.title.unwrap_or_default(),
        post: Post::new(PostParts {
            content: p.content.unwrap_or_default(),
            attachments: p.attachments.map(|list| list.0),
            actions_json: action::check(p.actions)?,
            direct_mentions: p.direct_mentions,
            direct_group_mentions: p.direct_group_mentions,
        })?,
        audience: audience::of_thread(p.recipients, p.groups),
        temp_id: p.temp_id,
    };
    let version = call.version;
    call.write(move |tx, actor| {
        let new = NewThread { channel: new.channel.resolve(tx, actor)?, ..new.clone() };
        Ok(ThreadAnswer::new(thread::add(tx, actor, &new)?, version))
    })
    .await
}

pub(crate) async fn update(call: Call, p: Update) -> Reply {
    let change = ThreadChange {
        title: p.title,
        content: p.content,
        attachments: p.attachments.map(|list| list.0),
        actions_json: action::check(p.actions)?,
        direct_mentions: p.direct_mentions,
        direct_group_mentions: p.direct_group_mentions,
    };
    let version = call.version;
    call.write(move |tx, actor| {
        let id = p.id.resolve(tx, actor)?;
        Ok(ThreadAnswer::new(thread::update(tx, actor, id, &change)?, version))
    })
    .await
}

/// Calls that name a thread and answer `{"status": "ok"}`.
macro_rules! on_a_thread {
    ($($name:ident)+) => {$(
        pub(crate) async fn $name(call: Call, p: Named) -> Reply {
            call.write(move |tx, actor| {
                let id = p.id.resolve(tx, actor)?;
                thread::$name(tx, actor, id)?;
                Ok(DONE)
            })
            .await
        }
    )+};
}
on_a_thread!(remove star unstar pin unpin follow unfollow archive unarchive);

pub(crate) async fn move_to_channel(call: Call, p: Move) -> Reply {
    call.write(move |tx, actor| {
        let (id, channel) = (p.id.resolve(tx, actor)?, p.to_channel.resolve(tx, actor)?);
        thread::move_to_channel(tx, actor, id, channel)?;
        Ok(DONE)
    })
    .await
}

pub(crate) async fn get_unread(call: Call, p: InWorkspace) -> Reply {
    let version = call.version;
    let unread = call
        .fetch(move |tx, actor| {
            let workspace = p.workspace_id.resolve(tx, actor)?;
            Ok((workspace, thread::unread(tx, actor, workspace)?))
        })
        .await?;
    let (workspace, unread) = unread;
    if unread.wants_fold {
        call.change(move |tx, actor| Ok(thread::fold(tx, actor, workspace)?)).await?;
    }
    let list: Vec<_> = unread.threads.iter().map(|thread| Unread::new(thread, version)).collect();
    super::call::json(&list)
}

/// Calls that name a place in a thread.
macro_rules! at_a_position {
    ($($name:ident)+) => {$(
        pub(crate) async fn $name(call: Call, p: Position) -> Reply {
            call.about_thread(p.id).write(move |tx, actor| {
                let id = p.id.resolve(tx, actor)?;
                thread::$name(tx, actor, id, p.obj_index)?;
                Ok(DONE)
            })
            .await
        }
    )+};
}
at_a_position!(mark_read mark_unread mark_unread_for_others);

pub(crate) async fn mark_all_read(call: Call, p: InWorkspaceOrChannel) -> Reply {
    // The official SDK leaves out what is 0, and 0 is no id.
    let workspace = p.workspace_id.filter(|id| id.0 != 0);
    let channel = p.channel_id.filter(|id| id.0 != 0);
    if workspace.is_none() && channel.is_none() {
        return Err(Error::missing("workspace_id"));
    }
    call.write(move |tx, actor| {
        let workspace = workspace.map(|id| id.resolve(tx, actor)).transpose()?;
        let channel = channel.map(|id| id.resolve(tx, actor)).transpose()?;
        thread::mark_all_read(tx, actor, workspace, channel)?;
        Ok(DONE)
    })
    .await
}

pub(crate) async fn clear_unread(call: Call, p: InWorkspace) -> Reply {
    call.write(move |tx, actor| {
        let workspace = p.workspace_id.resolve(tx, actor)?;
        thread::mark_all_read(tx, actor, Some(workspace), None)?;
        Ok(DONE)
    })
    .await
}

pub(crate) async fn mute(call: Call, p: Mute) -> Reply {
    let version = call.version;
    call.write(move |tx, actor| {
        let id = p.id.resolve(tx, actor)?;
        Ok(ThreadAnswer::new(thread::mute(tx, actor, id, p.minutes)?, version))
    })
    .await
}

pub(crate) async fn unmute(call: Call, p: Named) -> Reply {
    let version = call.version;
    call.write(move |tx, actor| {
        let id = p.id.resolve(tx, actor)?;
        Ok(ThreadAnswer::new(thread::unmute(tx, actor, id)?, version))
    })
    .await
}
