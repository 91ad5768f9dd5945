//! Reads a workspace page by page. What exists is fixed when it begins; what is changed while the
//! pages are read may be in or not.

use halyard_identity::UserId;
use halyard_platform::{
    db::{self, FromColumn, FromRow, Row, Tx},
    params,
};
use serde::de::DeserializeOwned;

use super::record::{
    Account, Attachment, Channel, ChannelMember, Comment, Conversation, ConversationMember, Group,
    Message, Person, Record, Thread, ThreadState, Use, Workspace,
};
use crate::{WorkspaceId, json};

/// Records of a page at most, of large things and of small ones.
const FEW: i64 = 100;
const MANY: i64 = 500;

/// What is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Everything, for the operator.
    Whole,
    /// What this member can see, with nothing that is personal to others.
    SeenBy(UserId),
}

impl Extent {
    fn whole(self) -> bool {
        self == Self::Whole
    }

    fn user(self) -> i64 {
        match self {
            Self::Whole => 0,
            Self::SeenBy(user) => user.0,
        }
    }

    /// Whether what is personal to somebody is read.
    fn shows(self, user: i64) -> bool {
        self.whole() || self.user() == user
    }
}

/// Where to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    folder: usize,
    id: i64,
    obj_index: i64,
    file: String,
    bounds: Bounds,
}

/// The newest ids when the reading began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Bounds {
    channel: i64,
    thread: i64,
    comment: i64,
    conversation: i64,
    message: i64,
}

/// Some records, and where to go on; none at the end.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// All of one noun.
    pub records: Vec<Record>,
    /// The next page.
    pub next: Option<Cursor>,
}

/// The page at a cursor, or the first one. Empty for a workspace that does not exist.
///
/// # Errors
/// Those of the store.
pub fn page(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    extent: Extent,
    at: Option<Cursor>,
) -> Result<Page, db::Error> {
    let mut at = match at {
        Some(at) => at,
        None => {
            Cursor { folder: 0, id: 0, obj_index: -1, file: String::new(), bounds: bounds(tx)? }
        }
    };
    let (records, full) = match at.folder {
        0 => (the_workspace(tx, workspace)?, false),
        1 => people(tx, workspace, &mut at)?,
        2 => groups(tx, workspace, &mut at)?,
        3 => channels(tx, workspace, extent, &mut at)?,
        4 => threads(tx, workspace, extent, &mut at)?,
        5 => comments(tx, workspace, extent, &mut at)?,
        6 => conversations(tx, workspace, extent, &mut at)?,
        7 => messages(tx, workspace, extent, &mut at)?,
        _ => attachments(tx, workspace, extent, &mut at)?,
    };
    let next = if full {
        Some(at)
    } else if at.folder == 8 || (at.folder == 0 && records.is_empty()) {
        None
    } else {
        Some(Cursor { folder: at.folder + 1, id: 0, obj_index: -1, file: String::new(), ..at })
    };
    Ok(Page { records, next })
}

fn bounds(tx: &mut Tx<'_>) -> Result<Bounds, db::Error> {
    Ok(Bounds {
        channel: tx.one("select coalesce(max(id), 0) from channel", params![])?,
        thread: tx.one("select coalesce(max(id), 0) from thread", params![])?,
        comment: tx.one("select coalesce(max(id), 0) from comment", params![])?,
        conversation: tx.one("select coalesce(max(id), 0) from conversation", params![])?,
        message: tx.one("select coalesce(max(id), 0) from message", params![])?,
    })
}

/// A column with JSON.
fn value<T: DeserializeOwned>(row: &mut Row<'_>) -> Result<T, db::Error> {
    json::decode(&row.get::<String>()?)
}

fn maybe<T: DeserializeOwned>(row: &mut Row<'_>) -> Result<Option<T>, db::Error> {
    row.get::<Option<String>>()?.map(|text| json::decode(&text)).transpose()
}

/// Rows of a query as records.
macro_rules! rows {
    ($record:ident { $($field:ident : $get:expr),+ $(,)? }) => {
        impl FromRow for $record {
            fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
                Ok(Self { $($field: $get(row)?),+ })
            }
        }
    };
}

fn get<T: FromColumn>(row: &mut Row<'_>) -> Result<T, db::Error> {
    row.get()
}

fn none<T: Default>(_: &mut Row<'_>) -> Result<T, db::Error> {
    Ok(T::default())
}

