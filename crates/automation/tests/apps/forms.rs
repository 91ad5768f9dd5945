//! Parameters: of files, and of what RPCs give.

use halyard_automation::apps::parameter::{
    Choice, Field, Kind, Parameter, Parameters, RpcCall, Spec, Store, Tags, choices_from,
    fields_from,
};
use halyard_iml::{Text, Value};

fn fields(json: &str) -> Parameters {
    fields_from(&Value::from_json(json).expect("JSON"))
}

fn one(json: &str) -> Parameter {
    match fields(&format!("[{json}]")).pop() {
        Some(Field::Parameter(parameter)) => *parameter,
        other => panic!("{other:?}"),
    }
}

fn labels(choices: &[Choice]) -> Vec<String> {
    choices
        .iter()
        .map(|choice| match choice {
            Choice::Option { label, value, default, nested, .. } => {
                let value = value.to_json().expect("JSON");
                format!(
                    "{label}={value}{}{}",
                    if *default { "!" } else { "" },
                    if nested.is_some() { "+" } else { "" }
                )
            }
            Choice::Group { label, options } => format!("{label}[{}]", labels(options).join(" ")),
        })
        .collect()
}

fn store(parameter: &Parameter) -> Vec<String> {
    match &parameter.options.as_ref().expect("options").store {
        Store::Fixed(choices) => labels(choices),
        Store::Rpc(call) => vec![format!("rpc {}", call.name)],
    }
}

