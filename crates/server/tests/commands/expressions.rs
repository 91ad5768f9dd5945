use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::run::{Ended, finish, halyard};

fn iml(directory: &Path, arguments: &[&str]) -> Ended {
    let all: Vec<_> = ["iml"].iter().chain(arguments).copied().collect();
    finish(halyard(directory, &all), "")
}

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().expect("a directory")
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn an_expression_is_evaluated_against_its_scope() {
    let at = directory();
    let scope = r#"{"1": {"a": 40, "d": "2018-10-01T07:32:05.079Z"}, "body": {"x": null}}"#;
    fs::write(at.path().join("scope.json"), scope).expect("written");
    let eval = |arguments: &[&str]| {
        let all: Vec<_> =
            ["eval", "--scope", "scope.json"].iter().chain(arguments).copied().collect();
        let ended = iml(at.path(), &all);
        assert!(ended.ok, "{ended:?}");
        parsed(&ended.out)
    };
    assert_eq!(eval(&["1.a + 2"]), 42);
    assert_eq!(eval(&["-1.a"]), -40);
    assert_eq!(eval(&["a{{1.a}}b{{body.x}}", "--template"]), "a40b");
    assert_eq!(eval(&["1.none", "--type"]), json!({"type": "undefined", "value": null}));
    assert_eq!(eval(&["1 / 0", "--type"]), json!({"type": "number", "value": null}));
    assert_eq!(eval(&["toBinary(1.a)", "--type"]), json!({"type": "buffer", "value": "NDA="}));
    assert_eq!(
        eval(&["1.d", "--type"]),
        json!({"type": "date", "value": "2018-10-01T07:32:05.079Z"})
    );
    let place = ["--zone", "Europe/Prague", "--locale", "cs", "--now", "2018-10-01T07:32:05Z"];
    let formatted = [&["formatDate(now; \"D. MMMM HH:mm\")"][..], &place].concat();
    assert_eq!(eval(&formatted), "1. října 09:32");
}

#[test]
fn a_failure_tells_what_and_where() {
    let at = directory();
    let ended = iml(at.path(), &["eval", "x {{addDays(now; \"soon\")}}", "--template"]);
    assert!(!ended.ok && ended.out.is_empty(), "{ended:?}");
    let error = &parsed(&ended.err)["error"];
    assert_eq!(error["type"], "argument");
    assert_eq!(error["function"], "addDays");
    assert_eq!(error["argument"], 2);
    assert_eq!((&error["start"], &error["end"]), (&json!(17), &json!(23)));
    let message = error["message"].as_str().expect("text");
    assert!(message.contains("Argument 2 (number): \"soon\" is not a number."), "{message}");

    let unknown = parsed(&iml(at.path(), &["eval", "stringify(1)"]).err);
    assert_eq!(unknown["error"]["type"], "unknown_function");
    assert_eq!(unknown["error"]["function"], "stringify");
    let syntax = parsed(&iml(at.path(), &["eval", "1 +"]).err);
    assert_eq!(syntax["error"]["type"], "syntax");
    assert_eq!(syntax["error"]["function"], Value::Null);
}

#[test]
fn a_batch_prints_a_line_for_each_case() {
    let at = directory();
    let lines = [
        r#"{"id": 1, "expression": "1.a * 2", "scope": {"1": {"a": 4}}}"#,
        r#"{"id": "two", "template": "{{nope()}}"}"#,
        r#"{"id": 3, "expression": "formatDate(now; \"HH:mm Z\")", "zone": "Asia/Tokyo", "now": "2020-01-01T00:00:00Z"}"#,
        r#"{"id": 4, "expression": "now", "zone": "Not/AZone"}"#,
    ];
    fs::write(at.path().join("cases"), lines.join("\n")).expect("written");
    let ended = iml(at.path(), &["eval", "--batch", "cases"]);
    assert!(ended.ok, "{ended:?}");
    let lines: Vec<_> = ended.out.lines().map(parsed).collect();
    assert_eq!(lines[0], json!({"id": 1, "type": "number", "value": 8}));
    assert_eq!(lines[1]["id"], "two");
    assert_eq!(lines[1]["error"]["type"], "unknown_function");
    assert_eq!(lines[2]["value"], "09:00 +09:00");
    assert_eq!(lines[3]["error"]["type"], "input");
    assert_eq!(lines.len(), 4);

    fs::write(at.path().join("cases"), "{\"id\": 1, \"expression\": \"1\"}\nnot JSON\n")
        .expect("written");
    let ended = iml(at.path(), &["eval", "--batch", "cases"]);
    assert!(!ended.ok && ended.out.lines().count() == 2, "{ended:?}");
}

#[test]
fn a_check_finds_errors_and_warnings_where_they_are() {
    let at = directory();
    let document = r#"{"url": "{{a.b}}", "flow": [{"x": "ok {{1 +}}"}, {"y": "{{frob(1)}}"}]}"#;
    fs::write(at.path().join("app.json"), document).expect("written");
    let ended = iml(at.path(), &["check", "app.json"]);
    assert!(!ended.ok);
    let lines: Vec<_> = ended.out.lines().collect();
    assert_eq!(lines[0], "app.json:$.flow[0].x:8-8: error: The expression ends too early.");
    assert_eq!(lines[1], "app.json:$.flow[1].y:2-6: warning: Unknown function 'frob'.");
    assert_eq!(lines.len(), 2);

    fs::write(at.path().join("text"), "Hello {{frob(1)}}").expect("written");
    let ended = iml(at.path(), &["check", "text"]);
    assert!(ended.ok, "{ended:?}");
    assert_eq!(ended.out.trim_end(), "text:$:8-12: warning: Unknown function 'frob'.");

    fs::write(at.path().join("broken.json"), "{").expect("written");
    assert!(!iml(at.path(), &["check", "broken.json"]).ok);
}

#[test]
fn a_filter_prints_whether_a_bundle_passes() {
    let at = directory();
    let filter = |condition: Value| {
        let input = json!({"conditions": [[condition]], "scope": {"1": {"n": "50"}}});
        fs::write(at.path().join("filter.json"), input.to_string()).expect("written");
        iml(at.path(), &["filter", "filter.json"])
    };
    assert_eq!(filter(json!({"a": "{{1.n}}", "o": "number:greater", "b": "7"})).out, "true\n");
    assert_eq!(filter(json!({"a": "{{1.n}}", "o": "number:less", "b": "7"})).out, "false\n");
    let failed = filter(json!({"a": "{{1.n}}", "o": "number:around", "b": "7"}));
    assert!(!failed.ok && failed.err.contains("number:around"), "{failed:?}");
}

#[test]
fn functions_are_listed_and_sources_formatted() {
    let at = directory();
    let functions = parsed(&iml(at.path(), &["functions", "--json"]).out);
    let functions = functions.as_array().expect("a list");
    assert_eq!(functions.iter().filter(|function| function["core"] == true).count(), 85);
    let get = functions.iter().find(|function| function["name"] == "get").expect("get");
    assert_eq!(get["signature"], "get(value; path)");
    assert!(iml(at.path(), &["functions"]).out.contains("ifempty(a; b)"));

    let printed = iml(at.path(), &["format", "if(a==1&&b,'x',[])"]);
    assert_eq!(printed.out.trim_end(), "if(a = 1 & b; \"x\"; [])");
    let printed = iml(at.path(), &["format", "--app", "--template", "{{if(1=1;2)}}!"]);
    assert_eq!(printed.out.trim_end(), "{{if(1 == 1, 2)}}!");
    assert!(!iml(at.path(), &["format", "1 +"]).ok);
}
