//! Values of an operation: empty ones, conversion, checks.

use halyard_iml::{
    Collection, DATE_RANGE_MS, Date, Environment, Error, FieldKeyword, Seeded, Text, Value, Zone,
    field::{self, FieldKind, FieldType},
    functions,
};

use super::{
    Rules, bounds, formats, options, schema,
    walk::{Level, Walk},
};
use crate::apps::parameter::{Field, Kind, Options, Parameter, Spec};

/// A value, or what is wrong with it.
type Taken = Result<Value, Vec<String>>;

fn one<T>(message: impl Into<String>) -> Result<T, Vec<String>> {
    Err(vec![message.into()])
}

/// The type that a field's value is converted to; nothing where it stays as it is.
fn field_type(kind: &Kind) -> Option<FieldType> {
    match kind {
        Kind::Number | Kind::Integer | Kind::Uinteger | Kind::Port => Some(FieldType::Number),
        Kind::Boolean | Kind::Checkbox => Some(FieldType::Boolean),
        Kind::Date => Some(FieldType::Date),
        Kind::Time => Some(FieldType::Time),
        Kind::Array | Kind::Filter => Some(FieldType::Array),
        Kind::Collection => Some(FieldType::Collection),
        Kind::Buffer => Some(FieldType::Buffer),
        Kind::Text
        | Kind::Timezone
        | Kind::Filename
        | Kind::File
        | Kind::Folder
        | Kind::Path
        | Kind::Url
        | Kind::Email
        | Kind::Uuid
        | Kind::Color
        | Kind::Password
        | Kind::Cert
        | Kind::Pkey => Some(FieldType::Text),
        _ => None,
    }
}

/// The kind whose rules for empty values a field follows.
fn empty_kind(parameter: &Parameter) -> FieldKind {
    match &parameter.kind {
        Kind::Number | Kind::Integer | Kind::Uinteger | Kind::Port | Kind::Timestamp => {
            FieldKind::Number
        }
        Kind::Boolean | Kind::Checkbox => FieldKind::Boolean,
        Kind::Array | Kind::Filter | Kind::Upload | Kind::FileStorage => FieldKind::Array,
        kind if kind.is_choice() && parameter.multiple => FieldKind::MultipleSelect,
        kind if kind.is_choice() => FieldKind::Select,
        _ => FieldKind::Text,
    }
}

