use super::{query::Wanted, terms::tokens};
use crate::text;

/// Characters of an excerpt, and of what stands before the first hit in it.
const LENGTH: usize = 200;
const BEFORE: usize = 60;

/// The part of a text that shows why it was found: the first line of words around the first hit,
/// without Markdown; the start of the text when the hit is near it.
pub(super) fn excerpt(markdown: &str, wanted: &Wanted) -> String {
    let plain = text::plain(markdown, text::MAX_CONTENT);
    let Some(at) = first_hit(&plain, wanted).filter(|at| *at > LENGTH - BEFORE) else {
        return plain.chars().take(LENGTH).collect::<String>().trim_end().to_owned();
    };
    // From the beginning of a word on, where there are spaces.
    let start = plain.chars().take(at - BEFORE).map(char::len_utf8).sum::<usize>();
    let rest = &plain[start..];
    let rest = match rest.find(' ') {
        Some(space) if rest[..space].chars().count() < BEFORE => &rest[space + 1..],
        _ => rest,
    };
    let cut: String = rest.chars().take(LENGTH - 2).collect();
    format!("… {}", cut.trim_end())
}

/// The character at which the first word begins that holds a wanted one.
fn first_hit(plain: &str, wanted: &Wanted) -> Option<usize> {
    let mut position = 0;
    for piece in plain.split(' ') {
        if let Some(offset) = tokens(piece).iter().position(|token| wanted.begins_with(token)) {
            // In text without spaces each token is a character.
            return Some(position + if piece.is_ascii() { 0 } else { offset });
        }
        position += piece.chars().count() + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_shows_the_hit() {
        let wanted = Wanted::new("needle");
        assert_eq!(excerpt("a **needle** here", &wanted), "a needle here");
        let far = format!("{}needle in it {}", "hay ".repeat(100), "straw ".repeat(100));
        let shown = excerpt(&far, &wanted);
        assert!(shown.starts_with("… hay ") && shown.contains("needle in it straw"), "{shown}");
        assert!(shown.chars().count() <= LENGTH, "{shown}");
        let far = format!("{}京都{}", "東".repeat(400), "西".repeat(400));
        assert!(excerpt(&far, &Wanted::new("京都")).contains("京都"));
        assert_eq!(excerpt(&"hay ".repeat(100), &wanted).chars().count(), 199);
    }
}
