//! What calls answer.

use serde_json::{Value, json};

use super::schemas::{integer, list, reference};
use crate::twist::endpoint::{Answer, Endpoint, Login};

/// A good answer, as version 3 and as version 2 give it.
pub(super) struct Shape {
    pub(super) words: String,
    pub(super) later: Value,
    /// Only where it differs.
    pub(super) v2: Option<Value>,
}

impl Shape {
    fn new(words: impl Into<String>, later: Value) -> Self {
        Self { words: words.into(), later, v2: None }
    }

    fn both(words: impl Into<String>, later: Value, v2: Value) -> Self {
        let v2 = (v2 != later).then_some(v2);
        Self { words: words.into(), later, v2 }
    }
}

/// What a call answers when all goes well.
pub(super) fn of(endpoint: &Endpoint) -> Shape {
    match endpoint.answer {
        Answer::Ok => Shape::new("It is done.", reference("Done")),
        Answer::One(v2, later) => Shape::both(
            differing(&format!("The `{later}`"), v2, later, &format!("the `{v2}`")),
            reference(later),
            reference(v2),
        ),
        Answer::Many(v2, later) => {
            let mut words =
                differing(&format!("A list of `{later}`"), v2, later, &format!("a list of `{v2}`"));
            let (mut new, mut old) = (list(&reference(later)), list(&reference(v2)));
            if (endpoint.fields)().iter().any(|field| field.name == "as_ids") {
                words.push_str(" With `as_ids` a list of their ids.");
                new = json!({"anyOf": [new, list(&integer())]});
                old = json!({"anyOf": [old, list(&integer())]});
            }
            Shape::both(words, new, old)
        }
        Answer::Ids => Shape::new("A list of ids.", list(&integer())),
        Answer::Text => Shape::new("A text, as JSON.", json!({"type": "string"})),
        Answer::Other(words) => {
            special(endpoint.path).unwrap_or_else(|| Shape::new(sentence(words), json!({})))
        }
    }
}

fn differing(text: &str, v2: &str, later: &str, old: &str) -> String {
    if v2 == later { format!("{text}.") } else { format!("{text}; under `/api/v2/` {old}.") }
}

/// The answers that are no plain object, list or number.
pub(super) fn special(path: &str) -> Option<Shape> {
    Some(match path {
        "comments/getone" => Shape::both(
            "The comment within an object; under `/api/v2/` a bare `CommentV2`.",
            json!({
                "type": "object",
                "required": ["comment"],
                "properties": {"comment": reference("Comment")},
            }),
            reference("CommentV2"),
        ),
        "threads/get_unread" => Shape::both(
            "A list of `UnreadThread`; under `/api/v2/` lists of three numbers: channel, thread, \
             index of the last comment read.",
            list(&reference("UnreadThread")),
            list(&json!({"type": "array", "items": integer(), "minItems": 3, "maxItems": 3})),
        ),
        "conversations/get_unread" => Shape::both(
            "A list of `UnreadConversation`; under `/api/v2/` lists of two numbers: conversation, \
             index of the last message read.",
            list(&reference("UnreadConversation")),
            list(&json!({"type": "array", "items": integer(), "minItems": 2, "maxItems": 2})),
        ),
        "reactions/get" => Shape::new(
            "Each emoji with the ids of the people who chose it.",
            json!({"type": "object", "additionalProperties": list(&integer())}),
        ),
        _ => return None,
    })
}

/// With a capital and a full stop.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str().trim_end_matches('.'))
}

/// The `responses` of a call.
pub(super) fn responses(endpoint: &Endpoint) -> Value {
    let shape = of(endpoint);
    let mut good = json!({
        "description": shape.words,
        "content": {"application/json": {"schema": shape.later}},
    });
    if let Some(v2) = shape.v2 {
        good["x-halyard-v2-schema"] = v2;
    }
    let response = |name| json!({"$ref": format!("#/components/responses/{name}")});
    let mut responses = json!({
        "200": good,
        "503": response("Unavailable"),
        "default": response("Error"),
    });
    // Where a password can be guessed.
    let asks_for_it = ["users/delete", "workspaces/remove"].contains(&endpoint.path);
    if endpoint.login == Login::Nobody || asks_for_it {
        responses["429"] = response("TooManyRequests");
    }
    responses
}

/// A bad answer.
pub(super) fn error(words: &str, retry_after: Option<&str>) -> Value {
    let mut answer = json!({
        "description": words,
        "content": {"application/json": {"schema": reference("Error")}},
    });
    if let Some(meaning) = retry_after {
        answer["headers"] = json!({"Retry-After": {
            "description": meaning,
            "required": true,
            "schema": {"type": "integer", "format": "int64", "minimum": 1},
        }});
    }
    answer
}