impl Walk<'_> {
    /// What a field of an operation holds. What is wrong with it is noted, and it holds nothing then.
    pub(super) fn running(
        &mut self,
        parameter: &Parameter,
        given: Value,
        path: &str,
        level: &Level<'_>,
        rules: &Rules<'_>,
    ) -> Value {
        let kind = empty_kind(parameter);
        let erased = rules.erased.contains(path);
        if parameter.required && (erased || given.is_empty()) {
            let list = matches!(kind, FieldKind::Array | FieldKind::MultipleSelect);
            if !(erased && list) {
                self.wrong(path, bounds::MANDATORY);
                return Value::Undefined;
            }
        }
        if parameter.kind == Kind::Collection && (erased || given.is_empty()) {
            return self.empty_collection(parameter, rules);
        }
        if erased || given.is_undefined() {
            let keyword = erased.then_some(FieldKeyword::Erase);
            return field::empty(kind, keyword, rules.version);
        }
        if given.is_empty() {
            return match (field_type(&parameter.kind), &given) {
                // Meant to be empty.
                (Some(FieldType::Text), Value::Text(_)) => given,
                (Some(FieldType::Boolean), _) => Value::Bool(false),
                (None, Value::Null) if kind == FieldKind::Text => given,
                _ => field::empty(kind, None, rules.version),
            };
        }
        let taken = match &parameter.kind {
            kind if kind.is_choice() => {
                self.chosen(parameter, &given, path, level, rules).map_err(|wrong| vec![wrong])
            }
            Kind::Array => self.elements(parameter, &given, path, level, rules),
            Kind::Collection => self.members(parameter, &given, path, level),
            _ => simple(parameter, &given, rules),
        };
        match taken {
            Ok(value) => value,
            Err(messages) => {
                for message in messages {
                    self.wrong(path, message);
                }
                Value::Undefined
            }
        }
    }

    // A collection without anything in it holds what its members hold, which is nothing unless the
    // app is of the old generation. Nobody is asked for members of what is not filled in.
    fn empty_collection(&mut self, parameter: &Parameter, rules: &Rules<'_>) -> Value {
        let Some(Spec::Many(fields)) = &parameter.spec else {
            return Value::collection(Collection::default());
        };
        let members = fields.iter().filter_map(|field| match field {
            Field::Parameter(member) => {
                let name = super::name_of(member)?.clone();
                Some((name, field::empty(empty_kind(member), None, rules.version)))
            }
            Field::Rpc(_) => None,
        });
        Value::collection(members.filter(|(_, value)| !value.is_undefined()).collect())
    }

    fn members(
        &mut self,
        parameter: &Parameter,
        given: &Value,
        path: &str,
        level: &Level<'_>,
    ) -> Taken {
        let converted = convert(parameter, given, FieldType::Collection, &Zone::utc())?;
        let Value::Collection(entries) = &converted else { return Ok(converted) };
        let mut inner = level.inner(entries, path.to_owned(), true);
        match &parameter.spec {
            None => return Ok(converted),
            Some(Spec::Many(fields)) => self.fields(fields, &mut inner),
            Some(Spec::One(member)) => {
                let member = Field::Parameter(member.clone());
                self.fields(&[member], &mut inner);
            }
        }
        Ok(Value::collection(self.leave(inner, parameter.sequence)))
    }

    fn elements(
        &mut self,
        parameter: &Parameter,
        given: &Value,
        path: &str,
        level: &Level<'_>,
        rules: &Rules<'_>,
    ) -> Taken {
        let Value::Array(items) = convert(parameter, given, FieldType::Array, rules.zone)? else {
            return Ok(Value::Undefined);
        };
        let wrong = bounds::of_size(parameter, items.len());
        let text = Parameter { kind: Kind::Text, ..Parameter::default() };
        let collection;
        let element = match &parameter.spec {
            None => &text,
            Some(Spec::One(element)) => element,
            Some(Spec::Many(fields)) => {
                collection = Parameter {
                    kind: Kind::Collection,
                    spec: Some(Spec::Many(fields.clone())),
                    sequence: parameter.sequence,
                    ..Parameter::default()
                };
                &collection
            }
        };
        let mut out = Vec::with_capacity(items.len());
        for (at, item) in items.iter().enumerate() {
            let path = format!("{path}[{at}]");
            out.push(self.running(element, item.clone(), &path, level, rules));
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        // An element that holds nothing is none.
        out.retain(|value| !value.is_undefined());
        Ok(Value::array(out))
    }

    fn chosen(
        &mut self,
        parameter: &Parameter,
        given: &Value,
        path: &str,
        level: &Level<'_>,
        rules: &Rules<'_>,
    ) -> Result<Value, String> {
        let mut values = match given {
            Value::Array(items) if parameter.multiple => items.to_vec(),
            one => vec![one.clone()],
        };
        if let Some(Spec::One(spec)) = &parameter.spec
            && !matches!(spec.kind, Kind::Array | Kind::Collection)
        {
            for value in &mut values {
                *value = simple(spec, value, rules).map_err(|wrong| wrong.join(" "))?;
            }
        }
        if let Some(options) = &parameter.options {
            self.as_options(parameter, options, &mut values, level);
        }
        self.among(parameter, &values, path, level);
        if !parameter.multiple {
            return Ok(values.pop().unwrap_or_default());
        }
        for message in bounds::of_size(parameter, values.len()) {
            self.wrong(path, message);
        }
        Ok(Value::array(values))
    }

    // What only reads like an option becomes that option.
    fn as_options(
        &mut self,
        parameter: &Parameter,
        options: &Options,
        values: &mut [Value],
        level: &Level<'_>,
    ) {
        let Some(choices) = self.known(parameter, options, level) else { return };
        for value in values {
            if options::find(&choices, value).is_none()
                && let Some(found) = options::find_alike(&choices, value)
            {
                *value = found.value.clone();
            }
        }
    }
}