rows!(Account { id: get, name: get, email: get, bot: get });
rows!(Workspace { id: get, name: get, color: get, created_at: get, creator: Account::from_row });
rows!(Person {
    account: Account::from_row,
    profession: get,
    contact_info: get,
    timezone: get,
    role: get,
    joined_at: get,
    removed_at: get,
});
rows!(Group { id: get, name: get, description: get, color: get, created_at: get, users: none });
rows!(Channel {
    id: get,
    default: get,
    creator: get,
    name: get,
    description: get,
    color: get,
    icon: get,
    public: get,
    archived: get,
    use_default_recipients: get,
    default_recipients: maybe,
    default_groups: maybe,
    retention_days: get,
    created_at: get,
    members: none,
});
rows!(Thread {
    id: get,
    channel: get,
    creator: get,
    title: get,
    content: get,
    attachments: maybe,
    actions: maybe,
    audience: get,
    recipients: value,
    groups: value,
    participants: value,
    responders: value,
    direct_mentions: value,
    direct_group_mentions: value,
    reactions: value,
    system_message: maybe,
    posted_at: get,
    last_edited_at: get,
    pinned_at: get,
    closed: get,
    states: none,
});
rows!(Comment {
    id: get,
    thread: get,
    creator: get,
    content: get,
    attachments: maybe,
    actions: maybe,
    audience: get,
    recipients: value,
    groups: value,
    direct_mentions: value,
    direct_group_mentions: value,
    reactions: value,
    system_message: maybe,
    posted_at: get,
    last_edited_at: get,
    deleted_at: get,
    deleted_by: get,
});
rows!(Conversation {
    id: get,
    default: get,
    creator: get,
    title: get,
    private: get,
    found_by_people: get,
    created_at: get,
    members: none,
});
rows!(Message {
    id: get,
    conversation: get,
    creator: get,
    content: get,
    attachments: maybe,
    actions: maybe,
    direct_mentions: value,
    direct_group_mentions: value,
    reactions: value,
    system_message: maybe,
    posted_at: get,
    last_edited_at: get,
    deleted_at: get,
});
rows!(Attachment {
    id: get,
    owner: get,
    sha256: get,
    file_name: get,
    file_size: get,
    media_type: get,
    url_type: get,
    image_width: get,
    image_height: get,
    created_at: get,
    blob: get,
    uses: none,
});
rows!(Use { thread: get, comment: get, message: get });

/// Records, and whether there are more of their noun.
type Found = (Vec<Record>, bool);

fn full<T>(rows: &[T], limit: i64) -> bool {
    rows.len() as i64 == limit
}

fn the_workspace(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<Vec<Record>, db::Error> {
    let found: Option<Workspace> = tx.optional(
        "select w.id, w.name, w.color, w.created_at, u.id, u.name, u.email, u.bot
         from workspace w join users u on u.id = w.creator
         where w.id = $1 and w.removed_at is null",
        params![workspace],
    )?;
    Ok(found.into_iter().map(Record::Workspace).collect())
}

fn people(tx: &mut Tx<'_>, workspace: WorkspaceId, at: &mut Cursor) -> Result<Found, db::Error> {
    let found: Vec<Person> = tx.all(
        "select u.id, u.name, u.email, u.bot, u.profession, u.contact_info, u.timezone, m.role,
             m.joined_at, m.removed_at
         from member m join users u on u.id = m.user_id
         where m.workspace_id = $1 and m.user_id > $2
         order by m.user_id limit $3",
        params![workspace, at.id, MANY],
    )?;
    let full = full(&found, MANY);
    at.id = found.last().map_or(at.id, |last| last.account.id);
    Ok((found.into_iter().map(Record::Person).collect(), full))
}

fn groups(tx: &mut Tx<'_>, workspace: WorkspaceId, at: &mut Cursor) -> Result<Found, db::Error> {
    let mut found: Vec<Group> = tx.all(
        "select id, name, description, color, created_at from member_group
         where workspace_id = $1 and id > $2 order by id limit $3",
        params![workspace, at.id, FEW],
    )?;
    for group in &mut found {
        group.users = tx.all(
            "select user_id from member_group_user where group_id = $1 order by user_id",
            params![group.id],
        )?;
    }
    let full = full(&found, FEW);
    at.id = found.last().map_or(at.id, |last| last.id);
    Ok((found.into_iter().map(Record::Group).collect(), full))
}

fn channels(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    extent: Extent,
    at: &mut Cursor,
) -> Result<Found, db::Error> {
    let mut found: Vec<Channel> = tx.all(
        "select c.id, c.id = coalesce(w.default_channel, 0), c.creator, c.name, c.description,
             c.color, c.icon, c.public, c.archived, c.use_default_recipients,
             c.default_recipients, c.default_groups, c.retention_days, c.created_at
         from channel c join workspace w on w.id = c.workspace_id
         where c.workspace_id = $1 and c.id > $2 and c.id <= $3 and c.removed_at is null
             and ($4 or c.public or exists (select 1 from channel_member cm
                 where cm.channel_id = c.id and cm.user_id = $5))
         order by c.id limit $6",
        params![workspace, at.id, at.bounds.channel, extent.whole(), extent.user(), FEW],
    )?;
    struct Joined(ChannelMember);
    impl FromRow for Joined {
        fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
            Ok(Self(ChannelMember {
                user: row.get()?,
                favorited: row.get()?,
                read_before: Some(row.get()?),
                joined_at: row.get()?,
            }))
        }
    }
    for channel in &mut found {
        let members: Vec<Joined> = tx.all(
            "select user_id, favorited, read_before, joined_at from channel_member
             where channel_id = $1 order by user_id",
            params![channel.id],
        )?;
        channel.members = members.into_iter().map(|Joined(member)| member).collect();
        for member in &mut channel.members {
            if !extent.shows(member.user) {
                (member.favorited, member.read_before) = (false, None);
            }
        }
    }
    let full = full(&found, FEW);
    at.id = found.last().map_or(at.id, |last| last.id);
    Ok((found.into_iter().map(Record::Channel).collect(), full))
}

