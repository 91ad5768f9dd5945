//! The parts of the files that are used. Everything may be missing: archives differ by plan and age.

use serde::Deserialize;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct User {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) real_name: String,
    pub(super) deleted: bool,
    pub(super) is_bot: bool,
    pub(super) is_admin: bool,
    pub(super) is_owner: bool,
    pub(super) is_primary_owner: bool,
    pub(super) is_restricted: bool,
    pub(super) tz: Option<String>,
    pub(super) profile: Profile,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Profile {
    pub(super) real_name: String,
    pub(super) email: Option<String>,
    pub(super) title: Option<String>,
}

/// A channel, or the people of a direct conversation.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Room {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) created: i64,
    pub(super) creator: String,
    pub(super) is_archived: bool,
    pub(super) is_general: bool,
    pub(super) members: Vec<String>,
    pub(super) purpose: Words,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Words {
    pub(super) value: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Message {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) subtype: Option<String>,
    pub(super) user: Option<String>,
    pub(super) bot_id: Option<String>,
    pub(super) username: Option<String>,
    pub(super) text: String,
    pub(super) ts: String,
    pub(super) thread_ts: Option<String>,
    pub(super) hidden: bool,
    pub(super) edited: Option<Edited>,
    pub(super) reactions: Vec<Reaction>,
    pub(super) files: Vec<FileLink>,
    pub(super) attachments: Vec<Unfurled>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Edited {
    pub(super) ts: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Reaction {
    pub(super) name: String,
    pub(super) users: Vec<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct FileLink {
    pub(super) name: Option<String>,
    pub(super) title: Option<String>,
    pub(super) url_private: Option<String>,
    pub(super) permalink: Option<String>,
}

/// What programs post beside their text.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Unfurled {
    pub(super) fallback: Option<String>,
    pub(super) text: Option<String>,
    pub(super) title: Option<String>,
}

/// Milliseconds of a time stamp such as `1700000000.000100`.
pub(super) fn millis(ts: &str) -> Option<i64> {
    let (seconds, rest) = ts.split_once('.').unwrap_or((ts, "0"));
    let thousandths: String = rest.chars().chain("000".chars()).take(3).collect();
    let millis =
        seconds.parse::<i64>().ok()?.checked_mul(1000)? + thousandths.parse::<i64>().ok()?;
    (0..=4_102_444_800_000).contains(&millis).then_some(millis)
}
