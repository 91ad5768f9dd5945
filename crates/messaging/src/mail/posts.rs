//! What a member has not read of the ranges that wait for them.

use std::collections::HashSet;

use halyard_identity::UserId;
use halyard_platform::{
    clock::Millis,
    db::{self, FromRow, Row, Tx},
    params,
};

use super::{address::Target, settings::Settings};
use crate::{
    ConversationId, Error, GroupId, Reach, ThreadId, WorkspaceId,
    json::{self, decode},
    thread::read_items_sql,
};

/// Posts that one mail or one round of mails shows at most.
pub(super) const MOST: usize = 100;
/// Ranges that are looked at together.
const PAGE: i64 = 20;

/// A post to be told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    /// Where answers go.
    pub(super) target: Target,
    /// What it is in: title of the thread, and channel; people of the conversation.
    pub(super) title: String,
    pub(super) channel: Option<String>,
    /// Path of its page.
    pub(super) path: String,
    pub(super) author: String,
    pub(super) content: String,
    pub(super) has_files: bool,
}

/// A post of a thread with what decides whether it concerns somebody.
struct Candidate {
    told: Told,
    opening: bool,
    reach: Reach,
    recipients: String,
    groups: String,
    mentions: String,
    group_mentions: String,
    follows: Option<bool>,
    in_channel: bool,
    number: i64,
    read_items: Option<i64>,
    quiet_from: i64,
    muted_until: Option<Millis>,
    posted_at: Millis,
}

impl FromRow for Candidate {
    fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
        let (workspace, channel_id): (i64, i64) = (row.get()?, row.get()?);
        let (thread, comment): (ThreadId, Option<i64>) = (row.get()?, row.get()?);
        let mut path = format!("/a/{workspace}/ch/{channel_id}/t/{thread}/");
        if let Some(comment) = comment {
            path.push_str(&format!("c/{comment}"));
        }
        Ok(Self {
            told: Told {
                target: Target::Thread(thread),
                title: row.get()?,
                channel: Some(row.get()?),
                path,
                author: row.get()?,
                content: row.get()?,
                has_files: row.get::<Option<String>>()?.is_some_and(|list| list != "[]"),
            },
            opening: comment.is_none(),
            reach: row.get()?,
            recipients: row.get()?,
            groups: row.get()?,
            mentions: row.get()?,
            group_mentions: row.get()?,
            follows: row.get()?,
            in_channel: row.get()?,
            number: row.get()?,
            read_items: row.get()?,
            quiet_from: row.get()?,
            muted_until: row.get()?,
            posted_at: row.get()?,
        })
    }
}

/// The posts of the threads of the ranges `$2`, for the member `$1`.
macro_rules! seen_ranges {
    () => {
        "from mail_range r
         join thread t on t.id = r.thread_id and t.removed_at is null
         join channel c on c.id = t.channel_id and c.removed_at is null
         join member me on me.workspace_id = t.workspace_id and me.user_id = $1
             and me.removed_at is null
         left join channel_member cm on cm.channel_id = t.channel_id and cm.user_id = $1
         left join thread_state s on s.thread_id = t.id and s.user_id = $1 "
    };
}

macro_rules! rest {
    () => {
        "s.follows, cm.user_id is not null, "
    };
}

/// Somebody, what they want, and what they are in.
struct Reader<'a> {
    workspace: WorkspaceId,
    user: UserId,
    wants: &'a Settings,
    groups: HashSet<GroupId>,
}

