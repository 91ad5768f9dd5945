//! Access to values by computed names.

use super::Arguments;
use crate::{
    coerce,
    collection::{Collection, Key},
    decisions,
    error::Result,
    evaluate::{element, property},
    number::read_number,
    value::Value,
};

pub(super) fn equal(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let (a, b) = (arguments.value(0), arguments.value(1));
    decisions::equal(arguments.machine, a, b).map(Value::Bool)
}

pub(super) fn get(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let (value, path) = (arguments.value(0), arguments.value(1));
    let found = match (value, path) {
        (Value::Array(_), Value::Number(number)) => element(value, *number),
        (_, Value::Undefined | Value::Null) => None,
        _ => {
            let path = arguments.text(1)?;
            arguments.machine.work(path.len())?;
            at_path(value, &path)
        }
    };
    Ok(found.cloned().unwrap_or_default())
}

pub(super) fn omit(arguments: &Arguments<'_, '_>) -> Result<Value> {
    select(arguments, false)
}

pub(super) fn pick(arguments: &Arguments<'_, '_>) -> Result<Value> {
    select(arguments, true)
}

fn select(arguments: &Arguments<'_, '_>, wanted: bool) -> Result<Value> {
    let collection = arguments.collection(0)?;
    let mut keys = Vec::new();
    for at in 1..arguments.count() {
        // Several keys may come as one array.
        if let Value::Array(names) = arguments.value(at) {
            arguments.machine.work(names.len())?;
            for name in names.iter() {
                keys.push((Key::new(coerce::text(arguments.machine, name)?), Value::Null));
            }
        } else {
            keys.push((Key::new(arguments.text(at)?), Value::Null));
        }
    }
    let keys = Collection::new(keys);
    let kept: Vec<_> =
        collection.iter().filter(|(key, _)| keys.get(key).is_some() == wanted).cloned().collect();
    arguments.machine.produce(size_of::<(Key, Value)>() * kept.len())?;
    Ok(Value::collection(Collection::new(kept)))
}

/// The value at a path in dot notation; elements of arrays are counted from 1.
pub(super) fn at_path<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    let mut value = value;
    for segment in (Segments { rest: path, first: true }) {
        value = match (value, segment?) {
            (Value::Array(_), Segment::First) => element(value, 1.0)?,
            (Value::Array(_), Segment::Name(name)) => element(value, read_number(name)?)?,
            (_, Segment::Name(name)) => property(value, &Key::new(name))?,
            (_, Segment::First) => return None,
        };
    }
    Some(value)
}

/// The value of a key, or of a path when there is no such key.
pub(super) fn at_key<'v>(value: &'v Value, key: &Key) -> Option<&'v Value> {
    property(value, key).or_else(|| {
        let path = key.name();
        if path.contains(['.', '[', '`']) || matches!(value, Value::Array(_)) {
            at_path(value, path)
        } else {
            None
        }
    })
}

enum Segment<'p> {
    Name(&'p str),
    First,
}

struct Segments<'p> {
    rest: &'p str,
    first: bool,
}

// Nothing inside: what follows cannot be read.
impl<'p> Iterator for Segments<'p> {
    type Item = Option<Segment<'p>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return if std::mem::take(&mut self.first) { Some(None) } else { None };
        }
        if let Some(rest) = self.rest.strip_prefix('[') {
            self.first = false;
            let Some((inside, rest)) = rest.split_once(']') else { return Some(None) };
            self.rest = rest;
            let inside = inside.trim();
            return Some(Some(if inside.is_empty() {
                Segment::First
            } else {
                Segment::Name(inside.trim_matches(['\'', '"', '`']))
            }));
        }
        if !std::mem::take(&mut self.first) {
            let Some(rest) = self.rest.strip_prefix('.') else { return Some(None) };
            self.rest = rest;
        }
        if let Some(rest) = self.rest.strip_prefix('`') {
            let Some((name, rest)) = rest.split_once('`') else { return Some(None) };
            self.rest = rest;
            return Some(Some(Segment::Name(name)));
        }
        let end = self.rest.find(['.', '[']).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(if name.is_empty() { None } else { Some(Segment::Name(name)) })
    }
}
