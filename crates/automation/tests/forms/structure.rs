//! Fields in fields: arrays, collections, nested ones.

use super::*;

#[test]
fn arrays_and_collections_follow_their_spec() {
    assert_eq!(one(r#""type": "array""#, "[1, \"a\"]"), r#"["1","a"]"#);
    assert_eq!(one(r#""type": "array""#, "\"a\""), r#"["a"]"#);
    let numbers = r#""type": "array", "spec": {"type": "number", "name": "ignored"}"#;
    assert_eq!(one(numbers, r#"["1", null, 2]"#), "[1,2]");
    let form = format!(r#"[{{"name": "v", {numbers}}}]"#);
    assert_eq!(
        input(&form, r#"{"v": ["x", 1, "y"]}"#),
        "! v[0]: Expected type 'number', got type 'string'. | v[2]: Expected type 'number', got type 'string'."
    );
    let form = r#"[{"name": "v", "type": "array", "spec": [{"name": "n", "type": "number", "required": true},
        {"name": "list", "type": "array", "spec": {"type": "collection", "spec": [{"name": "e", "type": "email"}]}}]}]"#;
    assert_eq!(
        input(form, r#"{"v": [{"n": "1", "list": [{"e": "a@x.example"}], "more": 1}]}"#),
        r#"{"v":[{"n":1,"list":[{"e":"a@x.example"}],"more":1}]}"#
    );
    assert_eq!(
        input(form, r#"{"v": [{"list": [{"e": "a"}]}, 5]}"#),
        "! v[0].n: Field is mandatory. | v[0].list[0].e: Value is not a valid email address. | v[1]: Expected type 'object', got type 'number'."
    );
    let members = r#""type": "collection", "spec": [{"name": "a", "type": "number"}, {"name": "b", "type": "text"}]"#;
    assert_eq!(one(members, r#"{"x": 1, "b": 2, "a": "1"}"#), r#"{"x":1,"b":"2","a":1}"#);
    assert_eq!(
        one(&format!("{members}, \"sequence\": true"), r#"{"x": 1, "b": 2, "a": "1"}"#),
        r#"{"a":1,"b":"2","x":1}"#
    );
    assert_eq!(one(members, "[]"), "! Expected type 'object', got type 'array'.");
    assert_eq!(one(r#""type": "collection""#, r#"{"a": [1]}"#), r#"{"a":[1]}"#);
    assert_eq!(
        input(
            r#"[{"name": "c", "type": "collection", "spec": [{"type": "text"}]}]"#,
            r#"{"c": {"a": 1}}"#
        ),
        "! c: Object contains field with unknown name."
    );
    assert_eq!(input(r#"[{"type": "banner", "text": "Hi"}]"#, r#"{"a": 1}"#), r#"{"a":1}"#);
}

#[test]
fn unknown_fields_pass_unless_strict() {
    let form = r#"[{"name": "a", "type": "text"}, {"name": "c", "type": "collection", "spec": [{"name": "x", "type": "text"}]}]"#;
    let given = r#"{"z": 1, "a": "b", "c": {"y": 2}}"#;
    assert_eq!(input(form, given), r#"{"a":"b","c":{"y":2},"z":1}"#);
    let zone = Zone::utc();
    let rules = Rules { strict: true, ..Rules::new(&zone) };
    assert_eq!(
        input_by(form, &json(given), &rules),
        "! c.y: Unknown field 'y'. | z: Unknown field 'z'."
    );
    assert_eq!(
        stored_by(form, given, true, true),
        "c.y: Unknown field 'y'. | z: Unknown field 'z'."
    );
    assert_eq!(stored_by(form, given, true, false), "");
}

#[test]
fn nested_fields_stand_beside_their_parent() {
    assert_eq!(
        input(
            NESTED,
            r#"{"kind": "a", "x": "1", "any": "2", "each": "3", "none": "4", "on": true, "how": "5", "text": "t", "more": "6"}"#
        ),
        r#"{"kind":"a","any":2,"each":3,"x":1,"on":true,"how":5,"text":"t","more":6,"none":"4"}"#
    );
    assert_eq!(input(NESTED, r#"{"kind": "a"}"#), "! x: Field is mandatory.");
    assert_eq!(
        input(NESTED, r#"{"kind": "b", "x": "1", "on": false, "how": "5", "more": "6"}"#),
        r#"{"kind":"b","on":false,"x":"1","how":"5","more":"6"}"#
    );
    assert_eq!(
        input(NESTED, r#"{"none": "x"}"#),
        "! none: Expected type 'number', got type 'string'."
    );
    let zone = Zone::utc();
    let strict = Rules { strict: true, ..Rules::new(&zone) };
    assert_eq!(
        input_by(NESTED, &json(r#"{"kind": "b", "x": 1}"#), &strict),
        "! x: Unknown field 'x'."
    );
    // Several chosen options each bring their fields.
    let form = r#"[{"name": "k", "type": "select", "multiple": true, "options": [
        {"label": "A", "value": "a", "nested": [{"name": "x", "type": "number"}]},
        {"label": "B", "value": "b", "nested": [{"name": "y", "type": "number"}]}]}]"#;
    assert_eq!(
        input(form, r#"{"k": ["a", "b"], "x": "1", "y": "2"}"#),
        r#"{"k":["a","b"],"x":1,"y":2}"#
    );
    assert_eq!(input(form, r#"{"k": [], "x": "1"}"#), r#"{"k":[],"x":"1"}"#);
    // Three deep.
    let form = r#"[{"name": "a", "type": "text", "nested": [{"name": "b", "type": "boolean", "nested": [
        {"name": "c", "type": "text", "nested": [{"name": "d", "type": "integer"}]}]}]}]"#;
    assert_eq!(
        input(form, r#"{"a": "x", "b": true, "c": "y", "d": 0.5}"#),
        "! d: Value is not a whole number."
    );
    assert_eq!(
        input(form, r#"{"a": "x", "b": false, "c": "y", "d": 0.5}"#),
        r#"{"a":"x","b":false,"c":"y","d":0.5}"#
    );
}

#[test]
fn nested_fields_of_another_set() {
    let parameters = fields(
        r#"[{"name": "table", "type": "text", "mappable": false,
            "nested": {"store": [{"name": "row", "type": "number", "required": true}], "domain": "expect"}}]"#,
    );
    let expect = fields(r#"[{"name": "note", "type": "text"}]"#);
    let check = |fixed: &str, mapped: &str| {
        let (fixed, mapped) = (collection(fixed), collection(mapped));
        let sets = [
            Set { name: "parameters", fields: &parameters, values: &fixed, mappable: false },
            Set { name: "expect", fields: &expect, values: &mapped, mappable: true },
        ];
        told(&block_on(form::configuration(&sets, true, &Nobody)).invalid)
    };
    assert_eq!(check(r#"{"table": "t"}"#, r#"{"row": 1, "note": "n"}"#), "");
    assert_eq!(check(r#"{"table": "t"}"#, r#"{"row": "{{1.x}}"}"#), "");
    assert_eq!(
        check(r#"{"table": "t", "row": 1}"#, "{}"),
        "expect.row: Field is mandatory. | parameters.row: Unknown field 'row'."
    );
    assert_eq!(check("{}", r#"{"row": 1}"#), "expect.row: Unknown field 'row'.");
    assert_eq!(
        check(r#"{"table": "{{1.x}}"}"#, r#"{"row": 1}"#),
        "parameters.table: Value contains prohibited IML expression."
    );
    // An operation has them all in one.
    let mut all = parameters.clone();
    all.extend(expect.clone());
    let zone = Zone::utc();
    let value =
        form::input(&all, &json(r#"{"table": "t", "row": "1"}"#), &Rules::new(&zone)).unwrap();
    assert_eq!(value.to_json().unwrap(), r#"{"table":"t","row":1}"#);
}

#[test]
fn what_is_nested_without_end_is_cut() {
    let mut deep = json(r#"{"name": "x", "type": "text"}"#);
    for _ in 0..150 {
        let nested = Value::array(vec![deep]);
        let kind = Value::from("text");
        deep = Value::collection(Collection::of([
            ("name", Value::from("x")),
            ("type", kind),
            ("nested", nested),
        ]));
    }
    let fields = halyard_automation::apps::parameter::fields_from(&deep);
    assert_eq!(fields.len(), 1);
    let zone = Zone::utc();
    let wrong = form::input(&fields, &json(r#"{"x": "a"}"#), &Rules::new(&zone)).unwrap_err();
    assert_eq!(told(&wrong), ": Fields are nested too deeply.");
}
