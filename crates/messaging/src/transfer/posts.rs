use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use halyard_identity::UserId;
use halyard_platform::{clock::Millis, db::Tx, params};
use serde_json::Value;

use super::{
    known::{Known, Noun},
    record::{Attachment, Comment, Message, Reactions, Thread},
    text,
};
use crate::{Error, ThreadId, doctor, json, text::snippet, thread as threads};

/// What has to be counted again after some records.
pub(super) struct Touched {
    follow: bool,
    /// Threads, with who has written in them, and where the next comment goes.
    threads: BTreeMap<i64, (BTreeSet<UserId>, End)>,
    conversations: BTreeMap<i64, End>,
}

/// Index and time of the newest post of a thread or conversation.
#[derive(Clone, Copy)]
struct End {
    obj_index: i64,
    posted_at: Millis,
}

impl End {
    /// The place of the next one: later, and not earlier.
    fn next(&mut self, posted_at: Millis) -> Self {
        self.obj_index += 1;
        self.posted_at = self.posted_at.max(posted_at);
        *self
    }
}

impl Touched {
    pub(super) fn new(follow: bool) -> Self {
        Self { follow, threads: BTreeMap::new(), conversations: BTreeMap::new() }
    }

    /// Brings counters, snippets and people of what was touched up to date.
    pub(super) fn settle(&self, tx: &mut Tx<'_>) -> Result<(), Error> {
        for (thread, (writers, end)) in &self.threads {
            doctor::recount_thread(tx, *thread)?;
            let (participants, responders, creator): (String, String, UserId) = tx.one(
                "select participants, responders, creator from thread where id = $1",
                params![*thread],
            )?;
            let writers: Vec<UserId> = writers.iter().copied().collect();
            let more = threads::extended(&participants, &writers)?;
            let responders_after = threads::extended(&responders, &writers)?;
            if more.is_some() || responders_after.is_some() {
                tx.exec(
                    "update thread set participants = $2, responders = $3 where id = $1",
                    params![
                        *thread,
                        more.as_ref().unwrap_or(&participants),
                        responders_after.as_ref().unwrap_or(&responders)
                    ],
                )?;
            }
            if self.follow {
                for user in writers.iter().chain([&creator]) {
                    tx.exec(
                        "insert into thread_state (user_id, thread_id, follows, done_items)
                         values ($1, $2, true, $3)
                         on conflict (user_id, thread_id) do nothing",
                        params![*user, *thread, end.obj_index + 2],
                    )?;
                }
                tx.exec(
                    "update thread_state set done_items = $2 where thread_id = $1",
                    params![*thread, end.obj_index + 2],
                )?;
            }
        }
        for conversation in self.conversations.keys() {
            doctor::recount_conversation(tx, *conversation)?;
        }
        Ok(())
    }
}

fn encoded(value: Option<&Value>) -> Option<String> {
    value.map(Value::to_string)
}

fn reactions(known: &Known, old: &Reactions) -> String {
    let new: BTreeMap<&String, Vec<UserId>> =
        old.iter().map(|(emoji, users)| (emoji, known.users(users))).collect();
    json::encode(&new)
}

