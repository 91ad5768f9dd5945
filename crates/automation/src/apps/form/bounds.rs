//! What is checked alike in either state of a value, and the sentences about it.

use halyard_iml::{Text, Value, functions};

use crate::apps::parameter::{Kind, Parameter, Validate};

pub(super) const MANDATORY: &str = "Field is mandatory.";
pub(super) const PROHIBITED: &str = "Value contains prohibited IML expression.";

/// The JSON type of a value, by the name that messages have for it.
pub(super) fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Undefined => "undefined",
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::Text(_) => "string",
        Value::Date(_) => "date",
        Value::Buffer(_) | Value::Stored(_) => "buffer",
        Value::Array(_) => "array",
        Value::Collection(_) => "object",
    }
}

/// The JSON type that the stored value of a field has; nothing where any will do.
pub(super) fn expected(parameter: &Parameter) -> Option<&'static str> {
    match &parameter.kind {
        Kind::Number | Kind::Integer | Kind::Uinteger | Kind::Port | Kind::Reference(_) => {
            Some("number")
        }
        Kind::Boolean | Kind::Checkbox => Some("boolean"),
        Kind::Array | Kind::Filter | Kind::Upload | Kind::FileStorage => Some("array"),
        Kind::Collection => Some("object"),
        Kind::Json | Kind::Hidden | Kind::Select | Kind::List | Kind::Radio | Kind::Any => None,
        Kind::Other(_) => None,
        _ => Some("string"),
    }
}

pub(super) fn wrong_type(expected: &str, value: &Value) -> String {
    format!("Expected type '{expected}', got type '{}'.", json_type(value))
}

/// Whether a text contains an expression.
pub(super) fn is_expression(text: &str) -> bool {
    text.contains("{{") && text.contains("}}")
}

/// Whether a text is one expression and nothing else.
pub(super) fn is_whole_expression(text: &str) -> bool {
    text.starts_with("{{")
        && text.rfind("{{") == Some(0)
        && text.find("}}").is_some_and(|end| end + 2 == text.len())
}

/// Whether there is an expression anywhere in a value.
pub(super) fn has_expression(value: &Value) -> bool {
    match value {
        Value::Text(text) => is_expression(text),
        Value::Array(items) => items.iter().any(has_expression),
        Value::Collection(entries) => entries.iter().any(|(_, value)| has_expression(value)),
        _ => false,
    }
}

/// The values that are chosen.
pub(super) fn several<'v>(parameter: &Parameter, value: &'v Value) -> &'v [Value] {
    match value {
        Value::Array(items) if parameter.multiple => items,
        one => std::slice::from_ref(one),
    }
}

/// A value in a message.
pub(super) fn text_of(value: &Value) -> Text {
    match value {
        Value::Text(text) => text.clone(),
        Value::Undefined => "undefined".into(),
        other => other.to_json().unwrap_or_default().into(),
    }
}

/// The bounds of a field that are switched on.
fn bounds(parameter: &Parameter) -> Option<&Validate> {
    parameter.validate.as_ref().filter(|validate| !validate.off)
}

/// What is wrong with a text.
pub(super) fn of_text(parameter: &Parameter, text: &str) -> Vec<String> {
    let Some(bounds) = bounds(parameter) else { return Vec::new() };
    let mut wrong = Vec::new();
    let length = text.encode_utf16().count() as f64;
    if let Some(min) = bounds.min.filter(|min| length < *min) {
        wrong.push(format!("Value must be at least {min} characters long."));
    }
    if let Some(max) = bounds.max.filter(|max| length > *max) {
        wrong.push(format!("Value exceeded maximum length of {max} characters."));
    }
    if let Some(pattern) = &bounds.pattern {
        match functions::matches(text, pattern) {
            Ok(Some(true)) => {}
            Ok(Some(false)) => wrong.push(format!("Value doesn't match the pattern: {pattern}")),
            Ok(None) => wrong.push(format!("The pattern of the field cannot be used: {pattern}")),
            Err(error) => wrong.push(format!("The pattern of the field cannot be used: {error}")),
        }
    }
    wrong.extend(of_list(bounds, &Value::from(text)));
    wrong
}

/// What is wrong with a number.
pub(super) fn of_number(parameter: &Parameter, number: f64) -> Vec<String> {
    let Some(bounds) = bounds(parameter) else { return Vec::new() };
    let mut wrong = range(number, bounds.min, bounds.max);
    wrong.extend(of_list(bounds, &Value::Number(number)));
    wrong
}

pub(super) fn range(number: f64, min: Option<f64>, max: Option<f64>) -> Vec<String> {
    let mut wrong = Vec::new();
    if let Some(min) = min.filter(|min| number < *min) {
        wrong.push(format!("Value is too small. Minimum value is {min}."));
    }
    if let Some(max) = max.filter(|max| number > *max) {
        wrong.push(format!("Value is too big. Maximum value is {max}."));
    }
    wrong
}

fn of_list(bounds: &Validate, value: &Value) -> Option<String> {
    let text = text_of(value);
    let found =
        |allowed: &Value| json_type(allowed) == json_type(value) && text_of(allowed) == text;
    if bounds.one_of.is_empty() || bounds.one_of.iter().any(found) {
        return None;
    }
    let all: Vec<_> = bounds.one_of.iter().map(text_of).collect();
    Some(format!("Value must be one of the following: {}", all.join(", ")))
}

/// What is wrong with the size of an array, or of what was selected.
pub(super) fn of_size(parameter: &Parameter, size: usize) -> Vec<String> {
    let Some(bounds) = bounds(parameter) else { return Vec::new() };
    let subject = if parameter.kind.is_choice() { "Selected" } else { "Array has" };
    let size = size as f64;
    let mut wrong = Vec::new();
    if let Some(min) = bounds.min.filter(|min| size < *min) {
        wrong.push(format!("{subject} less than {min} items."));
    }
    if let Some(max) = bounds.max.filter(|max| size > *max) {
        wrong.push(format!("{subject} more than {max} items."));
    }
    wrong
}
