//! One value, in every spelling.

use std::fmt::Debug;

use serde_json::{Value, json};

use crate::kit::params::{List, Object, Param, ParamError, Params, Patch, Problem, Raw, Seconds};
use crate::{choice_param, id_param};

/// What was sent for the parameter.
#[derive(Debug)]
enum Sent {
    Nothing,
    /// In a query string or a form.
    Text(&'static str),
    Json(Value),
    /// The key with `[]` at its end, once for each.
    Listed(&'static [&'static str]),
    /// The key itself, once for each.
    Repeated(&'static [&'static str]),
}
use Sent::{Json, Listed, Nothing, Repeated, Text};

/// The value, or what is wrong.
type Read<T> = Result<T, &'static str>;

#[track_caller]
#[expect(
    clippy::needless_pass_by_value,
    reason = "tables of values read better than of references"
)]
fn check<T: Param + PartialEq + Debug>(sent: Sent, expected: Read<T>) {
    let shown = format!("{sent:?}");
    let text = |key: &str, text: &&str| (key.to_owned(), Raw::Text((*text).to_owned()));
    let mut params = Params::default();
    params.merge(match sent {
        Nothing => vec![],
        Text(value) => vec![text("x", &value)],
        Json(value) => vec![("x".to_owned(), Raw::Json(value))],
        Listed(values) => values.iter().map(|value| text("x[]", value)).collect(),
        Repeated(values) => values.iter().map(|value| text("x", value)).collect(),
    });
    let read = params.get::<T>(&["x"]).map_err(|ParamError { name, problem }| {
        assert_eq!(name, "x");
        match problem {
            Problem::Missing => "missing",
            Problem::Invalid { .. } => "invalid",
            Problem::MalformedList => "malformed",
        }
    });
    assert_eq!(read, expected, "{shown}");
}

#[test]
fn integers() {
    for (sent, expected) in [
        (Text("2"), Ok(2)),
        (Text(" 2 "), Ok(2)),
        (Text("+2"), Ok(2)),
        (Text("-5"), Ok(-5)), // a temporary id
        (Text("007"), Ok(7)),
        (Json(json!(2)), Ok(2)),
        (Json(json!("2")), Ok(2)), // n8n
        (Json(json!(2.0)), Ok(2)),
        (Json(json!(-0.0)), Ok(0)),
        (Json(json!(i64::MAX)), Ok(i64::MAX)),
        (Text("-9223372036854775808"), Ok(i64::MIN)),
        (Listed(&["2"]), Ok(2)),
        (Nothing, Err("missing")),
        (Text(""), Err("missing")),
        (Text("  "), Err("missing")),
        (Json(json!("")), Err("missing")),
        (Json(Value::Null), Err("missing")),
        (Text("9223372036854775808"), Err("invalid")),
        (Json(json!(9_223_372_036_854_775_808_u64)), Err("invalid")),
        (Json(json!(9.3e18)), Err("invalid")),
        (Json(json!(1e300)), Err("invalid")),
        (Json(json!(2.5)), Err("invalid")),
        (Text("2.5"), Err("invalid")),
        (Text("1e3"), Err("invalid")),
        (Text("0x10"), Err("invalid")),
        (Text("NaN"), Err("invalid")),
        (Text("two"), Err("invalid")),
        (Text("2\0"), Err("invalid")),
        (Text("--2"), Err("invalid")),
        (Json(json!(true)), Err("invalid")),
        (Json(json!([2])), Err("invalid")),
        (Json(json!({})), Err("invalid")),
        (Repeated(&["1", "2"]), Err("invalid")),
    ] {
        check::<i64>(sent, expected);
    }
}

#[test]
fn booleans() {
    for (sent, expected) in [
        (Json(json!(true)), Ok(true)),
        (Json(json!(false)), Ok(false)),
        (Json(json!(1)), Ok(true)),
        (Json(json!(0)), Ok(false)),
        (Json(json!("true")), Ok(true)),
        (Text("true"), Ok(true)),
        (Text("True"), Ok(true)), // Python
        (Text("FALSE"), Ok(false)),
        (Text(" 1 "), Ok(true)),
        (Text("0"), Ok(false)),
        (Nothing, Err("missing")),
        (Text(""), Err("missing")),
        (Json(Value::Null), Err("missing")),
        (Text("2"), Err("invalid")),
        (Text("yes"), Err("invalid")),
        (Json(json!(2)), Err("invalid")),
        (Json(json!([true])), Err("invalid")),
    ] {
        check::<bool>(sent, expected);
    }
}

