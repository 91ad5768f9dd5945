//! Functions on arrays that compare their elements.

use std::{cmp::Ordering, collections::BTreeSet};

use super::{Arguments, general::at_key};
use crate::{
    coerce,
    collection::Key,
    environment::MAX_VALUE_DEPTH,
    error::{Bound, Error, Result, quoted},
    operators::by_code_unit,
    value::Value,
};

pub(super) fn deduplicate(arguments: &Arguments<'_, '_>) -> Result<Value> {
    distinct_by(arguments, None)
}

pub(super) fn distinct(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let key = arguments.text(1)?;
    distinct_by(arguments, (!key.is_empty()).then(|| Key::new(key)).as_ref())
}

fn distinct_by(arguments: &Arguments<'_, '_>, key: Option<&Key>) -> Result<Value> {
    let array = arguments.array(0)?;
    let mut seen = BTreeSet::new();
    let mut kept = Vec::new();
    for item in array.iter() {
        let compared = match key {
            Some(key) => at_key(item, key).unwrap_or(&Value::Undefined),
            None => item,
        };
        check_depth(compared, 0)?;
        if seen.insert(hashed(compared)) {
            kept.push(item.clone());
        }
    }
    arguments.machine.array(kept)
}

pub(super) fn diff(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let (a, b) = (arguments.array(0)?, arguments.array(1)?);
    let other = set(&b)?;
    keep(arguments, &a, |item| !other.contains(&hashed(item)))
}

pub(super) fn intersect(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let (a, b) = (arguments.array(0)?, arguments.array(1)?);
    let other = set(&b)?;
    keep(arguments, &a, |item| other.contains(&hashed(item)))
}

pub(super) fn difference(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let mode = arguments.text_or(2, "classic")?;
    let (a, b) = (arguments.array(0)?, arguments.array(1)?);
    let (in_a, in_b) = (set(&a)?, set(&b)?);
    let mut items: Vec<_> =
        a.iter().filter(|item| !in_b.contains(&hashed(item))).cloned().collect();
    match &*mode {
        "" | "classic" => {}
        "symmetric" => {
            items.extend(b.iter().filter(|item| !in_a.contains(&hashed(item))).cloned());
        }
        other => {
            return arguments
                .wrong(2, format!("{} is no mode; classic and symmetric are.", quoted(other)));
        }
    }
    arguments.machine.array(items)
}

pub(super) fn remove(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let array = arguments.array(0)?;
    let values = set(arguments.rest(1))?;
    keep(arguments, &array, |item| !values.contains(&hashed(item)))
}

fn keep(
    arguments: &Arguments<'_, '_>,
    items: &[Value],
    wanted: impl Fn(&Value) -> bool,
) -> Result<Value> {
    for item in items {
        check_depth(item, 0)?;
    }
    arguments.machine.array(items.iter().filter(|item| wanted(item)).cloned().collect())
}

fn set(items: &[Value]) -> Result<BTreeSet<Sorted<'_>>> {
    items
        .iter()
        .map(|item| {
            check_depth(item, 0)?;
            Ok(hashed(item))
        })
        .collect()
}

pub(super) fn sort(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let machine = arguments.machine;
    let array = arguments.array(0)?;
    let mut order = arguments.text(1)?;
    let mut key = arguments.text(2)?;
    if !matches!(&*order, "" | "asc" | "desc" | "asc ci" | "desc ci") {
        if !key.is_empty() {
            return arguments.wrong(
                1,
                format!("{} is no order; asc, desc, asc ci and desc ci are.", quoted(&order)),
            );
        }
        key = std::mem::replace(&mut order, "".into());
    }
    let key = (!key.is_empty()).then(|| Key::new(key));
    let any_case = order.ends_with(" ci");
    let mut keyed = Vec::with_capacity(array.len());
    for item in array.iter() {
        let compared = match &key {
            Some(key) => at_key(item, key).unwrap_or(&Value::Undefined),
            None => item,
        };
        let sorted = match compared {
            Value::Text(text) if any_case => {
                machine.produce(text.len())?;
                Value::from(text.to_lowercase())
            }
            // What has no order of its own is ordered by its text.
            Value::Array(_) | Value::Collection(_) | Value::Buffer(_) => {
                Value::Text(coerce::text(machine, compared)?)
            }
            other => other.clone(),
        };
        keyed.push((sorted, item));
    }
    let descending = order.starts_with("desc");
    keyed.sort_by(|(a, _), (b, _)| {
        // What has no value comes last in either direction.
        let nothing = a.is_nothing().cmp(&b.is_nothing());
        nothing.then_with(|| {
            let order = compare(a, b, 0);
            if descending { order.reverse() } else { order }
        })
    });
    machine.array(keyed.into_iter().map(|(_, item)| item.clone()).collect())
}

