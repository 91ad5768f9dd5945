use halyard_identity::UserId;
use halyard_platform::{clock::Millis, db::Tx, fulltext, params};

use super::{
    document::{self, Fact, Kind, fact, first_of, owner, text_tokens},
    find::{Scope, lists, load},
    query::Wanted,
};
use crate::{
    Actor, CommentId, ConversationId, Error, GroupId, MessageId, ThreadId, WorkspaceId,
    conversation, json,
};

/// Hits in one place that are answered at most (vendor documentation).
const MOST: usize = 10_000;
/// Candidates that are looked at together.
const CHUNK: i64 = 500;

/// Further conditions on a search in one thread or conversation.
#[derive(Debug, Clone, Default)]
pub struct Narrow {
    /// Written by one of these.
    pub by: Vec<UserId>,
    /// Told to this person.
    pub to: Option<UserId>,
    /// Told to this group.
    pub to_group: Option<GroupId>,
    /// Posted in the second of this moment or later.
    pub from: Option<Millis>,
    /// Posted before the second of this moment.
    pub until: Option<Millis>,
    /// At most this many; 10,000 when none.
    pub limit: Option<usize>,
}

/// The words that a query looks for, for clients that mark them.
pub fn terms(text: &str) -> Vec<String> {
    Wanted::new(text).terms()
}

/// Finds comments of a thread, newest first.
///
/// # Errors
/// [`Error::ThreadNotFound`]
pub fn in_thread(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: ThreadId,
    text: &str,
    narrow: &Narrow,
) -> Result<Vec<CommentId>, Error> {
    let workspace = crate::thread::load(tx, actor, id)?.workspace_id;
    let place = Place { workspace, fact: Fact::Thread(id.0), kind: Kind::Comment };
    let scope = Scope { to: None, ..Scope::default() };
    let found = in_place(tx, actor, &place, text, narrow, &scope)?;
    Ok(found.into_iter().map(CommentId).collect())
}

/// Finds messages of a conversation, newest first.
///
/// # Errors
/// [`Error::ConversationNotFound`]
pub fn in_conversation(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: ConversationId,
    text: &str,
    narrow: &Narrow,
) -> Result<Vec<MessageId>, Error> {
    conversation::last_obj_index(tx, actor, id)?;
    let workspace: WorkspaceId =
        tx.one("select workspace_id from conversation where id = $1", params![id])?;
    let place = Place { workspace, fact: Fact::Conversation(id.0), kind: Kind::Message };
    let ids = json::encode(&[id]);
    let scope = Scope { conversations: Some(&ids), to: narrow.to, ..Scope::default() };
    let found = in_place(tx, actor, &place, text, narrow, &scope)?;
    Ok(found.into_iter().map(MessageId).collect())
}

struct Place {
    workspace: WorkspaceId,
    fact: Fact,
    kind: Kind,
}

fn in_place(
    tx: &mut Tx<'_>,
    actor: &Actor,
    place: &Place,
    text: &str,
    narrow: &Narrow,
    scope: &Scope<'_>,
) -> Result<Vec<i64>, Error> {
    let wanted = Wanted::new(text);
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let mut all = lists(tx, place.workspace, &wanted, document::word)?;
    let mut one_of = |facts: Vec<Fact>| {
        if !facts.is_empty() {
            all.push(facts.into_iter().map(|one| fact(place.workspace, one)).collect());
        }
    };
    one_of(vec![place.fact]);
    one_of(vec![Fact::Kind(place.kind)]);
    one_of(narrow.by.iter().map(|user| Fact::By(*user)).collect());
    one_of(narrow.to_group.map(Fact::ToGroup).into_iter().collect());
    if place.kind == Kind::Comment {
        one_of(narrow.to.map(Fact::To).into_iter().collect());
    }
    let query = fulltext::Query { all };
    let limit = narrow.limit.unwrap_or(MOST).min(MOST);
    let (from, mut below) =
        (narrow.from.map_or(0, first_of), narrow.until.map_or(i64::MAX, first_of));
    let mut hits = Vec::new();
    loop {
        let found = fulltext::newest(tx, &query, from, below, CHUNK)?;
        let candidates = load(tx, actor, place.workspace, &found.documents, scope)?;
        for number in &found.documents {
            let (Some(candidate), Some((_, id))) = (candidates.get(number), owner(*number)) else {
                continue;
            };
            let holds =
                || wanted.is_in(&[&text_tokens(candidate.content(), candidate.attachments())]);
            if !wanted.needs_text() || holds() {
                hits.push(id);
            }
            if hits.len() == limit {
                return Ok(hits);
            }
        }
        match found.rest {
            Some(rest) => below = rest,
            None => return Ok(hits),
        }
    }
}
