//! Rows of the store as records.

use halyard_platform::db::{self, FromColumn, FromRow, Row};
use serde::de::DeserializeOwned;

use super::super::record::{
    Account, Attachment, Channel, ChannelMember, Comment, Conversation, ConversationMember, Group,
    Message, Person, Thread, ThreadState, Use, Workspace,
};
use crate::json;

/// A row with a number in front of it that is no part of it.
pub(super) struct Keyed<T> {
    pub(super) key: i64,
    pub(super) value: T,
}

impl<T: FromRow> FromRow for Keyed<T> {
    fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
        Ok(Self { key: row.get()?, value: T::from_row(row)? })
    }
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
rows!(ChannelMember { user: get, favorited: get, read_before: get, joined_at: get });
rows!(ThreadState {
    user: get,
    read_items: get,
    behind: get,
    follows: get,
    starred_at: get,
    muted_until: get,
    quiet_from: get,
    done_items: get,
    archived: get,
});
rows!(ConversationMember {
    user: get,
    read_items: get,
    archived_items: get,
    muted_until: get,
    joined_at: get,
});
rows!(Use { thread: get, comment: get, message: get });
