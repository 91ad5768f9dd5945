//! Functions on text.

use unicode_normalization::UnicodeNormalization as _;

use super::{Arguments, emoji, units};
use crate::{coerce::truth, decisions, error::Result, value::Value};

pub(super) fn ascii(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let text = arguments.text(0)?;
    arguments.machine.work(text.len())?;
    let kept: String = if truth(arguments.value(1)) {
        text.nfd().flat_map(plain).filter(char::is_ascii).collect()
    } else {
        text.chars().filter(char::is_ascii).collect()
    };
    arguments.machine.text(&kept)
}

// Letters that are not made of a base letter and a mark.
fn plain(c: char) -> impl Iterator<Item = char> {
    let letters = match c {
        'ß' => "ss",
        'æ' => "ae",
        'Æ' => "AE",
        'œ' => "oe",
        'Œ' => "OE",
        'ø' => "o",
        'Ø' => "O",
        'ł' => "l",
        'Ł' => "L",
        'đ' | 'ð' => "d",
        'Đ' | 'Ð' => "D",
        'þ' => "th",
        'Þ' => "Th",
        'ħ' => "h",
        'Ħ' => "H",
        'ı' => "i",
        'ŧ' => "t",
        'Ŧ' => "T",
        _ => "",
    };
    letters.chars().chain(letters.is_empty().then_some(c))
}

pub(super) fn capitalize(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let text = arguments.text(0)?;
    let mut rest = text.chars();
    let Some(first) = rest.next() else { return Ok(Value::Text(text)) };
    let mut out: String = first.to_uppercase().collect();
    out.push_str(rest.as_str());
    arguments.machine.text(&out)
}

pub(super) fn contains(arguments: &Arguments<'_, '_>) -> Result<Value> {
    match arguments.value(0) {
        Value::Undefined | Value::Null => Ok(Value::Bool(false)),
        Value::Array(items) => {
            for item in items.iter() {
                if decisions::equal(arguments.machine, item, arguments.value(1))? {
                    return Ok(Value::Bool(true));
                }
            }
            Ok(Value::Bool(false))
        }
        _ => {
            let (text, search) = (arguments.text(0)?, arguments.text(1)?);
            arguments.machine.work(text.len())?;
            Ok(Value::Bool(text.contains(&*search)))
        }
    }
}

pub(super) fn index_of(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let start = arguments.number(2)?.unwrap_or(0.0);
    if let Value::Array(items) = arguments.value(0) {
        for (at, item) in items.iter().enumerate().skip(units::position(start, items.len())) {
            if decisions::equal(arguments.machine, item, arguments.value(1))? {
                return Ok(Value::Number(at as f64));
            }
        }
        return Ok(Value::Number(-1.0));
    }
    let (text, search) = (arguments.text(0)?, arguments.text(1)?);
    arguments.machine.work(text.len())?;
    let start = units::position(start, units::length(&text));
    let (mut from, half) = units::byte_at(&text, start);
    if half {
        from += text[from..].chars().next().map_or(0, char::len_utf8);
    }
    let found = text[from..].find(&*search);
    Ok(Value::Number(found.map_or(-1.0, |at| units::length(&text[..from + at]) as f64)))
}

pub(super) fn length(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let length = match arguments.value(0) {
        Value::Stored(stored) => return Ok(Value::Number(stored.bytes as f64)),
        Value::Undefined | Value::Null => 0,
        Value::Buffer(bytes) => bytes.len(),
        Value::Array(items) => items.len(),
        Value::Collection(collection) => collection.len(),
        _ => {
            let text = arguments.text(0)?;
            arguments.machine.work(text.len() / 16)?;
            units::length(&text)
        }
    };
    Ok(Value::Number(length as f64))
}

pub(super) fn lower(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let text = arguments.text(0)?;
    arguments.machine.work(text.len())?;
    arguments.machine.text(&text.to_lowercase())
}

pub(super) fn upper(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let text = arguments.text(0)?;
    arguments.machine.work(text.len())?;
    arguments.machine.text(&text.to_uppercase())
}

pub(super) fn replace_emoji(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let (text, replacement) = (arguments.text(0)?, arguments.text(1)?);
    arguments.machine.work(text.len())?;
    let mut out = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some(first) = rest.chars().next() {
        let length = emoji::length(rest);
        if length > 0 {
            arguments.machine.produce(replacement.len())?;
            out.push_str(&replacement);
            rest = &rest[length..];
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    arguments.machine.text(&out)
}

pub(super) fn split(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let machine = arguments.machine;
    if arguments.value(0).is_nothing() {
        return Ok(Value::array(Vec::new()));
    }
    let text = arguments.text(0)?;
    if arguments.value(1).is_nothing() {
        return machine.array(vec![Value::Text(text)]);
    }
    let separator = arguments.text(1)?;
    machine.work(text.len())?;
    machine.produce(text.len())?;
    let mut parts = Vec::new();
    let mut push = |part: &str| {
        machine.produce(size_of::<Value>() + 2 * size_of::<usize>())?;
        parts.push(Value::from(part));
        Ok(())
    };
    if separator.is_empty() {
        text.char_indices().try_for_each(|(at, c)| push(&text[at..at + c.len_utf8()]))?;
    } else {
        text.split(&*separator).try_for_each(push)?;
    }
    Ok(Value::array(parts))
}

pub(super) fn startcase(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let text = arguments.text(0)?;
    arguments.machine.work(text.len())?;
    let mut out = String::with_capacity(text.len());
    let mut in_word = false;
    for c in text.chars() {
        if in_word {
            out.extend(c.to_lowercase());
        } else {
            out.extend(c.to_uppercase());
        }
        in_word = c.is_alphanumeric() || (in_word && matches!(c, '\'' | '’'));
    }
    arguments.machine.text(&out)
}

pub(super) fn substring(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let text = arguments.text(0)?;
    let length = units::length(&text);
    arguments.machine.work(text.len() / 16)?;
    let start = units::position(arguments.number(1)?.unwrap_or(0.0), length);
    let end = arguments.number(2)?.map_or(length, |end| units::position(end, length));
    let part = units::between(&text, start.min(end), start.max(end));
    arguments.machine.text(&part)
}

pub(super) fn to_string(arguments: &Arguments<'_, '_>) -> Result<Value> {
    arguments.text(0).map(Value::Text)
}

pub(super) fn trim(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let text = arguments.text(0)?;
    let trimmed = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if trimmed.len() == text.len() {
        return Ok(Value::Text(text));
    }
    arguments.machine.text(trimmed)
}
