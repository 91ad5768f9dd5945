//! What the operators do with values.

use std::cmp::Ordering;

use crate::{
    coerce::{operand, truth, write_text},
    date,
    decisions::{self, Arithmetic},
    environment::MAX_VALUE_DEPTH,
    error::{Bound, Error, Result},
    machine::Machine,
    syntax::Binary,
    value::{Text, Value},
};

/// The result of an operator that needs both operands.
pub(crate) fn apply(
    machine: &Machine<'_>,
    operator: Binary,
    left: &Value,
    right: &Value,
) -> Result<Value> {
    let number = |operation| {
        decisions::arithmetic(operation, operand(machine, left), operand(machine, right))
    };
    Ok(match operator {
        Binary::Plus if matches!((left, right), (Value::Text(_), _) | (_, Value::Text(_))) => {
            let mut out = String::new();
            write_text(machine, &mut out, left)?;
            write_text(machine, &mut out, right)?;
            Value::Text(Text::from(out))
        }
        Binary::Plus => Value::Number(number(Arithmetic::Add)),
        Binary::Minus => Value::Number(number(Arithmetic::Subtract)),
        Binary::Times => Value::Number(number(Arithmetic::Multiply)),
        Binary::Divide => Value::Number(number(Arithmetic::Divide)),
        Binary::Remainder => Value::Number(number(Arithmetic::Remainder)),
        Binary::Equal => Value::Bool(decisions::equal(machine, left, right)?),
        Binary::NotEqual => Value::Bool(!decisions::equal(machine, left, right)?),
        Binary::Less => Value::Bool(order(machine, left, right) == Some(Ordering::Less)),
        Binary::Greater => Value::Bool(order(machine, left, right) == Some(Ordering::Greater)),
        Binary::LessOrEqual => {
            Value::Bool(order(machine, left, right).is_some_and(Ordering::is_le))
        }
        Binary::GreaterOrEqual => {
            Value::Bool(order(machine, left, right).is_some_and(Ordering::is_ge))
        }
        Binary::And => (if truth(left) { right } else { left }).clone(),
        Binary::Or => (if truth(left) { left } else { right }).clone(),
    })
}

/// Which of two values is less; nothing when they cannot be compared.
fn order(machine: &Machine<'_>, left: &Value, right: &Value) -> Option<Ordering> {
    let instant = |text: &Text| {
        let date = date::read(text, &machine.environment.zone)?.ok()?;
        Some(date.ms() as f64)
    };
    match (left, right) {
        (Value::Text(left), Value::Text(right)) => Some(by_code_unit(left, right)),
        (Value::Date(left), Value::Text(right)) => (left.ms() as f64).partial_cmp(&instant(right)?),
        (Value::Text(left), Value::Date(right)) => instant(left)?.partial_cmp(&(right.ms() as f64)),
        _ => operand(machine, left).partial_cmp(&operand(machine, right)),
    }
}

/// Whether two values of the same type are the same; values of different types are not.
pub(crate) fn same(machine: &Machine<'_>, left: &Value, right: &Value) -> Result<bool> {
    same_at(machine, left, right, 0)
}

fn same_at(machine: &Machine<'_>, left: &Value, right: &Value, depth: usize) -> Result<bool> {
    machine.work(1)?;
    if depth > MAX_VALUE_DEPTH {
        return Err(Error::limit(Bound::Depth));
    }
    Ok(match (left, right) {
        (Value::Undefined, Value::Undefined) | (Value::Null, Value::Null) => true,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::Number(left), Value::Number(right)) => left == right,
        (Value::Text(left), Value::Text(right)) => left == right,
        (Value::Date(left), Value::Date(right)) => left == right,
        (Value::Buffer(left), Value::Buffer(right)) => left == right,
        (Value::Stored(left), Value::Stored(right)) => left == right,
        (Value::Array(left), Value::Array(right)) => {
            if left.len() != right.len() {
                return Ok(false);
            }
            for (left, right) in left.iter().zip(right.iter()) {
                if !same_at(machine, left, right, depth + 1)? {
                    return Ok(false);
                }
            }
            true
        }
        (Value::Collection(left), Value::Collection(right)) => {
            if left.len() != right.len() {
                return Ok(false);
            }
            for (key, value) in left.iter() {
                match right.get(key) {
                    Some(other) if same_at(machine, value, other, depth + 1)? => {}
                    _ => return Ok(false),
                }
            }
            true
        }
        _ => false,
    })
}

/// The order of two texts by their UTF-16 code units.
pub(crate) fn by_code_unit(left: &str, right: &str) -> Ordering {
    let differ = left.bytes().zip(right.bytes()).position(|(left, right)| left != right);
    let Some(at) = differ else { return left.len().cmp(&right.len()) };
    // Only characters beyond the first plane are in another order than in UTF-8: their first code
    // unit comes before some characters of the first plane.
    let lead = |text: &str| {
        let byte = text.as_bytes()[at];
        if byte >= 0xf0 { 0xed_u16 * 2 + 1 } else { u16::from(byte) * 2 }
    };
    lead(left).cmp(&lead(right)).then_with(|| left.as_bytes()[at].cmp(&right.as_bytes()[at]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_ordered_as_utf16() {
        let texts = ["", "A", "a", "ab", "é", "\u{d7ff}", "😀", "😁", "\u{e000}", "\u{ffff}"];
        for left in texts {
            for right in texts {
                let units = left.encode_utf16().cmp(right.encode_utf16());
                assert_eq!(by_code_unit(left, right), units, "{left} {right}");
            }
        }
    }
}
