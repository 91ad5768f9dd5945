//! The content of JSON, checked against a schema: the keywords that describe plain data.

use halyard_iml::{Collection, Value, functions};

use super::bounds;

const MAX_DEPTH: usize = 64;

/// What is wrong with a value. Keywords that are not known are no restriction, as the standard wants
/// it; references (`$ref`) are among them.
pub(super) fn check(schema: &Value, value: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    at(schema, value, "$", 0, &mut wrong);
    wrong
}

fn at(schema: &Value, value: &Value, path: &str, depth: usize, wrong: &mut Vec<String>) {
    let mut says = |what: String| wrong.push(format!("JSON at {path}: {what}"));
    let schema = match schema {
        Value::Collection(schema) => schema,
        Value::Bool(false) => return says("nothing is allowed here.".to_owned()),
        _ => return,
    };
    if depth == MAX_DEPTH {
        return says("the schema is nested too deeply.".to_owned());
    }
    if let Some(types) = schema.by_name("type")
        && !list(types).iter().any(|name| is_type(name, value))
    {
        let names: Vec<_> = list(types).iter().map(bounds::text_of).collect();
        let got = bounds::json_type(value);
        return says(format!("Expected type '{}', got type '{got}'.", names.join("' or '")));
    }
    if let Some(Value::Array(allowed)) = schema.by_name("enum")
        && !allowed.iter().any(|allowed| same(allowed, value))
    {
        let all: Vec<_> = allowed.iter().map(bounds::text_of).collect();
        says(format!("Value must be one of the following: {}", all.join(", ")));
    }
    if let Some(constant) = schema.by_name("const")
        && !same(constant, value)
    {
        says(format!("Value must be one of the following: {}", bounds::text_of(constant)));
    }
    combined(schema, value, path, depth, wrong);
    match value {
        Value::Text(text) => of_text(schema, text, path, wrong),
        Value::Number(number) => of_number(schema, *number, path, wrong),
        Value::Array(items) => of_array(schema, items, path, depth, wrong),
        Value::Collection(entries) => of_object(schema, entries, path, depth, wrong),
        _ => {}
    }
}

fn list(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        one => std::slice::from_ref(one),
    }
}

fn is_type(name: &Value, value: &Value) -> bool {
    let Value::Text(name) = name else { return false };
    match (&**name, value) {
        ("integer", Value::Number(number)) => number.fract() == 0.0,
        (name, value) => name == bounds::json_type(value),
    }
}

fn same(a: &Value, b: &Value) -> bool {
    matches!((a.to_json(), b.to_json()), (Ok(a), Ok(b)) if a == b)
}

fn number_of(schema: &Collection, name: &str) -> Option<f64> {
    match schema.by_name(name) {
        Some(Value::Number(number)) => Some(*number),
        _ => None,
    }
}

fn combined(schema: &Collection, value: &Value, path: &str, depth: usize, wrong: &mut Vec<String>) {
    let fits = |schema: &Value| {
        let mut wrong = Vec::new();
        at(schema, value, path, depth + 1, &mut wrong);
        wrong.is_empty()
    };
    if let Some(all) = schema.by_name("allOf") {
        for schema in list(all) {
            at(schema, value, path, depth + 1, wrong);
        }
    }
    if let Some(any) = schema.by_name("anyOf")
        && !list(any).iter().any(fits)
    {
        wrong.push(format!("JSON at {path}: none of the alternatives fits."));
    }
    if let Some(one) = schema.by_name("oneOf")
        && list(one).iter().filter(|schema| fits(schema)).count() != 1
    {
        wrong.push(format!("JSON at {path}: not exactly one of the alternatives fits."));
    }
    if let Some(not) = schema.by_name("not")
        && fits(not)
    {
        wrong.push(format!("JSON at {path}: what must not fit does."));
    }
}

fn of_text(schema: &Collection, text: &str, path: &str, wrong: &mut Vec<String>) {
    let length = text.chars().count() as f64;
    if let Some(min) = number_of(schema, "minLength").filter(|min| length < *min) {
        wrong.push(format!("JSON at {path}: Value must be at least {min} characters long."));
    }
    if let Some(max) = number_of(schema, "maxLength").filter(|max| length > *max) {
        wrong.push(format!("JSON at {path}: Value exceeded maximum length of {max} characters."));
    }
    if let Some(Value::Text(pattern)) = schema.by_name("pattern")
        && !matches!(functions::matches(text, pattern), Ok(Some(true) | None))
    {
        wrong.push(format!("JSON at {path}: Value doesn't match the pattern: {pattern}"));
    }
}

fn of_number(schema: &Collection, number: f64, path: &str, wrong: &mut Vec<String>) {
    let bounds = bounds::range(number, number_of(schema, "minimum"), number_of(schema, "maximum"));
    wrong.extend(bounds.into_iter().map(|what| format!("JSON at {path}: {what}")));
    if let Some(min) = number_of(schema, "exclusiveMinimum").filter(|min| number <= *min) {
        wrong.push(format!("JSON at {path}: Value must be greater than {min}."));
    }
    if let Some(max) = number_of(schema, "exclusiveMaximum").filter(|max| number >= *max) {
        wrong.push(format!("JSON at {path}: Value must be less than {max}."));
    }
}

fn of_array(
    schema: &Collection,
    items: &[Value],
    path: &str,
    depth: usize,
    wrong: &mut Vec<String>,
) {
    let size = items.len() as f64;
    if let Some(min) = number_of(schema, "minItems").filter(|min| size < *min) {
        wrong.push(format!("JSON at {path}: Array has less than {min} items."));
    }
    if let Some(max) = number_of(schema, "maxItems").filter(|max| size > *max) {
        wrong.push(format!("JSON at {path}: Array has more than {max} items."));
    }
    if let Some(of) = schema.by_name("items").filter(|of| !matches!(of, Value::Array(_))) {
        for (number, item) in items.iter().enumerate() {
            at(of, item, &format!("{path}[{number}]"), depth + 1, wrong);
        }
    }
}

fn of_object(
    schema: &Collection,
    entries: &Collection,
    path: &str,
    depth: usize,
    wrong: &mut Vec<String>,
) {
    if let Some(Value::Array(required)) = schema.by_name("required") {
        for name in required.iter().filter_map(Value::as_text) {
            if entries.by_name(name).is_none() {
                wrong.push(format!("JSON at {path}.{name}: {}", bounds::MANDATORY));
            }
        }
    }
    let known = match schema.by_name("properties") {
        Some(Value::Collection(known)) => Some(known),
        _ => None,
    };
    for (key, value) in entries.iter() {
        let path = format!("{path}.{}", key.name());
        match known.and_then(|known| known.get(key)) {
            Some(of) => at(of, value, &path, depth + 1, wrong),
            None => match schema.by_name("additionalProperties") {
                Some(Value::Bool(false)) => {
                    wrong.push(format!("JSON at {path}: Unknown field '{}'.", key.name()));
                }
                Some(of) => at(of, value, &path, depth + 1, wrong),
                None => {}
            },
        }
    }
}