fn threads(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    extent: Extent,
    at: &mut Cursor,
) -> Result<Found, db::Error> {
    let mut found: Vec<Thread> = tx.all(
        "select t.id, t.channel_id, t.creator, t.title, t.content, t.attachments, t.actions,
             t.audience, t.recipients, t.groups, t.participants, t.responders, t.direct_mentions,
             t.direct_group_mentions, t.reactions, t.system_message, t.posted_at,
             t.last_edited_at, t.pinned_at, t.closed
         from thread t join channel c on c.id = t.channel_id and c.removed_at is null
         where t.workspace_id = $1 and t.id > $2 and t.id <= $3 and t.removed_at is null
             and ($4 or c.public or exists (select 1 from channel_member cm
                 where cm.channel_id = c.id and cm.user_id = $5))
         order by t.id limit $6",
        params![workspace, at.id, at.bounds.thread, extent.whole(), extent.user(), FEW],
    )?;
    struct Personal(i64, ThreadState);
    impl FromRow for Personal {
        fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
            let thread = row.get()?;
            Ok(Self(
                thread,
                ThreadState {
                    user: row.get()?,
                    read_items: row.get()?,
                    behind: row.get()?,
                    follows: row.get()?,
                    starred_at: row.get()?,
                    muted_until: row.get()?,
                    quiet_from: row.get()?,
                    done_items: row.get()?,
                    archived: row.get()?,
                },
            ))
        }
    }
    let ids: Vec<i64> = found.iter().map(|thread| thread.id).collect();
    let states: Vec<Personal> = tx.all(
        "select thread_id, user_id, read_items, behind, follows, starred_at, muted_until,
             quiet_from, done_items, archived
         from thread_state where thread_id in {ids $1} and ($2 or user_id = $3)
         order by thread_id, user_id",
        params![&json::encode(&ids), extent.whole(), extent.user()],
    )?;
    for Personal(thread, state) in states {
        if let Ok(index) = found.binary_search_by_key(&thread, |thread| thread.id) {
            found[index].states.push(state);
        }
    }
    let full = full(&found, FEW);
    at.id = found.last().map_or(at.id, |last| last.id);
    Ok((found.into_iter().map(Record::Thread).collect(), full))
}

fn comments(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    extent: Extent,
    at: &mut Cursor,
) -> Result<Found, db::Error> {
    let found: Vec<Comment> = tx.all(
        "select k.id, k.thread_id, k.creator, k.content, k.attachments, k.actions, k.audience,
             k.recipients, k.groups, k.direct_mentions, k.direct_group_mentions, k.reactions,
             k.system_message, k.posted_at, k.last_edited_at, k.deleted_at, k.deleted_by
         from comment k
         join thread t on t.id = k.thread_id and t.removed_at is null
         join channel c on c.id = t.channel_id and c.removed_at is null
         where t.workspace_id = $1 and (k.thread_id, k.obj_index) > ($2, $3) and k.id <= $4
             and ($5 or c.public or exists (select 1 from channel_member cm
                 where cm.channel_id = c.id and cm.user_id = $6))
         order by k.thread_id, k.obj_index limit $7",
        params![
            workspace,
            at.id,
            at.obj_index,
            at.bounds.comment,
            extent.whole(),
            extent.user(),
            MANY
        ],
    )?;
    let full = full(&found, MANY);
    if let Some(last) = found.last() {
        at.id = last.thread;
        at.obj_index = tx.one("select obj_index from comment where id = $1", params![last.id])?;
    }
    Ok((found.into_iter().map(Record::Comment).collect(), full))
}

