//! Which characters make names, blanks and texts in quotes.

use std::borrow::Cow;

use crate::decisions;

/// How many bytes at the beginning are a name, which begins with a letter, `_` or `$`.
pub(super) fn name_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    if bytes.first().is_some_and(u8::is_ascii_digit) {
        return 0;
    }
    let ascii = bytes
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$'))
        .count();
    if bytes.get(ascii).is_none_or(u8::is_ascii) {
        return ascii;
    }
    let rest = &text[ascii..];
    let other = |c: &char| c.is_alphanumeric() || *c == '_' || *c == '$';
    let mut length = ascii;
    for c in rest.chars().take_while(other) {
        if length == 0 && !c.is_alphabetic() {
            break;
        }
        length += c.len_utf8();
    }
    length
}

/// Whether a name needs no back ticks.
pub(super) fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.contains('$') && name_length(name) == name.len()
}

/// How many bytes at the beginning are blanks.
pub(super) fn blanks(bytes: &[u8]) -> usize {
    let mut at = 0;
    loop {
        match bytes.get(at) {
            Some(b' ' | b'\t' | b'\n' | b'\r') => at += 1,
            // A no-break space, as text editors leave it.
            Some(0xc2) if bytes.get(at + 1) == Some(&0xa0) => at += 2,
            _ => return at,
        }
    }
}

/// Where the text in quotes ends that begins at `at`: the position behind the closing quote.
///
/// The quote itself is written twice or behind a backslash; any other backslash is just one.
pub(super) fn end_of_quoted(bytes: &[u8], at: usize) -> Option<usize> {
    let quote = bytes[at];
    let mut at = at + 1;
    loop {
        match bytes.get(at)? {
            b'\\'
                if quote != b'`'
                    && bytes.get(at + 1).is_some_and(|next| {
                        decisions::escaped(char::from(*next), char::from(quote)).is_some()
                    }) =>
            {
                at += 2;
            }
            byte if *byte == quote => {
                if quote != b'`' && bytes.get(at + 1) == Some(&quote) {
                    at += 2;
                } else {
                    return Some(at + 1);
                }
            }
            _ => at += 1,
        }
    }
}

/// The text that is meant by what stands between two quotes.
pub(super) fn unescape(inside: &str, quote: char) -> Cow<'_, str> {
    let backslashes = !decisions::BACKSLASH_ESCAPES_ONLY_QUOTES && inside.contains('\\');
    if !backslashes && !inside.contains(quote) {
        return Cow::Borrowed(inside);
    }
    let mut out = String::with_capacity(inside.len());
    let mut rest = inside;
    while let Some(at) = rest.find([quote, '\\']) {
        out.push_str(&rest[..at]);
        let mut behind = rest[at..].chars();
        let meant = match (behind.next(), behind.clone().next()) {
            (Some('\\'), Some(next)) => decisions::escaped(next, quote),
            // Written twice.
            (Some(_), next) => next,
            (None, _) => None,
        };
        match meant {
            Some(c) => {
                out.push(c);
                behind.next();
            }
            None => out.push('\\'),
        }
        rest = behind.as_str();
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Appends a text in quotes.
pub(super) fn quote(out: &mut String, text: &str) {
    let quote = if text.contains('"') && !text.contains('\'') { '\'' } else { '"' };
    out.push(quote);
    for c in text.chars() {
        if c == quote || (c == '\\' && decisions::escaped(c, quote).is_some()) {
            out.push('\\');
        }
        out.push(c);
    }
    out.push(quote);
}
