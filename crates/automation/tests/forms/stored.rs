//! Values as they are stored.

use super::*;

#[test]
fn stored_values_have_json_types_or_are_expressions() {
    let cases = [
        ("text", "5", "Expected type 'string', got type 'number'."),
        ("number", r#""5""#, "Expected type 'number', got type 'string'."),
        ("integer", "{}", "Expected type 'number', got type 'object'."),
        ("port", "[]", "Expected type 'number', got type 'array'."),
        ("boolean", r#""true""#, "Expected type 'boolean', got type 'string'."),
        ("checkbox", "1", "Expected type 'boolean', got type 'number'."),
        ("array", "{}", "Expected type 'array', got type 'object'."),
        ("filter", r#""x""#, "Expected type 'array', got type 'string'."),
        ("collection", "[]", "Expected type 'object', got type 'array'."),
        ("date", "5", "Expected type 'string', got type 'number'."),
        ("timestamp", "5", "Expected type 'string', got type 'number'."),
        ("account:x", r#""5""#, "Expected type 'number', got type 'string'."),
        ("json", "5", ""),
        ("hidden", "[]", ""),
        ("any", "{}", ""),
        ("date", r#""whenever""#, ""),
        ("number", r#""{{1.n}}""#, ""),
        ("number", r#""{{1.n}} ""#, "Expected type 'number', got type 'string'."),
        ("number", r#""{{1.n}}{{2.n}}""#, "Expected type 'number', got type 'string'."),
        ("array", r#""{{1.list}}""#, ""),
        ("text", r#""a {{1.n}} b""#, ""),
        ("text", r#""a {{1.n""#, ""),
    ];
    for (kind, value, expected) in cases {
        let form = format!(r#"[{{"name": "v", "type": "{kind}"}}]"#);
        let said = stored(&form, &format!(r#"{{"v": {value}}}"#));
        assert_eq!(said.trim_start_matches("v: "), expected, "{kind} {value}");
    }
    let form = r#"[{"name": "v", "type": "text", "mappable": false}]"#;
    assert_eq!(stored(form, r#"{"v": "{{1.x}}"}"#), "v: Value contains prohibited IML expression.");
    let form = r#"[{"name": "v", "type": "text"}]"#;
    assert_eq!(
        stored_by(form, r#"{"v": "{{1.x}}"}"#, false, false),
        "v: Value contains prohibited IML expression."
    );
    let form = r#"[{"name": "v", "type": "select", "mappable": false, "options": ["a"]}]"#;
    assert_eq!(stored(form, r#"{"v": "{{1.x}}"}"#), "v: Value contains prohibited IML expression.");
}

#[test]
fn stored_values_are_checked_all_the_way_down() {
    let form = r#"[{"name": "n", "type": "number", "validate": {"max": 3}},
        {"name": "t", "type": "text", "validate": {"min": 3}},
        {"name": "s", "type": "select", "options": ["a"]},
        {"name": "m", "type": "select", "multiple": true, "options": ["a"]},
        {"name": "l", "type": "array", "spec": [{"name": "x", "type": "number"}], "validate": {"max": 3}},
        {"name": "c", "type": "collection", "spec": [{"name": "y", "type": "boolean", "required": true}]},
        {"name": "p", "type": "array", "spec": {"type": "text", "mappable": false}}]"#;
    assert_eq!(
        stored(
            form,
            r#"{"n": 4, "t": "ab", "s": "b", "m": "a", "l": [{"x": "1"}, "{{1.a}}", "a{{1.a}}", 5], "c": {"y": null}, "p": ["a", "{{1.b}}"]}"#
        ),
        "n: Value is too big. Maximum value is 3. | t: Value must be at least 3 characters long. | \
         s: Value 'b' not found in options. | m: Value is not an array. | \
         l[0].x: Expected type 'number', got type 'string'. | \
         l[2]: Expected type 'object', got type 'string'. | \
         l[3]: Expected type 'object', got type 'number'. | l: Array has more than 3 items. | \
         c.y: Field is mandatory. | p[1]: Value contains prohibited IML expression."
    );
    assert_eq!(
        stored(
            form,
            r#"{"n": 3, "t": "a{{1.b}}", "s": "{{1.s}}", "m": ["a", "{{1.m}}"], "l": [{"x": "{{1.x}}"}], "c": {"y": true}}"#
        ),
        ""
    );
    // Fields below an expression are checked; which option's are meant nobody can tell.
    assert_eq!(
        stored_by(
            NESTED,
            r#"{"kind": "{{1.k}}", "any": "x", "each": "y", "x": "z", "on": "{{1.on}}", "how": "w"}"#,
            true,
            true
        ),
        "any: Expected type 'number', got type 'string'. | each: Expected type 'number', got type 'string'. | \
         how: Expected type 'number', got type 'string'."
    );
    assert_eq!(
        stored(NESTED, r#"{"none": "x"}"#),
        "none: Expected type 'number', got type 'string'."
    );
}
