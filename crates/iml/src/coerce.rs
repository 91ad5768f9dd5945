//! Values read as another type.

use std::sync::Arc;

use crate::{
    collection::Collection,
    date::{self, Date},
    decisions,
    environment::MAX_VALUE_DEPTH,
    error::{Bound, Error, ErrorKind, Result, quoted},
    json,
    machine::Machine,
    number::{read_number, write_number},
    value::{Stored, Text, Value},
};

/// Whether a value counts as true.
#[must_use]
pub fn truth(value: &Value) -> bool {
    decisions::truth(value)
}

/// Appends the text form of a value.
pub(crate) fn write_text(machine: &Machine<'_>, out: &mut String, value: &Value) -> Result<()> {
    write_text_at(machine, out, value, 0)
}

fn write_text_at(
    machine: &Machine<'_>,
    out: &mut String,
    value: &Value,
    depth: usize,
) -> Result<()> {
    match value {
        Value::Undefined | Value::Null => {}
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => write_number(out, *number),
        Value::Text(text) => {
            machine.produce(text.len())?;
            out.push_str(text);
        }
        Value::Date(date) => date.write_iso(out),
        Value::Buffer(bytes) => {
            machine.produce(bytes.len())?;
            out.push_str(&String::from_utf8_lossy(bytes));
        }
        Value::Stored(stored) => return Err(out_of_memory(stored)),
        Value::Array(items) => {
            if depth == MAX_VALUE_DEPTH {
                return Err(Error::limit(Bound::Depth));
            }
            machine.work(items.len())?;
            machine.produce(items.len())?;
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push_str(decisions::ARRAY_TEXT_SEPARATOR);
                }
                write_text_at(machine, out, item, depth + 1)?;
            }
        }
        Value::Collection(_) => json::write(machine, out, value)?,
    }
    Ok(())
}

fn out_of_memory(stored: &Stored) -> Error {
    let cause = format!(
        "A file of {} bytes is too large for an expression; it can only be handed on as it is.",
        stored.bytes
    );
    Error::new(ErrorKind::Conversion, cause)
}

/// The text form of a value.
pub(crate) fn text(machine: &Machine<'_>, value: &Value) -> Result<Text> {
    if let Value::Text(text) = value {
        return Ok(text.clone());
    }
    let mut out = String::new();
    write_text(machine, &mut out, value)?;
    Ok(out.into())
}

/// The number that an argument is; nothing when there is none.
pub(crate) fn number(value: &Value) -> Result<Option<f64>> {
    let failed =
        |what: &str| Err(Error::new(ErrorKind::Argument, format!("{what} is not a number.")));
    match value {
        Value::Undefined | Value::Null => Ok(None),
        Value::Number(number) => Ok(Some(*number)),
        Value::Bool(value) => Ok(Some(f64::from(u8::from(*value)))),
        Value::Date(date) => Ok(Some(date.ms() as f64)),
        Value::Text(text) => match read_number(text) {
            Some(number) => Ok(Some(number)),
            None => failed(&quoted(text)),
        },
        other => failed(&format!("A value of the type {}", other.kind().name())),
    }
}

/// The number that an operand of arithmetic is; NaN when it is none.
pub(crate) fn operand(machine: &Machine<'_>, value: &Value) -> f64 {
    match value {
        Value::Number(number) => *number,
        Value::Bool(value) => f64::from(u8::from(*value)),
        Value::Date(date) => date.ms() as f64,
        Value::Text(text) => match read_number(text) {
            Some(number) => number,
            // A date that a store has turned into text.
            None if date::has_offset(text) => date::read(text, &machine.environment.zone)
                .and_then(Result::ok)
                .map_or(f64::NAN, |date| date.ms() as f64),
            None => f64::NAN,
        },
        _ => f64::NAN,
    }
}

/// The date that an argument is.
pub(crate) fn date(machine: &Machine<'_>, value: &Value) -> Result<Date> {
    let failed =
        |what: &str| Err(Error::new(ErrorKind::Argument, format!("{what} is not a date.")));
    match value {
        Value::Date(date) => Ok(*date),
        Value::Number(ms) if ms.is_finite() => Date::from_number(*ms),
        Value::Number(_) => failed("A number that is not finite"),
        Value::Text(text) => match date::read(text, &machine.environment.zone) {
            Some(date) => date,
            None => failed(&quoted(text)),
        },
        other => failed(&format!("A value of the type {}", other.kind().name())),
    }
}

/// The array that an argument is: nothing is an empty one, and anything else is its only element.
pub(crate) fn array(value: &Value) -> Arc<Vec<Value>> {
    match value {
        Value::Undefined | Value::Null => Arc::default(),
        Value::Array(items) => Arc::clone(items),
        other => Arc::new(vec![other.clone()]),
    }
}

/// The collection that an argument is: nothing is an empty one.
pub(crate) fn collection(value: &Value) -> Result<Arc<Collection>> {
    match value {
        Value::Undefined | Value::Null => Ok(Arc::default()),
        Value::Collection(collection) => Ok(Arc::clone(collection)),
        other => Err(Error::new(
            ErrorKind::Argument,
            format!("A value of the type {} is not a collection.", other.kind().name()),
        )),
    }
}

/// The bytes that an argument is.
pub(crate) fn bytes(machine: &Machine<'_>, value: &Value) -> Result<Arc<[u8]>> {
    match value {
        Value::Buffer(bytes) => Ok(Arc::clone(bytes)),
        other => Ok(Arc::from(text(machine, other)?.as_bytes())),
    }
}
