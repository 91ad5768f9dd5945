//! What the lines of an archive hold. Times are milliseconds, ids those of the installation that
//! wrote it.

use std::collections::BTreeMap;

use halyard_platform::clock::Millis;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One line, and which file it belongs into.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    /// `workspace`, the first of all.
    Workspace(Workspace),
    /// `members`
    Person(Person),
    /// `groups`
    Group(Group),
    /// `channels`
    Channel(Channel),
    /// `threads`
    Thread(Thread),
    /// `comments`
    Comment(Comment),
    /// `conversations`
    Conversation(Conversation),
    /// `messages`
    Message(Message),
    /// `attachments`
    Attachment(Attachment),
}

/// The folders of an archive, in their order.
pub(super) const FOLDERS: [&str; 9] = [
    "workspace",
    "members",
    "groups",
    "channels",
    "threads",
    "comments",
    "conversations",
    "messages",
    "attachments",
];

impl Record {
    /// Place in [`FOLDERS`].
    pub(super) fn folder(&self) -> usize {
        match self {
            Self::Workspace(_) => 0,
            Self::Person(_) => 1,
            Self::Group(_) => 2,
            Self::Channel(_) => 3,
            Self::Thread(_) => 4,
            Self::Comment(_) => 5,
            Self::Conversation(_) => 6,
            Self::Message(_) => 7,
            Self::Attachment(_) => 8,
        }
    }

    pub(super) fn line(&self) -> Result<String, serde_json::Error> {
        let mut line = match self {
            Self::Workspace(record) => serde_json::to_string(record),
            Self::Person(record) => serde_json::to_string(record),
            Self::Group(record) => serde_json::to_string(record),
            Self::Channel(record) => serde_json::to_string(record),
            Self::Thread(record) => serde_json::to_string(record),
            Self::Comment(record) => serde_json::to_string(record),
            Self::Conversation(record) => serde_json::to_string(record),
            Self::Message(record) => serde_json::to_string(record),
            Self::Attachment(record) => serde_json::to_string(record),
        }?;
        line.push('\n');
        Ok(line)
    }

    pub(super) fn of_line(folder: &str, line: &str) -> Result<Option<Self>, serde_json::Error> {
        Ok(Some(match folder {
            "workspace" => Self::Workspace(serde_json::from_str(line)?),
            "members" => Self::Person(serde_json::from_str(line)?),
            "groups" => Self::Group(serde_json::from_str(line)?),
            "channels" => Self::Channel(serde_json::from_str(line)?),
            "threads" => Self::Thread(serde_json::from_str(line)?),
            "comments" => Self::Comment(serde_json::from_str(line)?),
            "conversations" => Self::Conversation(serde_json::from_str(line)?),
            "messages" => Self::Message(serde_json::from_str(line)?),
            "attachments" => Self::Attachment(serde_json::from_str(line)?),
            // A newer program may write more than this one knows.
            _ => return Ok(None),
        }))
    }
}

/// A person or bot, as far as others know them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// Id.
    pub id: i64,
    /// Full name.
    pub name: String,
    /// Address; who has it where the archive is read is the same person.
    pub email: String,
    /// Not a human.
    pub bot: bool,
}

/// The workspace itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Workspace {
    /// Id, as it stands in links.
    pub id: i64,
    /// Name.
    pub name: String,
    /// Number of a colour.
    pub color: Option<i64>,
    /// Who made it.
    pub creator: Account,
    /// When.
    pub created_at: Millis,
}

/// Somebody who is or was a member.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Person {
    /// Who.
    #[serde(flatten)]
    pub account: Account,
    /// What they do; for accounts that are made anew.
    pub profession: Option<String>,
    /// Free text; as `profession`.
    pub contact_info: Option<String>,
    /// IANA name of their time zone; as `profession`.
    pub timezone: Option<String>,
    /// `admin`, `user` or `guest`.
    pub role: crate::Role,
    /// When they came.
    pub joined_at: Millis,
    /// When they went.
    pub removed_at: Option<Millis>,
}

/// A group of members.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Id.
    pub id: i64,
    /// Name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Number of a colour.
    pub color: Option<i64>,
    /// When it was made.
    pub created_at: Millis,
    /// Who is in it.
    pub users: Vec<i64>,
}

/// A channel with its members.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Channel {
    /// Id.
    pub id: i64,
    /// New members of the workspace join it.
    pub default: bool,
    /// Who made it.
    pub creator: i64,
    /// Name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Number of a colour.
    pub color: Option<i64>,
    /// Number of a picture.
    pub icon: Option<i64>,
    /// Open to every member who is not a guest.
    pub public: bool,
    /// Put away.
    pub archived: bool,
    /// Whether clients use the preset audience.
    pub use_default_recipients: bool,
    /// Preset audience: people.
    pub default_recipients: Option<Vec<i64>>,
    /// Preset audience: groups.
    pub default_groups: Option<Vec<i64>>,
    /// Days after which threads go.
    pub retention_days: Option<i64>,
    /// When it was made.
    pub created_at: Millis,
    /// Who has joined.
    pub members: Vec<ChannelMember>,
}

/// Somebody in a channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChannelMember {
    /// Who.
    pub user: i64,
    /// Marked.
    pub favorited: bool,
    /// What was posted until then is read; null: everything.
    pub read_before: Option<Millis>,
    /// When they joined.
    pub joined_at: Millis,
}

/// Emoji → people.
pub type Reactions = BTreeMap<String, Vec<i64>>;

