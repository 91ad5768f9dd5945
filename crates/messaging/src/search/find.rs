use std::collections::{HashMap, HashSet};

use halyard_identity::UserId;
use halyard_platform::{
    clock::Millis,
    db::{self, FromRow, Row, Tx},
    fulltext, params,
};

use super::{
    document::{self, Fact, Kind, fact, first_of, owner, text_tokens},
    excerpt::excerpt,
    place::{Key, Place, places},
    query::{Part, Wanted},
    terms::tokens,
};
use crate::{
    Actor, ChannelId, CommentId, ConversationId, Error, GroupId, MessageId, WorkspaceId, channel,
    conversation, json, workspace,
};

/// Candidates that are looked at together.
const CHUNK: i64 = 100;
/// Candidates, and looks into the index, after which a page ends although it is not full.
const EFFORT: (usize, usize) = (600, 8);
/// Places that a page boundary remembers, so that none comes twice.
const REMEMBERED: usize = 400;
/// Words that stand for one that is not finished.
const BEGINNINGS: i64 = 50;

/// What is looked for, and where. All conditions hold together.
#[derive(Debug, Clone, Default)]
pub struct Find {
    /// Words and phrases; none finds whatever the other conditions leave.
    pub text: Option<String>,
    /// In threads or conversations only.
    pub what: What,
    /// In titles only.
    pub in_titles: bool,
    /// Written by one of these.
    pub by: Vec<UserId>,
    /// Told to this person: named, mentioned, or in the conversation.
    pub to: Option<UserId>,
    /// Told to this group.
    pub to_group: Option<GroupId>,
    /// Mentions the actor.
    pub mentions_me: bool,
    /// In these channels or conversations; in all when both are none.
    pub channels: Option<Vec<ChannelId>>,
    /// See `channels`.
    pub conversations: Option<Vec<ConversationId>>,
    /// Posted in the second of this moment or later.
    pub from: Option<Millis>,
    /// Posted before the second of this moment.
    pub until: Option<Millis>,
    /// Items on a page, 1 to 100.
    pub limit: usize,
    /// Where the last page ended. One that was not made here counts as none.
    pub cursor: Option<String>,
}

/// Where to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum What {
    /// Everywhere.
    #[default]
    All,
    /// In threads and their comments.
    Threads,
    /// In messages.
    Messages,
}

/// One page of what was found.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// Newest hit first; each thread and conversation once, also over all pages.
    pub items: Vec<Item>,
    /// Where the next page begins; none on the last one. A page may be short and still not be the
    /// last: the effort for one is bounded.
    pub next: Option<String>,
    /// What was looked for, as words, for clients that mark them.
    pub terms: Vec<String>,
}

/// A thread or conversation in which something was found.
#[derive(Debug, Clone)]
pub struct Item {
    /// Where.
    pub place: Place,
    /// What in it.
    pub hit: Hit,
    /// Why it was found.
    pub snippet: String,
    /// Who wrote the hit.
    pub creator: UserId,
    /// When the hit was posted or last changed.
    pub updated_at: Millis,
}

/// The newest hit in a thread or conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hit {
    /// The title holds all that was looked for.
    Title,
    /// The opening post, perhaps together with the title.
    Opening,
    /// A comment.
    Comment(CommentId),
    /// A message.
    Message(MessageId),
}

/// A candidate that the actor may see.
pub(super) struct Candidate {
    pub(super) key: Key,
    pub(super) id: i64,
    title: String,
    content: String,
    attachments: Option<String>,
    creator: UserId,
    updated_at: Millis,
}

impl FromRow for Candidate {
    fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
        let (kind, place): (i64, i64) = (row.get()?, row.get()?);
        Ok(Self {
            key: if kind == 2 { Key::Conversation(place) } else { Key::Thread(place) },
            id: row.get()?,
            title: row.get()?,
            content: row.get()?,
            attachments: row.get()?,
            creator: row.get()?,
            updated_at: row.get()?,
        })
    }
}

impl Candidate {
    pub(super) fn title(&self) -> &str {
        &self.title
    }

    pub(super) fn content(&self) -> &str {
        &self.content
    }

    pub(super) fn attachments(&self) -> Option<&str> {
        self.attachments.as_deref()
    }
}

