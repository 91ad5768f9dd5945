use std::collections::BTreeMap;

use super::{
    emoji::emoji,
    format::{Message, millis},
    names::Names,
    text::markdown,
};

/// Characters of a title at most.
const TITLE: usize = 100;

/// What all posts have.
pub(super) struct Post {
    pub(super) content: String,
    pub(super) posted_at: i64,
    pub(super) edited_at: Option<i64>,
    pub(super) reactions: BTreeMap<String, Vec<i64>>,
    pub(super) mentions: Vec<i64>,
}

/// Whether somebody has said something: the others tell who joined, left or renamed.
pub(super) fn is_post(message: &Message) -> bool {
    let said = matches!(
        message.subtype.as_deref(),
        None | Some(
            "bot_message" | "me_message" | "file_share" | "thread_broadcast" | "file_comment"
        )
    );
    said && !message.hidden && (message.kind.is_empty() || message.kind == "message")
}

/// The post of a message; none when there is nothing to show.
pub(super) fn post(message: &Message, names: &Names) -> Option<Post> {
    let mut content = markdown(&message.text, names);
    if message.subtype.as_deref() == Some("me_message") {
        content = format!("_{content}_");
    }
    let mut more: Vec<String> = Vec::new();
    if content.trim().is_empty() {
        for unfurled in &message.attachments {
            let parts = [&unfurled.title, &unfurled.text];
            let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
            let text = if parts.is_empty() {
                unfurled.fallback.clone().unwrap_or_default()
            } else {
                parts.join("\n")
            };
            more.push(markdown(&text, names));
        }
    }
    for file in &message.files {
        let name = file.name.as_deref().or(file.title.as_deref()).unwrap_or("file");
        let name = name.replace(['[', ']'], "");
        match file.permalink.as_deref().or(file.url_private.as_deref()) {
            Some(url) => more.push(format!("[{name}]({})", url.replace(')', "%29"))),
            None => more.push(name),
        }
    }
    for part in more.into_iter().filter(|part| !part.trim().is_empty()) {
        if !content.is_empty() {
            content.push_str("\n\n");
        }
        content.push_str(&part);
    }
    if content.trim().is_empty() {
        return None;
    }
    let mut content: String = content.chars().take(15_000).collect();
    content.truncate(content.trim_end().len());
    let mut reactions: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for reaction in &message.reactions {
        let people: Vec<i64> =
            reaction.users.iter().filter_map(|user| names.user(user)).map(|(id, _)| id).collect();
        let of_emoji = reactions.entry(emoji(&reaction.name)).or_default();
        of_emoji.extend(people.into_iter().filter(|id| *id > 0));
    }
    reactions.retain(|_, people| !people.is_empty());
    let (mentions, _) = halyard_messaging::text::mentions(&content);
    Some(Post {
        content,
        posted_at: millis(&message.ts)?,
        edited_at: message.edited.as_ref().and_then(|edited| millis(&edited.ts)),
        reactions,
        mentions: mentions.into_iter().map(|user| user.0).collect(),
    })
}

/// The first line of a text, without marks.
pub(super) fn title(content: &str) -> String {
    let line = content.lines().find(|line| !line.trim_matches(['`', ' ']).is_empty());
    let plain = halyard_messaging::text::snippet(line.unwrap_or_default());
    match plain.char_indices().nth(TITLE) {
        Some((end, _)) => format!("{}…", plain[..end].trim_end()),
        None => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_the_first_words() {
        assert_eq!(title("**Ship** it\nnow"), "Ship it");
        assert_eq!(title("```\nlet x = 1;\n```"), "let x = 1;");
        assert_eq!(title(&"word ".repeat(50)).chars().count(), 100);
    }
}