pub(super) fn thread(
    tx: &mut Tx<'_>,
    known: &mut Known,
    new: &Thread,
    touched: &mut Touched,
) -> Result<(), Error> {
    if known.find(Noun::Thread, new.id).is_some() {
        return Ok(());
    }
    let content = text::rewrite(&new.content, known, None);
    let creator = known.require(Noun::User, new.creator)?;
    let mentions = known.users(&new.direct_mentions);
    let id: i64 = tx.one(
        "insert into thread (workspace_id, channel_id, creator, title, content, attachments,
             actions, audience, recipients, groups, participants, responders, direct_mentions,
             direct_group_mentions, reactions, system_message, snippet, snippet_creator,
             posted_at, last_updated_at, last_edited_at, pinned_at, closed)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $3,
             $18, $18, $19, $20, $21)
         returning id",
        params![
            known.workspace(),
            known.require(Noun::Channel, new.channel)?,
            creator,
            &new.title,
            &content,
            &encoded(new.attachments.as_ref().map(|list| text::files(list, known)).as_ref()),
            &encoded(new.actions.as_ref().map(|list| text::object(list, known)).as_ref()),
            &new.audience,
            &json::encode(&known.users(&new.recipients)),
            &json::encode(&known.groups(&new.groups)),
            &json::encode(&known.users(&new.participants)),
            &json::encode(&known.users(&new.responders)),
            &json::encode(&mentions),
            &json::encode(&known.groups(&new.direct_group_mentions)),
            &reactions(known, &new.reactions),
            &encoded(new.system_message.as_ref().map(|value| text::object(value, known)).as_ref()),
            &snippet(&content),
            new.posted_at,
            new.last_edited_at,
            new.pinned_at,
            new.closed
        ],
    )?;
    threads::remember_mentions(tx, ThreadId(id), -1, &mentions)?;
    for state in &new.states {
        let Some(user) = known.find(Noun::User, state.user) else { continue };
        tx.exec(
            "insert into thread_state (user_id, thread_id, read_items, behind, follows, starred_at,
                 muted_until, quiet_from, done_items, archived)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
             on conflict (user_id, thread_id) do nothing",
            params![
                user,
                id,
                state.read_items,
                state.behind,
                state.follows,
                state.starred_at,
                state.muted_until,
                state.quiet_from,
                state.done_items,
                state.archived
            ],
        )?;
    }
    known.remember(tx, Noun::Thread, new.id, id)?;
    if touched.follow {
        let end = End { obj_index: -1, posted_at: new.posted_at };
        touched.threads.insert(id, (BTreeSet::new(), end));
    }
    Ok(())
}

pub(super) fn comment(
    tx: &mut Tx<'_>,
    known: &mut Known,
    new: &Comment,
    touched: &mut Touched,
) -> Result<(), Error> {
    if known.find(Noun::Comment, new.id).is_some() {
        return Ok(());
    }
    // Somebody may have removed the thread while the archive was written.
    let Some(thread) = known.find(Noun::Thread, new.thread) else { return Ok(()) };
    if let Entry::Vacant(vacant) = touched.threads.entry(thread) {
        let last: Option<(i64, Millis)> = tx.optional(
            "select obj_index, posted_at from comment where thread_id = $1
             order by obj_index desc limit 1",
            params![thread],
        )?;
        let (obj_index, posted_at) = match last {
            Some(last) => last,
            None => (-1, tx.one("select posted_at from thread where id = $1", params![thread])?),
        };
        vacant.insert((BTreeSet::new(), End { obj_index, posted_at }));
    }
    let creator = UserId(known.require(Noun::User, new.creator)?);
    let (writers, end) = touched.threads.get_mut(&thread).expect("it was put there above");
    let place = end.next(new.posted_at);
    if new.system_message.is_none() && touched.follow {
        writers.insert(creator);
    }
    let mentions = known.users(&new.direct_mentions);
    let deleted_by = new.deleted_by.and_then(|user| known.find(Noun::User, user));
    let id: i64 = tx.one(
        "insert into comment (thread_id, obj_index, creator, content, attachments, actions,
             audience, recipients, groups, direct_mentions, direct_group_mentions, reactions,
             system_message, posted_at, last_edited_at, deleted_at, deleted_by)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
         returning id",
        params![
            thread,
            place.obj_index,
            creator,
            &text::rewrite(&new.content, known, None),
            &encoded(new.attachments.as_ref().map(|list| text::files(list, known)).as_ref()),
            &encoded(new.actions.as_ref().map(|list| text::object(list, known)).as_ref()),
            &new.audience,
            &json::encode(&known.users(&new.recipients)),
            &json::encode(&known.groups(&new.groups)),
            &json::encode(&mentions),
            &json::encode(&known.groups(&new.direct_group_mentions)),
            &reactions(known, &new.reactions),
            &encoded(new.system_message.as_ref().map(|value| text::object(value, known)).as_ref()),
            place.posted_at,
            new.last_edited_at,
            new.deleted_at,
            deleted_by
        ],
    )?;
    if new.deleted_at.is_none() {
        threads::remember_mentions(tx, ThreadId(thread), place.obj_index, &mentions)?;
    }
    known.remember(tx, Noun::Comment, new.id, id)?;
    Ok(())
}

