//! Hits within one thread or conversation, with what lies between them folded into ranges that a
//! client can have expanded: version 2 only.

use std::collections::BTreeMap;

use halyard_messaging::{
    Actor, ConversationId, ThreadId, comment, conversation, message,
    search::{self, Narrow},
    thread,
};
use halyard_platform::db::Tx;
use serde_json::Value;

use super::{found::Link, words};
use crate::{
    choice_param, params,
    twist::{
        call::{Call, Version},
        dto::{CommentAnswer, HitItem, Hits, MessageAnswer, ThreadAnswer},
        endpoint::Reply,
        error::Error,
        ids::Resolve,
    },
};

/// Hits that are shown in one place.
const SHOWN: usize = 100;
/// Items by which a range grows at one end, and what is expanded when no end is named.
const STEP: i64 = 20;
const WHOLE: i64 = 500;

/// At which end a range is expanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Top,
    Bottom,
}

choice_param!(Direction {
    "top" => Direction::Top,
    "bottom" => Direction::Bottom,
});

params! {
    /// What to look for in a thread.
    pub(crate) struct Comments {
        /// Words; between quotes they must stand together.
        query: String,
        /// The thread.
        thread_id: ThreadId,
    }

    /// What to look for in a conversation.
    pub(crate) struct Messages {
        /// Words; between quotes they must stand together.
        query: String,
        /// The conversation.
        #[names("aggregate_id", "conversation_id")]
        aggregate_id: ConversationId,
    }

    /// Which comments to show.
    pub(crate) struct CommentRange {
        /// The thread.
        thread_id: ThreadId,
        /// What was looked for, for the marks in the answer.
        query: Option<String>,
        /// Index of the first comment of the range.
        idx_start: i64,
        /// Index of the last comment of the range.
        idx_end: i64,
        /// Show only some, from this end; all when not given.
        direction: Option<Direction>,
    }

    /// Which messages to show.
    pub(crate) struct MessageRange {
        /// The conversation.
        conversation_id: ConversationId,
        /// What was looked for, for the marks in the answer.
        query: Option<String>,
        /// Index of the first message of the range.
        idx_start: i64,
        /// Index of the last message of the range.
        idx_end: i64,
        /// Show only some, from this end; all when not given.
        direction: Option<Direction>,
    }
}

/// What the items of one place are called, and how their ranges are expanded.
struct Names {
    item: &'static str,
    range: &'static str,
    call: &'static str,
    key: &'static str,
    id: i64,
}

impl Names {
    fn comments(id: ThreadId) -> Self {
        Self {
            item: "comment",
            range: "comment_range",
            call: "search/expand_comment_range",
            key: "thread_id",
            id: id.0,
        }
    }

    fn messages(id: ConversationId) -> Self {
        Self {
            item: "conversation_message",
            range: "conversation_message_range",
            call: "search/expand_conversation_message_range",
            key: "conversation_id",
            id: id.0,
        }
    }

    fn item(&self, object: Value) -> HitItem {
        HitItem::object(self.item, object, true)
    }

    /// What lies between two shown items, unless that is nothing.
    fn range(&self, link: &Link<'_>, first: i64, last: i64) -> Option<HitItem> {
        if first > last {
            return None;
        }
        let fields = [(self.key, self.id), ("idx_start", first), ("idx_end", last)];
        let whole = link.to(self.call, &fields);
        let (top, bottom) = (format!("{whole}&direction=top"), format!("{whole}&direction=bottom"));
        Some(HitItem::range(self.range, (first, last), [whole, top, bottom]))
    }

    /// Shown items by their indexes, with ranges for all that is between `0` and `last`.
    fn with_ranges(&self, link: &Link<'_>, shown: BTreeMap<i64, Value>, last: i64) -> Vec<HitItem> {
        let (mut items, mut next) = (Vec::new(), 0);
        for (index, object) in shown {
            items.extend(self.range(link, next, index - 1));
            items.push(self.item(object));
            next = index + 1;
        }
        items.extend(self.range(link, next, last));
        items
    }
}

pub(crate) async fn comments(call: Call, p: Comments) -> Reply {
    let query = words(Some(p.query)).ok_or_else(|| Error::missing("query"))?;
    let base = call.base.clone();
    call.read(move |tx, actor| {
        let id = p.thread_id.resolve(tx, actor)?;
        let thread = thread::load(tx, actor, id)?;
        let narrow = Narrow { limit: Some(SHOWN), ..Narrow::default() };
        let mut shown = BTreeMap::new();
        for hit in search::in_thread(tx, actor, id, &query, &narrow)? {
            let comment = comment::load(tx, actor, hit)?;
            shown.insert(comment.obj_index, object(&CommentAnswer::new(comment, Version::V2))?);
        }
        let link = Link { base: &base, query: &query, workspace: thread.workspace_id };
        let last = thread.last_obj_index;
        // The opening post leads; it is shown whole where nothing else was found.
        let expanded = shown.is_empty();
        let opening = object(&ThreadAnswer::new(thread, Version::V2))?;
        let mut items = vec![HitItem::object("thread", opening, expanded)];
        items.extend(Names::comments(id).with_ranges(&link, shown, last));
        Ok(Hits { terms: search::terms(&query), items })
    })
    .await
}

