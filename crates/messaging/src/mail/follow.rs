use std::collections::{BTreeMap, BTreeSet};

use halyard_identity::{Mail, UserId};
use halyard_platform::{
    clock::Millis,
    db::Tx,
    events::Event,
    jobs::{self, NewJob},
    params,
};
use serde::Deserialize;

use super::{DUE_JOB, STALE, concerned, settings};
use crate::{
    ConversationId, Error, ThreadId, WorkspaceId,
    json::{decode, encode},
};

/// A thread or a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Parent {
    Thread(ThreadId),
    Conversation(ConversationId),
}

/// Neighbouring new posts, and whom they concern.
#[derive(Debug, Clone)]
pub(super) struct Range {
    pub(super) workspace: WorkspaceId,
    pub(super) parent: Parent,
    /// Index of the first; -1 for the opening post of a thread.
    pub(super) first: i64,
    pub(super) last: i64,
    /// When the first was posted.
    at: Millis,
    /// By the time at which they are to be told.
    people: BTreeMap<Millis, Vec<UserId>>,
    /// Those who were named.
    named: Vec<UserId>,
    /// People are concerned who are neither named nor follow the thread.
    wide: bool,
}

/// What a batch of events is for mails.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    ranges: Vec<Range>,
    mails: Vec<Mail>,
}

/// The ids in a payload.
#[derive(Debug, Default, Deserialize)]
struct Payload {
    thread_id: Option<ThreadId>,
    conversation_id: Option<ConversationId>,
    obj_index: Option<i64>,
    user_id: Option<UserId>,
    by: Option<UserId>,
}

/// Finds out what is new in a batch of events and whom it concerns. Only reads.
///
/// # Errors
/// Those of the store.
pub fn look(tx: &mut Tx<'_>, events: &[Event], now: Millis) -> Result<Seen, Error> {
    let mut seen = Seen::default();
    for event in events.iter().filter(|event| event.at > now - STALE) {
        let Some(workspace) = event.workspace_id.map(WorkspaceId) else { continue };
        match event.kind.as_str() {
            "thread_added" | "comment_added" | "message_added" => {
                let payload: Payload = decode(&event.payload)?;
                let thread = payload.thread_id.map(Parent::Thread);
                let parent = thread.or(payload.conversation_id.map(Parent::Conversation));
                if let Some(parent) = parent {
                    add(&mut seen.ranges, workspace, parent, payload.obj_index, event.at);
                }
            }
            "workspace_user_removed" => {
                let payload: Payload = decode(&event.payload)?;
                if payload.by != payload.user_id
                    && let Some(user) = payload.user_id
                {
                    seen.mails.extend(removed(tx, workspace, user)?);
                }
            }
            _ => {}
        }
    }
    let concerned = concerned::by(tx, &seen.ranges)?;
    let mut of_workspaces: BTreeMap<WorkspaceId, BTreeSet<UserId>> = BTreeMap::new();
    for (range, concerned) in seen.ranges.iter().zip(&concerned) {
        of_workspaces.entry(range.workspace).or_default().extend(&concerned.people);
    }
    let mut wanted = BTreeMap::new();
    for (workspace, people) in of_workspaces {
        let people: Vec<UserId> = people.into_iter().collect();
        wanted.insert(workspace, settings::of(tx, workspace, &people)?);
    }
    for (range, concerned) in seen.ranges.iter_mut().zip(concerned) {
        range.wide = concerned.wide;
        range.named = concerned.named;
        for user in concerned.people {
            let wants = wanted[&range.workspace][&user];
            let any = match range.parent {
                Parent::Thread(_) => wants.threads || wants.comments,
                Parent::Conversation(_) => wants.conversations,
            };
            if any {
                range.people.entry(range.at + wants.delay).or_default().push(user);
            }
        }
    }
    Ok(seen)
}

/// The posts of one parent in a batch are neighbours, because their indexes have no gaps.
fn add(
    ranges: &mut Vec<Range>,
    workspace: WorkspaceId,
    parent: Parent,
    index: Option<i64>,
    at: Millis,
) {
    let index = index.unwrap_or(-1);
    match ranges.iter_mut().find(|range| range.parent == parent) {
        Some(range) => {
            range.first = range.first.min(index);
            range.last = range.last.max(index);
            range.at = range.at.min(at);
        }
        None => ranges.push(Range {
            workspace,
            parent,
            first: index,
            last: index,
            at,
            people: BTreeMap::new(),
            named: Vec::new(),
            wide: false,
        }),
    }
}

/// The mail to somebody who was taken out of a workspace, if they want it and still have an
/// account.
fn removed(tx: &mut Tx<'_>, workspace: WorkspaceId, user: UserId) -> Result<Option<Mail>, Error> {
    let found: Option<(String, String, String)> = tx.optional(
        "select u.name, u.email, w.name
         from users u
         join member m on m.user_id = u.id and m.workspace_id = $1 and m.removed_at is not null
         join workspace w on w.id = m.workspace_id and w.removed_at is null
         where u.id = $2 and u.removed_at is null and u.bot = false and u.setup_pending = false",
        params![workspace, user],
    )?;
    let Some((name, to, workspace_name)) = found else { return Ok(None) };
    if !settings::of(tx, workspace, &[user])?[&user].removed {
        return Ok(None);
    }
    Ok(Some(Mail {
        to,
        subject: format!("You are no longer in {workspace_name}"),
        text: format!(
            "Hello {name},\n\nsomebody has removed you from the workspace {workspace_name}. What \
             you wrote there stays.\n"
        ),
        ..Mail::default()
    }))
}

/// Writes down what [`look`] has found, in the transaction that settles the batch.
///
/// # Errors
/// Those of the store.
pub fn record(tx: &mut Tx<'_>, seen: &Seen, now: Millis) -> Result<(), Error> {
    for range in seen.ranges.iter().filter(|range| !range.people.is_empty()) {
        let (thread, conversation) = match range.parent {
            Parent::Thread(id) => (Some(id), None),
            Parent::Conversation(id) => (None, Some(id)),
        };
        let id: i64 = tx.one(
            "insert into mail_range (workspace_id, thread_id, conversation_id, first_index,
                 last_index, wide)
             values ($1, $2, $3, $4, $5, $6) returning id",
            params![range.workspace, thread, conversation, range.first, range.last, range.wide],
        )?;
        if !range.named.is_empty() {
            tx.exec(
                "insert into mail_named (user_id, range_id)
                 select u.id, $1 from users u where u.id in {ids $2}",
                params![id, &encode(&range.named)],
            )?;
        }
        for (due_at, people) in &range.people {
            let new = tx.exec(
                "insert into mail_due (user_id, workspace_id, after_range, due_at)
                 select u.id, $1, $2, $3 from users u where u.id in {ids $4}
                 on conflict (user_id, workspace_id) do nothing",
                params![range.workspace, id - 1, *due_at, &encode(people)],
            )?;
            if new > 0 {
                wake_at(tx, *due_at)?;
            }
        }
    }
    for mail in &seen.mails {
        mail.enqueue(tx, now)?;
    }
    Ok(())
}

/// Has somebody look at `mail_due` at this time.
pub(super) fn wake_at(tx: &mut Tx<'_>, at: Millis) -> Result<(), Error> {
    jobs::enqueue(tx, &NewJob { kind: DUE_JOB, key: None, payload: "{}", run_at: at })?;
    Ok(())
}
