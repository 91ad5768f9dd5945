//! Action buttons on posts.

use serde_json::{Map, Value};

use super::error::{Code, Error};
use crate::kit::params::List;

/// Buttons of one post at most, and characters of one text.
const MAX: usize = 20;
const MAX_TEXT: usize = 1000;

/// Checks the buttons of a post and answers them as they are stored, unused keys included.
///
/// # Errors
/// Code 133 when they do not follow the format of the vendor documentation.
pub(super) fn check(actions: Option<List>) -> Result<Option<String>, Error> {
    let Some(List(actions)) = actions else { return Ok(None) };
    if actions.len() > MAX {
        return Err(malformed("at most 20 buttons"));
    }
    for action in &actions {
        check_one(action)?;
    }
    Ok(Some(serde_json::to_string(&actions).map_err(Error::internal)?))
}

fn check_one(action: &Map<String, Value>) -> Result<(), Error> {
    let text = |key| action.get(key).and_then(Value::as_str).unwrap_or_default();
    if text("type") != "action" {
        return Err(malformed("type must be action"));
    }
    if text("button_text").trim().is_empty() {
        return Err(malformed("button_text is missing"));
    }
    let needed = match text("action") {
        "open_url" => "url",
        "prefill_message" | "send_reply" => "message",
        _ => return Err(malformed("action must be open_url, prefill_message or send_reply")),
    };
    if text(needed).trim().is_empty() {
        return Err(malformed("url or message is missing"));
    }
    if needed == "url" && !["http://", "https://"].iter().any(|s| text("url").starts_with(s)) {
        return Err(malformed("url must begin with http:// or https://"));
    }
    if action.values().filter_map(Value::as_str).any(|text| text.chars().count() > MAX_TEXT) {
        return Err(malformed("texts have at most 1000 characters"));
    }
    Ok(())
}

fn malformed(reason: &str) -> Error {
    Error::new(Code::ActionsInvalid).because(reason)
}
