//! Slack's marks as Markdown.

use super::{emoji::emoji, names::Names};

/// Longest text that a post may have here, in characters.
const LONGEST: usize = 15_000;

/// The text as Markdown, no longer than a post may be.
pub(super) fn markdown(text: &str, names: &Names) -> String {
    let mut out = String::with_capacity(text.len());
    // Code is left as it is, but for escapes.
    for (index, part) in text.split("```").enumerate() {
        if index > 0 {
            out.push_str("```");
        }
        if index % 2 == 1 {
            if !part.starts_with('\n') {
                out.push('\n');
            }
            out.push_str(&escapes(&references(part, names, false)));
            if !part.ends_with('\n') {
                out.push('\n');
            }
            continue;
        }
        for (index, part) in part.split('`').enumerate() {
            if index > 0 {
                out.push('`');
            }
            if index % 2 == 1 {
                out.push_str(&escapes(&references(part, names, false)));
            } else {
                out.push_str(&escapes(&references(&marks(part), names, true)));
            }
        }
    }
    match out.char_indices().nth(LONGEST - 1) {
        Some((end, _)) => format!("{}…", &out[..end]),
        None => out,
    }
}

fn escapes(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").replace('\0', "")
}

/// `*bold*`, `~struck~` and `:emoji:`; `_italic_` is the same here. Nothing inside of `<…>` changes.
fn marks(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let before = out.chars().next_back();
        let after_space = before.is_none_or(|c| !c.is_alphanumeric());
        let taken = match next {
            '<' => rest.find('>').map(|end| (rest[..=end].to_owned(), end + 1)),
            '*' if after_space => {
                pair(rest, '*').map(|(inner, end)| (format!("**{}**", marks(inner)), end))
            }
            '~' if after_space => {
                pair(rest, '~').map(|(inner, end)| (format!("~~{}~~", marks(inner)), end))
            }
            ':' if after_space => short_name(rest).map(|(name, end)| (emoji(name), end)),
            _ => None,
        };
        let (piece, length) = taken.unwrap_or_else(|| (next.to_string(), next.len_utf8()));
        out.push_str(&piece);
        rest = &rest[length..];
    }
    out
}

/// What stands between this mark and the next one, on one line and without blanks at its ends.
fn pair(text: &str, mark: char) -> Option<(&str, usize)> {
    let inner = &text[1..];
    let end = inner.find([mark, '\n'])?;
    let word = &inner[..end];
    let closes = inner[end..].starts_with(mark);
    let apart = inner[end + 1..].chars().next().is_none_or(|c| !c.is_alphanumeric());
    (closes && apart && !word.is_empty() && word.trim() == word).then_some((word, end + 2))
}

fn short_name(text: &str) -> Option<(&str, usize)> {
    let end = text[1..].find(':')?;
    let mut name = &text[1..=end];
    let mut length = end + 2;
    if let Some(tone) = text[length..].strip_prefix(":skin-tone-")
        && let Some(end) = tone.find(':')
    {
        length += ":skin-tone-".len() + end + 1;
    }
    let sound = |c: char| c.is_ascii_alphanumeric() || "_+-".contains(c);
    name = name.trim();
    // Times of day have colons too.
    let word = name.chars().any(|c| c.is_ascii_alphabetic()) || ["+1", "-1", "100"].contains(&name);
    (word && name.len() <= 60 && name.chars().all(sound)).then_some((name, length))
}

/// `<@U1>`, `<#C1|name>`, `<!here>` and `<http://…|label>`. `live`: as links and mentions.
fn references(text: &str, names: &Names, live: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        let Some((inner, after)) = after.split_once('>') else {
            out.push('<');
            rest = after;
            continue;
        };
        rest = after;
        let (target, label) = match inner.split_once('|') {
            Some((target, label)) => (target, Some(label)),
            None => (inner, None),
        };
        if let Some(user) = target.strip_prefix('@') {
            let name = names.user(user).map(|(_, name)| name).or(label).unwrap_or(user);
            match names.user(user) {
                Some((id, _)) if live => {
                    out.push_str(&format!("[{}](twist-mention://{id})", plain(name)));
                }
                _ => out.push_str(&format!("@{name}")),
            }
        } else if let Some(channel) = target.strip_prefix('#') {
            let name = label.filter(|label| !label.is_empty()).or_else(|| names.channel(channel));
            out.push_str(&format!("#{}", name.unwrap_or(channel)));
        } else if let Some(command) = target.strip_prefix('!') {
            let word = label.unwrap_or_else(|| command.split('^').next().unwrap_or(command));
            out.push_str(&format!("@{}", word.trim_start_matches('@')));
        } else {
            match label {
                Some(label) if live && label != target => {
                    out.push_str(&format!("[{}]({})", plain(label), target.replace(')', "%29")));
                }
                _ => out.push_str(target),
            }
        }
    }
    out.push_str(rest);
    out
}

/// A label without what would end it.
fn plain(label: &str) -> String {
    label.replace(['[', ']'], "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_become_markdown() {
        let names = Names::for_tests(&[("U1", 1, "Ann")], &[("C1", "general")]);
        for (slack, expected) in [
            ("*bold* _it_ ~gone~ `a*b*`", "**bold** _it_ ~~gone~~ `a*b*`"),
            ("2*3*4 and a_b_c", "2*3*4 and a_b_c"),
            ("* not bold *", "* not bold *"),
            ("hi <@U1> and <@U9|zed>", "hi [Ann](twist-mention://1) and @zed"),
            ("<#C1> <#C1|old-name> <#C9>", "#general #old-name #C9"),
            ("<!here> <!subteam^S1|@team>", "@here @team"),
            ("<https://x.example/a_b*c*>", "https://x.example/a_b*c*"),
            ("<https://x.example|the *site*>", "[the *site*](https://x.example)"),
            ("1 &lt; 2 &amp;&amp; 3 &gt; 2 &amp;lt;", "1 < 2 && 3 > 2 &lt;"),
            (":tada: at 10:30:15 :party-parrot:", "🎉 at 10:30:15 :party-parrot:"),
            (":wave::skin-tone-2: hi", "👋 hi"),
            ("```x &lt; *y*```", "```\nx < *y*\n```"),
            ("a < b", "a < b"),
            ("日本 *太字*", "日本 **太字**"),
        ] {
            assert_eq!(markdown(slack, &names), expected, "{slack}");
        }
        assert_eq!(markdown(&"é".repeat(20_000), &names).chars().count(), LONGEST);
    }
}
