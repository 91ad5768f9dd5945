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

use super::{DUE_JOB, STALE, settings};
use crate::{
    ConversationId, Error, GroupId, Reach, ThreadId, WorkspaceId,
    audience::in_groups,
    json::{decode, encode},
};

/// A thread or a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Parent {
    Thread(ThreadId),
    Conversation(ConversationId),
}

/// Neighbouring new posts, and whom they concern.
#[derive(Debug, Clone)]
struct Range {
    workspace: WorkspaceId,
    parent: Parent,
    first: i64,
    last: i64,
    /// When the first was posted.
    at: Millis,
    /// By the time at which they are to be told.
    people: BTreeMap<Millis, Vec<UserId>>,
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
    for range in &mut seen.ranges {
        let people = concerned(tx, range)?;
        let wanted = settings::of(tx, range.workspace, &people)?;
        for user in people {
            let wants = wanted[&user];
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
        }),
    }
}

/// Whom any post of the range may concern. Whether it still does is asked when it is told.
fn concerned(tx: &mut Tx<'_>, range: &Range) -> Result<Vec<UserId>, Error> {
    let thread = match range.parent {
        Parent::Conversation(id) => {
            return Ok(tx.all(
                "select cm.user_id from conversation_member cm where cm.conversation_id = $1
                     and exists (select 1 from message m where m.conversation_id = $1
                         and m.obj_index >= $2 and m.obj_index <= $3 and m.creator <> cm.user_id
                         and m.system_message is null)
                 order by cm.user_id",
                params![id, range.first, range.last],
            )?);
        }
        Parent::Thread(id) => id,
    };
    type Said = (UserId, Reach, String, String, String, String);
    let mut said: Vec<Said> = tx.all(
        "select creator, audience, recipients, groups, direct_mentions, direct_group_mentions
         from comment
         where thread_id = $1 and obj_index >= $2 and obj_index <= $3 and deleted_at is null
             and system_message is null",
        params![thread, range.first, range.last],
    )?;
    if range.first < 0 {
        said.extend(tx.optional::<Said>(
            "select creator, audience, recipients, groups, direct_mentions, direct_group_mentions
             from thread where id = $1 and removed_at is null and system_message is null",
            params![thread],
        )?);
    }
    let Some(widest) = said.iter().map(|said| said.1).max() else { return Ok(Vec::new()) };
    let in_thread = said.iter().any(|said| said.1 == Reach::Thread);
    let authors: BTreeSet<UserId> = said.iter().map(|said| said.0).collect();
    let only_author = authors.first().filter(|_| authors.len() == 1).map_or(0, |user| user.0);
    let mut named: BTreeSet<UserId> = BTreeSet::new();
    let mut groups: Vec<GroupId> = Vec::new();
    for (_, _, recipients, in_groups, mentions, group_mentions) in &said {
        named.extend(decode::<Vec<UserId>>(recipients)?);
        named.extend(decode::<Vec<UserId>>(mentions)?);
        groups.extend(decode::<Vec<GroupId>>(in_groups)?);
        groups.extend(decode::<Vec<GroupId>>(group_mentions)?);
    }
    named.extend(in_groups(tx, range.workspace, &groups)?);
    Ok(tx.all(
        "select m.user_id
         from thread t
         join channel c on c.id = t.channel_id and c.removed_at is null
         join member m on m.workspace_id = t.workspace_id and m.removed_at is null
         left join channel_member cm on cm.channel_id = t.channel_id and cm.user_id = m.user_id
         left join thread_state s on s.thread_id = t.id and s.user_id = m.user_id
         where t.id = $1 and m.user_id <> $2
             and (cm.user_id is not null or (c.public and m.role <> 'guest'))
             and (m.user_id in {ids $3}
                 or ($4 and coalesce(s.follows, false))
                 or ($5 and cm.user_id is not null and coalesce(s.follows, true))
                 or ($6 and coalesce(s.follows, true)))
         order by m.user_id",
        params![
            thread,
            only_author,
            &encode(&named),
            in_thread,
            widest >= Reach::Channel,
            widest == Reach::Workspace
        ],
    )?)
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
                 last_index)
             values ($1, $2, $3, $4, $5) returning id",
            params![range.workspace, thread, conversation, range.first, range.last],
        )?;
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
