//! What RPCs give.

use std::sync::Mutex;

use super::*;

/// RPCs of a test: what they answer depends on what they are given.
pub(crate) struct Service {
    calls: Mutex<Vec<String>>,
    answer: fn(&str, &Collection) -> Result<Value, AppError>,
}

impl Service {
    pub(crate) fn new(answer: fn(&str, &Collection) -> Result<Value, AppError>) -> Self {
        Self { calls: Mutex::default(), answer }
    }

    pub(crate) fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }
}

impl Rpcs for Service {
    async fn call(&self, name: &str, parameters: Value) -> Result<Value, AppError> {
        self.calls.lock().unwrap().push(format!("{name} {}", parameters.to_json().unwrap()));
        let Value::Collection(parameters) = parameters else { panic!("a collection") };
        (self.answer)(name, &parameters)
    }
}

pub(crate) fn text<'c>(parameters: &'c Collection, name: &str) -> &'c str {
    parameters.by_name(name).and_then(Value::as_text).map_or("", |text| text)
}

pub(crate) fn places(name: &str, given: &Collection) -> Result<Value, AppError> {
    Ok(json(match (name, text(given, "country"), text(given, "city")) {
        ("countries", ..) => {
            r#"[{"id": "cz", "title": "Czechia"}, {"id": "jp", "title": "Japan"}]"#
        }
        ("cities", "cz", _) => {
            r#"[{"name": "city", "type": "select", "required": true, "options": "rpc://list",
            "nested": "rpc://streets"}]"#
        }
        ("list", "cz", _) => r#"{"label": "Praha", "value": "prg"}"#,
        ("streets", "cz", "prg") => r#"{"name": "street", "type": "number"}"#,
        ("fails", ..) => return Err(AppError::new(ErrorType::ConnectionError, "no answer")),
        ("endless", ..) => r#"["rpc://endless"]"#,
        ("echo", ..) => return Ok(Value::array(vec![Value::collection(given.clone())])),
        _ => "[]",
    }))
}

pub(crate) const PLACES: &str = r#"[{"name": "country", "type": "select",
    "options": {"store": "rpc://countries", "label": "title", "value": "id", "nested": "rpc://cities"}}]"#;

#[test]
fn fields_that_depend_on_each_other_are_asked_for_in_turn() {
    let service = Service::new(places);
    let (form, zone) = (fields(PLACES), Zone::utc());
    let mut rules = Rules::new(&zone);
    rules.strict = true;
    let given = json(r#"{"country": "cz", "city": "prg", "street": "5"}"#);
    let value = block_on(form::input_with(&form, &given, &rules, &service)).unwrap();
    assert_eq!(value.to_json().unwrap(), r#"{"country":"cz","city":"prg","street":5}"#);
    assert_eq!(
        service.calls(),
        [
            r#"cities {"country":"cz","city":"prg","street":"5"}"#,
            r#"streets {"country":"cz","city":"prg","street":"5"}"#,
        ]
    );
    let given = json(r#"{"country": "cz"}"#);
    let invalid = block_on(form::input_with(&form, &given, &rules, &service)).unwrap_err();
    assert_eq!(told(&invalid), "city: Field is mandatory.");
    // Without a country nobody is asked for cities.
    service.calls();
    block_on(form::input_with(&form, &json("{}"), &rules, &service)).unwrap();
    assert_eq!(service.calls(), Vec::<String>::new());
    // And without RPCs, what they know passes.
    let given = json(r#"{"country": "cz", "city": 7}"#);
    let value = form::input(&form, &given, &rules).unwrap();
    assert_eq!(value.to_json().unwrap(), r#"{"country":"cz","city":7}"#);
}

#[test]
fn configurations_are_checked_against_what_rpcs_give() {
    let check = |form: &str, values: &str| {
        let service = Service::new(places);
        let (form, values) = (fields(form), collection(values));
        let set = Set { name: "expect", fields: &form, values: &values, mappable: true };
        let checked = block_on(form::configuration(&[set], true, &service));
        (told(&checked.invalid), told(&checked.doubtful), service.calls().len())
    };
    let fine = |calls: usize| (String::new(), String::new(), calls);
    assert_eq!(check(PLACES, r#"{"country": "cz", "city": "prg", "street": 5}"#), fine(4));
    let (invalid, doubtful, _) = check(PLACES, r#"{"country": "cz", "city": "brq", "streets": 5}"#);
    assert_eq!(invalid, "expect.streets: Unknown field 'streets'.");
    assert_eq!(doubtful, "expect.city: Value 'brq' not found in options.");
    // An expression may become any country: nobody is asked, and any field may follow.
    assert_eq!(check(PLACES, r#"{"country": "{{1.c}}", "city": "x"}"#).0, "");
    let strict = r#"[{"name": "c", "type": "select", "dynamic": false, "options": "rpc://list?country=cz"}]"#;
    assert_eq!(check(strict, r#"{"c": "brq"}"#).0, "expect.c: Value 'brq' not found in options.");
    let fails = r#"[{"name": "c", "type": "select", "options": "rpc://fails"}, "rpc://fails?a=b"]"#;
    assert_eq!(
        check(fails, r#"{"c": "x"}"#).0,
        "expect.c: Failed to resolve remote resource rpc://fails: no answer | \
         expect: Failed to resolve remote resource rpc://fails?a=b: no answer"
    );
    let (invalid, _, calls) = check(r#"["rpc://endless"]"#, "{}");
    assert_eq!((invalid.as_str(), calls), ("expect: Fields are nested too deeply.", 1));
}

#[test]
fn rpcs_are_given_the_form_and_the_more_specific_value_counts() {
    let service = Service::new(places);
    let form = fields(
        r#"[{"name": "a", "type": "text"}, {"name": "list", "type": "array", "spec": [
            {"name": "b", "type": "text", "nested": "rpc://echo?q=1&q=2&b=query&e=%C3%A9+x"}]}]"#,
    );
    let values = collection(
        r#"{"a": "outer", "b": "outer", "x": "{{1.x}}", "list": [{"b": "inner", "a": "own"}]}"#,
    );
    let set = Set { name: "expect", fields: &form, values: &values, mappable: true };
    block_on(form::configuration(&[set], false, &service));
    let calls = service.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(
        calls[0],
        r#"echo {"a":"own","b":"query","list":[{"b":"inner","a":"own"}],"q":["1","2"],"e":"é x"}"#
    );
    let call = RpcCall {
        name: "echo".into(),
        query: vec![("q".into(), json("[\"1\",\"2\"]")), ("e".into(), Value::from("é x"))],
    };
    assert_eq!(call.to_string(), "rpc://echo?q=1&q=2&e=%C3%A9+x");
}