#[test]
fn text() {
    let ok = |text: &str| Ok(text.to_owned());
    for (sent, expected) in [
        (Text("Grüße 👍"), ok("Grüße 👍")),
        (Text(" kept as it is\n"), ok(" kept as it is\n")),
        (Text(""), ok("")), // Apprise without a title
        (Json(json!("")), ok("")),
        (Json(json!("x")), ok("x")),
        (Json(json!(2024)), ok("2024")),
        (Nothing, Err("missing")),
        (Json(Value::Null), Err("missing")),
        (Text("a\0b"), Err("invalid")),
        (Json(json!("\0")), Err("invalid")),
        (Json(json!(true)), Err("invalid")),
        (Json(json!({"a": 1})), Err("invalid")),
        (Json(json!(["x"])), Err("invalid")),
    ] {
        check::<String>(sent, expected);
    }
}

#[test]
fn seconds() {
    check::<Option<Seconds>>(Text(""), Ok(None));
    check::<Option<Seconds>>(Json(Value::Null), Ok(None));
    let millis = |sent| {
        let mut params = Params::default();
        params.merge([("x".to_owned(), sent)]);
        params.get::<Seconds>(&["x"]).map(Seconds::millis).ok()
    };
    let text = |text: &str| Raw::Text(text.to_owned());
    for (sent, expected) in [
        (text("1700000000"), Some(1_700_000_000_000)),
        (text("1700000000.123"), Some(1_700_000_000_123)),
        (text("-1"), Some(-1_000)),
        (Raw::Json(json!(1_700_000_000)), Some(1_700_000_000_000)),
        (Raw::Json(json!(1_700_000_000.999_9)), Some(1_700_000_001_000)),
        (Raw::Json(json!("1700000000.5")), Some(1_700_000_000_500)),
        (text("253402207200"), Some(253_402_207_200_000)),
        (text("253402207201"), None),
        (text("1700000000123"), None), // milliseconds by mistake
        (text("nan"), None),
        (text("inf"), None),
        (text("yesterday"), None),
        (Raw::Json(json!(1e300)), None),
        (Raw::Json(json!(i64::MIN)), None),
        (Raw::Json(json!([1])), None),
    ] {
        let shown = format!("{sent:?}");
        assert_eq!(millis(sent), expected, "{shown}");
    }
}

#[test]
fn lists_of_integers() {
    for (sent, expected) in [
        (Json(json!([1, 2])), Ok(vec![1, 2])),
        (Json(json!(["1", "2"])), Ok(vec![1, 2])),
        (Json(json!("[1,2]")), Ok(vec![1, 2])), // list as text inside a JSON body
        (Json(json!(7)), Ok(vec![7])),
        (Json(json!([])), Ok(vec![])),
        (Json(json!("")), Ok(vec![])),
        (Text("[1,2]"), Ok(vec![1, 2])), // documentation, command line
        (Text(" [ 1 , 2 ] "), Ok(vec![1, 2])),
        (Text("[]"), Ok(vec![])),
        (Text("1,2"), Ok(vec![1, 2])), // official SDK, and inside batches
        (Text("1, -2"), Ok(vec![1, -2])),
        (Text("7"), Ok(vec![7])),
        (Text(""), Ok(vec![])),
        (Listed(&["1", "2"]), Ok(vec![1, 2])), // axios
        (Listed(&["1"]), Ok(vec![1])),
        (Listed(&[""]), Ok(vec![])),
        (Repeated(&["1", "2"]), Ok(vec![1, 2])),
        (Repeated(&["1,2", "[3]"]), Ok(vec![1, 2, 3])),
        (Nothing, Err("missing")),
        (Json(Value::Null), Err("missing")),
        (Text("1,,2"), Err("invalid")),
        (Text("1;2"), Err("invalid")),
        (Text("[1,2"), Err("invalid")),
        (Text("[1.5]"), Err("invalid")),
        (Text("EVERYONE"), Err("invalid")),
        (Text("9223372036854775808"), Err("invalid")),
        (Json(json!([1, null])), Err("invalid")),
        (Json(json!([1, ""])), Err("invalid")),
        (Json(json!([[1]])), Err("invalid")),
        (Json(json!({"0": 1})), Err("invalid")),
        (Json(json!(true)), Err("invalid")),
    ] {
        check::<Vec<i64>>(sent, expected);
    }
    check::<Option<Vec<i64>>>(Nothing, Ok(None));
    check::<Option<Vec<i64>>>(Text(""), Ok(Some(vec![]))); // nobody, not "not given"
}

