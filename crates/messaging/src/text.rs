//! Message text: Markdown, its snippet and its mentions.

use halyard_identity::UserId;

use crate::GroupId;

/// Longest content of a thread, comment or message, in characters (vendor documentation).
pub const MAX_CONTENT: usize = 15_000;
/// Characters kept in a snippet: our decision, the vendor documents none.
const SNIPPET: usize = 200;

/// The start of a text as shown in lists: Markdown marks removed, links reduced to their label,
/// white space folded, at most 200 characters.
pub fn snippet(markdown: &str) -> String {
    plain(markdown, SNIPPET)
}

/// The start of a text without Markdown marks, with its links reduced to their labels and its white
/// space folded.
pub(crate) fn plain(markdown: &str, at_most: usize) -> String {
    let mut plain = String::new();
    let mut length = 0;
    let mut rest = markdown;
    while let Some(next) = rest.chars().next() {
        if length >= at_most {
            break;
        }
        if let Some(link) = Link::at(rest) {
            let label = snippet(link.label);
            length += label.chars().count();
            plain.push_str(&label);
            rest = link.rest;
            continue;
        }
        rest = &rest[next.len_utf8()..];
        let line_start = plain.is_empty() || plain.ends_with(' ');
        match next {
            '*' | '`' | '~' => {}
            '_' if line_start || rest.is_empty() || rest.starts_with([' ', '\n', '_']) => {}
            '#' | '>' if line_start => {}
            c if c.is_whitespace() => {
                if !line_start {
                    plain.push(' ');
                    length += 1;
                }
            }
            c => {
                plain.push(c);
                length += 1;
            }
        }
    }
    let mut plain: String = plain.chars().take(at_most).collect();
    plain.truncate(plain.trim_end().len());
    plain
}

/// The people and groups that a text mentions, in order, each once.
///
/// A mention is a link `[Name](twist-mention://ID)` or `[Name](twist-group-mention://ID)`
/// (vendor documentation).
pub fn mentions(markdown: &str) -> (Vec<UserId>, Vec<GroupId>) {
    let (mut users, mut groups) = (Vec::new(), Vec::new());
    for (start, _) in markdown.match_indices("](twist-") {
        let target = &markdown[start + 2..];
        let Some(end) = target.find(')') else { continue };
        let target = &target[..end];
        if let Some(id) = number(target, "twist-mention://")
            && !users.contains(&UserId(id))
        {
            users.push(UserId(id));
        }
        if let Some(id) = number(target, "twist-group-mention://")
            && !groups.contains(&GroupId(id))
        {
            groups.push(GroupId(id));
        }
    }
    (users, groups)
}

fn number(target: &str, scheme: &str) -> Option<i64> {
    target.strip_prefix(scheme)?.trim_end_matches('/').parse().ok()
}

struct Link<'t> {
    label: &'t str,
    rest: &'t str,
}

impl<'t> Link<'t> {
    /// A link or image that starts here.
    fn at(text: &'t str) -> Option<Self> {
        let inner = text.strip_prefix("![").or_else(|| text.strip_prefix('['))?;
        let close = inner.find("](")?;
        let label = &inner[..close];
        if label.contains(['[', '\n']) {
            return None;
        }
        let target = &inner[close + 2..];
        let end = target.find([')', '\n'])?;
        target[end..].starts_with(')').then(|| Self { label, rest: &target[end + 1..] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snippets_show_the_words_only() {
        for (markdown, expected) in [
            ("Let's discuss the Twist API...", "Let's discuss the Twist API..."),
            ("# Title\n\nSome **bold** and _soft_ `code`", "Title Some bold and soft code"),
            ("hey [Ann](twist-mention://1), look", "hey Ann, look"),
            ("![cat](http://127.0.0.1/cat.png) > quote", "cat quote"),
            ("snake_case [not a link] 1 < 2", "snake_case [not a link] 1 < 2"),
            ("[unclosed](http://x", "[unclosed](http://x"),
            ("  \n\t ", ""),
            ("日本語 **太字**", "日本語 太字"),
        ] {
            assert_eq!(snippet(markdown), expected, "{markdown}");
        }
        assert_eq!(snippet(&"word ".repeat(100)).chars().count(), 199);
        assert_eq!(snippet(&"é".repeat(500)).chars().count(), 200);
    }

    #[test]
    fn mentions_are_links_with_their_own_schemes() {
        let text = "[Ann](twist-mention://7) [Ann](twist-mention://7) [G](twist-group-mention://9) \
                    [x](twist-mention://nobody) [y](http://127.0.0.1)";
        assert_eq!(mentions(text), (vec![UserId(7)], vec![GroupId(9)]));
    }
}
