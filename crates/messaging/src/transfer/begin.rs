//! The course of an import: it begins, takes in records in pieces, follows links, and is finished.
//! Each step may be repeated.

use halyard_identity::UserId;
use halyard_platform::{clock::Millis, db::Tx, jobs, params};
use serde_json::json;

use super::{
    known::{Known, Noun},
    record::Record,
    text,
};
use crate::{
    Actor, Error, ThreadId, WorkspaceId, audit, comment, doctor, event, message, search, workspace,
};

/// Rows that one step of the end touches at most.
const SLICE: i64 = 500;

/// Where an import stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Begun {
    /// Its id.
    pub import: i64,
    /// What it has become, when it is finished already.
    pub finished: Option<WorkspaceId>,
}

/// Takes up the import of the archive with this digest, or begins it. One that is finished is begun
/// again only when `again` is set.
///
/// # Errors
/// Those of the store.
pub fn begin(tx: &mut Tx<'_>, digest: &str, again: bool, now: Millis) -> Result<Begun, Error> {
    let latest: Option<(i64, Option<WorkspaceId>, Option<Millis>)> = tx.optional(
        "select id, workspace_id, finished_at from import where digest = $1
         order by id desc limit 1",
        params![digest],
    )?;
    match latest {
        Some((import, _, None)) => return Ok(Begun { import, finished: None }),
        Some((import, finished, Some(_))) if !again => return Ok(Begun { import, finished }),
        _ => {}
    }
    let import = tx.one(
        "insert into import (digest, started_at) values ($1, $2) returning id",
        params![digest, now],
    )?;
    Ok(Begun { import, finished: None })
}

/// As [`begin`], for an archive whose people and posts come into a workspace that is there.
///
/// # Errors
/// [`Error::WorkspaceNotFound`]; those of the store.
pub fn begin_into(
    tx: &mut Tx<'_>,
    digest: &str,
    again: bool,
    target: WorkspaceId,
    now: Millis,
) -> Result<Begun, Error> {
    workspace::an_admin(tx, target)?;
    let begun = begin(tx, digest, again, now)?;
    if begun.finished.is_none() {
        tx.exec(
            "update import set workspace_id = $2 where id = $1",
            params![begun.import, target],
        )?;
    }
    Ok(begun)
}

/// Whether a file of the archive is here already.
///
/// # Errors
/// Those of the store.
pub fn file_known(tx: &mut Tx<'_>, import: i64, old: &str) -> Result<bool, Error> {
    let known = Known::load(tx, import, &[])?;
    let found: i64 =
        tx.one("select count(*) from attachment where id = $1", params![&known.file(old)])?;
    Ok(found > 0)
}

