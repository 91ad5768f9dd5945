//! Two exports hold the same when they are equal but for ids: each id is replaced by the place of
//! its line, and digits in texts by `#`.

use std::collections::HashMap;

use serde_json::Value;

/// The lines of an export as `(folder, line)`, with places instead of ids.
pub(crate) fn ranked(lines: &[(String, Value)]) -> Vec<(String, Value)> {
    let mut ranks: HashMap<(String, String), usize> = HashMap::new();
    for (folder, line) in lines {
        let next = ranks.keys().filter(|(other, _)| other == folder).count();
        ranks.insert((folder.clone(), line["id"].to_string()), next);
    }
    let mut lines = lines.to_vec();
    for (folder, line) in &mut lines {
        let own = folder.clone();
        walk(line, &own, None, &ranks);
        if own == "attachments" {
            line["id"] = Value::Null;
        }
    }
    // Files come in the order of their ids.
    lines.sort_by_key(|(folder, line)| match folder.as_str() {
        "attachments" => line["sha256"].to_string(),
        _ => String::new(),
    });
    lines
}

fn walk(
    value: &mut Value,
    own: &str,
    folder: Option<&str>,
    ranks: &HashMap<(String, String), usize>,
) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let folder = match key.as_str() {
                    "id" if own == "creator" => Some("members"),
                    "id" => Some(own),
                    "creator" | "user" | "users" | "recipients" | "participants" | "responders"
                    | "direct_mentions" | "deleted_by" | "owner" | "default_recipients" => {
                        Some("members")
                    }
                    "groups" | "default_groups" | "direct_group_mentions" => Some("groups"),
                    "channel" => Some("channels"),
                    "thread" => Some("threads"),
                    "comment" => Some("comments"),
                    "conversation" => Some("conversations"),
                    "message" => Some("messages"),
                    "reactions" => Some("members"),
                    "content" | "attachments" | "actions" | "system_message" => {
                        let mut text = value.to_string();
                        // Ids of files have letters too.
                        text = text.replace(|c: char| c.is_ascii_hexdigit(), "#");
                        while text.contains("##") {
                            text = text.replace("##", "#");
                        }
                        *value = Value::from(text.replace("#-#", "#"));
                        continue;
                    }
                    _ => None,
                };
                let own = if key == "creator" { "creator" } else { own };
                match (value.is_object(), key.as_str()) {
                    (true, "reactions") => {
                        for people in value.as_object_mut().unwrap().values_mut() {
                            walk(people, own, Some("members"), ranks);
                        }
                    }
                    _ => walk(value, own, folder, ranks),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, own, folder, ranks)),
        Value::Number(_) | Value::String(_) => {
            if let Some(folder) = folder {
                let id = value.to_string();
                if let Some(rank) = ranks.get(&(folder.to_owned(), id)) {
                    *value = (*rank).into();
                }
            }
        }
        _ => {}
    }
}