/// Finds posts of a workspace that the actor may see.
///
/// # Errors
/// [`Error::WorkspaceNotFound`]; [`Error::ChannelNotFound`] and [`Error::ConversationNotFound`] for
/// places that the actor cannot see; [`Error::Invalid`] for a limit outside 1 to 100 or nothing to
/// look for.
pub fn find(tx: &mut Tx<'_>, actor: &Actor, id: WorkspaceId, find: &Find) -> Result<Page, Error> {
    workspace::role(tx, actor, id)?;
    if !(1..=100).contains(&find.limit) {
        return Err(Error::Invalid { field: "limit", expected: "a number from 1 to 100" });
    }
    for place in find.channels.iter().flatten() {
        channel::access(tx, actor, *place)?;
    }
    for place in find.conversations.iter().flatten() {
        conversation::last_obj_index(tx, actor, *place)?;
    }
    let wanted = find.text.as_deref().map(Wanted::new);
    if wanted.as_ref().is_some_and(Wanted::is_empty) {
        return Ok(Page::default());
    }
    let wanted = wanted.unwrap_or_default();
    let query = find.query(tx, actor, id, &wanted)?;
    if query.all.is_empty() {
        return Err(Error::Invalid { field: "query", expected: "words to look for" });
    }
    let mut cursor = find.cursor.as_deref().and_then(Cursor::read).unwrap_or_default();
    let from = find.from.map_or(0, first_of);
    let mut below = cursor.below.min(find.until.map_or(i64::MAX, first_of));
    let (mut hits, mut looked_at) = (Vec::new(), 0);
    let mut more = false;
    'looking: for look in 1.. {
        let found = fulltext::newest(tx, &query, from, below, CHUNK)?;
        let mut candidates = find.load(tx, actor, id, &found.documents)?;
        for number in &found.documents {
            let Some(candidate) = candidates.remove(number) else { continue };
            if cursor.seen.contains(&candidate.key) || !find.holds(&candidate, &wanted) {
                continue;
            }
            if hits.len() == find.limit {
                more = true;
                break 'looking;
            }
            cursor.remember(*number, candidate.key);
            hits.push((*number, candidate));
        }
        looked_at += found.documents.len();
        let Some(rest) = found.rest else { break };
        below = rest;
        if looked_at >= EFFORT.0 || look >= EFFORT.1 {
            cursor.below = rest;
            more = true;
            break;
        }
    }
    let items = items(tx, actor, hits, &wanted)?;
    Ok(Page { items, next: more.then(|| cursor.text()), terms: wanted.terms() })
}

impl Find {
    fn query(
        &self,
        tx: &mut Tx<'_>,
        actor: &Actor,
        id: WorkspaceId,
        wanted: &Wanted,
    ) -> Result<fulltext::Query, Error> {
        let word = if self.in_titles { document::title_word } else { document::word };
        let mut all = lists(tx, id, wanted, word)?;
        let mut one_of = |facts: Vec<Fact>| {
            if !facts.is_empty() {
                all.push(facts.into_iter().map(|one| fact(id, one)).collect());
            }
        };
        one_of(self.by.iter().map(|user| Fact::By(*user)).collect());
        one_of(self.to_group.map(Fact::ToGroup).into_iter().collect());
        one_of(self.mentions_me.then_some(Fact::Mentions(actor.user)).into_iter().collect());
        // Who is in a conversation changes without its messages; that is looked up later.
        one_of(
            self.to.map_or_else(Vec::new, |user| vec![Fact::To(user), Fact::Kind(Kind::Message)]),
        );
        let (threads, messages) = self.kinds();
        match (threads, messages) {
            (true, true) => {}
            (true, false) => one_of(vec![Fact::Kind(Kind::Thread), Fact::Kind(Kind::Comment)]),
            (false, true) => one_of(vec![Fact::Kind(Kind::Message)]),
            // Nothing can be both; a fact that nobody has finds nothing.
            (false, false) => one_of(vec![Fact::Thread(0)]),
        }
        Ok(fulltext::Query { all })
    }

    /// Whether threads and whether messages are looked for.
    fn kinds(&self) -> (bool, bool) {
        let anywhere = self.channels.is_none() && self.conversations.is_none();
        let threads = anywhere || self.channels.is_some();
        let messages = (anywhere || self.conversations.is_some()) && !self.in_titles;
        (threads && self.what != What::Messages, messages && self.what != What::Threads)
    }