/// A value in some order of all values, in which those that equal each other are the same. Most
/// comparisons end at the hash, without following any pointer; nothing but time depends on it.
struct Sorted<'v>(u64, &'v Value);

fn hashed(value: &Value) -> Sorted<'_> {
    Sorted(hash(value, 0), value)
}

fn hash(value: &Value, depth: usize) -> u64 {
    let mix = |hash: u64, next: u64| (hash ^ next).wrapping_mul(0x0100_0000_01b3).rotate_left(23);
    let bytes = |kind: u64, bytes: &[u8]| bytes.iter().fold(kind, |h, b| mix(h, u64::from(*b)));
    match value {
        Value::Undefined => 1,
        Value::Null => 2,
        Value::Bool(value) => 3 + u64::from(*value),
        Value::Number(number) => mix(5, (number + 0.0).to_bits()),
        Value::Text(text) => bytes(6, text.as_bytes()),
        Value::Date(date) => mix(7, date.ms().cast_unsigned()),
        Value::Buffer(buffer) => bytes(8, buffer),
        Value::Stored(stored) => bytes(13, stored.id.as_bytes()),
        Value::Array(_) | Value::Collection(_) if depth == MAX_VALUE_DEPTH => 9,
        Value::Array(items) => items.iter().fold(10, |h, item| mix(h, hash(item, depth + 1))),
        // The order of keys does not count.
        Value::Collection(collection) => collection.iter().fold(11, |h, (key, item)| {
            h.wrapping_add(mix(bytes(12, key.name().as_bytes()), hash(item, depth + 1)))
        }),
    }
}

impl PartialEq for Sorted<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Sorted<'_> {}

impl PartialOrd for Sorted<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Sorted<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0).then_with(|| compare(self.1, other.1, 0))
    }
}

fn compare(a: &Value, b: &Value, depth: usize) -> Ordering {
    let rank = |value: &Value| match value {
        Value::Number(_) => 0,
        Value::Date(_) => 1,
        Value::Bool(_) => 2,
        Value::Text(_) => 3,
        Value::Buffer(_) | Value::Stored(_) => 4,
        Value::Array(_) => 5,
        Value::Collection(_) => 6,
        Value::Null => 7,
        Value::Undefined => 8,
    };
    match (a, b) {
        // Adding zero makes both zeros the same.
        (Value::Number(a), Value::Number(b)) => (a + 0.0).total_cmp(&(b + 0.0)),
        (Value::Date(a), Value::Date(b)) => a.cmp(b),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Text(a), Value::Text(b)) => by_code_unit(a, b),
        (Value::Buffer(a), Value::Buffer(b)) => a.cmp(b),
        (Value::Stored(a), Value::Stored(b)) => a.id.cmp(&b.id),
        (Value::Array(a), Value::Array(b)) if depth < MAX_VALUE_DEPTH => a
            .iter()
            .zip(b.iter())
            .map(|(a, b)| compare(a, b, depth + 1))
            .find(|order| order.is_ne())
            .unwrap_or_else(|| a.len().cmp(&b.len())),
        (Value::Collection(a), Value::Collection(b)) if depth < MAX_VALUE_DEPTH => {
            // The order of keys does not count.
            let sorted = |collection: &crate::collection::Collection| {
                let mut entries: Vec<_> = collection.iter().cloned().collect();
                entries.sort_by(|(a, _), (b, _)| a.name().cmp(b.name()));
                entries
            };
            let (a, b) = (sorted(a), sorted(b));
            a.iter()
                .zip(b.iter())
                .map(|((a_key, a), (b_key, b))| {
                    a_key.name().cmp(b_key.name()).then_with(|| compare(a, b, depth + 1))
                })
                .find(|order| order.is_ne())
                .unwrap_or_else(|| a.len().cmp(&b.len()))
        }
        _ => rank(a).cmp(&rank(b)),
    }
}

// Deeper values would all seem equal.
fn check_depth(value: &Value, depth: usize) -> Result<()> {
    if depth == MAX_VALUE_DEPTH {
        return Err(Error::limit(Bound::Depth));
    }
    match value {
        Value::Array(items) => items.iter().try_for_each(|item| check_depth(item, depth + 1)),
        Value::Collection(collection) => {
            collection.iter().try_for_each(|(_, item)| check_depth(item, depth + 1))
        }
        _ => Ok(()),
    }
}