pub(crate) async fn messages(call: Call, p: Messages) -> Reply {
    let query = words(Some(p.query)).ok_or_else(|| Error::missing("query"))?;
    let base = call.base.clone();
    call.read(move |tx, actor| {
        let place = conversation::load(tx, actor, p.aggregate_id)?;
        let narrow = Narrow { limit: Some(SHOWN), ..Narrow::default() };
        let mut shown = BTreeMap::new();
        for hit in search::in_conversation(tx, actor, place.id, &query, &narrow)? {
            let message = message::load(tx, actor, hit)?;
            shown.insert(message.obj_index, object(&MessageAnswer::new(message, Version::V2))?);
        }
        let link = Link { base: &base, query: &query, workspace: place.workspace_id };
        let items = Names::messages(place.id).with_ranges(&link, shown, place.last_obj_index);
        Ok(Hits { terms: search::terms(&query), items })
    })
    .await
}

/// Which indexes of a range are shown, and whether from its end.
fn step(first: i64, last: i64, direction: Option<Direction>) -> (i64, i64) {
    match direction {
        None => (first, last.min(first.saturating_add(WHOLE - 1))),
        Some(Direction::Top) => (first, last.min(first.saturating_add(STEP - 1))),
        Some(Direction::Bottom) => (first.max(last.saturating_sub(STEP - 1)), last),
    }
}

/// The shown part of a range, with what is left of it before and behind.
fn expanded(
    names: &Names,
    link: &Link<'_>,
    whole: (i64, i64),
    part: (i64, i64),
    objects: Vec<Value>,
) -> Vec<HitItem> {
    let mut items: Vec<HitItem> = names.range(link, whole.0, part.0 - 1).into_iter().collect();
    items.extend(objects.into_iter().map(|object| names.item(object)));
    items.extend(names.range(link, part.1 + 1, whole.1));
    items
}

pub(crate) async fn expand_comment_range(call: Call, p: CommentRange) -> Reply {
    let base = call.base.clone();
    let query = p.query.unwrap_or_default();
    call.read(move |tx, actor| {
        let id = p.thread_id.resolve(tx, actor)?;
        let thread = thread::load(tx, actor, id)?;
        let whole = (p.idx_start.max(0), p.idx_end.min(thread.last_obj_index));
        let part = step(whole.0, whole.1, p.direction);
        let found = comments_between(tx, actor, id, part)?;
        let link = Link { base: &base, query: &query, workspace: thread.workspace_id };
        let items = expanded(&Names::comments(id), &link, whole, part, found);
        Ok(Hits { terms: search::terms(&query), items })
    })
    .await
}

fn comments_between(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: ThreadId,
    (first, last): (i64, i64),
) -> Result<Vec<Value>, Error> {
    if first > last {
        return Ok(Vec::new());
    }
    let page = comment::Page {
        from_index: first,
        to_index: last,
        newer_than: None,
        older_than: None,
        ascending: true,
        limit: WHOLE,
    };
    let found = comment::list(tx, actor, id, &page)?;
    found.into_iter().map(|comment| object(&CommentAnswer::new(comment, Version::V2))).collect()
}

pub(crate) async fn expand_conversation_message_range(call: Call, p: MessageRange) -> Reply {
    let base = call.base.clone();
    let query = p.query.unwrap_or_default();
    call.read(move |tx, actor| {
        let place = conversation::load(tx, actor, p.conversation_id)?;
        let whole = (p.idx_start.max(0), p.idx_end.min(place.last_obj_index));
        let part = step(whole.0, whole.1, p.direction);
        let filter = message::Filter {
            from_obj_index: Some(part.0),
            to_obj_index: Some(part.1),
            ascending: true,
            limit: WHOLE,
            ..message::Filter::default()
        };
        let found =
            if part.0 > part.1 { Vec::new() } else { message::list(tx, actor, place.id, &filter)? };
        let objects =
            found.into_iter().map(|message| object(&MessageAnswer::new(message, Version::V2)));
        let objects = objects.collect::<Result<Vec<_>, _>>()?;
        let link = Link { base: &base, query: &query, workspace: place.workspace_id };
        let items = expanded(&Names::messages(place.id), &link, whole, part, objects);
        Ok(Hits { terms: search::terms(&query), items })
    })
    .await
}

fn object(answer: &impl serde::Serialize) -> Result<Value, Error> {
    serde_json::to_value(answer).map_err(Error::internal)
}
