//! What an integration says in an answer of HTTP.

use halyard_messaging::{Post, PostParts};
use halyard_platform::outbound::Response;
use serde_json::{Map, Value};

/// The words in an answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Said {
    /// Of a report.
    pub(crate) title: Option<String>,
    pub(crate) content: String,
    pub(crate) attachments: Vec<Map<String, Value>>,
}

impl Said {
    /// Reads the body of an answer: a JSON object, a JSON text, or plain text whatever its type
    /// says. A page made for browsers says nothing; so does JSON of another form.
    ///
    /// # Errors
    /// A sentence about what is wrong with it.
    pub(crate) fn read(response: &Response) -> Result<Self, String> {
        if response.cut {
            return Err("the answer is too long".to_owned());
        }
        let text = str::from_utf8(&response.body).map_err(|_| "the answer is not UTF-8")?;
        Self::parse(text.trim_start_matches('\u{feff}'))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let plain = |text: &str| Self { content: text.trim().to_owned(), ..Self::default() };
        match serde_json::from_str(text) {
            Ok(Value::Object(mut object)) => {
                let mut text = |key| match object.remove(key) {
                    Some(Value::String(text)) => Some(text),
                    _ => None,
                };
                let (title, content) = (text("title"), text("content").unwrap_or_default());
                let attachments = match object.remove("attachments") {
                    None | Some(Value::Null) => Vec::new(),
                    Some(list) => serde_json::from_value(list)
                        .map_err(|_| "its attachments are not a list of objects")?,
                };
                Ok(Self { title, content, attachments })
            }
            Ok(Value::String(text)) => Ok(plain(&text)),
            Ok(_) => Ok(Self::default()),
            Err(_) if is_page(text) => Ok(Self::default()),
            Err(_) => Ok(plain(text)),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.content.trim().is_empty() && self.attachments.is_empty()
    }

    /// As it is posted.
    ///
    /// # Errors
    /// A sentence about what is wrong with it.
    pub(crate) fn into_post(self) -> Result<Post, String> {
        let parts = PostParts {
            content: self.content,
            attachments: (!self.attachments.is_empty()).then_some(self.attachments),
            ..PostParts::default()
        };
        Post::new(parts).map_err(|error| error.to_string())
    }
}

/// Whether a text is a whole page of HTML and not a text with some tags in it.
fn is_page(text: &str) -> bool {
    let start: String = text.trim_start().chars().take(9).collect();
    let start = start.to_ascii_lowercase();
    start.starts_with("<!doctype") || start.starts_with("<html")
}

#[cfg(test)]
mod tests {
    use super::Said;

    fn content(text: &str) -> String {
        Said::parse(text).unwrap().content
    }

    #[test]
    fn content_is_found_in_json_and_in_plain_text() {
        assert_eq!(content(r#"{"content": "Hi", "more": 1}"#), "Hi");
        assert_eq!(content("\"pong\""), "pong");
        assert_eq!(content(" pong\n"), "pong");
        assert_eq!(content("<b>Hi</b>"), "<b>Hi</b>");
        for silent in
            ["", "  ", "{}", r#"{"content": null}"#, "[1]", "7", "<!DOCTYPE html><p>x", "<html>"]
        {
            assert!(Said::parse(silent).unwrap().is_empty(), "{silent}");
        }
        let said =
            Said::parse(r#"{"title": "T", "content": "", "attachments": [{"a": 1}]}"#).unwrap();
        assert!(!said.is_empty() && said.title.as_deref() == Some("T"));
        assert!(Said::parse(r#"{"content": "x", "attachments": 7}"#).is_err());
    }
}
