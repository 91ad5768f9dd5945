//! Removes the rows of removed threads, channels and workspaces, a slice at a time.
//!
//! Removing marks the parent in the transaction of the request; nobody sees it from then on. The
//! rows go in a job, in slices short enough not to hold up other writers. The job is idempotent:
//! it deletes what is there, and says whether more may be left.

use halyard_platform::{db::Tx, jobs, params};
use serde::{Deserialize, Serialize};

use crate::{Actor, ChannelId, Error, ThreadId, WorkspaceId, json, notification, search};

/// Kind of the jobs that call [`run`].
pub const JOB: &str = "messaging.purge";

/// Rows that one slice deletes at most.
const SLICE: i64 = 500;

/// What is to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// A removed thread.
    Thread(ThreadId),
    /// A removed channel with its threads.
    Channel(ChannelId),
    /// A removed workspace with its channels; conversations and groups go unseen but stay.
    Workspace(WorkspaceId),
}

pub(crate) fn enqueue_thread(tx: &mut Tx<'_>, actor: &Actor, id: ThreadId) -> Result<(), Error> {
    enqueue(tx, actor, Target::Thread(id))
}

pub(crate) fn enqueue_channel(tx: &mut Tx<'_>, actor: &Actor, id: ChannelId) -> Result<(), Error> {
    enqueue(tx, actor, Target::Channel(id))
}

pub(crate) fn enqueue_workspace(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: WorkspaceId,
) -> Result<(), Error> {
    enqueue(tx, actor, Target::Workspace(id))
}

fn enqueue(tx: &mut Tx<'_>, actor: &Actor, target: Target) -> Result<(), Error> {
    let payload = json::encode(&target);
    let job = jobs::NewJob { kind: JOB, key: None, payload: &payload, run_at: actor.now };
    jobs::enqueue(tx, &job)?;
    Ok(())
}

/// Deletes one slice; true when more may be left.
pub fn run(tx: &mut Tx<'_>, target: Target) -> Result<bool, Error> {
    match target {
        Target::Thread(thread) => purge_thread(tx, thread),
        Target::Channel(channel) => {
            let thread: Option<ThreadId> = tx.optional(
                "select id from thread where channel_id = $1 limit 1",
                params![channel],
            )?;
            match thread {
                Some(thread) => {
                    purge_thread(tx, thread)?;
                    Ok(true)
                }
                None => {
                    tx.exec("delete from channel_member where channel_id = $1", params![channel])?;
                    tx.exec("delete from channel where id = $1", params![channel])?;
                    Ok(false)
                }
            }
        }
        Target::Workspace(workspace) => {
            let channel: Option<ChannelId> = tx.optional(
                "select id from channel where workspace_id = $1 limit 1",
                params![workspace],
            )?;
            match channel {
                Some(channel) => {
                    run(tx, Target::Channel(channel))?;
                    Ok(true)
                }
                None => Ok(false),
            }
        }
    }
}

fn purge_thread(tx: &mut Tx<'_>, thread: ThreadId) -> Result<bool, Error> {
    let slice = tx.all(
        "select id, posted_at from comment where thread_id = $1 order by obj_index limit $2",
        params![thread, SLICE],
    )?;
    search::forget_comments(tx, &slice)?;
    tx.exec(
        "delete from attachment_use where comment_id in
             (select id from comment where thread_id = $1 order by obj_index limit $2)",
        params![thread, SLICE],
    )?;
    let comments = tx.exec(
        "delete from comment where id in
             (select id from comment where thread_id = $1 order by obj_index limit $2)",
        params![thread, SLICE],
    )?;
    if comments > 0 {
        return Ok(true);
    }
    tx.exec("delete from attachment_use where thread_id = $1", params![thread])?;
    tx.exec("delete from thread_mention where thread_id = $1", params![thread])?;
    tx.exec("delete from thread_state where thread_id = $1", params![thread])?;
    notification::forget_thread(tx, thread)?;
    let posted_at: Option<i64> =
        tx.optional("select posted_at from thread where id = $1", params![thread])?;
    if let Some(posted_at) = posted_at {
        search::forget_thread(tx, thread.0, posted_at)?;
    }
    tx.exec("delete from thread where id = $1", params![thread])?;
    Ok(false)
}