/// A thread with its opening post.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Thread {
    /// Id.
    pub id: i64,
    /// The channel.
    pub channel: i64,
    /// Author.
    pub creator: i64,
    /// Title.
    pub title: String,
    /// Markdown.
    pub content: String,
    /// List of attachments as clients know it.
    pub attachments: Option<Value>,
    /// List of buttons.
    pub actions: Option<Value>,
    /// `people`, `channel` or `workspace`.
    pub audience: String,
    /// People named.
    pub recipients: Vec<i64>,
    /// Groups named.
    pub groups: Vec<i64>,
    /// Who is attached to it.
    pub participants: Vec<i64>,
    /// Who has answered.
    pub responders: Vec<i64>,
    /// People mentioned.
    pub direct_mentions: Vec<i64>,
    /// Groups mentioned.
    pub direct_group_mentions: Vec<i64>,
    /// Reactions.
    pub reactions: Reactions,
    /// Of the system.
    pub system_message: Option<Value>,
    /// When it was posted.
    pub posted_at: Millis,
    /// When the text was last changed.
    pub last_edited_at: Option<Millis>,
    /// Kept at the top since.
    pub pinned_at: Option<Millis>,
    /// The discussion is over.
    pub closed: bool,
    /// What is personal about it.
    pub states: Vec<ThreadState>,
}

/// What one person has done with a thread. The names are those of the columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the migration that makes the columns says what they mean")]
pub struct ThreadState {
    pub user: i64,
    pub read_items: Option<i64>,
    pub behind: bool,
    pub follows: Option<bool>,
    pub starred_at: Option<Millis>,
    pub muted_until: Option<Millis>,
    pub quiet_from: i64,
    pub done_items: i64,
    pub archived: bool,
}

/// A comment. Those of a thread come in their order; removed ones keep their place.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Comment {
    /// Id.
    pub id: i64,
    /// The thread.
    pub thread: i64,
    /// Author.
    pub creator: i64,
    /// Markdown.
    pub content: String,
    /// List of attachments as clients know it.
    pub attachments: Option<Value>,
    /// List of buttons.
    pub actions: Option<Value>,
    /// `people`, `thread` or `channel`.
    pub audience: String,
    /// People named.
    pub recipients: Vec<i64>,
    /// Groups named.
    pub groups: Vec<i64>,
    /// People mentioned.
    pub direct_mentions: Vec<i64>,
    /// Groups mentioned.
    pub direct_group_mentions: Vec<i64>,
    /// Reactions.
    pub reactions: Reactions,
    /// Of the system.
    pub system_message: Option<Value>,
    /// When it was posted.
    pub posted_at: Millis,
    /// When the text was last changed.
    pub last_edited_at: Option<Millis>,
    /// When it was removed.
    pub deleted_at: Option<Millis>,
    /// By whom.
    pub deleted_by: Option<i64>,
}

/// A conversation with its people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Conversation {
    /// Id.
    pub id: i64,
    /// It was made with the workspace.
    pub default: bool,
    /// Who began it.
    pub creator: i64,
    /// Title.
    pub title: Option<String>,
    /// Between two people; they never change.
    pub private: bool,
    /// Whoever writes to exactly these people finds it.
    pub found_by_people: bool,
    /// When it began.
    pub created_at: Millis,
    /// Who is in it.
    pub members: Vec<ConversationMember>,
}

/// Somebody in a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConversationMember {
    /// Who.
    pub user: i64,
    /// How many messages they have read; null: all.
    pub read_items: Option<i64>,
    /// Put away when it had this many.
    pub archived_items: Option<i64>,
    /// Silent until then.
    pub muted_until: Option<Millis>,
    /// When they joined.
    pub joined_at: Millis,
}

/// A message. Those of a conversation come in their order; removed ones keep their place.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Id.
    pub id: i64,
    /// The conversation.
    pub conversation: i64,
    /// Author.
    pub creator: i64,
    /// Markdown.
    pub content: String,
    /// List of attachments as clients know it.
    pub attachments: Option<Value>,
    /// List of buttons.
    pub actions: Option<Value>,
    /// People mentioned.
    pub direct_mentions: Vec<i64>,
    /// Groups mentioned.
    pub direct_group_mentions: Vec<i64>,
    /// Reactions.
    pub reactions: Reactions,
    /// Of the system.
    pub system_message: Option<Value>,
    /// When it was written.
    pub posted_at: Millis,
    /// When the text was last changed.
    pub last_edited_at: Option<Millis>,
    /// When it was removed.
    pub deleted_at: Option<Millis>,
}

/// An attached file. Its bytes are the entry `files/<id>`, which follows soon.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attachment {
    /// Id, as it stands in the lists of posts.
    pub id: String,
    /// Who uploaded it.
    pub owner: i64,
    /// Digest of the bytes, hexadecimal.
    pub sha256: String,
    /// Name.
    pub file_name: String,
    /// Bytes.
    pub file_size: i64,
    /// MIME type.
    pub media_type: String,
    /// `file`, `image`, `audio` or `video`.
    pub url_type: String,
    /// Pixels, for images.
    pub image_width: Option<i64>,
    /// Pixels, for images.
    pub image_height: Option<i64>,
    /// When it was uploaded.
    pub created_at: Millis,
    /// Where it hangs.
    pub uses: Vec<Use>,
    /// Where its bytes are; not in an archive.
    #[serde(skip)]
    pub blob: String,
}

/// A post that a file is attached to: one of the three.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Use {
    /// The opening post of this thread.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread: Option<i64>,
    /// This comment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<i64>,
    /// This message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<i64>,
}
