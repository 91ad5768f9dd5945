use halyard_messaging::{
    ChannelId, ThreadId, WorkspaceId,
    inbox::{self, Filter, Which},
    thread,
};

use super::{
    call::{Call, DONE},
    dto::{InboxCount, ThreadAnswer},
    endpoint::Reply,
    ids::Resolve,
    page,
};
use crate::{choice_param, kit::params::Seconds, params};

choice_param!(Which {
    "active" => Which::Active,
    "archived" => Which::Archived,
    "all" => Which::All,
});

params! {
    /// Selects threads of the inbox.
    pub(crate) struct Get {
        /// The workspace.
        #[names("workspace_id", "id")]
        workspace_id: WorkspaceId,
        /// Those in the inbox, those put away, or both; `active` when not given.
        archive_filter: Option<Which>,
        /// Only threads updated after this moment.
        newer_than_ts: Option<Seconds>,
        /// Only threads updated before this moment.
        older_than_ts: Option<Seconds>,
        /// Threads to leave out.
        exclude_thread_ids: Option<Vec<ThreadId>>,
        /// By last update, newest first unless `asc`.
        order_by: Option<page::Order>,
        /// How many, from 1 to 500; 30 when not given.
        limit: Option<i64>,
    }

    /// Names a workspace.
    pub(crate) struct InWorkspace {
        /// The workspace.
        #[names("workspace_id", "id")]
        workspace_id: WorkspaceId,
    }

    /// Names a thread.
    pub(crate) struct Named {
        /// The thread.
        #[names("id", "thread_id")]
        id: ThreadId,
    }

    /// Says what to put away.
    pub(crate) struct ArchiveAll {
        /// The workspace.
        #[names("workspace_id", "id")]
        workspace_id: WorkspaceId,
        /// Only threads of these channels; of all when not given.
        channel_ids: Option<Vec<ChannelId>>,
        /// Only threads last updated in this second or earlier.
        older_than_ts: Option<Seconds>,
    }
}

pub(crate) async fn get(call: Call, p: Get) -> Reply {
    let filter = Filter {
        which: p.archive_filter.unwrap_or_default(),
        newer_than: p.newer_than_ts.map(page::after),
        older_than: p.older_than_ts.map(page::before),
        exclude: p.exclude_thread_ids.unwrap_or_default(),
        ascending: p.order_by.is_some_and(page::Order::is_ascending),
        limit: page::limit(p.limit, 30)?,
    };
    let version = call.version;
    call.read(move |tx, actor| {
        let workspace = p.workspace_id.resolve(tx, actor)?;
        let threads = inbox::list(tx, actor, workspace, &filter)?;
        let answers = threads.into_iter().map(|thread| ThreadAnswer::new(thread, version));
        Ok(answers.collect::<Vec<_>>())
    })
    .await
}

pub(crate) async fn get_count(call: Call, p: InWorkspace) -> Reply {
    call.read(move |tx, actor| {
        let workspace = p.workspace_id.resolve(tx, actor)?;
        Ok(InboxCount::from(inbox::count(tx, actor, workspace)?))
    })
    .await
}

pub(crate) async fn archive(call: Call, p: Named) -> Reply {
    call.write(move |tx, actor| {
        let id = p.id.resolve(tx, actor)?;
        thread::archive(tx, actor, id)?;
        Ok(DONE)
    })
    .await
}

pub(crate) async fn unarchive(call: Call, p: Named) -> Reply {
    call.write(move |tx, actor| {
        let id = p.id.resolve(tx, actor)?;
        thread::unarchive(tx, actor, id)?;
        Ok(DONE)
    })
    .await
}

pub(crate) async fn archive_all(call: Call, p: ArchiveAll) -> Reply {
    let until = p.older_than_ts.map(page::after);
    call.write(move |tx, actor| {
        let workspace = p.workspace_id.resolve(tx, actor)?;
        let channels = p.channel_ids.iter().flatten().map(|id| id.resolve(tx, actor));
        let channels = channels.collect::<Result<Vec<_>, _>>()?;
        let channels = p.channel_ids.is_some().then_some(channels.as_slice());
        inbox::archive_all(tx, actor, workspace, channels, until)?;
        Ok(DONE)
    })
    .await
}

pub(crate) async fn mark_all_read(call: Call, p: InWorkspace) -> Reply {
    call.write(move |tx, actor| {
        let workspace = p.workspace_id.resolve(tx, actor)?;
        inbox::mark_all_read(tx, actor, workspace)?;
        Ok(DONE)
    })
    .await
}