/// Changes links between posts, now that everything has its id; with `base` they then lead to this
/// server. Records without links cost nothing.
///
/// # Errors
/// Those of the store.
pub fn link(
    tx: &mut Tx<'_>,
    import: i64,
    records: &[Record],
    base: Option<&str>,
) -> Result<(), Error> {
    let known = Known::load(tx, import, records)?;
    for record in records {
        match record {
            Record::Thread(thread) if thread.content.contains("/a/") => {
                let id = known.require(Noun::Thread, thread.id)?;
                let content = text::rewrite(&thread.content, &known, base);
                tx.exec("update thread set content = $2 where id = $1", params![id, &content])?;
                comment::refresh_snippet(tx, ThreadId(id))?;
            }
            Record::Comment(said) if said.content.contains("/a/") => {
                let Some(id) = known.find(Noun::Comment, said.id) else { continue };
                let content = text::rewrite(&said.content, &known, base);
                tx.exec("update comment set content = $2 where id = $1", params![id, &content])?;
                let thread = known.require(Noun::Thread, said.thread)?;
                comment::refresh_snippet(tx, ThreadId(thread))?;
            }
            Record::Message(said) if said.content.contains("/a/") => {
                let Some(id) = known.find(Noun::Message, said.id) else { continue };
                let content = text::rewrite(&said.content, &known, base);
                tx.exec("update message set content = $2 where id = $1", params![id, &content])?;
                let conversation = known.require(Noun::Conversation, said.conversation)?;
                message::summarise(tx, crate::ConversationId(conversation))?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// Up to where an import is settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    noun: String,
    old: i64,
}

/// Brings what people have read into bounds, a slice at a time, once everything is here. Answers where
/// to go on; none at the end. Nothing that a repetition of the import needs is lost.
///
/// # Errors
/// Those of the store.
pub fn settle(
    tx: &mut Tx<'_>,
    import: i64,
    after: Option<&Settled>,
) -> Result<Option<Settled>, Error> {
    Known::load(tx, import, &[])?;
    let (noun, old) = after.map_or(("", i64::MIN), |after| (after.noun.as_str(), after.old));
    let slice: Vec<(String, i64, i64)> = tx.all(
        "select noun, old_id, new_id from import_id
         where import_id = $1 and noun in ('conversation', 'thread')
             and (noun, old_id) > ($2, $3)
         order by noun, old_id limit $4",
        params![import, noun, old, SLICE],
    )?;
    for (noun, _, new) in &slice {
        match noun.as_str() {
            "thread" => doctor::clamp_thread(tx, *new)?,
            _ => doctor::clamp_conversation(tx, *new)?,
        }
    }
    Ok(slice.into_iter().next_back().map(|(noun, old, _)| Settled { noun, old }))
}

/// Ends an import that is settled: the workspace is shown, and the archive is known to be here.
///
/// # Errors
/// Those of the store.
pub fn finish(tx: &mut Tx<'_>, import: i64, now: Millis) -> Result<WorkspaceId, Error> {
    let known = Known::load(tx, import, &[])?;
    let id = known.workspace();
    tx.exec("update import set finished_at = $2 where id = $1", params![import, now])?;
    tx.exec("update workspace set removed_at = null where id = $1", params![id])?;
    let user = somebody_in_charge(tx, id)?;
    let actor = Actor { user, now };
    let payload = json!({ "workspace_id": id }).to_string();
    event::record(tx, &actor, id, "workspace_updated", ("workspace", id.0), &payload)?;
    let subject = ("workspace", id.0);
    audit::record(tx, &actor, id, "workspace_imported", subject, json!({}))?;
    let kind = search::FILL_JOB;
    jobs::enqueue(tx, &jobs::NewJob { kind, key: Some(kind), payload: "{}", run_at: now })?;
    Ok(id)
}

/// Forgets, a slice at a time, what a finished import needed meanwhile. True when there may be more.
///
/// # Errors
/// Those of the store.
pub fn forget(tx: &mut Tx<'_>, import: i64) -> Result<bool, Error> {
    let slice: Vec<(String, i64)> = tx.all(
        "select d.noun, d.old_id from import_id d join import i on i.id = d.import_id
         where d.import_id = $1 and i.finished_at is not null
         order by d.noun, d.old_id limit $2",
        params![import, SLICE],
    )?;
    for (noun, old) in &slice {
        tx.exec(
            "delete from import_id where import_id = $1 and noun = $2 and old_id = $3",
            params![import, noun, *old],
        )?;
    }
    Ok(!slice.is_empty())
}

/// An administrator. If the archive has brought none, its creator or whoever came first becomes one.
fn somebody_in_charge(tx: &mut Tx<'_>, id: WorkspaceId) -> Result<UserId, Error> {
    match workspace::an_admin(tx, id) {
        Err(Error::WorkspaceNotFound) => {}
        found => return found,
    }
    let heir: Option<UserId> = tx.optional(
        "select m.user_id from member m join workspace w on w.id = m.workspace_id
         join users u on u.id = m.user_id
         where m.workspace_id = $1 and m.removed_at is null
         order by case when m.user_id = w.creator then 0 else 1 end,
             case when u.bot then 1 else 0 end, m.joined_at, m.user_id limit 1",
        params![id],
    )?;
    let Some(heir) = heir else {
        return Ok(tx.one("select creator from workspace where id = $1", params![id])?);
    };
    tx.exec(
        "update member set role = 'admin', version = version + 1
         where workspace_id = $1 and user_id = $2",
        params![id, heir],
    )?;
    Ok(heir)
}