/// The unread posts that concern the member, in their order; the flag says that there are more.
///
/// Costs what the ranges hold that concern the member, and what of it they have read already.
pub(super) fn unread(
    tx: &mut Tx<'_>,
    (workspace, user): (WorkspaceId, UserId),
    (after, upto): (i64, i64),
    wants: &Settings,
) -> Result<(Vec<Told>, bool), Error> {
    let groups: Vec<GroupId> = tx.all(
        "select gu.group_id from member_group_user gu
         join member_group g on g.id = gu.group_id and g.workspace_id = $2
         where gu.user_id = $1",
        params![user, workspace],
    )?;
    let reader = Reader { workspace, user, wants, groups: groups.into_iter().collect() };
    let mut found = Vec::new();
    let mut after = after;
    while found.len() <= MOST {
        let ranges = ranges(tx, &reader, (after, upto))?;
        let Some(last) = ranges.last() else { break };
        after = *last;
        let mut posts = reader.posts(tx, &json::encode(&ranges))?;
        // Stable: what one query answered keeps its order.
        posts.sort_by_key(|(at, opening, _)| (*at, !opening));
        found.extend(posts);
    }
    let more = found.len() > MOST;
    found.truncate(MOST);
    Ok((found.into_iter().map(|(_, _, told)| told).collect(), more))
}

/// The next ranges behind one and up to another that may concern somebody, at most [`PAGE`]: those
/// for everybody, of the threads that they follow, in which they are named, and of their
/// conversations. Each of the four is found by an index. The joins are written so that SQLite does
/// not turn them around.
fn ranges(
    tx: &mut Tx<'_>,
    reader: &Reader<'_>,
    (after, upto): (i64, i64),
) -> Result<Vec<i64>, Error> {
    Ok(tx.all(
        "select id from (
             select id from (
                 select r.id from mail_range r
                 where r.workspace_id = $2 and r.wide and r.id > $3 and r.id <= $4
                 order by r.id limit $5) w
             union
             select r.id from thread_state s
             cross join mail_range r
             where s.user_id = $1 and s.follows and r.thread_id = s.thread_id
                 and r.workspace_id + 0 = $2 and r.id > $3 and r.id <= $4
             union
             select n.range_id from mail_named n
             where n.user_id = $1 and n.range_id > $3 and n.range_id <= $4
             union
             select r.id from conversation_member cm
             cross join mail_range r
             where cm.user_id = $1 and r.conversation_id = cm.conversation_id
                 and r.workspace_id + 0 = $2 and r.id > $3 and r.id <= $4) x
         order by id limit $5",
        params![reader.user, reader.workspace, after, upto, PAGE],
    )?)
}

/// When it was posted, whether it opens a thread, and what is told.
type Post = (Millis, bool, Told);

