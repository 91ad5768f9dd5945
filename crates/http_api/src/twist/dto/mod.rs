//! The objects of the API as JSON.
//!
//! Version 2 has flags as 0 and 1 and dates as text beside the numbers; later versions have real
//! booleans and never a text date beside a `_ts` number, which the official SDK would trip over.

mod activity;
mod attachment;
mod audit;
mod channel;
mod comment;
mod conversation;
mod group;
mod hook;
mod inbox;
mod integration;
mod join;
mod loop_in;
mod member;
mod message;
mod notification;
mod search;
mod thread;
mod user;
mod workspace;

use halyard_platform::clock::Millis;
use serde::{Serialize, Serializer, ser::Error as _};
use serde_json::{Value, value::RawValue};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{
            ArrayBuilder, KnownFormat, ObjectBuilder, OneOfBuilder, Schema, SchemaFormat,
            SchemaType, Type,
        },
    },
};

pub(crate) use activity::Activity;
pub(crate) use attachment::{ActionButton, Attachment};
pub(crate) use audit::AuditEntry;
pub(crate) use channel::Channel;
pub(crate) use comment::{Comment, CommentAnswer, CommentV2, Wrapped};
pub(crate) use conversation::{Conversation, ConversationAnswer, ConversationV2};
pub(crate) use conversation::{UnreadConversation, UnreadDirect};
pub(crate) use group::Group;
pub(crate) use hook::{DeliverySeen, Resent, Subscribed, SubscriptionSeen};
pub(crate) use inbox::InboxCount;
pub(crate) use integration::{InstallationSeen, IntegrationSeen, installation_addresses};
pub(crate) use join::JoinLink;
pub(crate) use loop_in::LoopIn;
pub(crate) use member::{MemberAnswer, WorkspaceUser, WorkspaceUserV2};
pub(crate) use message::{Message, MessageAnswer, MessageV2};
pub(crate) use notification::{Notification, NotificationSettings, Notifications};
pub(crate) use search::{
    CommentHits, Found, FoundV2, HitItem, Hits, MessageHits, SearchPage, SearchPageV2,
};
pub(crate) use thread::{Thread, ThreadAnswer, ThreadV2, Unread, UnreadThread};
pub(crate) use user::{GoogleConnection, User, UserAnswer, UserV2, View};
pub(crate) use workspace::{Workspace, WorkspaceAnswer, WorkspaceV2};

/// JSON that was stored as text and goes out as it is.
#[derive(Debug, Clone)]
pub(crate) struct Stored(String);

impl Stored {
    /// The stored text, or an empty list.
    pub(crate) fn list(text: Option<String>) -> Self {
        Self(text.unwrap_or_else(|| "[]".to_owned()))
    }

    /// The stored text.
    pub(crate) fn text(text: String) -> Self {
        Self(text)
    }
}

impl Serialize for Stored {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Most lists are empty; only others are worth a look at their syntax.
        match self.0.as_str() {
            "[]" => serializer.collect_seq(std::iter::empty::<()>()),
            "{}" => serializer.collect_map(std::iter::empty::<((), ())>()),
            text => {
                let raw: &RawValue = serde_json::from_str(text).map_err(S::Error::custom)?;
                raw.serialize(serializer)
            }
        }
    }
}

impl PartialSchema for Stored {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(SchemaType::AnyValue).into()
    }
}

impl ToSchema for Stored {}

/// Describes who is told, as version 2 says it: a word or the ids of people.
fn recipients_v2() -> Schema {
    let word = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(["EVERYONE", "EVERYONE_IN_THREAD"]));
    let person = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)));
    OneOfBuilder::new()
        .description(Some(
            "Ids of the people named as recipients, or the word for whom it is meant.",
        ))
        .item(word)
        .item(ArrayBuilder::new().items(person))
        .into()
}

/// Whole Unix seconds, as the API counts time.
pub(crate) fn seconds(moment: Millis) -> i64 {
    moment.div_euclid(1000)
}

/// `YYYY-MM-DD HH:MM:SS` in UTC, the text form of version 2.
pub(crate) fn date_text(moment: Millis) -> String {
    jiff::Timestamp::from_millisecond(moment)
        .map(|moment| moment.strftime("%Y-%m-%d %H:%M:%S").to_string())
        .unwrap_or_default()
}

/// A system message in words, the form of version 2.
pub(crate) fn system_text(stored: Option<&str>) -> Option<String> {
    let message: Value = serde_json::from_str(stored?).ok()?;
    let text = |key: &str| message[key].as_str().unwrap_or_default().to_owned();
    let who = text("initiator_name");
    Some(match message["type"].as_str().unwrap_or_default() {
        "THREAD_RENAMED" => {
            format!("{who} renamed the thread from {} to {}", text("old_title"), text("new_title"))
        }
        "THREAD_MOVED" => format!("{who} moved the thread to {}", text("channel_name")),
        "USER_LEFT" => format!("{who} left the conversation"),
        "USER_ADDED" => format!("{who} added people to the conversation"),
        "USER_REMOVED" => format!("{who} removed people from the conversation"),
        other => format!("{who}: {other}"),
    })
}

/// A JSON list of ids with sentinel numbers in front.
pub(crate) fn with_sentinel(list: &str, sentinel: Option<i64>) -> Stored {
    Stored(match sentinel {
        None => list.to_owned(),
        Some(sentinel) if list == "[]" => format!("[{sentinel}]"),
        Some(sentinel) => format!("[{sentinel},{}", &list[1..]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates_are_those_of_the_documentation() {
        assert_eq!(seconds(1_494_500_713_999), 1_494_500_713);
        assert_eq!(date_text(1_494_500_713_999), "2017-05-11 11:05:13");
    }

    #[test]
    fn stored_json_goes_out_unchanged() {
        let stored = Stored::text("{\"👍\":[1, 2]}".to_owned());
        assert_eq!(serde_json::to_string(&stored).unwrap(), "{\"👍\":[1, 2]}");
        assert!(serde_json::to_string(&Stored::text("{".to_owned())).is_err());
    }

    #[test]
    fn sentinels_come_first() {
        let text = |stored: Stored| serde_json::to_string(&stored).unwrap();
        assert_eq!(text(with_sentinel("[]", Some(1))), "[1]");
        assert_eq!(text(with_sentinel("[7,8]", Some(2))), "[2,7,8]");
        assert_eq!(text(with_sentinel("[7]", None)), "[7]");
    }
}
