//! Ids inside of texts: mentions, and links to pages of the workspace.

use serde_json::{Map, Value};

use super::known::{Known, Noun};
use crate::attachment;

const MENTION: &str = "twist-mention://";
const GROUP_MENTION: &str = "twist-group-mention://";
/// The start of the path of every page of a workspace.
const PAGE: &str = "/a/";

/// A link to a page: the ids in it, in the order of the text.
struct Link {
    /// Where the path begins.
    path: usize,
    /// Where the link ends.
    end: usize,
    ids: Vec<Named>,
}

/// An id in a text.
struct Named {
    start: usize,
    end: usize,
    noun: Noun,
    id: i64,
}

/// The links of a text to pages of this workspace.
fn links(text: &str, workspace: i64) -> Vec<Link> {
    let mut links = Vec::new();
    for (path, _) in text.match_indices(PAGE) {
        let end = text[path..]
            .find(|c: char| c.is_whitespace() || "()[]<>\"'`".contains(c))
            .map_or(text.len(), |length| path + length);
        let mut ids = Vec::new();
        let (mut at, mut before) = (path + 1, "");
        for word in text[path + 1..end].split(['/', '?', '#', ',', '.', ';']) {
            let noun = match before {
                "a" => Some(Noun::Workspace),
                "ch" => Some(Noun::Channel),
                "t" => Some(Noun::Thread),
                "c" => Some(Noun::Comment),
                "msg" => Some(Noun::Conversation),
                "m" => Some(Noun::Message),
                "u" => Some(Noun::User),
                _ => None,
            };
            if let (Some(noun), Ok(id)) = (noun, word.parse()) {
                ids.push(Named { start: at, end: at + word.len(), noun, id });
            }
            (at, before) = (at + word.len() + 1, word);
        }
        let ours = |first: &Named| first.noun == Noun::Workspace && first.id == workspace;
        if ids.first().is_some_and(ours) {
            links.push(Link { path, end, ids });
        }
    }
    links
}

/// What the links of a text name.
pub(super) fn named(text: &str, workspace: i64) -> Vec<(Noun, i64)> {
    links(text, workspace)
        .into_iter()
        .flat_map(|link| link.ids)
        .map(|named| (named.noun, named.id))
        .collect()
}

/// The text with the ids that things have here. A link is changed when everything that it names is
/// known; with `base` it then leads to this server.
pub(super) fn rewrite(text: &str, known: &Known, base: Option<&str>) -> String {
    let mut edits: Vec<(usize, usize, String)> = Vec::new();
    for (scheme, noun) in [(MENTION, Noun::User), (GROUP_MENTION, Noun::Group)] {
        for (start, _) in text.match_indices(scheme) {
            let start = start + scheme.len();
            let digits = text[start..].find(|c: char| !c.is_ascii_digit());
            let end = digits.map_or(text.len(), |length| start + length);
            // Who is not known here must not become somebody else.
            if let Ok(id) = text[start..end].parse() {
                edits.push((start, end, known.find(noun, id).unwrap_or(0).to_string()));
            }
        }
    }
    for link in links(text, known.workspace.0) {
        let new: Option<Vec<_>> = link
            .ids
            .iter()
            .map(|id| Some((id.start, id.end, known.find(id.noun, id.id)?.to_string())))
            .collect();
        let Some(new) = new else { continue };
        if let Some(base) = base {
            let before = &text[..link.path];
            let start = before.rfind("http://").max(before.rfind("https://"));
            let whole =
                |start: &usize| !before[*start..].contains(|c: char| " ()[]<>\"".contains(c));
            if let Some(start) = start.filter(whole) {
                edits.push((start, link.path, base.to_owned()));
            }
        }
        edits.extend(new);
        debug_assert!(link.end <= text.len());
    }
    edits.sort_by_key(|(start, ..)| *start);
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    for (start, end, new) in edits {
        if start >= at {
            out.push_str(&text[at..start]);
            out.push_str(&new);
            at = end;
        }
    }
    out.push_str(&text[at..]);
    out
}

