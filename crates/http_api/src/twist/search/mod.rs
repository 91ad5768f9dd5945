//! Search as versions 3 and 2 know it.

mod found;
mod ranges;

use halyard_identity::UserId;
use halyard_messaging::{
    ChannelId, ConversationId, GroupId, ThreadId, WorkspaceId,
    search::{self, Find, Narrow, What},
    workspace,
};
use jiff::civil::Date;

pub(crate) use ranges::{
    comments, expand_comment_range, expand_conversation_message_range, messages,
};

use super::{
    call::Call,
    dto::{CommentHits, FoundV2, MessageHits, SearchPage, SearchPageV2, ThreadAnswer},
    endpoint::Reply,
    error::{Code, Error},
    ids::Resolve,
    page,
};
use crate::{choice_param, kit::params::Seconds, params};

/// Largest pages (vendor documentation).
const MAX_LIMIT: i64 = 100;
const MAX_SUGGESTIONS: i64 = 50;
/// Hits in one place (vendor documentation).
const MAX_INSIDE: i64 = 10_000;

const DAY_MS: i64 = 86_400_000;

choice_param!(What {
    "all" => What::All,
    "threads" => What::Threads,
    "messages" => What::Messages,
});

params! {
    /// What to look for in a workspace.
    pub(crate) struct Search {
        /// The workspace.
        workspace_id: WorkspaceId,
        /// Words; between quotes they must stand together. The last one is found as a beginning
        /// too. Needed unless `mention_self`.
        query: Option<String>,
        /// Where to look.
        #[names("type")]
        kind: Option<What>,
        /// Look in titles only.
        title: Option<bool>,
        /// Only what mentions the caller.
        mention_self: Option<bool>,
        /// Only what this person wrote.
        from_user_id: Option<UserId>,
        /// Only what one of these people wrote.
        author_ids: Option<Vec<UserId>>,
        /// Only what was addressed to this person.
        to_user_id: Option<UserId>,
        /// Only what was addressed to this group.
        to_group_id: Option<GroupId>,
        /// Only in these channels.
        channel_ids: Option<Vec<ChannelId>>,
        /// Only in these conversations.
        conversation_ids: Option<Vec<ConversationId>>,
        /// Only what was posted before this moment.
        before_ts: Option<Seconds>,
        /// Only what was posted after this moment.
        after_ts: Option<Seconds>,
        /// Only what was posted on this day (`YYYY-MM-DD`, UTC) or later.
        date_from: Option<String>,
        /// Only what was posted on this day (`YYYY-MM-DD`, UTC) or earlier.
        date_to: Option<String>,
        /// How many, from 1 to 100; 20 when not given.
        limit: Option<i64>,
        /// `next_cursor_mark` of the page before.
        #[names("cursor_mark", "cursor")]
        cursor_mark: Option<String>,
    }

    /// What to look for in a thread.
    pub(crate) struct InThread {
        /// The thread.
        #[names("thread_id", "id")]
        thread_id: ThreadId,
        /// Words; between quotes they must stand together.
        query: String,
        /// Only what this person wrote.
        from_user_id: Option<UserId>,
        /// Only what one of these people wrote.
        author_ids: Option<Vec<UserId>>,
        /// Only what was addressed to this person.
        to_user_id: Option<UserId>,
        /// Only what was addressed to this group.
        to_group_id: Option<GroupId>,
        /// Only what was posted before this moment.
        before_ts: Option<Seconds>,
        /// Only what was posted after this moment.
        after_ts: Option<Seconds>,
        /// Only what was posted on this day (`YYYY-MM-DD`, UTC) or later.
        date_from: Option<String>,
        /// Only what was posted on this day (`YYYY-MM-DD`, UTC) or earlier.
        date_to: Option<String>,
        /// How many at most; 10,000 when not given.
        limit: Option<i64>,
    }

    /// What to look for in a conversation.
    pub(crate) struct InConversation {
        /// The conversation.
        #[names("conversation_id", "id")]
        conversation_id: ConversationId,
        /// Words; between quotes they must stand together.
        query: String,
        /// Only what this person wrote.
        from_user_id: Option<UserId>,
        /// Only what one of these people wrote.
        author_ids: Option<Vec<UserId>>,
        /// Only what others wrote to this person.
        to_user_id: Option<UserId>,
        /// Only what was addressed to this group.
        to_group_id: Option<GroupId>,
        /// Only what was posted before this moment.
        before_ts: Option<Seconds>,
        /// Only what was posted after this moment.
        after_ts: Option<Seconds>,
        /// Only what was posted on this day (`YYYY-MM-DD`, UTC) or later.
        date_from: Option<String>,
        /// Only what was posted on this day (`YYYY-MM-DD`, UTC) or earlier.
        date_to: Option<String>,
        /// How many at most; 10,000 when not given.
        limit: Option<i64>,
    }

    /// The beginning of a title.
    pub(crate) struct Titles {
        /// The workspace.
        workspace_id: WorkspaceId,
        /// Words; the last one may be unfinished.
        query: String,
        /// How many, from 1 to 50; 10 when not given.
        limit: Option<i64>,
    }

    /// What to look for, as version 2 asks.
    pub(crate) struct SearchV2 {
        /// Words; between quotes they must stand together.
        query: String,
        /// The workspace; the caller's default one when not given.
        workspace_id: Option<WorkspaceId>,
        /// How many, from 1 to 100; 20 when not given.
        limit: Option<i64>,
        /// `next_cursor_mark` of the page before.
        #[names("cursor_mark", "cursor")]
        cursor_mark: Option<String>,
    }
}