pub(super) fn message(
    tx: &mut Tx<'_>,
    known: &mut Known,
    new: &Message,
    touched: &mut Touched,
) -> Result<(), Error> {
    if known.find(Noun::Message, new.id).is_some() {
        return Ok(());
    }
    let Some(conversation) = known.find(Noun::Conversation, new.conversation) else {
        return Ok(());
    };
    if let Entry::Vacant(vacant) = touched.conversations.entry(conversation) {
        let last: Option<(i64, Millis)> = tx.optional(
            "select obj_index, posted_at from message where conversation_id = $1
             order by obj_index desc limit 1",
            params![conversation],
        )?;
        let (obj_index, posted_at) = last.unwrap_or((-1, Millis::MIN));
        vacant.insert(End { obj_index, posted_at });
    }
    let end = touched.conversations.get_mut(&conversation).expect("it was put there above");
    let place = end.next(new.posted_at);
    let mentions = json::encode(&known.users(&new.direct_mentions));
    let id: i64 = tx.one(
        "insert into message (conversation_id, obj_index, creator, content, attachments, actions,
             direct_mentions, direct_group_mentions, reactions, system_message, posted_at,
             last_edited_at, deleted_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) returning id",
        params![
            conversation,
            place.obj_index,
            known.require(Noun::User, new.creator)?,
            &text::rewrite(&new.content, known, None),
            &encoded(new.attachments.as_ref().map(|list| text::files(list, known)).as_ref()),
            &encoded(new.actions.as_ref().map(|list| text::object(list, known)).as_ref()),
            &mentions,
            &json::encode(&known.groups(&new.direct_group_mentions)),
            &reactions(known, &new.reactions),
            &encoded(new.system_message.as_ref().map(|value| text::object(value, known)).as_ref()),
            place.posted_at,
            new.last_edited_at,
            new.deleted_at
        ],
    )?;
    if new.deleted_at.is_none() && mentions != "[]" {
        tx.exec(
            "insert into message_mention (user_id, conversation_id, obj_index)
             select cm.user_id, $1, $2 from conversation_member cm
             where cm.conversation_id = $1 and cm.user_id in {ids $3}",
            params![conversation, place.obj_index, &mentions],
        )?;
    }
    known.remember(tx, Noun::Message, new.id, id)?;
    Ok(())
}

/// Takes in a file whose bytes are in this blob. False when it is here already, or when nothing that
/// it hung on is: the blob is not needed then.
///
/// # Errors
/// Those of the store.
pub fn attach(tx: &mut Tx<'_>, import: i64, new: &Attachment, blob: &str) -> Result<bool, Error> {
    let record = super::Record::Attachment(new.clone());
    let known = Known::load(tx, import, std::slice::from_ref(&record))?;
    let owner: UserId = match known.find(Noun::User, new.owner) {
        Some(owner) => UserId(owner),
        None => {
            tx.one("select creator from workspace where id = $1", params![known.workspace()])?
        }
    };
    let places: Vec<[Option<i64>; 3]> = new
        .uses
        .iter()
        .map(|place| {
            let find = |noun, old: Option<i64>| old.and_then(|old| known.find(noun, old));
            [
                find(Noun::Thread, place.thread),
                find(Noun::Comment, place.comment),
                find(Noun::Message, place.message),
            ]
        })
        .filter(|place| place.iter().any(Option::is_some))
        .collect();
    if places.is_empty() {
        return Ok(false);
    }
    let id = known.file(&new.id);
    let made = tx.exec(
        "insert into attachment (id, owner, blob, sha256, file_name, file_size, media_type,
             url_type, image_width, image_height, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         on conflict (id) do nothing",
        params![
            &id,
            owner,
            blob,
            &new.sha256,
            &new.file_name,
            new.file_size,
            &new.media_type,
            &new.url_type,
            new.image_width,
            new.image_height,
            new.created_at
        ],
    )?;
    if made == 0 {
        return Ok(false);
    }
    for [thread, comment, message] in places {
        tx.exec(
            "insert into attachment_use (attachment_id, thread_id, comment_id, message_id)
             values ($1, $2, $3, $4)",
            params![&id, thread, comment, message],
        )?;
    }
    Ok(true)
}