    /// Loads candidates through the membership of the actor.
    fn load(
        &self,
        tx: &mut Tx<'_>,
        actor: &Actor,
        workspace: WorkspaceId,
        numbers: &[i64],
    ) -> Result<HashMap<i64, Candidate>, Error> {
        let channels = self.channels.as_ref().map(json::encode);
        let conversations = self.conversations.as_ref().map(json::encode);
        let scope = Scope {
            channels: channels.as_deref(),
            conversations: conversations.as_deref(),
            to: self.to,
        };
        load(tx, actor, workspace, numbers, &scope)
    }

    fn holds(&self, candidate: &Candidate, wanted: &Wanted) -> bool {
        if !wanted.needs_text() {
            return true;
        }
        let title = tokens(&candidate.title);
        if self.in_titles {
            return wanted.is_in(&[&title]);
        }
        let text = text_tokens(&candidate.content, candidate.attachments.as_deref());
        wanted.is_in(&[&title, &text])
    }
}

/// The words of the index that stand for the parts of a query.
pub(super) fn lists(
    tx: &mut Tx<'_>,
    id: WorkspaceId,
    wanted: &Wanted,
    word: fn(WorkspaceId, &str) -> String,
) -> Result<Vec<Vec<String>>, Error> {
    let mut all = Vec::new();
    for part in &wanted.parts {
        match part {
            Part::Phrase(phrase) => {
                let words = Wanted::index_words(phrase);
                all.extend(words.iter().map(|one| vec![word(id, one)]));
            }
            Part::Start(start) => {
                let start = word(id, start);
                let mut words = fulltext::beginning_with(tx, &start, BEGINNINGS)?;
                if !words.contains(&start) {
                    words.push(start);
                }
                all.push(words);
            }
        }
    }
    Ok(all)
}

/// Where candidates may be.
#[derive(Default)]
pub(super) struct Scope<'a> {
    pub(super) channels: Option<&'a str>,
    pub(super) conversations: Option<&'a str>,
    /// Of messages: somebody who must be in the conversation and not their author.
    pub(super) to: Option<UserId>,
}

pub(super) fn load(
    tx: &mut Tx<'_>,
    actor: &Actor,
    workspace: WorkspaceId,
    numbers: &[i64],
    scope: &Scope<'_>,
) -> Result<HashMap<i64, Candidate>, Error> {
    let mut by_kind: HashMap<Kind, HashMap<i64, i64>> = HashMap::new();
    for number in numbers {
        if let Some((kind, id)) = owner(*number) {
            by_kind.entry(kind).or_default().insert(id, *number);
        }
    }
    let mut found = HashMap::new();
    for (kind, ids) in by_kind {
        let list = json::encode(&ids.keys().collect::<Vec<_>>());
        let channels = scope.channels.unwrap_or("[]");
        let in_channels = params![actor.user, workspace, &list, scope.channels.is_none(), channels];
        // The inner queries, with a limit that is never reached, keep the planners from walking the
        // whole workspace instead of the few candidates.
        let rows: Vec<Candidate> = match kind {
            Kind::Thread => tx.all(
                "select 0, t.id, t.id, t.title, t.content, t.attachments, t.creator,
                     coalesce(t.last_edited_at, t.posted_at)
                 from (select * from thread where id in {ids $3} limit 1000) t
                 join channel c on c.id = t.channel_id and c.removed_at is null
                 join member m on m.workspace_id = t.workspace_id and m.user_id = $1
                     and m.removed_at is null
                 left join channel_member cm on cm.channel_id = t.channel_id and cm.user_id = $1
                 where t.workspace_id = $2 and t.removed_at is null
                     and (cm.user_id is not null or (c.public and m.role <> 'guest'))
                     and ($4 or t.channel_id in {ids $5})",
                in_channels,
            ),
            Kind::Comment => tx.all(
                "select 1, t.id, k.id, '', k.content, k.attachments, k.creator,
                     coalesce(k.last_edited_at, k.posted_at)
                 from (select * from comment where id in {ids $3} limit 1000) k
                 join thread t on t.id = k.thread_id and t.removed_at is null
                 join channel c on c.id = t.channel_id and c.removed_at is null
                 join member m on m.workspace_id = t.workspace_id and m.user_id = $1
                     and m.removed_at is null
                 left join channel_member cm on cm.channel_id = t.channel_id and cm.user_id = $1
                 where t.workspace_id = $2 and k.deleted_at is null
                     and (cm.user_id is not null or (c.public and m.role <> 'guest'))
                     and ($4 or t.channel_id in {ids $5})",
                in_channels,
            ),
            Kind::Message => tx.all(
                concat!(
                    "select 2, c.id, m.id, '', m.content, m.attachments, m.creator,
                         coalesce(m.last_edited_at, m.posted_at)
                     from (select * from message where id in {ids $3} limit 1000) m
                         join conversation c on c.id = m.conversation_id",
                    conversation::seen_by!("$1"),
                    "where c.workspace_id = $2 and m.deleted_at is null
                         and ($4 or c.id in {ids $5})
                         and ($6 or (m.creator <> $7 and exists (
                             select 1 from conversation_member o
                             where o.conversation_id = c.id and o.user_id = $7)))"
                ),
                params![
                    actor.user,
                    workspace,
                    &list,
                    scope.conversations.is_none(),
                    scope.conversations.unwrap_or("[]"),
                    scope.to.is_none(),
                    scope.to.unwrap_or(UserId(0))
                ],
            ),
        }?;
        found.extend(rows.into_iter().map(|row| (ids[&row.id], row)));
    }
    Ok(found)
}