fn conversations(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    extent: Extent,
    at: &mut Cursor,
) -> Result<Found, db::Error> {
    let mut found: Vec<Conversation> = tx.all(
        "select c.id, c.id = coalesce(w.default_conversation, 0), c.creator, c.title, c.private,
             c.people is not null, c.created_at
         from conversation c join workspace w on w.id = c.workspace_id
         where c.workspace_id = $1 and c.id > $2 and c.id <= $3
             and ($4 or exists (select 1 from conversation_member cm
                 where cm.conversation_id = c.id and cm.user_id = $5))
         order by c.id limit $6",
        params![workspace, at.id, at.bounds.conversation, extent.whole(), extent.user(), FEW],
    )?;
    struct Joined(ConversationMember);
    impl FromRow for Joined {
        fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
            Ok(Self(ConversationMember {
                user: row.get()?,
                read_items: Some(row.get()?),
                archived_items: row.get()?,
                muted_until: row.get()?,
                joined_at: row.get()?,
            }))
        }
    }
    for conversation in &mut found {
        let members: Vec<Joined> = tx.all(
            "select user_id, read_items, archived_items, muted_until, joined_at
             from conversation_member where conversation_id = $1 order by user_id",
            params![conversation.id],
        )?;
        conversation.members = members.into_iter().map(|Joined(member)| member).collect();
        for member in &mut conversation.members {
            if !extent.shows(member.user) {
                (member.read_items, member.archived_items, member.muted_until) = (None, None, None);
            }
        }
    }
    let full = full(&found, FEW);
    at.id = found.last().map_or(at.id, |last| last.id);
    Ok((found.into_iter().map(Record::Conversation).collect(), full))
}

fn messages(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    extent: Extent,
    at: &mut Cursor,
) -> Result<Found, db::Error> {
    let found: Vec<Message> = tx.all(
        "select k.id, k.conversation_id, k.creator, k.content, k.attachments, k.actions,
             k.direct_mentions, k.direct_group_mentions, k.reactions, k.system_message,
             k.posted_at, k.last_edited_at, k.deleted_at
         from message k
         join conversation c on c.id = k.conversation_id
         where c.workspace_id = $1 and (k.conversation_id, k.obj_index) > ($2, $3) and k.id <= $4
             and ($5 or exists (select 1 from conversation_member cm
                 where cm.conversation_id = c.id and cm.user_id = $6))
         order by k.conversation_id, k.obj_index limit $7",
        params![
            workspace,
            at.id,
            at.obj_index,
            at.bounds.message,
            extent.whole(),
            extent.user(),
            MANY
        ],
    )?;
    let full = full(&found, MANY);
    if let Some(last) = found.last() {
        at.id = last.conversation;
        at.obj_index = tx.one("select obj_index from message where id = $1", params![last.id])?;
    }
    Ok((found.into_iter().map(Record::Message).collect(), full))
}

fn attachments(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    extent: Extent,
    at: &mut Cursor,
) -> Result<Found, db::Error> {
    let found: Vec<Attachment> = tx.all(
        "select id, owner, sha256, file_name, file_size, media_type, url_type, image_width,
             image_height, created_at, blob
         from attachment where id > $1 order by id limit $2",
        params![&at.file, FEW],
    )?;
    let full = full(&found, FEW);
    if let Some(last) = found.last() {
        at.file.clone_from(&last.id);
    }
    let mut records = Vec::new();
    for mut attachment in found {
        attachment.uses = tx.all(
            "select x.thread_id, x.comment_id, x.message_id
             from attachment_use x
             left join comment k on k.id = x.comment_id and k.deleted_at is null
             left join thread t on t.id = coalesce(x.thread_id, k.thread_id)
                 and t.removed_at is null
             left join channel c on c.id = t.channel_id and c.removed_at is null
             left join message m on m.id = x.message_id and m.deleted_at is null
             left join conversation v on v.id = m.conversation_id
             where x.attachment_id = $1 and (
                 (c.workspace_id = $2 and coalesce(x.comment_id, 0) <= $5
                     and coalesce(x.thread_id, 0) <= $6
                     and ($3 or c.public or exists (select 1 from channel_member cm
                         where cm.channel_id = c.id and cm.user_id = $4)))
                 or (v.workspace_id = $2 and x.message_id <= $7
                     and ($3 or exists (select 1 from conversation_member vm
                         where vm.conversation_id = v.id and vm.user_id = $4))))
             order by x.id",
            params![
                &attachment.id,
                workspace,
                extent.whole(),
                extent.user(),
                at.bounds.comment,
                at.bounds.thread,
                at.bounds.message
            ],
        )?;
        if !attachment.uses.is_empty() {
            records.push(Record::Attachment(attachment));
        }
    }
    Ok((records, full))
}
