//! JSON text.

use super::Arguments;
use crate::{error::Result, json, value::Value};

pub(super) fn create(arguments: &Arguments<'_, '_>) -> Result<Value> {
    if arguments.value(0).is_undefined() {
        return Ok(Value::Undefined);
    }
    let mut out = String::new();
    json::write(arguments.machine, &mut out, arguments.value(0))?;
    Ok(Value::from(out))
}

pub(super) fn parse(arguments: &Arguments<'_, '_>) -> Result<Value> {
    if arguments.value(0).is_empty() {
        return Ok(Value::Undefined);
    }
    let text = arguments.text(0)?;
    arguments.machine.work(text.len())?;
    // A value takes up to this many times the space of its shortest text.
    arguments.machine.produce(text.len().saturating_mul(8))?;
    match json::read(&text) {
        Ok(value) => Ok(value),
        Err(cause) => arguments.wrong(0, format!("This is not JSON: {cause}.")),
    }
}
