//! Keeps the full-text index in step with what is posted, without a word in the path of posting: a
//! follower of the events enters what has changed, a job what was there before.

use std::collections::{BTreeMap, BTreeSet};

use halyard_platform::{
    clock::Millis,
    db::{self, Db, Tx},
    events::{Event, follow::Batch},
    fulltext, jobs, params,
};
use serde_json::Value;

use super::document::{Entry, Kind, Source, number};
use crate::{CommentId, Error, json};

/// Name of the follower.
pub const FOLLOWER: &str = "messaging.search";
/// Events that one batch of the follower should hold at most: what they change is one transaction,
/// which must not hold up those who post.
pub const BATCH: i64 = 100;
/// Kind of the job that calls [`fill`].
pub const FILL_JOB: &str = "messaging.search_fill";
/// Posts that one step of the job enters.
const SLICE: i64 = 100;

/// Columns of a [`Source`]; the condition follows. A thread is as alive as its channel only when it
/// is searched: channels come and go with all they hold.
macro_rules! threads_sql {
    ($where:literal) => {
        concat!(
            "select 0, t.id, t.workspace_id, t.id, t.creator, t.title, t.content, t.attachments,
                 t.recipients, t.groups, t.direct_mentions, t.direct_group_mentions, t.posted_at,
                 t.removed_at is null
             from thread t where ",
            $where
        )
    };
}

macro_rules! comments_sql {
    ($where:literal) => {
        concat!(
            "select 1, k.id, t.workspace_id, k.thread_id, k.creator, '', k.content, k.attachments,
                 k.recipients, k.groups, k.direct_mentions, k.direct_group_mentions, k.posted_at,
                 k.deleted_at is null and k.system_message is null and t.removed_at is null
             from comment k join thread t on t.id = k.thread_id where ",
            $where
        )
    };
}

macro_rules! messages_sql {
    ($where:literal) => {
        concat!(
            "select 2, m.id, c.workspace_id, m.conversation_id, m.creator, '', m.content,
                 m.attachments, '[]', '[]', m.direct_mentions, m.direct_group_mentions,
                 m.posted_at, m.deleted_at is null and m.system_message is null
             from message m join conversation c on c.id = m.conversation_id where ",
            $where
        )
    };
}

/// Whether a post, given its SQL names, was entered: the same number as [`number`] makes.
macro_rules! entered_sql {
    ($row:literal, $kind:literal) => {
        concat!(
            "exists (select 1 from fulltext_index f where f.rowid =
                 (case when ",
            $row,
            ".posted_at < 946684800000 then 0
                       else ",
            $row,
            ".posted_at / 1000 - 946684800 end) * 4294967296 + ",
            $row,
            ".id * 4 + ",
            $kind,
            ")"
        )
    };
}
pub(crate) use entered_sql;

/// What a batch of events has changed.
pub struct Changed(Vec<Source>);

/// Reads what a batch of events has changed.
///
/// # Errors
/// [`Error::Store`]
pub fn look(tx: &mut Tx<'_>, batch: &Batch) -> Result<Changed, Error> {
    Ok(Changed(read(tx, &named(&batch.events))?))
}

/// Enters what a batch of events has changed, once.
///
/// # Errors
/// [`Error::Store`]
pub async fn settle(db: &Db, batch: Batch, changed: Changed) -> Result<(), Error> {
    let entries = entries(&changed.0)?;
    db.write_derived(move |tx| {
        if batch.settle(tx)? {
            enter(tx, &entries)?;
        }
        Ok(())
    })
    .await
}

/// The posts that events speak of.
fn named(events: &[Event]) -> BTreeMap<Kind, BTreeSet<i64>> {
    let mut named: BTreeMap<Kind, BTreeSet<i64>> = BTreeMap::new();
    for event in events {
        let (kind, key) = match event.kind.split_once('_') {
            Some(("thread", _)) => (Kind::Thread, "thread_id"),
            Some(("comment", _)) => (Kind::Comment, "comment_id"),
            Some(("message", _)) => (Kind::Message, "message_id"),
            _ => continue,
        };
        let payload: Value = serde_json::from_str(&event.payload).unwrap_or_default();
        // Every event of these kinds names its post; the doctor finds those that do not.
        if let Some(id) = payload[key].as_i64() {
            named.entry(kind).or_default().insert(id);
        }
    }
    named
}

fn read(tx: &mut Tx<'_>, named: &BTreeMap<Kind, BTreeSet<i64>>) -> Result<Vec<Source>, db::Error> {
    let mut sources = Vec::new();
    for (kind, ids) in named {
        let ids = json::encode(ids);
        sources.extend(match kind {
            Kind::Thread => tx.all(threads_sql!("t.id in {ids $1}"), params![&ids]),
            Kind::Comment => tx.all(comments_sql!("k.id in {ids $1}"), params![&ids]),
            Kind::Message => tx.all(messages_sql!("m.id in {ids $1}"), params![&ids]),
        }?);
    }
    Ok(sources)
}

fn entries(sources: &[Source]) -> Result<Vec<Entry>, db::Error> {
    sources.iter().filter_map(|source| source.entry().transpose()).collect()
}

fn enter(tx: &mut Tx<'_>, entries: &[Entry]) -> Result<(), db::Error> {
    let (mut put, mut gone) = (Vec::new(), Vec::new());
    for entry in entries {
        match entry {
            Entry::Put(document) => put.push(document.clone()),
            Entry::Remove(number) => gone.push(*number),
        }
    }
    fulltext::remove(tx, &gone)?;
    fulltext::put(tx, &put)
}

/// How far the job has come: everything from these ids on is entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filling {
    kind: Kind,
    below: i64,
}

