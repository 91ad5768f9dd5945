//! What threads, comments and messages have in common: a text with what hangs on it.

use halyard_identity::UserId;
use serde_json::{Map, Value};

use crate::{Error, GroupId, text};

/// A text with attachments, buttons and mentions, prepared outside the transaction.
#[derive(Debug, Clone)]
pub struct Post {
    pub(crate) content: String,
    pub(crate) snippet: String,
    pub(crate) attachments: Option<Vec<Map<String, Value>>>,
    pub(crate) actions_json: Option<String>,
    pub(crate) direct_mentions: Vec<UserId>,
    pub(crate) direct_group_mentions: Vec<GroupId>,
}

/// The parts of a [`Post`] as a client sends them.
#[derive(Debug, Clone, Default)]
pub struct PostParts {
    /// Markdown, up to 15,000 characters.
    pub content: String,
    /// Objects of the attachment format.
    pub attachments: Option<Vec<Map<String, Value>>>,
    /// Stored JSON list of checked action buttons.
    pub actions_json: Option<String>,
    /// People mentioned; taken from the text when not given.
    pub direct_mentions: Option<Vec<UserId>>,
    /// Groups mentioned; taken from the text when not given.
    pub direct_group_mentions: Option<Vec<GroupId>>,
}

impl Post {
    /// Checks the text and derives its snippet and mentions.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the text is too long or holds U+0000.
    pub fn new(parts: PostParts) -> Result<Self, Error> {
        check_content(&parts.content)?;
        let (users, groups) = text::mentions(&parts.content);
        Ok(Self {
            snippet: text::snippet(&parts.content),
            content: parts.content,
            attachments: parts.attachments,
            actions_json: parts.actions_json,
            direct_mentions: parts.direct_mentions.unwrap_or(users),
            direct_group_mentions: parts.direct_group_mentions.unwrap_or(groups),
        })
    }

    /// Whether there is nothing to show: neither words nor files.
    pub(crate) fn is_empty(&self) -> bool {
        self.content.trim().is_empty() && self.attachments.as_ref().is_none_or(Vec::is_empty)
    }
}

/// # Errors
/// [`Error::Invalid`] when the text is too long or holds U+0000.
pub(crate) fn check_content(content: &str) -> Result<(), Error> {
    if content.chars().count() > text::MAX_CONTENT {
        return Err(Error::Invalid { field: "content", expected: "at most 15000 characters" });
    }
    // PostgreSQL cannot store it; SQLite could, and a later move between the two would fail.
    if content.contains('\0') {
        return Err(Error::Invalid { field: "content", expected: "text without U+0000" });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_not_too_long_and_can_be_stored() {
        assert!(check_content(&"é".repeat(text::MAX_CONTENT)).is_ok());
        assert!(check_content(&"é".repeat(text::MAX_CONTENT + 1)).is_err());
        assert!(check_content("a\0b").is_err());
    }
}
