//! Values as JSON text and back.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::{
    collection::{Collection, Key},
    date::Date,
    decisions,
    environment::{Environment, MAX_VALUE_DEPTH, Seeded},
    error::{Bound, Error, Result},
    machine::Machine,
    number::write_number,
    value::{Text, Value},
};

/// Appends JSON without blanks. What JSON cannot say becomes null; keys without a value are left out.
pub(crate) fn write(machine: &Machine<'_>, out: &mut String, value: &Value) -> Result<()> {
    let from = out.len();
    Writer { machine, out, paid: from }.value(value, 0)
}

struct Writer<'a, 'm> {
    machine: &'a Machine<'m>,
    out: &'a mut String,
    paid: usize,
}

impl Writer<'_, '_> {
    fn value(&mut self, value: &Value, depth: usize) -> Result<()> {
        match value {
            Value::Undefined | Value::Null => self.out.push_str("null"),
            Value::Bool(value) => self.out.push_str(if *value { "true" } else { "false" }),
            Value::Number(number) if number.is_finite() => write_number(self.out, *number),
            Value::Number(number) => match decisions::non_finite(*number) {
                "" => self.out.push_str("null"),
                name => self.text(name),
            },
            Value::Text(text) => self.text(text),
            Value::Date(date) => {
                self.out.push('"');
                date.write_iso(self.out);
                self.out.push('"');
            }
            Value::Buffer(bytes) => {
                self.machine.produce(bytes.len())?;
                self.out.push('"');
                base64::Engine::encode_string(
                    &base64::engine::general_purpose::STANDARD,
                    bytes,
                    self.out,
                );
                self.out.push('"');
            }
            // What can be said of it without its bytes.
            Value::Stored(stored) => {
                self.out.push_str("{\"file\":");
                self.text(&stored.id);
                self.out.push_str(&format!(",\"bytes\":{}}}", stored.bytes));
            }
            Value::Array(_) | Value::Collection(_) if depth == MAX_VALUE_DEPTH => {
                return Err(Error::limit(Bound::Depth));
            }
            Value::Array(items) => {
                self.machine.work(items.len())?;
                self.out.push('[');
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        self.out.push(',');
                    }
                    self.value(item, depth + 1)?;
                }
                self.out.push(']');
            }
            Value::Collection(collection) => {
                self.machine.work(collection.len())?;
                self.out.push('{');
                let mut first = true;
                for (key, value) in collection.iter() {
                    if value.is_undefined() {
                        continue;
                    }
                    if !first {
                        self.out.push(',');
                    }
                    first = false;
                    self.text(key.name());
                    self.out.push(':');
                    self.value(value, depth + 1)?;
                }
                self.out.push('}');
            }
        }
        self.machine.produce(self.out.len() - self.paid)?;
        self.paid = self.out.len();
        Ok(())
    }

    fn text(&mut self, text: &str) {
        self.out.push('"');
        let mut from = 0;
        for (at, byte) in text.bytes().enumerate() {
            let escaped = match byte {
                b'"' => "\\\"",
                b'\\' => "\\\\",
                b'\n' => "\\n",
                b'\r' => "\\r",
                b'\t' => "\\t",
                0x08 => "\\b",
                0x0c => "\\f",
                0..=0x1f => "",
                _ => continue,
            };
            self.out.push_str(&text[from..at]);
            if escaped.is_empty() {
                self.out.push_str(&format!("\\u{byte:04x}"));
            } else {
                self.out.push_str(escaped);
            }
            from = at + 1;
        }
        self.out.push_str(&text[from..]);
        self.out.push('"');
    }
}

/// The value that a JSON text tells. Keys keep their order.
pub(crate) fn read(text: &str) -> std::result::Result<Value, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(input: D) -> std::result::Result<Self, D::Error> {
        input.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> std::result::Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> std::result::Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, number: u64) -> std::result::Result<Value, E> {
        Ok(Value::Number(number as f64))
    }

    fn visit_i64<E>(self, number: i64) -> std::result::Result<Value, E> {
        Ok(Value::Number(number as f64))
    }

    fn visit_f64<E>(self, number: f64) -> std::result::Result<Value, E> {
        Ok(Value::Number(number))
    }

    fn visit_str<E>(self, text: &str) -> std::result::Result<Value, E> {
        Ok(Value::from(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> std::result::Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element()? {
            array.push(item);
        }
        Ok(Value::array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> std::result::Result<Value, A::Error> {
        let mut collection = Vec::new();
        while let Some((name, value)) = entries.next_entry::<String, Value>()? {
            collection.push((Key::new(name), value));
        }
        Ok(Value::collection(Collection::new(collection)))
    }
}

impl Value {
    /// The value that a JSON text tells.
    ///
    /// # Errors
    ///
    /// When it is not JSON, with the reason.
    pub fn from_json(text: &str) -> std::result::Result<Self, String> {
        read(text)
    }

    /// The same with every text that is an ISO 8601 date with time and offset turned into a date,
    /// and names in a root called `headers` found in any case.
    ///
    /// # Errors
    ///
    /// When it is not JSON, with the reason.
    pub fn scope_from_json(text: &str) -> std::result::Result<Collection, String> {
        match read(text)? {
            Value::Collection(roots) => Ok(scope(&roots)),
            _ => Err("The scope is not an object of roots.".to_owned()),
        }
    }

    /// The JSON text of a value, without blanks.
    ///
    /// # Errors
    ///
    /// When it is nested too deeply or too large for the usual limits.
    pub fn to_json(&self) -> Result<String> {
        let randomness = Seeded::new(0);
        let mut environment = Environment::new(Date::from_ms(0)?, &randomness);
        environment.limits.output_bytes = u64::MAX;
        environment.limits.steps = u64::MAX;
        let nothing = Collection::default();
        let mut out = String::new();
        write(&Machine::new(&environment, &nothing), &mut out, self)?;
        Ok(out)
    }
}

/// The roots of a scope that was read from JSON, with its dates and headers.
#[must_use]
pub fn scope(roots: &Collection) -> Collection {
    Collection::new(
        roots
            .iter()
            .map(|(key, value)| {
                let value = match with_dates(value) {
                    Value::Collection(headers) if &**key.name() == "headers" => {
                        Value::collection(Collection::clone(&headers).in_any_case())
                    }
                    other => other,
                };
                (key.clone(), value)
            })
            .collect(),
    )
}

fn with_dates(value: &Value) -> Value {
    match value {
        Value::Text(text) => Date::from_iso(text).map_or_else(|| value.clone(), Value::Date),
        Value::Array(items) => Value::array(items.iter().map(with_dates).collect()),
        Value::Collection(collection) => Value::collection(Collection::new(
            collection.iter().map(|(key, value)| (key.clone(), with_dates(value))).collect(),
        )),
        other => other.clone(),
    }
}

impl Value {
    /// The text inside, when it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&Text> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}