fn items(
    tx: &mut Tx<'_>,
    actor: &Actor,
    hits: Vec<(i64, Candidate)>,
    wanted: &Wanted,
) -> Result<Vec<Item>, Error> {
    let keys: Vec<Key> = hits.iter().map(|(_, candidate)| candidate.key).collect();
    let mut places = places(tx, actor, &keys)?;
    let mut items = Vec::with_capacity(hits.len());
    for (number, candidate) in hits {
        let (Some(place), Some((kind, id))) = (places.remove(&candidate.key), owner(number)) else {
            continue;
        };
        let hit = match kind {
            Kind::Comment => Hit::Comment(CommentId(id)),
            Kind::Message => Hit::Message(MessageId(id)),
            Kind::Thread if wanted.is_in(&[&tokens(&candidate.title)]) => Hit::Title,
            Kind::Thread => Hit::Opening,
        };
        items.push(Item {
            place,
            hit,
            snippet: excerpt(&candidate.content, wanted),
            creator: candidate.creator,
            updated_at: candidate.updated_at,
        });
    }
    Ok(items)
}

/// Where a page ended, and what the pages so far have shown.
#[derive(Debug, PartialEq, Eq)]
struct Cursor {
    below: i64,
    seen: HashSet<Key>,
    order: Vec<Key>,
}

impl Default for Cursor {
    fn default() -> Self {
        Self { below: i64::MAX, seen: HashSet::new(), order: Vec::new() }
    }
}

impl Cursor {
    fn remember(&mut self, number: i64, key: Key) {
        self.below = number;
        self.seen.insert(key);
        self.order.push(key);
    }

    /// The number, then the places as letter and number, the newest of them first to be forgotten
    /// last.
    fn text(&self) -> String {
        let from = self.order.len().saturating_sub(REMEMBERED);
        let keys = self.order[from..].iter().map(|key| match key {
            Key::Thread(id) => format!("t{id}"),
            Key::Conversation(id) => format!("v{id}"),
        });
        let below = std::iter::once(format!("{:x}", self.below));
        below.chain(keys).collect::<Vec<_>>().join(".")
    }

    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let below = i64::from_str_radix(parts.next()?, 16).ok().filter(|below| *below > 0)?;
        let mut cursor = Self { below, ..Self::default() };
        for part in parts.take(REMEMBERED) {
            let id = part.get(1..)?.parse().ok()?;
            let key = match part.as_bytes().first()? {
                b't' => Key::Thread(id),
                b'v' => Key::Conversation(id),
                _ => return None,
            };
            cursor.seen.insert(key);
            cursor.order.push(key);
        }
        Some(cursor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        let mut cursor = Cursor::default();
        cursor.remember(0x1234_5678_9abc_def0, Key::Thread(5));
        cursor.remember(77, Key::Conversation(9));
        assert_eq!(cursor.text(), "4d.t5.v9");
        assert_eq!(Cursor::read(&cursor.text()), Some(cursor));
        for wrong in ["", "cur", "-5", "4d.x5", "4d.t", "4d.té", "99999999999999999999"] {
            assert_eq!(Cursor::read(wrong), None, "{wrong}");
        }
    }
}
