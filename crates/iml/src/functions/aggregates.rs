//! Functions on many numbers, given one by one or as arrays.

use super::Arguments;
use crate::{coerce, error::Result, value::Value};

pub(super) fn sum(arguments: &Arguments<'_, '_>) -> Result<Value> {
    Ok(Value::Number(numbers(arguments)?.iter().sum()))
}

pub(super) fn average(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let numbers = numbers(arguments)?;
    Ok(if numbers.is_empty() { Value::Undefined } else { Value::Number(mean(&numbers)) })
}

pub(super) fn max(arguments: &Arguments<'_, '_>) -> Result<Value> {
    Ok(numbers(arguments)?.into_iter().reduce(f64::max).map_or(Value::Undefined, Value::Number))
}

pub(super) fn min(arguments: &Arguments<'_, '_>) -> Result<Value> {
    Ok(numbers(arguments)?.into_iter().reduce(f64::min).map_or(Value::Undefined, Value::Number))
}

pub(super) fn median(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let mut numbers = numbers(arguments)?;
    numbers.sort_unstable_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    Ok(match numbers.len() {
        0 => Value::Undefined,
        odd if odd % 2 == 1 => Value::Number(numbers[middle]),
        _ => Value::Number((numbers[middle - 1] + numbers[middle]) / 2.0),
    })
}

pub(super) fn deviation_of_population(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let numbers = numbers(arguments)?;
    Ok(deviation(&numbers, numbers.len()))
}

pub(super) fn deviation_of_sample(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let numbers = numbers(arguments)?;
    Ok(deviation(&numbers, numbers.len().saturating_sub(1)))
}

fn deviation(numbers: &[f64], divisor: usize) -> Value {
    if divisor == 0 {
        return Value::Undefined;
    }
    let mean = mean(numbers);
    let squares: f64 = numbers.iter().map(|number| (number - mean) * (number - mean)).sum();
    Value::Number((squares / divisor as f64).sqrt())
}

fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

// What is not numeric is skipped.
fn numbers(arguments: &Arguments<'_, '_>) -> Result<Vec<f64>> {
    let mut numbers = Vec::new();
    let mut take = |value: &Value| {
        let number = match value {
            Value::Bool(_) => None,
            other => coerce::number(other).ok().flatten(),
        };
        numbers.extend(number.filter(|number| !number.is_nan()));
    };
    for value in arguments.rest(0) {
        match value {
            Value::Array(items) => {
                arguments.machine.work(items.len())?;
                items.iter().for_each(&mut take);
            }
            other => take(other),
        }
    }
    Ok(numbers)
}