/// When something was posted: the two ways of saying it, as moments.
struct Period {
    from: Option<i64>,
    until: Option<i64>,
}

impl Period {
    fn new(
        (after, before): (Option<Seconds>, Option<Seconds>),
        (first, last): (Option<String>, Option<String>),
    ) -> Result<Self, Error> {
        let first = first.map(|day| start_of(&day, "date_from")).transpose()?.flatten();
        let last = last.map(|day| start_of(&day, "date_to")).transpose()?.flatten();
        if first.zip(last).is_some_and(|(first, last)| first > last) {
            return Err(Error::new(Code::DateRangeInvalid));
        }
        let from = [after.map(|moment| page::after(moment) + 1), first];
        let until = [before.map(page::before), last.map(|day| day + DAY_MS)];
        Ok(Self {
            from: from.into_iter().flatten().max(),
            until: until.into_iter().flatten().min(),
        })
    }
}

/// The first moment of a day; none for an empty text.
fn start_of(day: &str, name: &str) -> Result<Option<i64>, Error> {
    if day.trim().is_empty() {
        return Ok(None);
    }
    let wrong = || Error::invalid(name, "a day as YYYY-MM-DD");
    let date: Date = day.trim().parse().map_err(|_| wrong())?;
    let start = date.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| wrong())?;
    Ok(Some(start.timestamp().as_millisecond()))
}

fn limit(given: Option<i64>, default: i64, largest: i64) -> Result<usize, Error> {
    let limit = match given {
        None | Some(0) => default,
        Some(limit) if (1..=largest).contains(&limit) => limit,
        Some(_) if largest == MAX_SUGGESTIONS => {
            return Err(Error::invalid("limit", "a number from 1 to 50"));
        }
        Some(_) if largest == MAX_LIMIT => {
            return Err(Error::invalid("limit", "a number from 1 to 100"));
        }
        Some(_) => return Err(Error::invalid("limit", "a number from 1 to 10000")),
    };
    usize::try_from(limit).map_err(Error::internal)
}

fn authors(one: Option<UserId>, many: Option<Vec<UserId>>) -> Vec<UserId> {
    // The official SDK leaves out what is 0, and 0 is nobody.
    one.into_iter().chain(many.into_iter().flatten()).filter(|user| user.0 != 0).collect()
}

fn words(query: Option<String>) -> Option<String> {
    query.filter(|query| !query.trim().is_empty())
}

