//! Filters, values of fields, and trees of templates.
#![cfg(test)]

use halyard_iml::{
    Collection, Context, Date, Environment, FieldKeyword, Layers, Roots, Seeded, Value, Zone,
    field::{AppVersion, FieldKind, FieldType, convert, empty},
    filter::{Filter, Logic, OPERATORS},
    tree::Tree,
};

fn with_environment<T>(run: impl FnOnce(&Environment<'_>) -> T) -> T {
    let randomness = Seeded::new(1);
    let now = Date::from_iso("2019-10-15T12:00:00Z").expect("a date");
    run(&Environment::new(now, &randomness))
}

fn json(text: &str) -> Value {
    Value::from_json(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn scope() -> Collection {
    Value::scope_from_json(
        r#"{"1": {"t": "Hello", "n": 50, "s": "50", "e": "", "null": null, "l": ["a", "B", 3], "o": {},
            "d": "2020-01-02T10:30:00.000Z", "v": "1.2.10", "yes": true, "empty": []}}"#,
    )
    .expect("JSON")
}

fn passes(conditions: &str, logic: Logic) -> Result<bool, String> {
    let (filter, _) = Filter::new(&json(conditions), logic, Context::default());
    with_environment(|environment| {
        filter.passes(&scope(), environment).map_err(|error| error.to_string())
    })
}

// Each operator with operands for which it holds, and some for which it does not.
const CONDITIONS: &[(&str, &str, &str, bool)] = &[
    ("exist", "{{1.t}}", "", true),
    ("exist", "{{1.e}}", "", false),
    ("exist", "{{1.null}}", "", false),
    ("exist", "{{1.empty}}", "", true),
    ("exist", "{{1.o}}", "", true),
    ("notexist", "{{1.none}}", "", true),
    ("notexist", "{{1.n}}", "", false),
    ("text:equal", "{{1.t}}", "Hello", true),
    ("text:equal", "{{1.t}}", "hello", false),
    ("text:equal", "{{1.n}}", "50", true),
    ("text:equal:ci", "{{1.t}}", "hELLO", true),
    ("text:notequal", "{{1.t}}", "hello", true),
    ("text:notequal:ci", "{{1.t}}", "hello", false),
    ("text:contain", "{{1.t}}", "ell", true),
    ("text:contain:ci", "{{1.t}}", "ELL", true),
    ("text:notcontain", "{{1.t}}", "ELL", true),
    ("text:notcontain:ci", "{{1.t}}", "ELL", false),
    ("text:startwith", "{{1.t}}", "He", true),
    ("text:startwith:ci", "{{1.t}}", "he", true),
    ("text:notstartwith", "{{1.t}}", "he", true),
    ("text:notstartwith:ci", "{{1.t}}", "he", false),
    ("text:endwith", "{{1.t}}", "lo", true),
    ("text:endwith:ci", "{{1.t}}", "LO", true),
    ("text:notendwith", "{{1.t}}", "LO", true),
    ("text:notendwith:ci", "{{1.t}}", "LO", false),
    ("text:pattern", "{{1.t}}", "^H.l+o$", true),
    ("text:pattern", "{{1.t}}", "^h", false),
    ("text:pattern", "{{1.t}}", "/^h/i", true),
    ("text:pattern", "{{1.t}}", "(", false),
    ("text:pattern:ci", "{{1.t}}", "^h", true),
    ("text:notpattern", "{{1.t}}", "^h", true),
    ("text:notpattern", "{{1.t}}", "(", true),
    ("text:notpattern:ci", "{{1.t}}", "^h", false),
    ("number:equal", "{{1.s}}", "50.0", true),
    ("number:equal", "{{1.t}}", "0", false),
    ("number:notequal", "{{1.t}}", "0", true),
    ("number:notequal", "{{1.n}}", "50", false),
    ("number:greater", "{{1.n}}", "9", true),
    ("number:greater", "{{1.null}}", "-1", false),
    ("number:less", "{{1.n}}", "9", false),
    ("number:less", "{{1.null}}", "9", false),
    ("number:greaterorequal", "{{1.n}}", "50", true),
    ("number:lessorequal", "{{1.n}}", "50", true),
    ("date:equal", "{{1.d}}", "2020-01-02T11:30:00+01:00", true),
    ("date:notequal", "{{1.d}}", "2020-01-02", true),
    ("date:greater", "{{1.d}}", "2020-01-02", true),
    ("date:less", "{{1.d}}", "{{now}}", false),
    ("date:greaterorequal", "{{1.d}}", "nonsense", false),
    ("date:lessorequal", "{{1.d}}", "{{1.d}}", true),
    ("time:equal", "{{1.d}}", "10:30", true),
    ("time:notequal", "9:00", "09:00:00", false),
    ("time:greater", "10:00", "9:59:59", true),
    ("time:less", "25:00", "9:59:59", false),
    ("time:greaterorequal", "10:00", "10:00", true),
    ("time:lessorequal", "10:00", "9:00", false),
    ("semver:equal", "{{1.v}}", "v1.2.10+build", true),
    ("semver:notequal", "{{1.v}}", "1.2.9", true),
    ("semver:greater", "{{1.v}}", "1.2.9", true),
    ("semver:greater", "{{1.v}}", "1.2.10-beta.2", true),
    ("semver:less", "1.0.0-alpha.2", "1.0.0-alpha.10", true),
    ("semver:less", "x", "1.0.0", false),
    ("semver:greaterorequal", "{{1.v}}", "1.2", true),
    ("semver:lessorequal", "{{1.v}}", "2", true),
    ("array:contain", "{{1.l}}", "a", true),
    ("array:contain", "{{1.l}}", "b", false),
    ("array:contain", "{{1.l}}", "3", true),
    ("array:contain", "{{1.none}}", "a", false),
    ("array:contain:ci", "{{1.l}}", "b", true),
    ("array:notcontain", "{{1.l}}", "b", true),
    ("array:notcontain:ci", "{{1.l}}", "b", false),
    ("array:equal", "{{1.l}}", "3", true),
    ("array:notequal", "{{1.l}}", "3", false),
    ("array:greater", "{{1.l}}", "2", true),
    ("array:less", "{{1.empty}}", "1", true),
    ("array:greaterorequal", "{{1.l}}", "4", false),
    ("array:lessorequal", "{{1.l}}", "x", false),
    ("boolean:equal", "{{1.yes}}", "true", true),
    ("boolean:equal", "{{1.null}}", "false", true),
    ("boolean:notequal", "{{1.yes}}", "false", true),
    // Names that files of other origin contain.
    ("text:isempty", "{{1.e}}", "", true),
    ("text:isnotempty", "{{1.e}}", "", false),
    ("string:equal", "{{1.t}}", "Hello", true),
    ("text:startswith", "{{1.t}}", "He", true),
    ("text:endswith", "{{1.t}}", "He", false),
    ("date:before", "{{1.d}}", "{{now}}", false),
    ("date:after", "{{1.d}}", "{{now}}", true),
];

#[test]
fn every_operator_of_a_filter_works() {
    for (operator, left, right, expected) in CONDITIONS {
        let condition = serde_json::json!([[{"a": left, "o": operator, "b": right}]]);
        let result = passes(&condition.to_string(), Logic::And);
        assert_eq!(result.as_ref(), Ok(expected), "{left} {operator} {right}");
    }
    for operator in OPERATORS {
        assert!(CONDITIONS.iter().any(|(tested, ..)| tested == operator), "{operator}");
    }
}

#[test]
fn groups_are_alternatives_of_conditions() {
    let (yes, no) = (r#"{"a": "x"}"#, r#"{"a": "", "o": "exist"}"#);
    for (conditions, logic, expected) in [
        ("[]".to_owned(), Logic::And, true),
        ("null".to_owned(), Logic::And, true),
        (format!("[[{yes}, {yes}]]"), Logic::And, true),
        (format!("[[{yes}, {no}]]"), Logic::And, false),
        (format!("[[{yes}, {no}], [{yes}]]"), Logic::And, true),
        (format!("[[{no}], [{no}]]"), Logic::And, false),
        (format!("[{yes}, {no}]"), Logic::And, false),
        (format!("[{yes}, {no}]"), Logic::Or, true),
    ] {
        assert_eq!(passes(&conditions, logic), Ok(expected), "{conditions}");
    }
    let unknown = passes(r#"[[{"a": 1, "o": "number:around", "b": 2}]]"#, Logic::And);
    assert!(unknown.expect_err("not known").contains("number:around"));
    let broken = passes(r#"[[{"a": "{{nope()}}", "o": "exist"}]]"#, Logic::And);
    assert!(broken.expect_err("no function").contains("nope"));
}

// Rows: the type of the field. Columns: array, boolean, buffer, collection, date, number, text, null.
const CONVERSIONS: &[(FieldType, [&str; 8])] = &[
    (
        FieldType::Array,
        [
            "[1,\"a\"]",
            "[true]",
            "[\"eA==\"]",
            "[{\"a\":1}]",
            "[\"2020-01-02T00:00:00.000Z\"]",
            "[0]",
            "[\"x\"]",
            "unset",
        ],
    ),
    (FieldType::Boolean, ["true", "true", "true", "true", "true", "true", "true", "false"]),
    (
        FieldType::Buffer,
        [
            "error",
            "\"dHJ1ZQ==\"",
            "\"eA==\"",
            "error",
            "\"MjAyMC0wMS0wMlQwMDowMDowMC4wMDBa\"",
            "\"MA==\"",
            "\"eA==\"",
            "unset",
        ],
    ),
    (
        FieldType::Collection,
        ["error", "error", "error", "{\"a\":1}", "error", "error", "error", "unset"],
    ),
    (
        FieldType::Date,
        [
            "error",
            "error",
            "error",
            "error",
            "\"2020-01-02T00:00:00.000Z\"",
            "error",
            "error",
            "unset",
        ],
    ),
    (FieldType::Number, ["error", "error", "error", "error", "error", "0", "error", "unset"]),
    (
        FieldType::Text,
        [
            "\"1,a\"",
            "\"true\"",
            "\"x\"",
            "error",
            "\"2020-01-02T00:00:00.000Z\"",
            "\"0\"",
            "\"x\"",
            "unset",
        ],
    ),
    (FieldType::Time, ["error", "error", "error", "error", "error", "error", "error", "unset"]),
];

fn converted(value: &Value, to: FieldType) -> String {
    match convert(value, to, &Zone::utc()) {
        Ok(Value::Undefined) => "unset".to_owned(),
        Ok(value) => value.to_json().expect("small"),
        Err(_) => "error".to_owned(),
    }
}

#[test]
fn values_become_those_of_fields() {
    let date = Date::from_iso("2020-01-02T00:00:00Z").expect("a date");
    let values = [
        json("[1, \"a\"]"),
        Value::Bool(true),
        Value::buffer(b"x".to_vec()),
        json("{\"a\": 1}"),
        Value::Date(date),
        Value::Number(0.0),
        Value::from("x"),
        Value::Null,
    ];
    for (to, row) in CONVERSIONS {
        for (value, expected) in values.iter().zip(row) {
            assert_eq!(converted(value, *to), *expected, "{value:?} as {to:?}");
        }
        assert_eq!(converted(&Value::Undefined, *to), "unset");
    }
    for (text, to, expected) in [
        ("false", FieldType::Boolean, "false"),
        ("", FieldType::Boolean, "false"),
        ("2.5", FieldType::Number, "2.5"),
        ("20.6.2016", FieldType::Date, "\"2016-06-20T00:00:00.000Z\""),
        ("7:05", FieldType::Time, "\"07:05:00\""),
        ("24:00", FieldType::Time, "error"),
    ] {
        assert_eq!(converted(&Value::from(text), to), expected, "{text} as {to:?}");
    }
    assert_eq!(converted(&json("[[1]]"), FieldType::Text), "error");
    assert_eq!(converted(&Value::buffer(vec![0xff]), FieldType::Text), "error");
}

#[test]
fn an_empty_field_holds_what_its_kind_says() {
    let held = |kind, keyword, version| match empty(kind, keyword, version) {
        Value::Undefined => "unset".to_owned(),
        value => value.to_json().expect("small"),
    };
    let erase = Some(FieldKeyword::Erase);
    for (kind, nothing, erased, nothing_in_one) in [
        (FieldKind::Text, "unset", "null", "null"),
        (FieldKind::Number, "unset", "null", "null"),
        (FieldKind::Boolean, "unset", "unset", "unset"),
        (FieldKind::Array, "unset", "[]", "[]"),
        (FieldKind::MultipleSelect, "unset", "[]", "[]"),
        (FieldKind::Select, "unset", "null", "null"),
    ] {
        assert_eq!(held(kind, None, AppVersion::Two), nothing, "{kind:?}");
        assert_eq!(held(kind, Some(FieldKeyword::Ignore), AppVersion::Two), nothing, "{kind:?}");
        assert_eq!(held(kind, erase, AppVersion::Two), erased, "{kind:?}");
        assert_eq!(held(kind, None, AppVersion::One), nothing_in_one, "{kind:?}");
    }
}

#[test]
fn templates_in_objects_and_lists_are_evaluated() {
    let roots = Value::scope_from_json(
        r#"{"parameters": {"a": 5, "d": 9}, "body": {"b": 2}, "p": [{"key": "k", "value": 2}, {"key": "m", "value": 3}]}"#,
    )
    .expect("JSON");
    for (source, expected) in [
        (r#"{"{{...}}": "{{omit(parameters; 'd')}}", "d": 1}"#, r#"{"a":5,"d":1}"#),
        (r#"{"a": 1, "{{...}}": "{{body}}"}"#, r#"{"a":1,"b":2}"#),
        (r#"{"{{...}}": "{{undefined}}", "a": 1}"#, r#"{"a":1}"#),
        (r#"{"{{...}}": "{{toCollection(p, 'key', 'value')}}", "k": 1}"#, r#"{"k":1,"m":3}"#),
        (r#"{"a": "{{none}}", "b": "{{null}}", "{{x}}": 1}"#, r#"{"b":null,"{{x}}":1}"#),
        (r#"["{{none}}", "{{null}}", "x{{body.b}}", 7, ["{{body.b}}"]]"#, r#"[null,"x2",7,[2]]"#),
    ] {
        let (tree, findings) = Tree::new(&json(source), Context::default());
        assert!(findings.is_empty(), "{source}: {findings:?}");
        let value = with_environment(|environment| tree.evaluate(&roots, environment));
        assert_eq!(value.expect("a value").to_json().expect("small"), expected, "{source}");
    }
    let (tree, _) = Tree::new(&json(r#"{"{{...}}": "{{1}}"}"#), Context::default());
    assert!(with_environment(|environment| tree.evaluate(&roots, environment)).is_err());
    let (_, findings) = Tree::new(&json(r#"{"a": [{"b": "x{{1 +}}"}]}"#), Context::default());
    assert_eq!(findings[0].path, "$.a[0].b");
    assert_eq!(findings[0].diagnostic.span.start, 6);
    let (tree, _) = Tree::new(&Value::from("{{erase}}"), Context::default());
    assert_eq!(tree.keyword(), Some(FieldKeyword::Erase));
}

#[test]
fn the_first_layer_with_a_root_counts() {
    let near = Collection::of([("x", Value::from("near"))]);
    let far = Collection::of([("x", Value::from("far")), ("y", Value::from("y"))]);
    let layers: [&dyn Roots; 2] = [&near, &far];
    let (tree, _) = Tree::new(&json(r#"["{{x}}", "{{y}}"]"#), Context::default());
    let value = with_environment(|environment| tree.evaluate(&Layers(&layers), environment));
    assert_eq!(value.expect("a value").to_json().expect("small"), r#"["near","y"]"#);
}