/// A value of a type that has no others inside, and is neither chosen.
fn simple(parameter: &Parameter, given: &Value, rules: &Rules<'_>) -> Taken {
    let value = match field_type(&parameter.kind) {
        Some(to) => convert(parameter, given, to, rules.zone)?,
        None => given.clone(),
    };
    match (&parameter.kind, &value) {
        (_, Value::Undefined) => Ok(value),
        (Kind::Json, Value::Text(text)) => json(parameter, text),
        (Kind::Json, _) => conforming(parameter, value),
        (Kind::Timestamp, _) => timestamp(&value, rules),
        (Kind::Date, Value::Date(_)) if !parameter.time => midnight(&value, rules),
        (Kind::Time, Value::Text(text)) => {
            Ok(Value::from(text.strip_suffix(":00").filter(|_| text.len() == 8).unwrap_or(text)))
        }
        (Kind::Filter, _) => formats::filter(parameter, &value).map_err(|wrong| vec![wrong]),
        (Kind::Buffer, _) => match (given, &parameter.codepage) {
            (Value::Text(text), Some(page)) => {
                formats::encode(text, page).map(Value::buffer).map_err(|wrong| vec![wrong])
            }
            _ => Ok(value),
        },
        (kind, Value::Number(number)) => {
            let mut wrong = formats::number(kind, *number);
            wrong.extend(bounds::of_number(parameter, *number));
            if wrong.is_empty() { Ok(value) } else { Err(wrong) }
        }
        (_, Value::Text(text)) if field_type(&parameter.kind) == Some(FieldType::Text) => {
            let text = formats::without_tags(parameter, text);
            let mut wrong = bounds::of_text(parameter, &text);
            if !text.is_empty() {
                wrong.extend(formats::text(parameter, &text));
            }
            if wrong.is_empty() { Ok(Value::Text(text)) } else { Err(wrong) }
        }
        _ => Ok(value),
    }
}

fn convert(
    parameter: &Parameter,
    given: &Value,
    to: FieldType,
    zone: &Zone,
) -> Result<Value, Vec<String>> {
    field::convert(given, to, zone).or_else(|error| {
        let expected = match to {
            FieldType::Date => "date",
            FieldType::Time => "time",
            FieldType::Buffer => "buffer",
            _ => bounds::expected(parameter).unwrap_or("string"),
        };
        // A text that is no date is of the right type, seen from outside.
        match (to, given) {
            (FieldType::Date | FieldType::Time, Value::Text(_))
            | (FieldType::Text, Value::Buffer(_)) => one(error.to_string()),
            _ => one(bounds::wrong_type(expected, given)),
        }
    })
}

fn json(parameter: &Parameter, text: &str) -> Taken {
    match Value::from_json(text) {
        Ok(value) => conforming(parameter, value),
        Err(cause) => one(format!("Value is not valid JSON: {cause}.")),
    }
}

fn conforming(parameter: &Parameter, value: Value) -> Taken {
    match attribute(&parameter.rest, "schema") {
        Some(schema) => {
            let wrong = schema::check(schema, &value);
            if wrong.is_empty() { Ok(value) } else { Err(wrong) }
        }
        None => Ok(value),
    }
}

/// An attribute that the readers of parameters leave as it is.
pub(super) fn attribute<'p>(rest: &'p [(Text, Value)], name: &str) -> Option<&'p Value> {
    rest.iter().find(|(other, _)| &**other == name).map(|(_, value)| value)
}

// Seconds since 1970, also told as a date.
fn timestamp(value: &Value, rules: &Rules<'_>) -> Taken {
    let wrong = || one(format!("\"{}\" is not a timestamp.", bounds::text_of(value)));
    let seconds = match value {
        Value::Number(seconds) => *seconds,
        Value::Date(date) => date.ms().div_euclid(1000) as f64,
        Value::Text(text) => {
            let number = field::convert(value, FieldType::Number, rules.zone);
            match (number, field::convert(value, FieldType::Date, rules.zone)) {
                (Ok(Value::Number(seconds)), _) => seconds,
                (_, Ok(Value::Date(date))) => date.ms().div_euclid(1000) as f64,
                _ => return one(format!("\"{text}\" is not a timestamp.")),
            }
        }
        other => return one(bounds::wrong_type("number", other)),
    };
    let in_range = seconds.abs() * 1000.0 <= DATE_RANGE_MS as f64;
    if seconds.fract() != 0.0 || !in_range {
        return wrong();
    }
    Ok(Value::Number(seconds))
}

// The day as the user's clocks show it, from its beginning.
fn midnight(date: &Value, rules: &Rules<'_>) -> Taken {
    let failed = |error: Error| vec![error.to_string()];
    let randomness = Seeded::new(0);
    let epoch = Date::from_ms(0).map_err(failed)?;
    let environment =
        Environment { zone: rules.zone.clone(), ..Environment::new(epoch, &randomness) };
    let arguments = [date.clone(), Value::from("YYYY-MM-DD")];
    let day = functions::call("formatDate", &arguments, &environment)
        .unwrap_or(Ok(Value::Undefined))
        .map_err(failed)?;
    field::convert(&day, FieldType::Date, rules.zone).map_err(failed)
}