pub(crate) async fn search(call: Call, p: Search) -> Reply {
    let period = Period::new((p.after_ts, p.before_ts), (p.date_from, p.date_to))?;
    let find = Find {
        text: words(p.query),
        what: p.kind.unwrap_or_default(),
        in_titles: p.title.unwrap_or(false),
        by: authors(p.from_user_id, p.author_ids),
        to: p.to_user_id,
        to_group: p.to_group_id,
        mentions_me: p.mention_self.unwrap_or(false),
        channels: p.channel_ids,
        conversations: p.conversation_ids,
        from: period.from,
        until: period.until,
        limit: limit(p.limit, 20, MAX_LIMIT)?,
        cursor: p.cursor_mark,
    };
    if find.text.is_none() && !find.mentions_me {
        return Err(Error::missing("query"));
    }
    call.read(move |tx, actor| {
        let workspace = p.workspace_id.resolve(tx, actor)?;
        let mut find = find.clone();
        for channel in find.channels.iter_mut().flatten() {
            *channel = channel.resolve(tx, actor)?;
        }
        Ok(SearchPage::from(search::find(tx, actor, workspace, &find)?))
    })
    .await
}

pub(crate) async fn thread(call: Call, p: InThread) -> Reply {
    let period = Period::new((p.after_ts, p.before_ts), (p.date_from, p.date_to))?;
    let narrow = Narrow {
        by: authors(p.from_user_id, p.author_ids),
        to: p.to_user_id,
        to_group: p.to_group_id,
        from: period.from,
        until: period.until,
        limit: Some(limit(p.limit, MAX_INSIDE, MAX_INSIDE)?),
    };
    let query = words(Some(p.query)).ok_or_else(|| Error::missing("query"))?;
    call.read(move |tx, actor| {
        let thread = p.thread_id.resolve(tx, actor)?;
        let found = search::in_thread(tx, actor, thread, &query, &narrow)?;
        Ok(CommentHits { comment_ids: found.into_iter().map(|id| id.0).collect() })
    })
    .await
}

pub(crate) async fn conversation(call: Call, p: InConversation) -> Reply {
    let period = Period::new((p.after_ts, p.before_ts), (p.date_from, p.date_to))?;
    let narrow = Narrow {
        by: authors(p.from_user_id, p.author_ids),
        to: p.to_user_id,
        to_group: p.to_group_id,
        from: period.from,
        until: period.until,
        limit: Some(limit(p.limit, MAX_INSIDE, MAX_INSIDE)?),
    };
    let query = words(Some(p.query)).ok_or_else(|| Error::missing("query"))?;
    call.read(move |tx, actor| {
        let found = search::in_conversation(tx, actor, p.conversation_id, &query, &narrow)?;
        Ok(MessageHits { message_ids: found.into_iter().map(|id| id.0).collect() })
    })
    .await
}

pub(crate) async fn query_threads(call: Call, p: Titles) -> Reply {
    let limit = limit(p.limit, 10, MAX_SUGGESTIONS)?;
    let query = words(Some(p.query)).ok_or_else(|| Error::missing("query"))?;
    let version = call.version;
    call.read(move |tx, actor| {
        let workspace = p.workspace_id.resolve(tx, actor)?;
        let found = search::titles(tx, actor, workspace, &query, limit)?;
        let answers = found.into_iter().map(|thread| ThreadAnswer::new(thread, version));
        Ok(answers.collect::<Vec<_>>())
    })
    .await
}

pub(crate) async fn query(call: Call, p: SearchV2) -> Reply {
    let query = words(Some(p.query)).ok_or_else(|| Error::missing("query"))?;
    let find = Find {
        text: Some(query.clone()),
        limit: limit(p.limit, 20, MAX_LIMIT)?,
        cursor: p.cursor_mark,
        ..Find::default()
    };
    let base = call.base.clone();
    call.read(move |tx, actor| {
        let workspace = match p.workspace_id {
            Some(id) => id.resolve(tx, actor)?,
            None => workspace::default(tx, actor)?.id,
        };
        let page = search::find(tx, actor, workspace, &find)?;
        let link = found::Link { base: &base, query: &query, workspace };
        let items: Vec<FoundV2> = page.items.into_iter().map(|item| link.item(item)).collect();
        Ok(SearchPageV2::new(items, page.next))
    })
    .await
}
