//! Empty values, bounds, tags, options, schemas.

use super::*;

#[test]
fn required_fields_are_mandatory() {
    for kind in
        ["text", "number", "boolean", "date", "select", "array", "collection", "json", "any"]
    {
        let attributes = format!(r#""type": "{kind}", "required": true"#);
        for given in ["null", r#""""#] {
            assert_eq!(one(&attributes, given), "! Field is mandatory.", "{kind} {given}");
        }
        let form = format!(r#"[{{"name": "v", {attributes}}}]"#);
        assert_eq!(input(&form, "{}"), "! v: Field is mandatory.", "{kind}");
        assert_eq!(stored(&form, r#"{"v": null}"#), "v: Field is mandatory.", "{kind}");
    }
    assert_eq!(input("[]", "5"), "! : Expected type 'object', got type 'number'.");
    assert_eq!(input("[]", "null"), "{}");
}

#[test]
fn empty_fields_hold_what_the_generation_of_the_app_says() {
    let form = r#"[{"name": "t", "type": "text"}, {"name": "n", "type": "number"},
        {"name": "b", "type": "boolean"}, {"name": "a", "type": "array"},
        {"name": "s", "type": "select", "options": [{"label": "A", "value": "a"}]},
        {"name": "m", "type": "select", "multiple": true, "options": [{"label": "A", "value": "a"}]},
        {"name": "c", "type": "collection", "spec": [{"name": "x", "type": "text", "required": true},
            {"name": "y", "type": "array"}]}]"#;
    let zone = Zone::utc();
    let mut rules = Rules::new(&zone);
    assert_eq!(input_by(form, &json("{}"), &rules), r#"{"c":{}}"#);
    let all = ["t", "n", "b", "a", "s", "m", "c"].map(ToOwned::to_owned);
    rules.erased = all.into_iter().collect();
    let erased = r#"{"t":null,"n":null,"a":[],"s":null,"m":[],"c":{}}"#;
    assert_eq!(input_by(form, &json("{}"), &rules), erased);
    assert_eq!(input_by(form, &json(r#"{"t": "x"}"#), &rules), erased);
    rules.erased.clear();
    rules.version = AppVersion::One;
    assert_eq!(
        input_by(form, &json("{}"), &rules),
        r#"{"t":null,"n":null,"a":[],"s":null,"m":[],"c":{"x":null,"y":[]}}"#
    );
    // An element deep inside is erased by its path.
    rules.version = AppVersion::Two;
    rules.erased = ["list[1].x".to_owned()].into_iter().collect();
    let form = r#"[{"name": "list", "type": "array", "spec": [{"name": "x", "type": "text"}]}]"#;
    let given = json(r#"{"list": [{"x": "a"}, {"x": "b"}]}"#);
    assert_eq!(input_by(form, &given, &rules), r#"{"list":[{"x":"a"},{"x":null}]}"#);
    rules.erased = ["v".to_owned()].into_iter().collect();
    let form = r#"[{"name": "v", "type": "text", "required": true}]"#;
    assert_eq!(input_by(form, &json("{}"), &rules), "! v: Field is mandatory.");
}

#[test]
fn dates_without_a_zone_or_time_are_in_that_of_the_user() {
    let zone = Zone::find("Asia/Tokyo").unwrap();
    let rules = Rules::new(&zone);
    let form =
        r#"[{"name": "at", "type": "date"}, {"name": "day", "type": "date", "time": false}]"#;
    let given = json(r#"{"at": "2016-12-28 10:00", "day": "2016-12-28T20:00:00Z"}"#);
    assert_eq!(
        input_by(form, &given, &rules),
        r#"{"at":"2016-12-28T01:00:00.000Z","day":"2016-12-28T15:00:00.000Z"}"#
    );
}

#[test]
fn bounds_of_texts_numbers_and_sizes() {
    let text = r#""type": "text", "validate": {"min": 2, "max": 3, "pattern": "^a", "enum": ["ab", "abc"]}"#;
    let wrong = [
        (r#""ab""#, "\"ab\""),
        (
            r#""a""#,
            "! Value must be at least 2 characters long. | v: Value must be one of the following: ab, abc",
        ),
        (
            r#""abcd""#,
            "! Value exceeded maximum length of 3 characters. | v: Value must be one of the following: ab, abc",
        ),
        (
            r#""bc""#,
            "! Value doesn't match the pattern: ^a | v: Value must be one of the following: ab, abc",
        ),
    ];
    for (given, expected) in wrong {
        assert_eq!(one(text, given), expected);
    }
    // Length counts as JavaScript does.
    assert_eq!(
        one(r#""type": "text", "validate": {"max": 1}"#, r#""😀""#),
        "! Value exceeded maximum length of 1 characters."
    );
    assert_eq!(one(r#""type": "text", "pattern": "/^A$/i""#, r#""a""#), "\"a\"");
    assert_eq!(
        one(r#""type": "text", "pattern": "^A$""#, r#""a""#),
        "! Value doesn't match the pattern: ^A$"
    );
    assert_eq!(
        one(r#""type": "text", "pattern": "(""#, r#""a""#),
        "! The pattern of the field cannot be used: ("
    );
    let number = r#""type": "number", "validate": {"min": 1.5, "max": 3}"#;
    assert_eq!(one(number, "1"), "! Value is too small. Minimum value is 1.5.");
    assert_eq!(one(number, "4"), "! Value is too big. Maximum value is 3.");
    assert_eq!(one(number, "3"), "3");
    let array = r#""type": "array", "validate": {"min": 2, "max": 3}"#;
    assert_eq!(one(array, "[1]"), "! Array has less than 2 items.");
    assert_eq!(one(array, "[1,2,3,4]"), "! Array has more than 3 items.");
    let several = r#""type": "select", "multiple": true, "options": ["a", "b", "c"], "validate": {"min": 2, "max": 2}"#;
    assert_eq!(one(several, r#"["a"]"#), "! Selected less than 2 items.");
    assert_eq!(one(several, r#"["a", "b", "c"]"#), "! Selected more than 2 items.");
    assert_eq!(one(several, r#"["a", "b"]"#), r#"["a","b"]"#);
    assert_eq!(one(r#""type": "text", "validate": false"#, r#""a""#), r#""a""#);
}

#[test]
fn tags_are_stripped_or_escaped() {
    let given = r#""<b>a</b> & 1 < 2 <i""#;
    for (tags, expected) in [
        ("strip", r#""a & 1 < 2 <i""#),
        ("stripall", r#""a & 1 < 2 ""#),
        ("escape", r#""&lt;b&gt;a&lt;/b&gt; &amp; 1 &lt; 2 &lt;i""#),
    ] {
        assert_eq!(one(&format!(r#""type": "text", "tags": "{tags}""#), given), expected, "{tags}");
    }
    // What counts is what is left.
    assert_eq!(
        one(r#""type": "text", "tags": "strip", "validate": {"min": 2}"#, r#""<b>a</b>""#),
        "! Value must be at least 2 characters long."
    );
}

#[test]
fn selects_take_options() {
    let options = r#""options": [{"label": "One", "value": 1}, {"label": "Two", "value": "2"},
        {"label": "Group", "options": [{"label": "Three", "value": {"n": 3}}]}, "plain"]"#;
    let select = format!(r#""type": "select", {options}"#);
    for (given, expected) in [
        ("1", "1"),
        (r#""1""#, "1"),
        ("2", r#""2""#),
        (r#"{"n": 3}"#, r#"{"n":3}"#),
        (r#""plain""#, r#""plain""#),
        (r#""4""#, "! Value '4' not found in options."),
        (r#"{"n": 4}"#, r#"! Value '{"n":4}' not found in options."#),
        ("[1]", "! Value '[1]' not found in options."),
        ("null", "{}"),
        (r#""""#, "{}"),
    ] {
        assert_eq!(one(&select, given), expected, "{given}");
    }
    for kind in ["list", "radio"] {
        assert_eq!(
            one(&format!(r#""type": "{kind}", {options}"#), "4"),
            "! Value '4' not found in options."
        );
    }
    assert_eq!(one(&format!("{select}, \"dynamic\": true"), "4"), "4");
    assert_eq!(one(&format!("{select}, \"validate\": false"), "4"), "4");
    assert_eq!(one(&format!("{select}, \"multiple\": true"), "1"), "[1]");
    assert_eq!(
        one(&format!("{select}, \"multiple\": true"), r#"["1", 5]"#),
        "! Value '5' not found in options."
    );
    assert_eq!(
        one(r#""type": "select", "spec": {"type": "number"}, "options": [5]"#, r#""5""#),
        "5"
    );
    assert_eq!(
        one(r#""type": "select", "spec": {"type": "number"}, "options": [5]"#, r#""x""#),
        "! Expected type 'number', got type 'string'."
    );
    // An option that is null can never be chosen.
    let form = r#"[{"name": "v", "type": "select", "required": true, "options": [{"label": "None", "value": null}]}]"#;
    assert_eq!(input(form, r#"{"v": null}"#), "! v: Field is mandatory.");
    // Without options nobody can say.
    assert_eq!(one(r#""type": "select""#, "4"), "4");
    assert_eq!(
        one(
            r#""type": "select", "options": {"store": [{"id": 7, "title": "Seven"}], "label": "title", "value": "id"}"#,
            "7"
        ),
        "7"
    );
}

#[test]
fn json_follows_its_schema() {
    let schema = r#""type": "json", "schema": {"type": "object", "required": ["id"], "additionalProperties": false,
        "properties": {"id": {"type": "integer", "minimum": 1}, "tags": {"type": "array", "maxItems": 2,
            "items": {"enum": ["a", "b"]}}, "of": {"anyOf": [{"type": "string", "minLength": 2}, {"type": "null"}]}}}"#;
    for (given, expected) in [
        (r#""{\"id\": 1, \"tags\": [\"a\"], \"of\": null}""#, r#"{"id":1,"tags":["a"],"of":null}"#),
        (r#"{"id": 0.5}"#, "! JSON at $.id: Expected type 'integer', got type 'number'."),
        (r#"{"id": 0}"#, "! JSON at $.id: Value is too small. Minimum value is 1."),
        ("{}", "! JSON at $.id: Field is mandatory."),
        ("[]", "! JSON at $: Expected type 'object', got type 'array'."),
        (r#"{"id": 1, "x": 2}"#, "! JSON at $.x: Unknown field 'x'."),
        (
            r#"{"id": 1, "tags": ["c"]}"#,
            "! JSON at $.tags[0]: Value must be one of the following: a, b",
        ),
        (r#"{"id": 1, "tags": ["a", "b", "a"]}"#, "! JSON at $.tags: Array has more than 2 items."),
        (r#"{"id": 1, "of": "x"}"#, "! JSON at $.of: none of the alternatives fits."),
    ] {
        assert_eq!(one(schema, given), expected, "{given}");
    }
}