impl Reader<'_> {
    /// What the member has not read of these ranges and what concerns them.
    fn posts(&self, tx: &mut Tx<'_>, ranges: &str) -> Result<Vec<Post>, Error> {
        let bound = params![self.user, ranges, self.workspace];
        let mut candidates: Vec<Candidate> = Vec::new();
        if self.wants.threads {
            candidates.extend(tx.all::<Candidate>(
                concat!(
                    "select t.workspace_id, t.channel_id, t.id, null, t.title, c.name, u.name,
                         t.content, t.attachments, t.audience, t.recipients, t.groups,
                         t.direct_mentions, t.direct_group_mentions, ",
                    rest!(),
                    "1, case when cm.user_id is null then s.read_items else ",
                    read_items_sql!(),
                    " end, coalesce(s.quiet_from, 0), s.muted_until, t.posted_at ",
                    seen_ranges!(),
                    "join users u on u.id = t.creator
                     where r.id in {ids $2} and r.workspace_id = $3 and r.first_index = -1
                         and t.creator <> $1 and t.system_message is null
                         and (cm.user_id is not null or (c.public and me.role <> 'guest'))
                     order by r.id"
                ),
                bound,
            )?);
        }
        if self.wants.comments {
            candidates.extend(tx.all::<Candidate>(
                concat!(
                    "select t.workspace_id, t.channel_id, t.id, x.id, t.title, c.name, u.name,
                         x.content, x.attachments, x.audience, x.recipients, x.groups,
                         x.direct_mentions, x.direct_group_mentions, ",
                    rest!(),
                    "x.obj_index + 2, case when cm.user_id is null then s.read_items else ",
                    read_items_sql!(),
                    " end, coalesce(s.quiet_from, 0), s.muted_until, x.posted_at ",
                    seen_ranges!(),
                    "join comment x on x.thread_id = t.id and x.obj_index >= r.first_index
                         and x.obj_index <= r.last_index
                     join users u on u.id = x.creator
                     where r.id in {ids $2} and r.workspace_id = $3
                         and x.creator <> $1 and x.deleted_at is null and x.system_message is null
                         and (cm.user_id is not null or (c.public and me.role <> 'guest'))
                     order by r.id, x.obj_index"
                ),
                bound,
            )?);
        }
        let mut posts = Vec::new();
        for candidate in candidates {
            if candidate.concerns(self.user, &self.groups)? {
                posts.push((candidate.posted_at, candidate.opening, candidate.told));
            }
        }
        if self.wants.conversations {
            let messages = self.messages(tx, ranges)?;
            posts.extend(messages.into_iter().map(|Written(at, told)| (at, false, told)));
        }
        Ok(posts)
    }

    fn messages(&self, tx: &mut Tx<'_>, ranges: &str) -> Result<Vec<Written>, Error> {
        Ok(tx.all(
            "select x.posted_at, c.workspace_id, c.id, c.title,
                 (select count(*) from conversation_member o where o.conversation_id = c.id),
                 u.name, x.content, x.attachments
             from mail_range r
             join conversation c on c.id = r.conversation_id
             join conversation_member cm on cm.conversation_id = c.id and cm.user_id = $1
             join member me on me.workspace_id = c.workspace_id and me.user_id = $1
                 and me.removed_at is null
             join message x on x.conversation_id = c.id and x.obj_index >= r.first_index
                 and x.obj_index <= r.last_index
             join users u on u.id = x.creator
             where r.id in {ids $2} and r.workspace_id = $3
                 and x.obj_index >= cm.read_items and x.creator <> $1 and x.deleted_at is null
                 and x.system_message is null and coalesce(cm.muted_until, 0) < x.posted_at
             order by r.id, x.obj_index",
            params![self.user, ranges, self.workspace],
        )?)
    }
}

impl Candidate {
    fn concerns(&self, user: UserId, groups: &HashSet<GroupId>) -> Result<bool, Error> {
        let read = self.read_items.unwrap_or(0) >= self.number;
        let muted = self.number > self.quiet_from
            && self.muted_until.is_some_and(|until| self.posted_at <= until);
        if read || muted {
            return Ok(false);
        }
        let by_reach = match self.reach {
            Reach::People => false,
            Reach::Thread => self.follows == Some(true),
            Reach::Channel => self.in_channel && self.follows != Some(false),
            Reach::Workspace => self.follows != Some(false),
        };
        if by_reach {
            return Ok(true);
        }
        for people in [&self.recipients, &self.mentions] {
            if decode::<Vec<UserId>>(people)?.contains(&user) {
                return Ok(true);
            }
        }
        for named in [&self.groups, &self.group_mentions] {
            if decode::<Vec<GroupId>>(named)?.iter().any(|group| groups.contains(group)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

struct Written(Millis, Told);

impl FromRow for Written {
    fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
        let posted_at = row.get()?;
        let (workspace, id): (i64, ConversationId) = (row.get()?, row.get()?);
        let (title, others): (Option<String>, i64) = (row.get()?, row.get()?);
        let author: String = row.get()?;
        // Among two it is clear who is meant; a group without a title is named by who writes.
        let title = title.unwrap_or_else(|| match others {
            0..=2 => author.clone(),
            many => format!("{author} and {} others", many - 2),
        });
        Ok(Self(
            posted_at,
            Told {
                target: Target::Conversation(id),
                title,
                channel: None,
                path: format!("/a/{workspace}/msg/{id}/"),
                author,
                content: row.get()?,
                has_files: row.get::<Option<String>>()?.is_some_and(|list| list != "[]"),
            },
        ))
    }
}