#[test]
fn lists_of_objects() {
    let a = || json!({"attachment_id": "", "future": [1.5]});
    let list = |items: Vec<Value>| {
        Ok(List(items.into_iter().map(|item| item.as_object().unwrap().clone()).collect()))
    };
    const A: &str = r#"{"attachment_id":"","future":[1.5]}"#;
    for (sent, expected) in [
        (Json(json!([a()])), list(vec![a()])),
        (Json(json!([])), list(vec![])),
        (Json(json!(format!("[{A}]"))), list(vec![a()])),
        (Text(r#"[{"attachment_id":"","future":[1.5]}]"#), list(vec![a()])),
        (Text(" [ ] "), list(vec![])),
        (Listed(&[A, A]), list(vec![a(), a()])),
        (Listed(&[A]), list(vec![a()])),
        (Nothing, Err("missing")),
        (Text(""), Err("missing")),
        (Text("null"), Err("missing")),
        (Json(Value::Null), Err("missing")),
        (Json(a()), Err("malformed")),
        (Text(A), Err("malformed")),
        (Text("[object Object]"), Err("malformed")),
        (Text(r#"[{"a":1}"#), Err("malformed")),
        (Json(json!([1])), Err("malformed")),
        (Json(json!([null])), Err("malformed")),
        (Json(json!(["x"])), Err("malformed")),
        (Json(json!(1)), Err("malformed")),
        (Json(json!([{"a": ["\0"]}])), Err("malformed")),
        (Text(r#"[{"a\u0000":1}]"#), Err("malformed")),
        (Listed(&["x"]), Err("malformed")),
    ] {
        check::<List>(sent, expected);
    }
    let deep = |levels: usize| {
        let text = format!("[{{\"a\":{}{}}}]", "[".repeat(levels), "]".repeat(levels));
        List::parse(Raw::Text(text)).map(|list| list.is_some())
    };
    assert_eq!(deep(62), Ok(true));
    assert_eq!(deep(63), Err(Problem::MalformedList));
    assert_eq!(deep(100_000), Err(Problem::MalformedList));
}

#[test]
fn objects() {
    let away = || json!({"type": "vacation", "date_to": "2024-01-05"});
    let object = || Object(away().as_object().unwrap().clone());
    for (sent, expected) in [
        (Json(away()), Ok(Patch::Set(object()))),
        (Text(r#"{"type":"vacation","date_to":"2024-01-05"}"#), Ok(Patch::Set(object()))),
        (Json(json!({})), Ok(Patch::Set(Object::default()))),
        (Text(""), Ok(Patch::Clear)),
        (Json(json!("")), Ok(Patch::Clear)),
        (Text("null"), Ok(Patch::Clear)),
        (Json(Value::Null), Ok(Patch::Clear)),
        (Nothing, Ok(Patch::Absent)),
        (Text("[]"), Err("invalid")),
        (Text("vacation"), Err("invalid")),
        (Json(json!([away()])), Err("invalid")),
        (Json(json!({"type": "\0"})), Err("invalid")),
    ] {
        check::<Patch<Object>>(sent, expected);
    }
    check::<Object>(Text(""), Err("missing"));
    check::<Object>(Json(away()), Ok(object()));
}

#[test]
fn clearing_differs_from_not_given() {
    let set = |text: &str| Ok(Patch::Set(text.to_owned()));
    check::<Patch<String>>(Nothing, Ok(Patch::Absent));
    check::<Patch<String>>(Json(Value::Null), Ok(Patch::Clear));
    check::<Patch<String>>(Json(json!("")), set(""));
    check::<Patch<String>>(Text(""), set(""));
    check::<Patch<String>>(Text("null"), set("null"));
    check::<Patch<String>>(Json(json!([])), Err("invalid"));
    check::<Patch<i64>>(Text(""), Ok(Patch::Absent));
    check::<Patch<i64>>(Json(json!("3")), Ok(Patch::Set(3)));
    check::<Patch<i64>>(Json(Value::Null), Ok(Patch::Clear));
    assert_eq!(Patch::Set(3).map(|n| n + 1), Patch::Set(4));
    assert_eq!(Patch::<i64>::Clear.map(|n| n + 1), Patch::Clear);
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Order {
    Ascending,
    Descending,
}
choice_param!(Order {
    "asc" => Order::Ascending,
    "desc" => Order::Descending,
    "descending" => Order::Descending,
});

#[test]
fn choices() {
    for (sent, expected) in [
        (Text("DESC"), Ok(Order::Descending)),
        (Text("desc"), Ok(Order::Descending)),
        (Json(json!("Descending")), Ok(Order::Descending)),
        (Text(" ASC"), Ok(Order::Ascending)),
        (Text(""), Err("missing")),
        (Nothing, Err("missing")),
        (Text("up"), Err("invalid")),
        (Json(json!(1)), Err("invalid")),
        (Repeated(&["asc", "desc"]), Err("invalid")),
    ] {
        check::<Order>(sent, expected);
    }
    let expected = "one of: asc, desc, descending";
    assert_eq!(Order::parse(Raw::Text("up".into())), Err(Problem::Invalid { expected }));
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct ThreadId(i64);
impl From<i64> for ThreadId {
    fn from(id: i64) -> ThreadId {
        ThreadId(id)
    }
}
id_param!(ThreadId);

#[test]
fn ids() {
    check::<ThreadId>(Json(json!("3")), Ok(ThreadId(3)));
    check::<ThreadId>(Text("-2"), Ok(ThreadId(-2)));
    check::<ThreadId>(Text("x"), Err("invalid"));
    check::<Option<ThreadId>>(Text(""), Ok(None));
    check::<Vec<ThreadId>>(Text("1,-2"), Ok(vec![ThreadId(1), ThreadId(-2)]));
}
