//! Values converted to the type of a field, and what an empty field holds.

use crate::{
    coerce,
    collection::Collection,
    date::{self, Date, Zone},
    environment::{Environment, Seeded},
    error::{Error, ErrorKind, Result, quoted},
    machine::Machine,
    number::read_number,
    program::FieldKeyword,
    value::{Type, Value},
};

/// The types that a field can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldType {
    /// A list.
    Array,
    /// True or false.
    Boolean,
    /// Bytes.
    Buffer,
    /// Keys with values.
    Collection,
    /// A point in time.
    Date,
    /// A number.
    Number,
    /// Text.
    Text,
    /// Hours, minutes and seconds.
    Time,
}

impl FieldType {
    fn name(self) -> &'static str {
        match self {
            Self::Array => "array",
            Self::Boolean => "boolean",
            Self::Buffer => "buffer",
            Self::Collection => "collection",
            Self::Date => "date",
            Self::Number => "number",
            Self::Text => "text",
            Self::Time => "time",
        }
    }
}

/// A value as a field of this type takes it. What is undefined stays so; null leaves the field unset.
/// Texts without an offset are dates in the zone.
///
/// # Errors
///
/// When the type does not take such a value.
pub fn convert(value: &Value, to: FieldType, zone: &Zone) -> Result<Value> {
    let refused = |what: String| {
        Err(Error::new(ErrorKind::Conversion, format!("{what} is not a {}.", to.name())))
    };
    if value.is_undefined() {
        return Ok(Value::Undefined);
    }
    if matches!(value, Value::Null) {
        let unset = if to == FieldType::Boolean { Value::Bool(false) } else { Value::Undefined };
        return Ok(unset);
    }
    let other = || refused(format!("A value of the type {}", value.kind().name()));
    match (to, value) {
        (FieldType::Array, Value::Array(_))
        | (FieldType::Buffer, Value::Buffer(_) | Value::Stored(_))
        | (FieldType::Collection, Value::Collection(_))
        | (FieldType::Date, Value::Date(_))
        | (FieldType::Number, Value::Number(_))
        | (FieldType::Text, Value::Text(_)) => Ok(value.clone()),
        (FieldType::Array, _) => Ok(Value::array(vec![value.clone()])),
        (FieldType::Boolean, _) => Ok(Value::Bool(boolean(value))),
        (FieldType::Buffer, Value::Array(_) | Value::Collection(_)) => other(),
        (FieldType::Buffer, _) => text(value).map(|text| Value::buffer(text.as_bytes())),
        (FieldType::Date, Value::Text(text)) => match date::read(text, zone) {
            Some(date) => date.map(Value::Date),
            None => refused(quoted(text)),
        },
        (FieldType::Number, Value::Text(text)) => match read_number(text) {
            Some(number) => Ok(Value::Number(number)),
            None => refused(quoted(text)),
        },
        (FieldType::Text, Value::Array(items)) => {
            let simple = |item: &Value| {
                !matches!(item.kind(), Type::Array | Type::Collection | Type::Buffer)
            };
            if items.iter().all(simple) { text(value).map(Value::from) } else { other() }
        }
        (FieldType::Text, Value::Buffer(bytes)) => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Value::from(text)),
            Err(_) => refused("A buffer that is not UTF-8".to_owned()),
        },
        (FieldType::Text, Value::Bool(_) | Value::Number(_) | Value::Date(_)) => {
            text(value).map(Value::from)
        }
        (FieldType::Time, Value::Text(text)) => match time(text) {
            Some(seconds) => Ok(Value::from(format!(
                "{:02}:{:02}:{:02}",
                seconds / 3600,
                seconds / 60 % 60,
                seconds % 60
            ))),
            None => refused(quoted(text)),
        },
        _ => other(),
    }
}

/// Whether a field of the type boolean is true with a value. Other than in conditions, the number 0
/// is, and the text "false" is not.
#[must_use]
pub fn boolean(value: &Value) -> bool {
    match value {
        Value::Undefined | Value::Null => false,
        Value::Bool(value) => *value,
        Value::Text(text) => !text.is_empty() && &**text != "false",
        _ => true,
    }
}

/// Seconds since midnight of a text such as `17:26` or `17:26:44`.
pub(crate) fn time(text: &str) -> Option<i64> {
    let mut parts = text.trim().split(':');
    let mut part = |most: i64, wanted: bool| match parts.next() {
        Some(digits) if (1..=2).contains(&digits.len()) => {
            if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            digits.parse::<i64>().ok().filter(|number| *number <= most)
        }
        Some(_) => None,
        None => (!wanted).then_some(0),
    };
    let (hours, minutes, seconds) = (part(23, true)?, part(59, true)?, part(59, false)?);
    parts.next().is_none().then_some(hours * 3600 + minutes * 60 + seconds)
}

fn text(value: &Value) -> Result<String> {
    let randomness = Seeded::new(0);
    let environment = Environment::new(Date::from_ms(0)?, &randomness);
    let nothing = Collection::default();
    coerce::text(&Machine::new(&environment, &nothing), value).map(|text| text.as_ref().to_owned())
}

/// The kinds of fields that differ in what they hold when they are empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// Text.
    Text,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A list.
    Array,
    /// One of several choices.
    Select,
    /// Some of several choices.
    MultipleSelect,
}

/// Which generation of apps a field belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AppVersion {
    /// Apps made until November 2019.
    One,
    /// All later ones.
    #[default]
    Two,
}

/// What a field holds when nothing was entered (also with `ignore`), or when it is to be erased.
#[must_use]
pub fn empty(kind: FieldKind, keyword: Option<FieldKeyword>, version: AppVersion) -> Value {
    let erased = keyword == Some(FieldKeyword::Erase);
    let list = matches!(kind, FieldKind::Array | FieldKind::MultipleSelect);
    match kind {
        FieldKind::Boolean => Value::Undefined,
        _ if !erased && version == AppVersion::Two => Value::Undefined,
        _ if list => Value::array(Vec::new()),
        _ => Value::Null,
    }
}