#[test]
fn defaults() {
    let plain = one(r#"{"name": "a", "type": "text"}"#);
    assert!(plain.mappable && plain.time && !plain.required && !plain.dynamic && !plain.editable);
    assert_eq!(plain.kind, Kind::Text);
    assert!(plain.validate.is_none() && plain.options.is_none() && plain.spec.is_none());
}

#[test]
fn attributes() {
    let all = one(
        r#"{"name": "a", "label": "A", "help": "h", "type": "text", "required": true, "default": 5,
            "advanced": true, "disabled": true, "mappable": {"help": "m"}, "editable": {"enabled": false},
            "multiline": true, "tags": "stripall", "pattern": "^a$", "validate": {"min": 1, "max": "9", "enum": ["a"]},
            "time": false, "extension": ["png", "jpg"], "semantic": "file:name", "codepage": "utf8",
            "rpc": {"label": "Look up", "url": "rpc://find?x=1", "parameters": [{"name": "q", "type": "text"}]},
            "mode": "edit", "labels": {"add": "More"}}"#,
    );
    assert!(all.required && all.advanced && all.disabled && all.mappable && !all.editable);
    assert!(all.multiline && !all.time);
    assert_eq!(all.tags, Some(Tags::StripAll));
    assert!(matches!(all.default, Some(Value::Number(5.0))));
    let validate = all.validate.expect("said");
    assert_eq!(
        (validate.min, validate.max, validate.pattern.as_deref()),
        (Some(1.0), Some(9.0), Some("^a$"))
    );
    assert_eq!((validate.one_of.len(), validate.off), (1, false));
    assert_eq!(all.extension, [Text::from("png"), "jpg".into()]);
    let button = all.button.expect("said");
    assert_eq!((&*button.call.name, button.parameters.len()), ("find", 1));
    let rest: Vec<_> = all.rest.iter().map(|(name, _)| &**name).collect();
    assert_eq!(rest, ["mode", "labels"]);
    assert!(
        one(r#"{"name": "a", "type": "select", "validate": false}"#).validate.expect("said").off
    );
    assert!(!one(r#"{"name": "a", "type": "text", "mappable": false}"#).mappable);
}

#[test]
fn types() {
    let kind = |name: &str| one(&format!(r#"{{"name": "a", "type": "{name}"}}"#)).kind;
    assert_eq!(kind("uinteger"), Kind::Uinteger);
    assert_eq!(kind("account:twist"), Kind::Reference("account:twist".into()));
    assert_eq!(kind("datastore"), Kind::Reference("datastore".into()));
    assert_eq!(kind("string"), Kind::Other("string".into()));
    assert_eq!(kind("{{parameters.type}}"), Kind::Other("{{parameters.type}}".into()));
}

#[test]
fn options_of_every_form() {
    let select =
        |options: &str| one(&format!(r#"{{"name": "a", "type": "select", "options": {options}}}"#));
    let list = select(
        r#"[{"label": "One", "value": 1, "default": true}, {"value": "two"}, {"label": "Three"}, "four", 5]"#,
    );
    assert_eq!(
        store(&list),
        ["One=1!", r#"two="two""#, r#"Three="Three""#, r#"four="four""#, "5=5"]
    );
    assert!(!list.dynamic);
    let nested = select(
        r#"[{"label": "One", "value": 1, "nested": [{"name": "b", "type": "text"}]}, {"label": "G", "options": [{"label": "x", "value": "y"}]}]"#,
    );
    assert_eq!(store(&nested), ["One=1+", r#"G[x="y"]"#]);
    let remote = select(r#""rpc://list""#);
    assert_eq!(store(&remote), ["rpc list"]);
    assert!(remote.dynamic, "mapped values are not checked against options of an RPC");
    let object = select(
        r#"{"store": [{"id": 7, "title": "Seven"}], "label": "title", "value": "id", "nested": "rpc://more", "default": 7,
            "placeholder": {"label": "None", "nested": [{"name": "n", "type": "text"}]}, "showRoot": false, "singleLevel": true}"#,
    );
    assert_eq!(store(&object), ["Seven=7"]);
    let options = object.options.expect("options");
    assert!(!options.show_root && options.single_level);
    assert!(options.nested.is_some() && options.placeholder_nested.is_some());
    let rest: Vec<_> = options.rest.iter().map(|(name, _)| &**name).collect();
    assert_eq!(rest, ["default", "placeholder"]);
    let filter = one(
        r#"{"name": "f", "type": "filter", "options": {"store": "rpc://fields", "logic": "and"}}"#,
    );
    assert_eq!(store(&filter), ["rpc fields"]);
}

#[test]
fn structures() {
    let names = |fields: &Parameters| -> Vec<String> {
        let name = |field: &Field| match field {
            Field::Parameter(parameter) => parameter.name.as_deref().unwrap_or("-").to_owned(),
            Field::Rpc(call) => format!("rpc {}", call.name),
        };
        fields.iter().map(name).collect()
    };
    let Some(Spec::Many(fields)) = one(r#"{"name": "c", "type": "collection", "spec": [{"name": "x", "type": "text"}, "rpc://more"]}"#).spec else { panic!("many") };
    assert_eq!(names(&fields), ["x", "rpc more"]);
    let Some(Spec::One(element)) =
        one(r#"{"name": "l", "type": "array", "spec": {"type": "number"}}"#).spec
    else {
        panic!("one")
    };
    assert_eq!(element.kind, Kind::Number);
    let Some(Spec::Many(fields)) =
        one(r#"{"name": "l", "type": "array", "spec": "rpc://element"}"#).spec
    else {
        panic!("rpc")
    };
    assert_eq!(names(&fields), ["rpc element"]);
    let nested = one(r#"{"name": "b", "type": "boolean", "nested": {"store": [{"name": "n", "type": "text"}], "domain": "expect"}}"#).nested.expect("nested");
    assert_eq!(
        (names(&nested.fields), nested.domain.as_deref()),
        (vec!["n".to_owned()], Some("expect"))
    );
    let nested = one(r#"{"name": "b", "type": "boolean", "nested": "rpc://fields?a=1"}"#)
        .nested
        .expect("nested");
    assert_eq!(names(&nested.fields), ["rpc fields"]);
    assert_eq!(names(&self::fields(r#""rpc://all""#)), ["rpc all"]);
    assert_eq!(names(&self::fields(r#"{"name": "alone", "type": "text"}"#)), ["alone"]);
    assert_eq!(names(&self::fields("[5, null, \"text\"]")), [""; 0]);
}

#[test]
fn calls_of_rpcs() {
    let call = |text: &str| {
        let call = RpcCall::read(text)?;
        let query: Vec<_> = call
            .query
            .iter()
            .map(|(key, value)| format!("{key}={}", value.to_json().expect("JSON")))
            .collect();
        Some(format!("{} {}", call.name, query.join(" ")))
    };
    assert_eq!(call("rpc://list").as_deref(), Some("list "));
    let text = "rpc://list?a=1&b=x%20y+z&a=2&c&%zz=%";
    assert_eq!(call(text).as_deref(), Some(r#"list a=["1","2"] b="x y z" c="" %zz="%""#));
    assert_eq!(call("list"), None);
}

#[test]
fn choices_that_an_rpc_gives() {
    let from = |json: &str, label, value| {
        labels(&choices_from(&Value::from_json(json).expect("JSON"), label, value))
    };
    assert_eq!(from(r#"[{"label": "A", "value": 1, "file": true}]"#, None, None), ["A=1"]);
    assert_eq!(from(r#"{"label": "A", "value": 1}"#, None, None), ["A=1"]);
    assert_eq!(from(r#"[{"name": "A", "id": "x"}]"#, Some("name"), Some("id")), [r#"A="x""#]);
    assert_eq!(from("null", None, None), [""; 0]);
}
