//! Text made safe for addresses and markup.

use super::Arguments;
use crate::{decisions, error::Result, value::Value};

pub(super) fn encode_url(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let text = arguments.text(0)?;
    replace_bytes(arguments, &text, |byte, out| {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
            return false;
        }
        for half in [byte >> 4, byte & 15] {
            out.push(char::from(b"0123456789ABCDEF"[usize::from(half)]));
        }
        true
    })
}

pub(super) fn decode_url(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let text = arguments.text(0)?;
    arguments.machine.work(text.len())?;
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, behind)) = rest.split_first() {
        rest = behind;
        if *byte != b'%' {
            bytes.push(*byte);
            continue;
        }
        let digit = |at: usize| {
            behind.get(at).and_then(|byte| char::from(*byte).to_digit(16)).map(|digit| digit as u8)
        };
        match (digit(0), digit(1)) {
            (Some(high), Some(low)) => bytes.push(high * 16 + low),
            _ => return arguments.wrong(0, "A percent sign is not followed by two digits."),
        }
        rest = &behind[2..];
    }
    match String::from_utf8(bytes) {
        Ok(text) => arguments.machine.text(&text),
        Err(_) => arguments.wrong(0, "What is encoded is not UTF-8 text."),
    }
}

pub(super) fn escape_html(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let text = arguments.text(0)?;
    replace_chars(arguments, &text, |c| {
        Some(match c {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            '"' => "&quot;".to_owned(),
            '\'' => "&#39;".to_owned(),
            _ => return None,
        })
    })
}

pub(super) fn escape_markdown(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let text = arguments.text(0)?;
    replace_chars(arguments, &text, |c| {
        decisions::MARKDOWN_CHARACTERS.contains(c).then(|| format!("&#{};", u32::from(c)))
    })
}

/// A tag begins where a letter, `/`, `!` or `?` follows the bracket, and ends at the next one.
pub(super) fn strip_html(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let text = arguments.text(0)?;
    arguments.machine.work(text.len())?;
    let mut out = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some(open) = rest.find('<') {
        let behind = &rest[open + 1..];
        let tag = behind.starts_with(|c: char| c.is_alphabetic() || "/!?".contains(c));
        if !tag {
            out.push_str(&rest[..=open]);
            rest = behind;
            continue;
        }
        let end = match behind.strip_prefix("!--") {
            Some(comment) => comment.find("-->").map(|at| at + 6),
            None => behind.find('>').map(|at| at + 1),
        };
        // Where one tag has no end, those behind it have none either.
        let Some(end) = end else { break };
        out.push_str(&rest[..open]);
        rest = &behind[end..];
    }
    out.push_str(rest);
    arguments.machine.text(&out)
}

fn replace_bytes(
    arguments: &Arguments<'_, '_>,
    text: &str,
    replace: impl Fn(u8, &mut String) -> bool,
) -> Result<Value> {
    let machine = arguments.machine;
    machine.work(text.len())?;
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    for byte in text.bytes() {
        out.push('%');
        if !replace(byte, &mut out) {
            out.pop();
            out.push(char::from(byte));
        }
    }
    machine.text(&out)
}

fn replace_chars(
    arguments: &Arguments<'_, '_>,
    text: &str,
    replacement: impl Fn(char) -> Option<String>,
) -> Result<Value> {
    let machine = arguments.machine;
    machine.work(text.len())?;
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match replacement(c) {
            Some(other) => out.push_str(&other),
            None => out.push(c),
        }
    }
    machine.text(&out)
}
