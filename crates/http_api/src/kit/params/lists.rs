//! Lists and objects, as JSON or as text that holds JSON.

use serde_json::{Map, Value};

use super::read::parse_json;
use super::scalars::{integer_in_number, integer_in_text};
use super::values::Single;
use super::{FromId, Kind, Param, Problem, Raw};

const INTEGERS: Problem = Problem::Invalid { expected: "a list of integers" };

/// A list of integers: JSON array, text holding one, comma list, repeated key, `key[]`, one bare
/// number; empty text is the empty list.
impl<T: FromId> Param for Vec<T> {
    fn kind() -> Kind {
        Kind::Integers
    }

    fn parse(raw: Raw) -> Result<Option<Vec<T>>, Problem> {
        let mut ids = Vec::new();
        collect_integers(raw, &mut ids)?;
        Ok(Some(ids))
    }
}

fn collect_integers<T: FromId>(raw: Raw, ids: &mut Vec<T>) -> Result<(), Problem> {
    match raw {
        Raw::Many(values) => values.into_iter().try_for_each(|raw| collect_integers(raw, ids)),
        Raw::Text(text) | Raw::Json(Value::String(text)) => integers_in_text(text.trim(), ids),
        Raw::Json(Value::Array(items)) => integers_in_array(&items, ids),
        Raw::Json(number @ Value::Number(_)) => integers_in_array(&[number], ids),
        Raw::Json(_) | Raw::File(_) => Err(INTEGERS),
    }
}

fn integers_in_text<T: FromId>(text: &str, ids: &mut Vec<T>) -> Result<(), Problem> {
    if text.is_empty() {
        return Ok(());
    }
    if text.starts_with('[') {
        return match parse_json(text) {
            Ok(Value::Array(items)) => integers_in_array(&items, ids),
            _ => Err(INTEGERS),
        };
    }
    for part in text.split(',') {
        let id = integer_in_text(part).ok().flatten().ok_or(INTEGERS)?;
        ids.push(T::from_id(id));
    }
    Ok(())
}

fn integers_in_array<T: FromId>(items: &[Value], ids: &mut Vec<T>) -> Result<(), Problem> {
    for item in items {
        let id = match item {
            Value::Number(number) => integer_in_number(number).ok(),
            Value::String(text) => integer_in_text(text).ok().flatten(),
            _ => None,
        };
        ids.push(T::from_id(id.ok_or(INTEGERS)?));
    }
    Ok(())
}

/// A list of JSON objects, kept as they were sent. Its own error is [`Problem::MalformedList`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct List(pub Vec<Map<String, Value>>);

impl Param for List {
    fn kind() -> Kind {
        Kind::Objects
    }

    /// Empty text means "not given", because forms send unused fields so; `[]` is the empty list.
    fn parse(raw: Raw) -> Result<Option<List>, Problem> {
        let mut objects = Vec::new();
        match raw {
            // Each `key[]` holds one object, or a list of them.
            Raw::Many(values) => {
                for raw in values {
                    match json_of(raw) {
                        Some(Value::Array(items)) => collect_objects(items, &mut objects)?,
                        Some(object @ Value::Object(_)) => {
                            collect_objects(vec![object], &mut objects)?;
                        }
                        _ => return Err(Problem::MalformedList),
                    }
                }
            }
            raw => match json_of(raw) {
                Some(Value::Null) => return Ok(None),
                Some(Value::Array(items)) => collect_objects(items, &mut objects)?,
                _ => return Err(Problem::MalformedList),
            },
        }
        Ok(Some(List(objects)))
    }
}

fn collect_objects(
    items: Vec<Value>,
    objects: &mut Vec<Map<String, Value>>,
) -> Result<(), Problem> {
    for item in items {
        match item {
            Value::Object(object) => objects.push(object),
            _ => return Err(Problem::MalformedList),
        }
    }
    Ok(())
}

/// A JSON object, kept as it was sent. Inside [`Patch`](super::Patch) empty text clears it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object(pub Map<String, Value>);

impl Param for Object {
    fn kind() -> Kind {
        Kind::Object
    }

    fn parse(raw: Raw) -> Result<Option<Object>, Problem> {
        match json_of(raw) {
            Some(Value::Null) => Ok(None),
            Some(Value::Object(object)) => Ok(Some(Object(object))),
            _ => Err(Problem::Invalid { expected: "a JSON object" }),
        }
    }

    fn clears(raw: &Raw) -> bool {
        raw.is_null() || raw.text().is_some_and(|text| matches!(text.trim(), "" | "null"))
    }
}

/// The JSON of a single value; empty text is `null`. `None` when it is no JSON or holds U+0000,
/// which a database could not give back as text.
fn json_of(raw: Raw) -> Option<Value> {
    let value = match raw.single()? {
        Single::Json(value) => value,
        Single::Text(text) if text.trim().is_empty() => Value::Null,
        Single::Text(text) => parse_json(&text).ok()?,
    };
    (!holds_nul(&value)).then_some(value)
}

fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_nul),
        Value::Object(object) => {
            object.iter().any(|(key, value)| key.contains('\0') || holds_nul(value))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
