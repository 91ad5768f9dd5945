//! Search and replacement, of plain text and of patterns.

use super::Arguments;
use crate::{
    decisions,
    error::{Error, ErrorKind, Result},
    machine::Machine,
    regex::{Matcher, Regex},
    value::Value,
};

/// What is searched for.
#[derive(Debug)]
pub(crate) enum Search {
    Plain(String),
    Pattern(Regex),
}

impl Search {
    /// A pattern when it is written as `/pattern/flags`, otherwise plain text.
    pub(crate) fn new(source: &str) -> Result<Self> {
        let Some((pattern, flags)) = pattern(source) else {
            return Ok(Self::Plain(source.to_owned()));
        };
        compile(pattern, flags).map(Self::Pattern)
    }
}

/// The pattern of a source, or the error that says why it is none.
pub(crate) fn compile(pattern: &str, flags: &str) -> Result<Regex> {
    Regex::new(pattern, flags).map_err(|cause| {
        Error::new(ErrorKind::Argument, format!("The pattern cannot be used: {cause}."))
            .at_argument(2)
    })
}

/// The two parts of `/pattern/flags`.
pub(crate) fn pattern(source: &str) -> Option<(&str, &str)> {
    let inside = source.strip_prefix('/')?;
    let (pattern, flags) = inside.rsplit_once('/')?;
    let flags_only = flags.chars().all(|flag| "dgimsuvy".contains(flag));
    (flags_only && !pattern.is_empty()).then_some((pattern, flags))
}

pub(super) fn replace(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let machine = arguments.machine;
    let (text, replacement) = (arguments.text(0)?, arguments.text(2)?);
    machine.work(text.len())?;
    let made;
    let search = match &arguments.prepared.search {
        Some(Ok(search)) => search,
        Some(Err(error)) => return Err(error.clone()),
        None => {
            made = Search::new(&arguments.text(1)?)?;
            &made
        }
    };
    match search {
        Search::Plain(search) => plain(machine, &text, search, &replacement),
        Search::Pattern(regex) => by_pattern(machine, &text, regex, &replacement),
    }
}

fn plain(machine: &Machine<'_>, text: &str, search: &str, replacement: &str) -> Result<Value> {
    if search.is_empty() {
        return machine.text(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(search) {
        machine.produce(at + replacement.len())?;
        out.push_str(&rest[..at]);
        out.push_str(replacement);
        rest = &rest[at + search.len()..];
        if !decisions::REPLACE_PLAIN_TEXT_EVERYWHERE {
            break;
        }
    }
    out.push_str(rest);
    machine.text(&out)
}

fn by_pattern(
    machine: &Machine<'_>,
    text: &str,
    regex: &Regex,
    replacement: &str,
) -> Result<Value> {
    let replacement = parts(replacement, regex.groups());
    let mut matcher = Matcher::new(regex, text, machine)?;
    let mut out = String::with_capacity(text.len());
    let (mut copied, mut from) = (0, 0);
    while let Some((start, end)) = matcher.find(from)? {
        out.push_str(&text[copied..start]);
        for part in &replacement {
            let part = match part {
                Part::Text(text) => text,
                Part::Group(0) => &text[start..end],
                Part::Group(number) => matcher.group(*number).unwrap_or(""),
                Part::Before => &text[..start],
                Part::After => &text[end..],
            };
            machine.produce(part.len())?;
            out.push_str(part);
        }
        copied = end;
        if !regex.global {
            break;
        }
        // An empty match moves on by a character.
        from = if start == end {
            match text[end..].chars().next() {
                Some(c) => end + c.len_utf8(),
                None => break,
            }
        } else {
            end
        };
    }
    out.push_str(&text[copied..]);
    machine.text(&out)
}

enum Part<'r> {
    Text(&'r str),
    Group(usize),
    Before,
    After,
}

// `$&` is the match, `$1` to `$99` are groups, `$$` is a dollar sign.
fn parts(replacement: &str, groups: usize) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let (mut from, mut at) = (0, 0);
    let bytes = replacement.as_bytes();
    while let Some(found) = replacement[at..].find('$') {
        let dollar = at + found;
        let digit = |at: usize| {
            bytes.get(at).filter(|byte| byte.is_ascii_digit()).map(|byte| usize::from(byte - b'0'))
        };
        let group = |number: usize| (1..=groups).contains(&number).then_some(Part::Group(number));
        let two = digit(dollar + 1).zip(digit(dollar + 2)).map(|(ten, one)| ten * 10 + one);
        let found = match bytes.get(dollar + 1) {
            Some(b'&') => Some((Part::Group(0), 2)),
            Some(b'$') => Some((Part::Text("$"), 2)),
            Some(b'`') => Some((Part::Before, 2)),
            Some(b'\'') => Some((Part::After, 2)),
            _ => two
                .and_then(group)
                .map(|part| (part, 3))
                .or_else(|| digit(dollar + 1).and_then(group).map(|part| (part, 2))),
        };
        match found {
            Some((part, length)) => {
                parts.push(Part::Text(&replacement[from..dollar]));
                parts.push(part);
                from = dollar + length;
                at = from;
            }
            None => at = dollar + 1,
        }
    }
    parts.push(Part::Text(&replacement[from..]));
    parts
}
