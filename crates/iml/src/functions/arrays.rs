//! Functions on arrays and collections that keep their elements.

use super::{Arguments, general::at_key, members::Members, units};
use crate::{
    coerce::{self, write_text},
    collection::{Collection, Key},
    environment::MAX_VALUE_DEPTH,
    error::{Bound, Error, Result},
    value::Value,
};

pub(super) fn add(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let mut items = arguments.array(0)?.to_vec();
    items.extend_from_slice(arguments.rest(1));
    arguments.machine.array(items)
}

pub(super) fn first(arguments: &Arguments<'_, '_>) -> Result<Value> {
    Ok(coerce::array(arguments.value(0)).first().cloned().unwrap_or_default())
}

pub(super) fn last(arguments: &Arguments<'_, '_>) -> Result<Value> {
    Ok(coerce::array(arguments.value(0)).last().cloned().unwrap_or_default())
}

pub(super) fn flatten(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let array = arguments.array(0)?;
    let depth = units::position(arguments.number(1)?.unwrap_or(1.0), MAX_VALUE_DEPTH);
    let mut out = Vec::with_capacity(array.len());
    dissolve(arguments, &array, depth, &mut out)?;
    arguments.machine.array(out)
}

fn dissolve(
    arguments: &Arguments<'_, '_>,
    items: &[Value],
    depth: usize,
    out: &mut Vec<Value>,
) -> Result<()> {
    arguments.machine.work(items.len())?;
    for item in items {
        match item {
            Value::Array(inner) if depth > 0 => dissolve(arguments, inner, depth - 1, out)?,
            other => {
                arguments.machine.produce(size_of::<Value>())?;
                out.push(other.clone());
            }
        }
    }
    Ok(())
}

pub(super) fn join(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let (array, separator) = (arguments.array(0)?, arguments.text(1)?);
    let mut out = String::new();
    for (at, item) in array.iter().enumerate() {
        if at > 0 {
            arguments.machine.produce(separator.len())?;
            out.push_str(&separator);
        }
        write_text(arguments.machine, &mut out, item)?;
    }
    arguments.machine.text(&out)
}

pub(super) fn keys(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let names = match arguments.value(0) {
        Value::Undefined | Value::Null => Vec::new(),
        Value::Array(items) => {
            arguments.machine.work(items.len())?;
            (0..items.len()).map(|at| Value::from(at.to_string())).collect()
        }
        _ => {
            let collection = arguments.collection(0)?;
            collection.iter().map(|(key, _)| Value::Text(key.name().clone())).collect()
        }
    };
    arguments.machine.array(names)
}

pub(super) fn map(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let machine = arguments.machine;
    let array = arguments.array(0)?;
    let key = Key::new(arguments.text(1)?);
    // Without values there is nothing to filter by.
    let filtered = !arguments.value(2).is_empty() && !arguments.value(3).is_nothing();
    let filter = Key::new(arguments.text(2)?);
    let values = if filtered { arguments.text(3)? } else { "".into() };
    machine.work(values.len())?;
    let values = Members::new(values.split(',').map(str::trim));
    let mut out = Vec::new();
    for item in array.iter() {
        if filtered {
            let Some(value) = at_key(item, &filter) else { continue };
            if !values.contain(coerce::text(machine, value)?.trim()) {
                continue;
            }
        }
        out.extend(at_key(item, &key).filter(|value| !value.is_undefined()).cloned());
    }
    machine.array(out)
}

pub(super) fn merge(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let given = arguments.rest(0).iter().filter(|value| !value.is_nothing());
    let machine = arguments.machine;
    if given.clone().count() > 0 && given.clone().all(|value| matches!(value, Value::Collection(_)))
    {
        let mut entries = Vec::new();
        for value in given {
            let collection = coerce::collection(value)?;
            machine.work(collection.len())?;
            machine.produce(size_of::<(Key, Value)>() * collection.len())?;
            entries.extend(collection.iter().cloned());
        }
        return Ok(Value::collection(Collection::new(entries)));
    }
    let mut items = Vec::new();
    for value in given {
        let array = coerce::array(value);
        machine.work(array.len())?;
        items.extend_from_slice(&array);
    }
    machine.array(items)
}

pub(super) fn reverse(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let mut items = arguments.array(0)?.to_vec();
    items.reverse();
    arguments.machine.array(items)
}

pub(super) fn shuffle(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let mut items = arguments.array(0)?.to_vec();
    for at in (1..items.len()).rev() {
        let bits = u128::from(arguments.machine.environment.randomness.next());
        let other = (bits * (at as u128 + 1)) >> 64;
        items.swap(at, usize::try_from(other).expect("at most the position itself"));
    }
    arguments.machine.array(items)
}

pub(super) fn slice(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let array = arguments.array(0)?;
    let length = array.len() as f64;
    let position = |at: f64| {
        units::position(if at < 0.0 { (length + at.trunc()).max(0.0) } else { at }, array.len())
    };
    let start = position(arguments.number(1)?.unwrap_or(0.0));
    let end = position(arguments.number(2)?.unwrap_or(length));
    let part = if start < end { array[start..end].to_vec() } else { Vec::new() };
    arguments.machine.array(part)
}

pub(super) fn to_array(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let collection = arguments.collection(0)?;
    let (name, value) = (Key::new("key"), Key::new("value"));
    let pairs: Vec<_> = collection
        .iter()
        .map(|(key, item)| {
            let pair = vec![
                (name.clone(), Value::Text(key.name().clone())),
                (value.clone(), item.clone()),
            ];
            Value::collection(Collection::new(pair))
        })
        .collect();
    arguments.machine.produce(pairs.len() * 2 * size_of::<(Key, Value)>())?;
    arguments.machine.array(pairs)
}

pub(super) fn to_collection(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let array = arguments.array(0)?;
    let (name, value) = (Key::new(arguments.text(1)?), Key::new(arguments.text(2)?));
    let mut entries = Vec::with_capacity(array.len());
    for item in array.iter() {
        // An element without a name has no place in a collection.
        let Some(key) = at_key(item, &name).filter(|key| !key.is_nothing()) else { continue };
        let value = at_key(item, &value).cloned().unwrap_or_default();
        if !value.is_undefined() {
            entries.push((Key::new(coerce::text(arguments.machine, key)?), value));
        }
    }
    arguments.machine.produce(size_of::<(Key, Value)>() * entries.len())?;
    if entries.len() > u32::MAX as usize {
        return Err(Error::limit(Bound::Output));
    }
    Ok(Value::collection(Collection::new(entries)))
}
