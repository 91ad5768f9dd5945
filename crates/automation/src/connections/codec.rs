//! Values as JSON that becomes exactly the same values again, dates and buffers included.

use base64::{Engine, engine::general_purpose::STANDARD};
use halyard_iml::{Collection, Date, Value};

const DATE: &str = "$date";
const BUFFER: &str = "$buffer";
/// Around a collection that would look like one of these by itself.
const PLAIN: &str = "$plain";

/// The JSON text of a value.
///
/// # Errors
/// When it is nested too deeply.
pub(crate) fn encode(value: &Value) -> Result<String, String> {
    marked(value).to_json().map_err(|error| error.to_string())
}

/// The value of such a text.
///
/// # Errors
/// When it is not one.
pub(crate) fn decode(text: &str) -> Result<Value, String> {
    unmarked(&Value::from_json(text)?)
}

fn marked(value: &Value) -> Value {
    let mark = |name: &str, value: Value| Value::collection(Collection::of([(name, value)]));
    match value {
        Value::Date(date) => mark(DATE, Value::Number(date.ms() as f64)),
        Value::Buffer(_) => mark(BUFFER, value.clone()),
        Value::Array(items) => Value::array(items.iter().map(marked).collect()),
        Value::Collection(all) => {
            let inner = Collection::new(
                all.iter().map(|(key, value)| (key.clone(), marked(value))).collect(),
            );
            let looks_marked =
                all.len() == 1 && all.iter().any(|(key, _)| key.name().starts_with('$'));
            match looks_marked {
                true => mark(PLAIN, Value::collection(inner)),
                false => Value::collection(inner),
            }
        }
        other => other.clone(),
    }
}

fn unmarked(value: &Value) -> Result<Value, String> {
    match value {
        Value::Array(items) => {
            Ok(Value::array(items.iter().map(unmarked).collect::<Result<_, _>>()?))
        }
        Value::Collection(all) => {
            let mut entries = all.iter();
            if let (Some((key, inner)), None) = (entries.next(), entries.next()) {
                match (&**key.name(), inner) {
                    (DATE, Value::Number(ms)) => {
                        let date = Date::from_ms(*ms as i64).map_err(|error| error.to_string())?;
                        return Ok(Value::Date(date));
                    }
                    (BUFFER, Value::Text(text)) => {
                        let bytes = STANDARD.decode(&**text).map_err(|error| error.to_string())?;
                        return Ok(Value::buffer(bytes));
                    }
                    (PLAIN, Value::Collection(plain)) => return members(plain),
                    _ => {}
                }
            }
            members(all)
        }
        other => Ok(other.clone()),
    }
}

fn members(all: &Collection) -> Result<Value, String> {
    let members = all.iter().map(|(key, value)| Ok((key.clone(), unmarked(value)?)));
    Ok(Value::collection(Collection::new(members.collect::<Result<_, String>>()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_comes_back_as_it_was() {
        let cases = [
            Value::Null,
            Value::Bool(true),
            Value::Number(-0.5),
            Value::from("a\"b\u{1f600}"),
            Value::Date(Date::from_ms(1_800_000_000_123).unwrap()),
            Value::buffer([0_u8, 255, 10]),
            Value::array(vec![Value::Date(Date::from_ms(-1).unwrap()), Value::from("2")]),
            Collection::of([("z", Value::from(1.0)), ("a", Value::buffer(*b"x"))]).into(),
            Collection::of([("$date", Value::from(5.0))]).into(),
            Collection::of([("$plain", Collection::of([("$buffer", Value::from("eA=="))]).into())])
                .into(),
            Collection::default().into(),
        ];
        for case in cases {
            let text = encode(&case).unwrap();
            let back = decode(&text).unwrap();
            assert_eq!(format!("{back:?}"), format!("{case:?}"), "{text}");
        }
    }
}