impl Default for Filling {
    fn default() -> Self {
        Self { kind: Kind::Message, below: i64::MAX }
    }
}

/// Enters a slice of what was never entered, newest first, and answers where to go on; none when
/// all is entered. Idempotent: what is entered already is passed over.
///
/// # Errors
/// [`Error::Store`]
pub async fn fill(db: &Db, at: Filling) -> Result<Option<Filling>, Error> {
    let sources = db.read_long(move |tx| missing(tx, at)).await?;
    let next = match sources.last() {
        Some(last) => Filling { below: last.id, ..at },
        None => match at.kind {
            Kind::Message => Filling { kind: Kind::Comment, below: i64::MAX },
            Kind::Comment => Filling { kind: Kind::Thread, below: i64::MAX },
            Kind::Thread => return Ok(None),
        },
    };
    let entries = entries(&sources)?;
    db.write(move |tx| -> Result<(), db::Error> {
        // The follower may have been here meanwhile, with something newer.
        let numbers: Vec<i64> = entries.iter().map(Entry::number).collect();
        let known = fulltext::known(tx, &numbers)?;
        let new: Vec<Entry> = entries
            .iter()
            .filter(|entry| matches!(entry, Entry::Put(_)) && !known.contains(&entry.number()))
            .cloned()
            .collect();
        enter(tx, &new)
    })
    .await?;
    Ok(Some(next))
}

fn missing(tx: &mut Tx<'_>, at: Filling) -> Result<Vec<Source>, db::Error> {
    let bound = params![at.below, SLICE];
    match at.kind {
        Kind::Thread => tx.all(
            concat!(
                threads_sql!("t.id < $1 and t.removed_at is null and not "),
                entered_sql!("t", "0"),
                " order by t.id desc limit $2"
            ),
            bound,
        ),
        Kind::Comment => tx.all(
            concat!(
                comments_sql!(
                    "k.id < $1 and k.deleted_at is null and k.system_message is null
                     and t.removed_at is null and not "
                ),
                entered_sql!("k", "1"),
                " order by k.id desc limit $2"
            ),
            bound,
        ),
        Kind::Message => tx.all(
            concat!(
                messages_sql!(
                    "m.id < $1 and m.deleted_at is null and m.system_message is null and not "
                ),
                entered_sql!("m", "2"),
                " order by m.id desc limit $2"
            ),
            bound,
        ),
    }
}

/// Makes the whole index anew: forgets it, and lets the job enter everything again. Searches find
/// less until it has ended.
///
/// # Errors
/// Those of the store.
pub fn rebuild(tx: &mut Tx<'_>, now: Millis) -> Result<(), db::Error> {
    fulltext::clear(tx)?;
    let job = jobs::NewJob { kind: FILL_JOB, key: Some(FILL_JOB), payload: "{}", run_at: now };
    jobs::enqueue(tx, &job)?;
    Ok(())
}

/// Enters one post again, or takes it out if it is gone: what `halyard doctor` repairs with.
pub(crate) fn enter_again(tx: &mut Tx<'_>, number: i64) -> Result<(), db::Error> {
    let Some((kind, id)) = super::document::owner(number) else { return Ok(()) };
    let sources = read(tx, &BTreeMap::from([(kind, BTreeSet::from([id]))]))?;
    if sources.is_empty() {
        return fulltext::remove(tx, &[number]);
    }
    enter(tx, &entries(&sources)?)
}

/// Takes comments out whose rows are about to go.
pub(crate) fn forget_comments(
    tx: &mut Tx<'_>,
    comments: &[(CommentId, Millis)],
) -> Result<(), db::Error> {
    let numbers: Vec<i64> =
        comments.iter().filter_map(|(id, at)| number(Kind::Comment, id.0, *at)).collect();
    fulltext::remove(tx, &numbers)
}

/// Takes a thread out whose row is about to go.
pub(crate) fn forget_thread(tx: &mut Tx<'_>, id: i64, posted_at: Millis) -> Result<(), db::Error> {
    match number(Kind::Thread, id, posted_at) {
        Some(number) => fulltext::remove(tx, &[number]),
        None => Ok(()),
    }
}

impl Entry {
    fn number(&self) -> i64 {
        match self {
            Self::Put(document) => document.id,
            Self::Remove(number) => *number,
        }
    }
}