/// A list of attachments with the ids and addresses that its files have here.
pub(super) fn files(list: &Value, known: &Known) -> Value {
    let mut list = list.clone();
    for entry in list.as_array_mut().into_iter().flatten() {
        let Some(entry) = entry.as_object_mut() else { continue };
        // Other entries are links, or never had a file here.
        let stored = |key: &str, entry: &Map<String, Value>| {
            entry.get(key).and_then(Value::as_str).is_some_and(|url| url.starts_with("/files/"))
        };
        let old = entry.get("attachment_id").and_then(Value::as_str).map(str::to_owned);
        let Some(old) = old.filter(|_| stored("url", entry)) else { continue };
        let id = known.file(&old);
        let name = entry.get("file_name").and_then(Value::as_str).unwrap_or_default();
        let path = Value::from(attachment::path(&id, name));
        if stored("image", entry) {
            entry.insert("image".to_owned(), path.clone());
        }
        entry.insert("url".to_owned(), path);
        entry.insert("attachment_id".to_owned(), id.into());
    }
    list
}

/// Buttons and messages of the system with the ids that things have here.
pub(super) fn object(value: &Value, known: &Known) -> Value {
    let mut value = value.clone();
    walk(&mut value, None, known);
    value
}

fn walk(value: &mut Value, noun: Option<Noun>, known: &Known) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                walk(value, Noun::of_key(key), known);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, noun, known)),
        Value::Number(id) => {
            if let (Some(noun), Some(id)) = (noun, id.as_i64())
                && let Some(new) = known.find(noun, id)
            {
                *value = new.into();
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn known() -> Known {
        let mut known = Known::empty("digest");
        known.workspace = (5, 50);
        for (noun, old, new) in [
            (Noun::Workspace, 5, 50),
            (Noun::User, 1, 11),
            (Noun::Group, 101, 1010),
            (Noun::Channel, 2, 22),
            (Noun::Thread, 3, 33),
            (Noun::Comment, 4, 44),
            (Noun::Conversation, 6, 66),
            (Noun::Message, 7, 77),
        ] {
            known.learn(noun, old, new);
        }
        known
    }

    #[test]
    fn mentions_and_links_get_new_ids() {
        for (old, new) in [
            (
                "[A](twist-mention://1) and [B](twist-mention://9)",
                "[A](twist-mention://11) and [B](twist-mention://0)",
            ),
            ("[G](twist-group-mention://101)!", "[G](twist-group-mention://1010)!"),
            (
                "see https://old.example/a/5/ch/2/t/3/c/4, please",
                "see https://old.example/a/50/ch/22/t/33/c/44, please",
            ),
            ("[x](http://h:1/p/a/5/msg/6/m/7)", "[x](http://h:1/p/a/50/msg/66/m/77)"),
            ("/a/5/inbox/t/3/ /a/5/people/u/1", "/a/50/inbox/t/33/ /a/50/people/u/11"),
            // Another workspace, and a thread that is not known.
            (
                "http://h/a/6/ch/2/t/3 http://h/a/5/ch/2/t/9",
                "http://h/a/6/ch/2/t/3 http://h/a/5/ch/2/t/9",
            ),
            ("a/b twist-mention://x", "a/b twist-mention://x"),
            ("é /a/5/ch/2 日本", "é /a/50/ch/22 日本"),
        ] {
            assert_eq!(rewrite(old, &known(), None), new);
        }
    }

    #[test]
    fn links_can_lead_to_this_server() {
        assert_eq!(
            rewrite(
                "(https://old.example/a/5/ch/2/) http://x /a/5/ch/2",
                &known(),
                Some("http://new")
            ),
            "(http://new/a/50/ch/22/) http://x /a/50/ch/22"
        );
    }

    #[test]
    fn only_files_of_the_server_get_new_ids() {
        let known = known();
        let id = known.file("f");
        assert_eq!(id.len(), 36);
        assert_eq!(
            files(
                &json!([{"attachment_id": "f", "file_name": "n", "url": "/files/f/n", "x": 1},
                {"attachment_id": "l", "url": "http://h"}, 3]),
                &known
            ),
            json!([{"attachment_id": id, "file_name": "n", "url": format!("/files/{id}/n"), "x": 1},
                {"attachment_id": "l", "url": "http://h"}, 3])
        );
        assert_eq!(
            object(&json!({"type": "X", "user_ids": [1, 9], "thread_id": 3, "n": 3}), &known),
            json!({"type": "X", "user_ids": [11, 9], "thread_id": 33, "n": 3})
        );
    }
}
