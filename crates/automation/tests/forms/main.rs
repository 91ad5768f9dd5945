//! Forms: every type with values that are right, wrong, empty and null; the sentences about what is
//! wrong; nested fields; what RPCs give.
#![cfg(test)]

mod bounds;
mod describe;
mod paths;
mod rpcs;
mod stored;
mod structure;
mod types;

use halyard_automation::apps::{
    AppError, ErrorType, Samples,
    form::{self, Invalid, Rpcs, Rules, Set},
    parameter::{Field, Parameter, Parameters, RpcCall},
};
use halyard_iml::{Collection, Value, Zone, field::AppVersion};

fn json(text: &str) -> Value {
    Value::from_json(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn collection(text: &str) -> Collection {
    match json(text) {
        Value::Collection(entries) => Collection::clone(&entries),
        other => panic!("{other:?} is no collection"),
    }
}

fn fields(text: &str) -> Parameters {
    halyard_automation::apps::parameter::fields_from(&json(text))
}

fn told(invalid: &[Invalid]) -> String {
    let all: Vec<_> = invalid.iter().map(|i| format!("{}: {}", i.path, i.message)).collect();
    all.join(" | ")
}

/// What an operation gets of these values, or what is wrong with them.
fn input(form: &str, given: &str) -> String {
    input_by(form, &json(given), &Rules::new(&Zone::utc()))
}

fn input_by(form: &str, given: &Value, rules: &Rules<'_>) -> String {
    match form::input(&fields(form), given, rules) {
        Ok(value) => value.to_json().unwrap(),
        Err(invalid) => format!("! {}", told(&invalid)),
    }
}

/// What an operation gets of a single field `v`.
fn one(attributes: &str, value: &str) -> String {
    let form = format!(r#"[{{"name": "v", {attributes}}}]"#);
    let out = input(&form, &format!(r#"{{"v": {value}}}"#));
    match out.strip_prefix(r#"{"v":"#).and_then(|rest| rest.strip_suffix('}')) {
        Some(value) => value.to_owned(),
        None => out.replace("! v: ", "! "),
    }
}

struct Nobody;

impl Rpcs for Nobody {
    async fn call(&self, name: &str, _: Value) -> Result<Value, AppError> {
        Err(AppError::new(ErrorType::RuntimeError, format!("there is no {name}")))
    }
}

/// What is wrong with a stored configuration of one set.
fn stored(form: &str, values: &str) -> String {
    stored_by(form, values, true, false)
}

fn stored_by(form: &str, values: &str, mappable: bool, strict: bool) -> String {
    let (fields, values) = (fields(form), collection(values));
    let set = Set { name: "expect", fields: &fields, values: &values, mappable };
    let checked = block_on(form::configuration(&[set], strict, &Nobody));
    told(&checked.invalid).replace("expect.", "")
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

const NESTED: &str = r#"[
    {"name": "kind", "type": "select", "nested": [{"name": "any", "type": "number"}],
     "options": {"store": [
        {"label": "A", "value": "a", "nested": [{"name": "x", "type": "number", "required": true}]},
        {"label": "B", "value": "b"}],
      "nested": [{"name": "each", "type": "number"}],
      "placeholder": {"label": "Choose", "nested": [{"name": "none", "type": "number"}]}}},
    {"name": "on", "type": "boolean", "nested": [{"name": "how", "type": "number"}]},
    {"name": "text", "type": "text", "nested": [{"name": "more", "type": "number"}]}
]"#;
